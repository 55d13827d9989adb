/* SPDX-License-Identifier: BSD-2-Clause */
/* The ordering of a slot. When it changes hands, each store is a release; when it is read by
 * somebody else than its worker, each load is an acquire.
 *
 *      slot_fill                        slot_read
 *   A  tag = 0                       B  tag: the one looked for?
 *      backend = ..., seen = ...        backend, seen
 *   B  tag = new                     A  tag: still the same?
 *
 *   B pairs with B: who finds the new tag finds the fields that were stored before it.
 *   A pairs with A: who finds a field of the new flow finds the old tag gone on looking again.
 *
 * On x86 all of them are ordinary moves. A reader is fooled only if a slot changes hands twice and
 * ends with the tag it began with, all between two of its loads.
 *
 * A live slot's backend and seen change by single relaxed stores: both values are right. */
#include "table/flow.h"

#include <assert.h>
#include <netinet/in.h>

enum {
	SLOTS_MIN = 256,
	STATE_MASK = (1 << FLOW_STATE_BITS) - 1,
};

const uint16_t flow_timeout[FLOW_STATES] = {
	[FLOW_SYN] = 60,    [FLOW_ESTABLISHED] = 900, [FLOW_FIN] = 120,
	[FLOW_CLOSED] = 10, [FLOW_UDP] = 300,
};

static uint32_t seen_make(enum flow_state state, uint32_t now)
{
	return now << FLOW_STATE_BITS | state;
}

static enum flow_state seen_state(uint32_t seen)
{
	return seen & STATE_MASK;
}

/* Seconds since then. Negative for a time ahead of now: workers read the clock at different
 * moments. */
static int32_t seen_age(uint32_t seen, uint32_t now)
{
	return (int32_t)((now << FLOW_STATE_BITS) - (seen & ~(uint32_t)STATE_MASK)) >>
	       FLOW_STATE_BITS;
}

static bool seen_live(uint32_t seen, uint32_t now)
{
	return seen_age(seen, now) < flow_timeout[seen_state(seen)];
}

static void slot_fill(struct flow_slot *s, uint64_t tag, uint32_t backend, uint32_t seen)
{
	__atomic_store_n(&s->tag, 0, __ATOMIC_RELEASE); /* A */
	__atomic_store_n(&s->backend, backend, __ATOMIC_RELEASE);
	__atomic_store_n(&s->seen, seen, __ATOMIC_RELEASE);
	__atomic_store_n(&s->tag, tag, __ATOMIC_RELEASE); /* B */
}

/* Copies a slot that another thread may be writing. False if it is empty or just changed hands. */
static bool slot_read(const struct flow_slot *s, struct flow_slot *copy)
{
	copy->tag = __atomic_load_n(&s->tag, __ATOMIC_ACQUIRE); /* B */
	copy->backend = __atomic_load_n(&s->backend, __ATOMIC_ACQUIRE);
	copy->seen = __atomic_load_n(&s->seen, __ATOMIC_ACQUIRE);
	return copy->tag && copy->tag == __atomic_load_n(&s->tag, __ATOMIC_ACQUIRE); /* A */
}

/* Twice as many slots as flows: with half of them taken, 0.8 % of the flows find their eight
 * slots full (a Poisson distribution with mean 4, above 8). */
size_t flow_bytes(uint32_t flows)
{
	size_t slots = SLOTS_MIN;

	while (slots < 2 * (size_t)flows)
		slots *= 2;
	return slots * sizeof(struct flow_slot);
}

void flow_attach(struct flow_table *t, void *memory, size_t bytes)
{
	assert((uintptr_t)memory % (FLOW_PROBES / 2 * sizeof(struct flow_slot)) == 0);
	t->slot = memory;
	t->mask = bytes / sizeof(struct flow_slot) - 1;
	t->line = (bytes - 1) & ~(uint64_t)(FLOW_PROBES / 2 * sizeof(struct flow_slot) - 1);
}

uint32_t flow_audit(struct flow_table *t, uint32_t now)
{
	uint32_t dropped = 0;

	for (uint64_t i = 0; i <= t->mask; i++) {
		struct flow_slot *s = &t->slot[i];

		if (!s->tag || (seen_state(s->seen) < FLOW_STATES && seen_age(s->seen, now) >= 0))
			continue;
		__atomic_store_n(&s->tag, 0, __ATOMIC_RELEASE);
		dropped++;
	}
	return dropped;
}

bool flow_live(const struct flow_slot *s, uint32_t now)
{
	return seen_live(s->seen, now);
}

struct flow_slot *flow_find(struct flow_table *t, uint64_t tag, uint32_t now)
{
	struct flow_slot *s = flow_line(t, tag, 0);

	if (!s)
		s = flow_line(t, tag, FLOW_PROBES / 2);
	return s && seen_live(s->seen, now) ? s : NULL;
}

bool flow_peek(const struct flow_table *t, uint64_t tag, uint32_t now, uint32_t *backend,
	       enum flow_state *state)
{
	for (uint32_t i = 0; i < FLOW_PROBES; i++) {
		struct flow_slot copy;

		if (!slot_read(flow_probe(t, tag, i), &copy) || copy.tag != tag)
			continue;
		*backend = copy.backend;
		*state = seen_state(copy.seen);
		return seen_live(copy.seen, now);
	}
	return false;
}

void flow_touch(struct flow_slot *s, enum flow_state state, uint32_t now)
{
	uint32_t seen = seen_make(state, now);

	if (s->seen !=
	    seen) /* most packets: the same second, and the line needn't be written back */
		__atomic_store_n(&s->seen, seen, __ATOMIC_RELAXED);
}

void flow_move(struct flow_slot *s, uint32_t backend)
{
	__atomic_store_n(&s->backend, backend, __ATOMIC_RELAXED);
}

/* The first free slot in probing order, so that an expired slot with the same tag is either the
 * one that is taken, or comes after it and is never found. */
struct flow_slot *flow_add(struct flow_table *t, uint64_t tag, uint32_t backend,
			   enum flow_state state, uint32_t now)
{
	struct flow_slot *victim = NULL;

	for (uint32_t i = 0; i < FLOW_PROBES; i++) {
		struct flow_slot *s = flow_probe(t, tag, i);

		if (!s->tag || !seen_live(s->seen, now)) {
			victim = s;
			break;
		}
		if (seen_state(s->seen) != FLOW_SYN)
			continue;
		if (!victim || seen_age(s->seen, now) > seen_age(victim->seen, now))
			victim = s;
	}
	if (victim)
		slot_fill(victim, tag, backend, seen_make(state, now));
	return victim;
}

enum flow_state flow_next_state(int old, uint8_t proto, uint8_t tcp_flags)
{
	if (proto == IPPROTO_UDP)
		return FLOW_UDP;
	if (tcp_flags & TH_RST)
		return FLOW_CLOSED;
	if (tcp_flags & TH_FIN)
		return FLOW_FIN;
	if (flow_opens(tcp_flags)) /* a SYN proves nothing, and takes nothing from a proven flow */
		return old == FLOW_ESTABLISHED ? FLOW_ESTABLISHED : FLOW_SYN;
	if (old == FLOW_FIN || old == FLOW_CLOSED)
		return (enum flow_state)old;
	return FLOW_ESTABLISHED;
}

void flow_each(const struct flow_table *t, uint32_t now,
	       void (*fn)(void *ctx, uint32_t backend, enum flow_state state), void *ctx)
{
	for (uint64_t i = 0; i <= t->mask; i++) {
		struct flow_slot copy;

		if (slot_read(&t->slot[i], &copy) && seen_live(copy.seen, now))
			fn(ctx, copy.backend, seen_state(copy.seen));
	}
}
