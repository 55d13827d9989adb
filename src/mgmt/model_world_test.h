/* SPDX-License-Identifier: BSD-2-Clause */
/* What the model's tests share: real tables below the model, hooks that only take notes. */
#ifndef SHUNT_MGMT_MODEL_WORLD_TEST_H
#define SHUNT_MGMT_MODEL_WORLD_TEST_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

#include "base/clock.h"
#include "mgmt/model.h"

enum {
	WORKERS = 2
};

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

/* Literals. */
struct addr world_addr(const char *text);
struct endpoint world_tcp(const char *text, uint16_t port);
struct service_conf world_service(const char *text, uint16_t port, enum sched sched);
struct backend_conf world_server(const char *text, uint16_t port, uint32_t weight);

/* What the hooks saw since the last time: "steer 192.0.2.1:80, watch 10.0.0.1". */
void world_expect_log(struct world *w, const char *log);

/* The model of another engine on the same state area; free the last one first. */
void world_model(struct world *w);

/* Set up and tear down, for cmocka. */
int world_open(void **state);
int world_close(void **state);

/* What becomes known of a server; mac is its last byte. */
void world_reach(struct world *w, const char *text, enum reach_state state, uint8_t mac);

/* Service 192.0.2.1:80 with servers 10.0.0.1..n of weight 1, all reachable; then the log is
 * empty. */
void world_seed(struct world *w, enum sched sched, int n);

/* Of the seed: a server's id, 0 if there is none; removing and adding one, committed. */
uint32_t world_id_of(struct world *w, const char *text);
void world_drop(struct world *w, const char *text);
void world_add(struct world *w, const char *text, uint32_t weight);

/* As the workers see it: a backend's flags, the seed's service, whether new flows go there. */
uint32_t world_flags_of(uint32_t id);
const struct service *world_seen(void);
bool world_picked(uint32_t id);

/* A worker counts n flows of 10 packets of 10 bytes; packets of a server of the seed, or of the
 * seed itself (NULL). */
void world_count(struct world *w, uint32_t worker, uint32_t id, uint64_t n);
uint64_t world_packets_of(struct world *w, const char *text);

/* For hooks.later; counts. */
void world_later(void *ctx);

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)

#endif
