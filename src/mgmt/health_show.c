/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of health, for people and for metrics. */
#include "conf/keyword.h"
#include "mgmt/health_impl.h"
#include "mgmt/list.h"

static json_t *check_json(const struct checker_view *v)
{
	char text[ADDR_TEXT];
	json_t *o = json_pack("{s:s, s:s, s:i, s:b, s:b, s:I, s:I}", "type",
			      conf_block_name[BLOCK_CHECK_OF(v->check->type)], "address",
			      addr_text(&v->target->addr, text), "port", (int)v->target->port, "up",
			      v->verdict.up, "decided", v->verdict.decided, "tries",
			      (json_int_t)v->tries, "failures", (json_int_t)v->failures);

	if (!v->tries)
		return o;
	json_object_set_new(o, "seconds", json_real((double)v->last.ns / 1e9));
	if (!v->last.ok)
		json_object_set_new(o, "reason", json_string(v->last.why));
	return o;
}

static json_t *server_json(const struct checked_server *s, uint64_t now)
{
	json_t *checks = json_array();
	struct checker_view v;
	char text[ADDR_TEXT];

	for (int i = 0; i < s->conf->n_checks; i++) {
		checker_view(s->link[i].checker, &v);
		json_array_append_new(checks, check_json(&v));
	}
	return json_pack("{s:s, s:b, s:b, s:b, s:b, s:f, s:I, s:I, s:o}", "address",
			 addr_text(&s->conf->be.addr, text), "up", s->standing.up, "held",
			 s->standing.held, "reachable", s->ready, "passive_down", s->passive.down,
			 "since", (double)(now - s->since) / 1000, "went_down",
			 (json_int_t)s->changes[0], "went_up", (json_int_t)s->changes[1], "checks",
			 checks);
}

static json_t *service_json(const struct checked_service *s, uint64_t now)
{
	json_t *servers = json_array(), *o = list_endpoint(&s->conf->svc.ep);

	for (int i = 0; i < s->conf->n_servers; i++)
		json_array_append_new(servers, server_json(&s->server[i], now));
	json_object_update_new(o, json_pack("{s:b, s:I, s:I, s:b, s:b, s:o}", "quorum_up",
					    s->quorum.up, "quorum", (json_int_t)s->conf->quorum,
					    "weight", (json_int_t)s->weight, "panic",
					    s->quorum.panic, "sorry",
					    s->terms.sorry && !s->quorum.up, "servers", servers));
	return o;
}

void health_show(struct health *h, json_t *answer)
{
	json_t *services = json_array();
	struct checkers_load load = {0};

	for (int i = 0; h && i < h->n_services; i++)
		json_array_append_new(services, service_json(&h->service[i], uv_now(h->loop)));
	if (h)
		checkers_load(h->checkers, &load);
	json_object_set_new(answer, "health", services);
	json_object_set_new(answer, "checkers",
			    json_pack("{s:i, s:I, s:f}", "checkers", (int)load.checkers, "tries",
				      (json_int_t)load.tries, "late_max",
				      (double)load.late_max / 1000));
}

static void each_server(const struct checked_server *s,
			void (*fn)(void *ctx, const struct health_server *s), void *ctx)
{
	struct health_server out = {
		.ep = &s->service->conf->svc.ep,
		.addr = &s->conf->be.addr,
		.up = s->standing.up,
		.held = s->standing.held,
		.changes = {s->changes[0], s->changes[1]},
	};
	struct checker_view v;

	for (int i = 0; i < s->conf->n_checks; i++) {
		checker_view(s->link[i].checker, &v);
		out.tries += v.tries;
		out.failures += v.failures;
	}
	fn(ctx, &out);
}

void health_each(const struct health *h, void (*service)(void *ctx, const struct health_service *s),
		 void (*server)(void *ctx, const struct health_server *s), void *ctx)
{
	for (int i = 0; h && i < h->n_services; i++) {
		const struct checked_service *s = &h->service[i];
		struct health_service out = {&s->conf->svc.ep, s->quorum.up, s->quorum.panic,
					     s->weight};

		service(ctx, &out);
		for (int k = 0; k < s->conf->n_servers; k++)
			each_server(&s->server[k], server, ctx);
	}
}
