/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's rtnetlink messages as plain structs: what mgmt/neigh.c asks and hears. libmnl does
 * the building and the walking. */
#ifndef SHUNT_MGMT_NLMSG_H
#define SHUNT_MGMT_NLMSG_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* NDA_PROTOCOL of the entries that shunt keeps: how an engine knows those of an earlier one. */
enum {
	NEIGH_PROTO = 83
};

struct nl_route {
	uint8_t type; /* RTN_UNICAST, ... */
	int oif;      /* 0: none */
	bool gateway; /* by a router: via */
	struct addr via;
	struct addr src; /* what the kernel would send from; :: if it doesn't say */
	uint32_t mtu;	 /* of this route; 0: that of the link */
};

/* What a route event is about. */
struct nl_prefix {
	struct addr addr;
	unsigned int bits; /* of the 128: an IPv4 /24 has 120 */
	bool v4;
};

struct nl_neigh {
	struct addr addr;
	int ifindex;
	uint16_t nud;	  /* NUD_REACHABLE, ... */
	uint8_t flags;	  /* NTF_EXT_LEARNED, ... */
	uint8_t protocol; /* who set it */
	bool managed;	  /* NTF_EXT_MANAGED: the kernel keeps it fresh */
	bool has_mac;
	uint8_t mac[6]; /* if has_mac */
};

struct nl_link {
	int ifindex;
	char name[IFNAMSIZ];
	bool up; /* administratively, and it has carrier */
	bool has_mac;
	uint8_t mac[6]; /* if has_mac */
	uint32_t mtu;
	int lower;     /* what a VLAN device is on; 0: none, or in another namespace */
	uint16_t vlan; /* of a VLAN device: its id; 0: it isn't one */
};

/* Reading one message: pure; any thread. 0, -EINVAL (malformed, or not of this kind) or
 * -EAFNOSUPPORT (of a family or sort that isn't ours: bridge ports, proxy entries). */
int nl_read_route(const struct nlmsghdr *nlh, struct nl_route *out);
int nl_read_prefix(const struct nlmsghdr *nlh, struct nl_prefix *out);
int nl_read_neigh(const struct nlmsghdr *nlh, struct nl_neigh *out);
int nl_read_link(const struct nlmsghdr *nlh, struct nl_link *out);

bool nl_prefix_covers(const struct nl_prefix *p, const struct addr *a);

/* Building one request into buf (of 256 bytes at least); pure. ifindex 0: by name. */
struct nlmsghdr *nl_ask_route(void *buf, const struct addr *to);
struct nlmsghdr *nl_ask_neigh(void *buf, int ifindex, const struct addr *a);
struct nlmsghdr *nl_ask_link(void *buf, int ifindex, const char *name);

/* What can be done to a neighbour entry. None changes a MAC that is known, but never use any on a
 * permanent entry: the kernel would make it an ordinary one. */
enum nl_neigh_op {
	NEIGH_MANAGE,	/* have the kernel resolve it and keep it fresh, out of the garbage
			 * collector's reach; made if it isn't there */
	NEIGH_USE,	/* resolve it once, as if a packet had been sent; made if it isn't there */
	NEIGH_UNMANAGE, /* take NEIGH_MANAGE back */
	NEIGH_DELETE,
};
struct nlmsghdr *nl_ask_neigh_op(void *buf, enum nl_neigh_op op, int ifindex, const struct addr *a);

#endif
