/* SPDX-License-Identifier: BSD-2-Clause */
/* Third stage: which server gets it? The flow table knows; else the service's scheduler says
 * (schedule.c). What isn't a flow's packet is seen to in special.c. */
#ifndef SHUNT_PATH_LOOKUP_H
#define SHUNT_PATH_LOOKUP_H

#include "base/counters.h"
#include "base/dataplane.h"
#include "path/burst.h"
#include "path/park.h"
#include "path/tag.h"
#include "table/flow.h"
#include "table/frag.h"
#include "table/persist.h"

/* How many half-open flows a service began in one second: a flood of them on one service shall not
 * take the places of another's. */
enum {
	SYN_QUOTA = 1 << 15
};
struct syn_quota {
	uint32_t second;
	uint32_t n;
};

/* Whether a service may begin one more now; counts it if so. Its worker. */
static inline bool syn_quota_take(struct syn_quota *q, uint32_t service, uint32_t now)
{
	if (!q)
		return true;
	if (q[service].second != now)
		q[service] = (struct syn_quota){.second = now};
	return q[service].n++ < SYN_QUOTA;
}

/* What a worker looks packets up in. */
struct lookup {
	const struct tag_key *key; /* of flows; the same for all workers */
	struct flow_table *flows;  /* every worker's; this one's is flows[self] */
	uint32_t n_flows;
	uint32_t self;
	struct backend_counters *backends; /* this worker's, BACKENDS_MAX of them */
	struct worker_counters *counters;
	struct syn_quota *syns;	 /* this worker's, by service slot; NULL: no limit */
	struct conns *conns;	 /* by backend slot, of all workers; NULL: nobody counts */
	struct persist persist;	 /* shared by the workers, like ... */
	struct frag_table frags; /* ... this */
	struct park *park;	 /* this worker's */
	uint16_t nic;		 /* that the burst came in by; the worker says so before each */
	bool owner[NICS_MAX];	 /* shunt answers for the virtual addresses there */
};

/* Sets each packet's backend, or drops it (no_service, no_backend, no_neighbour ...), or parks it.
 * Remembers new flows. s is the snapshot of this burst; now in seconds of CLOCK_MONOTONIC. Its
 * worker. */
void lookup_burst(struct burst *b, const struct snap *s, struct lookup *l, uint32_t now);

/* One packet, whatever it is, with p->slot as flow_near found it or NULL: sets its backend and
 * returns DROP_NONE, or says why not. Its worker; lookup's own. */
enum drop lookup_flow(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now);

/* Counts a packet of a server that can be reached, and points the packet to it. */
enum drop lookup_forward(struct lookup *l, const struct snap *s, struct pkt *p,
			 const struct backend *be);

/* The server of a flow that any worker knows, without touching it; NULL: none does. */
const struct backend *lookup_peek(const struct lookup *l, const struct snap *s, uint64_t tag,
				  uint32_t now);

#endif
