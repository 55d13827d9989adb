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
#include <string.h>

enum {
	SLOTS_MIN = 256,
	STATE_MASK = (1 << FLOW_STATE_BITS) - 1,
};

const uint32_t flow_timeout[FLOW_STATES] = {
	[FLOW_SYN] = 60,  [FLOW_ESTABLISHED] = 900, [FLOW_FIN] = 120,	    [FLOW_CLOSED] = 10,
	[FLOW_UDP] = 300, [FLOW_SPARE] = 900,	    [FLOW_SPARE_UDP] = 300,
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

static bool seen_live(const struct flow_table *t, uint32_t seen, uint32_t now)
{
	return seen_age(seen, now) < (int32_t)t->timeout[seen_state(seen)];
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

size_t flow_origin_bytes(size_t bytes)
{
	return bytes / sizeof(struct flow_slot) * sizeof(struct flow_origin);
}

void flow_attach(struct flow_table *t, void *memory, size_t bytes)
{
	assert((uintptr_t)memory % (FLOW_PROBES / 2 * sizeof(struct flow_slot)) == 0);
	t->slot = memory;
	t->timeout = flow_timeout;
	t->origin = NULL;
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

bool flow_live(const struct flow_table *t, const struct flow_slot *s, uint32_t now)
{
	return seen_live(t, s->seen, now);
}

struct flow_slot *flow_find(struct flow_table *t, uint64_t tag, uint32_t now)
{
	struct flow_slot *s = flow_line(t, tag, 0);

	if (!s)
		s = flow_line(t, tag, FLOW_PROBES / 2);
	return s && seen_live(t, s->seen, now) ? s : NULL;
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
		return seen_live(t, copy.seen, now);
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

static const struct flow_slot *older(const struct flow_slot *a, const struct flow_slot *b,
				     uint32_t now)
{
	return !b || (a && seen_age(a->seen, now) >= seen_age(b->seen, now)) ? a : b;
}

static bool is_spare(enum flow_state state)
{
	return state == FLOW_SPARE || state == FLOW_SPARE_UDP;
}

/* The places of a new flow, as they are. */
struct places {
	/* Or expired; the first in probing order, so that an expired slot with the same tag is
	 * either this one, or comes after it and is never found. */
	const struct flow_slot *empty;
	const struct flow_slot *half_open, *spare; /* the oldest of each */
};

static inline struct places look_at(const struct flow_table *t, uint64_t tag, uint32_t now)
{
	struct places p = {0};

	for (uint32_t i = 0; i < FLOW_PROBES && !p.empty; i++) {
		const struct flow_slot *s = flow_probe(t, tag, i);

		if (!s->tag || !seen_live(t, s->seen, now)) {
			p.empty = s;
		} else if (seen_state(s->seen) == FLOW_SYN) {
			p.half_open = older(p.half_open, s, now);
		} else if (is_spare(seen_state(s->seen))) {
			p.spare = older(p.spare, s, now);
		}
	}
	return p;
}

static inline struct flow_slot *fill_place(const struct places *p, const struct flow_slot *s,
					   uint64_t tag, uint32_t backend, uint32_t seen)
{
	s = p->empty ? p->empty : s;
	if (s)
		slot_fill((struct flow_slot *)s, tag, backend, seen);
	return (struct flow_slot *)s;
}

struct flow_slot *flow_add(struct flow_table *t, uint64_t tag, uint32_t backend,
			   enum flow_state state, uint32_t now)
{
	const struct places p = look_at(t, tag, now);
	const struct flow_slot *other = is_spare(state) ? NULL : p.half_open;

	if (!other && state != FLOW_SYN && !is_spare(state))
		other = p.spare;
	return fill_place(&p, other, tag, backend, seen_make(state, now));
}

struct flow_slot *flow_add_if_free(struct flow_table *t, uint64_t tag, uint32_t backend,
				   enum flow_state state, uint32_t now)
{
	const struct places p = look_at(t, tag, now);

	return fill_place(&p, NULL, tag, backend, seen_make(state, now));
}

enum flow_state flow_spare_state(enum flow_state state)
{
	return state == FLOW_ESTABLISHED ? FLOW_SPARE : state == FLOW_UDP ? FLOW_SPARE_UDP : state;
}

void flow_note(const struct flow_table *t, const struct flow_slot *s, const struct addr *from,
	       __be16 port)
{
	struct flow_origin *o;

	if (!t->origin)
		return;
	o = &t->origin[s - t->slot];
	memcpy(o->addr, from->b, sizeof(o->addr));
	o->port = port;
}

static void read_origin(const struct flow_table *t, uint64_t i, struct flow_entry *out)
{
	static const struct flow_origin none;
	const struct flow_origin *o = t->origin ? &t->origin[i] : &none;

	memcpy(out->from.b, o->addr, sizeof(out->from.b));
	out->port = o->port;
}

uint32_t flow_list(const struct flow_table *t, uint64_t *at, uint32_t look, uint32_t now,
		   struct flow_entry *out, uint32_t room)
{
	uint32_t n = 0;

	for (; *at <= t->mask && look-- && n < room; ++*at) {
		struct flow_slot copy;
		enum flow_state state;

		if (!slot_read(&t->slot[*at], &copy) || !seen_live(t, copy.seen, now))
			continue;
		state = seen_state(copy.seen);
		out[n] = (struct flow_entry){
			.backend = copy.backend,
			.state = state,
			.expires = t->timeout[state] - (uint32_t)seen_age(copy.seen, now),
		};
		read_origin(t, *at, &out[n]);
		n++;
	}
	return n;
}

enum flow_state flow_next_state(int old, uint8_t proto, uint8_t tcp_flags)
{
	if (proto != IPPROTO_TCP && proto != IPPROTO_SCTP)
		return old == FLOW_SPARE_UDP ? FLOW_SPARE_UDP : FLOW_UDP;
	if (tcp_flags & TH_RST)
		return FLOW_CLOSED;
	if (tcp_flags & TH_FIN)
		return FLOW_FIN;
	if (flow_opens(tcp_flags)) /* a SYN proves nothing, and takes nothing from a proven flow */
		return flow_is_active((enum flow_state)old) ? (enum flow_state)old : FLOW_SYN;
	if (old == FLOW_FIN || old == FLOW_CLOSED || old == FLOW_SPARE)
		return (enum flow_state)old;
	return FLOW_ESTABLISHED;
}

void flow_each(const struct flow_table *t, uint32_t now,
	       void (*fn)(void *ctx, uint32_t backend, enum flow_state state), void *ctx)
{
	for (uint64_t i = 0; i <= t->mask; i++) {
		struct flow_slot copy;

		if (slot_read(&t->slot[i], &copy) && seen_live(t, copy.seen, now))
			fn(ctx, copy.backend, seen_state(copy.seen));
	}
}
