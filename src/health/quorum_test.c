/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/quorum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	N = 5,
	NOW = 100000
};

static enum backend_use sorry;

static void servers(struct quorum_server *s, uint32_t up)
{
	for (uint32_t i = 0; i < N; i++)
		s[i] = (struct quorum_server){.up = i < up, .weight = 1};
}

static unsigned int judge(struct quorum *q, const struct quorum_conf *conf, uint32_t up)
{
	struct quorum_server s[N];

	servers(s, up);
	return quorum_judge(q, conf, s, N, NOW, &sorry);
}

static void a_beginning_has_no_hysteresis(void **state)
{
	const struct quorum_conf conf = {.quorum = 3, .hysteresis = 1};
	struct quorum q = quorum_new();

	(void)state;
	assert_int_equal(judge(&q, &conf, 3), QUORUM_UP);
	q = quorum_new();
	assert_int_equal(judge(&q, &conf, 2), 0);
	assert_false(q.up);
	assert_int_equal(judge(&q, &conf, 3), 0); /* the beginning is over */
	assert_int_equal(judge(&q, &conf, 4), QUORUM_UP);
}

static void hysteresis_works_both_ways(void **state)
{
	const struct quorum_conf conf = {.quorum = 3, .hysteresis = 1};
	struct quorum q = quorum_new();

	(void)state;
	judge(&q, &conf, 5);
	assert_int_equal(judge(&q, &conf, 2), 0);
	assert_int_equal(judge(&q, &conf, 1), QUORUM_DOWN);
	assert_int_equal(judge(&q, &conf, 3), 0);
	assert_int_equal(judge(&q, &conf, 4), QUORUM_UP);
}

static void no_weight_is_no_quorum(void **state)
{
	const struct quorum_conf conf = {.quorum = 2, .hysteresis = 5};
	struct quorum q = {.up = true, .begun = true};

	(void)state;
	assert_int_equal(judge(&q, &conf, 1), 0);
	assert_int_equal(judge(&q, &conf, 0), QUORUM_DOWN);
}

static void without_a_quorum_the_sorry_server_serves_alone(void **state)
{
	struct quorum_conf conf = {.quorum = 2, .sorry = true};
	struct quorum q = quorum_new();
	struct quorum_server s[N];

	(void)state;
	servers(s, 2);
	quorum_judge(&q, &conf, s, N, NOW, &sorry);
	assert_int_equal(sorry, USE_NOT);
	assert_int_equal(s[1].use, USE_FULL);
	assert_int_equal(s[2].use, USE_NOT);
	conf.sorry_inhibit = true;
	quorum_judge(&q, &conf, s, N, NOW, &sorry);
	assert_int_equal(sorry, USE_IDLE);
	servers(s, 1);
	s[0].inhibit = s[4].inhibit = true;
	quorum_judge(&q, &conf, s, N, NOW, &sorry);
	assert_int_equal(sorry, USE_FULL);
	assert_int_equal(s[0].use, USE_IDLE);
	assert_int_equal(s[1].use, USE_NOT);
	assert_int_equal(s[4].use, USE_IDLE);
	conf.sorry = false; /* then what lives serves */
	quorum_judge(&q, &conf, s, N, NOW, &sorry);
	assert_int_equal(sorry, USE_NOT);
	assert_int_equal(s[0].use, USE_FULL);
}

static void panic_believes_those_that_failed_at_once(void **state)
{
	const struct quorum_conf conf = {.quorum = 1, .panic = 50, .at_once = 1000};
	struct quorum q = quorum_new();
	struct quorum_server s[N];

	(void)state;
	servers(s, N);
	s[0].up = false;
	s[0].since = NOW - 50000;
	assert_int_equal(quorum_judge(&q, &conf, s, N, NOW, &sorry), QUORUM_UP);
	assert_int_equal(s[0].use, USE_NOT);
	for (uint32_t i = 1; i < N; i++) {
		s[i].up = false;
		s[i].since = NOW + i;
		quorum_judge(&q, &conf, s, N, NOW + i, &sorry);
	}
	assert_true(q.panic);
	assert_true(q.up);
	assert_int_equal(s[0].use, USE_NOT); /* was known to be dead */
	for (uint32_t i = 1; i < N; i++)
		assert_int_equal(s[i].use, USE_FULL);
	for (uint32_t i = 1; i < N; i++)
		s[i].up = i <= 3;
	assert_int_equal(quorum_judge(&q, &conf, s, N, NOW + 5000, &sorry), QUORUM_CALM);
	assert_int_equal(s[4].use, USE_NOT);
}

static void panic_is_above_its_percentage(void **state)
{
	const struct quorum_conf conf = {.quorum = 1, .panic = 40, .at_once = 1000};
	struct quorum q = quorum_new();

	(void)state;
	judge(&q, &conf, 3); /* 40 % are down */
	assert_false(q.panic);
	assert_int_equal(judge(&q, &conf, 2), QUORUM_PANIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_beginning_has_no_hysteresis),
		cmocka_unit_test(hysteresis_works_both_ways),
		cmocka_unit_test(no_weight_is_no_quorum),
		cmocka_unit_test(without_a_quorum_the_sorry_server_serves_alone),
		cmocka_unit_test(panic_believes_those_that_failed_at_once),
		cmocka_unit_test(panic_is_above_its_percentage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
