/* SPDX-License-Identifier: BSD-2-Clause */
/* keyword_test --man prints the list of keywords that src/conf/shunt.conf.5 has to hold. */
#include "conf/keyword.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *slurp(const char *path)
{
	char *text = NULL;
	size_t room = 0;
	FILE *f = fopen(path, "r");

	if (!f || getdelim(&text, &room, 0, f) < 0)
		fail_msg("%s: cannot be read; the test runs in the project's own folder", path);
	fclose(f);
	return text;
}

static void the_manual_page_has_every_keyword(void **state)
{
	char *list, *page = slurp("src/conf/shunt.conf.5");
	size_t size;
	FILE *f = open_memstream(&list, &size);

	(void)state;
	keyword_man(f);
	fclose(f);
	if (!strstr(page, list))
		fail_msg("src/conf/shunt.conf.5 differs from the table; keyword_test --man has it");
	free(page);
	free(list);
}

static void a_slip_of_the_pen_gets_its_word(void **state)
{
	(void)state;
	assert_string_equal(keyword_like(BLOCK_SERVICE, "delay_lop"), "delay_loop");
	assert_string_equal(keyword_like(BLOCK_SERVER, "tcp_check"), "TCP_CHECK");
	assert_null(keyword_like(BLOCK_SERVER, "completely"));
	assert_null(keyword_find(BLOCK_SERVER, "quorum"));
}

static void rows_fit_the_parsers_memory_of_them(void **state)
{
	(void)state;
	assert_in_range(n_keywords, 1, 256);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_page_has_every_keyword),
		cmocka_unit_test(a_slip_of_the_pen_gets_its_word),
		cmocka_unit_test(rows_fit_the_parsers_memory_of_them),
	};

	if (argc == 2 && !strcmp(argv[1], "--man")) {
		keyword_man(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
