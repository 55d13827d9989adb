/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Rates of a table are in command_test. */
uint32_t model_services(const struct model *m)
{
	(void)m;
	return 0;
}

void model_service_at(const struct model *m, uint32_t i, struct model_service *out)
{
	(void)m, (void)i, (void)out;
}

void model_service_stats(const struct model *m, const struct endpoint *ep, struct model_stats *out)
{
	(void)m, (void)ep, (void)out;
}

void model_backend_stats(const struct model *m, const struct model_backend *b,
			 struct model_stats *out)
{
	(void)m, (void)b, (void)out;
}

static uint64_t conns(const struct rate *r)
{
	struct rate_view v;

	rate_read(r, &v);
	return v.conns;
}

/* The first numbers are what the kernel's estimator says of 100 connections a second. */
static void moves_a_quarter_of_the_way_at_each_tick(void **state)
{
	static const uint64_t want[] = {25, 44, 58, 68, 76};
	struct model_stats total = {0};
	struct rate r = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		total.flows += 200;
		rate_tick(&r, &total);
		assert_int_equal(conns(&r), want[i]);
	}
	for (int i = 0; i < 60; i++) {
		total.flows += 200;
		rate_tick(&r, &total);
	}
	assert_int_equal(conns(&r), 100);
	for (int i = 0; i < 60; i++)
		rate_tick(&r, &total);
	assert_int_equal(conns(&r), 0);
}

static void begins_anew_when_totals_were_zeroed(void **state)
{
	struct model_stats total = {.flows = 1000};
	struct rate r = {0};

	(void)state;
	rate_tick(&r, &total);
	total.flows = 8;
	rate_tick(&r, &total);
	assert_int_equal(conns(&r), 1);
}

/* 400 Gbit/s for ever: no overflow in between. */
static void great_numbers_stay_right(void **state)
{
	struct model_stats total = {.bytes = UINT64_MAX / 2};
	struct rate r = {.last = total};
	struct rate_view v;

	(void)state;
	for (int i = 0; i < 100; i++) {
		total.bytes += 100000000000;
		rate_tick(&r, &total);
	}
	rate_read(&r, &v);
	assert_true(v.bytes > 49999999000 && v.bytes <= 50000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_a_quarter_of_the_way_at_each_tick),
		cmocka_unit_test(begins_anew_when_totals_were_zeroed),
		cmocka_unit_test(great_numbers_stay_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
