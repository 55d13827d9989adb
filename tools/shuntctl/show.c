/* SPDX-License-Identifier: BSD-2-Clause */
#include "show.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "client.h"

enum {
	CELL = 256,
	NUMBER = 1 /* a column to the right */
};

/* A column: its title and how a row's JSON becomes its text. path: keys with dots between. */
struct column {
	const char *title;
	const char *path; /* NULL: the row itself */
	void (*cell)(const json_t *value, char *buf);
	int align;
};

struct kind {
	const char *name;
	const char *help;
	const struct column *columns;
	size_t n_columns;
	json_t *(*rows)(const json_t *answer, bool all); /* NULL: the array of the kind's name */
	void (*tail)(FILE *out, const json_t *answer);	 /* lines below the table, or NULL */
	const char *none;				 /* what to say of an empty table */
};

/* "tcp 192.0.2.1:80", without the protocol if there is none. */
static void cell_endpoint(const json_t *v, char *buf)
{
	const char *address = json_string_value(json_object_get(v, "address"));
	const char *proto = json_string_value(json_object_get(v, "proto"));
	__be16 port = htons((uint16_t)json_integer_value(json_object_get(v, "port")));
	char text[ADDR_TEXT] = "-";
	struct addr addr;

	if (address && !addr_parse(address, &addr))
		host_text(&addr, port, text);
	snprintf(buf, CELL, "%s%s%s", proto ? proto : "", proto ? " " : "", text);
}

/* Whatever it is: a word, a number, yes or no, or a list of words. */
static void cell_plain(const json_t *v, char *buf)
{
	size_t i, used = 0;
	json_t *word;

	snprintf(buf, CELL, "-");
	if (json_is_string(v) && *json_string_value(v))
		snprintf(buf, CELL, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(buf, CELL, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(buf, CELL, "%s", json_is_true(v) ? "yes" : "no");
	json_array_foreach (v, i, word) {
		if (used < CELL)
			used += snprintf(buf + used, CELL - used, "%s%s", i ? "," : "",
					 json_string_value(word));
	}
}

/* The sum of an object's numbers. */
static void cell_sum(const json_t *v, char *buf)
{
	json_int_t sum = 0;
	const char *key;
	json_t *n;

	json_object_foreach ((json_t *)v, key, n) {
		sum += json_integer_value(n);
	}
	snprintf(buf, CELL, "%" JSON_INTEGER_FORMAT, sum);
}

/* Frames nowhere to be found; "?" if they moved while they were counted. */
static void cell_missing(const json_t *v, char *buf)
{
	snprintf(buf, CELL, "%" JSON_INTEGER_FORMAT "%s",
		 json_integer_value(json_object_get(v, "missing")),
		 json_is_false(json_object_get(v, "exact")) ? "?" : "");
}

static void cell_size(const json_t *v, char *buf)
{
	snprintf(buf, CELL, "%zu", json_array_size(v));
}

static void cell_seconds(const json_t *v, char *buf)
{
	snprintf(buf, CELL, "%.3f s", json_real_value(v));
}

static const json_t *value_at(const json_t *row, const char *path)
{
	char key[64];
	size_t len;

	while (path && *path && row) {
		len = strcspn(path, ".");
		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		row = json_object_get(row, key);
		path += len + (path[len] == '.');
	}
	return row;
}

static const struct column service_columns[] = {
	{"SERVICE", NULL, cell_endpoint, 0},
	{"SCHEDULER", "scheduler", cell_plain, 0},
	{"FLAGS", "flags", cell_plain, 0},
	{"SERVERS", "servers", cell_size, NUMBER},
	{"CONNECTIONS", "stats.conns", cell_plain, NUMBER},
	{"PACKETS", "stats.in_packets", cell_plain, NUMBER},
	{"BYTES", "stats.in_bytes", cell_plain, NUMBER},
};

static const struct column backend_columns[] = {
	{"SERVICE", "service", cell_endpoint, 0},
	{"SERVER", NULL, cell_endpoint, 0},
	{"ID", "id", cell_plain, NUMBER},
	{"STATE", "state", cell_plain, 0},
	{"USE", "use", cell_plain, 0},
	{"WEIGHT", "weight", cell_plain, NUMBER},
	{"ACTIVE", "active", cell_plain, NUMBER},
	{"INACTIVE", "inactive", cell_plain, NUMBER},
	{"CONNECTIONS", "stats.conns", cell_plain, NUMBER},
	{"PACKETS", "stats.in_packets", cell_plain, NUMBER},
	{"MAC", "mac", cell_plain, 0},
	{"INTERFACE", "interface", cell_plain, 0},
};

static const struct column worker_columns[] = {
	{"WORKER", "worker", cell_plain, NUMBER},
	{"CPU", "cpu", cell_plain, NUMBER},
	{"NODE", "node", cell_plain, NUMBER},
	{"TID", "tid", cell_plain, NUMBER},
	{"RX", "rx", cell_plain, NUMBER},
	{"TX", "tx", cell_plain, NUMBER},
	{"PASS", "pass", cell_plain, NUMBER},
	{"DROPPED", "drops", cell_sum, NUMBER},
	{"FLOWS", "flows_new", cell_plain, NUMBER},
	{"MOVED", "flows_moved", cell_plain, NUMBER},
	{"FULL", "flows_full", cell_plain, NUMBER},
	{"NAPS", "naps", cell_plain, NUMBER},
	{"KICKS", "kicks", cell_plain, NUMBER},
	{"LOST", "kick_busy", cell_plain, NUMBER},
	{"FRAMES", "frames.total", cell_plain, NUMBER},
	{"FREE", "frames.free", cell_plain, NUMBER},
	{"IN-RX", "frames.rx", cell_plain, NUMBER},
	{"IN-TX", "frames.tx", cell_plain, NUMBER},
	{"MISSING", "frames", cell_missing, NUMBER},
};

static const struct column port_columns[] = {
	{"INTERFACE", "interface", cell_plain, 0},
	{"QUEUE", "queue", cell_plain, NUMBER},
	{"WORKER", "worker", cell_plain, NUMBER},
	{"MODE", "mode", cell_plain, 0},
	{"RX", "rx", cell_plain, NUMBER},
	{"TX", "sent", cell_plain, NUMBER},
	{"IN-RX", "fill_level", cell_plain, NUMBER},
	{"IN-TX", "tx_level", cell_plain, NUMBER},
	{"RX-DROPPED", "statistics.rx_dropped", cell_plain, NUMBER},
	{"RX-FULL", "statistics.rx_ring_full", cell_plain, NUMBER},
	{"FILL-EMPTY", "statistics.rx_fill_ring_empty_descs", cell_plain, NUMBER},
	{"TX-EMPTY", "statistics.tx_ring_empty_descs", cell_plain, NUMBER},
	{"RX-INVALID", "statistics.rx_invalid_descs", cell_plain, NUMBER},
	{"TX-INVALID", "statistics.tx_invalid_descs", cell_plain, NUMBER},
};

static const struct column drop_columns[] = {
	{"WHERE", "where", cell_plain, 0},
	{"REASON", "reason", cell_plain, 0},
	{"COUNT", "count", cell_plain, NUMBER},
	{"MEANING", "meaning", cell_plain, 0},
};

static const struct column neighbour_columns[] = {
	{"ADDRESS", "address", cell_plain, 0},
	{"STATE", "state", cell_plain, 0},
	{"MAC", "mac", cell_plain, 0},
	{"INTERFACE", "interface", cell_plain, 0},
};

static const struct column health_columns[] = {
	{"SERVICE", "service", cell_endpoint, 0},
	{"SERVER", "address", cell_plain, 0},
	{"STATE", "state", cell_plain, 0},
	{"SINCE", "since", cell_seconds, NUMBER},
	{"CHECK", "check.type", cell_plain, 0},
	{"ASKS", "check", cell_endpoint, 0},
	{"SAYS", "says", cell_plain, 0},
	{"TOOK", "check.seconds", cell_seconds, NUMBER},
	{"TRIES", "check.tries", cell_plain, NUMBER},
	{"FAILED", "check.failures", cell_plain, NUMBER},
	{"REASON", "check.reason", cell_plain, 0},
};

static const char *health_state(const json_t *server)
{
	bool up = json_is_true(json_object_get(server, "up"));

	if (json_is_true(json_object_get(server, "held")))
		return up ? "up, held" : "down, held";
	if (up && json_is_false(json_object_get(server, "reachable")))
		return "unreachable";
	if (json_is_true(json_object_get(server, "passive_down")))
		return "down, by its traffic";
	return up ? "up" : "down";
}

static void health_row_add(json_t *rows, json_t *service, const json_t *server, json_t *check)
{
	bool up = json_is_true(json_object_get(check, "up"));
	bool decided = json_is_true(json_object_get(check, "decided"));
	json_t *row = json_pack("{s:O, s:O, s:s, s:O}", "service", service, "address",
				json_object_get(server, "address"), "state", health_state(server),
				"since", json_object_get(server, "since"));

	if (check) {
		json_object_set(row, "check", check);
		json_object_set_new(row, "says",
				    json_string(!decided ? "not yet"
						: up	 ? "good"
							 : "bad"));
	}
	json_array_append_new(rows, row);
}

/* A row for each check, or one for a server without any. */
static json_t *health_rows(const json_t *answer, bool all)
{
	json_t *rows = json_array(), *service, *server, *check;
	size_t i, k, c;

	(void)all;
	json_array_foreach (json_object_get(answer, "health"), i, service) {
		json_array_foreach (json_object_get(service, "servers"), k, server) {
			const json_t *checks = json_object_get(server, "checks");

			json_array_foreach (checks, c, check) {
				health_row_add(rows, service, server, check);
			}
			if (!json_array_size(checks))
				health_row_add(rows, service, server, NULL);
		}
	}
	return rows;
}

/* Services that aren't as they should be. */
static void health_tail(FILE *out, const json_t *answer)
{
	char text[CELL];
	json_t *s;
	size_t i;

	json_array_foreach (json_object_get(answer, "health"), i, s) {
		cell_endpoint(s, text);
		if (json_is_false(json_object_get(s, "quorum_up")))
			fprintf(out, "%s: no quorum%s\n", text,
				json_is_true(json_object_get(s, "sorry"))
					? ", the sorry server serves"
					: "");
		if (json_is_true(json_object_get(s, "panic")))
			fprintf(out, "%s: panic, the last set of servers stays in use\n", text);
	}
}

static void drop_row_add(json_t *rows, const char *where, const char *reason, json_t *count,
			 const json_t *meaning)
{
	const char *text = json_string_value(json_object_get(meaning, reason));

	json_array_append_new(rows, json_pack("{s:s, s:s, s:O, s:s}", "where", where, "reason",
					      reason, "count", count, "meaning", text ? text : ""));
}

/* The workers' reasons, then those of the XDP program on each interface, which also counts what
 * it didn't drop: that is for all only. */
static json_t *drop_rows(const json_t *answer, bool all)
{
	const json_t *meaning = json_object_get(answer, "meaning");
	json_t *rows = json_array(), *reasons, *count;
	const char *interface, *reason;

	json_object_foreach (json_object_get(answer, "workers"), reason, count) {
		if (all || json_integer_value(count))
			drop_row_add(rows, "workers", reason, count, meaning);
	}
	json_object_foreach (json_object_get(answer, "steer"), interface, reasons) {
		json_object_foreach (reasons, reason, count) {
			if (all || (json_integer_value(count) && !strncmp(reason, "drop", 4)))
				drop_row_add(rows, interface, reason, count, meaning);
		}
	}
	return rows;
}

static void engine_tail(FILE *out, const json_t *answer)
{
	const json_t *engine = json_object_get(answer, "engine");

	if (engine)
		fprintf(out,
			"engine: up %" JSON_INTEGER_FORMAT " s, restarted %" JSON_INTEGER_FORMAT
			" times\n",
			json_integer_value(json_object_get(engine, "uptime")),
			json_integer_value(json_object_get(engine, "restarts")));
}

#define COLUMNS(c) c, sizeof(c) / sizeof(*(c))

static const struct kind kinds[] = {
	{"services", "virtual services and their totals", COLUMNS(service_columns), NULL, NULL,
	 "no service is configured (shuntctl -A adds one)"},
	{"backends", "real servers, those that are leaving too", COLUMNS(backend_columns), NULL,
	 NULL, "no server is configured (shuntctl -a adds one)"},
	{"workers", "what each worker received, sent and dropped, and its frames",
	 COLUMNS(worker_columns), NULL, engine_tail, "no worker runs"},
	{"ports", "sockets on the queues of the NICs, and the kernel's counters of them",
	 COLUMNS(port_columns), NULL, NULL, "no queue is attached"},
	{"drops", "why packets were dropped; --all: what never happened too", COLUMNS(drop_columns),
	 drop_rows, NULL, "nothing was dropped (--all lists every reason)"},
	{"neighbours", "how the servers are reached", COLUMNS(neighbour_columns), NULL, NULL,
	 "no server is configured (shuntctl -a adds one)"},
	{"health", "what the checks of shunt.conf say", COLUMNS(health_columns), health_rows,
	 health_tail, "nothing is checked (shunt.conf has no servers)"},
};

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (name && !strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static void cell_text(const struct column *c, const json_t *row, char *buf)
{
	const json_t *value = value_at(row, c->path);

	if (value)
		c->cell(value, buf);
	else
		snprintf(buf, CELL, "-");
}

/* One line: the title if row is NULL. The last column isn't padded. */
static void print_row(FILE *out, const struct kind *k, const int *width, const json_t *row)
{
	char buf[CELL];

	for (size_t i = 0; i < k->n_columns; i++) {
		const struct column *c = &k->columns[i];
		int w = c->align == NUMBER ? width[i] : -width[i];

		if (row)
			cell_text(c, row, buf);
		else
			snprintf(buf, sizeof(buf), "%s", c->title);
		if (i + 1 == k->n_columns && w < 0)
			w = 0;
		fprintf(out, "%s%*s", i ? "  " : "", w, buf);
	}
	putc('\n', out);
}

static void print_rows(FILE *out, const struct kind *k, const json_t *rows)
{
	int width[32] = {0}, len;
	char buf[CELL];
	json_t *row;
	size_t r;

	for (size_t i = 0; i < k->n_columns; i++) {
		width[i] = (int)strlen(k->columns[i].title);
		json_array_foreach (rows, r, row) {
			cell_text(&k->columns[i], row, buf);
			len = (int)strlen(buf);
			width[i] = len > width[i] ? len : width[i];
		}
	}
	print_row(out, k, width, NULL);
	json_array_foreach (rows, r, row) {
		print_row(out, k, width, row);
	}
}

bool show_print(FILE *out, const char *kind, const json_t *answer, bool all)
{
	const struct kind *k = kind_find(kind);
	json_t *rows;

	if (!k)
		return false;
	rows = k->rows ? k->rows(answer, all) : json_incref(json_object_get(answer, k->name));
	if (json_array_size(rows))
		print_rows(out, k, rows);
	else
		fprintf(out, "%s\n", k->none);
	if (k->tail)
		k->tail(out, answer);
	json_decref(rows);
	return true;
}

void show_usage(FILE *out)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		fprintf(out, "      %-12s %s\n", kinds[i].name, kinds[i].help);
}

const char *show_kind(size_t i)
{
	return i < sizeof(kinds) / sizeof(*kinds) ? kinds[i].name : NULL;
}

/* One line: what was wrong, and all that would have been right. */
static int usage_error(const char *what, const char *word)
{
	fprintf(stderr, "shuntctl: show %s%s; it knows:", what, word);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		fprintf(stderr, " %s", kinds[i].name);
	fputc('\n', stderr);
	return CTL_USAGE;
}

int show_run(const struct ctl *ctl, int argc, const char **argv)
{
	const char *kind = NULL;
	json_t *request, *answer;
	bool all = false;
	int rc = CTL_OK;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--all"))
			all = true;
		else if (kind || argv[i][0] == '-')
			return usage_error("does not take ", argv[i]);
		else
			kind = argv[i];
	}
	if (!kind_find(kind))
		return usage_error(kind ? "does not know " : "needs a word", kind ? kind : "");
	request = json_pack("{s:s, s:s}", "cmd", "show", "what", kind);
	answer = client_command(ctl, request);
	json_decref(request);
	if (!answer)
		return CTL_FAILED;
	if (!client_ok(answer)) {
		fprintf(stderr, "shuntctl: %s\n", client_error(answer));
		rc = CTL_FAILED;
	} else if (!ctl->json) {
		show_print(stdout, kind, answer, all);
	}
	json_decref(answer);
	return rc;
}
