/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/state.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
	STATE_VERSION = 1
}; /* of the layout below: another one starts with an empty table */

static const char state_magic[8] = "shuntST";

struct copy {
	uint64_t generation; /* the greater one is newer; 0: not whole. A: written last */
	uint64_t checksum;
	uint32_t n_services;
	uint32_t n_backends;
	struct state_service service[SERVICES_MAX];
	struct state_backend backend[BACKENDS_MAX];
};

struct state {
	char magic[8]; /* B: written last */
	uint32_t version;
	uint32_t pad;
	uint64_t bytes;
	struct hash_key key;
	struct copy copy[2];
};

size_t state_bytes(void)
{
	return sizeof(struct state);
}

static uint64_t copy_checksum(const struct copy *c, uint64_t generation)
{
	uint64_t sum = generation ^ ((uint64_t)c->n_services << 32 | c->n_backends);

	sum = XXH3_64bits_withSeed(c->service, c->n_services * sizeof(*c->service), sum);
	return XXH3_64bits_withSeed(c->backend, c->n_backends * sizeof(*c->backend), sum);
}

static bool copy_whole(const struct copy *c)
{
	uint64_t generation = __atomic_load_n(&c->generation, __ATOMIC_ACQUIRE); /* pairs with A */

	return generation && c->n_services <= SERVICES_MAX && c->n_backends <= BACKENDS_MAX &&
	       c->checksum == copy_checksum(c, generation);
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
	for (int i = 0; i < 2; i++) {
		if (!copy_whole(&s->copy[i]))
			s->copy[i].generation = 0;
	}
	*out = s;
	return 0;
}

const struct hash_key *state_key(const struct state *s)
{
	return &s->key;
}

static int state_newer(const struct state *s)
{
	return s->copy[1].generation > s->copy[0].generation;
}

int state_write(struct state *s, const struct state_service *service, uint32_t n_services,
		const struct state_backend *backend, uint32_t n_backends)
{
	int newer = state_newer(s);
	uint64_t generation = s->copy[newer].generation + 1;
	struct copy *c = &s->copy[!newer];

	if (n_services > SERVICES_MAX || n_backends > BACKENDS_MAX)
		return -ENOSPC;
	__atomic_store_n(&c->generation, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* not whole before its first byte changes */
	c->n_services = n_services;
	c->n_backends = n_backends;
	if (n_services)
		memcpy(c->service, service, n_services * sizeof(*service));
	if (n_backends)
		memcpy(c->backend, backend, n_backends * sizeof(*backend));
	c->checksum = copy_checksum(c, generation);
	__atomic_store_n(&c->generation, generation, __ATOMIC_RELEASE); /* A */
	return 0;
}

void state_read(const struct state *s, const struct state_service **service, uint32_t *n_services,
		const struct state_backend **backend, uint32_t *n_backends)
{
	const struct copy *c = &s->copy[state_newer(s)];
	bool whole = copy_whole(c);

	if (!whole) {
		c = &s->copy[!state_newer(s)];
		whole = copy_whole(c);
	}
	*service = c->service;
	*backend = c->backend;
	*n_services = whole ? c->n_services : 0;
	*n_backends = whole ? c->n_backends : 0;
}
