/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of what the health checks found. Only the file's services and servers
 * have any. */
#include <string.h>

#include "mgmt/health.h"
#include "mgmt/metric.h"

/* A family while health calls back. */
struct family {
	struct scrape *scrape;
	const struct metric *metric;
};

static bool bool_at(const void *object, size_t at)
{
	bool b;

	memcpy(&b, (const char *)object + at, sizeof(b));
	return b;
}

static uint64_t u64_at(const void *object, size_t at)
{
	uint64_t n;

	memcpy(&n, (const char *)object + at, sizeof(n));
	return n;
}

static void nothing_of_services(void *ctx, const struct health_service *h)
{
	(void)ctx, (void)h;
}

static void nothing_of_servers(void *ctx, const struct health_server *h)
{
	(void)ctx, (void)h;
}

static void each(struct scrape *s, const struct metric *m,
		 void (*service)(void *ctx, const struct health_service *h),
		 void (*server)(void *ctx, const struct health_server *h))
{
	struct family f = {s, m};

	if (s->ctx->health)
		health_each(s->ctx->health, service, server, &f);
}

static void service_sample(void *ctx, const struct health_service *h, uint64_t value)
{
	struct family *f = ctx;
	struct metric_labels l;

	metric_label_service(&l, h->ep);
	metric_sample(f->scrape, f->metric, &l, value);
}

static void service_bool(void *ctx, const struct health_service *h)
{
	service_sample(ctx, h, bool_at(h, ((struct family *)ctx)->metric->at));
}

static void service_weight(void *ctx, const struct health_service *h)
{
	service_sample(ctx, h, h->weight);
}

static void server_sample(void *ctx, const struct health_server *h, uint64_t value)
{
	struct family *f = ctx;
	struct metric_labels l;

	metric_label_service(&l, h->ep);
	metric_label_server(&l, h->addr);
	metric_sample(f->scrape, f->metric, &l, value);
}

static void server_bool(void *ctx, const struct health_server *h)
{
	server_sample(ctx, h, bool_at(h, ((struct family *)ctx)->metric->at));
}

static void server_tries(void *ctx, const struct health_server *h)
{
	server_sample(ctx, h, u64_at(h, ((struct family *)ctx)->metric->at));
}

static void server_transitions(void *ctx, const struct health_server *h)
{
	static const char *const to[] = {"down", "up"};
	struct family *f = ctx;
	struct metric_labels l;

	metric_label_service(&l, h->ep);
	metric_label_server(&l, h->addr);
	for (int i = 0; i < 2; i++) {
		exposition_begin(&f->scrape->out, f->metric->name);
		exposition_labels(&f->scrape->out, l.text, l.all);
		exposition_label(&f->scrape->out, "to", to[i]);
		exposition_value(&f->scrape->out, h->changes[i]);
	}
}

void metric_health_service(struct scrape *s, const struct metric *m)
{
	each(s, m, service_bool, nothing_of_servers);
}

void metric_health_weight(struct scrape *s, const struct metric *m)
{
	each(s, m, service_weight, nothing_of_servers);
}

void metric_health_server(struct scrape *s, const struct metric *m)
{
	each(s, m, nothing_of_services, server_bool);
}

void metric_health_tries(struct scrape *s, const struct metric *m)
{
	each(s, m, nothing_of_services, server_tries);
}

void metric_health_transitions(struct scrape *s, const struct metric *m)
{
	each(s, m, nothing_of_services, server_transitions);
}
