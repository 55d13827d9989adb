/* SPDX-License-Identifier: BSD-2-Clause */
/* What ipvsadm 1.31 printed of one table in each of its modes (ipvsadm.golden, without its firewall
 * marks), against what is printed here of the same (ipvsadm.golden.json), byte
 * for byte. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipvs_more.h"
#include "ipvs_print.h"
#include "ipvsadm.h"

/* As without -n, of a host that knows ports by name and addresses not at all. */
static bool port_name(__be16 port, uint8_t proto, char *buf, size_t size)
{
	(void)proto;
	snprintf(buf, size, "%s",
		 port == htons(80)    ? "http"
		 : port == htons(443) ? "https"
				      : "domain");
	return true;
}

static const struct names names = {.host = NULL, .port = port_name};

/* One service of the answer alone, as shuntd gives it for -t. */
static void keep_one(json_t *answer)
{
	json_t *services = json_object_get(answer, "services");
	json_t *one = json_incref(json_array_get(services, 1));

	json_array_clear(services);
	json_array_append_new(services, one);
}

/* The one difference that is meant: -S doesn't forget thresholds. */
static void forget_thresholds(char *text)
{
	static const char thresholds[] = " -x 1000 -y 500";
	char *at;

	while ((at = strstr(text, thresholds)))
		memmove(at, at + strlen(thresholds), strlen(at + strlen(thresholds)) + 1);
}

/* What is printed for a command line of the golden file; the caller frees. */
static char *printed(char *line)
{
	const char *argv[16];
	struct ipvs_call call;
	json_t *answer = json_load_file("tools/shuntctl/ipvsadm.golden.json", 0, NULL);
	char *text = NULL, *word;
	size_t size;
	int argc = 0;
	FILE *f = open_memstream(&text, &size);

	for (word = strtok(line, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	assert_int_equal(ipvs_parse(argc, argv, &call), 0);
	assert_non_null(answer);
	if (call.format & IPVS_ONE)
		keep_one(answer);
	if (call.format & IPVS_CONNECTIONS) {
		ipvs_print_conns_title(f);
		ipvs_print_conns(f, answer, &names_numeric);
	} else {
		ipvs_print(f, answer, call.format, &names);
	}
	fclose(f);
	json_decref(answer);
	if (call.format & IPVS_RULES)
		forget_thresholds(text);
	ipvs_call_free(&call);
	return text;
}

static char *golden_read(void)
{
	FILE *f = fopen("tools/shuntctl/ipvsadm.golden", "r");
	char *text = calloc(1, 1 << 16);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 1000);
	fclose(f);
	return text;
}

static void every_mode_is_ipvsadms(void **state)
{
	char *text = golden_read(), *at = text, *end;
	int modes = 0;

	(void)state;
	while (!strncmp(at, "$ ", 2)) {
		char *line = at + 2, shown[128], *got;

		at = strchr(line, '\n');
		*at++ = '\0';
		end = strstr(at, "rc=0\n");
		assert_non_null(end);
		*end = '\0';
		snprintf(shown, sizeof(shown), "%s", line);
		got = printed(line);
		if (strcmp(got, at)) {
			printf("got\n%s", got);
			fail_msg("%s prints something else", shown);
		}
		free(got);
		modes++;
		at = end + strlen("rc=0\n");
	}
	assert_int_equal(modes, 13);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_is_ipvsadms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
