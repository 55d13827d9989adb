/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "table/sched.h"

enum {
	PAGE = 1024, /* connections of one answer */
};

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *list_endpoint(const struct endpoint *ep)
{
	char host[ADDR_TEXT], text[ADDR_TEXT + 8];
	unsigned int skip = 128 - addr_bits(&ep->addr);

	addr_text(&ep->addr, host);
	if (ep->prefix)
		snprintf(text, sizeof(text), "%s/%u", host, ep->prefix - skip);
	else
		snprintf(text, sizeof(text), "%s", host);
	return json_pack("{s:s, s:s, s:i}", "proto", proto_text(ep->proto), "address", text, "port",
			 ntohs(ep->port));
}

static json_t *stats_json(const struct model_stats *s)
{
	return json_pack("{s:o, s:o, s:o}", "conns", count(s->flows), "in_packets",
			 count(s->packets), "in_bytes", count(s->bytes));
}

void list_reach(json_t *o, const struct dataplane *dp, const struct reach *r)
{
	bool on_link = r->state >= REACH_UNRESOLVED && r->nic < dp->n_nics;
	char text[MAC_TEXT];

	json_object_set_new(
		o, "mac", r->state == REACH_OK ? json_string(mac_text(r->mac, text)) : json_null());
	json_object_set_new(o, "interface",
			    on_link ? json_string(dp->nic[r->nic].name) : json_null());
}

/* What was configured. */
static json_t *server_conf_json(const struct backend_conf *b)
{
	char text[ADDR_TEXT];
	json_t *tunnel, *o;

	o = json_pack("{s:s, s:i, s:I, s:s, s:I, s:I}", "address", addr_text(&b->addr, text),
		      "port", ntohs(b->port), "weight", (json_int_t)b->weight, "forward",
		      forward_name[b->forward], "upper", (json_int_t)b->upper, "lower",
		      (json_int_t)b->lower);
	if (b->forward != FORWARD_TUNNEL)
		return o;
	tunnel = json_pack("{s:s}", "type", tunnel_name[b->tunnel]);
	if (b->tunnel == TUNNEL_GUE)
		json_object_set_new(tunnel, "port", json_integer(ntohs(b->tunnel_port)));
	if (b->tunnel != TUNNEL_IPIP)
		json_object_set_new(tunnel, "csum", json_boolean(b->tunnel_flags & TUNNEL_CSUM));
	json_object_set_new(o, "tunnel", tunnel);
	return o;
}

static json_t *service_conf_json(const struct service_conf *s)
{
	json_t *flags = json_array(), *o = list_endpoint(&s->ep);

	for (int k = 0; k < REQUEST_FLAGS; k++) {
		const struct request_flag *flag = &request_flags[k];

		if (s->flags & flag->bit &&
		    (flag->sched == s->sched || flag->sched == SCHEDULER_COUNT))
			json_array_append_new(flags, json_string(flag->name));
	}
	json_object_set_new(o, "scheduler", json_string(sched_name[s->sched]));
	json_object_set_new(o, "flags", flags);
	json_object_set_new(o, "persistent", json_integer(s->persist));
	if (s->persist_prefix)
		json_object_set_new(o, "netmask", json_integer(s->persist_prefix));
	json_object_set_new(o, "removed", json_string(removed_name[s->removed]));
	return o;
}

static void set_rate(json_t *o, const struct rate *rate)
{
	struct rate_view v = {0};

	if (rate)
		rate_read(rate, &v);
	json_object_set_new(o, "rate",
			    json_pack("{s:o, s:o, s:o}", "conns", count(v.conns), "in_packets",
				      count(v.packets), "in_bytes", count(v.bytes)));
}

json_t *list_server(struct command_ctx *ctx, const struct model_backend *b,
		    const struct model_flows *flows)
{
	const struct model_flows *f = &flows[backend_slot(b->id)];
	const char *state = b->leaving ? "leaving" : reach_name[b->reach->state];
	static const char *const use[] = {
		[USE_FULL] = "full", [USE_IDLE] = "idle", [USE_NOT] = "out"};
	json_t *o = server_conf_json(&b->conf);
	struct model_stats stats;

	model_backend_stats(ctx->model, b, &stats);
	json_object_update_new(o, json_pack("{s:I, s:I, s:s, s:I, s:o}", "active",
					    (json_int_t)f->active, "inactive",
					    (json_int_t)f->inactive, "state", state, "id",
					    (json_int_t)b->id, "stats", stats_json(&stats)));
	json_object_set_new(o, "weight", count(b->leaving ? b->conf.weight : model_weight(b)));
	json_object_set_new(o, "use", json_string(use[b->health.use]));
	json_object_set_new(o, "sorry", json_boolean(b->health.sorry));
	set_rate(o, rates_backend(ctx->rates, b->id));
	list_reach(o, ctx->dp, b->reach);
	return o;
}

static json_t *service_json(struct command_ctx *ctx, const struct model_service *s,
			    const struct model_flows *flows)
{
	json_t *servers = json_array(), *o = service_conf_json(&s->conf);
	struct model_stats stats;

	model_service_stats(ctx->model, &s->conf.ep, &stats);
	for (uint32_t i = 0; i < s->n_backends; i++) {
		if (model_listed(&s->backend[i]))
			json_array_append_new(servers, list_server(ctx, &s->backend[i], flows));
	}
	json_object_set_new(o, "stats", stats_json(&stats));
	set_rate(o, rates_service(ctx->rates, s->slot, &s->conf.ep));
	json_object_set_new(o, "servers", servers);
	return o;
}

json_t *list_services(struct command_ctx *ctx)
{
	const struct model_flows *flows = model_flows(ctx->model);
	json_t *services = json_array();
	struct model_service s;

	for (uint32_t i = 0; i < model_services(ctx->model); i++) {
		model_service_at(ctx->model, i, &s);
		if (!s.leaving)
			json_array_append_new(services, service_json(ctx, &s, flows));
	}
	return services;
}

int list_table(struct command_ctx *ctx, const struct endpoint *one, json_t *answer)
{
	size_t size = 0;
	struct model_service s;
	json_t *services;

	for (uint32_t w = 0; w < ctx->dp->n_workers; w++)
		size += ctx->dp->worker[w].flows_bytes / sizeof(struct flow_slot);
	if (!one) {
		services = list_services(ctx);
	} else {
		if (!model_service_get(ctx->model, one, &s))
			return -ENOENT;
		services = json_array();
		json_array_append_new(services, service_json(ctx, &s, model_flows(ctx->model)));
	}
	json_object_set_new(answer, "version", json_pack("[i, i, i]", 1, 2, 1));
	json_object_set_new(answer, "size", count(size));
	json_object_set_new(answer, "services", services);
	return 0;
}

void list_draft(struct command_ctx *ctx, json_t *answer)
{
	json_t *services = json_array();
	struct model_service s;

	for (uint32_t i = 0; model_draft_at(ctx->model, i, &s); i++) {
		json_t *o, *servers;

		if (s.leaving)
			continue;
		o = service_conf_json(&s.conf);
		servers = json_array();
		for (uint32_t k = 0; k < s.n_backends; k++) {
			if (model_listed(&s.backend[k]))
				json_array_append_new(servers,
						      server_conf_json(&s.backend[k].conf));
		}
		json_object_set_new(o, "servers", servers);
		json_array_append_new(services, o);
	}
	json_object_set_new(answer, "services", services);
}

/* As ipvsadm calls them. */
static const char *const state_name[FLOW_STATES] = {
	[FLOW_SYN] = "SYN_RECV",  [FLOW_ESTABLISHED] = "ESTABLISHED",
	[FLOW_FIN] = "FIN_WAIT",  [FLOW_CLOSED] = "CLOSE",
	[FLOW_UDP] = "UDP",	  [FLOW_SPARE] = "ESTABLISHED",
	[FLOW_SPARE_UDP] = "UDP",
};

static json_t *conn_json(const struct model_conn *c)
{
	char client[ADDR_TEXT], vip[ADDR_TEXT], server[ADDR_TEXT];

	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:i, s:s, s:I}", "proto",
			 proto_text(c->proto), "client", addr_text(&c->client, client), "cport",
			 ntohs(c->cport), "vip", addr_text(&c->vip, vip), "vport", ntohs(c->vport),
			 "server", addr_text(&c->server, server), "sport", ntohs(c->sport), "state",
			 state_name[c->state], "expires", (json_int_t)c->expires);
}

int list_connections(struct command_ctx *ctx, uint64_t cursor, json_t *answer, struct fault *f)
{
	json_t *conns = json_array();
	struct model_conn page[PAGE];
	int n = model_conns(ctx->model, &cursor, page, PAGE);

	for (int i = 0; i < n; i++)
		json_array_append_new(conns, conn_json(&page[i]));
	json_object_set_new(answer, "connections", conns);
	if (n >= 0 && cursor)
		json_object_set_new(answer, "cursor", count(cursor));
	return n >= 0 ? 0 : fault_set(f, "no-memory", "Memory allocation problem");
}

void list_timeouts(struct command_ctx *ctx, json_t *answer)
{
	struct model_timeouts t;

	model_timeouts(ctx->model, &t);
	json_object_set_new(answer, "timeouts",
			    json_pack("{s:i, s:i, s:i}", "tcp", (int)t.tcp, "tcpfin", (int)t.tcpfin,
				      "udp", (int)t.udp));
}
