/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/schedule.h"

/* What the service's table is read by: the client, the destination, or the flow. */
static uint64_t service_hash(const struct lookup *l, const struct service *svc,
			     const struct tuple *t)
{
	switch (svc->sched) {
	case SCHEDULER_MH:
	case SCHEDULER_SH:
		return tuple_source_hash(t, &l->key->hash, svc->flags & SERVICE_HASH_PORT);
	case SCHEDULER_DH:
	case SCHEDULER_LBLC:
	case SCHEDULER_LBLCR:
		return tuple_dest_hash(t, &l->key->hash, false);
	default:
		return tuple_tag(t, l->key);
	}
}

/* Where a place of the table moved while the table was in use, every flow that has begun since was
 * stored: one that isn't known began with the server of before. */
static const struct backend *by_hash(const struct snap *s, const struct service *svc, uint64_t hash)
{
	const struct backend *was;

	if (!svc->pick->n)
		return NULL;
	was = snap_backend(s, pick_was(svc->pick, hash));
	return was && was->flags & BACKEND_READY ? was : &s->backend[pick_hash(svc->pick, hash)];
}

const struct backend *schedule_by_hash(const struct lookup *l, const struct snap *s,
				       const struct service *svc, const struct tuple *t)
{
	return by_hash(s, svc, service_hash(l, svc, t));
}

static const struct backend *by_scheduler(struct lookup *l, const struct snap *s,
					  const struct service *svc, uint64_t hash, bool fresh)
{
	struct pick_ask ask = {
		.cursor = svc->cursor,
		.source = hash,
		.dest = hash,
		.conns = l->conns,
		.fallback = svc->flags & SERVICE_FALLBACK,
	};
	uint32_t slot;

	if (!fresh || !svc->pick->n)
		return by_hash(s, svc, hash);
	slot = pick_server(svc->pick, &ask);
	return slot == PICK_NONE ? NULL : &s->backend[slot];
}

/* Who a client is to a service: its address, as far as the netmask has it. */
static uint64_t client_tag(const struct lookup *l, const struct service *svc, const struct tuple *t)
{
	struct addr a = t->src;
	uint32_t bits = svc->persist_prefix;
	uint64_t tag;

	if (bits < 128) {
		memset(a.b + (bits + 7) / 8, 0, sizeof(a.b) - (bits + 7) / 8);
		if (bits % 8)
			a.b[bits / 8] &= (uint8_t)(0xff00 >> bits % 8);
	}
	tag = hash_words(&l->key->hash, (uint64_t[]){a.q[0], a.q[1], svc->slot}, 3);
	return tag ? tag : 1;
}

/* Weight 0 ends persistence, as with IPVS's expire_quiescent_template: it drains. */
static const struct backend *by_persistence(struct lookup *l, const struct snap *s,
					    const struct service *svc, const struct tuple *t,
					    bool fresh, uint32_t now)
{
	uint64_t client = client_tag(l, svc, t);
	uint32_t had = persist_get(&l->persist, client, now, svc->persist), has;
	const struct backend *be = snap_backend(s, had);

	if (be && be->service == svc->slot && schedule_takes_new(be))
		return be;
	be = by_scheduler(l, s, svc, service_hash(l, svc, t), fresh);
	if (!be)
		return NULL;
	has = persist_put(&l->persist, client, be->id, had, now, svc->persist);
	return has == be->id || !snap_backend(s, has) ? be : snap_backend(s, has);
}

/* Not where the place of the table has moved: what is known there isn't what the table says. */
static bool follows(const struct snap *s, const struct service *svc, uint64_t hash,
		    const struct backend *be)
{
	return sched_is_table((enum sched)svc->sched) && !pick_moved(svc->pick, hash) &&
	       be == &s->backend[pick_hash(svc->pick, hash)];
}

struct choice schedule_pick(struct lookup *l, const struct snap *s, const struct service *svc,
			    const struct tuple *t, bool fresh, uint32_t now)
{
	struct choice c = {0};
	uint64_t hash;

	if (svc->persist) {
		c.backend = by_persistence(l, s, svc, t, fresh, now);
		return c;
	}
	hash = service_hash(l, svc, t);
	c.backend = by_scheduler(l, s, svc, hash, fresh);
	c.optional = sched_is_table((enum sched)svc->sched); /* pick_was knows what it said */
	c.spare = c.backend && follows(s, svc, hash, c.backend);
	return c;
}
