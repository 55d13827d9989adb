/* SPDX-License-Identifier: BSD-2-Clause */
#include "drain_step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char list_text[] =
	"{'services': [{'proto': 'tcp', 'servers': ["
	"{'address': '192.0.2.1', 'port': 80, 'weight': 7, 'forward': 'route', 'upper': 0,"
	" 'lower': 0, 'active': 3, 'inactive': 4, 'state': 'ok'},"
	"{'address': '192.0.2.2', 'port': 0, 'weight': 1, 'forward': 'tunnel', 'upper': 9,"
	" 'lower': 5, 'active': 0, 'inactive': 0, 'tunnel': {'type': 'gue', 'port': 6080}}]}]}";

/* With ' for quotes. */
static json_t *parse(const char *text)
{
	char quoted[1024];
	json_t *o;

	snprintf(quoted, sizeof(quoted), "%s", text);
	for (char *c = quoted; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	o = json_loads(quoted, 0, NULL);
	assert_non_null(o);
	return o;
}

static void finds_the_server_that_is_named(void **state)
{
	json_t *list = parse(list_text), *one = parse("{'address': '192.0.2.1', 'port': 80}");
	json_t *other = parse("{'address': '192.0.2.1', 'port': 81}"), *none = parse("{}");

	(void)state;
	assert_int_equal(drain_left(drain_find(list, one)), 7);
	assert_null(drain_find(list, other));
	assert_null(drain_find(list, none));
	assert_null(drain_find(none, one));
	json_decref(none);
	json_decref(other);
	json_decref(one);
	json_decref(list);
}

static void edits_the_weight_and_nothing_else(void **state)
{
	static const char *const row[][2] = {
		{"{'address': '192.0.2.1', 'port': 80}",
		 "{'cmd': 'server-edit', 'service': {'port': 5}, 'server': {'address': "
		 "'192.0.2.1', 'port': 80, 'forward': 'route', 'weight': 0}}"},
		{"{'address': '192.0.2.2', 'port': 0}",
		 "{'cmd': 'server-edit', 'service': {'port': 5}, 'server': {'address': "
		 "'192.0.2.2', 'port': 0, 'forward': 'tunnel', 'upper': 9, 'lower': 5, 'tunnel': "
		 "{'type': 'gue', 'port': 6080}, 'weight': 0}}"},
	};
	json_t *list = parse(list_text), *service = parse("{'port': 5}");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		json_t *server = parse(row[i][0]), *wanted = parse(row[i][1]);
		json_t *got = drain_edit(service, drain_find(list, server), 0);

		assert_true(json_equal(got, wanted));
		json_decref(got);
		json_decref(wanted);
		json_decref(server);
	}
	json_decref(service);
	json_decref(list);
}

static void estimates_from_what_ended_lately(void **state)
{
	static const struct {
		long long left[16]; /* up to a -1 */
		long long seconds;
	} row[] = {
		{{-1}, DRAIN_UNKNOWN},
		{{8, -1}, DRAIN_UNKNOWN},
		{{0, -1}, 0},
		{{8, 8, -1}, DRAIN_UNKNOWN},
		{{8, 9, -1}, DRAIN_UNKNOWN}, /* one that was begun before the weight was 0 */
		{{8, 6, -1}, 3},
		{{8, 5, -1}, 2}, /* rounded up */
		{{100, 99, -1}, 99},
		{{10, 10, 8, -1}, 8},
		{{4, 2, 0, -1}, 0},
		{{99, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, -1},
		 DRAIN_UNKNOWN}, /* too long ago */
		{{99, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, -1}, 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct drain d = {0};

		for (int k = 0; row[i].left[k] >= 0; k++)
			drain_note(&d, row[i].left[k]);
		assert_int_equal(drain_estimate(&d), row[i].seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_server_that_is_named),
		cmocka_unit_test(edits_the_weight_and_nothing_else),
		cmocka_unit_test(estimates_from_what_ended_lately),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
