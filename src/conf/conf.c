/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/import.h"
#include "conf/read.h"

static void reading_free(struct reading *r)
{
	for (int i = 0; i < r->n_drafts; i++) {
		service_clear(&r->draft[i].s);
		free(r->draft[i].group);
		free(r->draft[i].server_at);
	}
	for (int i = 0; i < r->n_groups; i++) {
		free(r->group[i].name);
		free(r->group[i].line);
	}
	free(r->draft);
	free(r->group);
	free(r->service_at);
	lex_close(&r->lex);
}

int reading_run(struct reading *r, struct conf *out)
{
	r->conf = out;
	reading_parse(r);
	reading_resolve(r);
	if (r->lex.n_errors && !r->import)
		conf_free(out);
	return r->lex.n_errors && !r->import ? -EINVAL : 0;
}

static int run(struct reading *r, int err, struct conf *out)
{
	*out = (struct conf){0};
	if (!err)
		err = reading_run(r, out);
	reading_free(r);
	free(r);
	return err;
}

int conf_parse_file(const char *path, struct conf *out, FILE *errors)
{
	struct reading *r = calloc(1, sizeof(*r));

	return r ? run(r, lex_open_file(&r->lex, path, errors), out) : -ENOMEM;
}

int conf_parse_text(const char *name, const char *text, size_t size, struct conf *out, FILE *errors)
{
	struct reading *r = calloc(1, sizeof(*r));

	return r ? run(r, lex_open_text(&r->lex, name, text, size, errors), out) : -ENOMEM;
}

int conf_import_keepalived(const char *path, FILE *out, FILE *said)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct conf c;
	int err;

	if (!r)
		return -ENOMEM;
	r->import = true;
	err = lex_open_file(&r->lex, path, said);
	r->lex.prefix = "not taken as it is: ";
	err = run(r, err, &c);
	if (!err)
		conf_print(&c, out);
	conf_free(&c);
	return err;
}

void conf_free(struct conf *c)
{
	for (int i = 0; i < c->n_services; i++)
		service_clear(&c->service[i]);
	for (int i = 0; i < c->n_options; i++) {
		free(c->option[i].value);
		free(c->option[i].place);
	}
	block_clear(BLOCK_SOURCE, &c->source);
	free(c->service);
	free(c->option);
	*c = (struct conf){0};
}

static void print_options(const struct conf *c, enum conf_block block, FILE *out)
{
	bool open = false;

	for (int i = 0; i < c->n_options; i++) {
		const struct conf_option *o = &c->option[i];

		if (!keyword_find(block, o->name))
			continue;
		if (!open)
			fprintf(out, "%s {\n", conf_block_name[block]);
		open = true;
		fprintf(out, "\t%s ", o->name);
		word_print(o->value, out);
		fputc('\n', out);
	}
	if (open)
		fputs("}\n", out);
}

static void print_interfaces(const struct conf *c, FILE *out)
{
	for (int i = 0; i < c->n_options; i++) {
		if (strcmp(c->option[i].name, "interface"))
			continue;
		fputs("interface ", out);
		word_print(c->option[i].value, out);
		fputs(" {\n}\n", out);
	}
}

static void print_check(const struct check_conf *c, FILE *out)
{
	fprintf(out, "\t\t%s {\n", conf_block_name[BLOCK_CHECK + c->type]);
	block_print(BLOCK_CHECK_OF(c->type), c, 3, out);
	for (int i = 0; i < c->n_urls; i++) {
		fputs("\t\t\turl {\n", out);
		block_print(BLOCK_URL, &c->url[i], 4, out);
		fputs("\t\t\t}\n", out);
	}
	fputs("\t\t}\n", out);
}

static void print_service(const struct conf_service *s, FILE *out)
{
	const struct endpoint *ep = &s->svc.ep;
	char text[ADDR_TEXT];

	fprintf(out, "virtual_server %s", addr_text(&ep->addr, text));
	if (ep->prefix)
		fprintf(out, "/%d", addr_is_v4(&ep->addr) ? ep->prefix - 96 : ep->prefix);
	if (ep->port)
		fprintf(out, " %u", ntohs(ep->port));
	fputs(" {\n", out);
	block_print(BLOCK_SERVICE, s, 1, out);
	for (int i = 0; i < s->n_servers; i++) {
		const struct conf_server *server = &s->server[i];

		fprintf(out, "\treal_server %s", addr_text(&server->be.addr, text));
		if (server->be.port)
			fprintf(out, " %u", ntohs(server->be.port));
		fputs(" {\n", out);
		block_print(BLOCK_SERVER, server, 2, out);
		for (int j = 0; j < server->n_checks; j++)
			print_check(&server->check[j], out);
		fputs("\t}\n", out);
	}
	fputs("}\n", out);
}

void conf_print(const struct conf *c, FILE *out)
{
	print_options(c, BLOCK_GLOBAL, out);
	print_interfaces(c, out);
	print_options(c, BLOCK_WORKER, out);
	if (c->source.endpoint) {
		fputs("source etcd {\n", out);
		block_print(BLOCK_SOURCE, &c->source, 1, out);
		fputs("}\n", out);
	}
	for (int i = 0; i < c->n_services; i++)
		print_service(&c->service[i], out);
}

static bool has_commands(const struct conf_service *s)
{
	bool any = s->quorum_up.line || s->quorum_down.line;

	for (int i = 0; i < s->n_servers; i++) {
		const struct conf_server *server = &s->server[i];

		any |= server->notify_up.line || server->notify_down.line;
		for (int k = 0; k < server->n_checks; k++)
			any |= server->check[k].type == CHECK_MISC;
	}
	return any;
}

const char *conf_source_refuses(const struct conf_source *source, const struct conf *text)
{
	if (text->n_options || text->source.endpoint)
		return "blocks that aren't services";
	for (int i = 0; i < text->n_services && !source->commands; i++)
		if (has_commands(&text->service[i]))
			return "commands, which allow_commands would let in";
	return NULL;
}
