/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes, neighbours and links from the kernel, by netlink. The kernel keeps the servers' MAC
 * addresses resolved (NTF_MANAGED; NTF_USE asked again where that is missing); this module says
 * what is known of each, at once when it changes. */
#ifndef SHUNT_MGMT_NEIGH_H
#define SHUNT_MGMT_NEIGH_H

#include <uv.h>

#include "base/addr.h"
#include "base/dataplane.h"
#include "mgmt/model.h"

struct neigh;

/* Called from the loop and by neigh_settle, never from within neigh_watch. They may watch and
 * unwatch (the server they are told of, too), but not close. The first turn of the loop tells of
 * NICs that aren't up, or have another MAC address than dp says. */
struct neigh_hooks {
	void *ctx;
	/* What is known of a watched server changed. */
	void (*reach)(void *ctx, const struct addr *server, const struct reach *reach);
	/* One of our NICs: its MAC address or whether it is up changed. */
	void (*nic)(void *ctx, uint16_t nic, const uint8_t mac[6], bool up);
	/* One of our NICs was deleted (ifindex gone), or its name is back with another ifindex. */
	void (*nic_gone)(void *ctx, uint16_t nic);
	void (*nic_back)(void *ctx, uint16_t nic);
};

/* Opens netlink and starts watching links, routes and neighbours on the loop. dp is borrowed.
 * Returns 0 or -errno. Management thread, as all of it. */
int neigh_open(struct neigh **out, uv_loop_t *loop, const struct dataplane *dp,
	       const struct neigh_hooks *hooks);

/* Starts keeping a server's neighbour resolved; the hook soon tells what is known. Watching one
 * address twice is the same as once. */
int neigh_watch(struct neigh *n, const struct addr *server);

/* Asks the kernel about all servers that were watched so far, now: some 50 us each. For an engine
 * that takes over, so that its workers don't start without a neighbour. */
void neigh_settle(struct neigh *n);

/* Stops it, and takes back the kernel's managed entry if it was ours. What the kernel knows
 * of the server stays there, as an ordinary entry. */
void neigh_unwatch(struct neigh *n, const struct addr *server);

/* A watched server may have another MAC address than the kernel believes, or have gone: asks all
 * its neighbours for it. The kernel hears the answer, and the hook what comes of it. */
void neigh_suspect(struct neigh *n, const struct addr *server);

/* What is known of a watched server; NULL: it isn't watched. Until the next call. */
const struct reach *neigh_reach(const struct neigh *n, const struct addr *server);

/* Everything that is watched, for `show neighbours`. */
void neigh_each(struct neigh *n,
		void (*fn)(void *ctx, const struct addr *server, const struct reach *reach),
		void *ctx);

/* Takes back all that it set in the kernel and closes; the loop has to run once more for the rest
 * of its memory. An engine that dies instead leaves its entries to the next one, which knows them
 * by NEIGH_PROTO. Takes NULL. */
void neigh_close(struct neigh *n);

#endif
