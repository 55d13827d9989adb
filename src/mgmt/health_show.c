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

bool health_service_get(const struct health *h, const struct endpoint *ep,
			struct health_service *out)
{
	const struct checked_service *s = h ? health_find(h, ep) : NULL;

	if (!s)
		return false;
	*out = (struct health_service){
		.inside = s,
		.n_servers = s->conf->n_servers,
		.weight = s->weight,
		.up = s->quorum.up,
		.panic = s->quorum.panic,
	};
	return true;
}

void health_server_at(const struct health_service *service, int i, struct health_server *out)
{
	const struct checked_server *s = &service->inside->server[i];
	struct checker_view v;

	*out = (struct health_server){
		.addr = s->conf->be.addr,
		.up = s->standing.up,
		.changes = {s->changes[0], s->changes[1]},
	};
	for (int k = 0; k < s->conf->n_checks; k++) {
		checker_view(s->link[k].checker, &v);
		out->tries += v.tries;
		out->failures += v.failures;
		if (!k)
			out->took_ns = v.last.ns;
	}
}
