/* SPDX-License-Identifier: BSD-2-Clause */
/* What the packets of one case meet: services and servers, a flow table, and the traffic itself. */
#ifndef BENCH_PATH_WORLD_H
#define BENCH_PATH_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "path/lookup.h"

enum traffic {
	TRAFFIC_ESTABLISHED, /* of known flows, each packet of a random one */
	TRAFFIC_NEW,	     /* SYN and, half a batch later, ACK of flows that never were before */
	TRAFFIC_SYN,	     /* a flood: each packet the SYN of another flow */
};

struct world_conf {
	const char *name;
	enum traffic traffic;
	uint32_t flows; /* known before */
	uint32_t services;
	uint32_t servers; /* of all services together */
	enum sched sched;
	bool v6, udp;
	bool huge; /* the flow table in hugepages */
};

struct world {
	const struct world_conf *conf;
	struct snap *snap;
	uint32_t *cursor;
	struct hash_key key;
	struct tag_key tag_key;
	struct flow_table flows;
	size_t flows_bytes;
	struct backend_counters *backends;
	struct worker_counters counters;
	struct lookup lookup;
	uint32_t now;
	uint64_t next;	    /* packets made */
	uint64_t next_flow; /* flows made */
	uint8_t frame[128]; /* of which all others are made */
	uint32_t frame_len;
};

enum {
	BATCH = 512 /* packets between two turns of the kernel's side */
};

/* Makes the world, but for its flows; NULL: no memory. */
struct world *world_new(const struct world_conf *conf);
void world_free(struct world *w);

/* Writes the next packet of the traffic; returns its length. ctx: the world. */
uint32_t world_write(void *ctx, uint8_t *frame);

/* Writes a packet of each known flow, one after the other, for filling the table. */
uint32_t world_write_known(void *ctx, uint8_t *frame);

/* A batch has gone by: so has its part of time, where flows come and go. */
void world_tick(struct world *w);

/* Makes the table look as it does on average at a rate of 5 million packets a second: some flows
 * have had a packet in the present second already, the others' last one was in the second before.
 * A flow's first packet in a second costs more. */
void world_age(struct world *w);

#endif
