/* SPDX-License-Identifier: BSD-2-Clause */
#include "complete.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "client.h"
#include "ipvs_grammar.h"

struct complete {
	const struct ctl *ctl;
	int argc;
	const char **argv;
	const char *last; /* what is completed */
};

static void offer(const struct complete *c, const char *text)
{
	if (!strncmp(text, c->last, strlen(c->last)))
		puts(text);
}

/* The words of a text, which are set apart by that character, up to a space or its end. */
static void offer_words(const struct complete *c, const char *text, char apart)
{
	char word[32];

	while (*text) {
		size_t n = 0;

		while (text[n] && text[n] != apart && text[n] != ' ')
			n++;
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		if (n)
			offer(c, word);
		text += n;
		if (*text && *text != apart)
			return;
		text += *text != '\0';
	}
}

/* The short one, unless a long one was begun, or there is no other. */
static void offer_option(const struct complete *c, char letter, const char *name)
{
	char text[40];

	if (letter && strncmp(c->last, "--", 2) != 0)
		snprintf(text, sizeof(text), "-%c", letter);
	else
		snprintf(text, sizeof(text), "--%s", name);
	offer(c, text);
}

/* Whether a word is this command or option: --name, -x, or -x with others behind it. */
static bool is_option(const char *word, const char *letters, const char *name)
{
	if (word[0] != '-')
		return false;
	if (word[1] == '-')
		return !strcmp(word + 2, name);
	return word[1] && strchr(letters, word[1]);
}

static const struct option_row *option_find(const char *word)
{
	for (size_t i = 0; i < ipvs_n_options; i++) {
		const char letter[2] = {ipvs_options[i].letter, '\0'};

		if (is_option(word, letter, ipvs_options[i].name))
			return &ipvs_options[i];
	}
	return NULL;
}

/* ADDRESS:PORT as one would type it. Returns whether it can be. */
static bool endpoint_text(const json_t *o, char *buf)
{
	const char *text = json_string_value(json_object_get(o, "address"));
	struct addr addr;

	if (!text || addr_parse(text, &addr))
		return false;
	host_text(&addr, htons((uint16_t)json_integer_value(json_object_get(o, "port"))), buf);
	return true;
}

/* The service that the command line names, or "". */
static const char *service_given(const struct complete *c)
{
	for (int i = 1; i + 1 < c->argc - 1; i++) {
		const struct option_row *row = option_find(c->argv[i]);

		if (row && row->take == TAKE_SERVICE)
			return c->argv[i + 1];
	}
	return "";
}

static void offer_servers(const struct complete *c, const json_t *service, bool all)
{
	char text[ADDR_TEXT];
	const json_t *server;
	size_t i;

	if (!all && (!endpoint_text(service, text) || strcmp(text, service_given(c)) != 0))
		return;
	json_array_foreach (json_object_get(service, "servers"), i, server) {
		if (endpoint_text(server, text))
			offer(c, text);
	}
}

/* What lives and may be the option's value: of -a any server, of -e and -d the service's. */
static void offer_live(const struct complete *c, const struct option_row *row)
{
	bool adds = is_option(c->argv[0], ipvs_commands[IPVS_ADD_SERVER].letters,
			      ipvs_commands[IPVS_ADD_SERVER].name);
	json_t *request = json_pack("{s:s}", "cmd", "list"), *answer;
	char err[CLIENT_ERR], text[ADDR_TEXT];
	const char *proto;
	json_t *service;
	size_t i;

	answer = client_ask(c->ctl->socket, request, err);
	json_array_foreach (json_object_get(answer, "services"), i, service) {
		proto = json_string_value(json_object_get(service, "proto"));
		if (row->take == TAKE_SERVER)
			offer_servers(c, service, adds);
		else if (proto && !strcmp(proto, proto_text((uint8_t)row->value)) &&
			 endpoint_text(service, text))
			offer(c, text);
	}
	json_decref(answer);
	json_decref(request);
}

static void offer_flags(const struct complete *c)
{
	for (size_t i = 0; i < ipvs_n_sched_flags; i++)
		if (ipvs_sched_flags[i].supported)
			offer(c, ipvs_sched_flags[i].name);
}

/* The value of an option. */
static void complete_value(const struct complete *c, const struct option_row *row)
{
	if (row->take == TAKE_SERVICE || row->take == TAKE_SERVER)
		offer_live(c, row);
	else if (row->take == TAKE_SCHEDULER)
		offer_words(c, row->help, '|');
	else if (row->take == TAKE_SCHED_FLAGS)
		offer_flags(c);
}

static void complete_command(const struct complete *c)
{
	const struct option_row *before = c->argc > 2 ? option_find(c->argv[c->argc - 2]) : NULL;
	uint64_t takes = 0;

	if (before && before->arg == ARG_NEEDED) {
		complete_value(c, before);
		return;
	}
	for (size_t i = 0; i < IPVS_COMMANDS; i++) {
		const struct command_row *row = &ipvs_commands[i];

		if (is_option(c->argv[0], row->letters, row->name))
			takes = row->required | row->allowed | row->one_of;
	}
	for (size_t i = 0; i < ipvs_n_options; i++)
		if (!ipvs_options[i].unsupported && takes & opt_bit(ipvs_options[i].opt))
			offer_option(c, ipvs_options[i].letter, ipvs_options[i].name);
}

static void complete_first(const struct complete *c, const struct verb_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		offer(c, table->verb[i].name);
	for (size_t i = 0; i < IPVS_COMMANDS; i++)
		if (!ipvs_commands[i].unsupported)
			offer_option(c, ipvs_commands[i].letters[0], ipvs_commands[i].name);
}

static void complete_verb(const struct complete *c, const struct verb_table *table)
{
	const struct option_row *before = c->argc > 2 ? option_find(c->argv[c->argc - 2]) : NULL;

	if (before && (before->take == TAKE_SERVICE || before->take == TAKE_SERVER)) {
		offer_live(c, before);
		return;
	}
	for (size_t i = 0; i < table->n_words; i++) {
		const struct verb_words *w = &table->words[i];

		if (strcmp(w->name, c->argv[0]) != 0)
			continue;
		if (w->words)
			offer_words(c, w->words, ',');
		for (size_t k = 0; w->word && w->word(k); k++)
			offer(c, w->word(k));
	}
}

int complete_run(const struct ctl *ctl, const struct verb_table *table, int argc, const char **argv)
{
	const struct complete c = {ctl, argc, argv, argv[argc - 1]};

	if (!strncmp(c.last, "--", 2))
		offer_words(&c, "--ctl,--json,--dry-run", ',');
	if (argc == 1)
		complete_first(&c, table);
	else if (argv[0][0] == '-')
		complete_command(&c);
	else
		complete_verb(&c, table);
	return CTL_OK;
}
