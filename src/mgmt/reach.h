/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging how a server is reached, from what the kernel says of its route and its neighbour entry.
 * All are pure; any thread. */
#ifndef SHUNT_MGMT_REACH_H
#define SHUNT_MGMT_REACH_H

#include "base/dataplane.h"
#include "mgmt/model.h"
#include "mgmt/nlmsg.h"

/* What the route decides. reach.state REACH_UNKNOWN: nothing yet, but all of reach but its MAC is
 * known; the neighbour via on oif has that. */
struct reach_route {
	struct reach reach;
	struct addr via; /* the server or its router */
	int oif;	 /* the way out; 0: none. Of a VLAN's device, its own */
	const char *why; /* for people: cause and cure; NULL if the state is REACH_UNKNOWN */
};

/* The way to the server. err: of nl_route_get; r is read if that is 0. link: what is known of r's
 * interface, or NULL. */
struct reach_route reach_of_route(const struct addr *server, int err, const struct nl_route *r,
				  const struct nl_link *link, const struct dataplane *dp);

/* e: NULL if there is no entry. own: the MAC addresses of our n NICs. Never less than
 * REACH_UNRESOLVED. */
enum reach_state reach_of_neigh(const struct nl_neigh *e, const uint8_t (*own)[6], uint32_t n);

/* Has it a MAC that may be used? A server that is being probed still has. */
bool reach_neigh_valid(const struct nl_neigh *e);

/* Is it kept fresh on our behalf? */
bool reach_neigh_ours(const struct nl_neigh *e);

/* Does somebody else say what is in it: an administrator (permanent), or another program (learned
 * or managed)? Then it is used as it is and never touched. */
bool reach_neigh_foreign(const struct nl_neigh *e);

bool reach_equal(const struct reach *a, const struct reach *b);

#endif
