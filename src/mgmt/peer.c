/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/peer.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int peer_compare(const void *left, const void *right)
{
	const struct peer *a = left, *b = right;

	return memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

struct peer *peer_find(const struct peers *p, const struct addr *addr)
{
	struct peer key = {.addr = *addr};
	struct peer **node = tfind(&key, &p->tree, peer_compare);

	return node ? *node : NULL;
}

struct peer *peer_get(struct peers *p, const struct addr *addr)
{
	struct peer *peer = peer_find(p, addr);

	if (!peer) {
		peer = calloc(1, sizeof(*peer));
		if (!peer)
			return NULL;
		peer->addr = *addr;
		if (!tsearch(peer, &p->tree, peer_compare)) {
			free(peer);
			return NULL;
		}
	}
	peer->refs++;
	return peer;
}

void peer_ref(struct peer *peer)
{
	peer->refs++;
}

void peer_put(struct peers *p, struct peer *peer)
{
	if (--peer->refs)
		return;
	tdelete(peer, &p->tree, peer_compare);
	if (peer->watched && p->hooks->unwatch)
		p->hooks->unwatch(p->hooks->ctx, &peer->addr);
	free(peer);
}

void peer_watch(struct peers *p, struct peer *peer)
{
	if (peer->watched)
		return;
	peer->watched = true;
	if (p->hooks->watch)
		p->hooks->watch(p->hooks->ctx, &peer->addr);
}
