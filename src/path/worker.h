/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker: one pinned thread that takes frames from its ports through all stages and out again.
 * worker_loop in worker.c is the whole data plane. */
#ifndef SHUNT_PATH_WORKER_H
#define SHUNT_PATH_WORKER_H

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>

#include "base/dataplane.h"
#include "path/audit.h"
#include "path/burst.h"
#include "path/icmp_error.h"
#include "path/lookup.h"
#include "path/port.h"

enum {
	WORKER_PORTS_MAX = 64
};

/* What an engine left to the next. */
struct worker_found {
	struct audit frames;
	uint32_t torn; /* flows dropped */
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
	struct park park;
	struct icmp_limit limit;		 /* of ICMP errors of its own */
	struct pollfd fds[WORKER_PORTS_MAX + 1]; /* what wakes it from a nap; the last: wake */
	uint64_t idle_since;			 /* ns; 0: not idle */
	uint64_t spent_at;			 /* ns; time is booked up to here */
	pthread_t thread;
	sem_t prepared;
	struct worker_found found;
	int error; /* of its preparation */
};

/* Fills the page tables for the worker's frames (Linux 5.14; before, its first packets do). Any
 * thread of the engine, whether the worker runs or not. */
void worker_prefault(const struct worker *w);

/* Starts the thread, which first finds its frames in rings that may be in use, drops torn flows and
 * sets its counters right (all workers do so side by side), then forwards. wake_fd: an eventfd,
 * readable when workers shall stop; all share it. Returns 0 or -errno. Management thread. */
int worker_start(struct worker *w, int wake_fd);

/* Waits until the thread forwards, and tells what it found. Returns 0, or what audit_frames said:
 * the thread is about to end then. Management thread. */
int worker_wait(struct worker *w, struct worker_found *found);

/* Waits until the thread is gone. Management thread. */
void worker_stop(struct worker *w);

#endif
