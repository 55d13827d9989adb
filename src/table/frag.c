/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/frag.h"

#include <string.h>

size_t frag_bytes(void)
{
	return FRAG_SLOTS * sizeof(struct frag_slot);
}

void frag_attach(struct frag_table *t, void *memory)
{
	t->slot = memory;
}

static struct frag_slot *probe(const struct frag_table *t, uint64_t tag, uint32_t i)
{
	return &t->slot[(tag + i) % FRAG_SLOTS];
}

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static bool swap(uint64_t *word, uint64_t *old, uint64_t new)
{
	return __atomic_compare_exchange_n(word, old, new, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static uint64_t make_value(uint64_t tag, uint32_t id, uint32_t now)
{
	return (uint64_t)id << 32 | (tag >> 48) << 16 | (uint16_t)now;
}

static uint32_t value_id(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

static uint32_t value_age(uint64_t value, uint32_t now)
{
	return (uint16_t)((uint16_t)now - (uint16_t)value);
}

static bool is_of(uint64_t value, uint64_t tag)
{
	return (uint16_t)(value >> 16) == tag >> 48;
}

static bool is_complete(const struct frag_slot *s)
{
	uint32_t total = __atomic_load_n(&s->total, __ATOMIC_ACQUIRE);

	return total && __atomic_load_n(&s->covered, __ATOMIC_ACQUIRE) >= total;
}

/* Its datagram isn't under way: another may have the slot. */
static bool is_over(const struct frag_slot *s, uint64_t value, uint32_t now)
{
	return !value || value_age(value, now) > FRAG_SECONDS ||
	       (value_id(value) && is_complete(s));
}

/* The slot of a datagram that is under way; or NULL. A slot that was taken meanwhile looks as if
 * its datagram weren't complete (D after A): its value tells. */
static struct frag_slot *find(const struct frag_table *t, uint64_t tag, uint32_t now,
			      uint64_t *value)
{
	for (uint32_t i = 0; i < FRAG_PROBES; i++) {
		struct frag_slot *s = probe(t, tag, i);

		if (load(&s->tag) != tag)
			continue;
		*value = load(&s->value);
		if (value_id(*value) && is_of(*value, tag) && !is_over(s, *value, now) &&
		    load(&s->value) == *value)
			return s;
	}
	return NULL;
}

/* Marks the piece's units; false if some of them were there already. */
static bool cover(struct frag_slot *s, const struct frag_piece *p)
{
	uint32_t end = (uint32_t)p->first + p->units;
	uint64_t before = 0;

	for (uint32_t at = p->first; at < end;) {
		uint32_t bit = at % 64, n = 64 - bit < end - at ? 64 - bit : end - at;
		uint64_t mask = (n == 64 ? ~0ULL : (1ULL << n) - 1) << bit;

		before |= mask & __atomic_fetch_or(&s->seen[at / 64], mask, __ATOMIC_RELAXED);
		at += n;
	}
	if (p->last)
		__atomic_store_n(&s->total, end, __ATOMIC_RELAXED);
	if (!before)
		__atomic_fetch_add(&s->covered, p->units, __ATOMIC_RELAXED);
	return !before;
}

/* Takes a slot of none under way, keeping all others off; NULL: there is none. */
static struct frag_slot *claim(const struct frag_table *t, uint64_t tag, uint32_t now)
{
	for (uint32_t i = 0; i < FRAG_PROBES; i++) {
		struct frag_slot *s = probe(t, tag, i);
		uint64_t value = load(&s->value);

		if (is_over(s, value, now) &&
		    swap(&s->value, &value, make_value(tag, 0, now))) /* A */
			return s;
	}
	return NULL;
}

static bool fits(const struct frag_piece *p)
{
	return p->units && (uint32_t)p->first + p->units <= FRAG_UNITS;
}

/* Nothing more of this datagram is forwarded. */
static enum frag_verdict refuse(struct frag_slot *s, uint64_t tag, uint64_t value)
{
	swap(&s->value, &value, make_value(tag, FRAG_NOBODY, (uint16_t)value));
	return FRAG_OVERLAP;
}

enum frag_verdict frag_first(const struct frag_table *t, const struct frag_piece *p, uint32_t id,
			     uint32_t now)
{
	uint64_t value;
	struct frag_slot *s = find(t, p->tag, now, &value);

	if (!fits(p))
		return FRAG_OVERLAP;
	if (s)
		return value_id(value) == FRAG_NOBODY ? FRAG_REFUSED : refuse(s, p->tag, value);
	s = claim(t, p->tag, now);
	if (!s)
		return FRAG_FULL;
	memset(s->seen, 0, sizeof(s->seen));
	__atomic_store_n(&s->total, 0, __ATOMIC_RELEASE); /* D */
	__atomic_store_n(&s->covered, 0, __ATOMIC_RELEASE);
	cover(s, p);
	__atomic_store_n(&s->tag, p->tag, __ATOMIC_RELEASE);			    /* B */
	__atomic_store_n(&s->value, make_value(p->tag, id, now), __ATOMIC_RELEASE); /* C */
	return id == FRAG_NOBODY ? FRAG_REFUSED : FRAG_FORWARD;
}

enum frag_verdict frag_later(const struct frag_table *t, const struct frag_piece *p, uint32_t now,
			     uint32_t *id)
{
	uint64_t value;
	struct frag_slot *s = find(t, p->tag, now, &value);

	if (!fits(p))
		return FRAG_OVERLAP;
	if (!s)
		return FRAG_WAIT;
	if (value_id(value) == FRAG_NOBODY)
		return FRAG_REFUSED;
	if (!cover(s, p))
		return refuse(s, p->tag, value);
	*id = value_id(value);
	return FRAG_FORWARD;
}
