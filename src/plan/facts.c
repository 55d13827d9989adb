/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/facts.h"

#include <errno.h>
#include <hwloc.h>
#include <numa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* A kernel cpulist in a file; an empty or missing one is an empty set. */
static cpu_set_t read_set(const char *path)
{
	char text[4096] = "", err[256];
	struct cpulist list = {0};
	FILE *f = fopen(path, "re");

	if (f) {
		if (!fgets(text, sizeof(text), f))
			*text = '\0';
		fclose(f);
	}
	text[strcspn(text, "\n")] = '\0';
	if (!*text || cpulist_parse(text, NULL, &list, err, sizeof(err)))
		list.n = 0;
	return cpulist_set(&list);
}

/* The kernel grants of any affinity what the cpuset holds, so asking for all of it shows the
 * cpuset, however it was made. The affinity is put back. */
static int read_cpuset(cpu_set_t *affinity, cpu_set_t *cpuset)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	if (sched_getaffinity(0, sizeof(*affinity), affinity))
		return -errno;
	if (sched_setaffinity(0, sizeof(all), &all) ||
	    sched_getaffinity(0, sizeof(*cpuset), cpuset))
		*cpuset = *affinity;
	return sched_setaffinity(0, sizeof(*affinity), affinity) ? -errno : 0;
}

static int read_cpus(struct facts *facts)
{
	struct cpu_topo *topo = &facts->topo;
	cpu_set_t possible = read_set("/sys/devices/system/cpu/possible");
	cpu_set_t boot = read_set("/sys/devices/system/cpu/isolated");
	cpu_set_t partition = read_set("/sys/fs/cgroup/cpuset.cpus.isolated");
	cpu_set_t affinity, cpuset;
	int err = read_cpuset(&affinity, &cpuset);

	if (err)
		return err;
	topo->online = read_set("/sys/devices/system/cpu/online");
	if (!CPU_COUNT(&topo->online))
		topo->online = affinity;
	CPU_OR(&possible, &possible, &topo->online);
	for (int i = 0; i < CPU_SETSIZE; i++)
		topo->n_cpus = CPU_ISSET(i, &possible) ? i + 1 : topo->n_cpus;
	CPU_OR(&topo->isolated, &boot, &partition);

	/* isolcpus= takes CPUs out of every process's first affinity; asking for one of them is
	 * what they are for. */
	CPU_AND(&cpuset, &cpuset, &topo->isolated);
	CPU_OR(&topo->allowed, &affinity, &cpuset);
	return 0;
}

static void read_topology(hwloc_topology_t t, struct facts *facts)
{
	struct cpu_topo *topo = &facts->topo;
	hwloc_obj_t pu = NULL;

	while ((pu = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PU, pu))) {
		hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(t, HWLOC_OBJ_CORE, pu);
		int node = pu->nodeset ? hwloc_bitmap_first(pu->nodeset) : -1;

		if (pu->os_index >= CPU_SETSIZE)
			continue;
		facts->core[pu->os_index] = core ? (int)core->logical_index : -1;
		if (node < 0 || node >= CPU_NODES_MAX)
			continue;
		facts->node[pu->os_index] = node;
		CPU_SET(pu->os_index, &topo->node[node]);
		topo->n_nodes = node >= topo->n_nodes ? node + 1 : topo->n_nodes;
	}
}

/* The node that a NIC hangs on; -1 if it is none's, or every one's. */
static int nic_node(hwloc_topology_t t, const char *name)
{
	hwloc_obj_t dev = NULL, at;

	while ((dev = hwloc_get_next_osdev(t, dev))) {
		if (dev->attr->osdev.type != HWLOC_OBJ_OSDEV_NETWORK || !dev->name ||
		    strcmp(dev->name, name))
			continue;
		at = hwloc_get_non_io_ancestor_obj(t, dev);
		if (at && at->nodeset && hwloc_bitmap_weight(at->nodeset) == 1)
			return hwloc_bitmap_first(at->nodeset);
	}
	return -1;
}

static int open_topology(hwloc_topology_t *t)
{
	if (hwloc_topology_init(t))
		return -ENOMEM;
	hwloc_topology_set_flags(*t, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
	hwloc_topology_set_io_types_filter(*t, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
	hwloc_topology_set_cache_types_filter(*t, HWLOC_TYPE_FILTER_KEEP_NONE);
	if (!hwloc_topology_load(*t))
		return 0;
	hwloc_topology_destroy(*t);
	return -EIO;
}

static void read_memory(struct facts *facts)
{
	struct bitmask *mems;

	if (numa_available() < 0)
		return;
	mems = numa_get_mems_allowed();
	for (unsigned int i = 0; mems && i < CPU_NODES_MAX; i++)
		facts->memory[i] =
			numa_bitmask_isbitset(mems, i) && numa_node_size64((int)i, NULL) > 0;
	if (mems)
		numa_bitmask_free(mems);
}

static int read_kernel(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	if (uname(&u) || sscanf(u.release, "%d.%d", &major, &minor) != 2)
		return 0;
	return major << 8 | minor;
}

int facts_read(const char nic[][IFNAMSIZ], int n_nics, struct facts *facts)
{
	hwloc_topology_t t;
	int err;

	memset(facts, 0, sizeof(*facts));
	memset(facts->core, 0xff, sizeof(facts->core));
	memset(facts->node, 0xff, sizeof(facts->node));
	facts->kernel = read_kernel();
	err = read_cpus(facts);
	if (err)
		return err;
	err = open_topology(&t);
	if (err)
		return err;
	read_topology(t, facts);
	read_memory(facts);
	for (int i = 0; i < n_nics && !err; i++) {
		struct nic_facts *n = &facts->nic[i];
		struct cpu_nic *c = &facts->topo.nic[i];

		err = facts_read_nic(nic[i], n);
		n->node = n->node_sysfs;
		if (n->in_sysfs && nic_node(t, n->name) >= 0)
			n->node = nic_node(t, n->name);
		memcpy(c->name, n->name, sizeof(c->name));
		c->node = n->node;
	}
	facts->n_nics = facts->topo.n_nics = n_nics;
	hwloc_topology_destroy(t);
	return err;
}
