/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/passive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct passive_conf conf = {
	.percent = 50,
	.sample = 20,
	.patience = 3,
	.rest = 1000,
	.rest_max = 3000,
};

static void off_says_nothing(void **state)
{
	const struct passive_conf off = {
		.sample = 1, .patience = 1, .rest = 1000, .rest_max = 1000};
	struct passive p = {0};

	(void)state;
	assert_false(passive_step(&p, &off, 1000, 1000, 1));
	assert_false(p.down);
	p.down = true;
	p.until = 1000000;
	assert_true(passive_step(&p, &off, 0, 0, 2)); /* it was switched off meanwhile */
	assert_false(p.down);
}

static void few_flows_say_little(void **state)
{
	struct passive p = {0};

	(void)state;
	assert_false(passive_step(&p, &conf, 5, 5, 1));
	assert_false(passive_step(&p, &conf, 4, 4, 2));
	assert_true(passive_step(&p, &conf, 1, 1, 3)); /* 10 of what counts as 20 */
	assert_true(p.down);
}

static void below_the_percentage_it_stays_up(void **state)
{
	struct passive p = {0};

	(void)state;
	for (uint64_t now = 1; now < 1000; now++) {
		assert_false(passive_step(&p, &conf, 100, 49, now));
		assert_false(p.down);
	}
	assert_true(passive_step(&p, &conf, 1000, 1000, 1000));
}

static void it_rests_twice_as_long_each_time(void **state)
{
	const uint64_t rest[] = {1000, 2000, 3000, 3000};
	struct passive p = {0};
	uint64_t now = 100;

	(void)state;
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++) {
		assert_true(passive_step(&p, &conf, 100, 100, now));
		assert_int_equal(p.until, now + rest[i]);
		assert_false(passive_step(&p, &conf, 100, 100, p.until - 1));
		assert_true(p.down);
		now = p.until;
		assert_true(passive_step(&p, &conf, 100, 100, now)); /* of before: not counted */
		assert_false(p.down);
		now++;
	}
}

static void a_good_sample_is_forgiving(void **state)
{
	struct passive p = {0};

	(void)state;
	passive_step(&p, &conf, 100, 100, 1);
	passive_step(&p, &conf, 0, 0, 1001);
	assert_false(p.down);
	for (uint32_t i = 0; i < conf.patience;
	     i++) { /* large enough at once, but not old enough */
		assert_int_equal(p.rest, 1000);
		assert_false(passive_step(&p, &conf, 100, 1, 1002 + i));
	}
	assert_int_equal(p.rest, 0);
	passive_step(&p, &conf, 100, 100, 2000);
	assert_int_equal(p.until, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(off_says_nothing),
		cmocka_unit_test(few_flows_say_little),
		cmocka_unit_test(below_the_percentage_it_stays_up),
		cmocka_unit_test(it_rests_twice_as_long_each_time),
		cmocka_unit_test(a_good_sample_is_forgiving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
