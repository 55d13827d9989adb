/* SPDX-License-Identifier: BSD-2-Clause */
/* The placement plan: which worker serves which queues, on which CPU, with memory on which node.
 * What was asked for and the facts of the machine go in; a plan and its warnings come out.
 * Everything here is pure and runs before the first packet. */
#ifndef SHUNT_PLAN_PLAN_H
#define SHUNT_PLAN_PLAN_H

#include <sched.h>
#include <stddef.h>

#include "base/cpu.h"
#include "base/dataplane.h"

struct facts;

enum numa_policy {
	NUMA_PREFER,
	NUMA_STRICT,
	NUMA_OFF
};
extern const char *const numa_policy_name[]; /* "prefer", "strict", "off" */

/* What --mode asks for. The last three are enum xdp_mode's, in its order. */
enum mode_wanted {
	WANT_AUTO,
	WANT_ZEROCOPY,
	WANT_COPY,
	WANT_SKB
};
extern const char *const mode_wanted_name[];

/* What was asked for. Strings are borrowed. */
struct plan_conf {
	int n_nics;
	char nic[NICS_MAX][IFNAMSIZ]; /* -i, each once */
	int n_queue_maps;
	const char *queue_map[NICS_MAX * 4]; /* --queue IF:QLIST@CPULIST, as written */
	const char *cpus;		     /* --cpus, as written; NULL: not given */
	int main_cpu;			     /* -1: not given */
	enum numa_policy numa;
	enum mode_wanted mode;
	bool poll_busy;
};

struct plan_nic {
	char name[IFNAMSIZ];
	int ifindex;
	uint8_t mac[6];
	char driver[32];
	int node;   /* -1: none */
	int rx, tx; /* queues in use */
	/* of rx, the last ones, which come and go with the XDP program: never zero-copy */
	int xdp_rx;
	int mtu;
	bool up;	    /* and has a carrier */
	enum xdp_mode mode; /* expected; what comes of it is known after the bind */
};

struct plan_port {
	int nic, queue, worker;
	bool has_tx; /* this worker's way out of this NIC */
};

struct plan_worker {
	int cpu;
	int core;	    /* as lscpu counts them; -1: unknown */
	cpu_set_t siblings; /* the other CPUs of its core */
	int cpu_node;	    /* -1: unknown */
	int mem_node;	    /* -1: no preference */
};

struct plan_warning {
	char text[256];
	char cure[256]; /* a command wherever there is one */
};

enum {
	PLAN_WARNINGS_MAX = 32
};

struct plan {
	int n_nics, n_workers, n_ports, n_warnings;
	struct plan_nic nic[NICS_MAX];
	struct plan_worker worker[WORKERS_MAX];
	struct plan_port port[PORTS_MAX]; /* by NIC, then by queue */
	int main_cpu;
	enum numa_policy numa;
	bool poll_busy;
	struct plan_warning warning[PLAN_WARNINGS_MAX]; /* more than fit are left out */
};

/* Makes a plan. Returns 0, or -EINVAL with one line in err: the thing, then the cure; the
 * program's exit code is then 2. Worker w owns receive queues w, w + W, ... of every NIC and sends
 * on queue w of every NIC, since a socket has one owner; W is the smallest number of queues, of
 * either direction, on any of them. */
int plan_make(const struct plan_conf *conf, const struct facts *facts, struct plan *plan, char *err,
	      size_t size);

/* Fills what a plan decides: NICs, ports, workers' CPU and node, the main CPU. Everything else in
 * dp is zeroed, and every port's fd is -1; the holder fills them. nic.mode is the expected one
 * until the holder reads it back. */
void plan_to_dataplane(const struct plan *plan, struct dataplane *dp);

#endif
