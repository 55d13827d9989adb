/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipvs_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SVC "\"service\":{\"address\":\"192.0.2.1\",\"port\":80,\"proto\":\"tcp\"}"

static int read_batch(const char *text, struct ipvs_batch *batch)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	int rc;

	assert_non_null(f);
	rc = ipvs_batch_read(f, batch);
	fclose(f);
	return rc;
}

static void rules_become_one_batch(void **state)
{
	struct ipvs_batch b;
	char *got;

	(void)state;
	assert_int_equal(read_batch("# a comment\n"
				    "\n"
				    "-C\n"
				    "ipvsadm -A -t '192.0.2.1:80' -s rr\n"
				    "  /sbin/ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.7 # web 7\n"
				    "shuntctl -D -t \"192.0.2.1:80\"",
				    &b),
			 0);
	got = json_dumps(b.request, JSON_COMPACT);
	assert_string_equal(got,
			    "{\"cmd\":\"batch\",\"requests\":[{\"cmd\":\"clear\"},"
			    "{\"cmd\":\"service-add\"," SVC ",\"scheduler\":\"rr\",\"flags\":[]},"
			    "{\"cmd\":\"server-add\"," SVC ",\"server\":{\"address\":\"192.0.2.7\","
			    "\"port\":80,\"weight\":1,\"forward\":\"route\"}},"
			    "{\"cmd\":\"service-del\"," SVC "}]}");
	free(got);
	assert_int_equal(b.n, 4);
	assert_int_equal(b.line[0], 3);
	assert_int_equal(b.line[3], 6);
	ipvs_batch_free(&b);
}

static void a_bad_rule_is_found_by_its_line(void **state)
{
	static const struct {
		const char *text;
		int code;
		unsigned int line;
		const char *error;
	} bad[] = {
		{"-C\n\n-A -t 1.2.3.4\n-C\n", 2, 3,
		 "Zero port specified for non-persistent service"},
		{"-C\n-L\n", 2, 2, "only commands that change the table may stand here"},
		{"-S\n", 2, 1, "only commands that change the table may stand here"},
		{"-R\n", 2, 1, "only commands that change the table may stand here"},
		{"-C --bogus\n", 255, 1, "--bogus: unknown option"},
		{"# x\n-A -t 1.2.3.4:80 -s 'rr\n", 2, 2, "a quote is not closed"},
	};
	struct ipvs_batch b;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(read_batch(bad[i].text, &b), bad[i].code);
		assert_int_equal(b.error_line, bad[i].line);
		assert_string_equal(b.error, bad[i].error);
		ipvs_batch_free(&b);
	}
}

static void a_line_without_s_is_noticed(void **state)
{
	struct ipvs_batch b;

	(void)state;
	assert_int_equal(read_batch("-A -t 192.0.2.1:80\n-C\n", &b), 0);
	ipvs_batch_free(&b);
}

static void refusals_are_in_ipvsadms_words_with_a_cure(void **state)
{
	static const char *const cases[][3] = {
		{"service-add", "exists",
		 "Service already exists: TCP 192.0.2.1:80 (-E changes it)"},
		{"server-add", "exists",
		 "Destination already exists: 192.0.2.7:80 (-e changes it)"},
		{"server-add", "no-service", "Service not defined: TCP 192.0.2.1:80 (-A adds it)"},
		{"service-edit", "no-service", "No such service: TCP 192.0.2.1:80 (-A adds it)"},
		{"list", "no-service", "No such service"},
		{"server-del", "no-server", "No such destination: 192.0.2.7:80 (-a adds it)"},
		{"service-add", "no-scheduler",
		 "Scheduler or persistence engine not found: what the daemon says"},
		{"clear", "denied", "Permission denied (you must be root): what the daemon says"},
		{"clear", "something else", "what the daemon says"},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *request =
			json_pack("{s:s, s:{s:s,s:s,s:i}, s:{s:s,s:i}}", "cmd", cases[i][0],
				  "service", "proto", "tcp", "address", "192.0.2.1", "port", 80,
				  "server", "address", "192.0.2.7", "port", 80);
		json_t *answer = json_pack("{s:b, s:s, s:s}", "ok", 0, "code", cases[i][1], "error",
					   "what the daemon says");

		assert_non_null(request);
		assert_string_equal(ipvs_refusal(request, answer, text, sizeof(text)), cases[i][2]);
		json_decref(request);
		json_decref(answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_become_one_batch),
		cmocka_unit_test(a_bad_rule_is_found_by_its_line),
		cmocka_unit_test(a_line_without_s_is_noticed),
		cmocka_unit_test(refusals_are_in_ipvsadms_words_with_a_cure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
