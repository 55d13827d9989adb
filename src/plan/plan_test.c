/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans for made-up machines. */
#include "plan/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/build.h"
#include "plan/facts.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

struct world {
	struct facts facts;
	struct plan_conf conf;
	struct plan plan;
	char err[512];
};

static cpu_set_t set_of(const char *text)
{
	struct cpulist list;
	char err[256];

	assert_int_equal(cpulist_parse(text, NULL, &list, err, sizeof(err)), 0);
	return cpulist_set(&list);
}

static struct nic_facts *add_nic(struct world *w, const char *name, int queues, int node)
{
	struct nic_facts *n = &w->facts.nic[w->facts.n_nics];
	struct cpu_nic *c = &w->facts.topo.nic[w->facts.n_nics++];

	*n = (struct nic_facts){
		.ifindex = 10 + w->facts.n_nics,
		.in_sysfs = true,
		.mac = {2, 0, 0, 0, 0, (uint8_t)w->facts.n_nics},
		.ethernet = true,
		.up = true,
		.carrier = true,
		.mtu = 1500,
		.driver = "ice",
		.rx = queues,
		.tx = queues,
		.max_rx = 64,
		.max_tx = 64,
		.channels = true,
		.combined = true,
		.node = node,
		.node_sysfs = node,
	};
	snprintf(n->name, sizeof(n->name), "%s", name);
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->node = node;
	w->facts.topo.n_nics = w->facts.n_nics;
	snprintf(w->conf.nic[w->conf.n_nics++], IFNAMSIZ, "%s", name);
	return n;
}

/* nodes * cores CPUs, and as many again if smt: CPU n + cores is then n's sibling. */
static void machine(struct world *w, int nodes, int cores, bool smt)
{
	struct cpu_topo *topo = &w->facts.topo;
	int all = nodes * cores;

	memset(w, 0, sizeof(*w));
	memset(w->facts.core, 0xff, sizeof(w->facts.core));
	memset(w->facts.node, 0xff, sizeof(w->facts.node));
	w->conf.main_cpu = -1;
	w->facts.kernel = 6 << 8 | 1;
	topo->n_cpus = smt ? 2 * all : all;
	topo->n_nodes = nodes;
	for (int c = 0; c < topo->n_cpus; c++) {
		w->facts.core[c] = c % all;
		w->facts.node[c] = c % all / cores;
		w->facts.memory[w->facts.node[c]] = true;
		CPU_SET(c, &topo->online);
		CPU_SET(c, &topo->allowed);
		CPU_SET(c, &topo->node[w->facts.node[c]]);
	}
}

static int make(struct world *w)
{
	return plan_make(&w->conf, &w->facts, &w->plan, w->err, sizeof(w->err));
}

static void expect_cpus(struct world *w, const char *cpus)
{
	struct cpulist list = {0};
	char text[CPU_TEXT];

	if (make(w))
		fail_msg("no plan: %s", w->err);
	for (int i = 0; i < w->plan.n_workers; i++)
		list.cpu[list.n++] = w->plan.worker[i].cpu;
	assert_string_equal(cpulist_text(&list, text, sizeof(text)), cpus);
}

/* The only warning says this, and its cure is that; NULL: there is none. */
static void expect_warning(const struct world *w, const char *text, const char *cure)
{
	for (int i = text ? 1 : 0; i < w->plan.n_warnings; i++)
		fail_msg("warned: %s", w->plan.warning[i].text);
	if (!text)
		return;
	assert_int_equal(w->plan.n_warnings, 1);
	if (!strstr(w->plan.warning[0].text, text))
		fail_msg("warned: %s", w->plan.warning[0].text);
	assert_string_equal(w->plan.warning[0].cure, cure);
}

static void expect_error(struct world *w, const char *text)
{
	assert_int_equal(make(w), -EINVAL);
	if (!strstr(w->err, text))
		fail_msg("error: \"%s\", want \"%s\"", w->err, text);
}

static void one_queue_gets_a_cpu_that_is_not_0(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 2, false);
	add_nic(&w, "veth0", 1, -1);
	expect_cpus(&w, "1");
	expect_warning(&w, NULL, NULL);
	assert_int_equal(w.plan.main_cpu, 0);
	assert_int_equal(w.plan.nic[0].node, -1);
	assert_int_equal(w.plan.worker[0].cpu_node, 0);
	assert_int_equal(w.plan.worker[0].mem_node, 0);
}

static void workers_sit_on_the_nics_node_one_per_core(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 2, 4, true); /* node 0: 0-3,8-11; node 1: 4-7,12-15 */
	add_nic(&w, "eth0", 4, 1);
	expect_cpus(&w, "4-7");
	expect_warning(&w, NULL, NULL);
	assert_int_equal(w.plan.main_cpu, 0);
	assert_int_equal(w.plan.worker[0].core, 4);
	assert_int_equal(w.plan.worker[0].mem_node, 1);
	assert_int_equal(CPU_COUNT(&w.plan.worker[0].siblings), 1);
	assert_true(CPU_ISSET(12, &w.plan.worker[0].siblings));

	machine(&w, 2, 4, true);
	add_nic(&w, "eth0", 4, 0);
	expect_cpus(&w, "1-3,8"); /* 8 is CPU 0's sibling: its core is free */
	expect_warning(&w, NULL, NULL);
}

static void siblings_come_last_and_with_a_warning(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 2, 4, true);
	add_nic(&w, "eth0", 6, 1);
	expect_cpus(&w, "4-7,12-13");
	expect_warning(&w, "CPUs 4-5,12-13", "ethtool -L eth0 combined 4");
}

static void other_nodes_come_before_sharing(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 2, 2, false);
	add_nic(&w, "eth0", 3, 1);
	expect_cpus(&w, "2-3,1");
	expect_warning(&w, "another NUMA node than a NIC of theirs: CPUs 1",
		       "ethtool -L eth0 combined 2");
	w.conf.numa = NUMA_OFF;
	expect_cpus(&w, "1-3");
	expect_warning(&w, NULL, NULL);
}

static void more_workers_than_cpus_share(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 2, false);
	add_nic(&w, "eth0", 3, -1);
	expect_cpus(&w, "1,0-1");
	assert_int_equal(w.plan.n_warnings, 2);
	assert_non_null(strstr(w.plan.warning[0].text, "more than one worker on a CPU: 1"));
	assert_string_equal(w.plan.warning[0].cure, "ethtool -L eth0 combined 2");
	assert_non_null(strstr(w.plan.warning[1].text, "management thread shares CPU 0"));
	assert_string_equal(w.plan.warning[1].cure, "ethtool -L eth0 combined 1");
	assert_int_equal(w.plan.main_cpu, 0);
}

static void isolated_cpus_are_preferred_but_not_for_management(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 8, false);
	w.facts.topo.isolated = set_of("0,5-7");
	add_nic(&w, "eth0", 2, 0);
	expect_cpus(&w, "5-6");
	expect_warning(&w, NULL, NULL);
	assert_int_equal(w.plan.main_cpu, 1);
	w.conf.cpus = "1-2";
	expect_cpus(&w, "1-2");
	expect_warning(&w, "not isolated: CPUs 1-2", "--cpus 5-6");
}

static void only_allowed_and_online_cpus_are_taken(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 8, false);
	w.facts.topo.allowed = set_of("2,5-7");
	CPU_CLR(6, &w.facts.topo.online);
	add_nic(&w, "eth0", 2, 0);
	expect_cpus(&w, "2,5");
	assert_int_equal(w.plan.main_cpu, 7);
	CPU_ZERO(&w.facts.topo.allowed);
	expect_error(&w, "no CPU is both online and allowed");
}

static void listed_cpus_pair_go_round_or_are_picked_from(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 2, 4, true);
	add_nic(&w, "eth0", 4, 1);
	w.conf.cpus = "7,6,5,4";
	expect_cpus(&w, "7,6,5,4");
	w.conf.cpus = "node:0,node:1";
	expect_cpus(&w, "4-7");
	w.conf.cpus = "4,4,5";
	expect_cpus(&w, "4-5,4-5");
	expect_warning(&w, "more than one worker on a CPU: 4-5", "--cpus 4-7");
}

static void bad_choices_are_cured_by_better_cpus(void **state)
{
	static const struct {
		const char *cpus, *text, *cure;
	} row[] = {
		{"0,1", "the kernel's chores, 0", "--cpus 1-2"},
		{"1,9", "SMT siblings, which share a core: CPUs 1,9", "--cpus 1-2"},
		{"1,4", "another NUMA node than a NIC of theirs: CPUs 4", "--cpus 1-2"},
		{"3", "more than one worker on a CPU: 3", "--cpus 1-2"},
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		machine(&w, 2, 4, true);
		add_nic(&w, "eth0", 2, 0);
		w.conf.cpus = row[i].cpus;
		assert_int_equal(make(&w), 0);
		expect_warning(&w, row[i].text, row[i].cure);
	}
}

static void management_on_a_workers_cpu_is_told(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 4, false);
	add_nic(&w, "eth0", 2, 0);
	w.conf.cpus = "1-2";
	w.conf.main_cpu = 2;
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.main_cpu, 2);
	expect_warning(&w, "management thread shares CPU 2", "--main-cpu 0");
	w.conf.cpus = NULL;
	expect_cpus(&w, "1,3");
	expect_warning(&w, NULL, NULL);
}

static void unequal_queues_go_to_the_workers_that_can_send_everywhere(void **state)
{
	static const struct plan_port want[] = {
		{0, 0, 0, true}, {0, 1, 1, true},  {1, 0, 0, true},
		{1, 1, 1, true}, {1, 2, 0, false},
	};
	struct world w;

	(void)state;
	machine(&w, 1, 4, false);
	add_nic(&w, "eth0", 2, -1);
	add_nic(&w, "eth1", 3, -1);
	expect_cpus(&w, "1-2");
	assert_int_equal(w.plan.n_ports, LEN(want));
	for (size_t i = 0; i < LEN(want); i++)
		assert_memory_equal(&w.plan.port[i], &want[i], sizeof(*want));
	expect_warning(&w, "unequal queues: eth1 receives on 3, but 2 workers",
		       "ethtool -L eth0 combined 3");

	w.facts.nic[0].max_rx = 2; /* can't be raised, so the other is lowered */
	w.facts.nic[1].combined = false;
	assert_int_equal(make(&w), 0);
	expect_warning(&w, "unequal", "ethtool -L eth1 rx 2 tx 2");
}

static void fewer_transmit_queues_limit_the_workers(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 8, false);
	add_nic(&w, "eth0", 4, -1)->tx = 1;
	expect_cpus(&w, "1");
	assert_int_equal(w.plan.n_ports, 4);
	assert_int_equal(w.plan.port[3].worker, 0);
	expect_warning(&w, "unequal queues: eth0 receives on 4", "ethtool -L eth0 combined 4");
}

static void queues_go_where_they_are_mapped(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 8, false);
	add_nic(&w, "eth0", 4, -1);
	add_nic(&w, "eth1", 4, -1);
	w.conf.queue_map[0] = "eth0:0,2@7,5";
	w.conf.queue_map[1] = "eth0:1-3:2@6,4";
	w.conf.queue_map[2] = "eth1:0-3@7,6,5,4";
	w.conf.n_queue_maps = 3;
	expect_cpus(&w, "7,6,5,4");
	expect_warning(&w, NULL, NULL);
}

static void wrong_maps_are_refused_with_a_cure(void **state)
{
	static const struct {
		const char *map, *map2, *err;
	} row[] = {
		{"eth0", NULL, "--queue eth0: not of the form IF:QLIST@CPULIST"},
		{"eth0:0", NULL, "not of the form"},
		{"eth0@1", NULL, "not of the form"},
		{"eth9:0@1", NULL, "interface eth9 is not in use; cure: add -i eth9"},
		{"eth:0@1", NULL, "interface eth is not in use"},
		{"eth0:x@1", NULL, "list of queues, position 1: 'x'"},
		{"eth0:@1", NULL, "list of queues, position 1: a term is missing"},
		{"eth0:0@", NULL, "list of CPUs, position 1: a term is missing"},
		{"eth0:0-1@2,8", NULL, "list of CPUs, position 3: there is no CPU 8"},
		{"eth0:0@5", NULL, "CPU 5 is offline"},
		{"eth0:0@6", NULL, "CPU 6 is outside this process's cpuset"},
		{"eth0:0-1@1", NULL, "2 queues but 1 CPUs; cure: lists of equal length"},
		{"eth0:0-2@1-3", NULL, "eth0 has no queue 2, only 0-1"},
		{"eth0:0,0@1,1", NULL, "queue eth0:0 is given twice"},
		{"eth0:0-1@1-2", "eth0:1@3", "--queue eth0:1@3: queue eth0:1 is given twice"},
		{"eth0:1@1", NULL, "queue eth0:0 has no CPU, its packets would be lost"},
		{"eth0:0-1@1-2", NULL,
		 "queue eth1:0 has no CPU, its packets would be lost; cure: "
		 "--queue eth1:0@1"},
		{"eth0:0-1@1-2", "eth1:0@1", "cure: --queue eth1:1@2"},
		{"eth0:0-1@1-2", "eth1:0-1@1,3",
		 "queue eth1:1 is on CPU 3, but its worker also serves eth0:1 on CPU 2; cure: "
		 "--queue eth1:1@2"},
	};

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		struct world w;

		machine(&w, 1, 8, false);
		CPU_CLR(5, &w.facts.topo.online);
		CPU_CLR(6, &w.facts.topo.allowed);
		add_nic(&w, "eth0", 2, -1);
		add_nic(&w, "eth1", 2, -1);
		w.conf.queue_map[w.conf.n_queue_maps++] = row[i].map;
		if (row[i].map2)
			w.conf.queue_map[w.conf.n_queue_maps++] = row[i].map2;
		expect_error(&w, row[i].err);
	}
}

static void maps_and_lists_exclude_each_other(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 4, false);
	add_nic(&w, "eth0", 1, -1);
	w.conf.queue_map[w.conf.n_queue_maps++] = "eth0:0@1";
	w.conf.cpus = "2";
	expect_error(&w, "--cpus 2: --queue names every CPU already");
}

static void bad_cpus_are_refused(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 4, false);
	add_nic(&w, "eth0", 1, -1);
	w.conf.cpus = "1,4";
	expect_error(&w, "--cpus 1,4: position 3: there is no CPU 4");
	w.conf.cpus = NULL;
	w.conf.main_cpu = 4;
	expect_error(&w, "--main-cpu 4: there is no CPU 4");
	CPU_CLR(3, &w.facts.topo.online);
	w.conf.main_cpu = 3;
	expect_error(&w, "--main-cpu 3: CPU 3 is offline; cure: echo 1 >");
}

static void bad_interfaces_are_refused(void **state)
{
	struct world w;
	struct nic_facts *n;

	(void)state;
	machine(&w, 1, 4, false);
	expect_error(&w, "no interface; cure: give -i IF");
	n = add_nic(&w, "eth0", 1, -1);
	n->ifindex = 0;
	expect_error(&w, "-i eth0: no such interface");
	n->ifindex = 1;
	n->loopback = true;
	expect_error(&w, "-i eth0: a loopback interface");
	n->loopback = false;
	n->ethernet = false;
	expect_error(&w, "-i eth0: not an Ethernet interface");
	n->ethernet = true;
	n->rx = 0;
	expect_error(&w, "-i eth0: 0 queues to receive");
	n->rx = 257;
	expect_error(&w, "cure: ethtool -L eth0 combined 256");
	n->rx = n->tx = 129;
	expect_error(&w, "limit is 128");
}

static void too_many_ports_are_refused(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 4, false);
	add_nic(&w, "eth0", 256, -1);
	add_nic(&w, "eth1", 256, -1);
	add_nic(&w, "eth2", 1, -1);
	expect_error(&w, "513 queues on 3 interfaces, the limit is 512");
}

static void strict_numa_is_strict(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 2, 4, false);
	add_nic(&w, "eth0", 6, 1);
	w.conf.numa = NUMA_STRICT;
	expect_cpus(&w, "4-7,4-5"); /* rather share than leave */
	w.conf.cpus = "3";
	expect_error(&w, "--numa strict: queue eth0:0 is on node 1, CPU 3 of its worker on node 0; "
			 "cure: --cpus node:1");
	w.conf.cpus = NULL;
	w.facts.memory[1] = false;
	expect_error(&w, "where this process may have no memory");
	w.facts.memory[1] = true;
	add_nic(&w, "eth1", 6, 0);
	expect_error(&w, "--numa strict: queue eth1:0 is on node 0");
	w.facts.nic[1].node = -1;
	expect_cpus(&w, "4-7,4-5");
}

static void memory_follows_the_nic_where_it_can(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 2, 4, false);
	add_nic(&w, "eth0", 1, 1);
	w.conf.cpus = "2";
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.worker[0].cpu_node, 0);
	assert_int_equal(w.plan.worker[0].mem_node, 1);
	w.facts.memory[1] = false;
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.worker[0].mem_node, 0);
	w.facts.memory[0] = false;
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.worker[0].mem_node, -1);
}

static void one_nic_fact(int which, struct nic_facts *n)
{
	n->up = which != 0;
	n->carrier = which > 1;
	n->mtu = which == 2 ? 9000 : 1500;
	n->lro = which == 3;
	n->strips_vlan = which == 4 || which == 5;
	n->has_vlans = which == 4;
	n->node_sysfs = which == 6 ? 0 : 1;
}

static void nics_in_a_bad_state_are_told_with_the_command(void **state)
{
	static const struct {
		const char *text, *cure;
	} row[] = {
		{"eth0 is down", "ip link set eth0 up"},
		{"eth0 has no carrier", "plug in the cable, or set the peer up"},
		{"eth0 has an MTU of 9000", "ip link set eth0 mtu 1500"},
		{"eth0 merges received segments (LRO)", "ethtool -K eth0 lro off"},
		{"eth0 strips VLAN tags", "ethtool -K eth0 rxvlan off"},
		{NULL, NULL},
		{"node 1 by its bus, but on node 0",
		 "mend the firmware's tables, or give --cpus node:0"},
	};

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		struct world w;

		machine(&w, 2, 4, false);
		one_nic_fact((int)i, add_nic(&w, "eth0", 1, 1));
		assert_int_equal(make(&w), 0);
		expect_warning(&w, row[i].text, row[i].cure);
	}
}

static void modes_are_guessed_from_driver_and_kernel(void **state)
{
	static const struct {
		const char *driver;
		int kernel;
		enum xdp_mode mode;
	} row[] = {
		{"ice", 0x0601, MODE_ZEROCOPY},
		{"veth", 0x0701, MODE_COPY},
		{"virtio_net", 0x060c, MODE_COPY},
		{"virtio_net", 0x060d, MODE_ZEROCOPY},
		{"igb", 0x060d, MODE_COPY},
		{"igb", 0x060e, MODE_ZEROCOPY},
		{"mlx5_core", 0x0601, MODE_ZEROCOPY},
		{"bridge", 0x0601, MODE_SKB},
		{"", 0x0601, MODE_SKB},
	};

	(void)state;
	for (size_t i = 0; i < LEN(row); i++)
		assert_int_equal(driver_mode(row[i].driver, row[i].kernel), row[i].mode);
}

static void a_wanted_mode_is_expected_and_doubted(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 4, false);
	snprintf(add_nic(&w, "veth0", 1, -1)->driver, 32, "veth");
	w.conf.mode = WANT_ZEROCOPY;
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.nic[0].mode, MODE_ZEROCOPY);
	expect_warning(&w, "driver veth isn't known to have zero-copy", "--mode auto");
	w.conf.mode = WANT_SKB;
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.nic[0].mode, MODE_SKB);
	expect_warning(&w, NULL, NULL);
}

static void warnings_never_overflow(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 4, false);
	for (int i = 0; i < NICS_MAX; i++) {
		char name[IFNAMSIZ];
		struct nic_facts *n;

		snprintf(name, sizeof(name), "abcdefghijklm%d", i);
		n = add_nic(&w, name, 8, -1);
		n->up = false;
		n->mtu = 9000;
		n->lro = n->strips_vlan = n->has_vlans = true;
		snprintf(n->driver, sizeof(n->driver), "veth");
	}
	w.conf.mode = WANT_ZEROCOPY;
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.n_warnings, PLAN_WARNINGS_MAX);
}

static void the_dataplane_gets_what_was_planned(void **state)
{
	struct dataplane dp;
	struct world w;

	(void)state;
	machine(&w, 2, 4, false);
	add_nic(&w, "eth0", 2, 1);
	add_nic(&w, "eth1", 3, -1);
	w.conf.poll_busy = true;
	assert_int_equal(make(&w), 0);
	memset(&dp, 0xff, sizeof(dp));
	plan_to_dataplane(&w.plan, &dp);
	assert_int_equal(dp.n_nics, 2);
	assert_int_equal(dp.n_ports, 5);
	assert_int_equal(dp.n_workers, 2);
	assert_true(dp.poll_busy);
	assert_int_equal(dp.main_cpu, w.plan.main_cpu);
	assert_string_equal(dp.nic[1].name, "eth1");
	assert_int_equal(dp.nic[1].ifindex, 12);
	assert_int_equal(dp.nic[1].mac[5], 2);
	assert_int_equal(dp.nic[1].queues, 3);
	assert_int_equal(dp.nic[1].node, -1);
	assert_int_equal(dp.nic[0].node, 1);
	assert_int_equal(dp.nic[0].mode, MODE_ZEROCOPY);
	assert_int_equal(dp.port[4].nic, 1);
	assert_int_equal(dp.port[4].queue, 2);
	assert_int_equal(dp.port[4].worker, 0);
	assert_false(dp.port[4].has_tx);
	assert_true(dp.port[3].has_tx);
	assert_int_equal(dp.port[4].fd, -1);
	assert_int_equal(dp.worker[1].cpu, 5);
	assert_int_equal(dp.worker[1].node, 1);
	assert_null(dp.worker[1].flows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_queue_gets_a_cpu_that_is_not_0),
		cmocka_unit_test(workers_sit_on_the_nics_node_one_per_core),
		cmocka_unit_test(siblings_come_last_and_with_a_warning),
		cmocka_unit_test(other_nodes_come_before_sharing),
		cmocka_unit_test(more_workers_than_cpus_share),
		cmocka_unit_test(isolated_cpus_are_preferred_but_not_for_management),
		cmocka_unit_test(only_allowed_and_online_cpus_are_taken),
		cmocka_unit_test(listed_cpus_pair_go_round_or_are_picked_from),
		cmocka_unit_test(bad_choices_are_cured_by_better_cpus),
		cmocka_unit_test(management_on_a_workers_cpu_is_told),
		cmocka_unit_test(unequal_queues_go_to_the_workers_that_can_send_everywhere),
		cmocka_unit_test(fewer_transmit_queues_limit_the_workers),
		cmocka_unit_test(queues_go_where_they_are_mapped),
		cmocka_unit_test(wrong_maps_are_refused_with_a_cure),
		cmocka_unit_test(maps_and_lists_exclude_each_other),
		cmocka_unit_test(bad_cpus_are_refused),
		cmocka_unit_test(bad_interfaces_are_refused),
		cmocka_unit_test(too_many_ports_are_refused),
		cmocka_unit_test(strict_numa_is_strict),
		cmocka_unit_test(memory_follows_the_nic_where_it_can),
		cmocka_unit_test(nics_in_a_bad_state_are_told_with_the_command),
		cmocka_unit_test(modes_are_guessed_from_driver_and_kernel),
		cmocka_unit_test(a_wanted_mode_is_expected_and_doubted),
		cmocka_unit_test(warnings_never_overflow),
		cmocka_unit_test(the_dataplane_gets_what_was_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
