/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

static enum exit_code read_line(struct options *o, enum verb verb, const char *line, char *err,
				size_t size)
{
	char text[512], *argv[64], *save;
	int argc = 0;

	snprintf(text, sizeof(text), "flowgen %s", line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	*err = '\0';
	return options_read(o, verb, argc, argv, err, size);
}

#define NICS4  "-i v -i v -i v -i v "
#define NICS16 NICS4 NICS4 NICS4 NICS4
#define MAC    "-i v0 -m 02:00:00:00:00:01 "

static void defaults_are_pktgens(void **state)
{
	struct options o;
	char err[256], text[ADDR_TEXT];

	(void)state;
	assert_int_equal(read_line(&o, VERB_SEND, MAC, err, sizeof(err)), EXIT_OK);
	assert_string_equal(host_text(&o.vip, o.port, text), "198.18.0.42:80");
	assert_string_equal(addr_text(&o.src, text), "198.19.0.0");
	assert_int_equal(o.src_bits, 16);
	assert_int_equal(o.size, 64);
	assert_int_equal(o.flows, 1);
	assert_int_equal(o.kind, KIND_UDP);
	assert_int_equal(o.engine, ENGINE_AUTO);
}

static void everything_can_be_said(void **state)
{
	static const char line[] =
		"-i v0 -e afxdp -c 1,0 -q 3-4 -r 20k -b 4 -t 1.5 -n 10M -m 02:00:00:00:00:01 "
		"--src-mac 02:00:00:00:00:fE -d 2001:db8::1 -p 443 -s 2001:db8:1::7/64 --ack -f 1M "
		"--tuples seq --zipf 1.1 -z imix --seed 7 --stream 3 --lag 9 --skb -j";
	struct options o;
	char err[256], text[ADDR_TEXT];

	(void)state;
	assert_int_equal(read_line(&o, VERB_SEND, line, err, sizeof(err)), EXIT_OK);
	assert_string_equal(o.nic[0], "v0");
	assert_int_equal(o.engine, ENGINE_AFXDP);
	assert_int_equal(o.cpus.cpu[0], 1);
	assert_int_equal(o.queues.cpu[1], 4);
	assert_int_equal((int)o.rate, 20000);
	assert_int_equal(o.burst, 4);
	assert_true(o.seconds > 1.4 && o.seconds < 1.6);
	assert_int_equal(o.count, 10000000);
	assert_int_equal(o.src_mac[5], 0xfe);
	assert_string_equal(host_text(&o.vip, o.port, text), "[2001:db8::1]:443");
	assert_string_equal(addr_text(&o.src, text), "2001:db8:1::");
	assert_int_equal(o.kind, KIND_ACK);
	assert_int_equal(o.flows, 1000000);
	assert_false(o.random_tuples);
	assert_int_equal(o.pick, PICK_ZIPF);
	assert_int_equal(o.size, 0);
	assert_int_equal(o.seed, 7);
	assert_int_equal(o.stream, 3);
	assert_int_equal(o.lag_ms, 9);
	assert_true(o.skb && o.json);
}

static void new_takes_a_number_or_none(void **state)
{
	struct options o;
	char err[256];

	(void)state;
	assert_int_equal(read_line(&o, VERB_SEND, MAC "--new", err, sizeof(err)), EXIT_OK);
	assert_int_equal(o.acks, 1);
	assert_int_equal(read_line(&o, VERB_SEND, MAC "--new=5", err, sizeof(err)), EXIT_OK);
	assert_int_equal(o.acks, 5);
	assert_int_equal(o.kind, KIND_NEW);
}

static void bad_lines_are_refused_in_one_line(void **state)
{
	static const struct {
		enum verb verb;
		const char *line, *word; /* which the complaint has */
	} rows[] = {
		{VERB_SEND, "-m 02:00:00:00:00:01", "-i"},
		{VERB_SEND, "-i v0", "--dst-mac"},
		{VERB_SEND, MAC "-i v1", "one interface"},
		{VERB_SEND, MAC "-m 02:00:00:00:00", "--dst-mac"},
		{VERB_SEND, MAC "-m 02:00:00:00:00:00:00", "--dst-mac"},
		{VERB_SEND, MAC "-m 02:00:00:00:00:0g", "--dst-mac"},
		{VERB_SEND, MAC "-f 0", "--flows"},
		{VERB_SEND, MAC "-f 16777217", "--flows"},
		{VERB_SEND, MAC "-f 17M", "--flows"},
		{VERB_SEND, MAC "-c 0,1", "fewer than threads"},
		{VERB_SEND, MAC "-f 9 -c 0,1 -q 0", "--queues"},
		{VERB_SEND, MAC "-f 9 -c 0,1 --stream 255", "--stream"},
		{VERB_SEND, MAC "-c x", "--cpus"},
		{VERB_SEND, MAC "-r 0", "--rate"},
		{VERB_SEND, MAC "-r -5", "--rate"},
		{VERB_SEND, MAC "-t nan", "--seconds"},
		{VERB_SEND, MAC "-t 0", "--seconds"},
		{VERB_SEND, MAC "-n 1x", "--count"},
		{VERB_SEND, MAC "-n 18446744073710M", "--count"}, /* 2^64 and a little */
		{VERB_SEND, MAC "-n", "value is missing"},
		{VERB_SEND, MAC "-e magic", "--engine"},
		{VERB_SEND, MAC "-d nowhere", "--vip"},
		{VERB_SEND, MAC "-s 10.0.0.0/33", "--src"},
		{VERB_SEND, MAC "-z 1519", "--size"},
		{VERB_SEND, MAC "--pick best", "--pick"},
		{VERB_SEND, MAC "--new --zipf 1", "--new"},
		{VERB_SEND, MAC "--interval 1", "no such option"},
		{VERB_SEND, MAC "what", "what"},
		{VERB_SINK, "", "-i"},
		{VERB_SINK, "-i v0 -f 5", "no such option"},
		{VERB_SINK, "-i anameoffifteen1", NULL},
		{VERB_SINK, "-i anameoffifteen12", "--interface"},
		{VERB_SINK, "-i v0 --streams 257", "--streams"},
		{VERB_SINK, NICS16, NULL},
		{VERB_SINK, NICS16 "-i v16", "--interface"},
		{VERB_CEILING, "-i v0", "no such option"},
	};
	struct options o;
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum exit_code code = read_line(&o, rows[i].verb, rows[i].line, err, sizeof(err));

		assert_int_equal(code, rows[i].word ? EXIT_BAD_ARGS : EXIT_OK);
		if (rows[i].word && !strstr(err, rows[i].word))
			fail_msg("%s: '%s' without '%s'", rows[i].line, err, rows[i].word);
		assert_null(strchr(err, '\n'));
	}
}

static void an_ipv6_service_gets_ipv6_sources(void **state)
{
	struct options o;
	char err[256], text[ADDR_TEXT];

	(void)state;
	assert_int_equal(read_line(&o, VERB_CEILING, "-d 2001:2::42", err, sizeof(err)), EXIT_OK);
	assert_string_equal(addr_text(&o.src, text), "2001:2:0:1::");
	assert_int_equal(o.src_bits, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_pktgens),
		cmocka_unit_test(everything_can_be_said),
		cmocka_unit_test(new_takes_a_number_or_none),
		cmocka_unit_test(bad_lines_are_refused_in_one_line),
		cmocka_unit_test(an_ipv6_service_gets_ipv6_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
