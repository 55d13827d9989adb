/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics as tables: a row for each family, from which the pages and the manual are made. A new
 * one is a row and a function that writes its samples. Management thread. */
#ifndef SHUNT_MGMT_METRIC_H
#define SHUNT_MGMT_METRIC_H

#include <stdio.h>

#include "mgmt/control.h"
#include "mgmt/exposition.h"

struct metric;

/* A page while it is written. */
struct scrape {
	const struct command_ctx *ctx; /* borrowed */
	const struct metric *metric;   /* the row that is next */
	struct exposition out;
	struct model_service service;	 /* the one that each() is about */
	const struct model_flows *flows; /* NULL: not counted yet */
	struct endpoint last;		 /* the service that was written last ... */
	bool within;			 /* ... in the present family; else none was yet */
	bool ended;
};

struct metric {
	const char *name;
	enum metric_type type;
	const char *labels; /* their names, as the manual shows them */
	const char *help;   /* without \ and " */
	/* One of the two. write: all samples of the family. each: those of s->service and its
	 * servers; it is called for every service that isn't leaving. */
	void (*write)(struct scrape *s, const struct metric *m);
	void (*each)(struct scrape *s, const struct metric *m);
	size_t at; /* theirs: mostly the offset of a counter */
};

struct metric_page {
	const char *path;
	const char *title;	     /* for the manual */
	const struct metric *metric; /* rows; the last has no name */
};

/* The pages; the last has no path. */
extern const struct metric_page metric_pages[];

/* metric_native.c and metric_ipvs.c. */
extern const struct metric native_metrics[], ipvs_metrics[];

/* Of services and their servers (metric_service.c). at: an offset in struct model_stats, where
 * there is a choice. */
void metric_service(struct scrape *s, const struct metric *m);
void metric_server(struct scrape *s, const struct metric *m);
void metric_server_weight(struct scrape *s, const struct metric *m);
void metric_server_connections(struct scrape *s, const struct metric *m);
void metric_server_resolved(struct scrape *s, const struct metric *m);
void metric_flow_entries(struct scrape *s, const struct metric *m);

/* Begin a sample of s->service, or of one of its servers: whose labels are written. */
void metric_service_sample(struct scrape *s, const struct metric *m, uint64_t value);
void metric_server_begin(struct scrape *s, const struct metric *m, const struct addr *server);

/* What checks say (metric_health.c). at: */
enum metric_health {
	HEALTH_UP,
	HEALTH_WEIGHT,
	HEALTH_PANIC,
	HEALTH_TRIES,
	HEALTH_FAILURES,
	HEALTH_TOOK
};
void metric_health_service(struct scrape *s, const struct metric *m);
void metric_health_server(struct scrape *s, const struct metric *m);
void metric_health_transitions(struct scrape *s, const struct metric *m);

/* The live flows by backend slot, counted once for each page. */
const struct model_flows *metric_flows(struct scrape *s);

/* Prints what the manual says of all pages. */
void metric_man(FILE *out);

/* Begins a page in zeroed memory. The context is borrowed until scrape_free. */
void scrape_begin(struct scrape *s, const struct command_ctx *ctx, const struct metric_page *page,
		  bool openmetrics);

/* Appends the next piece to s->out: a family, or one service of it. Returns false when there is
 * no more. The table may change in between. */
bool scrape_step(struct scrape *s);
void scrape_free(struct scrape *s);

#endif
