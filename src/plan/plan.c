/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/build.h"
#include "shunt/abi_steer.h"

const char *const numa_policy_name[] = {"prefer", "strict", "off", NULL};
const char *const mode_wanted_name[] = {"auto", "zerocopy", "copy", "skb", NULL};

int build_fail(struct build *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->err, b->size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int build_home(const struct build *b)
{
	if (b->plan->numa == NUMA_OFF)
		return -1;
	for (int i = 0; i < b->plan->n_nics; i++)
		if (b->plan->nic[i].node >= 0)
			return b->plan->nic[i].node;
	return -1;
}

static int check_nic(struct build *b, const char *name, const struct nic_facts *f)
{
	if (!f->ifindex)
		return build_fail(b, "-i %s: no such interface; cure: one that `ip -br link` lists",
				  name);
	if (f->loopback)
		return build_fail(b, "-i %s: a loopback interface; cure: name an Ethernet one",
				  name);
	if (!f->ethernet)
		return build_fail(b, "-i %s: not an Ethernet interface; cure: name one", name);
	if (f->rx > STEER_MAX_QUEUES)
		return build_fail(b,
				  "-i %s: %d receive queues, the limit is %d; cure: "
				  "ethtool -L %s %s %d",
				  name, f->rx, STEER_MAX_QUEUES, name,
				  f->combined ? "combined" : "rx", STEER_MAX_QUEUES);
	return 0;
}

static enum xdp_mode expected_mode(const struct build *b, const struct nic_facts *f)
{
	if (b->conf->mode != WANT_AUTO)
		return (enum xdp_mode)(b->conf->mode - WANT_ZEROCOPY);
	return f->xdp_rx ? MODE_COPY : driver_mode(f->driver, b->facts->kernel);
}

static int take_nics(struct build *b)
{
	for (int i = 0; i < b->conf->n_nics; i++) {
		const struct nic_facts *f = &b->facts->nic[i];
		struct plan_nic *n = &b->plan->nic[i];

		if (check_nic(b, b->conf->nic[i], f))
			return -EINVAL;
		memcpy(n->name, f->name, sizeof(n->name));
		n->ifindex = f->ifindex;
		memcpy(n->mac, f->mac, sizeof(n->mac));
		memcpy(n->driver, f->driver, sizeof(n->driver));
		n->node = f->node;
		n->rx = f->rx;
		n->tx = f->tx;
		n->xdp_rx = f->xdp_rx;
		n->mtu = f->mtu;
		n->up = f->up && f->carrier;
		n->mode = expected_mode(b, f);
	}
	b->plan->n_nics = b->conf->n_nics;
	return 0;
}

static int count_workers(struct build *b)
{
	struct plan *plan = b->plan;
	int least = plan->nic[0].rx, ports = 0;

	for (int i = 0; i < plan->n_nics; i++) {
		const struct plan_nic *n = &plan->nic[i];

		if (n->rx < 1 || n->tx < 1)
			return build_fail(
				b,
				"-i %s: %d queues to receive and %d to send on; cure: mount "
				"the sysfs of this network namespace on /sys",
				n->name, n->rx, n->tx);
		least = n->rx < least ? n->rx : least;
		least = n->tx < least ? n->tx : least;
		ports += n->rx;
	}
	if (least > WORKERS_MAX)
		return build_fail(b,
				  "%d queues on each interface, the limit is %d; cure: "
				  "ethtool -L %s combined %d",
				  least, WORKERS_MAX, plan->nic[0].name, WORKERS_MAX);
	if (ports > PORTS_MAX)
		return build_fail(b,
				  "%d queues on %d interfaces, the limit is %d; cure: "
				  "fewer queues (ethtool -L)",
				  ports, plan->n_nics, PORTS_MAX);
	plan->n_workers = least;
	return 0;
}

static void make_ports(struct plan *plan)
{
	for (int i = 0; i < plan->n_nics; i++)
		for (int q = 0; q < plan->nic[i].rx; q++)
			plan->port[plan->n_ports++] = (struct plan_port){
				.nic = i,
				.queue = q,
				.worker = q % plan->n_workers,
				.has_tx = q < plan->n_workers,
			};
}

/* The NICs' node, or else the CPU's, as long as this process may allocate there. */
static int memory_node(const struct facts *facts, int home, int cpu_node)
{
	if (home >= 0 && home < CPU_NODES_MAX && facts->memory[home])
		return home;
	return cpu_node >= 0 && cpu_node < CPU_NODES_MAX && facts->memory[cpu_node] ? cpu_node : -1;
}

/* What follows from a worker's CPU. */
static void describe_workers(struct build *b)
{
	const struct facts *facts = b->facts;
	int home = build_home(b);

	for (int w = 0; w < b->plan->n_workers; w++) {
		struct plan_worker *worker = &b->plan->worker[w];

		worker->core = facts->core[worker->cpu];
		worker->cpu_node = facts->node[worker->cpu];
		worker->mem_node = memory_node(facts, home, worker->cpu_node);
		for (int c = 0; c < facts->topo.n_cpus; c++)
			if (c != worker->cpu && worker->core >= 0 && facts->core[c] == worker->core)
				CPU_SET(c, &worker->siblings);
	}
}

/* --numa strict: nothing of a worker's may be on another node than its NICs. */
static int check_strict(struct build *b)
{
	for (int i = 0; i < b->plan->n_ports; i++) {
		const struct plan_port *port = &b->plan->port[i];
		const struct plan_nic *nic = &b->plan->nic[port->nic];
		const struct plan_worker *w = &b->plan->worker[port->worker];

		if (nic->node < 0)
			continue;
		if (w->cpu_node != nic->node)
			return build_fail(
				b,
				"--numa strict: queue %s:%d is on node %d, CPU %d of its "
				"worker on node %d; cure: --cpus node:%d, or --numa prefer",
				nic->name, port->queue, nic->node, w->cpu, w->cpu_node, nic->node);
		if (w->mem_node != nic->node)
			return build_fail(b,
					  "--numa strict: queue %s:%d is on node %d, where this "
					  "process may have no memory; cure: AllowedMemoryNodes=%d "
					  "in the unit, or --numa prefer",
					  nic->name, port->queue, nic->node, nic->node);
	}
	return 0;
}

int plan_make(const struct plan_conf *conf, const struct facts *facts, struct plan *plan, char *err,
	      size_t size)
{
	struct build b = {.conf = conf, .facts = facts, .plan = plan, .err = err, .size = size};

	memset(plan, 0, sizeof(*plan));
	plan->numa = conf->numa;
	plan->poll_busy = conf->poll_busy;
	if (!conf->n_nics)
		return build_fail(&b, "no interface; cure: give -i IF");
	if (take_nics(&b) || count_workers(&b))
		return -EINVAL;
	if (conf->n_queue_maps ? qmap_place(&b) : place_workers(&b))
		return -EINVAL;
	if (place_main(&b))
		return -EINVAL;
	make_ports(plan);
	describe_workers(&b);
	if (conf->numa == NUMA_STRICT && check_strict(&b))
		return -EINVAL;
	warn_all(&b);
	return 0;
}

void plan_to_dataplane(const struct plan *plan, struct dataplane *dp)
{
	memset(dp, 0, sizeof(*dp));
	dp->n_nics = (uint32_t)plan->n_nics;
	dp->n_ports = (uint32_t)plan->n_ports;
	dp->n_workers = (uint32_t)plan->n_workers;
	for (int i = 0; i < plan->n_nics; i++) {
		const struct plan_nic *n = &plan->nic[i];

		dp->nic[i].ifindex = n->ifindex;
		dp->nic[i].queues = (uint16_t)n->rx;
		dp->nic[i].node = n->node;
		dp->nic[i].mode = n->mode;
		memcpy(dp->nic[i].name, n->name, sizeof(n->name));
		memcpy(dp->nic[i].mac, n->mac, sizeof(n->mac));
	}
	for (int i = 0; i < plan->n_ports; i++)
		dp->port[i] = (struct port_info){
			.nic = (uint16_t)plan->port[i].nic,
			.queue = (uint16_t)plan->port[i].queue,
			.worker = (uint16_t)plan->port[i].worker,
			.has_tx = plan->port[i].has_tx,
			.fd = -1,
		};
	for (int w = 0; w < plan->n_workers; w++) {
		dp->worker[w].cpu = plan->worker[w].cpu;
		dp->worker[w].node = plan->worker[w].mem_node;
	}
	dp->poll_busy = plan->poll_busy;
	dp->main_cpu = plan->main_cpu;
}
