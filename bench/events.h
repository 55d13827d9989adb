/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor's own counters (perf_event_open), of this thread in user mode. Virtual machines
 * often have none: then every count is 0, and callgrind has to do. */
#ifndef BENCH_EVENTS_H
#define BENCH_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

enum event {
	EVENT_CYCLES,
	EVENT_INSTRUCTIONS,
	EVENT_CACHE_MISSES,
	EVENT_TLB_MISSES,
	EVENT_COUNT
};
extern const char *const event_name[EVENT_COUNT];

struct events {
	int fd[EVENT_COUNT]; /* -1: the machine doesn't give it */
};

/* Opens what there is, stopped and at 0. Returns whether there is any. */
bool events_open(struct events *e);
void events_close(struct events *e);
void events_start(struct events *e);
void events_stop(struct events *e);

/* What was counted between starts and stops since the last events_take. */
void events_take(struct events *e, uint64_t count[EVENT_COUNT]);

#endif
