/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/reach.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum {
	NUD_HAS_MAC = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_NOARP | NUD_PERMANENT
};

static bool find_nic(const struct dataplane *dp, int ifindex, uint16_t *nic)
{
	for (uint32_t i = 0; i < dp->n_nics; i++) {
		if (dp->nic[i].ifindex == ifindex) {
			*nic = i;
			return true;
		}
	}
	return false;
}

/* One of our NICs, or a VLAN on one. */
static bool find_way(const struct dataplane *dp, int oif, const struct nl_link *link,
		     struct reach *out)
{
	if (find_nic(dp, oif, &out->nic))
		return true;
	if (!link || !link->vlan || !find_nic(dp, link->lower, &out->nic))
		return false;
	out->vlan = link->vlan;
	return true;
}

static uint16_t way_mtu(const struct nl_route *r, const struct nl_link *link)
{
	uint32_t mtu = link ? link->mtu : 0;

	if (r->mtu && (!mtu || r->mtu < mtu))
		mtu = r->mtu;
	return (uint16_t)(mtu < UINT16_MAX ? mtu : UINT16_MAX);
}

struct reach_route reach_of_route(const struct addr *server, int err, const struct nl_route *r,
				  const struct nl_link *link, const struct dataplane *dp)
{
	struct reach_route out = {.reach.state = REACH_NO_ROUTE, .via = *server};

	if (err) {
		out.why = "no route leads to it; give an interface of shuntd an address in its "
			  "network";
		return out;
	}
	out.oif = r->oif;
	if (r->type == RTN_LOCAL) {
		out.why = "it is this host itself, which can't be one of its own servers";
	} else if (r->type != RTN_UNICAST || !r->oif) {
		out.why = "its route isn't one to a single host; see `ip route get`";
	} else if (!find_way(dp, r->oif, link, &out.reach)) {
		out.why = "its route leaves through an interface that shuntd doesn't serve; start "
			  "shuntd with -i for that one, or change the route";
	} else {
		out.reach.state = REACH_UNKNOWN;
		out.reach.gateway = r->gateway;
		out.reach.src = r->src;
		out.reach.mtu = way_mtu(r, link);
		if (r->gateway)
			out.via = r->via;
	}
	return out;
}

bool reach_neigh_valid(const struct nl_neigh *e)
{
	return e->has_mac && (e->nud & NUD_HAS_MAC);
}

enum reach_state reach_of_neigh(const struct nl_neigh *e, const uint8_t (*own)[6], uint32_t n)
{
	if (!e || !reach_neigh_valid(e))
		return REACH_UNRESOLVED;
	if (mac_is_zero(e->mac) || mac_is_multicast(e->mac))
		return REACH_BAD_MAC;
	for (uint32_t i = 0; i < n; i++) {
		if (!memcmp(e->mac, own[i], 6))
			return REACH_BAD_MAC;
	}
	return REACH_OK;
}

bool reach_neigh_ours(const struct nl_neigh *e)
{
	return e->managed && e->protocol == NEIGH_PROTO;
}

bool reach_neigh_foreign(const struct nl_neigh *e)
{
	if (e->nud & (NUD_PERMANENT | NUD_NOARP))
		return true;
	return e->protocol != NEIGH_PROTO && (e->managed || e->flags & NTF_EXT_LEARNED);
}

bool reach_equal(const struct reach *a, const struct reach *b)
{
	return a->state == b->state && a->nic == b->nic && a->vlan == b->vlan && a->mtu == b->mtu &&
	       a->gateway == b->gateway && addr_equal(&a->src, &b->src) &&
	       !memcmp(a->mac, b->mac, 6);
}
