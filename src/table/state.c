/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/state.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
	STATE_VERSION = 4, /* of the layout below: another one starts with an empty table */
	BLOCK = 1 << 16,   /* bytes of records with a checksum of their own */
	SERVICE_BLOCKS = (SERVICES_MAX * sizeof(struct state_service) + BLOCK - 1) / BLOCK,
	BACKEND_BLOCKS = (BACKENDS_MAX * sizeof(struct state_backend) + BLOCK - 1) / BLOCK,
};

static const char state_magic[8] = "shuntST";

struct copy {
	uint64_t generation; /* the greater one is newer; 0: not whole. A: written last */
	uint64_t checksum;   /* of what lies between this and the records */
	uint32_t n_services;
	uint32_t n_backends;
	uint64_t service_sum[SERVICE_BLOCKS];
	uint64_t backend_sum[BACKEND_BLOCKS];
	struct state_service service[SERVICES_MAX];
	struct state_backend backend[BACKENDS_MAX];
};

struct state {
	char magic[8]; /* B: written last */
	uint32_t version;
	uint32_t pad;
	uint64_t bytes;
	struct hash_key key;
	struct copy copy[2]; /* the first is written first */
};

size_t state_bytes(void)
{
	return sizeof(struct state);
}

/* Blocks that hold the first bytes, the last one perhaps in part. */
static uint32_t blocks_of(size_t bytes)
{
	return (uint32_t)((bytes + BLOCK - 1) / BLOCK);
}

static uint64_t block_sum(const void *records, size_t bytes, uint32_t block)
{
	size_t from = (size_t)block * BLOCK, n = bytes - from < BLOCK ? bytes - from : BLOCK;

	return XXH3_64bits_withSeed((const uint8_t *)records + from, n, block);
}

static bool blocks_whole(const void *records, size_t bytes, const uint64_t *sum)
{
	for (uint32_t i = 0; i < blocks_of(bytes); i++) {
		if (sum[i] != block_sum(records, bytes, i))
			return false;
	}
	return true;
}

static size_t service_bytes(const struct copy *c)
{
	return c->n_services * sizeof(*c->service);
}

static size_t backend_bytes(const struct copy *c)
{
	return c->n_backends * sizeof(*c->backend);
}

static uint64_t copy_checksum(const struct copy *c, uint64_t generation)
{
	uint64_t sum = generation ^ ((uint64_t)c->n_services << 32 | c->n_backends);
	uint32_t services = blocks_of(service_bytes(c)), backends = blocks_of(backend_bytes(c));

	sum = XXH3_64bits_withSeed(c->service_sum, services * sizeof(*c->service_sum), sum);
	return XXH3_64bits_withSeed(c->backend_sum, backends * sizeof(*c->backend_sum), sum);
}

static bool copy_whole(const struct copy *c)
{
	uint64_t generation = __atomic_load_n(&c->generation, __ATOMIC_ACQUIRE); /* pairs with A */

	return generation && c->n_services <= SERVICES_MAX && c->n_backends <= BACKENDS_MAX &&
	       c->checksum == copy_checksum(c, generation) &&
	       blocks_whole(c->service, service_bytes(c), c->service_sum) &&
	       blocks_whole(c->backend, backend_bytes(c), c->backend_sum);
}

static void copy_open(struct copy *c, uint32_t n_services, uint32_t n_backends)
{
	__atomic_store_n(&c->generation, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* not whole before its first byte changes */
	c->n_services = n_services;
	c->n_backends = n_backends;
}

static void copy_close(struct copy *c, uint64_t generation)
{
	c->checksum = copy_checksum(c, generation);
	__atomic_store_n(&c->generation, generation, __ATOMIC_RELEASE); /* A */
}

/* Makes a copy like another one, from which it differs in part. The sums are few: all of them. */
static void copy_follow(struct copy *to, const struct copy *from, const struct state_part *part)
{
	copy_open(to, from->n_services, from->n_backends);
	memcpy(to->service_sum, from->service_sum, sizeof(to->service_sum));
	memcpy(to->backend_sum, from->backend_sum, sizeof(to->backend_sum));
	memcpy(&to->service[part->service], &from->service[part->service],
	       (part->service_end - part->service) * sizeof(*to->service));
	memcpy(&to->backend[part->backend], &from->backend[part->backend],
	       (part->backend_end - part->backend) * sizeof(*to->backend));
	copy_close(to, from->generation);
}

static bool state_ours(const struct state *s)
{
	return !memcmp(s->magic, state_magic, sizeof(s->magic)) && s->version == STATE_VERSION &&
	       s->bytes == sizeof(*s);
}

static int state_format(struct state *s)
{
	int err;

	memset(s->magic, 0, sizeof(s->magic));
	s->copy[0].generation = 0;
	s->copy[1].generation = 0;
	s->version = STATE_VERSION;
	s->bytes = sizeof(*s);
	err = hash_key_random(&s->key);
	if (err)
		return err;
	__atomic_thread_fence(__ATOMIC_RELEASE); /* B */
	memcpy(s->magic, state_magic, sizeof(s->magic));
	return 0;
}

/* What the last writer left: the newer whole copy, twice. */
static void state_repair(struct state *s)
{
	struct copy *a = &s->copy[0], *b = &s->copy[1];
	struct state_part all = {0};

	if (!copy_whole(a))
		a->generation = 0;
	if (!copy_whole(b))
		b->generation = 0;
	if (a->generation == b->generation && a->generation)
		return;
	if (a->generation < b->generation) {
		a = b;
		b = &s->copy[0];
	}
	if (!a->generation) {
		copy_open(a, 0, 0);
		copy_close(a, 1);
	}
	all.service_end = a->n_services;
	all.backend_end = a->n_backends;
	copy_follow(b, a, &all);
}

int state_attach(struct state **out, void *memory, size_t bytes)
{
	struct state *s = memory;

	if (bytes < sizeof(*s))
		return -EINVAL;
	if (!state_ours(s)) {
		int err = state_format(s);

		if (err)
			return err;
	}
	state_repair(s);
	*out = s;
	return 0;
}

const struct hash_key *state_key(const struct state *s)
{
	return &s->key;
}

void state_set_key(struct state *s, const struct hash_key *key)
{
	s->key = *key;
}

int state_begin(struct state *s, uint32_t n_services, uint32_t n_backends,
		struct state_service **service, struct state_backend **backend)
{
	struct copy *c = &s->copy[0];

	if (n_services > SERVICES_MAX || n_backends > BACKENDS_MAX)
		return -ENOSPC;
	copy_open(c, n_services, n_backends);
	*service = c->service;
	*backend = c->backend;
	return 0;
}

/* Sums of the blocks that hold bytes [from, end), and of a block that ends at end. */
static void sum_part(uint64_t *sum, const void *records, size_t bytes, size_t from, size_t end)
{
	for (uint32_t i = (uint32_t)(from / BLOCK); i < blocks_of(end); i++)
		sum[i] = block_sum(records, bytes, i);
}

void state_end(struct state *s, const struct state_part *part)
{
	struct copy *c = &s->copy[0], *other = &s->copy[1];

	sum_part(c->service_sum, c->service, service_bytes(c), part->service * sizeof(*c->service),
		 part->service_end * sizeof(*c->service));
	sum_part(c->backend_sum, c->backend, backend_bytes(c), part->backend * sizeof(*c->backend),
		 part->backend_end * sizeof(*c->backend));
	copy_close(c, other->generation + 1);
	copy_follow(other, c, part);
}

void state_read(const struct state *s, const struct state_service **service, uint32_t *n_services,
		const struct state_backend **backend, uint32_t *n_backends)
{
	const struct copy *c = &s->copy[0];
	bool whole = copy_whole(c);

	if (!whole) {
		c = &s->copy[1];
		whole = copy_whole(c);
	}
	*service = c->service;
	*backend = c->backend;
	*n_services = whole ? c->n_services : 0;
	*n_backends = whole ? c->n_backends : 0;
}
