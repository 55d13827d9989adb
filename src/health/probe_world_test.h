/* SPDX-License-Identifier: BSD-2-Clause */
/* A loop with probes on it, and servers on loopback for them to ask. */
#ifndef SHUNT_HEALTH_PROBE_WORLD_TEST_H
#define SHUNT_HEALTH_PROBE_WORLD_TEST_H

#include "health/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	ROOMY_MS = 10000, /* for what shouldn't take any time */
	SHORT_MS = 300,	  /* for what shall run out */
};

struct world {
	uv_loop_t loop;
	struct probes *probes;
	struct probe_result result;
	int calls;
};

int world_open(void **state);
int world_close(void **state); /* fails if the loop has a handle left */

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

/* A socket on 127.0.0.1, or ::1, and its port in *port (host order). The caller's to close. */
int loopback(int type, bool v6, uint16_t *port);

/* Tries check at such a port until it is done. Returns whether it was good; w->result has more. */
bool try_at(struct world *w, const struct check_conf *check, bool v6, uint16_t port);

/* Begins n tries and cancels them before, or while, they are under way; none may say anything. */
void try_and_cancel(struct world *w, const struct check_conf *check, uint16_t port, int n);

struct probe_target target_at(bool v6, uint16_t port);
int descriptors(void);

#endif
