/* SPDX-License-Identifier: BSD-2-Clause */
/* In which ways the running table isn't as the file said: what was done by hand. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/reload_impl.h"

static void say(json_t *lines, const char *what, const struct endpoint *ep,
		const struct addr *server)
{
	char service[ADDR_TEXT], text[ADDR_TEXT];

	json_array_append_new(lines, json_sprintf("%s: %s %s%s%s", what, proto_text(ep->proto),
						  host_text(&ep->addr, ep->port, service),
						  server ? " server " : "",
						  server ? addr_text(server, text) : ""));
}

static const struct conf_service *find_service(const struct conf *c, const struct endpoint *ep)
{
	for (int i = 0; i < c->n_services; i++)
		if (!memcmp(&c->service[i].svc.ep, ep, sizeof(*ep)))
			return &c->service[i];
	return NULL;
}

static const struct conf_server *find_server(const struct conf_service *s, const struct addr *a)
{
	for (int i = 0; i < s->n_servers; i++)
		if (addr_equal(&s->server[i].be.addr, a))
			return &s->server[i];
	return NULL;
}

static void diff_servers(const struct conf_service *file, const struct model_service *table,
			 json_t *lines)
{
	const struct endpoint *ep = &table->conf.ep;

	for (uint32_t i = 0; i < table->n_backends; i++) {
		const struct model_backend *b = &table->backend[i];
		const struct conf_server *f = find_server(file, &b->conf.addr);

		if (b->leaving || (b->health.sorry && addr_equal(&file->sorry.addr, &b->conf.addr)))
			continue;
		if (!f)
			say(lines, "only in the table", ep, &b->conf.addr);
		else if (memcmp(&f->be, &b->conf, sizeof(f->be)) != 0)
			say(lines, "differs", ep, &b->conf.addr);
	}
	for (int i = 0; i < file->n_servers; i++) {
		const struct backend_conf *be = &file->server[i].be;
		bool there = false;

		for (uint32_t k = 0; k < table->n_backends && !there; k++)
			there = !table->backend[k].leaving &&
				addr_equal(&table->backend[k].conf.addr, &be->addr);
		if (!there)
			say(lines, "only in the file", ep, &be->addr);
	}
}

int reload_diff(struct reload *r, json_t *lines)
{
	for (uint32_t i = 0; i < model_services(r->model); i++) {
		const struct conf_service *file;
		struct model_service table;

		model_service_at(r->model, i, &table);
		if (table.leaving)
			continue;
		file = find_service(&r->now, &table.conf.ep);
		if (!file) {
			say(lines, "only in the table", &table.conf.ep, NULL);
			continue;
		}
		if (memcmp(&file->svc, &table.conf, sizeof(file->svc)) != 0)
			say(lines, "differs", &table.conf.ep, NULL);
		diff_servers(file, &table, lines);
	}
	for (int i = 0; i < r->now.n_services; i++) {
		struct model_service table;

		if (!model_service_get(r->model, &r->now.service[i].svc.ep, &table))
			say(lines, "only in the file", &r->now.service[i].svc.ep, NULL);
	}
	return 0;
}
