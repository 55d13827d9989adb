/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "hist.h"

static void buckets_follow_each_other_without_a_gap(void **state)
{
	__u64 next = 0;

	(void)state;
	for (__u32 b = 0; b < HIST_BUCKETS; b++) {
		assert_int_equal(hist_low(b), next);
		next += hist_width(b);
	}
	assert_int_equal(next, 1ull << 32);
}

static void a_number_is_in_its_bucket(void **state)
{
	__u64 v = 0;

	(void)state;
	for (__u32 i = 0; v < 1ull << 32; i++, v += 1 + v / 97) {
		__u32 b = hist_bucket((__u32)v);

		assert_in_range(v, hist_low(b), (__u64)hist_low(b) + hist_width(b) - 1);
	}
	assert_int_equal(hist_bucket(0xffffffff), HIST_BUCKETS - 1);
}

static void a_bucket_is_at_most_a_32nd_wide(void **state)
{
	(void)state;
	for (__u32 b = HIST_SUB; b < HIST_BUCKETS; b++)
		assert_true((__u64)hist_width(b) * HIST_SUB <= hist_low(b));
}

static void quantiles_are_those_of_the_numbers(void **state)
{
	static const double share[] = {0.001, 0.5, 0.9, 0.99, 0.999};
	__u64 count[HIST_BUCKETS] = {0};

	(void)state;
	for (__u32 v = 1; v <= 100000; v++)
		count[hist_bucket(v)]++;
	for (size_t i = 0; i < sizeof(share) / sizeof(*share); i++) {
		__u32 exact = (__u32)(share[i] * 100000);

		assert_in_range(hist_quantile(count, share[i]), exact - exact / 32,
				exact + exact / 32);
	}
}

static void quantiles_of_one_number_and_of_none(void **state)
{
	__u64 count[HIST_BUCKETS] = {0};

	(void)state;
	assert_int_equal(hist_quantile(count, 0.5), 0);
	count[hist_bucket(17)] = 1;
	assert_int_equal(hist_quantile(count, 0), 17);
	assert_int_equal(hist_quantile(count, 0.5), 17);
	assert_int_equal(hist_quantile(count, 1), 17);
}

/* A thousandth is p999's business, and p99 knows nothing of it. */
static void a_rare_high_number_shows_where_it_should(void **state)
{
	__u64 count[HIST_BUCKETS] = {0};

	(void)state;
	count[hist_bucket(10)] = 998;
	count[hist_bucket(1000000)] = 2;
	assert_int_equal(hist_quantile(count, 0.99), 10);
	assert_in_range(hist_quantile(count, 0.999), 970000, 1030000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_each_other_without_a_gap),
		cmocka_unit_test(a_number_is_in_its_bucket),
		cmocka_unit_test(a_bucket_is_at_most_a_32nd_wide),
		cmocka_unit_test(quantiles_are_those_of_the_numbers),
		cmocka_unit_test(quantiles_of_one_number_and_of_none),
		cmocka_unit_test(a_rare_high_number_shows_where_it_should),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
