/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments: which server a datagram's later fragments follow. Only the first has the ports; the
 * others may come in on other queues, in any order. One table for all workers, of fixed size,
 * without locks.
 *
 * Each slot has a bitmap of the 8-byte units that were seen, so that no fragment is forwarded that
 * overlaps another (RFC 5722, for IPv4 as well), and that a datagram is known to be complete: a
 * sender may use its identification again at once. A slot is taken by a compare-and-swap of its
 * value to one of no server (A); then its map is cleared, and it gets its tag (B) and its server
 * (C). A fragment that comes between these waits, as those do that come before their first. */
#ifndef SHUNT_TABLE_FRAG_H
#define SHUNT_TABLE_FRAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAG_SLOTS = 4096,
	FRAG_PROBES = 8,
	FRAG_UNITS = 8192, /* of 8 bytes: 64 KiB */
	FRAG_SECONDS = 5, /* an incomplete datagram is forgotten so long after its first fragment */
};

struct frag_slot {
	uint64_t tag;	  /* keyed hash of addresses, identification and protocol */
	uint64_t value;	  /* server's id (0: being stored) << 32 | bits of the tag | second */
	uint32_t covered; /* units seen */
	uint32_t total;	  /* units in all; 0: the last fragment wasn't seen yet */
	uint64_t pad[5];
	uint64_t seen[FRAG_UNITS / 64];
};

struct frag_table {
	struct frag_slot *slot; /* FRAG_SLOTS */
};

/* One fragment. */
struct frag_piece {
	uint64_t tag;	/* not 0 */
	uint16_t first; /* its offset in units */
	uint16_t units; /* its length, rounded up */
	bool last;	/* none follows */
};

enum frag_verdict {
	FRAG_FORWARD,
	FRAG_WAIT,    /* its first hasn't been seen: ask again */
	FRAG_OVERLAP, /* drop it; the datagram's others will be dropped, too */
	FRAG_REFUSED, /* its first was dropped, or one of its datagram overlapped */
	FRAG_FULL,    /* no room to remember the datagram */
};

enum {
	FRAG_NOBODY = 0xffffffff /* for an id: the datagram's fragments shall be dropped */
};

size_t frag_bytes(void);

/* Uses zeroed memory, or what another engine left; 64-byte aligned, stays the caller's. */
void frag_attach(struct frag_table *t, void *memory);

/* Notes the first fragment and the server that its datagram goes to; now in seconds. Never
 * FRAG_WAIT. Any worker. */
enum frag_verdict frag_first(const struct frag_table *t, const struct frag_piece *p, uint32_t id,
			     uint32_t now);

/* A later fragment: *id is its server if it is to be forwarded. Any worker. */
enum frag_verdict frag_later(const struct frag_table *t, const struct frag_piece *p, uint32_t now,
			     uint32_t *id);

#endif
