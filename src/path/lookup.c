/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/lookup.h"

#include <netinet/in.h>

#include "path/classify.h"
#include "path/reset.h"
#include "path/schedule.h"
#include "path/special.h"

static inline void count(struct lookup *l, const struct snap *s, const struct backend *be,
			 const struct pkt *p)
{
	struct backend_counters *c = &l->backends[be - s->backend];

	counter_add(&c->packets, 1);
	counter_add(&c->bytes, (uint32_t)(p->end - p->l3));
}

enum drop lookup_forward(struct lookup *l, const struct snap *s, struct pkt *p,
			 const struct backend *be)
{
	if (!(be->flags & BACKEND_READY))
		return DROP_NO_NEIGHBOUR;
	count(l, s, be, p);
	p->backend = be;
	return DROP_NONE;
}

/* A place for a new flow, or NULL. One that can do without takes nobody's: else of two that begin
 * at a moved place of a table, the second would make the first be forgotten before it is proven,
 * and go back to the server of before. */
static struct flow_slot *add(struct lookup *l, const struct pkt *p, const struct choice *c,
			     enum flow_state state, uint32_t now)
{
	struct flow_table *t = &l->flows[l->self];

	return c->optional ? flow_add_if_free(t, p->tag, c->backend->id, state, now)
			   : flow_add(t, p->tag, c->backend->id, state, now);
}

/* Notes a new flow's server in the slot it has, or else in a new one. False: no room. */
static bool remember(struct lookup *l, const struct pkt *p, struct flow_slot *slot,
		     const struct choice *c, const struct tuple *t, uint32_t now)
{
	enum flow_state state = flow_next_state(-1, p->proto, p->tcp_flags);
	uint32_t id = c->backend->id;

	if (c->spare)
		state = flow_spare_state(state);
	if (!slot) {
		slot = add(l, p, c, state, now);
		if (!slot)
			return false;
		flow_note(&l->flows[l->self], slot, &t->src, t->sport);
	} else {
		if (l->conns)
			conns_end(&l->conns[backend_slot(slot->backend)],
				  flow_is_active(flow_state(slot)));
		flow_move(slot, id);
		flow_touch(slot, state, now);
	}
	if (l->conns)
		conns_begin(&l->conns[backend_slot(id)], flow_is_active(state));
	return true;
}

/* A packet of a known flow: its time begins anew, and it may have become another state. */
static void touch(struct lookup *l, const struct pkt *p, struct flow_slot *slot,
		  const struct backend *be, uint32_t now)
{
	enum flow_state before = flow_state(slot);
	enum flow_state after = flow_next_state(before, p->proto, p->tcp_flags);

	flow_touch(slot, after, now);
	if (before == FLOW_SYN && flow_opens(p->tcp_flags))
		counter_add(&l->backends[backend_slot(be->id)].stuck, 1);
	if (!l->conns || flow_is_active(before) == flow_is_active(after))
		return;
	if (flow_is_active(after))
		conns_activate(&l->conns[backend_slot(be->id)]);
	else
		conns_deactivate(&l->conns[backend_slot(be->id)]);
}

/* Nobody begins a flow with a packet that can't be right: what parse's fast lane left out is made
 * up for here. */
static enum drop check_first(const struct pkt *p, const uint8_t own[6])
{
	enum drop why = pkt_is_plain(p) ? classify_rest_of_plain(p) : DROP_NONE;

	return why ? why : classify_macs(p, own);
}

/* Whether a flow that begins isn't worth a place in the table, or may not have one: the end of
 * nothing; single packets; one that will be found by its hash again; one half-open flow more than
 * its service may have begun in a second, which is found by its hash, too. */
static bool stateless(struct lookup *l, const struct pkt *p, const struct service *svc,
		      const struct choice *c, uint32_t now)
{
	if (p->tcp_flags & TH_RST || svc->flags & SERVICE_ONE_PACKET)
		return true;
	if (!flow_opens(p->tcp_flags))
		return false;
	return c->spare || !syn_quota_take(l->syns, svc->slot, now);
}

/* Schedules a flow: a new one (slot is NULL), or one that needs another server. */
static enum drop schedule(struct lookup *l, const struct snap *s, struct pkt *p,
			  struct flow_slot *slot, uint32_t now)
{
	bool fresh = p->proto != IPPROTO_TCP || flow_opens(p->tcp_flags);
	enum drop why = check_first(p, snap_own_mac(s, l->nic));
	const struct service *svc;
	struct choice c;
	struct tuple t;

	if (why)
		return why;
	pkt_tuple(p, &t);
	svc = snap_match(s, &(struct endpoint){.addr = t.dst, .port = t.dport, .proto = t.proto});
	if (!svc)
		return DROP_NO_SERVICE;
	c = schedule_pick(l, s, svc, &t, fresh, now);
	if (!c.backend)
		return DROP_NO_BACKEND;
	if (!(c.backend->flags & BACKEND_READY))
		return DROP_NO_NEIGHBOUR; /* and nothing to remember */
	if (!slot && stateless(l, p, svc, &c, now)) {
		if (flow_opens(p->tcp_flags) && !c.spare)
			c.backend = schedule_by_hash(l, s, svc, &t);
		if (!(p->tcp_flags & TH_RST))
			counter_add(&l->backends[backend_slot(c.backend->id)].flows, 1);
		return lookup_forward(l, s, p, c.backend);
	}
	if (!remember(l, p, slot, &c, &t, now)) {
		counter_add(&l->counters->flow_full, 1);
		return lookup_forward(l, s, p, schedule_by_hash(l, s, svc, &t));
	}
	counter_add(&l->counters->flow_new, 1);
	if (fresh || !c.spare) /* else its SYN was counted */
		counter_add(&l->backends[backend_slot(c.backend->id)].flows, 1);
	return lookup_forward(l, s, p, c.backend);
}

/* What another worker knows of a flow; the tables are asked for together, so that their cache
 * misses overlap. */
static const struct backend *ask_others(const struct lookup *l, const struct snap *s, uint64_t tag,
					uint32_t now, enum flow_state *state)
{
	const struct backend *be = NULL;
	uint32_t id;

	for (uint32_t i = 0; i < l->n_flows; i++)
		flow_prefetch(&l->flows[i], tag);
	for (uint32_t i = 0; i < l->n_flows && !be; i++)
		if (i != l->self && flow_peek(&l->flows[i], tag, now, &id, state))
			be = snap_backend(s, id);
	return be;
}

const struct backend *lookup_peek(const struct lookup *l, const struct snap *s, uint64_t tag,
				  uint32_t now)
{
	const struct flow_slot *slot = flow_find(&l->flows[l->self], tag, now);
	enum flow_state state;

	return slot ? snap_backend(s, slot->backend) : ask_others(l, s, tag, now, &state);
}

/* The NIC may have moved a flow to this queue: another worker then knows its server. NULL: none
 * does. */
static const struct backend *adopt(struct lookup *l, const struct snap *s, const struct pkt *p,
				   uint32_t now)
{
	enum flow_state state;
	const struct backend *be = ask_others(l, s, p->tag, now, &state);
	struct flow_slot *slot;
	struct tuple t;

	if (!be)
		return NULL;
	state = flow_next_state((int)state, p->proto, p->tcp_flags);
	slot = flow_add(&l->flows[l->self], p->tag, be->id, state, now);
	counter_add(slot ? &l->counters->flow_moved : &l->counters->flow_full, 1);
	if (slot && pkt_tuple(p, &t))
		flow_note(&l->flows[l->self], slot, &t.src, t.sport);
	return be;
}

/* A known flow gets another server if its own is gone; that is also so of a server that was removed
 * and can't be reached any more. If the client begins anew, also when the last connection has
 * ended, or its server takes no new ones. Otherwise it stays, even with a server that was removed
 * or lost its MAC: to move a connection is to reset it. */
static bool flow_stays(const struct flow_slot *slot, const struct backend *be, const struct pkt *p)
{
	if (!be || (be->flags & (BACKEND_REMOVED | BACKEND_READY)) == BACKEND_REMOVED)
		return false;
	if (!flow_opens(p->tcp_flags))
		return true;
	return flow_state(slot) != FLOW_FIN && flow_state(slot) != FLOW_CLOSED &&
	       schedule_takes_new(be);
}

/* What the first pass found, if it still is this flow's and alive; else from the table as it is:
 * an earlier packet of the burst may have put the flow there. */
static struct flow_slot *find_again(struct lookup *l, const struct pkt *p, uint32_t now)
{
	if (p->slot && p->slot->tag == p->tag && flow_live(&l->flows[l->self], p->slot, now))
		return p->slot;
	return flow_find(&l->flows[l->self], p->tag, now);
}

/* A packet to a server that was removed for good. */
static enum drop refuse(struct lookup *l, const struct snap *s, struct pkt *p,
			const struct backend *be)
{
	if (!(be->flags & BACKEND_RESET) || p->kind || !reset_make(p, snap_own_mac(s, l->nic)))
		return DROP_REMOVED;
	p->kind = PKT_ANSWER;
	p->backend = &s->self[l->nic];
	counter_add(&l->counters->resets, 1);
	return DROP_NONE;
}

enum drop lookup_flow(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now)
{
	struct flow_slot *slot = find_again(l, p, now);
	const struct backend *be;

	if (p->proto == IPPROTO_TCP && classify_flags_absurd(p->tcp_flags))
		return DROP_TCP_FLAGS; /* known or not: no such packet is in a steady flow's way */
	if (slot) {
		be = snap_backend(s, slot->backend);
		if (be && be->flags & BACKEND_REFUSE && !flow_opens(p->tcp_flags))
			return refuse(l, s, p, be);
		if (!flow_stays(slot, be, p))
			return schedule(l, s, p, slot, now);
		touch(l, p, slot, be, now);
		return lookup_forward(l, s, p, be);
	}
	be = flow_opens(p->tcp_flags) ? NULL : adopt(l, s, p, now);
	return be ? lookup_forward(l, s, p, be) : schedule(l, s, p, NULL, now);
}

/* Whatever isn't the usual: new flows and old ones' ends, and a flow's first packet in a second;
 * and what isn't a flow's packet at all. */
static __attribute__((noinline)) enum drop lookup_unusual(struct lookup *l, const struct snap *s,
							  struct pkt *p, uint32_t now)
{
	return p->kind ? special_pkt(l, s, p, now) : lookup_flow(l, s, p, now);
}

/* Whom the first pass leaves a packet to that isn't a steady flow's: never ready. */
static const struct backend nobody;

struct finder {
	struct flow_table flows;
	const struct backend *servers;
	struct backend_counters *counters;
	uint32_t n_servers;
};

/* Where is the packet's flow? Asks for its server and that one's counters, which the second pass
 * touches. Returns the server if the packet changes nothing about its flow. */
static inline const struct backend *find(const struct finder *f, struct pkt *p, uint32_t now)
{
	uint32_t server;

	if (!likely(!p->aside))
		return &nobody;
	p->slot = flow_near(&f->flows, p->tag);
	if (!likely(p->slot))
		return &nobody;
	server = backend_slot(p->slot->backend);
	if (!likely(server < f->n_servers))
		return &nobody;
	__builtin_prefetch(&f->servers[server]);
	__builtin_prefetch(&f->counters[server], 1);
	if (!likely(flow_ordinary(p->tcp_flags)))
		return &nobody;
	if (!likely(flow_steady(p->slot, p->tag, now)) &&
	    !flow_renew(&f->flows, p->slot, p->tag, now))
		return &nobody;
	return &f->servers[server];
}

/* First pass: any number of cache misses can be on their way at once. */
static void find_burst(struct burst *b, const struct snap *s, const struct lookup *l, uint32_t now)
{
	const struct finder f = {l->flows[l->self], s->backend, l->backends, s->n_backends};

	for (struct pkt *p = b->pkt, *end = p + b->n; p < end; p++)
		p->backend = find(&f, p, now);
}

/* Second pass. A steady flow's slot can't be evicted by a packet of this burst (flow_add), but it
 * can be given another server: it is the flow that is asked. */
static void forward_burst(struct burst *b, const struct snap *s, struct lookup *l, uint32_t now)
{
	for (struct pkt *p = b->pkt, *end = p + b->n; p < end; p++) {
		const struct backend *be = p->backend;

		if (likely(be->flags & BACKEND_READY && be->id == p->slot->backend)) {
			count(l, s, be, p);
			continue;
		}
		p->backend = NULL;
		if (!p->drop)
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
	b->self = &s->self[l->nic];
	b->tunnel = s->tunnel;
	find_burst(b, s, l, now);
	forward_burst(b, s, l, now);
}
