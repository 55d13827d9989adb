/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipvs_run.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <popt.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "client.h"
#include "ipvs_more.h"
#include "ipvs_print.h"
#include "ipvsadm.h"
#include "plan.h"

/* What ipvsadm calls a refusal. The first row that fits code and command counts. */
static const struct refusal {
	const char *code, *cmd; /* cmd NULL: any, or all that begin so */
	const char *text;
	const char *about; /* the part of the request it is about */
	const char *cure;
} refusals[] = {
	{"exists", "service-", "Service already exists", "service", "-E changes it"},
	{"exists", "server-", "Destination already exists", "server", "-e changes it"},
	{"no-service", "server-", "Service not defined", "service", "-A adds it"},
	{"no-service", "service-", "No such service", "service", "-A adds it"},
	{"no-service", "", "No such service", "service", NULL},
	{"no-server", "", "No such destination", "server", "-a adds it"},
	{"no-scheduler", "", "Scheduler or persistence engine not found", NULL, NULL},
	{"denied", "", "Permission denied (you must be root)", NULL, NULL},
	{"no-memory", "", "Memory allocation problem", NULL, NULL},
};

static const char *string_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* "192.0.2.1:80", or "TCP 192.0.2.1:80" if a protocol is named. */
static void endpoint_print(const json_t *o, char *buf, size_t size)
{
	char text[ADDR_TEXT] = "?", upper[8] = "";
	__be16 port = htons((uint16_t)json_integer_value(json_object_get(o, "port")));
	const char *proto = string_of(o, "proto");
	struct addr addr;

	if (!addr_parse(string_of(o, "address"), &addr))
		host_text(&addr, port, text);
	for (size_t i = 0; i < sizeof(upper) - 1 && proto[i]; i++)
		upper[i] = (char)toupper((unsigned char)proto[i]);
	snprintf(buf, size, "%s%s%s", upper, *upper ? " " : "", text);
}

const char *ipvs_refusal(const json_t *request, const json_t *answer, char *buf, size_t size)
{
	const char *code = string_of(answer, "code"), *cmd = string_of(request, "cmd");
	const struct refusal *r = refusals, *end = r + sizeof(refusals) / sizeof(*refusals);
	char about[ADDR_TEXT + 16];

	while (r < end && (strcmp(r->code, code) || strncmp(r->cmd, cmd, strlen(r->cmd))))
		r++;
	if (r == end) {
		snprintf(buf, size, "%s", client_error(answer));
	} else if (!r->about) {
		snprintf(buf, size, "%s: %s", r->text, client_error(answer));
	} else if (!r->cure) {
		snprintf(buf, size, "%s", r->text);
	} else {
		endpoint_print(json_object_get(request, r->about), about, sizeof(about));
		snprintf(buf, size, "%s: %s (%s)", r->text, about, r->cure);
	}
	return buf;
}

/* Connections come a page at a time. */
static int run_connections(const struct ctl *ctl, const struct ipvs_call *call)
{
	const struct names *names = call->format & IPVS_NUMERIC ? &names_numeric : &names_system;
	json_t *answer, *cursor = NULL;
	bool titled = false;
	int rc = CTL_OK;

	do {
		answer = client_command(ctl, call->request);
		if (!answer)
			return CTL_FAILED;
		if (!client_ok(answer)) {
			fprintf(stderr, "%s\n", client_error(answer));
			rc = CTL_FAILED;
		} else if (!ctl->json) {
			if (!titled)
				ipvs_print_conns_title(stdout);
			titled = true;
			ipvs_print_conns(stdout, answer, names);
		}
		cursor = json_incref(json_object_get(answer, "cursor"));
		json_decref(answer);
		json_object_set_new(call->request, "cursor", cursor ? cursor : json_integer(0));
	} while (rc == CTL_OK && cursor);
	return rc;
}

static int run_list(const struct ctl *ctl, const struct ipvs_call *call)
{
	json_t *answer = client_command(ctl, call->request);
	char text[512];
	int rc = CTL_OK;

	if (!answer)
		return CTL_FAILED;
	if (!client_ok(answer)) {
		fprintf(stderr, "%s\n", ipvs_refusal(call->request, answer, text, sizeof(text)));
		rc = CTL_FAILED;
	} else if (!ctl->json) {
		ipvs_print(stdout, answer, call->format, &names_system);
	}
	json_decref(answer);
	return rc;
}

static int run_edit(const struct ctl *ctl, const struct ipvs_call *call)
{
	json_t *answer;
	char text[512];
	int rc = CTL_OK;

	plan_ask(ctl, call->request);
	answer = client_command(ctl, call->request);
	if (!answer)
		return CTL_FAILED;
	if (!client_ok(answer)) {
		fprintf(stderr, "%s\n", ipvs_refusal(call->request, answer, text, sizeof(text)));
		rc = CTL_REFUSED;
	}
	plan_answer(ctl, answer);
	json_decref(answer);
	return rc;
}

/* How many of a line's words come before the rule: the name of a program. */
static int words_before(const char *word)
{
	const char *base = strrchr(word, '/') ? strrchr(word, '/') + 1 : word;

	return !strcmp(base, "ipvsadm") || !strcmp(base, "shuntctl");
}

/* Understands the words of a line; call is as ipvs_parse leaves it. */
static int parse_words(int n, const char **word, struct ipvs_call *call)
{
	const char **argv = calloc(n + 2, sizeof(*argv));
	int argc = 1, rc;

	if (!argv)
		return CTL_FAILED;
	argv[0] = "shuntctl";
	for (int i = words_before(word[0]); i < n && word[i][0] != '#'; i++)
		argv[argc++] = word[i];
	rc = ipvs_parse(argc, argv, call);
	free(argv);
	if (rc == CTL_OK && !call->edit) {
		snprintf(call->error, sizeof(call->error),
			 "only commands that change the table may stand here");
		rc = CTL_USAGE;
	}
	return rc;
}

static int batch_append(struct ipvs_batch *b, struct ipvs_call *call, unsigned int line)
{
	unsigned int *bigger = reallocarray(b->line, b->n + 1, sizeof(*b->line));

	if (!bigger)
		return CTL_FAILED;
	b->line = bigger;
	b->line[b->n++] = line;
	json_array_append(json_object_get(b->request, "requests"), call->request);
	return CTL_OK;
}

/* popt takes what follows an open quote as it comes, to the end. */
static bool quote_open(const char *text)
{
	char quote = 0;

	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (quote && *text == quote)
			quote = 0;
		else if (!quote && (*text == '\'' || *text == '"'))
			quote = *text;
	}
	return quote;
}

static int batch_line(struct ipvs_batch *b, const char *text, unsigned int line)
{
	struct ipvs_call call = {.edit = false};
	const char **word;
	int n, rc;

	text += strspn(text, " \t\r\n");
	if (!*text || *text == '#')
		return CTL_OK;
	b->error_line = line;
	rc = quote_open(text) ? POPT_ERROR_BADQUOTE : poptParseArgvString(text, &n, &word);
	if (rc) {
		snprintf(b->error, sizeof(b->error), "%s",
			 rc == POPT_ERROR_BADQUOTE ? "a quote is not closed" : poptStrerror(rc));
		return CTL_USAGE;
	}
	rc = parse_words(n, word, &call);
	free(word);
	if (rc == CTL_OK)
		rc = batch_append(b, &call, line);
	else
		memcpy(b->error, call.error, sizeof(b->error));
	ipvs_call_free(&call);
	return rc;
}

int ipvs_batch_read(FILE *in, struct ipvs_batch *batch)
{
	char *text = NULL;
	size_t size = 0;
	unsigned int line = 0;
	int rc = CTL_OK;

	*batch = (struct ipvs_batch){.request =
					     json_pack("{s:s, s:[]}", "cmd", "batch", "requests")};
	while (rc == CTL_OK && getline(&text, &size, in) >= 0)
		rc = batch_line(batch, text, ++line);
	free(text);
	return rc;
}

void ipvs_batch_free(struct ipvs_batch *batch)
{
	json_decref(batch->request);
	free(batch->line);
}

static int refuse_batch(const struct ctl *ctl, const struct ipvs_batch *b, const json_t *answer)
{
	json_int_t i = json_integer_value(json_object_get(answer, "index"));
	char text[512];

	if (!json_is_integer(json_object_get(answer, "index")) || i < 0 || i >= b->n) {
		fprintf(stderr, "%s: standard input: %s\n", ctl->program, client_error(answer));
		return CTL_REFUSED;
	}
	ipvs_refusal(json_array_get(json_object_get(b->request, "requests"), (size_t)i), answer,
		     text, sizeof(text));
	fprintf(stderr, "%s: standard input:%u: %s\n", ctl->program, b->line[i], text);
	return CTL_REFUSED;
}

static int run_restore(const struct ctl *ctl)
{
	struct ipvs_batch batch;
	json_t *answer = NULL;
	int rc = ipvs_batch_read(stdin, &batch);

	if (rc) {
		fprintf(stderr, "%s: standard input:%u: %s\n", ctl->program, batch.error_line,
			batch.error);
		goto free_batch;
	}
	plan_ask(ctl, batch.request);
	answer = client_command(ctl, batch.request);
	if (!answer)
		rc = CTL_FAILED;
	else if (!client_ok(answer))
		rc = refuse_batch(ctl, &batch, answer);
	else
		plan_answer(ctl, answer);
	json_decref(answer);
free_batch:
	ipvs_batch_free(&batch);
	return rc;
}

static int refuse_dry_run(void)
{
	fputs("--dry-run is for commands that change something\n", stderr);
	return CTL_USAGE;
}

/* Scripts look at ipvsadm's version for what it can do: this is the one whose grammar it is. */
static void print_version(const struct ctl *ctl)
{
	puts(ctl_as_ipvsadm(ctl) ? "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)"
				 : "shuntctl " CTL_VERSION);
}

static void print_help(const struct ctl *ctl)
{
	if (ctl_as_ipvsadm(ctl)) {
		print_version(ctl);
		puts("Usage (of shuntctl " CTL_VERSION ", by this name):");
	} else {
		puts("As ipvsadm (the command comes first; -L is the default):");
	}
	ipvs_usage(stdout, ctl->program);
}

int ipvs_run(const struct ctl *ctl, int argc, const char **argv)
{
	struct ipvs_call call;
	int rc = ipvs_parse(argc, argv, &call);

	if (rc)
		fprintf(stderr, "%s\n", call.error);
	else if (call.command == IPVS_HELP)
		print_help(ctl);
	else if (call.command == IPVS_VERSION)
		print_version(ctl);
	else if (call.command == IPVS_RESTORE)
		rc = run_restore(ctl);
	else if (call.edit)
		rc = run_edit(ctl, &call);
	else if (ctl->dry_run)
		rc = refuse_dry_run();
	else if (call.format & IPVS_CONNECTIONS)
		rc = run_connections(ctl, &call);
	else
		rc = run_list(ctl, &call);
	ipvs_call_free(&call);
	return rc;
}
