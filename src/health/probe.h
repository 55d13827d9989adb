/* SPDX-License-Identifier: BSD-2-Clause */
/* A probe is one try of one check: it connects, asks, looks at the answer, and says once whether
 * that was good. When to try, how often, and what follows is nothing of its (verdict.h). All of it
 * lives on one libuv loop and never waits; its caller is that loop's thread. */
#ifndef SHUNT_HEALTH_PROBE_H
#define SHUNT_HEALTH_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "conf/check.h"

struct probe_target {
	struct addr addr; /* that is asked: the server's, connect_ip, or the virtual one */
	uint16_t port;	  /* host order */
	uint32_t mark;	  /* SO_MARK of the probe's packets; 0: none */
	/* Checks by a client's way: the virtual address, and the server that is to answer for it;
	 * all zero for others. src: the address to ask from, :: for the usual one. */
	struct endpoint vip;
	struct addr server, src;
};

struct probe_result {
	bool ok;
	bool weighs;	 /* misc_dynamic: the server's weight is to be */
	uint32_t weight; /* this */
	uint64_t ns;	 /* that it took */
	char why[128];	 /* not ok: "connection refused", "status 503, wanted 200 to 299" */
};

/* Told once for each probe that isn't cancelled, never from within probe_start. */
typedef void (*probe_done_fn)(void *arg, const struct probe_result *result);

/* What probes share. */
struct probes;

/* Returns 0 or -errno. loop is borrowed. */
int probes_open(struct probes **out, uv_loop_t *loop);

/* Cancels every probe; the loop has to run on until its handles are closed. Takes NULL. */
void probes_close(struct probes *p);

struct probe;

/* Begins a try of check, which is borrowed until it is done or cancelled. It ends at the latest
 * after the check's connect_timeout (MISC: misc_timeout), and is freed with the call of done. What
 * fails at once (no route, no socket) is told to done as any failure, from the loop. NULL: no
 * memory. */
struct probe *probe_start(struct probes *p, const struct check_conf *check,
			  const struct probe_target *target, probe_done_fn done, void *arg);

/* done won't be called; a command is ended. */
void probe_cancel(struct probe *probe);

#endif
