/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging how a server is reached, from what the kernel says of its route and its neighbour entry.
 * All are pure; any thread. */
#ifndef SHUNT_MGMT_REACH_H
#define SHUNT_MGMT_REACH_H

#include "base/dataplane.h"
#include "mgmt/model.h"
#include "mgmt/nlmsg.h"

/* What the route decides. state REACH_UNKNOWN: nothing yet, the neighbour on nic does. */
struct reach_route {
	enum reach_state state;
	uint16_t nic;	 /* if state is REACH_UNKNOWN */
	int oif;	 /* the way out; 0: none */
	const char *why; /* for people: cause and cure; NULL if state is REACH_UNKNOWN */
};

/* err: of nl_route_get; r is read if that is 0. */
struct reach_route reach_of_route(int err, const struct nl_route *r, const struct dataplane *dp);

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
