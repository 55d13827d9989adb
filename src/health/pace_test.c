/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/pace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
	CHECKS = 10000
};

static void beginnings_are_spread_over_warmup(void **state)
{
	const struct check_pace pace = {.warmup = 999}, none = {0};
	uint32_t tenth[10] = {0};

	(void)state;
	for (uint64_t i = 0; i < CHECKS; i++) {
		uint64_t at = pace_first(&pace, i);

		assert_in_range(at, 0, 999);
		assert_int_equal(at, pace_first(&pace, i)); /* it keeps its place */
		assert_int_equal(pace_first(&none, i), 0);
		tenth[at / 100]++;
	}
	for (int i = 0; i < 10; i++) /* 1,000 each, give or take five standard deviations */
		assert_in_range(tenth[i], 850, 1150);
}

static void jitter_is_around_delay_loop(void **state)
{
	const struct check_pace even = {.delay_loop = 1000};
	const struct check_pace pace = {.delay_loop = 1000, .jitter = 20};
	const struct check_pace zero = {0};
	uint64_t sum = 0, low = UINT64_MAX, high = 0;

	(void)state;
	for (uint64_t turn = 0; turn < CHECKS; turn++) {
		uint64_t next = pace_next(&pace, 7, turn);

		assert_int_equal(pace_next(&even, 7, turn), 1000);
		assert_int_equal(pace_next(&zero, 7, turn), 1);
		sum += next;
		low = next < low ? next : low;
		high = next > high ? next : high;
	}
	assert_in_range(sum / CHECKS, 990, 1010);
	assert_in_range(low, 800, 805);
	assert_in_range(high, 1195, 1200);
}

static void a_fault_is_seen_within_its_time(void **state)
{
	struct check_pace pace = {
		.delay_loop = 10000, .connect_timeout = 1000, .rise = 1, .fall = 1};

	(void)state;
	assert_int_equal(pace_detects(&pace), 11000);
	pace.jitter = 10;
	assert_int_equal(pace_detects(&pace), 12000);
	pace.retry = 2;
	pace.delay_before_retry = 500; /* 3 tries and 2 pauses */
	assert_int_equal(pace_detects(&pace), 11000 + 3000 + 1000);
	pace.fall = 3; /* the first tries begin a loop before those of the next */
	assert_int_equal(pace_detects(&pace), 11000 * 3 + 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beginnings_are_spread_over_warmup),
		cmocka_unit_test(jitter_is_around_delay_loop),
		cmocka_unit_test(a_fault_is_seen_within_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
