/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses of all servers, each once, however many services have it: what is known of its
 * neighbour, and whether that is asked for. Management thread. */
#ifndef SHUNT_MGMT_PEER_H
#define SHUNT_MGMT_PEER_H

#include "mgmt/model.h"

struct peer {
	struct addr addr;
	struct reach reach;  /* for tunnels: by a router, too */
	struct reach direct; /* for direct routing: GATEWAY if it is by one */
	uint32_t refs;
	bool watched; /* hooks.watch was called */
};

struct peers {
	void *tree;			 /* of tsearch(3) */
	const struct model_hooks *hooks; /* unwatch is called for the last reference */
};

/* The address's peer, made if it is new, with a reference for the caller; NULL: no memory. */
struct peer *peer_get(struct peers *p, const struct addr *addr);

/* The address's peer, or NULL; no reference. */
struct peer *peer_find(const struct peers *p, const struct addr *addr);

void peer_ref(struct peer *peer);
void peer_put(struct peers *p, struct peer *peer);

/* Asks for it, if nobody has yet. */
void peer_watch(struct peers *p, struct peer *peer);

#endif
