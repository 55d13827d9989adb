/* SPDX-License-Identifier: BSD-2-Clause */
/* The eight series that node_exporter makes of IPVS, for dashboards that exist: its names, types,
 * labels and words. Answers don't come by a director in direct routing: what goes out is 0. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "mgmt/metric.h"

static const char *proto_name(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	default:
		return "ANY";
	}
}

/* at: of struct model_stats. Services that are leaving count too: a total doesn't fall. */
static void incoming(struct scrape *s, const struct metric *m)
{
	struct model_service service;
	struct model_stats stats;
	uint64_t sum = 0, n;

	for (uint32_t i = 0; i < model_services(s->ctx->model); i++) {
		model_service_at(s->ctx->model, i, &service);
		model_service_stats(s->ctx->model, &service.conf.ep, &stats);
		memcpy(&n, (const char *)&stats + m->at, sizeof(n));
		sum += n;
	}
	exposition_begin(&s->out, m->name);
	exposition_value(&s->out, sum);
}

static void outgoing(struct scrape *s, const struct metric *m)
{
	exposition_begin(&s->out, m->name);
	exposition_value(&s->out, 0);
}

static void begin_server(struct scrape *s, const struct metric *m, const struct model_backend *b)
{
	const struct endpoint *ep = &s->service.conf.ep;
	char text[ADDR_TEXT];

	exposition_begin(&s->out, m->name);
	exposition_label(&s->out, "local_address", addr_text(&ep->addr, text));
	exposition_label_u32(&s->out, "local_port", ntohs(ep->port));
	exposition_label(&s->out, "local_mark", "");
	exposition_label(&s->out, "remote_address", addr_text(&b->conf.addr, text));
	exposition_label_u32(&s->out, "remote_port", ntohs(b->conf.port));
	exposition_label(&s->out, "proto", proto_name(ep->proto));
}

/* at: of struct model_flows. */
static void connections(struct scrape *s, const struct metric *m)
{
	for (uint32_t i = 0; i < s->service.n_backends; i++) {
		const struct model_backend *b = &s->service.backend[i];
		const struct model_flows *f = &metric_flows(s)[backend_slot(b->id)];
		uint32_t n;

		if (!model_listed(b))
			continue;
		memcpy(&n, (const char *)f + m->at, sizeof(n));
		begin_server(s, m, b);
		exposition_value(&s->out, n);
	}
}

static void weight(struct scrape *s, const struct metric *m)
{
	for (uint32_t i = 0; i < s->service.n_backends; i++) {
		const struct model_backend *b = &s->service.backend[i];

		if (!model_listed(b))
			continue;
		begin_server(s, m, b);
		exposition_value(&s->out, model_weight(b));
	}
}

#define COUNTER	   METRIC_COUNTER
#define STAT(f)	   offsetof(struct model_stats, f)
#define LABELS	   "local_address, local_port, local_mark, remote_address, remote_port, proto"
#define BY_ADDRESS "by local and remote address."

const struct metric ipvs_metrics[] = {
	{"node_ipvs_connections_total", COUNTER, "", "The total number of connections made.",
	 incoming, NULL, STAT(flows)},
	{"node_ipvs_incoming_packets_total", COUNTER, "", "The total number of incoming packets.",
	 incoming, NULL, STAT(packets)},
	{"node_ipvs_outgoing_packets_total", COUNTER, "", "The total number of outgoing packets.",
	 outgoing, NULL, 0},
	{"node_ipvs_incoming_bytes_total", COUNTER, "", "The total amount of incoming data.",
	 incoming, NULL, STAT(bytes)},
	{"node_ipvs_outgoing_bytes_total", COUNTER, "", "The total amount of outgoing data.",
	 outgoing, NULL, 0},
	{"node_ipvs_backend_connections_active", METRIC_GAUGE, LABELS,
	 "The current active connections " BY_ADDRESS, NULL, connections,
	 offsetof(struct model_flows, active)},
	{"node_ipvs_backend_connections_inactive", METRIC_GAUGE, LABELS,
	 "The current inactive connections " BY_ADDRESS, NULL, connections,
	 offsetof(struct model_flows, inactive)},
	{"node_ipvs_backend_weight", METRIC_GAUGE, LABELS, "The current backend weight " BY_ADDRESS,
	 NULL, weight, 0},
	{0},
};
