/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of services and their servers, under shunt's own labels. */
#include <arpa/inet.h>
#include <string.h>

#include "mgmt/metric.h"

/* What each sample of a service, or of one of its servers, is labelled with. */
struct labels {
	char text[256];
	size_t service; /* bytes of the service's */
	size_t all;
};

static void label_service(struct labels *l, const struct endpoint *ep)
{
	char vip[ADDR_TEXT], prefix[8] = "";

	if (ep->prefix)
		snprintf(prefix, sizeof(prefix), "/%u", ep->prefix - (128 - addr_bits(&ep->addr)));
	l->service =
		(size_t)snprintf(l->text, sizeof(l->text), "vip=\"%s%s\",port=\"%u\",proto=\"%s\"",
				 addr_text(&ep->addr, vip), prefix, ntohs(ep->port),
				 proto_text(ep->proto));
	l->all = l->service;
}

static void label_server(struct labels *l, const struct addr *server)
{
	static const char name[] = ",backend=\"";
	char text[ADDR_TEXT], *at = l->text + l->service;
	size_t len;

	addr_text(server, text);
	len = strlen(text);
	memcpy(at, name, sizeof(name) - 1);
	at += sizeof(name) - 1;
	memcpy(at, text, len);
	at[len] = '"';
	l->all = (size_t)(at + len + 1 - l->text);
}

static uint64_t stat_at(const struct model_stats *stats, size_t at)
{
	uint64_t n;

	memcpy(&n, (const char *)stats + at, sizeof(n));
	return n;
}

static void sample(struct scrape *s, const struct metric *m, const struct labels *l, uint64_t value)
{
	exposition_begin(&s->out, m->name);
	exposition_labels(&s->out, l->text, l->all);
	exposition_value(&s->out, value);
}

void metric_service_sample(struct scrape *s, const struct metric *m, uint64_t value)
{
	struct labels l;

	label_service(&l, &s->service.conf.ep);
	sample(s, m, &l, value);
}

void metric_server_begin(struct scrape *s, const struct metric *m, const struct addr *server)
{
	struct labels l;

	label_service(&l, &s->service.conf.ep);
	label_server(&l, server);
	exposition_begin(&s->out, m->name);
	exposition_labels(&s->out, l.text, l.all);
}

void metric_service(struct scrape *s, const struct metric *m)
{
	struct model_stats stats;
	struct labels l;

	label_service(&l, &s->service.conf.ep);
	model_service_stats(s->ctx->model, &s->service.conf.ep, &stats);
	sample(s, m, &l, stat_at(&stats, m->at));
}

/* Calls back for each server that is listed, with its labels. */
static void each_server(struct scrape *s, const struct metric *m,
			void (*fn)(struct scrape *s, const struct metric *m, const struct labels *l,
				   const struct model_backend *b))
{
	struct labels l;

	label_service(&l, &s->service.conf.ep);
	for (uint32_t i = 0; i < s->service.n_backends; i++) {
		const struct model_backend *b = &s->service.backend[i];

		if (!model_listed(b))
			continue;
		label_server(&l, &b->conf.addr);
		fn(s, m, &l, b);
	}
}

static void server_stat(struct scrape *s, const struct metric *m, const struct labels *l,
			const struct model_backend *b)
{
	struct model_stats stats;

	model_backend_stats(s->ctx->model, b, &stats);
	sample(s, m, l, stat_at(&stats, m->at));
}

void metric_server(struct scrape *s, const struct metric *m)
{
	each_server(s, m, server_stat);
}

static void server_weight(struct scrape *s, const struct metric *m, const struct labels *l,
			  const struct model_backend *b)
{
	sample(s, m, l, model_weight(b));
}

void metric_server_weight(struct scrape *s, const struct metric *m)
{
	each_server(s, m, server_weight);
}

static void server_resolved(struct scrape *s, const struct metric *m, const struct labels *l,
			    const struct model_backend *b)
{
	sample(s, m, l, b->reach->state == REACH_OK);
}

void metric_server_resolved(struct scrape *s, const struct metric *m)
{
	each_server(s, m, server_resolved);
}

static void server_connections(struct scrape *s, const struct metric *m, const struct labels *l,
			       const struct model_backend *b)
{
	const struct model_flows *f = &metric_flows(s)[backend_slot(b->id)];
	const uint32_t count[] = {f->active, f->inactive};
	static const char *const state[] = {"active", "inactive"};

	for (int i = 0; i < 2; i++) {
		exposition_begin(&s->out, m->name);
		exposition_labels(&s->out, l->text, l->all);
		exposition_label(&s->out, "state", state[i]);
		exposition_value(&s->out, count[i]);
	}
}

void metric_server_connections(struct scrape *s, const struct metric *m)
{
	each_server(s, m, server_connections);
}

void metric_flow_entries(struct scrape *s, const struct metric *m)
{
	const struct model_flows *flows = metric_flows(s);
	struct model_service service;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < model_services(s->ctx->model); i++) {
		model_service_at(s->ctx->model, i, &service);
		for (uint32_t k = 0; k < service.n_backends; k++) {
			const struct model_flows *f = &flows[backend_slot(service.backend[k].id)];

			sum += (uint64_t)f->active + f->inactive;
		}
	}
	exposition_begin(&s->out, m->name);
	exposition_value(&s->out, sum);
}
