/* SPDX-License-Identifier: BSD-2-Clause */
/* A model with everything that the commands of the control protocol need, for their tests. */
#ifndef SHUNT_MGMT_COMMAND_WORLD_TEST_H
#define SHUNT_MGMT_COMMAND_WORLD_TEST_H

/* Requests as they come from the socket, on a real model, with a data plane of zeros. */
#include "mgmt/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

#include "base/clock.h"

enum {
	WORKERS = 2,
	PORTS = 2
};

struct world {
	struct dataplane dp;
	struct port_counters ports[PORTS];
	struct worker_counters workers[WORKERS];
	struct flow_table flows[WORKERS];
	void *area;
	struct command_ctx ctx;
	bool steer_full;
};

/* The neighbours and the XDP program that there are not. */
void neigh_each(struct neigh *n,
		void (*fn)(void *ctx, const struct addr *server, const struct reach *reach),
		void *ctx)
{
	struct reach ok = {.state = REACH_OK, .nic = 1, .mac = {2, 0, 0, 0, 0, 9}}, no = {0};
	struct addr a;

	(void)n;
	addr_parse("10.0.0.1", &a);
	fn(ctx, &a, &ok);
	fn(ctx, &a, &no);
}

int steer_counts(struct steer *s, uint32_t nic, uint64_t count[STEER_COUNT])
{
	(void)s;
	count[STEER_REDIRECT] = 100 + nic;
	return 0;
}

const char *steer_count_name(enum steer_count c)
{
	return c == STEER_REDIRECT ? "redirect" : "other";
}

const char *steer_count_meaning(enum steer_count c)
{
	return c == STEER_REDIRECT ? "handed over" : "else";
}

static inline int on_steer_add(void *ctx, const struct endpoint *ep)
{
	(void)ep;
	return ((struct world *)ctx)->steer_full ? -E2BIG : 0;
}

static inline void world_plane(struct world *w)
{
	size_t bytes = flow_bytes(1024);

	w->dp.n_nics = 2;
	strcpy(w->dp.nic[0].name, "eth0");
	strcpy(w->dp.nic[1].name, "eth1");
	w->dp.nic[0].mode = MODE_SKB;
	w->dp.n_workers = WORKERS;
	w->dp.n_ports = PORTS;
	w->dp.port_counters = w->ports;
	for (uint16_t i = 0; i < WORKERS; i++) {
		struct worker_info *worker = &w->dp.worker[i];

		worker->counters = &w->workers[i];
		worker->backends = calloc(BACKENDS_MAX, sizeof(*worker->backends));
		worker->flows = aligned_alloc(64, bytes);
		memset(worker->flows, 0, bytes);
		worker->flows_bytes = bytes;
		worker->frames = 100;
		worker->node = -1;
		flow_attach(&w->flows[i], worker->flows, bytes);
		w->dp.port[i] = (struct port_info){.nic = i, .worker = i, .fd = -1};
	}
}

static inline int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct model_hooks hooks = {.ctx = w, .steer_add = on_steer_add};
	struct state *area;

	world_plane(w);
	w->area = calloc(1, state_bytes());
	assert_int_equal(state_attach(&area, w->area, state_bytes()), 0);
	w->ctx = (struct command_ctx){.dp = &w->dp, .started = clock_ns() / 1000000000};
	assert_int_equal(model_new(&w->ctx.model, &w->dp, area, &hooks), 0);
	*state = w;
	return 0;
}

static inline int world_close(void **state)
{
	struct world *w = *state;

	model_free(w->ctx.model);
	for (int i = 0; i < WORKERS; i++) {
		free(w->dp.worker[i].backends);
		free(w->dp.worker[i].flows);
	}
	free(w->area);
	free(w);
	return 0;
}

/* JSON with ' for ". */
static inline json_t *parse(const char *text)
{
	char *copy = strdup(text);
	json_error_t error;
	json_t *o;

	for (char *c = copy; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	o = json_loads(copy, 0, &error);
	if (!o)
		fail_msg("%s: %s", error.text, text);
	free(copy);
	return o;
}

static inline json_t *ask(struct world *w, const char *request)
{
	json_t *r = parse(request), *answer = command_run(&w->ctx, r, true);

	json_decref(r);
	assert_int_equal(json_integer_value(json_object_get(answer, "schema_version")), 1);
	return answer;
}

static inline void ok(struct world *w, const char *request)
{
	json_t *answer = ask(w, request);

	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("%s: %s", request, json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
}

/* Refused with this code, and this in the text. */
static inline void no(struct world *w, const char *request, const char *code, const char *text)
{
	json_t *answer = ask(w, request);
	const char *error = json_string_value(json_object_get(answer, "error"));

	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_string_equal(json_string_value(json_object_get(answer, "code")), code);
	if (!strstr(error, text))
		assert_string_equal(error, text);
	json_decref(answer);
}

/* The answer has at least these members. */
static inline bool covers(const json_t *have, const json_t *want)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_array(want)) {
		json_array_foreach (want, i, v) {
			if (!covers(json_array_get(have, i), v))
				return false;
		}
		return json_array_size(have) == json_array_size(want);
	}
	if (!json_is_object(want))
		return json_equal(have, want);
	json_object_foreach ((json_t *)want, key, v) {
		if (!covers(json_object_get(have, key), v))
			return false;
	}
	return json_is_object(have);
}

static inline void answers(struct world *w, const char *request, const char *want)
{
	json_t *have = ask(w, request), *o = parse(want);
	char *text = json_dumps(have, JSON_COMPACT | JSON_SORT_KEYS);

	if (!covers(have, o))
		assert_string_equal(text, want);
	free(text);
	json_decref(have);
	json_decref(o);
}

static inline void reach(struct world *w, const char *text, enum reach_state state)
{
	struct reach r = {.state = state, .nic = 1, .mac = {2, 0, 0, 0, 0, 9}};
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	model_set_reach(w->ctx.model, &a, &r);
}

#define VIP "'service':{'proto':'tcp','address':'192.168.1.222','port':80}"
#define RIP "'server':{'address':'192.168.1.54','port':80,'weight':1,'forward':'route'}"

static inline void seed(struct world *w)
{
	ok(w, "{'cmd':'service-add'," VIP ",'scheduler':'wrr'}");
	ok(w, "{'cmd':'server-add'," VIP "," RIP "}");
}

#define ADD    "{'cmd':'service-add','scheduler':'rr','service':"
#define SERVER "{'cmd':'server-add'," VIP ",'server':"
#define TUNNEL SERVER "{'address':'10.0.0.1','forward':'tunnel','tunnel':"

#endif
