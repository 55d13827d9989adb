/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/conns.h"

static void add(int32_t *count, int32_t n)
{
	__atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Between lower and upper it stays what it is, as in IPVS. Two workers that judge at the same
 * moment may leave the older answer; the next flow or settling corrects it. */
static void judge(struct conns *c)
{
	uint32_t upper = load(&c->upper), was = load(&c->overloaded), is = was;
	uint64_t sum = (uint64_t)conns_active(c) + conns_inactive(c);

	if (!upper || sum < load(&c->lower))
		is = 0;
	else if (sum >= upper)
		is = 1;
	if (is != was)
		__atomic_store_n(&c->overloaded, is, __ATOMIC_RELAXED);
}

void conns_begin(struct conns *c, bool active)
{
	add(active ? &c->active : &c->inactive, 1);
	judge(c);
}

void conns_activate(struct conns *c)
{
	add(&c->inactive, -1);
	add(&c->active, 1);
}

void conns_deactivate(struct conns *c)
{
	add(&c->active, -1);
	add(&c->inactive, 1);
}

void conns_end(struct conns *c, bool active)
{
	add(active ? &c->active : &c->inactive, -1);
	judge(c);
}

void conns_settle(struct conns *c, uint32_t active, uint32_t inactive)
{
	__atomic_store_n(&c->active, (int32_t)active, __ATOMIC_RELAXED);
	__atomic_store_n(&c->inactive, (int32_t)inactive, __ATOMIC_RELAXED);
	judge(c);
}

void conns_limit(struct conns *c, uint32_t upper, uint32_t lower)
{
	if (!lower)
		lower = upper - upper / 4;
	if (lower > upper)
		lower = upper;
	__atomic_store_n(&c->lower, lower, __ATOMIC_RELAXED);
	__atomic_store_n(&c->upper, upper, __ATOMIC_RELAXED);
	judge(c);
}

void conns_reset(struct conns *c)
{
	conns_limit(c, 0, 0);
	conns_settle(c, 0, 0);
}
