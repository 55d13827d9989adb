/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "zipf.h"

enum {
	DRAWS = 4000000
};

/* How often each of the flows is picked; to be freed. */
static __u32 *draw(__u32 flows, double s)
{
	struct gen_conf *c = calloc(1, sizeof(*c));
	__u32 *count = calloc(flows, sizeof(*count));

	assert_non_null(c);
	assert_non_null(count);
	c->zipf_slots = zipf_fill(c->zipf, flows, s);
	for (__u64 i = 0; i < DRAWS; i++) {
		__u32 flow = frame_zipf(c, frame_mix(i));

		assert_true(flow < flows);
		count[flow]++;
	}
	free(c);
	return count;
}

static double harmonic(__u32 from, __u32 to, double s)
{
	double sum = 0;

	for (__u32 k = from; k <= to; k++)
		sum += pow(k, -s);
	return sum;
}

/* Within 1 % and five standard deviations. */
static void assert_share(double got, double share)
{
	double want = share * DRAWS, far = 0.01 * want + 5 * sqrt(want);

	if (fabs(got - want) > far)
		fail_msg("%.0f draws where %.0f +- %.0f are due", got, want, far);
}

static void check_shape(__u32 flows, double s)
{
	double all = harmonic(1, flows, s);
	__u32 *count = draw(flows, s);

	for (__u32 k = 1; k <= 40 && k <= flows; k++)
		assert_share(count[k - 1], pow(k, -s) / all);
	for (__u32 from = 1; from <= flows; from *= 2) {
		__u32 to = 2 * from - 1 < flows ? 2 * from - 1 : flows;
		double sum = 0;

		for (__u32 k = from; k <= to; k++)
			sum += count[k - 1];
		assert_share(sum, harmonic(from, to, s) / all);
	}
	free(count);
}

static void a_flow_is_picked_by_its_rank(void **state)
{
	(void)state;
	check_shape(1000, 1.0);
}

static void a_million_flows_keep_the_shape(void **state)
{
	(void)state;
	check_shape(1000000, 0.9);
	check_shape(1000000, 1.3);
}

static void few_flows_do_too(void **state)
{
	(void)state;
	check_shape(1, 1.0);
	check_shape(2, 2.0);
	check_shape(33, 0.5);
}

static void the_most_flows_fit_the_table(void **state)
{
	struct zipf_slot *table = calloc(ZIPF_SLOTS, sizeof(*table));
	__u32 n;

	(void)state;
	assert_non_null(table);
	n = zipf_fill(table, FLOWS_MAX, 1.0);
	assert_in_range(n, 1, ZIPF_SLOTS);
	assert_int_equal(table[n - 1].first + table[n - 1].width, FLOWS_MAX);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_picked_by_its_rank),
		cmocka_unit_test(a_million_flows_keep_the_shape),
		cmocka_unit_test(few_flows_do_too),
		cmocka_unit_test(the_most_flows_fit_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
