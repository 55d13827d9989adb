/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/worker.h"

#define _LGPL_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "path/parse.h"
#include "path/rewrite.h"
#include "path/rx.h"
#include "path/special.h"
#include "path/tx.h"

enum {
	NAP_AFTER_NS = 50000, /* idle for so long, an adaptive worker goes to sleep */
	NAP_MS = 1000,	      /* and looks up this often anyway */
	STOP_CHECK = 1024,    /* turns without a nap between looks at stop signal and clock */
};

/* Books the time since the last call: for frames, or for nothing. */
static void spend(struct worker *w, uint64_t now, bool busy)
{
	struct worker_counters *c = w->info->counters;

	counter_add(&c->poll_ns, now - w->spent_at);
	if (busy)
		counter_add(&c->busy_ns, now - w->spent_at);
	w->spent_at = now;
}

/* Sleeps until a frame arrives on one of the ports, or it is told to stop. RCU-offline meanwhile:
 * a sleeping worker holds no snapshot, and holds up no grace period. poll() itself makes the
 * kernel send and receive what waits. */
static void worker_nap(struct worker *w)
{
	counter_add(&w->info->counters->naps, 1);
	rcu_thread_offline();
	if (poll(w->fds, w->n_ports + 1, NAP_MS) < 0)
		w->fds[w->n_ports].revents = 0; /* interrupted: look again */
	rcu_thread_online();
	w->idle_since = clock_ns();
	spend(w, w->idle_since, false);
}

static bool stopping(struct worker *w)
{
	struct pollfd *wake = &w->fds[w->n_ports];

	if (w->info->counters->loops % STOP_CHECK == 0) {
		poll(wake, 1, 0);
		spend(w, clock_ns(), !w->idle_since);
	}
	return wake->revents & POLLIN;
}

/* Nothing came in this turn: send what is left, and sleep if it has been so for long. */
static void idle(struct worker *w)
{
	uint64_t now = clock_ns();

	spend(w, now, !w->idle_since);
	for (uint32_t i = 0; i < w->n_out; i++)
		port_kick(w->out[i]);
	for (uint32_t i = 0; w->poll_busy && i < w->n_ports; i++)
		port_busy_poll(w->port[i]);
	if (!w->idle_since)
		w->idle_since = now;
	else if (!w->poll_busy && now - w->idle_since > NAP_AFTER_NS)
		worker_nap(w);
}

/* The whole data plane: what happens to the frames of one port in one turn. */
static uint32_t forward(struct worker *w, struct port *port)
{
	struct burst *b = &w->burst;

	port_refill(port);
	rx_burst(port, b);
	if (!b->n)
		return 0;
	w->lookup.nic = port->nic;
	parse_burst(b, w->lookup.key, &w->lookup.flows[w->self]);
	lookup_burst(b, snap_get(), &w->lookup, clock_seconds());
	rewrite_burst(b, w->info->counters);
	tx_burst(w->out, w->n_out, b, &w->frames, &w->limit, w->info->counters);
	rx_done(port, b);
	return b->n;
}

/* Early fragments whose first has come meanwhile, to whichever worker. */
static uint32_t forward_parked(struct worker *w)
{
	const struct snap *s = snap_get();
	struct burst *b = &w->burst;

	if (!w->park.n || !s)
		return w->park.n;
	special_unpark(&w->lookup, s, b, clock_seconds(), clock_ns());
	rewrite_burst(b, w->info->counters);
	tx_burst(w->out, w->n_out, b, &w->frames, &w->limit, w->info->counters);
	return w->park.n;
}

static void worker_loop(struct worker *w)
{
	struct worker_counters *c = w->info->counters;

	while (!stopping(w)) {
		uint32_t n = 0;

		for (uint32_t i = 0; i < w->n_ports; i++)
			n += forward(w, w->port[i]);
		n += forward_parked(w);
		rcu_quiescent_state(); /* no snapshot pointer lives past this line */
		for (uint32_t i = 0; i < w->n_out; i++)
			port_reap(w->out[i]);
		counter_add(&c->loops, 1);
		__atomic_store_n(&c->free_frames, w->frames.n_free, __ATOMIC_RELAXED);
		if (n)
			w->idle_since = 0;
		else
			idle(w);
	}
}

/* A frame that an engine dropped, but died before it said why, is in no other count. */
static void settle_counters(struct worker *w)
{
	struct worker_counters *c = w->info->counters;
	uint64_t accounted;

	c->rx = c->rx_before;
	c->tx = c->tx_before;
	for (uint32_t i = 0; i < w->n_ports; i++) {
		c->rx += w->port[i]->count->rx;
		c->tx += w->port[i]->count->tx;
	}
	c->drop[DROP_RESTART] = 0;
	accounted = c->tx + c->pass;
	for (int i = 0; i < DROP_COUNT; i++)
		accounted += c->drop[i];
	c->drop[DROP_RESTART] = c->rx - accounted;
}

static int prepare(struct worker *w)
{
	int err = audit_frames(&w->frames, w->port, w->n_ports, &w->found.frames);

	w->found.torn = flow_audit(&w->lookup.flows[w->self], clock_seconds());
	settle_counters(w);
	return err;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	char name[16];
	int err;

	snprintf(name, sizeof(name), "shunt/%u", w->self);
	cpu_name_thread(name);
	cpu_pin(0, w->info->cpu); /* a CPU that left since the plan was made stops nobody */
	__atomic_store_n(&w->info->tid, (int)syscall(SYS_gettid), __ATOMIC_RELAXED);
	err = prepare(w);
	setpriority(PRIO_PROCESS, 0, 0); /* of this thread; from the holder's for takeovers */
	rcu_register_thread();
	w->error = err;
	sem_post(&w->prepared);
	w->spent_at = clock_ns();
	w->idle_since = w->spent_at;
	if (!err)
		worker_loop(w);
	rcu_unregister_thread();
	return NULL;
}

void worker_prefault(const struct worker *w)
{
	const struct frames *f = &w->frames;

	madvise(f->area + ((size_t)f->first << f->shift), (size_t)f->n << f->shift,
		MADV_POPULATE_WRITE);
	madvise(w->info->counters, sizeof(*w->info->counters), MADV_POPULATE_WRITE);
}

int worker_start(struct worker *w, int wake_fd)
{
	sigset_t all, old;
	int err;

	for (uint32_t i = 0; i < w->n_ports; i++)
		w->fds[i] = (struct pollfd){.fd = w->port[i]->fd, .events = POLLIN};
	w->fds[w->n_ports] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
	sem_init(&w->prepared, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are management's */
	err = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

int worker_wait(struct worker *w, struct worker_found *found)
{
	while (sem_wait(&w->prepared))
		; /* interrupted */
	*found = w->found;
	return w->error;
}

void worker_stop(struct worker *w)
{
	pthread_join(w->thread, NULL);
	sem_destroy(&w->prepared);
}
