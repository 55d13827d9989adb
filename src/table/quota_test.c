/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/quota.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	MANY = 3000
};

struct row {
	uint32_t total;
	uint32_t n;
	uint32_t weight[4];
	uint32_t share[4];
};

static void check_rows(const struct row *row, size_t rows)
{
	for (size_t r = 0; r < rows; r++) {
		struct quota q[4] = {{0}};

		for (uint32_t i = 0; i < row[r].n; i++)
			q[i].weight = row[r].weight[i];
		assert_int_equal(quota_share(q, row[r].n, row[r].total), 0);
		for (uint32_t i = 0; i < row[r].n; i++)
			assert_int_equal(q[i].share, row[r].share[i]);
	}
}

static void divides_evenly_where_it_can(void **state)
{
	static const struct row rows[] = {
		{6, 3, {1, 2, 3}, {1, 2, 3}},
		{1, 1, {9}, {1}},
		{10, 2, {UINT32_MAX, UINT32_MAX}, {5, 5}},
		{UINT32_MAX, 3, {1, 1, 1}, {1431655765, 1431655765, 1431655765}},
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void gives_what_is_left_to_the_largest_remainders(void **state)
{
	static const struct row rows[] = {
		{7, 3, {1, 1, 1}, {3, 2, 2}},	 /* of equals, the first */
		{10, 3, {7, 8, 9}, {3, 3, 4}},	 /* 2.9 3.3 3.75 */
		{5, 3, {10, 13, 27}, {1, 1, 3}}, /* 1.0 1.3 2.7 */
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void whoever_has_a_weight_gets_a_slot(void **state)
{
	static const struct row rows[] = {
		{7, 3, {1, 60000, 1}, {1, 5, 1}},
		{3, 3, {1, 60000, 1}, {1, 1, 1}},
		{7, 4, {1, 60000, 1, 60000}, {1, 3, 1, 2}},  /* of equals, the last gives */
		{11, 4, {1, 1, 7000, 4000}, {1, 1, 5, 4}},   /* 7 and 4: the greater gives both */
		{12, 4, {1, 1, 60000, 59999}, {1, 1, 5, 5}}, /* 6 and 6: each gives one */
		{13, 4, {1, 60000, 1, 59999}, {1, 6, 1, 5}}, /* 7 and 6: to 5 each, one back */
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void weight_0_gets_nothing(void **state)
{
	static const struct row rows[] = {{5, 4, {0, 1, 0, 1}, {0, 3, 0, 2}}};

	(void)state;
	check_rows(rows, 1);
}

static void refuses_what_cannot_be_shared(void **state)
{
	struct quota q[3] = {{.weight = 1}, {.weight = 1}, {.weight = 1}};

	(void)state;
	assert_int_equal(quota_share(q, 3, 2), -EINVAL);
	assert_int_equal(quota_share(q, 0, 2), -EINVAL);
	assert_int_equal(quota_share((struct quota[]){{.weight = 0}}, 1, 2), -EINVAL);
}

/* Within one of the exact share, up or down, save for what the least shares of one cost. */
static void check_exact(const struct quota *q, uint32_t n, uint32_t total)
{
	uint64_t sum = 0, shared = 0, weighted = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += q[i].weight;
	for (uint32_t i = 0; i < n; i++)
		weighted += q[i].weight && (uint64_t)total * q[i].weight < sum;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t exact = (uint64_t)total * q[i].weight;

		shared += q[i].share;
		assert_true(q[i].share * sum < exact + sum);
		assert_true((q[i].share + weighted + 1) * sum > exact);
		assert_int_equal(q[i].share > 0, q[i].weight > 0);
	}
	assert_int_equal(shared, total);
}

static void random_weights_come_out_within_one(void **state)
{
	struct quota *q = calloc(MANY, sizeof(*q));

	(void)state;
	assert_non_null(q);
	srandom(1);
	for (uint32_t round = 0; round < 300; round++) {
		uint32_t n = 1 + (uint32_t)random() % (round < 200 ? 20 : MANY);
		uint32_t most = 1U << (1 + random() % 30);

		for (uint32_t i = 0; i < n; i++)
			q[i].weight = (uint32_t)random() % most;
		q[random() % n].weight = most;
		assert_int_equal(quota_share(q, n, MANY + 4), 0);
		check_exact(q, n, MANY + 4);
	}
	free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(divides_evenly_where_it_can),
		cmocka_unit_test(gives_what_is_left_to_the_largest_remainders),
		cmocka_unit_test(whoever_has_a_weight_gets_a_slot),
		cmocka_unit_test(weight_0_gets_nothing),
		cmocka_unit_test(refuses_what_cannot_be_shared),
		cmocka_unit_test(random_weights_come_out_within_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
