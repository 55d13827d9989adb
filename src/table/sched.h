/* SPDX-License-Identifier: BSD-2-Clause */
/* Which server takes a new flow. Every scheduler is an array of backend slots made when the table
 * changes (struct pick); what differs is how it is made and how it is read:
 *   rr, wrr                    in turn, from a cursor that all workers share;
 *   mh, sh, dh                 by a hash, of the source or the destination;
 *   lc, wlc, sed, nq, fo, ovf  by connections and weight of each server now;
 *   lblc, lblcr                by a hash of the destination, while its server isn't overloaded. */
#ifndef SHUNT_TABLE_SCHED_H
#define SHUNT_TABLE_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "table/conns.h"
#include "table/service.h"

enum {
	PICK_NONE = 0x7fffffff /* not a slot: no server */
};

struct pick_server {
	uint32_t slot;
	uint32_t weight;
};

/* Immutable once made, and shared by successive snapshots. refs is the management thread's. */
struct pick {
	uint32_t refs;
	uint32_t n; /* 0: nobody can take a new flow */
	enum sched sched;
	uint32_t n_servers;
	struct pick_server *server; /* each once, by address and port */
	uint32_t *was; /* by place: id of a living server that had it before, or 0; NULL: none */
	uint32_t slot[];
};

/* One server as a scheduler sees it. */
struct candidate {
	struct addr addr;
	__be16 port;
	uint32_t weight; /* > 0 */
	uint32_t slot;	 /* its backend slot: what the pick holds */
};

enum {
	CANDIDATES_MAX = 65536, /* of one service: more than that can't share a Maglev table */
	WRR_MAX = 65536,	/* longest wrr sequence; greater weights are scaled down to fit */
};
_Static_assert(CANDIDATES_MAX <= WRR_MAX, "in a wrr sequence each server has its place");

/* Names of the schedulers, by enum sched, as ipvsadm spells them. */
extern const char *const sched_name[SCHEDULER_COUNT];

/* Returns the scheduler of that name or -ENOENT. */
int sched_parse(const char *name);

/* Whether its picks are tables read by a hash: those of mh, sh, dh, lblc and lblcr. */
bool sched_is_table(enum sched sched);

/* Makes a service's pick from n candidates, in any order (it sorts them in place by address and
 * port, so that two directors agree). rr: each once. wrr: each weight / gcd times, spread evenly
 * (nowhere a whole turn ahead or behind). mh, sh: a Maglev table of MAGLEV_SIZE; dh, lblc, lblcr:
 * one of equal weights. The others: each once. n = 0 gives an empty pick. Returns NULL when out of
 * memory, or when n > CANDIDATES_MAX. Management thread; the caller owns the one reference. */
struct pick *sched_build(enum sched sched, struct candidate *c, uint32_t n);

/* Notes in a pick just made (not yet read by anyone) which places have moved from servers that
 * still live, against the one it replaces (NULL: none). living: ids of the servers that the service
 * had then and still has, leaving or not, in any order (sorts them). Of several former servers a
 * place keeps the oldest: while one is noted, the flow table stores all new flows there, so that a
 * flow it doesn't know began before. Only for picks that are tables (mh, sh, dh, lblc, lblcr).
 * Returns 0 or -ENOMEM. Management thread. */
int sched_follow(struct pick *p, const struct pick *old, uint32_t *living, uint32_t n);

/* References; pick_put frees at the last one and takes NULL. Management thread. */
struct pick *pick_get(struct pick *p);
void pick_put(struct pick *p);

/* What a scheduler may want to know about a new flow. */
struct pick_ask {
	uint32_t *cursor;	   /* shared by the workers */
	uint64_t source;	   /* hash of the client: its address, or address and port */
	uint64_t dest;		   /* hash of the destination's address */
	const struct conns *conns; /* by backend slot; NULL: none counted */
	bool fallback;		   /* sh, mh: another server if the chosen one is overloaded */
};

/* The server of a new flow, never an overloaded one; or PICK_NONE. p->n > 0. Looks at every server
 * where load decides. Workers. */
uint32_t pick_server(const struct pick *p, const struct pick_ask *ask);

/* The next slot in turn (rr, wrr), and the slot that belongs to a hash (mh; and rr, wrr when a
 * flow can't be remembered). p->n > 0. Workers; cursor is shared between them. */
uint32_t pick_next(const struct pick *p, uint32_t *cursor);
uint32_t pick_hash(const struct pick *p, uint64_t hash);

/* The id of the server that flows with this hash had before it moved, if it lives; or 0. It may
 * have gone since: ask the snapshot. p->n > 0. Workers. */
static inline uint32_t pick_was(const struct pick *p, uint64_t hash)
{
	return p->was ? p->was[(hash >> 32) * p->n >> 32] : 0;
}

/* Whether new flows with this hash must be stored. */
static inline bool pick_moved(const struct pick *p, uint64_t hash)
{
	return pick_was(p, hash) != 0;
}

#endif
