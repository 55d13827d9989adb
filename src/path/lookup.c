/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/lookup.h"

#include <netinet/in.h>

#include "path/parse.h"

static inline void count(struct lookup *l, const struct snap *s, const struct backend *be,
			 const struct pkt *p)
{
	struct backend_counters *c = &l->backends[be - s->backend];

	counter_add(&c->packets, 1);
	counter_add(&c->bytes, p->end - p->l3);
}

static enum drop forward(struct lookup *l, const struct snap *s, struct pkt *p,
			 const struct backend *be)
{
	if (!(be->flags & BACKEND_READY))
		return DROP_NO_NEIGHBOUR;
	count(l, s, be, p);
	p->backend = be;
	return DROP_NONE;
}

/* The server that follows from the packet alone. */
static const struct backend *pick_by_hash(const struct lookup *l, const struct snap *s,
					  const struct service *svc, const struct pkt *p)
{
	uint64_t hash = p->tag;

	if (svc->sched == SCHEDULER_MH)
		hash = parse_source_hash(p, &l->key->hash, svc->flags & SERVICE_HASH_PORT);
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
		return forward(l, s, p, be); /* the end of nothing: not worth a slot */
	if (!remember(l, p, slot, be, now)) {
		counter_add(&l->counters->flow_full, 1);
		return forward(l, s, p, pick_by_hash(l, s, svc, p));
	}
	counter_add(&l->counters->flow_new, 1);
	counter_add(&l->backends[backend_slot(be->id)].flows, 1);
	return forward(l, s, p, be);
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

/* What the first pass found, if it still is this flow's and alive; else from the table as it is:
 * an earlier packet of the burst may have put the flow there. */
static struct flow_slot *find_again(struct lookup *l, const struct pkt *p, uint32_t now)
{
	if (p->slot && p->slot->tag == p->tag && flow_live(p->slot, now))
		return p->slot;
	return flow_find(&l->flows[l->self], p->tag, now);
}

/* Whatever isn't the usual: new flows and old ones' ends, and a flow's first packet in a second. */
static __attribute__((noinline)) enum drop lookup_unusual(struct lookup *l, const struct snap *s,
							  struct pkt *p, uint32_t now)
{
	struct flow_slot *slot = find_again(l, p, now);
	const struct backend *be;

	if (slot) {
		be = snap_backend(s, slot->backend);
		if (!flow_stays(slot, be, p))
			return schedule(l, s, p, slot, now);
		flow_touch(slot, flow_next_state(flow_state(slot), p->proto, p->tcp_flags), now);
		return forward(l, s, p, be);
	}
	be = flow_opens(p->tcp_flags) ? NULL : adopt(l, s, p, now);
	return be ? forward(l, s, p, be) : schedule(l, s, p, NULL, now);
}

/* First pass: where is each flow? Asks for its server and that one's counters, which the second
 * pass touches; any number of them can be on their way at once. Leaves the server of a packet that
 * changes nothing about its flow. */
static void find_burst(struct burst *b, const struct snap *s, const struct lookup *l, uint32_t now)
{
	const struct flow_table flows = l->flows[l->self];
	const struct backend *servers = s->backend;
	struct backend_counters *counters = l->backends;
	uint32_t n_servers = s->n_backends;

	for (struct pkt *p = b->pkt, *end = p + b->n; p < end; p++) {
		const struct backend *be = NULL;
		uint32_t server;

		p->slot = p->drop ? NULL : flow_near(&flows, p->tag);
		if (p->slot) {
			server = backend_slot(p->slot->backend);
			__builtin_prefetch(&servers[server]);
			__builtin_prefetch(&counters[server], 1);
			if (server < n_servers && flow_steady(p->slot, p->tag, p->tcp_flags, now))
				be = &servers[server];
		}
		p->backend = be;
	}
}

/* Second pass. A steady flow's slot can't be evicted by a packet of this burst (flow_add), but it
 * can be given another server: it is the flow that is asked. */
static void forward_burst(struct burst *b, const struct snap *s, struct lookup *l, uint32_t now)
{
	for (struct pkt *p = b->pkt, *end = p + b->n; p < end; p++) {
		const struct backend *be = p->backend;

		if (be && be->id == p->slot->backend && be->flags & BACKEND_READY)
			count(l, s, be, p);
		else if (!p->drop)
			p->drop = (uint8_t)lookup_unusual(l, s, p, now);
	}
}

static void drop_burst(struct burst *b, enum drop why)
{
	burst_each (b, p)
		p->drop = (uint8_t)why;
}

void lookup_burst(struct burst *b, const struct snap *s, struct lookup *l, uint32_t now)
{
	if (!s) {
		drop_burst(b, DROP_NO_SERVICE);
		return;
	}
	find_burst(b, s, l, now);
	forward_burst(b, s, l, now);
}
