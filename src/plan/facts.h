/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine is: its CPUs, cores and nodes (hwloc, sysfs), and the NICs asked for (ethtool,
 * sysfs). Gathered once, before the plan; plain data, so that a test can make up a machine. */
#ifndef SHUNT_PLAN_FACTS_H
#define SHUNT_PLAN_FACTS_H

#include "base/cpu.h"
#include "base/dataplane.h"

/* A channel count that can't be set is as large as it can be: max equals the present number. */
struct nic_facts {
	char name[IFNAMSIZ];
	int ifindex;   /* 0: there is no such interface, and nothing below counts */
	bool in_sysfs; /* /sys shows this network namespace's; if not, only ioctls tell */
	uint8_t mac[6];
	bool ethernet, loopback;
	bool up, carrier;
	int mtu;
	char driver[32];
	int rx, tx;	    /* queues in use */
	int max_rx, max_tx; /* that `ethtool -L` can give */
	bool channels;	    /* `ethtool -L` can set them */
	bool combined;	    /* and calls them combined */
	int xdp_rx;	/* of rx, those that appear with an XDP program, for the driver's own use */
	int node;	/* by hwloc's locality; -1: none */
	int node_sysfs; /* by device/numa_node; -1: none */
	bool lro;
	bool strips_vlan; /* on receive */
	bool has_vlans;	  /* VLAN interfaces stand on it */
};

struct facts {
	int kernel;		    /* major << 8 | minor */
	struct cpu_topo topo;	    /* topo.nic is filled from nic */
	int core[CPU_SETSIZE];	    /* by CPU; -1: unknown */
	int node[CPU_SETSIZE];	    /* by CPU; -1: unknown */
	bool memory[CPU_NODES_MAX]; /* nodes that this process may allocate on */
	int n_nics;
	struct nic_facts nic[NICS_MAX];
};

/* Reads them all; the NICs by these names, in this order. Returns 0 or -errno (no sysfs, no
 * memory); a NIC that doesn't exist is a fact, not an error. Caller: one thread only, at start,
 * as it widens its own affinity for a moment to learn its cpuset. */
int facts_read(const char nic[][IFNAMSIZ], int n_nics, struct facts *facts);

/* The two halves, for tests: CPUs and nodes; then one NIC, but for its node by hwloc. */
int facts_read_nic(const char *name, struct nic_facts *nic);

#endif
