/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/sched.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "table/maglev.h"

enum {
	GENERATION = BACKENDS_MAX,
	CHANGES = 11, /* the first sets up */
	FLOWS = 27000,
};

/* Servers 0..n-1 of these weights (0: left out), in these slots. */
static struct pick *build(enum sched sched, uint32_t n, const uint32_t *weight)
{
	struct candidate c[8];
	struct pick *p;
	uint32_t k = 0;

	memset(c, 0, sizeof(c));
	for (uint32_t i = 0; i < n; i++) {
		if (!weight[i])
			continue;
		c[k].addr.w[3] = htonl(0x0a000000 + i);
		c[k].weight = weight[i];
		c[k++].slot = i;
	}
	p = sched_build(sched, c, k);
	assert_non_null(p);
	return p;
}

static void load_decides_as_in_ipvs(void **state)
{
	static const struct {
		enum sched sched;
		uint32_t weight[3];
		uint32_t active[3], inactive[3];
		uint32_t expected;
	} row[] = {
		{SCHEDULER_LC, {1, 1, 1}, {1, 0, 1}, {0, 255, 0}, 1},
		{SCHEDULER_LC, {1, 1, 9}, {1, 1, 2}, {1, 0, 0}, 1},
		{SCHEDULER_LC, {1, 1, 1}, {0}, {0}, 0},
		{SCHEDULER_WLC, {1, 2, 4}, {1, 3, 3}, {0}, 2},
		{SCHEDULER_WLC, {1, 2, 1}, {1, 1, 1}, {0, 0, 0}, 1},
		{SCHEDULER_SED, {1, 2, 3}, {0, 1, 2}, {0}, 0},
		{SCHEDULER_SED, {1, 2, 3}, {0}, {0}, 2},
		{SCHEDULER_SED, {1, 2, 3}, {1, 1, 2}, {0}, 1},
		{SCHEDULER_NQ, {1, 1, 9}, {1, 0, 1}, {0}, 1},
		{SCHEDULER_NQ, {1, 2, 9}, {1, 1, 1}, {0}, 2},
		{SCHEDULER_FO, {1, 5, 3}, {0, 100, 0}, {0}, 1},
		{SCHEDULER_OVF, {1, 5, 3}, {0, 4, 0}, {0}, 1},
		{SCHEDULER_OVF, {1, 5, 3}, {0, 5, 0}, {0}, 2},
		{SCHEDULER_OVF, {1, 5, 3}, {1, 5, 3}, {0}, PICK_NONE},
	};

	(void)state;
	for (size_t r = 0; r < sizeof(row) / sizeof(*row); r++) {
		struct pick *p = build(row[r].sched, 3, row[r].weight);
		struct conns conns[3] = {0};
		struct pick_ask ask = {.conns = conns};

		for (uint32_t i = 0; i < 3; i++)
			conns_settle(&conns[i], row[r].active[i], row[r].inactive[i]);
		assert_int_equal(pick_server(p, &ask), row[r].expected);
		pick_put(p);
	}
}

static void nobody_chooses_an_overloaded_server(void **state)
{
	static const uint32_t weight[] = {1, 200, 1};

	(void)state;
	for (int sched = 0; sched < SCHEDULER_COUNT; sched++) {
		struct pick *p = build(sched, 3, weight);
		struct conns conns[3] = {0};
		uint32_t cursor = 0, other = 0;
		struct pick_ask ask = {.conns = conns, .cursor = &cursor, .fallback = true};

		conns_limit(&conns[1], 1, 0);
		conns_settle(&conns[1], 1, 0);
		for (uint64_t i = 0; i < 1000; i++) {
			uint32_t got;

			ask.source = ask.dest = i * 0x9e3779b97f4a7c15;
			got = pick_server(p, &ask);
			assert_int_not_equal(got, 1);
			other += got < 3;
		}
		assert_true(sched == SCHEDULER_DH ? other > 0 && other < 1000 : other == 1000);
		for (uint32_t i = 0; i < 3; i++) {
			conns_limit(&conns[i], 1, 0);
			conns_settle(&conns[i], 1, 0);
		}
		assert_int_equal(pick_server(p, &ask), PICK_NONE);
		pick_put(p);
	}
}

static void without_fallback_a_hash_has_one_server(void **state)
{
	static const uint32_t weight[] = {1, 1};
	static const enum sched hashed[] = {SCHEDULER_MH, SCHEDULER_SH};

	(void)state;
	for (uint32_t k = 0; k < 2; k++) {
		struct pick *p = build(hashed[k], 2, weight);
		struct conns conns[2] = {0};
		struct pick_ask ask = {.conns = conns};
		uint32_t slot;

		ask.source = 0x123456789abcdef0;
		slot = pick_server(p, &ask);
		assert_int_equal(slot, pick_hash(p, ask.source));
		conns_limit(&conns[slot], 1, 0);
		conns_settle(&conns[slot], 1, 0);
		assert_int_equal(pick_server(p, &ask), PICK_NONE);
		ask.fallback = true;
		assert_int_equal(pick_server(p, &ask), !slot);
		pick_put(p);
	}
}

static uint64_t hash_of_place(uint32_t place)
{
	return ((((uint64_t)place << 32) + MAGLEV_SIZE - 1) / MAGLEV_SIZE) << 32;
}

/* One change of servers after another; ids are slots of the first generation. */
static struct pick *change(struct pick *old, const uint32_t *weight, uint32_t living)
{
	struct pick *p = build(SCHEDULER_MH, 4, weight);
	uint32_t id[4], n = 0;

	for (uint32_t i = 4; i-- > 0;)
		if (living >> i & 1)
			id[n++] = GENERATION + i;
	assert_int_equal(sched_follow(p, old, id, n), 0);
	return p;
}

static void a_moved_place_knows_its_oldest_living_server(void **state)
{
	static const uint32_t abc[] = {1, 1, 1, 0}, abcd[] = {1, 1, 1, 1}, bcd[] = {0, 1, 1, 1};
	struct pick *p[5];

	(void)state;
	p[0] = change(NULL, abc, 0);
	p[1] = change(p[0], abcd, 7); /* d comes */
	p[2] = change(p[1], bcd, 15); /* a drains */
	p[3] = change(p[2], bcd, 14); /* a is gone */
	p[4] = change(p[1], abc, 15); /* or d drains: all as at first */
	assert_null(p[0]->was);
	for (uint32_t i = 0; i < MAGLEV_SIZE; i++) {
		uint64_t hash = hash_of_place(i);
		uint32_t first = p[0]->slot[i], second = p[1]->slot[i], third = p[2]->slot[i];
		uint32_t was = first != second ? first : second;

		assert_int_equal(pick_hash(p[0], hash), first);
		assert_int_equal(pick_was(p[1], hash), first != second ? GENERATION + first : 0);
		assert_int_equal(pick_moved(p[1], hash), first != second);
		assert_int_equal(pick_was(p[2], hash), was != third ? GENERATION + was : 0);
		if (was == third || was == 0)
			assert_int_equal(pick_was(p[3], hash), 0);
		else
			assert_int_equal(pick_was(p[3], hash), GENERATION + was);
		assert_int_equal(p[4]->slot[i], first);
	}
	assert_null(p[4]->was);
	for (uint32_t i = 0; i < 5; i++)
		pick_put(p[i]);
}

static void a_reused_slot_is_no_former_server(void **state)
{
	static const uint32_t abc[] = {1, 1, 1, 0}, ab[] = {1, 1, 0, 0};
	struct pick *first = change(NULL, abc, 0), *second = change(first, ab, 7);
	struct pick *third = build(SCHEDULER_MH, 4, ab);
	uint32_t id[] = {GENERATION, GENERATION + 1, 2 * GENERATION + 2};

	(void)state;
	assert_non_null(second->was);
	assert_int_equal(sched_follow(third, second, id, 3), 0);
	for (uint32_t i = 0; i < MAGLEV_SIZE; i++)
		assert_false(third->was && third->was[i] == 2 * GENERATION + 2);
	pick_put(first);
	pick_put(second);
	pick_put(third);
}

struct flow {
	uint64_t hash;
	uint32_t server;
	bool stored;
};

/* A flow in its middle, to a director that knows only what it has stored. */
static uint32_t server_of(const struct pick *p, const struct flow *f)
{
	uint32_t was = pick_was(p, f->hash);

	if (f->stored)
		return f->server;
	return was ? was - GENERATION : pick_hash(p, f->hash);
}

/* Ten changes of the servers, flows beginning between them: all stay where they began, while only
 * those in moved places are stored. Negative control: without was, flows break. */
static void flows_outlive_changes_of_their_servers(void **state)
{
	static const uint32_t living[] = {7, 15, 15, 15, 15, 15, 14, 14, 14, 14, 14};
	static const uint32_t weight[][4] = {
		{1, 1, 1, 0}, {1, 1, 1, 1}, {1, 1, 0, 1}, {1, 1, 1, 1}, {2, 1, 1, 1}, {0, 1, 3, 1},
		{0, 1, 1, 1}, {0, 1, 0, 1}, {0, 1, 1, 1}, {0, 1, 9, 2}, {0, 2, 1, 1},
	};
	static struct flow flow[CHANGES][FLOWS];
	struct pick *p = NULL;
	uint64_t seed = 1;
	uint32_t stored = 0, would_break = 0;

	(void)state;
	for (uint32_t t = 0; t < CHANGES; t++) {
		struct pick *next = change(p, weight[t], living[t]);

		pick_put(p);
		p = next;
		for (uint32_t i = 0; i < FLOWS; i++) {
			struct flow *f = &flow[t][i];

			seed = seed * 6364136223846793005 + 1442695040888963407;
			f->hash = seed;
			f->server = pick_hash(p, f->hash);
			f->stored = pick_moved(p, f->hash);
			stored += f->stored;
		}
		for (uint32_t i = 0; i < (t + 1) * FLOWS; i++) {
			const struct flow *f = &flow[0][0] + i;

			if (!(living[t] >> f->server & 1))
				continue;
			assert_int_equal(server_of(p, f), f->server);
			would_break += !f->stored && pick_hash(p, f->hash) != f->server;
		}
	}
	assert_in_range(stored, 1, CHANGES * FLOWS - FLOWS);
	assert_true(would_break > 0);
	pick_put(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_decides_as_in_ipvs),
		cmocka_unit_test(nobody_chooses_an_overloaded_server),
		cmocka_unit_test(without_fallback_a_hash_has_one_server),
		cmocka_unit_test(a_moved_place_knows_its_oldest_living_server),
		cmocka_unit_test(a_reused_slot_is_no_former_server),
		cmocka_unit_test(flows_outlive_changes_of_their_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
