/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways through: shunt's stages as its worker runs them, and two to compare with. Each takes
 * all that waits on the receive ring to the transmit ring. */
#ifndef BENCH_PATH_PATHS_H
#define BENCH_PATH_PATHS_H

#include "bench/path/rings.h"
#include "bench/path/world.h"

enum stage {
	STAGE_REFILL,
	STAGE_RX,
	STAGE_PARSE,
	STAGE_LOOKUP,
	STAGE_REWRITE,
	STAGE_TX, /* with rx_done and reap */
	STAGE_COUNT
};
extern const char *const stage_name[STAGE_COUNT];

enum path {
	PATH_SHUNT, /* src/path's stages, in the order of worker.c */
	PATH_NULL,  /* the same, but with a swap of addresses for parse, lookup and rewrite */
	PATH_PLAIN, /* a plain forwarder: rings, and a swap of addresses; the ceiling */
	PATH_COUNT
};
extern const char *const path_name[PATH_COUNT];

struct trip {
	struct rings *rings;
	struct world *world;
	struct burst burst;
	uint64_t *split; /* NULL, or nanoseconds of each stage to add to (PATH_SHUNT) */
};

void path_run(enum path path, struct trip *t);

/* The same, by a name that callgrind can be told to count in. */
void path_run_counted(enum path path, struct trip *t);

#endif
