/* SPDX-License-Identifier: BSD-2-Clause */
/* A generator at work: a thread and an engine's run for each CPU. */
#ifndef FLOWGEN_SEND_H
#define FLOWGEN_SEND_H

#include "engine.h"
#include "options.h"

struct send_thread {
	int cpu; /* -1: any */
	unsigned int queue, stream;
	struct gen_state state; /* as it was at the end */
};

struct send_result {
	const char *engine;
	unsigned int threads;
	struct send_thread thread[OPTIONS_THREADS];
	unsigned long long sent, bytes, missed;
	unsigned long long tx_dropped; /* by the interface, others' frames included */
	double seconds;		       /* from the first frame to the last */
};

/* Sends as o says and returns when that is done, or at SIGINT or SIGTERM, which the caller has
 * blocked. Returns 0, or -errno with one line in err. Main thread. */
int send_run(const struct options *o, struct send_result *out, char *err, size_t size);

#endif
