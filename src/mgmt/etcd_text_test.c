/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/etcd_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An answer to a range request: pairs of key and value up to NULL. */
static json_t *answer(const char *const *pair)
{
	json_t *kvs = json_array();

	for (; *pair; pair += 2) {
		char *key = etcd_encode(pair[0]), *value = etcd_encode(pair[1]);

		json_array_append_new(kvs, json_pack("{s:s, s:s}", "key", key, "value", value));
		free(key);
		free(value);
	}
	return json_pack("{s:o}", "kvs", kvs);
}

/* What becomes of them: the text, or the reason with a ! before it. The caller's. */
static char *composed(const char *const *pair)
{
	json_t *a = answer(pair);
	char why[ETCD_WHY], *text, *said;
	size_t size;
	int err = etcd_compose(a, "/shunt/", &text, &size, why);

	json_decref(a);
	if (!err) {
		assert_int_equal(size, strlen(text));
		return text;
	}
	assert_int_equal(err, -EINVAL);
	assert_true(asprintf(&said, "!%s", why) > 0);
	return said;
}

static void keys_make_one_text(void **state)
{
	static const struct {
		const char *pair[9];
		const char *want;
	} row[] = {
		{{"/shunt/services/a", "virtual_server A {\n}\n\n", "/shunt/services/b",
		  "virtual_server B {\n}"},
		 "# /shunt/services/a\nvirtual_server A {\n\n}\n# /shunt/services/b\n"
		 "virtual_server B {\n\n}\n"},
		{{"/shunt/servers/a/1", "real_server 1 {\n}", "/shunt/servers/ab/1", "other",
		  "/shunt/servers/a/2", "real_server 2 {\n}", "/shunt/services/a", "A {\n}"},
		 "# /shunt/services/a\nA {\n\n# /shunt/servers/a/1\nreal_server 1 {\n}\n"
		 "# /shunt/servers/a/2\nreal_server 2 {\n}\n}\n"},
		{{NULL}, "!there are no services below /shunt/"},
		{{"/shunt/servers/a/1", "x"}, "!there are no services below /shunt/"},
		{{"/shunt/service/a", "A {\n}"},
		 "!/shunt/service/a: neither services/NAME nor servers/NAME/..."},
		{{"/shunt/services/a/b", "A {\n}"},
		 "!/shunt/services/a/b: neither services/NAME nor servers/NAME/..."},
		{{"/shunt/services/", "A {\n}"},
		 "!/shunt/services/: neither services/NAME nor servers/NAME/..."},
		{{"/shunt/services/a", "A {"},
		 "!/shunt/services/a: a virtual_server block doesn't end with }"},
		{{"/shunt/services/a", ""},
		 "!/shunt/services/a: a virtual_server block doesn't end with }"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		char *text = composed(row[i].pair);

		assert_string_equal(text, row[i].want);
		free(text);
	}
}

static void other_answers_are_none(void **state)
{
	static const char *const text[] = {
		"{}",
		"[]",
		"{\"kvs\": 3}",
		"{\"kvs\": [3]}",
		"{\"kvs\": [{\"key\": 7}]}",
		"{\"kvs\": [{\"key\": \"???\"}]}",
		"{\"kvs\": [{\"key\": \"YQBi\", \"value\": \"\"}]}", /* a key with a NUL */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		json_t *a = json_loads(text[i], 0, NULL);
		char why[ETCD_WHY], *out;
		size_t size;

		assert_non_null(a);
		assert_int_equal(etcd_compose(a, "/shunt/", &out, &size, why), -EINVAL);
		assert_null(out);
		json_decref(a);
	}
}

static void base64_there_and_back(void **state)
{
	static const char *const text[] = {"", "a", "ab", "abc", "abcd", "/shunt/services/web"};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		char *there = etcd_encode(text[i]);
		size_t size;
		char *back = etcd_decode(there, &size);

		assert_int_equal(size, strlen(text[i]));
		assert_string_equal(back, text[i]);
		free(there);
		free(back);
	}
	assert_null(etcd_decode("a", &(size_t){0}));
}

static void a_range_ends_behind_its_prefix(void **state)
{
	char *end = etcd_range_end("/shunt/");

	(void)state;
	assert_string_equal(end, "/shunt0");
	free(end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_make_one_text),
		cmocka_unit_test(other_answers_are_none),
		cmocka_unit_test(base64_there_and_back),
		cmocka_unit_test(a_range_ends_behind_its_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
