/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/log.h"
#include "mgmt/mgmt.h"
#include "table/state.h"

struct engine {
	struct setup *setup;
	struct state *state;
	struct flow_table *flows; /* [n_workers] */
	struct syn_quota *syns;	  /* [n_workers][SERVICES_MAX] */
	struct tag_key key;
	struct mgmt *mgmt;
	int wake_fd;
};

/* Every page is touched: no worker shall take a fault. */
static struct syn_quota *syns_new(uint32_t n_workers)
{
	size_t bytes = (size_t)n_workers * SERVICES_MAX * sizeof(struct syn_quota);
	struct syn_quota *q = malloc(bytes);

	return q ? memset(q, 0, bytes) : NULL;
}

static void set_lookup(struct engine *e, uint32_t i)
{
	const struct dataplane *dp = &e->setup->dp;
	struct worker_info *info = &e->setup->dp.worker[i];
	struct lookup *l = &e->setup->worker[i].lookup;

	flow_attach(&e->flows[i], info->flows, info->flows_bytes);
	e->flows[i].origin = info->origins;
	e->flows[i].timeout = dp->timeouts;
	*l = (struct lookup){
		.key = &e->key,
		.flows = e->flows,
		.n_flows = e->setup->dp.n_workers,
		.self = i,
		.backends = info->backends,
		.counters = info->counters,
		.syns = e->syns + (size_t)i * SERVICES_MAX,
		.conns = dp->conns,
		.park = &e->setup->worker[i].park,
	};
	persist_attach(&l->persist, dp->persist, dp->persist_bytes);
	frag_attach(&l->frags, dp->frags);
	for (uint32_t n = 0; n < dp->n_nics; n++)
		l->owner[n] = dp->nic[n].owner;
	e->setup->worker[i].limit.rate = ICMP_ERROR_RATE;
}

/* Each frame was found exactly once, each flow is whole: or these sockets can't be used on. */
static int wait_worker(struct engine *e, uint32_t i)
{
	struct worker *w = &e->setup->worker[i];
	struct worker_found found;
	int err = worker_wait(w, &found);
	const struct audit *a = &found.frames;

	if (err)
		log_error("worker %u: of %u frames %u free, %u to receive, %u to send, %u faults",
			  i, w->frames.n, a->held, a->rx, a->tx, a->faults);
	else if (e->setup->dp.engines)
		log_info("worker %u: %u frames conserved: %u free, %u to receive, %u to send", i,
			 w->frames.n, a->held, a->rx, a->tx);
	if (found.torn)
		log_warn("worker %u: %u torn flows dropped", i, found.torn);
	return err;
}

static void stop_workers(struct engine *e, uint32_t n)
{
	const uint64_t one = 1;

	if (write(e->wake_fd, &one, sizeof(one)) != sizeof(one))
		log_error("cannot stop workers: %s", strerror(errno));
	for (uint32_t i = 0; i < n; i++)
		worker_stop(&e->setup->worker[i]);
}

/* No packet shall wait for a page fault; but when connections wait, packets come first. */
static void prefault(const struct engine *e, bool takeover)
{
	if (takeover == (e->setup->dp.engines > 0))
		for (uint32_t i = 0; i < e->setup->dp.n_workers; i++)
			worker_prefault(&e->setup->worker[i]);
}

/* Starts the workers, says so, and manages until it is told to stop. */
static int run(struct engine *e, int ready_fd)
{
	int code = EXIT_OK;
	uint32_t n;

	prefault(e, false);
	for (n = 0; n < e->setup->dp.n_workers; n++) {
		int err = worker_start(&e->setup->worker[n], e->wake_fd);

		if (err) {
			log_error("worker %u: no thread: %s", n, strerror(-err));
			code = EXIT_OTHER;
			break;
		}
	}
	for (uint32_t i = 0; i < n; i++)
		if (wait_worker(e, i))
			code = EXIT_REBUILD;
	prefault(e, true);
	if (!code && ready_fd >= 0 && write(ready_fd, "", 1) != 1)
		log_warn("the holder isn't listening");
	if (!code)
		code = mgmt_run(e->mgmt);
	stop_workers(e, n);
	return code;
}

int engine_run(struct setup *s, const char *ctl, const char *file, const struct endpoint *metrics,
	       int ready_fd)
{
	struct engine e = {.setup = s, .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	struct mgmt_conf conf = {
		.dp = &s->dp, .steer = s->steer, .ctl = ctl, .file = file, .metrics = metrics};
	int code = EXIT_OTHER;

	e.flows = calloc(s->dp.n_workers, sizeof(*e.flows));
	e.syns = syns_new(s->dp.n_workers);
	if (!e.flows || !e.syns || e.wake_fd < 0 ||
	    state_attach(&e.state, s->state, s->state_bytes))
		goto out;
	tag_key_make(&e.key, state_key(e.state));
	for (uint32_t i = 0; i < s->dp.n_workers; i++)
		set_lookup(&e, i);
	conf.state = e.state;
	/* Before the workers: the first packet shall find a whole table. */
	code = mgmt_open(&e.mgmt, &conf);
	if (!code)
		code = run(&e, ready_fd);
	mgmt_close(e.mgmt);
out:
	free(e.syns);
	free(e.flows);
	return code;
}
