/* SPDX-License-Identifier: BSD-2-Clause */
#define _LGPL_SOURCE /* read-side primitives of liburcu as inline code */
#include "table/snap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <urcu-qsbr.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The one global variable. */
static struct snap *current;

enum {
	CACHE_LINE = 64,
	LARGE = 128 << 10, /* from here on a block is a mapping of its own */
	HUGE_PAGE = 2 << 20
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

/* In huge pages if there is room for one: fewer faults here, fewer TLB misses in the workers. */
static void *block_map(size_t bytes)
{
	size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : 0, head;
	uint8_t *map = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || !align)
		return map == MAP_FAILED ? NULL : map;
	head = -(uintptr_t)map & (HUGE_PAGE - 1);
	if (head)
		munmap(map, head);
	if (align - head)
		munmap(map + head + bytes, align - head);
	madvise(map + head, bytes, MADV_HUGEPAGE); /* where the kernel has none, small ones do */
	return map + head;
}

/* What a large block would leave behind on the heap is soon taken in part by what lives longer:
 * the next one then wouldn't fit, and each change would make the heap grow. */
static void *block_new(size_t *bytes)
{
	size_t page = *bytes >= HUGE_PAGE ? HUGE_PAGE : 4096;

	if (*bytes < LARGE)
		return aligned_alloc(CACHE_LINE, *bytes);
	*bytes = (*bytes + page - 1) & ~(page - 1);
	return block_map(*bytes);
}

static void block_free(void *block, size_t bytes)
{
	if (bytes < LARGE)
		free(block);
	else
		munmap(block, bytes);
}

/* One block: the snapshot, its backends, tunnels, services and index, each from a cache line on.
 * Clearing it touches every page, so that no worker ever takes a fault here. */
struct snap *snap_new(uint32_t n_services, uint32_t n_backends, uint32_t n_tunnels,
		      const struct hash_key *key)
{
	uint32_t n_index = index_size(n_services);
	size_t backends = line_round(sizeof(struct snap));
	size_t tunnels = backends + line_round(n_backends * sizeof(struct backend));
	size_t services = tunnels + (n_tunnels ? n_backends * sizeof(struct tunnel) : 0);
	size_t index = services + line_round(n_services * sizeof(struct service));
	size_t bytes = index + line_round(n_index * sizeof(uint32_t));
	uint8_t *block = block_new(&bytes);
	struct snap *s = (struct snap *)block;

	if (!block)
		return NULL;
	memset(block, 0, bytes);
	s->bytes = bytes;
	s->n_services = n_services;
	s->n_backends = n_backends;
	s->backend = (struct backend *)(block + backends);
	s->n_tunnels = n_tunnels;
	s->tunnel = n_tunnels ? (struct tunnel *)(block + tunnels) : NULL;
	s->service = (struct service *)(block + services);
	s->index = (uint32_t *)(block + index);
	s->index_mask = n_index - 1;
	s->key = *key;
	return s;
}

/* A fast hash will do: what lies in the index is the operator's choice. Whoever sends packets only
 * chooses what is looked for, and the longest search is what the operator's table makes it. */
static uint32_t index_home(const struct snap *s, const struct endpoint *ep)
{
	return (uint32_t)XXH3_64bits_withSeed(ep, sizeof(*ep), s->key.k[0]) & s->index_mask;
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	uint64_t x[3], y[3];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]));
}

/* Which kinds of services there are: what isn't there needn't be looked for. */
static void index_kinds(struct snap *s)
{
	bool has[SNAP_PREFIXES + 1] = {false};

	s->any_port = false;
	for (uint32_t n = 0; n < s->n_services; n++) {
		s->any_port |= !s->service[n].ep.port;
		has[s->service[n].ep.prefix & SNAP_PREFIXES] = true;
	}
	s->n_prefixes = 0;
	for (uint8_t bits = SNAP_PREFIXES; bits; bits--)
		if (has[bits])
			s->prefix[s->n_prefixes++] = bits;
}

void snap_index(struct snap *s)
{
	index_kinds(s);
	memset(s->index, 0, (s->index_mask + 1) * sizeof(*s->index));
	for (uint32_t n = 0; n < s->n_services; n++) {
		uint32_t i = index_home(s, &s->service[n].ep);

		while (s->index[i])
			i = (i + 1) & s->index_mask;
		s->index[i] = n + 1;
	}
}

void snap_index_copy(struct snap *s, const struct snap *from)
{
	memcpy(s->index, from->index, (s->index_mask + 1) * sizeof(*s->index));
	memcpy(s->prefix, from->prefix, sizeof(s->prefix));
	s->n_prefixes = from->n_prefixes;
	s->any_port = from->any_port;
}

static struct addr addr_masked(const struct addr *a, uint32_t bits)
{
	struct addr m = {.b = {0}};

	memcpy(m.b, a->b, bits / 8);
	if (bits % 8)
		m.b[bits / 8] = (uint8_t)(a->b[bits / 8] & 0xff00 >> bits % 8);
	return m;
}

bool snap_has_address(const struct snap *s, const struct addr *a)
{
	for (uint32_t n = 0; n < s->n_services; n++) {
		const struct endpoint *ep = &s->service[n].ep;
		const struct addr m = ep->prefix ? addr_masked(a, ep->prefix) : *a;

		if (addr_equal(&m, &ep->addr))
			return true;
	}
	return false;
}

/* A service whose address part is that of at: for its port, all ports, all protocols. */
static const struct service *match_ports(const struct snap *s, struct endpoint at)
{
	const struct service *svc = snap_service(s, &at);

	if (svc || !s->any_port)
		return svc;
	at.port = 0;
	svc = snap_service(s, &at);
	if (svc)
		return svc;
	at.proto = 0;
	return snap_service(s, &at);
}

const struct service *snap_match(const struct snap *s, const struct endpoint *to)
{
	const struct service *svc = match_ports(s, *to);
	struct endpoint at = *to;

	for (uint32_t i = 0; i < s->n_prefixes && !svc; i++) {
		at.prefix = s->prefix[i];
		at.addr = addr_masked(&to->addr, at.prefix);
		svc = match_ports(s, at);
	}
	return svc;
}

void snap_free(struct snap *s)
{
	if (!s)
		return;
	for (uint32_t n = 0; n < s->n_services; n++)
		pick_put(s->service[n].pick);
	/* For whoever still looks: no published snapshot has this generation. */
	__atomic_store_n(&s->generation, 0, __ATOMIC_RELAXED);
	block_free(s, s->bytes);
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

		if (same_endpoint(&svc->ep, ep))
			return svc;
	}
	return NULL;
}
