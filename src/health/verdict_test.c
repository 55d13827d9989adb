/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/verdict.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct check_pace plain = {.retry = 2, .rise = 1, .fall = 1};

static void alpha_begins_down(void **state)
{
	struct check_pace alpha = {.alpha = 1, .rise = 3, .fall = 3};
	struct verdict v = verdict_new(&alpha);

	(void)state;
	assert_false(v.up);
	assert_false(v.decided);
	verdict_step(&v, &alpha, true);
	assert_true(v.up); /* the first check decides, whatever rise is */
	assert_true(verdict_new(&plain).up);
}

static void the_first_check_decides_without_retry(void **state)
{
	struct verdict v = verdict_new(&plain);

	(void)state;
	assert_int_equal(verdict_step(&v, &plain, false), VERDICT_LOOP);
	assert_false(v.up);
	assert_true(v.decided);
}

static void a_check_fails_after_its_retries(void **state)
{
	struct verdict v = verdict_new(&plain);

	(void)state;
	verdict_step(&v, &plain, true);
	for (int round = 0; round < 2; round++) { /* a good try forgets the failed ones */
		assert_int_equal(verdict_step(&v, &plain, false), VERDICT_RETRY);
		assert_int_equal(verdict_step(&v, &plain, false), VERDICT_RETRY);
		assert_true(v.up);
		assert_int_equal(verdict_step(&v, &plain, true), VERDICT_LOOP);
	}
	verdict_step(&v, &plain, false);
	verdict_step(&v, &plain, false);
	assert_int_equal(verdict_step(&v, &plain, false), VERDICT_LOOP);
	assert_false(v.up);
	assert_int_equal(verdict_step(&v, &plain, false), VERDICT_LOOP); /* down: no retries */
	assert_int_equal(verdict_step(&v, &plain, true), VERDICT_LOOP);
	assert_true(v.up);
}

static void rise_and_fall_count_checks_in_a_row(void **state)
{
	const struct check_pace pace = {.retry = 1, .rise = 2, .fall = 2};
	/* Tries, and what is said after each. */
	const char *tries = "g bb g bb bb g b g g", *said = "1 11 1 11 10 0 0 0 1";
	struct verdict v = verdict_new(&pace);

	(void)state;
	for (int i = 0; tries[i]; i++) {
		if (tries[i] == ' ')
			continue;
		verdict_step(&v, &pace, tries[i] == 'g');
		assert_int_equal(v.up, said[i] == '1');
	}
}

static void changes_have_a_budget(void **state)
{
	struct limit none = {0}, two = {.per_minute = 2};
	uint64_t now = 1000000;

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(limit_take(&none, now));
	assert_true(limit_take(&two, now));
	assert_true(limit_take(&two, now));
	assert_false(limit_take(&two, now));
	assert_false(limit_take(&two, now + 29999));
	assert_true(limit_take(&two, now + 30000));
	assert_false(limit_take(&two, now + 30000));
	now += 10 * 60 * 1000; /* no more is saved up than there is in a minute */
	assert_true(limit_take(&two, now));
	assert_true(limit_take(&two, now));
	assert_false(limit_take(&two, now));
}

static void a_server_that_flaps_is_held(void **state)
{
	struct standing s = {.up = true, .limit = {.per_minute = 1}};

	(void)state;
	assert_false(standing_step(&s, true, 100000)); /* no change: costs nothing */
	assert_true(standing_step(&s, false, 100000));
	assert_false(s.up);
	assert_false(standing_step(&s, true, 100001));
	assert_false(s.up);
	assert_true(s.held);
	assert_false(standing_step(&s, false, 100002)); /* came to its senses */
	assert_false(s.held);
	assert_false(standing_step(&s, true, 100003));
	assert_true(standing_step(&s, true, 160000));
	assert_true(s.up);
	assert_false(s.held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alpha_begins_down),
		cmocka_unit_test(the_first_check_decides_without_retry),
		cmocka_unit_test(a_check_fails_after_its_retries),
		cmocka_unit_test(rise_and_fall_count_checks_in_a_row),
		cmocka_unit_test(changes_have_a_budget),
		cmocka_unit_test(a_server_that_flaps_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
