/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/watchdog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void one_worker_that_stands_still_is_enough(void **state)
{
	static struct worker_counters counters[2];
	struct dataplane *dp = calloc(1, sizeof(*dp));
	struct watchdog w = {0};

	(void)state;
	dp->n_workers = 2;
	for (int i = 0; i < 2; i++)
		dp->worker[i].counters = &counters[i];
	for (int look = 0; look < 10; look++) {
		counters[0].loops++;
		counters[1].loops += 1000;
		assert_true(watchdog_look(&w, dp));
	}
	for (int look = 1; look < WATCHDOG_LOOKS; look++) {
		counters[1].loops++;
		assert_true(watchdog_look(&w, dp));
	}
	counters[1].loops++;
	assert_false(watchdog_look(&w, dp));
	counters[0].loops++;
	assert_true(watchdog_look(&w, dp));
	free(dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_worker_that_stands_still_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
