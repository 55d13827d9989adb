/* SPDX-License-Identifier: BSD-2-Clause */
#include "send.h"

#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "nic.h"
#include "template.h"
#include "wait.h"

enum {
	HEAD_START_NS = 5 * 1000 * 1000, /* for the threads to come up */
	POLL_MS = 20,
	SLOW_PPS = 200 * 1000,	      /* of a thread: what AF_XDP does with ease */
	SETTLE_NS = 20 * 1000 * 1000, /* until the interface's counters are right */
};

struct sender {
	struct gen_conf conf;
	const struct engine *engine;
	struct engine_run *run;
	pthread_t id;
	int cpu;
	int result;
	unsigned int *busy; /* shared: threads that run */
};

static void *sender_main(void *arg)
{
	struct sender *s = arg;
	struct gen_state *state = s->engine->state(s->run);
	bool over = false;

	if (s->cpu >= 0)
		s->result = cpu_pin(0, s->cpu);
	cpu_name_thread("flowgen");
	prctl(PR_SET_TIMERSLACK, 1000);
	while (clock_ns() < state->start)
		;
	while (!s->result && !over) { /* a last turn when it is over: frames under way leave */
		over = __atomic_load_n(&state->over, __ATOMIC_RELAXED);
		s->result = s->engine->turn(s->run);
	}
	__atomic_sub_fetch(s->busy, 1, __ATOMIC_RELEASE);
	return NULL;
}

static unsigned int threads_of(const struct options *o)
{
	return o->cpus.n ? (unsigned int)o->cpus.n : 1;
}

static unsigned int queue_of(const struct options *o, unsigned int thread)
{
	return o->queues.n ? (unsigned int)o->queues.cpu[thread] : thread;
}

/* The xdp engine is the faster one, but it waits by spinning. */
static const struct engine *engine_of(const struct options *o)
{
	bool slow = o->rate > 0 && o->rate <= (double)SLOW_PPS * threads_of(o);

	if (o->engine == ENGINE_AUTO)
		return slow ? &engine_afxdp : &engine_xdp;
	return o->engine == ENGINE_XDP ? &engine_xdp : &engine_afxdp;
}

static int open_sender(struct sender *s, const struct options *o, unsigned int thread, char *err,
		       size_t size)
{
	uint8_t mac[6];
	int r = nic_mac(o->nic[0], mac, err, size);

	if (!r)
		r = template_fill(&s->conf, o, mac, thread, threads_of(o), err, size);
	if (r)
		return r;
	s->conf.ifindex = if_nametoindex(o->nic[0]);
	s->cpu = o->cpus.n ? o->cpus.cpu[thread] : -1;
	s->engine = engine_of(o);
	return s->engine->open(&s->run, &s->conf, o->nic[0], queue_of(o, thread), o->skb, err,
			       size);
}

/* Gets those out of the kernel that have nothing more to do there; or stops all. */
static void interrupt(const struct sender *all, unsigned int n, bool stop)
{
	for (unsigned int i = 0; i < n; i++) {
		__u32 *over = &all[i].engine->state(all[i].run)->over;

		if (stop)
			__atomic_store_n(over, 1, __ATOMIC_RELAXED);
		if (__atomic_load_n(over, __ATOMIC_RELAXED))
			pthread_kill(all[i].id, SIGUSR1);
	}
}

/* Starts all threads, waits for them or for a signal, and joins them. */
static int run_senders(struct sender *all, unsigned int n, const struct options *o)
{
	uint64_t start = clock_ns() + HEAD_START_NS;
	unsigned int busy = n, started = 0; /* busy: those that run */
	bool stop = false;
	int r = 0;

	for (; started < n && !r; started++) {
		struct sender *s = &all[started];
		struct gen_state *state = s->engine->state(s->run);

		s->busy = &busy;
		state->start = start;
		state->end = o->seconds > 0 ? start + (uint64_t)(o->seconds * 1e9) : 0;
		/* A share of no frames at all is a count of 0, which would be no end. */
		state->over = o->count && !s->conf.count;
		r = -pthread_create(&s->id, NULL, sender_main, s);
	}
	if (r) {
		started--; /* the last one doesn't run, nor those behind it */
		__atomic_sub_fetch(&busy, n - started, __ATOMIC_RELAXED);
	}
	while (__atomic_load_n(&busy, __ATOMIC_ACQUIRE)) {
		stop |= wait_signal(POLL_MS) || r;
		interrupt(all, started, stop);
	}
	for (unsigned int i = 0; i < started; i++) {
		pthread_join(all[i].id, NULL);
		r = r ? r : all[i].result;
	}
	return r;
}

static void sum_up(struct send_result *out, const struct sender *all, unsigned int n,
		   const struct options *o)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct send_thread *t = &out->thread[i];

		t->state = *all[i].engine->state(all[i].run);
		t->cpu = all[i].cpu;
		t->queue = queue_of(o, i);
		t->stream = o->stream + i;
		out->sent += t->state.sent;
		out->bytes += t->state.bytes;
		out->missed += t->state.missed;
		if (t->state.sent && t->state.first_ns < first)
			first = t->state.first_ns;
		if (t->state.last_ns > last)
			last = t->state.last_ns;
	}
	out->seconds = last > first ? (double)(last - first) / 1e9 : 0;
	out->engine = all->engine->name;
	out->threads = n;
}

/* Between two readings of the interface's counters: what became of the frames. */
static int account(struct send_result *out, const char *nic, const struct nic_counters *before,
		   char *err, size_t size)
{
	struct nic_counters after;
	int r;

	nanosleep(&(struct timespec){.tv_nsec = SETTLE_NS}, NULL);
	r = nic_counters(nic, &after, err, size);
	if (r)
		return r;
	out->tx_dropped = after.tx_dropped - before->tx_dropped;
	if (2 * (after.tx - before->tx + out->tx_dropped) >= out->sent)
		return 0;
	snprintf(err, size,
		 "%s took few of the frames or none; cure: bring both ends up, and on veth give "
		 "the peer "
		 "an XDP program or GRO (ethtool -K PEER gro on)",
		 nic);
	return -EIO;
}

int send_run(const struct options *o, struct send_result *out, char *err, size_t size)
{
	unsigned int n = threads_of(o), opened = 0;
	struct sender *all = calloc(n, sizeof(*all));
	struct nic_counters before;
	int r;

	memset(out, 0, sizeof(*out));
	if (!all)
		return -ENOMEM;
	r = nic_counters(o->nic[0], &before, err, size);
	for (; !r && opened < n; opened += !r)
		r = open_sender(&all[opened], o, opened, err, size);
	if (r)
		goto close;
	wait_use_interrupts();
	r = run_senders(all, n, o);
	if (r) {
		snprintf(err, size, "%s: sending failed: %s", o->nic[0], strerror(-r));
		r = -EIO;
		goto close;
	}
	sum_up(out, all, n, o);
	r = account(out, o->nic[0], &before, err, size);
close:
	for (unsigned int i = 0; i < opened; i++)
		all[i].engine->close(all[i].run);
	free(all);
	return r;
}
