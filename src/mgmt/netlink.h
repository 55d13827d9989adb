/* SPDX-License-Identifier: BSD-2-Clause */
/* rtnetlink: asking the kernel for routes, neighbours and links, and hearing of their changes. */
#ifndef SHUNT_MGMT_NETLINK_H
#define SHUNT_MGMT_NETLINK_H

#include "mgmt/nlmsg.h"

enum {
	NETLINK_BUFFER = 32768
}; /* no message is longer */

/* A socket for requests. The kernel answers within the call that asks, so these don't wait but for
 * the kernel's own locks; at worst 50 ms each. Management thread. */
struct nl;
int nl_open(struct nl **out);
void nl_close(struct nl *nl); /* takes NULL */

/* 0, or -errno as the kernel gave it: -ENETUNREACH and the like from nl_route_get, -ENOENT from
 * nl_neigh_get, -ENODEV from nl_link_get. -ETIMEDOUT: no answer came. */
int nl_route_get(struct nl *nl, const struct addr *to, struct nl_route *out);
int nl_neigh_get(struct nl *nl, int ifindex, const struct addr *a, struct nl_neigh *out);
int nl_link_get(struct nl *nl, int ifindex, const char *name, struct nl_link *out);

int nl_neigh_set(struct nl *nl, enum nl_neigh_op op, int ifindex, const struct addr *a);

/* Opens a non-blocking socket that hears of links, neighbours, routes, addresses and rules. */
int nl_events_open(struct mnl_socket **out);

#endif
