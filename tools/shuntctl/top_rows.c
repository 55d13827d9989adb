/* SPDX-License-Identifier: BSD-2-Clause */
/* top's tables, from shuntd's answers. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "top.h"

enum {
	NAME = 80,
	SCALED = 16
};

const struct top_view_row top_views[TOP_VIEWS] = {
	[TOP_SERVICES] = {"services", 's', "services"},
	[TOP_SERVERS] = {"servers", 'r', "backends"},
	[TOP_WORKERS] = {"workers", 'w', "workers"},
};

/* A row on its way: what it is sorted by, and its JSON. */
struct row {
	double load;
	size_t at;
	const json_t *now;
	const json_t *before; /* NULL: nothing to compare with */
};

static double number(const json_t *object, const char *name)
{
	return (double)json_integer_value(json_object_get(object, name));
}

static double rate(const json_t *object, const char *name)
{
	return number(json_object_get(object, "rate"), name);
}

/* Four digits at most, and the power of 1000. */
static const char *scaled(double n, char *buf)
{
	static const char unit[] = " kMGTP";
	int u = 0;

	while (n >= 9999.5 && unit[u + 1]) {
		n /= 1000;
		u++;
	}
	if (u)
		snprintf(buf, SCALED, n < 99.95 ? "%.1f%c" : "%.0f%c", n, unit[u]);
	else
		snprintf(buf, SCALED, "%.0f", n);
	return buf;
}

static void put_scaled(FILE *out, int width, double n)
{
	char buf[SCALED];

	fprintf(out, " %*s", width, scaled(n, buf));
}

static const char *endpoint(const json_t *o, char *buf)
{
	const char *proto = json_string_value(json_object_get(o, "proto"));
	const char *address = json_string_value(json_object_get(o, "address"));
	__be16 port = htons((uint16_t)number(o, "port"));
	char text[ADDR_TEXT];
	struct addr a;

	if (address && !addr_parse(address, &a))
		host_text(&a, port, text);
	else /* a range */
		snprintf(text, sizeof(text), "%s:%u", address ? address : "?", ntohs(port));
	snprintf(buf, NAME, "%s%s%s", proto ? proto : "", proto ? " " : "", text);
	return buf;
}

static void put_rates(FILE *out, const json_t *o)
{
	put_scaled(out, 8, rate(o, "conns"));
	put_scaled(out, 8, rate(o, "in_packets"));
	put_scaled(out, 8, rate(o, "in_bytes"));
}

static double load_of_rate(const struct row *r)
{
	return rate(r->now, "in_packets");
}

static void service_row(FILE *out, const struct row *r, double seconds)
{
	const json_t *servers = json_object_get(r->now, "servers");
	double active = 0, inactive = 0;
	char name[NAME];
	json_t *server;
	size_t i;

	(void)seconds;
	json_array_foreach (servers, i, server) {
		active += number(server, "active");
		inactive += number(server, "inactive");
	}
	fprintf(out, "%-28s %7zu", endpoint(r->now, name), json_array_size(servers));
	put_scaled(out, 8, active);
	put_scaled(out, 8, inactive);
	put_rates(out, r->now);
}

static void server_row(FILE *out, const struct row *r, double seconds)
{
	const char *state = json_string_value(json_object_get(r->now, "state"));
	char service[NAME], server[NAME];

	(void)seconds;
	fprintf(out, "%-28s %-22s %-10s %6.0f",
		endpoint(json_object_get(r->now, "service"), service), endpoint(r->now, server),
		state ? state : "?", number(r->now, "weight"));
	put_scaled(out, 8, number(r->now, "active"));
	put_scaled(out, 8, number(r->now, "inactive"));
	put_rates(out, r->now);
}

/* How much a total grew. One that fell was set to zero. */
static double grown(const struct row *r, const char *name)
{
	double n = number(r->now, name) - number(r->before, name);

	return r->before && n > 0 ? n : 0;
}

static double sum(const json_t *object)
{
	const char *key;
	double n = 0;
	json_t *v;

	json_object_foreach ((json_t *)object, key, v) {
		n += (double)json_integer_value(v);
	}
	return n;
}

static double load_of_worker(const struct row *r)
{
	return grown(r, "rx");
}

static void worker_row(FILE *out, const struct row *r, double seconds)
{
	double per = r->before && seconds > 0 ? 1 / seconds : 0, poll = grown(r, "poll_ns");
	double drops =
		sum(json_object_get(r->now, "drops")) - sum(json_object_get(r->before, "drops"));

	fprintf(out, "%6.0f %4.0f %5.1f%%", number(r->now, "worker"), number(r->now, "cpu"),
		poll > 0 ? 100 * grown(r, "busy_ns") / poll : 0);
	put_scaled(out, 8, grown(r, "rx") * per);
	put_scaled(out, 8, grown(r, "tx") * per);
	put_scaled(out, 8, drops > 0 ? drops * per : 0);
	put_scaled(out, 8, grown(r, "flows_new") * per);
	put_scaled(out, 8, grown(r, "naps") * per);
	put_scaled(out, 8, grown(r, "kicks") * per);
}

static const struct table {
	const char *title;
	double (*load)(const struct row *r);
	void (*print)(FILE *out, const struct row *r, double seconds);
} tables[TOP_VIEWS] = {
	[TOP_SERVICES] = {"SERVICE                      SERVERS   ACTIVE INACTIVE   CONN/S    "
			  "PKT/S   BYTE/S",
			  load_of_rate, service_row},
	[TOP_SERVERS] = {"SERVICE                      SERVER                 STATE      WEIGHT   "
			 "ACTIVE INACTIVE   CONN/S    PKT/S   BYTE/S",
			 load_of_rate, server_row},
	[TOP_WORKERS] = {"WORKER  CPU   BUSY     RX/S     TX/S   DROP/S   CONN/S    NAP/S   KICK/S",
			 load_of_worker, worker_row},
};

static int by_load(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->load != b->load)
		return a->load < b->load ? 1 : -1;
	return a->at < b->at ? -1 : a->at > b->at;
}

void top_print(FILE *out, enum top_view view, const json_t *now, const json_t *before,
	       double seconds)
{
	const json_t *rows = json_object_get(now, top_views[view].what);
	const json_t *old = json_object_get(before, top_views[view].what);
	const struct table *t = &tables[view];
	size_t n = json_array_size(rows);
	struct row *row = calloc(n + 1, sizeof(*row));

	fprintf(out, "%s\n", t->title);
	for (size_t i = 0; row && i < n; i++) {
		row[i] = (struct row){0, i, json_array_get(rows, i), json_array_get(old, i)};
		row[i].load = t->load(&row[i]);
	}
	if (row)
		qsort(row, n, sizeof(*row), by_load);
	for (size_t i = 0; row && i < n; i++) {
		t->print(out, &row[i], seconds);
		putc('\n', out);
	}
	free(row);
}
