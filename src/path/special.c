/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/special.h"

#include "base/clock.h"
#include "base/wire.h"
#include "path/answer.h"
#include "path/classify.h"
#include "path/schedule.h"

/* What all fragments of a datagram have in common, and no others for a while: with IPv4 that is
 * also the protocol (RFC 791); with IPv6 each may name another header (RFC 8200, 4.5). */
static uint64_t datagram_tag(const struct lookup *l, const struct pkt *p)
{
	const uint8_t *ip = p->data + p->l3;
	uint64_t word[5] = {(uint64_t)p->frag_id << 32 | (p->v4 ? 256u + p->proto : 0)};
	uint64_t tag;

	if (p->v4)
		memcpy(&word[1], ip + offsetof(struct wire_ip4, addrs), 8);
	else
		memcpy(&word[1], ip + offsetof(struct wire_ip6, addrs), 32);
	tag = hash_words(&l->key->hash, word, p->v4 ? 2 : 5);
	return tag ? tag : 1;
}

static struct frag_piece piece_of(const struct lookup *l, const struct pkt *p)
{
	return (struct frag_piece){
		.tag = datagram_tag(l, p),
		.first = p->frag_off / 8,
		.units = (uint16_t)((p->end - p->l4 + 7) / 8 + p->frag_skip),
		.last = !p->frag_more,
	};
}

static enum drop frag_drop(enum frag_verdict v)
{
	switch (v) {
	case FRAG_FORWARD:
		return DROP_NONE;
	case FRAG_WAIT:
		return (enum drop)PKT_KEPT;
	case FRAG_FULL:
		return DROP_FRAG_FULL;
	case FRAG_OVERLAP:
	case FRAG_REFUSED:
		break;
	}
	return DROP_FRAG_OVERLAP;
}

/* A first fragment is a flow's packet, and the others follow it. */
static enum drop first_fragment(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now)
{
	const struct frag_piece piece = piece_of(l, p);
	struct pkt flow = *p;
	struct tuple t;
	enum frag_verdict v;
	enum drop why;

	if (!pkt_tuple(p, &t))
		return DROP_FRAG_BAD;
	flow.tag = tuple_tag(&t, l->key);
	flow.slot = NULL;
	why = lookup_flow(l, s, &flow, now);
	v = frag_first(&l->frags, &piece, why ? FRAG_NOBODY : flow.backend->id, now);
	p->backend = flow.backend;
	return why ? why : frag_drop(v);
}

static enum drop later_fragment(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now)
{
	const struct frag_piece piece = piece_of(l, p);
	const struct backend *be;
	uint32_t id;
	enum drop why = frag_drop(frag_later(&l->frags, &piece, now, &id));

	if (why)
		return why;
	be = snap_backend(s, id);
	return be ? lookup_forward(l, s, p, be) : DROP_REMOVED;
}

static enum drop park(struct lookup *l, const struct pkt *p)
{
	struct park *k = l->park;

	if (k->n == PARK_MAX)
		return DROP_FRAG_FULL;
	k->pkt[k->n] = *p;
	k->since[k->n] = clock_ns();
	counter_add(&l->counters->parked, 1);
	k->n++;
	return (enum drop)PKT_KEPT;
}

static enum drop fragment(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now)
{
	enum drop why;

	if (!p->frag_off)
		return first_fragment(l, s, p, now);
	why = later_fragment(l, s, p, now);
	return why == (enum drop)PKT_KEPT ? park(l, p) : why;
}

void special_unpark(struct lookup *l, const struct snap *s, struct burst *b, uint32_t now,
		    uint64_t ns)
{
	struct park *k = l->park;
	uint32_t kept = 0;

	b->n = 0;
	b->self = &s->self[l->nic];
	b->tunnel = s->tunnel;
	for (uint32_t i = 0; i < k->n; i++) {
		struct pkt *p = &k->pkt[i];
		enum drop why = (enum drop)PKT_KEPT;

		if (b->n < BURST_MAX)
			why = later_fragment(l, s, p, now);
		if (why == (enum drop)PKT_KEPT && b->n < BURST_MAX && ns - k->since[i] > PARK_NS)
			why = DROP_FRAG_LATE;
		if (why == (enum drop)PKT_KEPT) {
			k->since[kept] = k->since[i];
			k->pkt[kept++] = *p;
			continue;
		}
		p->drop = (uint8_t)why;
		b->pkt[b->n++] = *p;
	}
	k->n = kept;
	__atomic_store_n(&l->counters->parked, kept, __ATOMIC_RELAXED);
}

/* An error is the business of the server whose packet it is about: the flow's, whichever queue
 * the flow comes in on; or the one that it would go to, if that follows from the packet. */
static enum drop icmp_error(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now)
{
	const struct backend *be;
	const struct service *svc;
	struct tuple t;

	if (!pkt_tuple(p, &t))
		return DROP_ICMP;
	be = lookup_peek(l, s, tuple_tag(&t, l->key), now);
	if (!be) {
		const struct endpoint ep = tuple_endpoint(&t);

		svc = snap_match(s, &ep);
		if (svc && svc->sched == SCHEDULER_MH)
			be = schedule_by_hash(l, s, svc, &t);
	}
	return be ? lookup_forward(l, s, p, be) : DROP_ICMP;
}

/* A question for a virtual address that is shunt's: the frame goes back as its answer. */
static enum drop answer(struct lookup *l, const struct snap *s, struct pkt *p)
{
	const uint8_t *own = snap_own_mac(s, l->nic);
	const struct addr target = answer_target(p);
	bool done;

	if (!snap_has_address(s, &target))
		return DROP_NO_SERVICE;
	done = p->kind == PKT_ARP    ? answer_arp(p, own)
	       : p->kind == PKT_ECHO ? answer_echo(p, own)
				     : answer_solicit(p, own);

	if (!done)
		return DROP_NOT_OURS;
	p->kind = PKT_ANSWER;
	p->backend = &s->self[l->nic];
	counter_add(&l->counters->answered, 1);
	return DROP_NONE;
}

/* An echo request to an address that the kernel owns comes here only if some service is for every
 * protocol. */
static enum drop echo(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now)
{
	struct tuple t;

	if (l->owner[l->nic])
		return answer(l, s, p);
	p->kind = PKT_FLOW;
	pkt_tuple(p, &t);
	p->tag = tuple_tag(&t, l->key);
	p->slot = NULL;
	return lookup_flow(l, s, p, now);
}

enum drop special_pkt(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now)
{
	enum drop why = classify_macs(p, snap_own_mac(s, l->nic));

	if (why)
		return why;
	switch ((enum pkt_kind)p->kind) {
	case PKT_FRAGMENT:
		return fragment(l, s, p, now);
	case PKT_ICMP_ERROR:
		return icmp_error(l, s, p, now);
	case PKT_ECHO:
		return echo(l, s, p, now);
	case PKT_ARP:
	case PKT_SOLICIT:
		return l->owner[l->nic] ? answer(l, s, p) : DROP_NOT_OURS;
	case PKT_FLOW:
	case PKT_ANSWER:
		break;
	}
	return DROP_NOT_L4;
}
