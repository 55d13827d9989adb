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

struct reach_route reach_of_route(int err, const struct nl_route *r, const struct dataplane *dp)
{
	struct reach_route out = {.state = REACH_NO_ROUTE};

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
	} else if (r->gateway) {
		out.state = REACH_GATEWAY;
		out.why = "it is behind a router; direct routing needs it in a network of this "
			  "host's";
	} else if (!find_nic(dp, r->oif, &out.nic)) {
		out.why = "its route leaves through an interface that shuntd doesn't serve; start "
			  "shuntd with -i for that one, or change the route";
	} else {
		out.state = REACH_UNKNOWN;
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
