/* SPDX-License-Identifier: BSD-2-Clause */
/* Which server takes a new flow. Every scheduler is an array of backend slots made when the table
 * changes (struct pick); what differs is how it is made and how it is read:
 *   rr, wrr  in turn, from a cursor that all workers share;
 *   mh       by the flow's hash. */
#ifndef SHUNT_TABLE_SCHED_H
#define SHUNT_TABLE_SCHED_H

#include <stdint.h>

#include "table/service.h"

/* Immutable once made, and shared by successive snapshots. refs is the management thread's. */
struct pick {
	uint32_t refs;
	uint32_t n; /* 0: nobody can take a new flow */
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

/* Makes a service's pick from n candidates, in any order (it sorts them in place by address and
 * port, so that two directors agree). rr: each once. wrr: each weight / gcd times, spread evenly
 * (nowhere a whole turn ahead or behind). mh: a Maglev table of MAGLEV_SIZE. n = 0 gives an empty
 * pick. Returns NULL when out of memory, or when n > CANDIDATES_MAX.
 * Management thread; the caller owns the one reference. */
struct pick *sched_build(enum sched sched, struct candidate *c, uint32_t n);

/* References; pick_put frees at the last one and takes NULL. Management thread. */
struct pick *pick_get(struct pick *p);
void pick_put(struct pick *p);

/* The next slot in turn (rr, wrr), and the slot that belongs to a hash (mh; and rr, wrr when a
 * flow can't be remembered). p->n > 0. Workers; cursor is shared between them. */
uint32_t pick_next(const struct pick *p, uint32_t *cursor);
uint32_t pick_hash(const struct pick *p, uint64_t hash);

#endif
