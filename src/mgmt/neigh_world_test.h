/* SPDX-License-Identifier: BSD-2-Clause */
/* What the root tests of neighbours and links share: a director and a server in network namespaces
 * without a name, which go with the process, joined by a veth pair d0 - s0. */
#ifndef SHUNT_MGMT_NEIGH_WORLD_TEST_H
#define SHUNT_MGMT_NEIGH_WORLD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmocka.h>

#include "mgmt/neigh.h"

enum {
	LONG_MS = 20000
};

struct world {
	pid_t server; /* a process that sits in the server's namespace */
	uv_loop_t loop;
	uv_timer_t clock;
	struct dataplane dp;
	struct neigh *n;
	struct addr v4, v6;
	struct reach r4, r6;
	int hooks;   /* calls about v4 */
	int ok;	     /* servers, of all that are watched, that became OK */
	uint64_t at; /* when v4's hook was called last */
	bool nic_up;
	uint8_t nic_mac[6];
	int nic_calls, gone, back;
	char logged[512]; /* the last line */
	int lines;	  /* how many there were */
	bool overran;	  /* events were lost */
};

/* A fresh world for each test: the process moves into a new namespace. */
int world_open(void **state);
int world_close(void **state);
#define in_world(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)

void world_link(struct world *w);  /* makes the veth pair */
void world_neigh(struct world *w); /* opens w->n */

/* Runs a shell command that has to succeed; IN_SERVER before it takes w->server. */
__attribute__((format(printf, 1, 2))) void run(const char *fmt, ...);
#define IN_SERVER "nsenter -t %d -n "
bool shell(const char *cmd); /* did it succeed? */

/* Runs the loop until what is expected has come true, or ms have passed. */
#define until(w, what, ms)                                          \
	do {                                                        \
		uint64_t until_end = uv_hrtime() + (ms)*1000000ull; \
		while (!(what) && uv_hrtime() < until_end)          \
			turn_loop(w, 20);                           \
	} while (0)

void turn_loop(struct world *w, int ms);
void pass_ms(struct world *w, int ms);

/* Is it reached at 02:00:00:00:00:<last>? */
bool has_mac(const struct reach *r, uint8_t last);

void watch_and_resolve(struct world *w); /* w->v4 */
bool is_managed(void);			 /* its entry */

#endif
