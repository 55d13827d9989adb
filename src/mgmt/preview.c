/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/preview.h"

#include <errno.h>
#include <string.h>

/* What becomes of the connections of a server that is removed. */
static const char *const fate_name[REMOVED_POLICIES] = {
	[REMOVED_RESELECT] = "stay",
	[REMOVED_RESET] = "reset",
	[REMOVED_DROP] = "dropped",
};

static const char fate_kernel[] = "kernel"; /* its service goes, too */

struct tally {
	uint32_t added, removed, changed;
};

struct preview {
	struct model *m;
	struct tally services, servers;
	json_t *moves, *connections;
};

json_t *preview_counts(uint32_t added, uint32_t removed, uint32_t changed)
{
	return json_pack("{s:I, s:I, s:I}", "added", (json_int_t)added, "removed",
			 (json_int_t)removed, "changed", (json_int_t)changed);
}

json_t *preview_move(const struct endpoint *ep, uint32_t moved, uint32_t places)
{
	char text[ADDR_TEXT];

	return json_pack("{s:s, s:s, s:I, s:I}", "proto", proto_text(ep->proto), "service",
			 host_text(&ep->addr, ep->port, text), "moved", (json_int_t)moved, "places",
			 (json_int_t)places);
}

static void on_move(void *ctx, const struct endpoint *ep, uint32_t moved, uint32_t places)
{
	json_array_append_new(((struct preview *)ctx)->moves, preview_move(ep, moved, places));
}

/* Counts one that was (or not) and is (or not). */
static void tally(struct tally *t, bool was, bool is, bool same)
{
	t->added += !was && is;
	t->removed += was && !is;
	t->changed += was && is && !same;
}

static void tell_live(struct preview *v, const struct model_service *s,
		      const struct model_backend *was)
{
	const struct model_flows *f = &model_flows(v->m)[backend_slot(was->id)];
	const struct endpoint *ep = &s->conf.ep;
	char service[ADDR_TEXT], server[ADDR_TEXT];

	if (!f->active && !f->inactive)
		return;
	json_array_append_new(v->connections,
			      json_pack("{s:s, s:s, s:s, s:I, s:s}", "proto", proto_text(ep->proto),
					"service", host_text(&ep->addr, ep->port, service),
					"server",
					host_text(&was->conf.addr, was->conf.port, server),
					"connections", (json_int_t)f->active + f->inactive, "fate",
					s->leaving ? fate_kernel : fate_name[s->conf.removed]));
}

/* Removed ones are there too, leaving: the draft holds all that the table has. */
static void preview_servers(struct preview *v, const struct model_service *s)
{
	for (uint32_t k = 0; k < s->n_backends; k++) {
		const struct model_backend *b = &s->backend[k];
		const struct model_backend *was =
			model_backend_get(v->m, &s->conf.ep, &b->conf.addr, b->conf.port);

		tally(&v->servers, was, !b->leaving,
		      was && !memcmp(&was->conf, &b->conf, sizeof(b->conf)));
		if (was && b->leaving)
			tell_live(v, s, was);
	}
}

static void preview_services(struct preview *v)
{
	struct model_service s, was;

	for (uint32_t i = 0; model_draft_at(v->m, i, &s); i++) {
		bool there = model_service_get(v->m, &s.conf.ep, &was);

		tally(&v->services, there, !s.leaving,
		      there && !memcmp(&was.conf, &s.conf, sizeof(s.conf)));
		preview_servers(v, &s);
	}
}

int preview_draft(struct model *m, json_t *answer)
{
	struct preview v = {.m = m, .moves = json_array(), .connections = json_array()};
	const struct tally *a = &v.services, *b = &v.servers;
	int err = model_preview(m, on_move, &v);

	preview_services(&v);
	json_object_set_new(answer, "plan",
			    json_pack("{s:o, s:o, s:o, s:o}", "services",
				      preview_counts(a->added, a->removed, a->changed), "servers",
				      preview_counts(b->added, b->removed, b->changed), "moves",
				      v.moves, "connections", v.connections));
	return err;
}
