/* SPDX-License-Identifier: BSD-2-Clause */
/* The model with real tables below it, and with hooks that only take notes. */
#include "mgmt/model.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

#include "base/clock.h"

enum {
	WORKERS = 2,
	FLOWS = 1024
};

/* Allocation number fail_at from now fails; 0: none does. The linker sends the model's
 * allocations here (--wrap). */
static uint32_t fail_at;

static bool fails(void)
{
	return fail_at && !--fail_at;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, n);
}

struct world {
	struct dataplane dp;
	struct flow_table flows[WORKERS];
	void *area;
	struct state *state;
	struct model *model;
	struct model_hooks hooks;
	/* What the hooks saw. */
	char log[4096];
	bool steer_full;
	bool early; /* steered before the workers knew it, or longer than they did */
	uint32_t laters;
};

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct endpoint tcp(const char *text, uint16_t port)
{
	return (struct endpoint){.addr = addr(text), .port = htons(port), .proto = IPPROTO_TCP};
}

static struct service_conf service(const char *text, uint16_t port, enum sched sched)
{
	return (struct service_conf){.ep = tcp(text, port), .sched = sched};
}

static struct backend_conf server(const char *text, uint16_t port, uint32_t weight)
{
	return (struct backend_conf){.addr = addr(text), .port = htons(port), .weight = weight};
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

static void expect_log(struct world *w, const char *log)
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

static void on_later(void *ctx)
{
	((struct world *)ctx)->laters++;
}

static void world_model(struct world *w)
{
	assert_int_equal(state_attach(&w->state, w->area, state_bytes()), 0);
	assert_int_equal(model_new(&w->model, &w->dp, w->state, &w->hooks), 0);
}

static int world_open(void **state)
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

static int world_close(void **state)
{
	struct world *w = *state;

	fail_at = 0;
	model_free(w->model);
	for (int i = 0; i < WORKERS; i++) {
		free(w->dp.worker[i].backends);
		free(w->dp.worker[i].flows);
	}
	free(w->area);
	free(w);
	return 0;
}

static void reach(struct world *w, const char *text, enum reach_state state, uint8_t mac)
{
	struct reach r = {.state = state, .nic = 1, .mac = {2, 0, 0, 1, 0, mac}};
	struct addr a = addr(text);

	model_set_reach(w->model, &a, &r);
}

/* The seed: one service with servers 1..n of weight 1, all reachable. */
static void seed(struct world *w, enum sched sched, int n)
{
	struct service_conf s = service("192.0.2.1", 80, sched);
	char text[16];

	assert_int_equal(model_service_add(w->model, &s), 0);
	for (int i = 1; i <= n; i++) {
		struct backend_conf b;

		snprintf(text, sizeof(text), "10.0.0.%d", i);
		b = server(text, 80, 1);
		assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
	}
	assert_int_equal(model_commit(w->model), 0);
	for (int i = 1; i <= n; i++) {
		snprintf(text, sizeof(text), "10.0.0.%d", i);
		reach(w, text, REACH_OK, (uint8_t)i);
	}
	w->log[0] = 0;
}

static const struct model_backend *find(struct world *w, const struct endpoint *ep,
					const char *text)
{
	struct addr a = addr(text);

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

static uint32_t id_of(struct world *w, const char *text)
{
	struct endpoint ep = tcp("192.0.2.1", 80);
	const struct model_backend *b = find(w, &ep, text);

	return b ? b->id : 0;
}

static void drop(struct world *w, const char *text)
{
	struct endpoint ep = tcp("192.0.2.1", 80);
	struct addr a = addr(text);

	assert_int_equal(model_backend_del(w->model, &ep, &a, ep.port), 0);
	assert_int_equal(model_commit(w->model), 0);
}

static void add(struct world *w, const char *text, uint32_t weight)
{
	struct endpoint ep = tcp("192.0.2.1", 80);
	struct backend_conf b = server(text, 80, weight);

	assert_int_equal(model_backend_add(w->model, &ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
}

/* Flags as the workers see them, and whether new flows go there. */
static uint32_t flags_of(uint32_t id)
{
	const struct backend *b = snap_backend(snap_get(), id);

	assert_non_null(b);
	return b->flags;
}

static const struct service *seen(void)
{
	struct endpoint ep = tcp("192.0.2.1", 80);

	return snap_service(snap_get(), &ep);
}

static bool picked(uint32_t id)
{
	const struct pick *p = seen()->pick;

	for (uint32_t i = 0; i < p->n; i++) {
		if (p->slot[i] == backend_slot(id))
			return true;
	}
	return false;
}

static void count(struct world *w, uint32_t worker, uint32_t id, uint64_t n)
{
	struct backend_counters *c = &w->dp.worker[worker].backends[backend_slot(id)];

	c->flows += n;
	c->packets += 10 * n;
	c->bytes += 100 * n;
}

static uint64_t packets_of(struct world *w, const char *text)
{
	struct endpoint ep = tcp("192.0.2.1", 80);
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

static void services_and_servers_are_in_ipvsadms_order(void **state)
{
	static const struct {
		const char *addr;
		uint16_t port;
		uint8_t proto;
	} want[] = {
		{"9.0.0.1", 80, IPPROTO_TCP},	  {"10.0.0.1", 80, IPPROTO_TCP},
		{"10.0.0.1", 443, IPPROTO_TCP},	  {"10.0.0.1", 8080, IPPROTO_TCP},
		{"1.0.0.1", 53, IPPROTO_UDP},	  {"::1", 80, IPPROTO_TCP},
		{"2001:db8::1", 80, IPPROTO_TCP}, {"2001:db8::", 53, IPPROTO_UDP},
	};
	static const char *const servers[] = {"9.0.0.2", "10.0.0.9", "10.0.0.10", "100.0.0.1"};
	const uint32_t n = sizeof(want) / sizeof(*want);
	struct world *w = *state;
	struct model_service s;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = i * 3 % n; /* in another order than they shall come out */
		struct service_conf c = service(want[k].addr, want[k].port, SCHEDULER_RR);

		c.ep.proto = want[k].proto;
		assert_int_equal(model_service_add(w->model, &c), 0);
		for (uint32_t b = 0; b < 4 && addr_is_v4(&c.ep.addr); b++) {
			struct backend_conf conf = server(servers[b * 3 % 4], want[k].port, 1);

			assert_int_equal(model_backend_add(w->model, &c.ep, &conf), 0);
		}
	}
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(model_services(w->model), n);
	for (uint32_t i = 0; i < n; i++) {
		struct endpoint ep = tcp(want[i].addr, want[i].port);

		ep.proto = want[i].proto;
		model_service_at(w->model, i, &s);
		assert_memory_equal(&s.conf.ep, &ep, sizeof(ep));
		for (uint32_t b = 0; b < s.n_backends; b++) {
			struct addr a = addr(servers[b]);

			assert_true(addr_equal(&s.backend[b].conf.addr, &a));
		}
	}
}

static void nothing_shows_until_commit_and_a_rollback_takes_it_back(void **state)
{
	struct world *w = *state;
	struct service_conf other = service("192.0.2.2", 80, SCHEDULER_RR);
	struct endpoint ep = tcp("192.0.2.1", 80);
	struct backend_conf b = server("10.0.0.1", 80, 7), new = server("10.0.0.7", 80, 1);
	struct addr second = addr("10.0.0.2");
	struct model_service s;
	uint64_t generation;
	uint32_t id;

	seed(w, SCHEDULER_RR, 2);
	generation = snap_get()->generation;
	id = id_of(w, "10.0.0.1");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(model_service_add(w->model, &other), 0);
		assert_int_equal(model_backend_add(w->model, &other.ep, &b), 0);
		assert_int_equal(model_backend_add(w->model, &ep, &new), 0);
		assert_int_equal(model_backend_edit(w->model, &ep, &b), 0);
		assert_int_equal(model_backend_del(w->model, &ep, &second, ep.port), 0);
		assert_int_equal(model_service_del(w->model, &ep), 0);
		assert_false(model_service_get(w->model, &other.ep, &s));
		assert_true(model_service_get(w->model, &ep, &s));
		assert_int_equal(s.n_backends, 2);
		assert_int_equal(s.backend[0].conf.weight, 1);
		model_rollback(w->model);
	}
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(snap_get()->generation, generation);
	assert_int_equal(id_of(w, "10.0.0.1"), id);
	expect_log(w, "");
	add(w, "10.0.0.3", 1); /* and its number is the next: nothing leaked */
	assert_int_equal(backend_slot(id_of(w, "10.0.0.3")), 2);
}

static void edits_that_make_no_sense_are_refused_by_name(void **state)
{
	struct world *w = *state;
	struct service_conf s = service("192.0.2.1", 80, SCHEDULER_RR), bad;
	struct endpoint none = tcp("192.0.2.9", 80);
	struct backend_conf b = server("10.0.0.1", 80, 1);
	struct addr gone = addr("10.0.0.9");

	seed(w, SCHEDULER_RR, 1);
	assert_int_equal(model_service_add(w->model, &s), -EEXIST);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EEXIST);
	assert_int_equal(model_backend_add(w->model, &none, &b), -ENOENT);
	assert_int_equal(model_service_del(w->model, &none), -ENOENT);
	assert_int_equal(model_zero(w->model, &none), -ENOENT);
	assert_int_equal(model_backend_del(w->model, &s.ep, &gone, s.ep.port), -ESRCH);
	b = server("10.0.0.9", 80, 1);
	assert_int_equal(model_backend_edit(w->model, &s.ep, &b), -ESRCH);
	bad = service("192.0.2.3", 0, SCHEDULER_RR);
	assert_int_equal(model_service_add(w->model, &bad), -EINVAL);
	bad = service("192.0.2.3", 80, SCHEDULER_COUNT);
	assert_int_equal(model_service_add(w->model, &bad), -EINVAL);
	bad = service("192.0.2.3", 80, SCHEDULER_RR);
	bad.flags = SERVICE_MH_PORT;
	assert_int_equal(model_service_add(w->model, &bad), -EINVAL);
	b = server("10.0.0.9", 81, 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EINVAL);
	b = server("2001:db8::9", 80, 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EINVAL);
	b = server("192.0.2.1", 80, 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EINVAL);
	b = server("10.0.0.9", 80, WEIGHT_MAX + 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EINVAL);
	model_rollback(w->model);
}

static void a_server_gets_no_traffic_until_its_neighbour_is_known(void **state)
{
	struct world *w = *state;
	const struct backend *b;
	uint32_t id;

	seed(w, SCHEDULER_WRR, 1);
	add(w, "10.0.0.2", 3);
	id = id_of(w, "10.0.0.2");
	assert_int_equal(flags_of(id), BACKEND_OPEN);
	assert_false(picked(id));
	reach(w, "10.0.0.2", REACH_UNRESOLVED, 0);
	assert_false(picked(id));
	reach(w, "10.0.0.2", REACH_OK, 9);
	assert_true(picked(id));
	assert_int_equal(seen()->pick->n, 4);
	b = snap_backend(snap_get(), id);
	assert_int_equal(b->flags, BACKEND_OPEN | BACKEND_READY);
	assert_memory_equal(b->macs, "\x02\0\0\x01\0\x09\x02\0\0\0\0\x02", 12);
	assert_int_equal(b->nic, 1);
	reach(w, "10.0.0.2", REACH_OK, 10); /* its MAC changed */
	assert_int_equal(snap_backend(snap_get(), id)->macs[5], 10);
	reach(w, "10.0.0.2", REACH_GATEWAY, 0);
	assert_int_equal(flags_of(id), BACKEND_OPEN);
	assert_false(picked(id));
}

static void a_nic_that_is_down_or_has_another_mac_shows_at_once(void **state)
{
	struct world *w = *state;
	uint32_t id;

	seed(w, SCHEDULER_RR, 1);
	id = id_of(w, "10.0.0.1");
	model_set_nic(w->model, 1, (const uint8_t *)"\x02\0\0\0\0\x07", true);
	assert_int_equal(snap_backend(snap_get(), id)->macs[11], 7);
	model_set_nic(w->model, 1, (const uint8_t *)"\x02\0\0\0\0\x07", false);
	assert_int_equal(flags_of(id), BACKEND_OPEN);
	assert_int_equal(seen()->pick->n, 0);
	model_set_nic(w->model, 1, (const uint8_t *)"\x02\0\0\0\0\x07", true);
	assert_true(picked(id));
}

static void weight_0_keeps_flows_and_takes_no_new_ones(void **state)
{
	struct world *w = *state;
	struct endpoint ep = tcp("192.0.2.1", 80);
	struct backend_conf b = server("10.0.0.1", 80, 0);
	uint32_t id;

	seed(w, SCHEDULER_RR, 2);
	id = id_of(w, "10.0.0.1");
	assert_int_equal(model_backend_edit(w->model, &ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(id_of(w, "10.0.0.1"), id);
	assert_int_equal(flags_of(id), BACKEND_READY);
	assert_false(picked(id));
	assert_true(picked(id_of(w, "10.0.0.2")));
}

static void a_removed_server_stays_while_it_has_flows(void **state)
{
	struct world *w = *state;
	uint32_t now = clock_seconds(), id;
	struct flow_slot *flow;

	seed(w, SCHEDULER_RR, 2);
	id = id_of(w, "10.0.0.1");
	flow = flow_add(&w->flows[1], 77, id, FLOW_ESTABLISHED, now);
	drop(w, "10.0.0.1");
	assert_int_equal(flags_of(id), BACKEND_READY);
	assert_false(picked(id));
	for (int i = 0; i < 4; i++)
		model_sweep(w->model);
	assert_int_equal(flags_of(id), BACKEND_READY);
	expect_log(w, "");
	reach(w, "10.0.0.1", REACH_OK, 99); /* its flows follow its MAC */
	assert_int_equal(snap_backend(snap_get(), id)->macs[5], 99);
	flow_touch(flow, FLOW_UDP, now);
	model_sweep(w->model);
	assert_non_null(snap_backend(snap_get(), id));
	flow_touch(flow, FLOW_UDP, now - 10000);
	model_sweep(w->model);
	assert_null(snap_backend(snap_get(), id));
	expect_log(w, "unwatch 10.0.0.1");
}

static void a_removed_server_without_flows_waits_a_whole_round(void **state)
{
	struct world *w = *state;
	uint32_t id;

	seed(w, SCHEDULER_RR, 1);
	id = id_of(w, "10.0.0.1");
	model_sweep(w->model);
	drop(w, "10.0.0.1");
	model_sweep(w->model);
	assert_non_null(snap_backend(snap_get(), id));
	model_sweep(w->model);
	assert_null(snap_backend(snap_get(), id));
	assert_int_equal(id_of(w, "10.0.0.1"), 0);
}

static void the_id_of_a_server_that_is_gone_never_matches_again(void **state)
{
	struct world *w = *state;
	uint32_t last = 0;

	seed(w, SCHEDULER_RR, 0);
	for (int i = 0; i < 5; i++) {
		uint32_t id;

		add(w, "10.0.0.1", 1);
		id = id_of(w, "10.0.0.1");
		assert_int_equal(backend_slot(id), 0);
		assert_int_not_equal(id, 0);
		assert_int_not_equal(id, last);
		if (last)
			assert_null(snap_backend(snap_get(), last));
		last = id;
		drop(w, "10.0.0.1");
		model_sweep(w->model);
		model_sweep(w->model);
	}
}

static void a_server_that_comes_back_keeps_its_connections(void **state)
{
	struct world *w = *state;
	struct service_conf s = service("192.0.2.1", 80, SCHEDULER_MH);
	struct model_service out;
	uint32_t id;

	seed(w, SCHEDULER_RR, 2);
	id = id_of(w, "10.0.0.1");
	flow_add(&w->flows[0], 77, id, FLOW_ESTABLISHED, clock_seconds());
	drop(w, "10.0.0.1");
	add(w, "10.0.0.1", 5);
	assert_int_equal(id_of(w, "10.0.0.1"), id);
	assert_true(picked(id));
	assert_int_equal(model_service_del(w->model, &s.ep), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_false(model_service_get(w->model, &s.ep, &out));
	assert_null(seen());
	assert_int_equal(flags_of(id), BACKEND_READY);
	for (int i = 0; i < 4; i++)
		model_sweep(w->model);
	assert_int_equal(model_services(w->model), 1); /* it waits for one, not for the other */
	assert_int_equal(model_service_add(w->model, &s), 0);
	add(w, "10.0.0.1", 1);
	assert_int_equal(id_of(w, "10.0.0.1"), id);
	assert_int_equal(id_of(w, "10.0.0.2"), 0);
	assert_true(picked(id));
	expect_log(w, "unsteer 192.0.2.1:80, unwatch 10.0.0.2, steer 192.0.2.1:80");
	assert_false(w->early);
}

static void a_replaced_table_keeps_what_is_in_both(void **state)
{
	struct world *w = *state;
	struct service_conf s = service("192.0.2.1", 80, SCHEDULER_RR),
			    t = service("192.0.2.2", 80, SCHEDULER_RR);
	struct backend_conf b = server("10.0.0.2", 80, 1);
	uint32_t id;

	seed(w, SCHEDULER_RR, 2);
	id = id_of(w, "10.0.0.2");
	assert_int_equal(model_clear(w->model), 0);
	assert_int_equal(model_service_add(w->model, &t), 0);
	assert_int_equal(model_service_add(w->model, &s), 0);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(id_of(w, "10.0.0.2"), id);
	assert_int_equal(flags_of(id), BACKEND_READY | BACKEND_OPEN);
	assert_int_equal(seen()->pick->n, 1);
	expect_log(w, "steer 192.0.2.2:80"); /* the other was steered all the time */
	assert_int_equal(model_clear(w->model), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(snap_get()->n_services, 0);
	expect_log(w, "unsteer 192.0.2.1:80, unsteer 192.0.2.2:80");
	assert_false(w->early);
}

static void a_pick_is_made_anew_only_when_its_servers_change(void **state)
{
	struct world *w = *state;
	struct service_conf other = service("192.0.2.2", 80, SCHEDULER_MH);
	struct backend_conf b = server("10.0.0.9", 80, 1);
	struct service_conf s = service("192.0.2.1", 80, SCHEDULER_WRR);
	const struct pick *pick;

	seed(w, SCHEDULER_MH, 2);
	pick = seen()->pick;
	assert_int_equal(model_service_add(w->model, &other), 0);
	assert_int_equal(model_backend_add(w->model, &other.ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	reach(w, "10.0.0.9", REACH_OK, 9);
	reach(w, "10.0.0.1", REACH_OK, 77); /* another MAC, but the same servers */
	assert_ptr_equal(seen()->pick, pick);
	add(w, "10.0.0.3", 0);
	assert_ptr_equal(seen()->pick, pick);
	reach(w, "10.0.0.2", REACH_DOWN, 0);
	assert_ptr_not_equal(seen()->pick, pick);
	assert_int_equal(model_service_edit(w->model, &s), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(seen()->pick->n, 1);
	assert_int_equal(seen()->sched, SCHEDULER_WRR);
}

static void a_service_that_cannot_be_steered_is_taken_back(void **state)
{
	struct world *w = *state;
	struct service_conf s = service("192.0.2.2", 80, SCHEDULER_RR);
	struct endpoint ep = tcp("192.0.2.1", 80);
	struct model_service out;
	struct addr a = addr("10.0.0.1");
	uint32_t id;

	seed(w, SCHEDULER_RR, 1);
	id = id_of(w, "10.0.0.1");
	w->steer_full = true;
	assert_int_equal(model_backend_del(w->model, &ep, &a, ep.port), 0);
	assert_int_equal(model_service_add(w->model, &s), 0);
	assert_int_equal(model_commit(w->model), -E2BIG);
	assert_false(model_service_get(w->model, &s.ep, &out));
	assert_null(snap_service(snap_get(), &s.ep));
	assert_true(picked(id));
	model_free(w->model);
	w->steer_full = false;
	world_model(w);
	assert_int_equal(model_restore(w->model), 1); /* in the state area, too */
	assert_int_equal(id_of(w, "10.0.0.1"), id);
}

static void neighbours_are_watched_once_over_all_services(void **state)
{
	struct world *w = *state;
	struct service_conf s = service("192.0.2.2", 80, SCHEDULER_RR);
	struct backend_conf b = server("10.0.0.1", 80, 1);

	seed(w, SCHEDULER_RR, 0);
	add(w, "10.0.0.1", 1);
	expect_log(w, "watch 10.0.0.1");
	assert_int_equal(model_service_add(w->model, &s), 0);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	expect_log(w, "steer 192.0.2.2:80");
	drop(w, "10.0.0.1");
	model_sweep(w->model);
	model_sweep(w->model);
	expect_log(w, "");
	assert_int_equal(model_service_del(w->model, &s.ep), 0);
	assert_int_equal(model_commit(w->model), 0);
	model_sweep(w->model);
	model_sweep(w->model);
	expect_log(w, "unsteer 192.0.2.2:80, unwatch 10.0.0.1");
}

static void many_neighbours_make_one_snapshot_if_later_is_asked(void **state)
{
	struct world *w = *state;
	uint64_t generation;

	model_free(w->model);
	w->hooks.later = on_later;
	world_model(w);
	seed(w, SCHEDULER_RR, 3);
	model_settle(w->model);
	assert_int_equal(seen()->pick->n, 3);
	w->laters = 0;
	generation = snap_get()->generation;
	reach(w, "10.0.0.1", REACH_DOWN, 0);
	reach(w, "10.0.0.2", REACH_DOWN, 0);
	assert_int_equal(w->laters, 1);
	assert_int_equal(snap_get()->generation, generation);
	model_settle(w->model);
	assert_int_equal(snap_get()->generation, generation + 1);
	assert_int_equal(seen()->pick->n, 1);
}

static void the_next_engine_goes_on_with_the_same_ids(void **state)
{
	struct world *w = *state;
	uint32_t first, second;

	seed(w, SCHEDULER_WRR, 3);
	first = id_of(w, "10.0.0.1");
	second = id_of(w, "10.0.0.2");
	count(w, 0, first, 5);
	count(w, 1, second, 7);
	flow_add(&w->flows[0], 77, second, FLOW_ESTABLISHED, clock_seconds());
	add(w, "10.0.0.9", 1);
	count(w, 0, id_of(w, "10.0.0.9"), 1);
	drop(w, "10.0.0.9");
	model_sweep(w->model);
	model_sweep(w->model); /* gone, but for its packets */
	drop(w, "10.0.0.2");
	model_free(w->model);
	w->log[0] = 0;
	world_model(w);
	assert_int_equal(model_restore(w->model), 1);
	expect_log(w, "steer 192.0.2.1:80, watch 10.0.0.1, watch 10.0.0.2, watch 10.0.0.3");
	assert_int_equal(id_of(w, "10.0.0.1"), first);
	assert_int_equal(id_of(w, "10.0.0.2"), second);
	assert_int_equal(packets_of(w, "10.0.0.1"), 50);
	assert_int_equal(packets_of(w, NULL), 130);
	reach(w, "10.0.0.1", REACH_OK, 1);
	reach(w, "10.0.0.2", REACH_OK, 2);
	assert_true(picked(first));
	assert_false(picked(second));
	assert_int_equal(flags_of(second), BACKEND_READY);
	for (int i = 0; i < 4; i++)
		model_sweep(w->model);
	assert_int_equal(id_of(w, "10.0.0.2"), second);
	add(w, "10.0.0.4", 1);
	assert_int_equal(backend_slot(id_of(w, "10.0.0.4")), 3);
}

static void totals_begin_with_the_server_and_outlive_it_in_its_service(void **state)
{
	struct world *w = *state;
	struct endpoint ep = tcp("192.0.2.1", 80);

	seed(w, SCHEDULER_RR, 2);
	count(w, 0, id_of(w, "10.0.0.1"), 5);
	count(w, 1, id_of(w, "10.0.0.1"), 6);
	count(w, 1, id_of(w, "10.0.0.2"), 1);
	assert_int_equal(packets_of(w, "10.0.0.1"), 110);
	assert_int_equal(packets_of(w, NULL), 120);
	drop(w, "10.0.0.1");
	model_sweep(w->model);
	model_sweep(w->model);
	add(w, "10.0.0.3", 1);
	assert_int_equal(backend_slot(id_of(w, "10.0.0.3")), 0);
	assert_int_equal(packets_of(w, "10.0.0.3"), 0);
	assert_int_equal(packets_of(w, NULL), 120);
	count(w, 0, id_of(w, "10.0.0.3"), 2);
	assert_int_equal(packets_of(w, "10.0.0.3"), 20);
	assert_int_equal(packets_of(w, NULL), 140);
	assert_int_equal(model_zero(w->model, &ep), 0);
	model_rollback(w->model);
	assert_int_equal(packets_of(w, NULL), 140);
	assert_int_equal(model_zero(w->model, NULL), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(packets_of(w, NULL), 0);
	count(w, 0, id_of(w, "10.0.0.3"), 1);
	assert_int_equal(packets_of(w, "10.0.0.3"), 10);
}

static void connections_are_counted_by_state(void **state)
{
	struct world *w = *state;
	uint32_t now = clock_seconds(), one, two;
	const struct model_flows *f;

	seed(w, SCHEDULER_RR, 2);
	one = id_of(w, "10.0.0.1");
	two = id_of(w, "10.0.0.2");
	flow_add(&w->flows[0], 1, one, FLOW_ESTABLISHED, now);
	flow_add(&w->flows[1], 2, one, FLOW_ESTABLISHED, now);
	flow_add(&w->flows[1], 3, one, FLOW_SYN, now);
	flow_add(&w->flows[0], 4, two, FLOW_UDP, now);
	flow_add(&w->flows[0], 5, two, FLOW_FIN, now);
	flow_add(&w->flows[0], 6, two, FLOW_ESTABLISHED, now - 10000);
	flow_add(&w->flows[0], 7, two ^ 1u << BACKEND_SLOT_BITS, FLOW_ESTABLISHED, now);
	f = model_flows(w->model);
	assert_int_equal(f[backend_slot(one)].active, 2);
	assert_int_equal(f[backend_slot(one)].inactive, 1);
	assert_int_equal(f[backend_slot(two)].active, 0);
	assert_int_equal(f[backend_slot(two)].inactive, 2);
}

/* One transaction that touches everything. */
static int edit_all(struct world *w)
{
	struct service_conf s = service("192.0.2.2", 80, SCHEDULER_MH),
			    edit = service("192.0.2.1", 80, SCHEDULER_WRR);
	struct backend_conf b = server("10.0.0.5", 80, 2), heavy = server("10.0.0.1", 80, 9);
	struct addr gone = addr("10.0.0.2");
	int err = model_service_add(w->model, &s);

	if (!err)
		err = model_backend_add(w->model, &s.ep, &b);
	if (!err)
		err = model_service_edit(w->model, &edit);
	if (!err)
		err = model_backend_edit(w->model, &edit.ep, &heavy);
	if (!err)
		err = model_backend_del(w->model, &edit.ep, &gone, edit.ep.port);
	if (!err)
		return model_commit(w->model);
	model_rollback(w->model);
	return err;
}

static void without_memory_nothing_has_happened(void **state)
{
	struct world *w = *state;
	uint64_t generation;
	uint32_t n = 0;
	int err;

	seed(w, SCHEDULER_RR, 3);
	generation = snap_get()->generation;
	do {
		fail_at = ++n;
		err = edit_all(w);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(model_services(w->model), 1);
		assert_int_equal(snap_get()->generation, generation);
		assert_int_equal(seen()->pick->n, 3);
		expect_log(w, "");
	} while (n < 1000);
	fail_at = 0;
	assert_true(n > 10);
	assert_int_equal(err, 0);
	assert_int_equal(seen()->pick->n, 10); /* weights 9 and 1 */
	assert_int_equal(model_services(w->model), 2);
	expect_log(w, "steer 192.0.2.2:80, watch 10.0.0.5");
}

static void a_neighbour_that_found_no_memory_is_in_force_with_the_next_sweep(void **state)
{
	struct world *w = *state;

	seed(w, SCHEDULER_RR, 2);
	fail_at = 1;
	reach(w, "10.0.0.1", REACH_DOWN, 0);
	assert_int_equal(seen()->pick->n, 2);
	model_sweep(w->model);
	assert_int_equal(seen()->pick->n, 1);
}

static void a_full_table_says_so(void **state)
{
	struct world *w = *state;
	struct service_conf s = service("0.0.0.0", 80, SCHEDULER_RR);
	struct backend_conf b = server("10.0.0.1", 80, 1);

	w->hooks = (struct model_hooks){0};
	model_free(w->model);
	world_model(w);
	for (uint32_t i = 0; i < SERVICES_MAX; i++) {
		s.ep.addr = addr_v4(htonl(0xc0000000 + i));
		assert_int_equal(model_service_add(w->model, &s), 0);
		for (uint32_t k = 0; k < BACKENDS_MAX / SERVICES_MAX; k++) {
			b.addr = addr_v4(htonl(0x0a000000 + k));
			assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
		}
	}
	b = server("10.9.0.1", 80, 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -ENOSPC);
	s.ep.addr = addr("192.99.0.1");
	assert_int_equal(model_service_add(w->model, &s), -ENOSPC);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(snap_get()->n_services, SERVICES_MAX);
	assert_int_equal(snap_get()->n_backends, BACKENDS_MAX);
	model_free(w->model);
	world_model(w);
	assert_int_equal(model_restore(w->model), SERVICES_MAX);
}

/* Against the order that suits the arrays least. Quadratic work would be 5 * 10^9 steps; this
 * takes half a second. */
static void a_large_batch_is_not_quadratic(void **state)
{
	enum {
		SERVICES = 10000,
		SERVERS = 10
	};
	struct world *w = *state;
	struct service_conf s = service("0.0.0.0", 80, SCHEDULER_WRR);
	struct backend_conf b = server("10.0.0.1", 80, 1);
	uint64_t start = clock_ns();

	w->hooks = (struct model_hooks){0};
	model_free(w->model);
	world_model(w);
	for (int i = SERVICES; i > 0; i--) {
		s.ep.addr = addr_v4(htonl(0xc0000000u + (uint32_t)i));
		assert_int_equal(model_service_add(w->model, &s), 0);
		for (int k = SERVERS; k > 0; k--) {
			b.addr = addr_v4(htonl(0x0a000000u + (uint32_t)(i * SERVERS + k)));
			assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
		}
	}
	assert_int_equal(model_commit(w->model), 0);
	for (int i = 1; i <= SERVICES; i++) {
		s.ep.addr = addr_v4(htonl(0xc0000000u + (uint32_t)i));
		b.addr = addr_v4(htonl(0x0a000000u + (uint32_t)(i * SERVERS + 1)));
		assert_int_equal(model_backend_del(w->model, &s.ep, &b.addr, b.port), 0);
	}
	assert_int_equal(model_commit(w->model), 0);
	print_message("%d edits in %.3f s\n", SERVICES * (SERVERS + 2),
		      (double)(clock_ns() - start) / 1e9);
	assert_true(clock_ns() - start < 10000000000u);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(services_and_servers_are_in_ipvsadms_order),
		TEST(nothing_shows_until_commit_and_a_rollback_takes_it_back),
		TEST(edits_that_make_no_sense_are_refused_by_name),
		TEST(a_server_gets_no_traffic_until_its_neighbour_is_known),
		TEST(a_nic_that_is_down_or_has_another_mac_shows_at_once),
		TEST(weight_0_keeps_flows_and_takes_no_new_ones),
		TEST(a_removed_server_stays_while_it_has_flows),
		TEST(a_removed_server_without_flows_waits_a_whole_round),
		TEST(the_id_of_a_server_that_is_gone_never_matches_again),
		TEST(a_server_that_comes_back_keeps_its_connections),
		TEST(a_replaced_table_keeps_what_is_in_both),
		TEST(a_pick_is_made_anew_only_when_its_servers_change),
		TEST(a_service_that_cannot_be_steered_is_taken_back),
		TEST(neighbours_are_watched_once_over_all_services),
		TEST(many_neighbours_make_one_snapshot_if_later_is_asked),
		TEST(the_next_engine_goes_on_with_the_same_ids),
		TEST(totals_begin_with_the_server_and_outlive_it_in_its_service),
		TEST(connections_are_counted_by_state),
		TEST(without_memory_nothing_has_happened),
		TEST(a_neighbour_that_found_no_memory_is_in_force_with_the_next_sweep),
		TEST(a_full_table_says_so),
		TEST(a_large_batch_is_not_quadratic),
	};
	int failed;

	urcu_qsbr_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	urcu_qsbr_unregister_thread();
	return failed;
}
