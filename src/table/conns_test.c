/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/conns.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	THREADS = 4,
	FLOWS = 100000,
};

static void flows_are_counted_by_state(void **state)
{
	struct conns c = {0};

	(void)state;
	conns_begin(&c, false);
	conns_begin(&c, true);
	assert_int_equal(conns_active(&c), 1);
	assert_int_equal(conns_inactive(&c), 1);
	conns_activate(&c);
	assert_int_equal(conns_active(&c), 2);
	assert_int_equal(conns_inactive(&c), 0);
	conns_deactivate(&c);
	conns_end(&c, false);
	conns_end(&c, true);
	assert_int_equal(conns_active(&c), 0);
	assert_int_equal(conns_inactive(&c), 0);
}

static void a_count_below_zero_reads_as_zero(void **state)
{
	struct conns c = {0};

	(void)state;
	conns_limit(&c, 1, 1);
	conns_end(&c, true);
	conns_end(&c, false);
	assert_int_equal(conns_active(&c), 0);
	assert_int_equal(conns_inactive(&c), 0);
	assert_false(conns_overloaded(&c));
	conns_settle(&c, 3, 4);
	assert_int_equal(conns_active(&c), 3);
	assert_int_equal(conns_inactive(&c), 4);
	assert_true(conns_overloaded(&c));
}

static void overloaded_from_upper_until_below_lower(void **state)
{
	struct conns c = {0};

	(void)state;
	conns_limit(&c, 10, 4);
	for (int i = 0; i < 9; i++)
		conns_begin(&c, i & 1);
	assert_false(conns_overloaded(&c));
	conns_begin(&c, true);
	assert_true(conns_overloaded(&c));
	conns_settle(&c, 2, 2);
	assert_true(conns_overloaded(&c));
	conns_end(&c, true);
	assert_false(conns_overloaded(&c));
	conns_settle(&c, 9, 0);
	assert_false(conns_overloaded(&c));
}

static void lower_is_three_quarters_unless_given(void **state)
{
	struct conns c = {0};

	(void)state;
	conns_limit(&c, 8, 0);
	conns_settle(&c, 8, 0);
	conns_settle(&c, 6, 0);
	assert_true(conns_overloaded(&c));
	conns_settle(&c, 5, 0);
	assert_false(conns_overloaded(&c));
	conns_limit(&c, 1, 0); /* could not be left if 3/4 were rounded down to 0 */
	assert_true(conns_overloaded(&c));
	conns_settle(&c, 0, 0);
	assert_false(conns_overloaded(&c));
}

static void without_limits_nobody_is_overloaded(void **state)
{
	struct conns c = {0};

	(void)state;
	conns_settle(&c, 1000000, 0);
	assert_false(conns_overloaded(&c));
	conns_limit(&c, 10, 0);
	assert_true(conns_overloaded(&c));
	conns_limit(&c, 0, 0);
	assert_false(conns_overloaded(&c));
	conns_limit(&c, 10, 0);
	conns_reset(&c);
	assert_int_equal(conns_active(&c), 0);
	assert_int_equal(c.upper, 0);
	assert_false(conns_overloaded(&c));
}

static void *come_and_go(void *arg)
{
	struct conns *c = arg;

	for (int i = 0; i < FLOWS; i++) {
		conns_begin(c, false);
		conns_activate(c);
		if (i % 4)
			conns_deactivate(c);
		if (i % 4 > 1)
			conns_end(c, false);
	}
	return NULL;
}

static void workers_lose_no_count(void **state)
{
	struct conns c = {0};
	pthread_t thread[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, &c), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(conns_active(&c), THREADS * FLOWS / 4);
	assert_int_equal(conns_inactive(&c), THREADS * FLOWS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_counted_by_state),
		cmocka_unit_test(a_count_below_zero_reads_as_zero),
		cmocka_unit_test(overloaded_from_upper_until_below_lower),
		cmocka_unit_test(lower_is_three_quarters_unless_given),
		cmocka_unit_test(without_limits_nobody_is_overloaded),
		cmocka_unit_test(workers_lose_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
