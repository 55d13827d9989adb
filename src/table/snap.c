/* SPDX-License-Identifier: BSD-2-Clause */
#define _LGPL_SOURCE /* read-side primitives of liburcu as inline code */
#include "table/snap.h"

#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

/* The one global variable. */
static struct snap *current;

enum {
	CACHE_LINE = 64
};

static size_t line_round(size_t bytes)
{
	return (bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
}

/* At most half full, so that a probe for an absent service ends soon; never full. */
static uint32_t index_size(uint32_t n_services)
{
	uint32_t size = 2;

	while (size < 2 * n_services)
		size *= 2;
	return size;
}

/* One block: the snapshot, its backends, services and index, each from a cache line on. Clearing
 * it touches every page, so that no worker ever takes a fault here. */
struct snap *snap_new(uint32_t n_services, uint32_t n_backends, const struct hash_key *key)
{
	uint32_t n_index = index_size(n_services);
	size_t backends = line_round(sizeof(struct snap));
	size_t services = backends + line_round(n_backends * sizeof(struct backend));
	size_t index = services + line_round(n_services * sizeof(struct service));
	size_t bytes = index + line_round(n_index * sizeof(uint32_t));
	uint8_t *block = aligned_alloc(CACHE_LINE, bytes);
	struct snap *s = (struct snap *)block;

	if (!block)
		return NULL;
	memset(block, 0, bytes);
	s->n_services = n_services;
	s->n_backends = n_backends;
	s->backend = (struct backend *)(block + backends);
	s->service = (struct service *)(block + services);
	s->index = (uint32_t *)(block + index);
	s->index_mask = n_index - 1;
	s->key = *key;
	return s;
}

static uint32_t index_home(const struct snap *s, const struct endpoint *ep)
{
	uint64_t word[sizeof(*ep) / sizeof(uint64_t)];

	memcpy(word, ep, sizeof(word));
	return (uint32_t)hash_words(&s->key, word, sizeof(word) / sizeof(*word)) & s->index_mask;
}

void snap_index(struct snap *s)
{
	memset(s->index, 0, (s->index_mask + 1) * sizeof(*s->index));
	for (uint32_t n = 0; n < s->n_services; n++) {
		uint32_t i = index_home(s, &s->service[n].ep);

		while (s->index[i])
			i = (i + 1) & s->index_mask;
		s->index[i] = n + 1;
	}
}

void snap_free(struct snap *s)
{
	if (!s)
		return;
	for (uint32_t n = 0; n < s->n_services; n++)
		pick_put(s->service[n].pick);
	/* For whoever still looks: no published snapshot has this generation. */
	__atomic_store_n(&s->generation, 0, __ATOMIC_RELAXED);
	free(s);
}

void snap_publish(struct snap *next)
{
	struct snap *old = rcu_xchg_pointer(&current, next);

	synchronize_rcu();
	snap_free(old);
}

const struct snap *snap_get(void)
{
	return rcu_dereference(current);
}

const struct service *snap_service(const struct snap *s, const struct endpoint *ep)
{
	uint32_t n;

	for (uint32_t i = index_home(s, ep); (n = s->index[i]); i = (i + 1) & s->index_mask) {
		const struct service *svc = &s->service[n - 1];

		if (!memcmp(&svc->ep, ep, sizeof(*ep)))
			return svc;
	}
	return NULL;
}
