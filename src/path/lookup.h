/* SPDX-License-Identifier: BSD-2-Clause */
/* Third stage: which server gets it? The flow table knows; else the service's scheduler says. */
#ifndef SHUNT_PATH_LOOKUP_H
#define SHUNT_PATH_LOOKUP_H

#include "base/counters.h"
#include "path/burst.h"
#include "path/tag.h"
#include "table/flow.h"

/* What a worker looks flows up in. */
struct lookup {
	const struct tag_key *key; /* of flows; the same for all workers */
	struct flow_table *flows;  /* every worker's; this one's is flows[self] */
	uint32_t n_flows;
	uint32_t self;
	struct backend_counters *backends; /* this worker's, BACKENDS_MAX of them */
	struct worker_counters *counters;
};

/* Sets each packet's backend, or drops it (no_service, no_backend, no_neighbour). Remembers new
 * flows. s is the snapshot of this burst; now in seconds of CLOCK_MONOTONIC. Its worker. */
void lookup_burst(struct burst *b, const struct snap *s, struct lookup *l, uint32_t now);

#endif
