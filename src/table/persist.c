/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/persist.h"

enum {
	SLOTS_MIN = 4096
};

size_t persist_bytes(uint32_t clients)
{
	uint64_t n = SLOTS_MIN;

	while (n < 2 * (uint64_t)clients)
		n *= 2;
	return n * sizeof(struct persist_slot);
}

void persist_attach(struct persist *p, void *memory, size_t bytes)
{
	p->slot = memory;
	p->mask = bytes / sizeof(*p->slot) - 1;
}

static struct persist_slot *probe(const struct persist *p, uint64_t tag, uint32_t i)
{
	return &p->slot[(tag + i) & p->mask];
}

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Whether it was *old, and now is new; *old is what it was. */
static bool swap(uint64_t *word, uint64_t *old, uint64_t new)
{
	return __atomic_compare_exchange_n(word, old, new, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* Ticks go round: what is less than half a round ahead is yet to come. */
static uint16_t tick(uint32_t seconds)
{
	return (uint16_t)((seconds + PERSIST_TICK - 1) / PERSIST_TICK);
}

static bool is_over(uint64_t value, uint32_t now)
{
	return (int16_t)((uint16_t)value - (uint16_t)(now / PERSIST_TICK)) < 0;
}

static uint64_t make_value(uint64_t tag, uint32_t id, uint32_t now, uint32_t timeout)
{
	uint32_t most = timeout < PERSIST_LONGEST ? timeout : PERSIST_LONGEST;

	return (uint64_t)id << 32 | (tag >> 48) << 16 | tick(now + most);
}

static uint32_t value_id(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

static bool is_of(uint64_t value, uint64_t tag)
{
	return (uint16_t)(value >> 16) == tag >> 48;
}

static bool is_value_of(uint64_t value, uint64_t tag)
{
	return value_id(value) && is_of(value, tag);
}

static struct persist_slot *find(const struct persist *p, uint64_t tag)
{
	for (uint32_t i = 0; i < PERSIST_PROBES; i++)
		if (load(&probe(p, tag, i)->tag) == tag)
			return probe(p, tag, i);
	return NULL;
}

uint32_t persist_get(const struct persist *p, uint64_t tag, uint32_t now, uint32_t timeout)
{
	struct persist_slot *s = find(p, tag);
	uint64_t value, next;

	if (!s)
		return 0;
	value = load(&s->value);
	if (!is_value_of(value, tag) || is_over(value, now) || load(&s->tag) != tag)
		return 0;
	next = make_value(tag, value_id(value), now, timeout);
	if (next != value)
		swap(&s->value, &value, next); /* or another worker has done so */
	return value_id(next);
}

/* A slot for this tag: the one that has it, or one that nobody has or whose time is over. NULL:
 * there is no room. */
static struct persist_slot *claim(const struct persist *p, uint64_t tag, uint32_t now)
{
	const uint64_t pending = make_value(tag, 0, now, PERSIST_TICK);
	struct persist_slot *s = find(p, tag);

	for (uint32_t i = 0; i < PERSIST_PROBES && !s; i++) {
		uint64_t value;

		s = probe(p, tag, i);
		value = load(&s->value);
		while (!value || is_over(value, now)) {
			if (swap(&s->value, &value, pending)) /* A */
				value = pending;
		}
		if (!is_of(value, tag) || (value_id(value) && load(&s->tag) != tag))
			s = NULL; /* somebody else's */
		else
			__atomic_store_n(&s->tag, tag, __ATOMIC_RELEASE); /* B */
	}
	return s;
}

uint32_t persist_put(const struct persist *p, uint64_t tag, uint32_t id, uint32_t instead,
		     uint32_t now, uint32_t timeout)
{
	struct persist_slot *s = claim(p, tag, now);
	uint64_t mine = make_value(tag, id, now, timeout), value;

	if (!s)
		return id;
	value = load(&s->value);
	while (!is_value_of(value, tag) || is_over(value, now) || value_id(value) == instead)
		if (swap(&s->value, &value, mine)) /* C */
			return id;
	return value_id(value);
}

uint32_t persist_count(const struct persist *p, uint32_t now)
{
	uint32_t n = 0;

	for (uint64_t i = 0; i <= p->mask; i++) {
		uint64_t value = load(&p->slot[i].value);

		n += value_id(value) && !is_over(value, now);
	}
	return n;
}
