/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cpu.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static cpu_set_t set_of(const char *text)
{
	struct cpulist list;
	char err[256];

	assert_int_equal(cpulist_parse(text, NULL, &list, err, sizeof(err)), 0);
	return cpulist_set(&list);
}

/* Two nodes of 4 CPUs; 7 is offline, 3 outside the cpuset, 5 and 6 isolated. */
static struct cpu_topo machine(void)
{
	struct cpu_topo topo = {
		.n_cpus = 8,
		.online = set_of("0-6"),
		.allowed = set_of("0-2,4-7"),
		.isolated = set_of("5-6"),
		.n_nodes = 3,
		.node = {set_of("0-3"), set_of("4-7")},
		.n_nics = 2,
		.nic = {{"eth0", 1}, {"veth0", -1}},
	};

	return topo;
}

static void reads_every_kind_of_term(void **state)
{
	static const struct {
		const char *text, *cpus;
	} row[] = {
		{"0", "0"},
		{"0-2", "0-2"},
		{"0-6:2", "0,2,4,6"},
		{"1,0,1", "1,0-1"},
		{"0x51", "0,4,6"},
		{"0X07", "0-2"},
		{"all", "0-2,4-6"},
		{"isolated", "5-6"},
		{"node:0", "0-2"},
		{"nic:eth0", "4-6"},
		{"nic:veth0", "0-2,4-6"},
		{"!0", "1-2,4-6"},
		{"!0,!isolated", "1-2,4"},
		{"!0,node:0", "1-2"},
		{"node:0,!0x1", "1-2"},
		{"all,!3,!7", "0-2,4-6"},
		{"6,5,4", "6,5,4"},
	};
	struct cpu_topo topo = machine();

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		struct cpulist list;
		char err[256] = "", text[CPU_TEXT];

		if (cpulist_parse(row[i].text, &topo, &list, err, sizeof(err)))
			fail_msg("'%s': %s", row[i].text, err);
		assert_string_equal(cpulist_text(&list, text, sizeof(text)), row[i].cpus);
	}
}

static void says_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *text, *where, *what;
	} row[] = {
		{"", "position 1: ", "a term is missing"},
		{"0,", "position 3: ", "a term is missing"},
		{"0,,1", "position 3: ", "a term is missing"},
		{"0,cpu1", "position 3: ", "'cpu1' is none of"},
		{"+1", "position 1: ", "'+1' is none of"},
		{" 1", "position 1: ", "' 1' is none of"},
		{"1-", "position 1: ", "'1-' is none of"},
		{"1-2:", "position 1: ", "'1-2:' is none of"},
		{"1:2", "position 1: ", "'1:2' is none of"},
		{"2-1", "position 1: ", "runs backwards; write 1-2"},
		{"0-2:0", "position 1: ", "step of 0"},
		{"0x", "position 1: ", "'0x' is none of"},
		{"0xg", "position 1: ", "'0xg' is none of"},
		{"1,0x0", "position 3: ", "no bit set"},
		{"0-2,8", "position 5: ", "there is no CPU 8; this machine has 0-7"},
		{"99999999999999999999", "position 1: ", "too big"},
		{"7", "position 1: ", "CPU 7 is offline"},
		{"2-4", "position 1: ", "CPU 3 is outside this process's cpuset"},
		{"0x100", "position 1: ", "there is no CPU 8"},
		{"node:", "position 1: ", "'node:' is none of"},
		{"node:1x", "position 1: ", "'node:1x' is none of"},
		{"node:3", "position 1: ", "no such node; this machine has 0-2"},
		{"0,node:2", "position 3: ", "'node:2' holds no CPU"},
		{"nic:eth1", "position 1: ", "no such interface"},
		{"!", "position 1: ", "a term is missing"},
		{"!!0", "position 1: ", "'!0' is none of"},
		{"0,!all", "position 1: ", "leaves no CPU"},
	};
	struct cpu_topo topo = machine();

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		struct cpulist list;
		char err[512] = "";

		assert_int_equal(cpulist_parse(row[i].text, &topo, &list, err, sizeof(err)),
				 -EINVAL);
		if (strncmp(err, row[i].where, strlen(row[i].where)) || !strstr(err, row[i].what))
			fail_msg("'%s': got \"%s\", want \"%s...%s\"", row[i].text, err,
				 row[i].where, row[i].what);
	}
}

static void refuses_a_term_that_does_not_fit_instead_of_cutting_it(void **state)
{
	struct cpulist list;
	char text[400], err[256];

	(void)state;
	memset(text, '0', sizeof(text));
	memcpy(text, "0x1", 3);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(cpulist_parse(text, NULL, &list, err, sizeof(err)), -EINVAL);
}

static void without_a_machine_only_numbers_are_known(void **state)
{
	static const char *const bad[] = {"all", "node:0", "!0", "1024", "0-1024"};
	struct cpulist list;
	char err[256];

	(void)state;
	assert_int_equal(cpulist_parse("1023,0-3:2", NULL, &list, err, sizeof(err)), 0);
	assert_int_equal(list.n, 3);
	for (size_t i = 0; i < LEN(bad); i++)
		assert_int_equal(cpulist_parse(bad[i], NULL, &list, err, sizeof(err)), -EINVAL);
}

static void a_list_has_an_end(void **state)
{
	struct cpulist list;
	char err[256];

	(void)state;
	assert_int_equal(cpulist_parse("0-1023", NULL, &list, err, sizeof(err)), 0);
	assert_int_equal(list.n, CPU_SETSIZE);
	assert_int_equal(cpulist_parse("0-1023,0", NULL, &list, err, sizeof(err)), -EINVAL);
}

static void text_is_cut_to_its_buffer(void **state)
{
	cpu_set_t set = set_of("0-1022:2");
	char buf[8];

	(void)state;
	assert_string_equal(cpuset_text(&set, buf, sizeof(buf)), "0,2,4,6");
}

static void pins_the_caller(void **state)
{
	cpu_set_t before, now;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &before))
			continue;
		assert_int_equal(cpu_pin(0, i), 0);
		assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
		assert_int_equal(CPU_COUNT(&now), 1);
		assert_true(CPU_ISSET(i, &now));
		assert_int_equal(sched_getcpu(), i);
	}
	assert_int_equal(cpu_pin(0, -1), -EINVAL);
	assert_int_equal(cpu_pin(0, CPU_SETSIZE), -EINVAL);
	sched_setaffinity(0, sizeof(before), &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_kind_of_term),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(refuses_a_term_that_does_not_fit_instead_of_cutting_it),
		cmocka_unit_test(without_a_machine_only_numbers_are_known),
		cmocka_unit_test(a_list_has_an_end),
		cmocka_unit_test(text_is_cut_to_its_buffer),
		cmocka_unit_test(pins_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
