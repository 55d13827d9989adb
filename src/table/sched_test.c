/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/sched.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table/maglev.h"

enum {
	MOST = 1000,
	THREADS = 4,
	TURNS = 30000,
};

/* Candidates in address order; candidate i has slot 100 + i. */
static void make_candidates(struct candidate *c, uint32_t n, const uint32_t *weight)
{
	memset(c, 0, n * sizeof(*c));
	for (uint32_t i = 0; i < n; i++) {
		c[i].addr.w[2] = htonl(0xffff);
		c[i].addr.w[3] = htonl(0x0a000000 + i);
		c[i].port = htons(80);
		c[i].weight = weight ? weight[i] : 1;
		c[i].slot = 100 + i;
	}
}

static void shuffle(struct candidate *c, uint32_t n)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t other = (uint32_t)random() % i;
		struct candidate tmp = c[i - 1];

		c[i - 1] = c[other];
		c[other] = tmp;
	}
}

static struct pick *build(enum sched sched, uint32_t n, const uint32_t *weight)
{
	struct candidate *c = malloc(n * sizeof(*c));
	struct pick *p;

	assert_non_null(c);
	make_candidates(c, n, weight);
	shuffle(c, n);
	p = sched_build(sched, c, n);
	free(c);
	assert_non_null(p);
	return p;
}

static void names_are_those_of_ipvsadm(void **state)
{
	(void)state;
	assert_int_equal(sched_parse("rr"), SCHEDULER_RR);
	assert_int_equal(sched_parse("wrr"), SCHEDULER_WRR);
	assert_int_equal(sched_parse("mh"), SCHEDULER_MH);
	for (int i = 0; i < SCHEDULER_COUNT; i++)
		assert_int_equal(sched_parse(sched_name[i]), i);
	assert_int_equal(sched_parse("r"), -ENOENT);
	assert_int_equal(sched_parse("rrr"), -ENOENT);
	assert_int_equal(sched_parse("RR"), -ENOENT);
	assert_int_equal(sched_parse(""), -ENOENT);
}

static void rr_has_each_once_in_address_order(void **state)
{
	static const uint32_t weight[] = {5, 1, 3, 9};
	struct pick *p = build(SCHEDULER_RR, 4, weight);

	(void)state;
	assert_int_equal(p->n, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(p->slot[i], 100 + i);
	pick_put(p);
}

static void ports_order_servers_of_one_address(void **state)
{
	static const uint16_t port[] = {256, 80, 8080, 255}; /* bytes reversed, another order */
	static const uint32_t expected[] = {101, 103, 100, 102};
	struct candidate c[4];
	struct pick *p;

	(void)state;
	make_candidates(c, 4, NULL);
	for (uint32_t i = 0; i < 4; i++) {
		c[i].addr = c[0].addr;
		c[i].port = htons(port[i]);
	}
	p = sched_build(SCHEDULER_RR, c, 4);
	assert_non_null(p);
	assert_memory_equal(p->slot, expected, sizeof(expected));
	pick_put(p);
}

static void wrr_interleaves(void **state)
{
	static const struct {
		uint32_t weight[4];
		const char *order;
	} vector[] = {
		{{1, 2, 3, 0}, "cbcabc"},     {{5, 1, 1, 0}, "aaabaac"}, {{1, 1, 1, 1}, "abcd"},
		{{10, 30, 20, 0}, "bcbabc"},  {{3, 1, 1, 1}, "abacad"},	 {{7, 0, 0, 0}, "a"},
		{{65535, 65535, 0, 0}, "ab"},
	};

	(void)state;
	for (size_t v = 0; v < sizeof(vector) / sizeof(*vector); v++) {
		uint32_t n = 0;
		struct pick *p;

		while (n < 4 && vector[v].weight[n])
			n++;
		p = build(SCHEDULER_WRR, n, vector[v].weight);
		assert_int_equal(p->n, strlen(vector[v].order));
		for (uint32_t i = 0; i < p->n; i++)
			assert_int_equal(p->slot[i], 100 + vector[v].order[i] - 'a');
		pick_put(p);
	}
}

/* After every place, every server has had its due number of turns, less than one more or less;
 * due: in the sequence's own counts. */
static void check_smooth(const struct pick *p, uint32_t n)
{
	uint32_t *count = calloc(n, sizeof(*count)), *seen = calloc(n, sizeof(*seen));

	assert_true(count && seen);
	for (uint32_t at = 0; at < p->n; at++)
		count[p->slot[at] - 100]++;
	for (uint32_t at = 0; at < p->n; at++) {
		uint32_t i = p->slot[at] - 100;
		uint64_t due_before = (uint64_t)at * count[i];
		uint64_t due_after = (at + 1ULL) * count[i];

		/* The extremes are just before and just after a server's turn. */
		assert_true(due_before < (seen[i] + 1ULL) * p->n);
		seen[i]++;
		assert_true(seen[i] * (uint64_t)p->n < due_after + p->n);
	}
	free(count);
	free(seen);
}

static void wrr_is_smooth_for_all_small_weights(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 10000; code++) {
		uint32_t weight[] = {1 + code % 10, 1 + code / 10 % 10, 1 + code / 100 % 10,
				     1 + code / 1000};
		struct pick *p = build(SCHEDULER_WRR, 4, weight);

		check_smooth(p, 4);
		pick_put(p);
	}
}

static void wrr_is_smooth_and_exact_for_any_weights(void **state)
{
	uint32_t weight[MOST];

	(void)state;
	srandom(2);
	for (uint32_t round = 0; round < 200; round++) {
		uint32_t n = 2 + (uint32_t)random() % 60, most = 1 + (uint32_t)random() % 200;
		uint32_t count[64] = {0}, sum = 0;
		struct pick *p;

		for (uint32_t i = 0; i < n; i++)
			weight[i] = 1 + (uint32_t)random() % most;
		weight[0] = weight[1] + 1; /* neighbours have no common divisor */
		for (uint32_t i = 0; i < n; i++)
			sum += weight[i];
		p = build(SCHEDULER_WRR, n, weight);
		assert_int_equal(p->n, sum);
		for (uint32_t i = 0; i < sum; i++)
			count[p->slot[i] - 100]++;
		assert_memory_equal(count, weight, n * sizeof(*weight));
		check_smooth(p, n);
		pick_put(p);
	}
}

static void wrr_spreads_one_heavy_server_among_many_light_ones(void **state)
{
	uint32_t weight[51];
	struct pick *p;

	(void)state;
	for (uint32_t i = 0; i < 51; i++)
		weight[i] = i == 20 ? 50 : 1;
	p = build(SCHEDULER_WRR, 51, weight);
	assert_int_equal(p->n, 100);
	for (uint32_t i = 0; i < 100; i += 2)
		assert_true((p->slot[i] == 120) != (p->slot[i + 1] == 120));
	pick_put(p);
}

static void wrr_scales_what_would_be_too_long(void **state)
{
	uint32_t weight[MOST], count[MOST] = {0};
	uint64_t sum = 0;
	struct pick *p;

	(void)state;
	srandom(3);
	for (uint32_t i = 0; i < MOST; i++) {
		weight[i] = i % 10 ? 1 + (uint32_t)random() % WEIGHT_MAX : 1;
		sum += weight[i];
	}
	p = build(SCHEDULER_WRR, MOST, weight);
	assert_int_equal(p->n, WRR_MAX);
	check_smooth(p, MOST);
	for (uint32_t i = 0; i < WRR_MAX; i++)
		count[p->slot[i] - 100]++;
	for (uint32_t i = 0; i < MOST; i++) {
		uint64_t exact = (uint64_t)WRR_MAX * weight[i];

		assert_true(count[i] > 0);
		assert_true(count[i] * sum < exact + sum);
		/* The greatest pay for those that would have got none. */
		if (weight[i] < WEIGHT_MAX / 4 * 3)
			assert_true((count[i] + 1) * sum > exact);
	}
	pick_put(p);
}

static void mh_is_the_maglev_table_of_the_addresses(void **state)
{
	static const uint32_t weight[] = {1, 2, 3};
	static uint32_t table[MAGLEV_SIZE];
	struct pick *p = build(SCHEDULER_MH, 3, weight);
	struct maglev_server server[3];
	struct candidate c[3];

	(void)state;
	make_candidates(c, 3, weight);
	for (uint32_t i = 0; i < 3; i++) {
		uint8_t key[18];

		memcpy(key, c[i].addr.b, 16);
		memcpy(key + 16, &c[i].port, 2);
		server[i] = maglev_server(key, 18, MAGLEV_SIZE);
		server[i].weight = weight[i];
		server[i].value = c[i].slot;
	}
	assert_int_equal(maglev_fill(table, MAGLEV_SIZE, server, 3), 0);
	assert_int_equal(p->n, MAGLEV_SIZE);
	assert_memory_equal(p->slot, table, sizeof(table));
	pick_put(p);
}

static void no_pick_depends_on_the_order_of_configuration(void **state)
{
	uint32_t weight[200];

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		weight[i] = 1 + i * i % 17;
	for (int sched = 0; sched < SCHEDULER_COUNT; sched++) {
		struct pick *first = build(sched, 200, weight);

		for (int again = 0; again < 5; again++) {
			struct pick *p = build(sched, 200, weight); /* shuffles */

			assert_int_equal(p->n, first->n);
			assert_memory_equal(p->slot, first->slot, p->n * sizeof(*p->slot));
			pick_put(p);
		}
		pick_put(first);
	}
}

static void nobody_makes_an_empty_pick(void **state)
{
	(void)state;
	for (int sched = 0; sched < SCHEDULER_COUNT; sched++) {
		struct pick *p = sched_build(sched, NULL, 0);

		assert_non_null(p);
		assert_int_equal(p->n, 0);
		assert_int_equal(p->refs, 1);
		pick_put(p);
	}
}

static void as_many_candidates_as_there_may_be(void **state)
{
	struct candidate *c = malloc((CANDIDATES_MAX + 1) * sizeof(*c));

	(void)state;
	assert_non_null(c);
	make_candidates(c, CANDIDATES_MAX + 1, NULL);
	for (int sched = 0; sched < SCHEDULER_COUNT; sched++) {
		struct pick *p = sched_build(sched, c, CANDIDATES_MAX);

		assert_non_null(p);
		assert_true(p->n >= CANDIDATES_MAX);
		pick_put(p);
		assert_null(sched_build(sched, c, CANDIDATES_MAX + 1));
	}
	free(c);
}

static void the_last_reference_frees(void **state)
{
	struct pick *p = build(SCHEDULER_RR, 2, NULL);

	(void)state;
	assert_int_equal(p->refs, 1);
	assert_ptr_equal(pick_get(p), p);
	assert_int_equal(p->refs, 2);
	pick_put(p);
	assert_int_equal(p->refs, 1);
	assert_int_equal(p->slot[0], 100); /* still there: the sanitizer build tells */
	pick_put(p);
	pick_put(NULL);
}

static void takes_turns(void **state)
{
	struct pick *p = build(SCHEDULER_RR, 3, NULL);
	uint32_t cursor = 4;

	(void)state;
	assert_int_equal(pick_next(p, &cursor), 101);
	assert_int_equal(pick_next(p, &cursor), 102);
	assert_int_equal(pick_next(p, &cursor), 100);
	assert_int_equal(cursor, 7);
	cursor = UINT32_MAX;
	assert_int_equal(pick_next(p, &cursor), 100 + UINT32_MAX % 3);
	assert_int_equal(pick_next(p, &cursor), 100);
	pick_put(p);
}

struct taker {
	pthread_t thread;
	const struct pick *pick;
	uint32_t *cursor;
	uint32_t count[3];
};

static void *take_turns(void *arg)
{
	struct taker *t = arg;

	for (uint32_t i = 0; i < TURNS; i++)
		t->count[pick_next(t->pick, t->cursor) - 100]++;
	return NULL;
}

static void workers_share_the_turns_exactly(void **state)
{
	static const uint32_t weight[] = {1, 2, 3};
	struct pick *p = build(SCHEDULER_WRR, 3, weight);
	struct taker taker[THREADS];
	uint32_t cursor = 0, count[3] = {0};

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		taker[i] = (struct taker){.pick = p, .cursor = &cursor};
		assert_int_equal(pthread_create(&taker[i].thread, NULL, take_turns, &taker[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(taker[i].thread, NULL);
		for (int s = 0; s < 3; s++)
			count[s] += taker[i].count[s];
	}
	for (int s = 0; s < 3; s++)
		assert_int_equal(count[s], THREADS * TURNS / 6 * weight[s]);
	pick_put(p);
}

static void a_hash_picks_by_its_upper_half(void **state)
{
	struct pick *p = build(SCHEDULER_RR, 3, NULL);

	(void)state;
	assert_int_equal(pick_hash(p, 0), 100);
	assert_int_equal(pick_hash(p, UINT64_MAX), 102);
	assert_int_equal(pick_hash(p, 0x00000000ffffffff), 100);
	assert_int_equal(pick_hash(p, 0x55555555ffffffff), 100);
	assert_int_equal(pick_hash(p, 0x5555555600000000), 101);
	assert_int_equal(pick_hash(p, 0xaaaaaaaaffffffff), 101);
	assert_int_equal(pick_hash(p, 0xaaaaaaab00000000), 102);
	pick_put(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_ipvsadm),
		cmocka_unit_test(rr_has_each_once_in_address_order),
		cmocka_unit_test(ports_order_servers_of_one_address),
		cmocka_unit_test(wrr_interleaves),
		cmocka_unit_test(wrr_is_smooth_for_all_small_weights),
		cmocka_unit_test(wrr_is_smooth_and_exact_for_any_weights),
		cmocka_unit_test(wrr_spreads_one_heavy_server_among_many_light_ones),
		cmocka_unit_test(wrr_scales_what_would_be_too_long),
		cmocka_unit_test(mh_is_the_maglev_table_of_the_addresses),
		cmocka_unit_test(no_pick_depends_on_the_order_of_configuration),
		cmocka_unit_test(nobody_makes_an_empty_pick),
		cmocka_unit_test(as_many_candidates_as_there_may_be),
		cmocka_unit_test(the_last_reference_frees),
		cmocka_unit_test(takes_turns),
		cmocka_unit_test(workers_share_the_turns_exactly),
		cmocka_unit_test(a_hash_picks_by_its_upper_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
