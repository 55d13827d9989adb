/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow table against an obviously right, slow reference: a list of flows, a million random
 * steps, compared at each. */
#include "table/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	NOW = 1000,
	WAYS = 8
};

static uint64_t random64(uint64_t *seed) /* xorshift64* (Vigna 2016) */
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1d;
}

/* The table as a plain list: what is known of every tag that the test uses. */
struct model {
	uint64_t tag;
	uint32_t backend, seen;
	enum flow_state state;
	bool known;
};

enum {
	TAGS = 600
};

static bool model_live(const struct model *m, uint32_t now)
{
	return m->known && now - m->seen < flow_timeout[m->state];
}

static void model_agrees(struct flow_table *t, const struct model *m, uint32_t now)
{
	const struct flow_slot *s = flow_find(t, m->tag, now);

	assert_true(!s == !model_live(m, now));
	if (!s)
		return;
	assert_int_equal(s->backend, m->backend);
	assert_int_equal(flow_state(s), m->state);
}

static bool is_spare(enum flow_state state)
{
	return state == FLOW_SPARE || state == FLOW_SPARE_UDP;
}

/* Adds to both. If all eight places are live, exactly one half-open flow may go, an oldest; else,
 * for one that is neither half-open nor spare, an oldest spare one. A spare one takes nobody's,
 * nor does a modest one. */
static void model_add(struct flow_table *t, struct model *all, struct model *m, uint32_t now,
		      bool modest)
{
	bool needed = m->state != FLOW_SYN && !is_spare(m->state);
	uint32_t live = 0, syns = 0, spares = 0, oldest[2] = {0, 0};

	m->known = false; /* nothing of an expired one counts */
	for (struct model *o = all; o < all + TAGS; o++) {
		if ((o->tag & t->line) >> 7 != (m->tag & t->line) >> 7 || !model_live(o, now))
			continue;
		live++;
		if (o->state != FLOW_SYN && !is_spare(o->state))
			continue;
		*(o->state == FLOW_SYN ? &syns : &spares) += 1;
		if (now - o->seen > oldest[is_spare(o->state)])
			oldest[is_spare(o->state)] = now - o->seen;
	}
	m->known = modest ? flow_add_if_free(t, m->tag, m->backend, m->state, now)
			  : flow_add(t, m->tag, m->backend, m->state, now);
	m->seen = now;
	assert_int_equal(m->known, live < WAYS || (!modest && ((syns && !is_spare(m->state)) ||
							       (needed && spares))));
	if (live < WAYS || !m->known)
		return;
	for (struct model *o = all; o < all + TAGS; o++) {
		if (!model_live(o, now) || flow_find(t, o->tag, now))
			continue;
		assert_true(syns ? o->state == FLOW_SYN : is_spare(o->state));
		assert_int_equal(now - o->seen, oldest[is_spare(o->state)]);
		o->known = false;
		live--;
	}
	assert_int_equal(live, WAYS - 1);
}

static void behaves_as_a_plain_list_does(void **state)
{
	static struct model all[TAGS];
	uint64_t seed = 42;
	uint32_t now = NOW;

	for (uint32_t i = 0; i < TAGS; i++)
		all[i].tag = random64(&seed) | 1ull << 63;
	for (uint32_t step = 0; step < 1000000; step++) {
		uint64_t r = random64(&seed);
		struct model *m = &all[r % TAGS];
		struct flow_slot *s = flow_find(*state, m->tag, now);

		model_agrees(*state, m, now);
		m->state = (r >> 16) % FLOW_STATES;
		m->backend = r >> 32 & 0xffff;
		if (s) {
			m->seen = now;
			flow_move(s, m->backend);
			flow_touch(s, m->state, now);
		} else {
			model_add(*state, all, m, now, r >> 50 & 1);
		}
		now += r >> 60 == 0;
		if (step % 1000 == 0)
			for (m = all; m < all + TAGS; m++)
				model_agrees(*state, m, now);
	}
}

int main(void)
{
	size_t bytes = flow_bytes(0);
	void *memory = aligned_alloc(64, bytes);
	static struct flow_table t;
	struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(behaves_as_a_plain_list_does, &t),
	};
	int failed;

	flow_attach(&t, memset(memory, 0, bytes), bytes);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(memory);
	return failed;
}
