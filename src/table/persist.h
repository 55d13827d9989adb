/* SPDX-License-Identifier: BSD-2-Clause */
/* Persistence: which server a client's next connections go to. One table for all workers, since a
 * client's connections come in on all queues; of fixed size, without locks.
 *
 * A slot is two words. The tag says whose it is; the value holds the server, until when, and some
 * bits of the tag again, so that a value is never taken for that of a tag it wasn't stored for. A
 * slot is taken by a compare-and-swap of its value to one of no server, which keeps all others off
 * (A); then it gets its tag (B) and its server (C). A worker that meets the slot of its own client
 * between these goes on from there: whoever comes to C first decides, the others take what it
 * stored. So two workers that see a client first at the same moment give it the same server (unless
 * a slot's time is over for only one of them just then: they may use two). */
#ifndef SHUNT_TABLE_PERSIST_H
#define SHUNT_TABLE_PERSIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PERSIST_PROBES = 8,
	PERSIST_TICK = 16,			/* seconds: times are rounded up to these */
	PERSIST_LONGEST = 32000 * PERSIST_TICK, /* the longest timeout: six days */
};

struct persist_slot {
	uint64_t tag;	/* keyed hash of client and service; 0: never used */
	uint64_t value; /* id (0: being stored) << 32 | bits of the tag << 16 | end in ticks */
};

struct persist {
	struct persist_slot *slot;
	uint64_t mask; /* number of slots - 1 */
};

/* Bytes for a table of about this many clients: a power of two times 16. */
size_t persist_bytes(uint32_t clients);

/* Uses zeroed memory, or a table that another engine left; 64-byte aligned, stays the caller's. */
void persist_attach(struct persist *p, void *memory, size_t bytes);

/* The client's server, whose time begins anew; or 0. tag isn't 0; now and timeout in seconds. Any
 * worker. */
uint32_t persist_get(const struct persist *p, uint64_t tag, uint32_t now, uint32_t timeout);

/* Gives the client a server; instead: the id of one that can't be had any more, or 0. Returns the
 * server that it has now: another worker may have been first; or id itself when there is no room.
 * Any worker. */
uint32_t persist_put(const struct persist *p, uint64_t tag, uint32_t id, uint32_t instead,
		     uint32_t now, uint32_t timeout);

/* How many clients have a server now. Any thread. */
uint32_t persist_count(const struct persist *p, uint32_t now);

#endif
