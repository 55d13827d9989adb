/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_text(struct exposition *e, const char *text)
{
	assert_int_equal(e->n, strlen(text));
	assert_memory_equal(e->text, text, e->n);
	exposition_rewind(e);
}

static void samples_have_labels_and_values(void **state)
{
	struct exposition e = {0};

	(void)state;
	exposition_begin(&e, "a");
	exposition_value(&e, 0);
	exposition_begin(&e, "b_total");
	exposition_label(&e, "x", "1");
	exposition_label_u32(&e, "y", 4294967295u);
	exposition_value(&e, UINT64_MAX);
	expect_text(&e, "a 0\nb_total{x=\"1\",y=\"4294967295\"} 18446744073709551615\n");
	exposition_begin(&e, "c");
	exposition_labels(&e, "k=\"v\"", 5);
	exposition_value_ns(&e, 12000000034);
	exposition_begin(&e, "c");
	exposition_value_ns(&e, 7);
	expect_text(&e, "c{k=\"v\"} 12.000000034\nc 0.000000007\n");
	exposition_free(&e);
}

static void what_would_end_a_label_is_escaped(void **state)
{
	struct exposition e = {0};

	(void)state;
	exposition_begin(&e, "a");
	exposition_label(&e, "x", "q\"b\\n\nz");
	exposition_label(&e, "y", "\"");
	exposition_value(&e, 1);
	expect_text(&e, "a{x=\"q\\\"b\\\\n\\nz\",y=\"\\\"\"} 1\n");
	exposition_free(&e);
}

static void families_are_named_as_the_format_has_it(void **state)
{
	struct exposition e = {0};

	(void)state;
	exposition_family(&e, "a_total", METRIC_COUNTER, "What it is.");
	exposition_end(&e);
	expect_text(&e, "# HELP a_total What it is.\n# TYPE a_total counter\n");
	e.openmetrics = true;
	exposition_family(&e, "a_total", METRIC_COUNTER, "What it is.");
	exposition_family(&e, "g", METRIC_GAUGE, "G.");
	exposition_end(&e);
	expect_text(&e, "# HELP a What it is.\n# TYPE a counter\n# HELP g G.\n# TYPE g gauge\n"
			"# EOF\n");
	exposition_free(&e);
}

static void the_client_says_which_format(void **state)
{
	static const struct {
		const char *accept;
		bool openmetrics;
	} row[] = {
		{NULL, false},
		{"", false},
		{"*/*", false},
		{"text/plain", false},
		{"application/openmetrics-text", true},
		{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		 "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 true},
		{"application/openmetrics-text; version=0.0.1", false},
		{"application/openmetrics-text; version=1.0.0; q=0", false},
		{"text/plain;version=0.0.4;q=0.5, application/openmetrics-text;version=1.0.0;q=0.4",
		 false},
		{"text/plain;q=0.25,\tapplication/openmetrics-text ; version=1.0.0 ; q=0.3", true},
		{",,;q=,application/openmetrics-text;q=", false},
		{"application/openmetrics-text;q=0.123456789012345678901234567890", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		if (exposition_wants_openmetrics(row[i].accept) != row[i].openmetrics)
			fail_msg("%s", row[i].accept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_have_labels_and_values),
		cmocka_unit_test(what_would_end_a_label_is_escaped),
		cmocka_unit_test(families_are_named_as_the_format_has_it),
		cmocka_unit_test(the_client_says_which_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
