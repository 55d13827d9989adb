/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum {
	BODY_MAX = 1 << 20
};

static bool good(const struct check_url *u, long status, const char *body)
{
	char why[PAGE_WHY] = "";
	const char *wrong =
		page_judge(u, status, (const uint8_t *)body, body ? strlen(body) : 0, why);

	assert_true(!wrong || why[0]);
	return !wrong;
}

static void status_is_200_to_299_if_nothing_is_said(void **state)
{
	struct check_url u = {0};

	(void)state;
	for (long status = -1; status < 1000; status++)
		assert_int_equal(good(&u, status, NULL), status >= 200 && status <= 299);
	u.status[(404 - STATUS_MIN) / 64] |= 1ULL << (404 - STATUS_MIN) % 64;
	u.status[(599 - STATUS_MIN) / 64] |= 1ULL << (599 - STATUS_MIN) % 64;
	for (long status = -1; status < 1000; status++)
		assert_int_equal(good(&u, status, NULL), status == 404 || status == 599);
}

/* The digests are RFC 1321's. */
static void digest_is_the_bodys(void **state)
{
	struct check_url u = {.digest = (char *)"900150983cd24fb0d6963f7d28e17f72"};

	(void)state;
	assert_true(page_reads(&u));
	assert_true(good(&u, 200, "abc"));
	assert_false(good(&u, 200, "abd"));
	assert_false(good(&u, 500, "abc"));
	u.digest = (char *)"d41d8cd98f00b204e9800998ecf8427e";
	assert_true(good(&u, 200, NULL));
}

static void regex_has_its_flags(void **state)
{
	static const struct {
		const char *regex, *body;
		uint32_t flag; /* with it it matches, without it doesn't */
	} row[] = {
		{"hello", "say HELLO", REGEX_CASELESS},
		{"^two$", "one\ntwo\nthree", REGEX_MULTILINE},
		{"one.two", "one\ntwo", REGEX_DOTALL},
		{"o n e", "one", REGEX_EXTENDED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct check_url u = {.regex = (char *)row[i].regex};

		assert_true(page_reads(&u));
		assert_false(good(&u, 200, row[i].body));
		u.regex_flags = row[i].flag;
		assert_true(good(&u, 200, row[i].body));
		u.regex_no_match = 1;
		assert_false(good(&u, 200, row[i].body));
	}
}

static void regex_has_its_place(void **state)
{
	struct check_url u = {.regex = (char *)"x"};

	(void)state;
	for (uint32_t at = 0; at < 6; at++) {
		char body[] = "......";

		body[at] = 'x';
		u.regex_min = 2;
		u.regex_max = 4;
		assert_int_equal(good(&u, 200, body), at == 2 || at == 3);
		u.regex_max = 0;
		assert_int_equal(good(&u, 200, body), at >= 2);
	}
	u.regex_min = 100; /* behind the end */
	assert_false(good(&u, 200, "x"));
	u.regex_no_match = 1;
	assert_true(good(&u, 200, "x"));
}

static void what_is_no_regex_is_bad(void **state)
{
	struct check_url u = {.regex = (char *)"("};

	(void)state;
	assert_false(good(&u, 200, "("));
	u.regex_no_match = 1;
	assert_false(good(&u, 200, "("));
}

/* The loop that judges has other things to do. Each row costs minutes if it may. */
static void a_match_has_little_time(void **state)
{
	static const char *const regex[] = {
		"(a+)+$b", "(a|aa)*c", "a*[bc]", "a*a*a*[bc]", "(?:a{1,200}){1,200}[bc]",
	};
	char *body = malloc(BODY_MAX + 1);

	(void)state;
	memset(body, 'a', BODY_MAX);
	body[BODY_MAX] = '\0';
	for (size_t i = 0; i < sizeof(regex) / sizeof(*regex); i++) {
		struct check_url u = {.regex = (char *)regex[i]};
		clock_t begun = clock();

		assert_false(good(&u, 200, body));
		if (clock() - begun > CLOCKS_PER_SEC)
			fail_msg("%s took %ld ms", regex[i],
				 (long)(clock() - begun) / (CLOCKS_PER_SEC / 1000));
	}
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_200_to_299_if_nothing_is_said),
		cmocka_unit_test(digest_is_the_bodys),
		cmocka_unit_test(regex_has_its_flags),
		cmocka_unit_test(regex_has_its_place),
		cmocka_unit_test(what_is_no_regex_is_bad),
		cmocka_unit_test(a_match_has_little_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
