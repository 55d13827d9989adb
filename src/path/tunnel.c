/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers are put in front of the packet from the inside out, each where the last one begins. */
#include "path/tunnel.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>

#include "base/csum.h"
#include "path/ether.h"

enum {
	TTL = 64,
	MTU4_LEAST = 68,
	MTU6_LEAST = 1280,
	PORT_FIRST = 0xc000, /* the dynamic ports: RFC 6335 6 */
	PORT_BITS = 14,
	LABEL_BITS = 20,
	GRE_CSUM = 0x8000,
};

/* A packet in the making. */
struct wrap {
	const struct tunnel *t;
	uint8_t *at;	 /* its first byte so far */
	uint32_t len;	 /* from there to its end */
	uint8_t proto;	 /* of what at is, in an IP header's words */
	uint8_t tos;	 /* traffic class: DSCP and ECN */
	bool fragment;	 /* routers may fragment it */
	uint16_t id;	 /* then: its own */
	uint64_t flow;	 /* a hash */
	struct addr src; /* of the outer header */
};

static uint32_t shim_len(const struct tunnel *t)
{
	bool csum = t->flags & TUNNEL_CSUM;

	if (t->type == TUNNEL_GUE)
		return sizeof(struct wire_udp) + sizeof(struct wire_gue);
	if (t->type == TUNNEL_GRE)
		return sizeof(struct wire_gre) + (csum ? sizeof(struct wire_gre_csum) : 0);
	return 0;
}

uint32_t tunnel_overhead(const struct tunnel *t)
{
	uint32_t ip = addr_is_v4(&t->dst) ? sizeof(struct wire_ip4) : sizeof(struct wire_ip6);

	return ip + shim_len(t);
}

uint32_t tunnel_mtu(const struct pkt *p, const struct tunnel *t, uint32_t mtu)
{
	uint32_t least = p->v4 ? MTU4_LEAST : MTU6_LEAST, over = tunnel_overhead(t);

	return mtu < least + over ? least : mtu - over;
}

bool tunnel_fits(const struct pkt *p, const struct tunnel *t, uint32_t mtu)
{
	return !mtu || (uint32_t)(p->end - p->l3) + tunnel_overhead(t) <= mtu;
}

/* One flow's packets go one way through routers and to one queue of the server. The table's hash
 * is the same for all of them; its bits are mixed, so that none of it can be seen as it is. */
static uint64_t flow_hash(const struct pkt *p)
{
	uint64_t h = p->tag;

	/* MurmurHash3's finalizer (Appleby). */
	h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
	return h ^ h >> 33;
}

static struct addr spread(const struct tunnel *t, uint64_t flow)
{
	struct addr src;

	for (int i = 0; i < 2; i++)
		src.q[i] = (t->src.q[i] & ~t->src_spread.q[i]) | (flow & t->src_spread.q[i]);
	return src;
}

static void look_inside(struct wrap *w, const struct pkt *p)
{
	const struct wire_ip4 *ip4 = (const void *)w->at;
	const struct wire_ip6 *ip6 = (const void *)w->at;

	if (p->v4) {
		w->proto = IPPROTO_IPIP;
		w->tos = ip4->tos;
		w->fragment = !(ip4->frag & htons(IP_DF));
		/* The sender's ids differ within a flow (RFC 6864), flows by their hash. */
		w->id = (uint16_t)(ntohs(ip4->id) + (w->flow >> 48));
	} else {
		w->proto = IPPROTO_IPV6;
		w->tos = (uint8_t)(ip6->version_class << 4 | ip6->class_label[0] >> 4);
	}
}

static void push(struct wrap *w, const void *header, uint32_t len)
{
	w->at -= len;
	w->len += len;
	memcpy(w->at, header, len);
}

static void push_gre(struct wrap *w)
{
	const struct wire_gre_csum none = {0};
	struct wire_gre gre = {.proto = htons(w->proto == IPPROTO_IPIP ? ETH_P_IP : ETH_P_IPV6)};
	struct wire_gre_csum sum = none;

	if (w->t->flags & TUNNEL_CSUM) {
		gre.flags = htons(GRE_CSUM);
		push(w, &none, sizeof(none));
	}
	push(w, &gre, sizeof(gre));
	if (w->t->flags & TUNNEL_CSUM) {
		sum.check = (__sum16)~csum_fold(csum_add(0, w->at, w->len));
		memcpy(w->at + sizeof(gre), &sum, sizeof(sum));
	}
	w->proto = IPPROTO_GRE;
}

static void push_gue(struct wrap *w)
{
	struct wire_gue gue = {.proto = w->proto};
	struct wire_udp udp = {
		.ports = {htons((uint16_t)(PORT_FIRST | w->flow >> (64 - PORT_BITS))), w->t->port},
		.len = htons((uint16_t)(w->len + sizeof(gue) + sizeof(udp))),
	};
	uint32_t sum;

	push(w, &gue, sizeof(gue));
	push(w, &udp, sizeof(udp));
	w->proto = IPPROTO_UDP;
	if (!(w->t->flags & TUNNEL_CSUM))
		return; /* for IPv6 too: RFC 6935 */
	if (addr_is_v4(&w->t->dst)) {
		__be32 addrs[2] = {w->src.w[3], w->t->dst.w[3]};

		sum = csum_pseudo((uint8_t *)addrs, sizeof(addrs), IPPROTO_UDP, w->len);
	} else {
		struct addr addrs[2] = {w->src, w->t->dst};

		sum = csum_pseudo(addrs[0].b, sizeof(addrs), IPPROTO_UDP, w->len);
	}
	udp.check = (__sum16)~csum_fold(csum_add(sum, w->at, w->len));
	if (!udp.check)
		udp.check = 0xffff;
	memcpy(w->at, &udp, sizeof(udp));
}

static void push_ip4(struct wrap *w)
{
	struct wire_ip4 ip = {
		.version_ihl = 0x45,
		.tos = w->tos,
		.len = htons((uint16_t)(w->len + sizeof(ip))),
		.id = htons(w->fragment ? w->id : 0),
		.frag = htons(w->fragment ? 0 : IP_DF),
		.ttl = TTL,
		.proto = w->proto,
	};

	memcpy(ip.addrs, &w->src.w[3], 4);
	memcpy(ip.addrs + 4, &w->t->dst.w[3], 4);
	ip.check = (__sum16)~csum_fold(csum_add(0, &ip, sizeof(ip)));
	push(w, &ip, sizeof(ip));
}

static void push_ip6(struct wrap *w)
{
	uint32_t label = (uint32_t)(w->flow >> (64 - LABEL_BITS));
	struct wire_ip6 ip = {
		.version_class = (uint8_t)(0x60 | w->tos >> 4),
		.class_label = {(uint8_t)(w->tos << 4 | label >> 16), (uint8_t)(label >> 8),
				(uint8_t)label},
		.len = htons((uint16_t)w->len),
		.next = w->proto,
		.hops = TTL,
	};

	memcpy(ip.addrs, w->src.b, 16);
	memcpy(ip.addrs + 16, w->t->dst.b, 16);
	push(w, &ip, sizeof(ip));
}

void tunnel_wrap(struct pkt *p, const struct tunnel *t)
{
	struct wrap w = {.t = t, .at = p->data + p->l3, .len = (uint32_t)(p->end - p->l3)};
	uint16_t priority = ether_priority(p); /* the tag is about to be overwritten */
	bool v4 = addr_is_v4(&t->dst);

	w.flow = flow_hash(p);
	w.src = spread(t, w.flow);
	look_inside(&w, p);
	if (t->type == TUNNEL_GUE)
		push_gue(&w);
	else if (t->type == TUNNEL_GRE)
		push_gre(&w);
	if (v4)
		push_ip4(&w);
	else
		push_ip6(&w);
	p->len = p->end; /* without padding */
	ether_begin(p, w.at, htons(v4 ? ETH_P_IP : ETH_P_IPV6), priority);
}
