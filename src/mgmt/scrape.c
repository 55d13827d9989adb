/* SPDX-License-Identifier: BSD-2-Clause */
/* A page is written in small pieces: between two of them the loop does other things, and the table
 * may change. A family goes on behind the service that it wrote last, in the services' order, so
 * that none comes twice. */
#include <string.h>

#include "mgmt/metric.h"

const struct metric_page metric_pages[] = {
	{"/metrics", "shunt's own", native_metrics},
	{"/metrics/ipvs", "as node_exporter names them for IPVS", ipvs_metrics},
	{NULL, NULL, NULL},
};

void scrape_begin(struct scrape *s, const struct command_ctx *ctx, const struct metric_page *page,
		  bool openmetrics)
{
	*s = (struct scrape){
		.ctx = ctx,
		.metric = page->metric,
		.out.openmetrics = openmetrics,
	};
}

void scrape_free(struct scrape *s)
{
	exposition_free(&s->out);
}

const struct model_flows *metric_flows(struct scrape *s)
{
	if (!s->flows)
		s->flows = model_flows(s->ctx->model);
	return s->flows;
}

/* The next service of the present family; false: there is none. */
static bool next_service(struct scrape *s)
{
	const struct model *model = s->ctx->model;
	uint32_t i = s->within ? model_service_after(model, &s->last) : 0;

	for (; i < model_services(model); i++) {
		model_service_at(model, i, &s->service);
		if (s->service.leaving)
			continue;
		s->last = s->service.conf.ep;
		s->within = true;
		return true;
	}
	s->within = false;
	return false;
}

bool scrape_step(struct scrape *s)
{
	const struct metric *m = s->metric;

	if (s->ended)
		return false;
	if (!m->name) {
		exposition_end(&s->out);
		s->ended = true;
		return true;
	}
	if (!s->within)
		exposition_family(&s->out, m->name, m->type, m->help);
	if (m->write)
		m->write(s, m);
	else if (next_service(s))
		m->each(s, m);
	s->metric += !s->within;
	return true;
}

static void man_text(const char *text, FILE *out)
{
	for (; *text; text++)
		fprintf(out, *text == '-' ? "\\-" : "%c", *text);
}

void metric_man(FILE *out)
{
	static const char *const type[METRIC_TYPES] = {"Counter", "Gauge"};

	for (const struct metric_page *p = metric_pages; p->path; p++) {
		fprintf(out, ".Ss %s: %s\n.Bl -tag -width Ds\n", p->path, p->title);
		for (const struct metric *m = p->metric; m->name; m++) {
			fprintf(out, ".It Li %s%s%s\n%s. ", m->name, *m->labels ? " Brq " : "",
				m->labels, type[m->type]);
			man_text(m->help, out);
			fputc('\n', out);
		}
		fputs(".El\n", out);
	}
}
