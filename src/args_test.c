/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

/* Splits a line at blanks, as a shell would; an argument '' is empty. The words live in line. */
static enum exit_code parse(char *line, struct args *args, char *err, size_t size)
{
	char *argv[64] = {"shuntd"}, *save;
	int argc = 1;

	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(w, "''") ? w : "";
	return args_parse(argc, argv, args, err, size);
}

static void expect_ok(const char *text, char *line, struct args *args)
{
	char err[512] = "";

	strcpy(line, text);
	if (parse(line, args, err, sizeof(err)))
		fail_msg("'%s': %s", text, err);
}

static void one_interface_is_enough(void **state)
{
	char line[512];
	struct args a;

	(void)state;
	expect_ok("-i eth0", line, &a);
	assert_int_equal(a.action, ACTION_RUN);
	assert_int_equal(a.plan.n_nics, 1);
	assert_string_equal(a.plan.nic[0], "eth0");
	assert_int_equal(a.plan.main_cpu, -1);
	assert_null(a.plan.cpus);
	assert_int_equal(a.plan.numa, NUMA_PREFER);
	assert_int_equal(a.plan.mode, WANT_AUTO);
	assert_false(a.plan.poll_busy);
	assert_false(a.on_exit_drop);
	assert_string_equal(a.ctl, "/run/shunt/ctl.sock");
	assert_int_equal(a.flows, 1048576);
	assert_int_equal(a.frames, 8192);
}

static void every_option_reaches_its_place(void **state)
{
	char line[512];
	struct args a;

	(void)state;
	expect_ok("-i eth0,eth1 --interface=eth2 --queue eth0:0@1 --queue eth1:0@2 --cpus 1-3 "
		  "--main-cpu 0 --numa strict --mode skb --poll busy --ctl /tmp/s --on-exit drop "
		  "--flows 64k --frames 2048 --metrics [::1]:9105 -t",
		  line, &a);
	assert_int_equal(a.plan.n_nics, 3);
	assert_string_equal(a.plan.nic[1], "eth1");
	assert_string_equal(a.plan.nic[2], "eth2");
	assert_int_equal(a.plan.n_queue_maps, 2);
	assert_string_equal(a.plan.queue_map[1], "eth1:0@2");
	assert_string_equal(a.plan.cpus, "1-3");
	assert_int_equal(a.plan.main_cpu, 0);
	assert_int_equal(a.plan.numa, NUMA_STRICT);
	assert_int_equal(a.plan.mode, WANT_SKB);
	assert_true(a.plan.poll_busy);
	assert_string_equal(a.ctl, "/tmp/s");
	assert_true(a.on_exit_drop);
	assert_int_equal(a.flows, 65536);
	assert_int_equal(a.frames, 2048);
	assert_true(addr_is_loopback(&a.metrics.addr));
	assert_int_equal(a.metrics.port, htons(9105));
	assert_int_equal(a.action, ACTION_TEST);
}

static void actions_are_told_apart(void **state)
{
	static const struct {
		const char *line;
		enum args_action action;
	} row[] = {
		{"-h", ACTION_HELP},
		{"--help --bogus", ACTION_HELP},
		{"-V", ACTION_VERSION},
		{"--version", ACTION_VERSION},
		{"-t", ACTION_TEST},
		{"-i a --test", ACTION_TEST},
		{"-i a --print-plan", ACTION_PLAN_TEXT},
		{"-i a --print-plan=json", ACTION_PLAN_JSON},
		{"--cleanup", ACTION_CLEANUP},
		{"--cleanup --cleanup", ACTION_CLEANUP},
		{"-ia -t", ACTION_TEST},
	};
	char line[512];
	struct args a;

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		expect_ok(row[i].line, line, &a);
		assert_int_equal(a.action, row[i].action);
	}
}

static const struct {
	const char *line;
	enum exit_code code;
	const char *err; /* how it begins */
} wrong_line[] = {
	{"", EXIT_NOT_CONFIGURED, "no interface; cure: give -i IF"},
	{"--print-plan", EXIT_NOT_CONFIGURED, "no interface"},
	{"-f a -f b", EXIT_BAD_ARGS, "-f b: one file too many; cure: -f once, and include in it"},
	{"-i", EXIT_BAD_ARGS, "-i: a value is missing"},
	{"--cpus", EXIT_BAD_ARGS, "--cpus: a value is missing"},
	{"-i ''", EXIT_BAD_ARGS, "-i '': an interface's name is missing"},
	{"-i a,", EXIT_BAD_ARGS, "-i '': an interface's name is missing"},
	{"-i a,b,a", EXIT_BAD_ARGS, "-i a: given twice"},
	{"-i abcdefghijklmnop", EXIT_BAD_ARGS, "-i abcdefghijklmnop: longer than"},
	{"-i a,b,c,d,e,f,g,h,i", EXIT_BAD_ARGS,
	 "-i i: one interface too many, the limit "
	 "is 8"},
	{"-i a --metrics 9105", EXIT_BAD_ARGS, "--metrics 9105: no address and port; cure"},
	{"-i a --metrics 127.0.0.1:0", EXIT_BAD_ARGS, "--metrics 127.0.0.1:0: no address"},
	{"-i a --metrics 0.0.0.0:1", EXIT_BAD_ARGS, "--metrics 0.0.0.0:1: not this machine's own"},
	{"-i a --metrics 0.0.0.0:1,all", EXIT_BAD_ARGS, "--metrics 0.0.0.0:1,all: only ,public"},
	{"-i a --main-cpu x", EXIT_BAD_ARGS, "--main-cpu x: not a CPU; cure: one number"},
	{"-i a --main-cpu -1", EXIT_BAD_ARGS, "--main-cpu -1: not a CPU"},
	{"-i a --main-cpu 1-2", EXIT_BAD_ARGS, "--main-cpu 1-2: not a CPU"},
	{"-i a --main-cpu 1024", EXIT_BAD_ARGS, "--main-cpu 1024: not a CPU"},
	{"-i a --numa maybe", EXIT_BAD_ARGS,
	 "--numa maybe: no such word; cure: one of "
	 "prefer, strict, off"},
	{"-i a --mode fast", EXIT_BAD_ARGS,
	 "--mode fast: no such word; cure: one of "
	 "auto, zerocopy, copy, skb"},
	{"-i a --mode ''", EXIT_BAD_ARGS, "--mode : no such word"},
	{"-i a --poll lazy", EXIT_BAD_ARGS,
	 "--poll lazy: no such word; cure: one of "
	 "adaptive, busy"},
	{"-i a --on-exit run", EXIT_BAD_ARGS,
	 "--on-exit run: no such word; cure: one of "
	 "detach, drop"},
	{"-i a --ctl ''", EXIT_BAD_ARGS, "--ctl '': no path"},
	{"-i a --flows 0", EXIT_BAD_ARGS, "--flows 0: not a number of flows"},
	{"-i a --flows 1G", EXIT_BAD_ARGS, "--flows 1G: not a number of flows"},
	{"-i a --flows 512M", EXIT_BAD_ARGS, "--flows 512M: not a number of flows"},
	{"-i a --flows 1kk", EXIT_BAD_ARGS, "--flows 1kk: not a number of flows"},
	{"-i a --flows -1k", EXIT_BAD_ARGS, "--flows -1k: not a number of flows"},
	{"-i a --flows 99999999999999999999M", EXIT_BAD_ARGS, "--flows 9"},
	{"-i a --frames 1024", EXIT_BAD_ARGS, "--frames 1024: not a number of frames"},
	{"-i a --frames 3000", EXIT_BAD_ARGS,
	 "--frames 3000: not a number of frames; "
	 "cure: a power of two, 2048 to 65536"},
	{"-i a --frames 128k", EXIT_BAD_ARGS, "--frames 128k: not a number of frames"},
	{"-i a --print-plan=xml", EXIT_BAD_ARGS, "--print-plan xml: no such form"},
	{"-i a -t --cleanup", EXIT_BAD_ARGS, "--cleanup: excludes another option here"},
	{"-i a --bogus", EXIT_BAD_ARGS, "--bogus: no such option"},
	{"-i a --bogus=1", EXIT_BAD_ARGS, "--bogus=1: no such option"},
	{"-i a -x", EXIT_BAD_ARGS, "-x: no such option"},
	{"-i a -tx", EXIT_BAD_ARGS, "-x: no such option"},
	{"-i a --cleanup=now", EXIT_BAD_ARGS, "--cleanup=now: takes no value"},
	{"-i a --test=now", EXIT_BAD_ARGS, "--test=now: takes no value"},
	{"-i a eth1", EXIT_BAD_ARGS, "eth1: not an option; cure: -i eth1 if it is"},
};

static void wrong_lines_get_one_line_and_a_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(wrong_line); i++) {
		char line[512], err[512] = "";
		struct args a;

		strcpy(line, wrong_line[i].line);
		assert_int_equal(parse(line, &a, err, sizeof(err)), wrong_line[i].code);
		if (strncmp(err, wrong_line[i].err, strlen(wrong_line[i].err)) || strchr(err, '\n'))
			fail_msg("'%s': \"%s\", want \"%s\"", wrong_line[i].line, err,
				 wrong_line[i].err);
	}
}

static void too_many_maps_are_refused(void **state)
{
	char *argv[2 * 33 + 1] = {"shuntd"}, err[256];
	struct args a;

	(void)state;
	for (size_t i = 1; i < LEN(argv); i += 2) {
		argv[i] = "--queue";
		argv[i + 1] = "a:0@0";
	}
	assert_int_equal(args_parse(LEN(argv), argv, &a, err, sizeof(err)), EXIT_BAD_ARGS);
	assert_int_equal(strncmp(err, "--queue a:0@0: one too many", 27), 0);
}

static void the_environment_names_the_socket_unless_the_option_does(void **state)
{
	char line[512], err[512], path[200];
	struct args a;

	(void)state;
	setenv("SHUNT_CTL", "/tmp/env", 1);
	expect_ok("-i a", line, &a);
	assert_string_equal(a.ctl, "/tmp/env");
	expect_ok("-i a --ctl /tmp/opt", line, &a);
	assert_string_equal(a.ctl, "/tmp/opt");
	setenv("SHUNT_CTL", "", 1);
	expect_ok("-i a", line, &a);
	assert_string_equal(a.ctl, "/run/shunt/ctl.sock");

	memset(path, 'x', sizeof(path));
	path[108] = '\0';
	setenv("SHUNT_CTL", path, 1);
	strcpy(line, "-i a");
	assert_int_equal(parse(line, &a, err, sizeof(err)), EXIT_BAD_ARGS);
	assert_int_equal(strncmp(err, "SHUNT_CTL x", 11), 0);
	path[107] = '\0';
	setenv("SHUNT_CTL", path, 1);
	expect_ok("-i a", line, &a);
	unsetenv("SHUNT_CTL");
}

static void help_names_every_option(void **state)
{
	static const char *const name[] = {
		"-f, --file FILE", "-i, --interface IF", "--queue IF:QLIST@CPULIST",
		"--cpus LIST",	   "--main-cpu N",	 "--numa POLICY",
		"--mode MODE",	   "--poll HOW",	 "--flows N",
		"--frames N",	   "--ctl PATH",	 "--on-exit WHAT",
		"-t, --test",	   "-T, --print-config", "--print-plan[=json]",
		"--cleanup",	   "-h, --help",	 "-V, --version",
	};
	char text[4096] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(f);
	args_help(f);
	fclose(f);
	for (size_t i = 0; i < LEN(name); i++)
		if (!strstr(text, name[i]))
			fail_msg("help lacks %s", name[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_interface_is_enough),
		cmocka_unit_test(every_option_reaches_its_place),
		cmocka_unit_test(actions_are_told_apart),
		cmocka_unit_test(wrong_lines_get_one_line_and_a_code),
		cmocka_unit_test(too_many_maps_are_refused),
		cmocka_unit_test(the_environment_names_the_socket_unless_the_option_does),
		cmocka_unit_test(help_names_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
