/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers are put in front of the packet from the inside out, each where the last one begins. */
#include "table/encap.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>

#include "base/csum.h"
#include "base/wire.h"

enum {
	TTL = 64,
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

static struct addr spread(const struct tunnel *t, uint64_t flow)
{
	struct addr src;

	for (int i = 0; i < 2; i++)
		src.q[i] = (t->src.q[i] & ~t->src_spread.q[i]) | (flow & t->src_spread.q[i]);
	return src;
}

static void look_inside(struct wrap *w, bool v4)
{
	const struct wire_ip4 *ip4 = (const void *)w->at;
	const struct wire_ip6 *ip6 = (const void *)w->at;

	if (v4) {
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

uint8_t *encap_push(const struct tunnel *t, uint8_t *packet, uint32_t len, bool v4, uint64_t flow)
{
	struct wrap w = {.t = t, .at = packet, .len = len, .flow = flow, .src = spread(t, flow)};

	look_inside(&w, v4);
	if (t->type == TUNNEL_GUE)
		push_gue(&w);
	else if (t->type == TUNNEL_GRE)
		push_gre(&w);
	if (addr_is_v4(&t->dst))
		push_ip4(&w);
	else
		push_ip6(&w);
	return w.at;
}
