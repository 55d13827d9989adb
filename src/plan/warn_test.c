/* SPDX-License-Identifier: BSD-2-Clause */
/* What is warned about, and the cures that are proposed. */
#include "plan/plan_test.h"

static void siblings_come_last_and_with_a_warning(void **state)
{
	struct world w;

	(void)state;
	machine(&w, 2, 4, true);
	add_nic(&w, "eth0", 6, 1);
	expect_cpus(&w, "4-7,12-13");
	expect_warning(&w, "CPUs 4-5,12-13", "ethtool -L eth0 combined 4");
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
	w.facts.nic[0].channels = false; /* nothing to set */
	assert_int_equal(make(&w), 0);
	assert_non_null(strstr(w.plan.warning[0].cure, "AllowedCPUs="));
	assert_string_equal(w.plan.warning[1].cure,
			    "let shuntd use one CPU more than it has workers");
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
	w.facts.nic[0].max_tx = 2;
	assert_int_equal(make(&w), 0);
	expect_warning(&w, "unequal", "ethtool -L eth0 combined 2");
	w.facts.nic[0].max_tx = 4;
	w.facts.topo.allowed = set_of("0,4-5"); /* no more workers than CPUs */
	assert_int_equal(make(&w), 0);
	expect_warning(&w, "unequal", "ethtool -L eth0 combined 3");
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

static void queues_that_come_with_xdp_are_served_and_told(void **state)
{
	struct nic_facts *n;
	struct world w;

	(void)state;
	machine(&w, 1, 4, false);
	w.facts.kernel = 7 << 8;
	n = add_nic(&w, "eth0", 2, -1);
	snprintf(n->driver, sizeof(n->driver), "virtio_net");
	n->max_rx = n->max_tx = 6;
	n->xdp_rx = 4;
	n->rx += n->xdp_rx;
	expect_cpus(&w, "1-2");
	assert_int_equal(w.plan.n_ports, 6);
	assert_int_equal(w.plan.port[4].worker, 0);
	assert_false(w.plan.port[4].has_tx);
	assert_int_equal(w.plan.nic[0].mode, MODE_COPY);
	expect_warning(&w, "takes 4 more queues", "ethtool -L eth0 combined 3");
	n->rx -= n->xdp_rx;
	n->xdp_rx = 0;
	assert_int_equal(make(&w), 0);
	assert_int_equal(w.plan.nic[0].mode, MODE_ZEROCOPY);
	expect_warning(&w, NULL, NULL);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siblings_come_last_and_with_a_warning),
		cmocka_unit_test(more_workers_than_cpus_share),
		cmocka_unit_test(bad_choices_are_cured_by_better_cpus),
		cmocka_unit_test(management_on_a_workers_cpu_is_told),
		cmocka_unit_test(unequal_queues_go_to_the_workers_that_can_send_everywhere),
		cmocka_unit_test(fewer_transmit_queues_limit_the_workers),
		cmocka_unit_test(queues_that_come_with_xdp_are_served_and_told),
		cmocka_unit_test(nics_in_a_bad_state_are_told_with_the_command),
		cmocka_unit_test(modes_are_guessed_from_driver_and_kernel),
		cmocka_unit_test(a_wanted_mode_is_expected_and_doubted),
		cmocka_unit_test(warnings_never_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
