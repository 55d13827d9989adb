/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct plan example(void)
{
	struct plan plan = {
		.n_nics = 2,
		.n_workers = 1,
		.n_ports = 2,
		.n_warnings = 1,
		.nic = {{.name = "eth0",
			 .node = -1,
			 .mode = MODE_COPY,
			 .rx = 1,
			 .tx = 1,
			 .mac = {2}},
			{.name = "enp1s0f0", .node = 1, .mode = MODE_ZEROCOPY}},
		.worker = {{.cpu = 11, .core = -1, .cpu_node = 0, .mem_node = -1}},
		.port = {{0, 0, 0, true}, {1, 0, 0, true}},
		.warning = {{"a \"thing\"", "a command"}},
	};

	CPU_SET(3, &plan.worker[0].siblings);
	CPU_SET(27, &plan.worker[0].siblings);
	return plan;
}

static void the_table_stands_straight(void **state)
{
	static const char want[] =
		"queue       worker  cpu  core  sibling  node nic/cpu/mem  mode\n"
		"eth0:0           0   11     -  3,27     - / 0 / -         copy\n"
		"enp1s0f0:0       0   11     -  3,27     1 / 0 / -         zerocopy\n"
		"management: cpu 0\n"
		"warning: a \"thing\"; cure: a command\n";
	struct plan plan = example();
	char text[1024] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(f);
	plan_print_text(&plan, f);
	fclose(f);
	assert_string_equal(text, want);
}

static void json_holds_what_the_table_shows_and_null_for_no_node(void **state)
{
	struct plan plan = example();
	const char *nic, *mac, *text, *cure;
	int version, cpu, queue, tx, sibling;
	json_t *json = plan_json(&plan), *node, *core, *mem;
	json_error_t e;

	(void)state;
	assert_non_null(json);
	if (json_unpack_ex(json, &e, 0,
			   "{s:i, s:[{s:o, s:s}, {}], s:[{s:i, s:o, s:o, s:[i, i], "
			   "s:[{s:s, s:i, s:b}, {}]}], s:[{s:s, s:s}]}",
			   "schema_version", &version, "nics", "node", &node, "mac", &mac,
			   "workers", "cpu", &cpu, "core", &core, "memory_node", &mem, "siblings",
			   &sibling, &sibling, "queues", "nic", &nic, "queue", &queue, "tx", &tx,
			   "warnings", "text", &text, "cure", &cure))
		fail_msg("%s", e.text);
	assert_int_equal(version, 1);
	assert_true(json_is_null(node) && json_is_null(core) && json_is_null(mem));
	assert_string_equal(mac, "02:00:00:00:00:00");
	assert_int_equal(cpu, 11);
	assert_int_equal(sibling, 27);
	assert_string_equal(nic, "eth0");
	assert_int_equal(queue, 0);
	assert_true(tx);
	assert_string_equal(text, "a \"thing\"");
	assert_string_equal(cure, "a command");
	json_decref(json);
}

static void json_on_a_stream_can_be_read_back(void **state)
{
	struct plan plan = example();
	char text[8192] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");
	json_t *json, *want = plan_json(&plan);

	(void)state;
	assert_non_null(f);
	assert_int_equal(plan_print_json(&plan, f), 0);
	fclose(f);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	assert_true(json_equal(json, want));
	assert_int_equal(text[strlen(text) - 1], '\n');
	json_decref(json);
	json_decref(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_stands_straight),
		cmocka_unit_test(json_holds_what_the_table_shows_and_null_for_no_node),
		cmocka_unit_test(json_on_a_stream_can_be_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
