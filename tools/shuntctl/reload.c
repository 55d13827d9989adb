/* SPDX-License-Identifier: BSD-2-Clause */
#include "reload.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "plan.h"

static int usage(const char *words)
{
	fprintf(stderr, "shuntctl: usage: shuntctl %s\n", words);
	return CTL_USAGE;
}

/* Asks, and leaves the answer's printing to print (NULL: nothing to print). Takes the request. */
static int ask(const struct ctl *ctl, json_t *request, void (*print)(const json_t *answer))
{
	json_t *answer;
	int code = CTL_OK;

	plan_ask(ctl, request);
	answer = client_command(ctl, request);
	json_decref(request);
	if (!answer)
		return CTL_FAILED;
	if (!client_ok(answer)) {
		fprintf(stderr, "shuntctl: %s\n", client_error(answer));
		code = CTL_REFUSED;
	} else if (ctl->dry_run) {
		plan_answer(ctl, answer);
	} else if (!ctl->json && print) {
		print(answer);
	}
	json_decref(answer);
	return code;
}

static void print_diff(const json_t *answer)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(answer, "differences"), i, one)
		puts(json_string_value(one));
}

/* 300 or 300s; 0: it is none. */
static long seconds(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || n < 1 || (*end && strcmp(end, "s") != 0))
		return 0;
	return n;
}

int reload_run(const struct ctl *ctl, int argc, const char **argv)
{
	json_t *request = json_pack("{s:s}", "cmd", "reload");

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--protect-live")) {
			json_object_set_new(request, "protect-live", json_true());
		} else if (!strcmp(argv[i], "--confirm-within") && i + 1 < argc &&
			   seconds(argv[i + 1])) {
			json_object_set_new(request, "confirm-within",
					    json_integer(seconds(argv[++i])));
		} else if (strcmp(argv[i], "--wait") != 0) { /* it always waits */
			json_decref(request);
			return usage("reload [--wait] [--protect-live] [--confirm-within SECONDS]");
		}
	}
	return ask(ctl, request, plan_print_counts);
}

int confirm_run(const struct ctl *ctl, int argc, const char **argv)
{
	(void)argv;
	if (argc)
		return usage("confirm");
	return ask(ctl, json_pack("{s:s}", "cmd", "confirm"), NULL);
}

int undo_run(const struct ctl *ctl, int argc, const char **argv)
{
	(void)argv;
	if (argc)
		return usage("undo");
	return ask(ctl, json_pack("{s:s}", "cmd", "undo"), plan_print_counts);
}

/* shuntd reads the file itself, and may have another working directory. */
int plan_run(const struct ctl *ctl, int argc, const char **argv)
{
	char path[PATH_MAX];

	if (argc != 1)
		return usage("plan FILE");
	if (!realpath(argv[0], path)) {
		perror(argv[0]);
		return CTL_USAGE;
	}
	return ask(ctl, json_pack("{s:s, s:s}", "cmd", "plan", "file", path), plan_print);
}

int diff_run(const struct ctl *ctl, int argc, const char **argv)
{
	(void)argv;
	if (argc)
		return usage("diff");
	return ask(ctl, json_pack("{s:s}", "cmd", "diff"), print_diff);
}
