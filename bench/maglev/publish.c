/* SPDX-License-Identifier: BSD-2-Clause */
/* The model as the management thread drives it, and a thread that looks at the snapshot as a worker
 * does: in bursts of a few microseconds, with a quiescent state after each. */
#define _LGPL_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include "base/clock.h"
#include "bench/maglev/tables.h"
#include "mgmt/model.h"

enum {
	BURST_NS = 3000
};

struct publish_case {
	const char *name;
	enum sched sched;
	uint32_t services, servers; /* servers: of each service */
};

static const struct publish_case cases[] = {
	{"rr, 1 service, 10 servers", SCHEDULER_RR, 1, 10},
	{"rr, 100 services, 1k servers", SCHEDULER_RR, 100, 10},
	{"rr, 10k services, 100k servers", SCHEDULER_RR, 10000, 10},
	{"mh, 100 services, 100k servers", SCHEDULER_MH, 100, 1000},
};
enum {
	CASES = sizeof(cases) / sizeof(*cases)
};

struct world {
	const struct publish_case *conf;
	struct dataplane dp;
	void *area;
	struct state *state;
	struct model *model;
	pthread_t worker;
	bool stop;
	uint64_t seen; /* generation that the worker saw last, and since when (ns) */
	uint64_t seen_at;
};

static void *worker_main(void *arg)
{
	struct world *w = arg;

	rcu_register_thread();
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		const struct snap *s = snap_get();
		uint64_t now = clock_ns(), until = now + BURST_NS;

		if (s && s->generation != w->seen) {
			w->seen_at = now;
			__atomic_store_n(&w->seen, s->generation, __ATOMIC_RELEASE);
		}
		while (clock_ns() < until)
			;
		rcu_quiescent_state();
	}
	rcu_unregister_thread();
	return NULL;
}

static int steer_nothing(void *ctx, const struct endpoint *ep)
{
	(void)ctx;
	(void)ep;
	return 0;
}

static void later(void *ctx)
{
	(void)ctx;
}

static struct endpoint service_endpoint(uint32_t n)
{
	return (struct endpoint){
		.addr = addr_v4(htonl(0xc6120000 + n)), .port = htons(80), .proto = IPPROTO_TCP};
}

static struct backend_conf server_conf(const struct world *w, uint32_t service, uint32_t n)
{
	uint32_t number = service * w->conf->servers + n;

	return (struct backend_conf){
		.addr = addr_v4(htonl(0x0a000001 + number)), .port = htons(80), .weight = 10};
}

static int services_add(struct world *w)
{
	int err = 0;

	for (uint32_t i = 0; i < w->conf->services && !err; i++) {
		struct service_conf s = {.ep = service_endpoint(i), .sched = w->conf->sched};

		err = model_service_add(w->model, &s);
		for (uint32_t k = 0; k < w->conf->servers && !err; k++) {
			struct backend_conf b = server_conf(w, i, k);

			err = model_backend_add(w->model, &s.ep, &b);
		}
	}
	return err ? err : model_commit(w->model);
}

/* All neighbours become known. */
static void servers_reach(struct world *w)
{
	const struct reach reach = {.state = REACH_OK, .mac = {2, 0, 0, 0, 0, 9}};

	for (uint32_t i = 0; i < w->conf->services; i++)
		for (uint32_t k = 0; k < w->conf->servers; k++) {
			struct backend_conf b = server_conf(w, i, k);

			model_set_reach(w->model, &b.addr, &reach);
		}
	model_settle(w->model);
}

/* When the worker first saw the present snapshot. */
static uint64_t seen_at(struct world *w)
{
	while (__atomic_load_n(&w->seen, __ATOMIC_ACQUIRE) != snap_get()->generation)
		;
	return w->seen_at;
}

static void world_open(struct world *w, struct record *r)
{
	const struct model_hooks hooks = {
		.steer_add = steer_nothing, .steer_del = steer_nothing, .later = later};
	char name[80];
	uint64_t start;

	w->dp.n_nics = 1;
	w->area = aligned_alloc(64, (state_bytes() + 63) & ~63ul);
	if (!w->area)
		bench_fail("out of memory");
	memset(w->area, 0, state_bytes());
	if (state_attach(&w->state, w->area, state_bytes()) ||
	    model_new(&w->model, &w->dp, w->state, &hooks) ||
	    pthread_create(&w->worker, NULL, worker_main, w))
		bench_fail("no world");
	start = clock_ns();
	if (services_add(w))
		bench_fail("can't add services");
	servers_reach(w);
	seen_at(w);
	snprintf(name, sizeof(name), "%s: all added", w->conf->name);
	series_add(record_series(r, name, "ms", NULL), (double)(clock_ns() - start) / 1e6);
}

static void world_close(struct world *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	pthread_join(w->worker, NULL);
	model_free(w->model);
	free(w->area);
}

/* Changes a server's weight. */
static void change(struct world *w, uint32_t run)
{
	uint32_t service = run % w->conf->services;
	struct endpoint ep = service_endpoint(service);
	struct backend_conf b = server_conf(w, service, run % w->conf->servers);

	b.weight = 11 + run;
	if (model_backend_edit(w->model, &ep, &b) || model_commit(w->model))
		bench_fail("can't change a weight");
}

void publish_measure(struct record *r, uint32_t runs)
{
	for (uint32_t i = 0; i < CASES; i++) {
		struct world w = {.conf = &cases[i]};
		struct series *effect, *whole;
		char name[80];

		world_open(&w, r);
		snprintf(name, sizeof(name), "%s: change, to effect", w.conf->name);
		effect = record_series(r, name, "ms", NULL);
		snprintf(name, sizeof(name), "%s: change, to return", w.conf->name);
		whole = record_series(r, name, "ms", NULL);
		for (uint32_t k = 0; k < runs; k++) {
			uint64_t start = clock_ns();

			change(&w, k);
			series_add(whole, (double)(clock_ns() - start) / 1e6);
			series_add(effect, (double)(seen_at(&w) - start) / 1e6);
		}
		if (w.conf->services == 10000)
			record_aim(effect, 1, 10);
		world_close(&w);
	}
}
