/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/tunnel.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include "base/wire.h"
#include "path/ether.h"
#include "table/encap.h"

enum {
	MTU4_LEAST = 68,
	MTU6_LEAST = 1280,
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

void tunnel_wrap(struct pkt *p, const struct tunnel *t)
{
	uint8_t *at;
	uint16_t priority = ether_priority(p); /* the tag is about to be overwritten */

	at = encap_push(t, p->data + p->l3, (uint32_t)(p->end - p->l3), p->v4, flow_hash(p));
	p->len = p->end; /* without padding */
	ether_begin(p, at, htons(addr_is_v4(&t->dst) ? ETH_P_IP : ETH_P_IPV6), priority);
}
