/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts of the very machine, and of made-up ones by hwloc's own means. */
#include "plan/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SETS(mask)                                                                                 \
	" cpuset='" mask "' complete_cpuset='" mask "' nodeset='" mask "' complete_nodeset='" mask \
	"'"
#define NODE(n, mask, more)                                                              \
	"<object type='Group' gp_index='1" n                                             \
	"'" SETS(mask) ">"                                                               \
		       "<object type='NUMANode' os_index='" n "' gp_index='2" n          \
		       "'" SETS(mask) " local_memory='4096'/>"                           \
				      "<object type='PU' os_index='" n "' gp_index='3" n \
				      "'" SETS(mask) "/>" more "</object>"

/* Two nodes; the second has a PCI card whose interface is lo, since that one always exists. */
static const char two_nodes[] =
	"<topology version='2.0'>"
	"<object type='Machine' os_index='0' cpuset='0x3' complete_cpuset='0x3' "
	"allowed_cpuset='0x3' nodeset='0x3' complete_nodeset='0x3' allowed_nodeset='0x3' "
	"gp_index='1'>" NODE("0", "0x1", "")
		NODE("1", "0x2",
		     "<object type='Bridge' gp_index='40' bridge_type='0-1' depth='0' "
		     "bridge_pci='0000:[00-01]'>"
		     "<object type='PCIDev' gp_index='41' pci_busid='0000:01:00.0' "
		     "pci_type='0200 [8086:1521] [0000:0000] 01' pci_link_speed='0'>"
		     "<object type='OSDev' gp_index='42' name='lo' osdev_type='2'/>"
		     "</object></object>") "</object></topology>";

static void this_machine_is_seen_as_it_is(void **state)
{
	struct facts f;
	cpu_set_t before, after, usable;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(facts_read(NULL, 0, &f), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after)); /* widened, and put back */

	usable = cpu_usable(&f.topo);
	CPU_AND(&usable, &usable, &before);
	assert_true(CPU_EQUAL(&usable, &before));
	assert_int_equal(CPU_COUNT(&f.topo.online), sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(f.topo.n_cpus >= CPU_COUNT(&f.topo.online));
	assert_true(f.topo.n_nodes >= 1);
	assert_true(f.kernel >= (5 << 8));
	for (int i = 0; i < f.topo.n_cpus; i++)
		assert_int_equal(CPU_ISSET(i, &f.topo.online) && f.core[i] < 0, 0);
}

static void a_narrow_affinity_is_respected(void **state)
{
	struct facts f;
	cpu_set_t before, one;
	int cpu = sched_getcpu();

	(void)state;
	sched_getaffinity(0, sizeof(before), &before);
	assert_int_equal(cpu_pin(0, cpu), 0);
	assert_int_equal(facts_read(NULL, 0, &f), 0);
	sched_getaffinity(0, sizeof(one), &one);
	sched_setaffinity(0, sizeof(before), &before);
	assert_int_equal(CPU_COUNT(&one), 1);
	assert_true(CPU_ISSET(cpu, &f.topo.allowed));
	CPU_XOR(&one, &one, &f.topo.allowed); /* what more is allowed can only be isolated */
	CPU_AND(&one, &one, &f.topo.isolated);
	assert_int_equal(CPU_COUNT(&f.topo.allowed), 1 + CPU_COUNT(&one));
}

static void loopback_and_nothing_are_facts_too(void **state)
{
	static const char name[2][IFNAMSIZ] = {"lo", "no-such-if"};
	struct facts f;

	(void)state;
	assert_int_equal(facts_read(name, 2, &f), 0);
	assert_int_equal(f.n_nics, 2);
	assert_int_equal(f.nic[0].ifindex, 1);
	assert_true(f.nic[0].loopback);
	assert_false(f.nic[0].ethernet);
	assert_int_equal(f.nic[0].node, -1);
	assert_int_equal(f.nic[1].ifindex, 0);
	assert_string_equal(f.nic[1].name, "no-such-if");
	assert_int_equal(f.topo.n_nics, 2);
}

static void nodes_cores_and_siblings_come_from_hwloc(void **state)
{
	struct facts f;

	(void)state;
	setenv("HWLOC_SYNTHETIC", "numa:2 core:2 pu:2", 1);
	assert_int_equal(facts_read(NULL, 0, &f), 0);
	unsetenv("HWLOC_SYNTHETIC");
	assert_int_equal(f.topo.n_nodes, 2);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(f.core[i], i / 2);
		assert_int_equal(f.node[i], i / 4);
		assert_true(CPU_ISSET(i, &f.topo.node[i / 4]));
	}
	assert_int_equal(CPU_COUNT(&f.topo.node[1]), 4);
	assert_int_equal(f.core[8], -1);
	assert_int_equal(f.node[8], -1);
}

static void a_nic_is_on_the_node_that_its_bus_is_on(void **state)
{
	static const char name[1][IFNAMSIZ] = {"lo"};
	char path[] = "/tmp/facts_test.XXXXXX";
	struct facts f;
	int fd = mkstemp(path), err;
	FILE *xml = fdopen(fd, "w");

	(void)state;
	assert_non_null(xml);
	for (const char *c = two_nodes; *c; c++)
		fputc(*c == '\'' ? '"' : *c, xml); /* hwloc's own reader knows no other quotes */
	fclose(xml);
	setenv("HWLOC_XMLFILE", path, 1);
	err = facts_read(name, 1, &f);
	unsetenv("HWLOC_XMLFILE");
	unlink(path);
	assert_int_equal(err, 0);
	assert_int_equal(f.topo.n_nodes, 2);
	assert_int_equal(f.nic[0].node, 1);
	assert_int_equal(f.nic[0].node_sysfs, -1);
	assert_int_equal(f.topo.nic[0].node, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_machine_is_seen_as_it_is),
		cmocka_unit_test(a_narrow_affinity_is_respected),
		cmocka_unit_test(loopback_and_nothing_are_facts_too),
		cmocka_unit_test(nodes_cores_and_siblings_come_from_hwloc),
		cmocka_unit_test(a_nic_is_on_the_node_that_its_bus_is_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
