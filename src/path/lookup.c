/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/lookup.h"

#include <netinet/in.h>

#include "path/parse.h"

static enum drop forward(struct lookup *l, struct pkt *p, const struct backend *be)
{
	struct backend_counters *c = &l->backends[backend_slot(be->id)];

	if (!(be->flags & BACKEND_READY))
		return DROP_NO_NEIGHBOUR;
	counter_add(&c->packets, 1);
	counter_add(&c->bytes, p->end - p->l3);
	p->backend = be;
	return DROP_NONE;
}

/* The server that follows from the packet alone. */
static const struct backend *pick_by_hash(const struct lookup *l, const struct snap *s,
					  const struct service *svc, const struct pkt *p)
{
	uint64_t hash = p->tag;

	if (svc->sched == SCHEDULER_MH)
		hash = parse_source_hash(p, &l->key->hash, svc->flags & SERVICE_MH_PORT);
	return &s->backend[pick_hash(svc->pick, hash)];
}

/* A new flow's server. A TCP flow that is met in its middle has been forgotten, or never found
 * room: it goes by its hash, as it went then, and doesn't take a turn. */
static const struct backend *pick_server(const struct lookup *l, const struct snap *s,
					 const struct service *svc, const struct pkt *p)
{
	bool fresh = p->proto == IPPROTO_UDP || flow_opens(p->tcp_flags);

	if (svc->sched == SCHEDULER_MH || !fresh)
		return pick_by_hash(l, s, svc, p);
	return &s->backend[pick_next(svc->pick, svc->cursor)];
}

/* Notes a new flow's server in the slot it has, or else in a new one. False: no room. */
static bool remember(struct lookup *l, const struct pkt *p, struct flow_slot *slot,
		     const struct backend *be, uint32_t now)
{
	enum flow_state state = flow_next_state(-1, p->proto, p->tcp_flags);

	if (!slot)
		return flow_add(&l->flows[l->self], p->tag, be->id, state, now);
	flow_move(slot, be->id);
	flow_touch(slot, state, now);
	return true;
}

/* Schedules a flow: a new one (slot is NULL), or one that needs another server. */
static enum drop schedule(struct lookup *l, const struct snap *s, struct pkt *p,
			  struct flow_slot *slot, uint32_t now)
{
	struct endpoint ep = parse_endpoint(p);
	const struct service *svc = snap_service(s, &ep);
	const struct backend *be;

	if (!svc)
		return DROP_NO_SERVICE;
	if (!svc->pick->n)
		return DROP_NO_BACKEND;
	be = pick_server(l, s, svc, p);
	if (!(be->flags & BACKEND_READY))
		return DROP_NO_NEIGHBOUR; /* and nothing to remember */
	if (!slot && p->tcp_flags & TH_RST)
		return forward(l, p, be); /* the end of nothing: not worth a slot */
	if (!remember(l, p, slot, be, now)) {
		counter_add(&l->counters->flow_full, 1);
		return forward(l, p, pick_by_hash(l, s, svc, p));
	}
	counter_add(&l->counters->flow_new, 1);
	counter_add(&l->backends[backend_slot(be->id)].flows, 1);
	return forward(l, p, be);
}

/* The NIC may have moved a flow to this queue: another worker then knows its server. NULL: none
 * does. The tables are asked for together, so that their cache misses overlap. */
static const struct backend *adopt(struct lookup *l, const struct snap *s, const struct pkt *p,
				   uint32_t now)
{
	const struct backend *be = NULL;
	enum flow_state state;
	uint32_t id;

	for (uint32_t i = 0; i < l->n_flows; i++)
		flow_prefetch(&l->flows[i], p->tag);
	for (uint32_t i = 0; i < l->n_flows && !be; i++)
		if (i != l->self && flow_peek(&l->flows[i], p->tag, now, &id, &state))
			be = snap_backend(s, id);
	if (!be)
		return NULL;
	state = flow_next_state((int)state, p->proto, p->tcp_flags);
	if (flow_add(&l->flows[l->self], p->tag, be->id, state, now))
		counter_add(&l->counters->flow_moved, 1);
	else
		counter_add(&l->counters->flow_full, 1);
	return be;
}

/* A known flow gets another server if its own is gone. If the client begins anew, also when the
 * last connection has ended, or its server takes no new ones. Otherwise it stays, even with a
 * server that was removed or lost its MAC: to move a connection is to reset it. */
static bool flow_stays(const struct flow_slot *slot, const struct backend *be, const struct pkt *p)
{
	const uint32_t takes_new = BACKEND_OPEN | BACKEND_READY;

	if (!be)
		return false;
	if (!flow_opens(p->tcp_flags))
		return true;
	return flow_state(slot) != FLOW_FIN && flow_state(slot) != FLOW_CLOSED &&
	       (be->flags & takes_new) == takes_new;
}

static enum drop lookup_pkt(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now)
{
	struct flow_slot *slot = flow_find(&l->flows[l->self], p->tag, now);
	const struct backend *be;

	if (slot) {
		be = snap_backend(s, slot->backend);
		if (!flow_stays(slot, be, p))
			return schedule(l, s, p, slot, now);
		flow_touch(slot, flow_next_state(flow_state(slot), p->proto, p->tcp_flags), now);
		return forward(l, p, be);
	}
	be = flow_opens(p->tcp_flags) ? NULL : adopt(l, s, p, now);
	return be ? forward(l, p, be) : schedule(l, s, p, NULL, now);
}

void lookup_burst(struct burst *b, const struct snap *s, struct lookup *l, uint32_t now)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkt[i];

		if (!p->drop)
			p->drop = (uint8_t)(s ? lookup_pkt(l, s, p, now) : DROP_NO_SERVICE);
	}
}
