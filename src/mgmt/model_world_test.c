/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/model_world_test.h"

#include <stdio.h>

enum {
	FLOWS = 1024
};

struct addr world_addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

struct endpoint world_tcp(const char *text, uint16_t port)
{
	return (struct endpoint){
		.addr = world_addr(text), .port = htons(port), .proto = IPPROTO_TCP};
}

struct service_conf world_service(const char *text, uint16_t port, enum sched sched)
{
	return (struct service_conf){.ep = world_tcp(text, port), .sched = sched};
}

struct backend_conf world_server(const char *text, uint16_t port, uint32_t weight)
{
	return (struct backend_conf){
		.addr = world_addr(text), .port = htons(port), .weight = weight};
}

static void note(struct world *w, const char *what, const struct addr *a, __be16 port)
{
	size_t n = strlen(w->log);
	char text[ADDR_TEXT];

	if (port)
		host_text(a, port, text);
	else
		addr_text(a, text);
	snprintf(w->log + n, sizeof(w->log) - n, "%s%s %s", n ? ", " : "", what, text);
}

void world_expect_log(struct world *w, const char *log)
{
	assert_string_equal(w->log, log);
	w->log[0] = 0;
}

static int on_steer_add(void *ctx, const struct endpoint *ep)
{
	struct world *w = ctx;

	if (w->steer_full)
		return -E2BIG;
	w->early |= !snap_get() || !snap_service(snap_get(), ep);
	note(w, "steer", &ep->addr, ep->port);
	return 0;
}

static int on_steer_del(void *ctx, const struct endpoint *ep)
{
	struct world *w = ctx;

	w->early |= !snap_service(snap_get(), ep);
	note(w, "unsteer", &ep->addr, ep->port);
	return 0;
}

static void on_watch(void *ctx, const struct addr *a)
{
	note(ctx, "watch", a, 0);
}

static void on_unwatch(void *ctx, const struct addr *a)
{
	note(ctx, "unwatch", a, 0);
}

void world_later(void *ctx)
{
	((struct world *)ctx)->laters++;
}

void world_model(struct world *w)
{
	assert_int_equal(state_attach(&w->state, w->area, state_bytes()), 0);
	assert_int_equal(model_new(&w->model, &w->dp, w->state, &w->hooks), 0);
}

int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t bytes = flow_bytes(FLOWS);

	w->dp.n_nics = 2;
	memcpy(w->dp.nic[0].mac, "\x02\0\0\0\0\x01", 6);
	memcpy(w->dp.nic[1].mac, "\x02\0\0\0\0\x02", 6);
	w->dp.n_workers = WORKERS;
	for (int i = 0; i < WORKERS; i++) {
		struct worker_info *worker = &w->dp.worker[i];

		worker->backends = calloc(BACKENDS_MAX, sizeof(*worker->backends));
		worker->flows = aligned_alloc(64, bytes);
		memset(worker->flows, 0, bytes);
		worker->flows_bytes = bytes;
		flow_attach(&w->flows[i], worker->flows, bytes);
	}
	w->area = calloc(1, state_bytes());
	w->hooks = (struct model_hooks){.ctx = w,
					.steer_add = on_steer_add,
					.steer_del = on_steer_del,
					.watch = on_watch,
					.unwatch = on_unwatch};
	world_model(w);
	*state = w;
	return 0;
}

int world_close(void **state)
{
	struct world *w = *state;

	model_free(w->model);
	for (int i = 0; i < WORKERS; i++) {
		free(w->dp.worker[i].backends);
		free(w->dp.worker[i].flows);
	}
	free(w->area);
	free(w);
	return 0;
}

void world_reach(struct world *w, const char *text, enum reach_state state, uint8_t mac)
{
	struct reach r = {.state = state, .nic = 1, .mac = {2, 0, 0, 1, 0, mac}};
	struct addr a = world_addr(text);

	model_set_reach(w->model, &a, &r);
}

/* The seed: one service with servers 1..n of weight 1, all reachable. */
void world_seed(struct world *w, enum sched sched, int n)
{
	struct service_conf s = world_service("192.0.2.1", 80, sched);
	char text[24];

	assert_int_equal(model_service_add(w->model, &s), 0);
	for (int i = 1; i <= n; i++) {
		struct backend_conf b;

		snprintf(text, sizeof(text), "10.0.0.%d", i);
		b = world_server(text, 80, 1);
		assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
	}
	assert_int_equal(model_commit(w->model), 0);
	for (int i = 1; i <= n; i++) {
		snprintf(text, sizeof(text), "10.0.0.%d", i);
		world_reach(w, text, REACH_OK, (uint8_t)i);
	}
	w->log[0] = 0;
}

static const struct model_backend *find(struct world *w, const struct endpoint *ep,
					const char *text)
{
	struct addr a = world_addr(text);

	for (uint32_t i = 0; i < model_services(w->model); i++) {
		struct model_service s;

		model_service_at(w->model, i, &s);
		if (memcmp(&s.conf.ep, ep, sizeof(*ep)))
			continue;
		for (uint32_t k = 0; k < s.n_backends; k++) {
			if (addr_equal(&s.backend[k].conf.addr, &a))
				return &s.backend[k];
		}
	}
	return NULL;
}

uint32_t world_id_of(struct world *w, const char *text)
{
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	const struct model_backend *b = find(w, &ep, text);

	return b ? b->id : 0;
}

void world_drop(struct world *w, const char *text)
{
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct addr a = world_addr(text);

	assert_int_equal(model_backend_del(w->model, &ep, &a, ep.port), 0);
	assert_int_equal(model_commit(w->model), 0);
}

void world_add(struct world *w, const char *text, uint32_t weight)
{
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct backend_conf b = world_server(text, 80, weight);

	assert_int_equal(model_backend_add(w->model, &ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
}

/* Flags as the workers see them, and whether new flows go there. */
uint32_t world_flags_of(uint32_t id)
{
	const struct backend *b = snap_backend(snap_get(), id);

	assert_non_null(b);
	return b->flags;
}

const struct service *world_seen(void)
{
	struct endpoint ep = world_tcp("192.0.2.1", 80);

	return snap_service(snap_get(), &ep);
}

bool world_picked(uint32_t id)
{
	const struct pick *p = world_seen()->pick;

	for (uint32_t i = 0; i < p->n; i++) {
		if (p->slot[i] == backend_slot(id))
			return true;
	}
	return false;
}

void world_count(struct world *w, uint32_t worker, uint32_t id, uint64_t n)
{
	struct backend_counters *c = &w->dp.worker[worker].backends[backend_slot(id)];

	c->flows += n;
	c->packets += 10 * n;
	c->bytes += 100 * n;
}

uint64_t world_packets_of(struct world *w, const char *text)
{
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	const struct model_backend *b = text ? find(w, &ep, text) : NULL;
	struct model_stats stats;

	if (b)
		model_backend_stats(w->model, b, &stats);
	else
		model_service_stats(w->model, &ep, &stats);
	assert_int_equal(stats.packets, 10 * stats.flows);
	assert_int_equal(stats.bytes, 100 * stats.flows);
	return stats.packets;
}
