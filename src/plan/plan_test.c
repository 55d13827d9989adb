/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans for made-up machines. */
#include "plan/plan_test.h"

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
	w.facts.topo.isolated = set_of("1"); /* still better than a worker's */
	w.conf.cpus = "0";
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.main_cpu, 1);
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

static void siblings_are_known_by_core_not_by_number(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 1, 8, false);
	for (int c = 0; c < 8; c++)
		w.facts.core[c] = c / 2;
	add_nic(&w, "eth0", 3, 0);
	expect_cpus(&w, "1-2,4");
	expect_warning(&w, NULL, NULL);
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
		cmocka_unit_test(siblings_are_known_by_core_not_by_number),
		cmocka_unit_test(other_nodes_come_before_sharing),
		cmocka_unit_test(isolated_cpus_are_preferred_but_not_for_management),
		cmocka_unit_test(only_allowed_and_online_cpus_are_taken),
		cmocka_unit_test(listed_cpus_pair_go_round_or_are_picked_from),
		cmocka_unit_test(queues_go_where_they_are_mapped),
		cmocka_unit_test(wrong_maps_are_refused_with_a_cure),
		cmocka_unit_test(maps_and_lists_exclude_each_other),
		cmocka_unit_test(bad_cpus_are_refused),
		cmocka_unit_test(bad_interfaces_are_refused),
		cmocka_unit_test(too_many_ports_are_refused),
		cmocka_unit_test(strict_numa_is_strict),
		cmocka_unit_test(memory_follows_the_nic_where_it_can),
		cmocka_unit_test(the_dataplane_gets_what_was_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
