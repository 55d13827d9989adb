/* SPDX-License-Identifier: BSD-2-Clause */
/* The state area: what an engine must know to go on where another was killed. Services and
 * servers with their ids, and the key that flows are hashed with. Two copies, written one after the
 * other, each valid by its checksum: a writer that dies half-way leaves one of them whole. Between
 * writes they are alike, so that only what changes need be written. */
#ifndef SHUNT_TABLE_STATE_H
#define SHUNT_TABLE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/counters.h"
#include "base/hash.h"
#include "table/service.h"

struct state_service {
	struct service_conf conf;
	uint32_t slot;
	uint32_t n_backends; /* how many of backend[] follow for this one, in order */
	uint32_t leaving;    /* removed, but servers of it are still leaving */
	uint32_t inherited;  /* from an earlier shuntd, and nobody has asked for it since */
	struct backend_counters gone; /* what its former servers counted */
};

struct state_backend {
	struct backend_conf conf;
	uint32_t id;
	uint16_t leaving; /* removed, but flows are left */
	uint16_t inherited;
	struct backend_health health;
	struct backend_counters base; /* where its totals start in the workers' counters */
};

struct state; /* the area */

/* Bytes that the area needs. */
size_t state_bytes(void);

/* Uses the area's memory: zeroed, or left by another engine. Fresh memory, and memory of another
 * version, is set up with a new random key; a copy that isn't whole is forgotten. Returns 0,
 * -EINVAL (too few bytes) or -errno. Memory is 64-byte aligned and stays the caller's. Holder, and
 * management thread. */
int state_attach(struct state **out, void *memory, size_t bytes);

const struct hash_key *state_key(const struct state *s);

/* Makes the key another one: what was hashed with the old one means nothing then. Holder, before
 * any engine. */
void state_set_key(struct state *s, const struct hash_key *key);

/* Begins to write a table of so many services, and of their backends in the same order. Both
 * arrays lie in the area and hold the last table; until state_end only the other copy is whole.
 * Management thread. Returns 0, or -ENOSPC and hasn't begun. */
int state_begin(struct state *s, uint32_t n_services, uint32_t n_backends,
		struct state_service **service, struct state_backend **backend);

/* Records that were written: numbers, [first, end). */
struct state_part {
	uint32_t service, service_end;
	uint32_t backend, backend_end;
};

/* Puts the table that was begun in force. Records outside of part are as they were; if there are
 * more or fewer than before, part reaches to the end, though it may be empty. */
void state_end(struct state *s, const struct state_part *part);

/* The last whole table that was written; both arrays lie in the area. 0 services if none was. */
void state_read(const struct state *s, const struct state_service **service, uint32_t *n_services,
		const struct state_backend **backend, uint32_t *n_backends);

#endif
