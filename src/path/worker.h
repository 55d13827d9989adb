/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker: one pinned thread that takes frames from its ports through all stages and out again.
 * worker_loop in worker.c is the whole data plane. */
#ifndef SHUNT_PATH_WORKER_H
#define SHUNT_PATH_WORKER_H

#include <poll.h>
#include <pthread.h>

#include "base/dataplane.h"
#include "path/audit.h"
#include "path/burst.h"
#include "path/lookup.h"
#include "path/port.h"

enum {
	WORKER_PORTS_MAX = 64
};

struct worker {
	uint32_t self; /* its number */
	bool poll_busy;
	struct worker_info *info; /* borrowed */
	uint32_t n_ports;
	uint32_t n_out;
	struct port *port[WORKER_PORTS_MAX]; /* borrowed; all of its queues */
	struct port *out[NICS_MAX];	     /* its way out of each NIC */
	struct frames frames;
	struct lookup lookup;
	struct burst burst;
	struct pollfd fds[WORKER_PORTS_MAX + 1]; /* what wakes it from a nap; the last: wake */
	uint64_t idle_since;			 /* ns; 0: not idle */
	pthread_t thread;
};

/* Finds its frames in rings that may be in use, and sets its counters right. out gets the tally.
 * Returns what audit_frames does. The engine's main thread, before the start. */
int worker_prepare(struct worker *w, struct audit *out);

/* Starts and stops the thread. wake_fd: an eventfd, readable when workers shall stop; all share it.
 * Management thread. worker_stop waits until the thread is gone. */
int worker_start(struct worker *w, int wake_fd);
void worker_stop(struct worker *w);

#endif
