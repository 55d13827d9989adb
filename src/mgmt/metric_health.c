/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of what the checks say: of services and servers that shunt.conf has. */
#include <string.h>

#include "mgmt/health.h"
#include "mgmt/metric.h"

static uint64_t service_value(const struct health_service *service, size_t what)
{
	switch (what) {
	case HEALTH_WEIGHT:
		return service->weight;
	case HEALTH_PANIC:
		return service->panic;
	default:
		return service->up;
	}
}

void metric_health_service(struct scrape *s, const struct metric *m)
{
	struct health_service h;

	if (health_service_get(s->ctx->health, &s->service.conf.ep, &h))
		metric_service_sample(s, m, service_value(&h, m->at));
}

static uint64_t server_value(const struct health_server *server, size_t what)
{
	switch (what) {
	case HEALTH_TRIES:
		return server->tries;
	case HEALTH_FAILURES:
		return server->failures;
	default:
		return server->up;
	}
}

void metric_health_server(struct scrape *s, const struct metric *m)
{
	struct health_server server;
	struct health_service h;

	if (!health_service_get(s->ctx->health, &s->service.conf.ep, &h))
		return;
	for (int i = 0; i < h.n_servers; i++) {
		health_server_at(&h, i, &server);
		metric_server_begin(s, m, &server.addr);
		if (m->at == HEALTH_TOOK)
			exposition_value_ns(&s->out, server.took_ns);
		else
			exposition_value(&s->out, server_value(&server, m->at));
	}
}

void metric_health_transitions(struct scrape *s, const struct metric *m)
{
	static const char *const to[] = {"down", "up"};
	struct health_server server;
	struct health_service h;

	if (!health_service_get(s->ctx->health, &s->service.conf.ep, &h))
		return;
	for (int i = 0; i < h.n_servers; i++) {
		health_server_at(&h, i, &server);
		for (int k = 0; k < 2; k++) {
			metric_server_begin(s, m, &server.addr);
			exposition_label(&s->out, "to", to[k]);
			exposition_value(&s->out, server.changes[k]);
		}
	}
}
