/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU lists as people write them, and pinning. A list is
 *	term{,term}    term := N | N-M | N-M:S | 0xMASK | all | isolated | node:N | nic:IF | !term
 * always in the operating system's CPU numbers. N, N-M and masks must name CPUs that can be used;
 * the named sets stand for those of their CPUs that can. !term takes away from the whole list,
 * wherever it stands; a list of nothing else takes away from `all`. */
#ifndef SHUNT_BASE_CPU_H
#define SHUNT_BASE_CPU_H

#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	CPU_NODES_MAX = 64,
	CPU_NICS_MAX = 8,
	CPU_TEXT = 256
};

/* In the order written; a CPU may stand in it more than once. */
struct cpulist {
	int n;
	int cpu[CPU_SETSIZE];
};

/* What a list is read against. Plain data, so that a test can make up a machine. */
struct cpu_topo {
	int n_cpus; /* CPUs 0..n_cpus-1 exist, online or not */
	cpu_set_t online;
	cpu_set_t allowed; /* by affinity and cpuset; may hold offline ones */
	cpu_set_t isolated;
	int n_nodes; /* nodes 0..n_nodes-1; a number that is no node has an empty set */
	cpu_set_t node[CPU_NODES_MAX];
	int n_nics;
	struct cpu_nic {
		char name[IFNAMSIZ];
		int node; /* -1: none; its CPUs are then all */
	} nic[CPU_NICS_MAX];
};

/* Pure; any thread. Without a topo only N, N-M, N-M:S and masks are known and any number below
 * CPU_SETSIZE will do (lists of queues, files of sysfs). Returns 0, or -EINVAL with one line in
 * err that says at which character what is wrong. The result is never empty. */
int cpulist_parse(const char *text, const struct cpu_topo *topo, struct cpulist *out, char *err,
		  size_t size);

/* Print a list, or a set, as a kernel cpulist; cut to size. They return buf. */
const char *cpulist_text(const struct cpulist *list, char *buf, size_t size);
const char *cpuset_text(const cpu_set_t *set, char *buf, size_t size);

struct cpulist cpulist_of(const cpu_set_t *set); /* ascending */
cpu_set_t cpulist_set(const struct cpulist *list);

/* The CPUs that can be used: online and allowed. */
cpu_set_t cpu_usable(const struct cpu_topo *topo);
bool cpu_is_usable(const struct cpu_topo *topo, int cpu);

/* Why cpu can't be used, and the cure, in err; returns 0 when it can, else -EINVAL. */
int cpu_check(const struct cpu_topo *topo, long cpu, char *err, size_t size);

/* Binds a thread to one CPU. tid 0: the caller. Returns 0 or -errno. */
int cpu_pin(pid_t tid, int cpu);

/* Names the calling thread, as ps and top show it; cut to 15 bytes. */
void cpu_name_thread(const char *name);

#endif
