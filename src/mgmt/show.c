/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/show.h"

#include <linux/if_xdp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "mgmt/health.h"
#include "mgmt/list.h"

enum {
	READINGS = 50, /* of counters that move, until two agree */
	WHAT_NAMES = 128,
};

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static void show_services(struct command_ctx *ctx, json_t *answer)
{
	json_object_set_new(answer, "services", list_services(ctx));
}

static void show_backends(struct command_ctx *ctx, json_t *answer)
{
	const struct model_flows *flows = model_flows(ctx->model);
	json_t *backends = json_array();
	struct model_service s;

	for (uint32_t i = 0; i < model_services(ctx->model); i++) {
		model_service_at(ctx->model, i, &s);
		for (uint32_t k = 0; k < s.n_backends; k++) {
			json_t *o = list_server(ctx, &s.backend[k], flows);

			json_object_set_new(o, "service", list_endpoint(&s.conf.ep));
			json_array_append_new(backends, o);
		}
	}
	json_object_set_new(answer, "backends", backends);
}

static json_t *drops_json(const struct dataplane *dp, uint32_t first, uint32_t n)
{
	json_t *o = json_object();

	for (int reason = DROP_NONE + 1; reason < DROP_COUNT; reason++) {
		uint64_t sum = 0;

		for (uint32_t w = first; w < first + n; w++)
			sum += counter_get(&dp->worker[w].counters->drop[reason]);
		json_object_set_new(o, drop_row[reason].name, count(sum));
	}
	return o;
}

/* Where a worker's frames are, as the counters have it at one moment. */
struct frames_view {
	uint64_t free, rx, tx;
};

static struct frames_view frames_read(const struct dataplane *dp, uint32_t worker)
{
	struct frames_view v = {.free = counter_get(&dp->worker[worker].counters->free_frames)};

	for (uint32_t i = 0; i < dp->n_ports; i++) {
		const struct port_counters *c = &dp->port_counters[i];

		if (dp->port[i].worker != worker)
			continue;
		v.rx += counter_get(&c->filled) - counter_get(&c->rx);
		v.tx += counter_get(&c->tx) - counter_get(&c->completed);
	}
	return v;
}

/* The counters move while they are read. Two readings that agree, or one that adds up, are taken
 * for the truth; "exact" says whether one was had. */
static json_t *frames_json(const struct dataplane *dp, uint32_t worker)
{
	json_int_t total = dp->worker[worker].frames, missing = 0;
	struct frames_view v = {0}, last;
	bool exact = false;

	for (int i = 0; i < READINGS && !exact; i++) {
		last = v;
		v = frames_read(dp, worker);
		missing = total - (json_int_t)(v.free + v.rx + v.tx);
		exact = !missing || (i && !memcmp(&v, &last, sizeof(v)));
	}
	return json_pack("{s:I, s:o, s:o, s:o, s:I, s:b}", "total", total, "free", count(v.free),
			 "rx", count(v.rx), "tx", count(v.tx), "missing", missing, "exact", exact);
}

static const struct worker_row {
	const char *name;
	size_t offset; /* of a counter */
} worker_rows[] = {
	{"rx", offsetof(struct worker_counters, rx)},
	{"tx", offsetof(struct worker_counters, tx)},
	{"pass", offsetof(struct worker_counters, pass)},
	{"flows_new", offsetof(struct worker_counters, flow_new)},
	{"flows_moved", offsetof(struct worker_counters, flow_moved)},
	{"flows_full", offsetof(struct worker_counters, flow_full)},
	{"csum_done", offsetof(struct worker_counters, csum_done)},
	{"answered", offsetof(struct worker_counters, answered)},
	{"icmp_sent", offsetof(struct worker_counters, icmp_sent)},
	{"resets", offsetof(struct worker_counters, resets)},
	{"parked", offsetof(struct worker_counters, parked)},
	{"loops", offsetof(struct worker_counters, loops)},
	{"naps", offsetof(struct worker_counters, naps)},
	{"kicks", offsetof(struct worker_counters, kicks)},
	{"kick_busy", offsetof(struct worker_counters, kick_busy)},
	{"busy_ns", offsetof(struct worker_counters, busy_ns)},
	{"poll_ns", offsetof(struct worker_counters, poll_ns)},
};

static json_t *worker_json(const struct dataplane *dp, uint32_t w)
{
	const struct worker_info *worker = &dp->worker[w];
	json_t *o = json_pack("{s:i, s:i, s:i, s:i}", "worker", (int)w, "cpu", worker->cpu, "node",
			      worker->node, "tid", __atomic_load_n(&worker->tid, __ATOMIC_RELAXED));

	for (size_t i = 0; i < sizeof(worker_rows) / sizeof(*worker_rows); i++) {
		const char *counter = (const char *)worker->counters + worker_rows[i].offset;

		json_object_set_new(o, worker_rows[i].name,
				    count(counter_get((const uint64_t *)(const void *)counter)));
	}
	json_object_set_new(o, "drops", drops_json(dp, w, 1));
	json_object_set_new(o, "frames", frames_json(dp, w));
	return o;
}

static void show_workers(struct command_ctx *ctx, json_t *answer)
{
	json_t *workers = json_array();

	for (uint32_t w = 0; w < ctx->dp->n_workers; w++)
		json_array_append_new(workers, worker_json(ctx->dp, w));
	json_object_set_new(answer, "workers", workers);
	json_object_set_new(answer, "engine",
			    json_pack("{s:I, s:I}", "restarts", (json_int_t)ctx->dp->engines,
				      "uptime",
				      (json_int_t)(clock_ns() / 1000000000 - ctx->started)));
}

static const struct xdp_row {
	const char *name;
	size_t offset;
} xdp_rows[] = {
	{"rx_dropped", offsetof(struct xdp_statistics, rx_dropped)},
	{"rx_invalid_descs", offsetof(struct xdp_statistics, rx_invalid_descs)},
	{"tx_invalid_descs", offsetof(struct xdp_statistics, tx_invalid_descs)},
	{"rx_ring_full", offsetof(struct xdp_statistics, rx_ring_full)},
	{"rx_fill_ring_empty_descs", offsetof(struct xdp_statistics, rx_fill_ring_empty_descs)},
	{"tx_ring_empty_descs", offsetof(struct xdp_statistics, tx_ring_empty_descs)},
};

/* The kernel's own counters of a socket; null if it doesn't say. Before 5.9 it knew the first
 * three only. */
static json_t *statistics_json(int fd)
{
	struct xdp_statistics s;
	socklen_t len = sizeof(s);
	json_t *o;

	if (getsockopt(fd, SOL_XDP, XDP_STATISTICS, &s, &len))
		return json_null();
	o = json_object();
	for (size_t i = 0; i < sizeof(xdp_rows) / sizeof(*xdp_rows); i++) {
		uint64_t n;

		if (xdp_rows[i].offset + sizeof(n) > len)
			break;
		memcpy(&n, (const char *)&s + xdp_rows[i].offset, sizeof(n));
		json_object_set_new(o, xdp_rows[i].name, count(n));
	}
	return o;
}

/* "copy" for a socket whose NIC has native XDP, but didn't bind it with zero copy. */
static const char *port_mode(const struct dataplane *dp, const struct port_info *p)
{
	if (p->zerocopy)
		return xdp_mode_name[MODE_ZEROCOPY];
	return xdp_mode_name[dp->nic[p->nic].mode == MODE_SKB ? MODE_SKB : MODE_COPY];
}

static json_t *port_json(const struct dataplane *dp, uint32_t i)
{
	const struct port_counters *c = &dp->port_counters[i];
	const struct port_info *p = &dp->port[i];
	uint64_t rx = counter_get(&c->rx), sent = counter_get(&c->tx);
	uint64_t filled = counter_get(&c->filled), completed = counter_get(&c->completed);

	return json_pack("{s:s, s:i, s:i, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "interface", dp->nic[p->nic].name, "queue", p->queue, "worker", p->worker,
			 "mode", port_mode(dp, p), "tx", p->has_tx, "rx", count(rx), "sent",
			 count(sent), "filled", count(filled), "completed", count(completed),
			 "fill_level", count(filled - rx), "tx_level", count(sent - completed),
			 "statistics", statistics_json(p->fd));
}

static void show_ports(struct command_ctx *ctx, json_t *answer)
{
	json_t *ports = json_array();

	for (uint32_t i = 0; i < ctx->dp->n_ports; i++)
		json_array_append_new(ports, port_json(ctx->dp, i));
	json_object_set_new(answer, "ports", ports);
}

static json_t *steer_json(struct command_ctx *ctx, uint32_t nic)
{
	uint64_t counts[STEER_COUNT] = {0};
	json_t *o;

	if (steer_counts(ctx->steer, nic, counts))
		return json_null();
	o = json_object();
	for (int i = 0; i < STEER_COUNT; i++)
		json_object_set_new(o, steer_count_name((enum steer_count)i), count(counts[i]));
	return o;
}

static void show_drops(struct command_ctx *ctx, json_t *answer)
{
	json_t *steer = json_object(), *meaning = json_object();

	for (uint32_t i = 0; i < ctx->dp->n_nics; i++)
		json_object_set_new(steer, ctx->dp->nic[i].name, steer_json(ctx, i));
	for (int i = DROP_NONE + 1; i < DROP_COUNT; i++)
		json_object_set_new(meaning, drop_row[i].name, json_string(drop_row[i].meaning));
	for (int i = 0; i < STEER_COUNT; i++)
		json_object_set_new(meaning, steer_count_name((enum steer_count)i),
				    json_string(steer_count_meaning((enum steer_count)i)));
	json_object_set_new(answer, "workers", drops_json(ctx->dp, 0, ctx->dp->n_workers));
	json_object_set_new(answer, "steer", steer);
	json_object_set_new(answer, "meaning", meaning);
}

struct neighbours {
	const struct dataplane *dp;
	json_t *array;
};

static void add_neighbour(void *ctx, const struct addr *server, const struct reach *reach)
{
	struct neighbours *n = ctx;
	char text[ADDR_TEXT];
	json_t *o = json_pack("{s:s, s:s}", "address", addr_text(server, text), "state",
			      reach_name[reach->state]);

	list_reach(o, n->dp, reach);
	json_array_append_new(n->array, o);
}

static void show_neighbours(struct command_ctx *ctx, json_t *answer)
{
	struct neighbours n = {.dp = ctx->dp, .array = json_array()};

	neigh_each(ctx->neigh, add_neighbour, &n);
	json_object_set_new(answer, "neighbours", n.array);
}

static void show_health(struct command_ctx *ctx, json_t *answer)
{
	health_show(ctx->health, answer);
}

static const struct view {
	const char *name;
	void (*show)(struct command_ctx *ctx, json_t *answer);
} views[] = {
	{"services", show_services}, {"backends", show_backends}, {"workers", show_workers},
	{"ports", show_ports},	     {"drops", show_drops},	  {"neighbours", show_neighbours},
	{"health", show_health},
};

int show_run(struct command_ctx *ctx, const char *what, json_t *answer, struct fault *f)
{
	char names[WHAT_NAMES] = "";
	size_t n = 0;

	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		if (!strcmp(views[i].name, what)) {
			views[i].show(ctx, answer);
			return 0;
		}
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "",
				      views[i].name);
	}
	return fault_set(f, "invalid", "show knows %s, not '%.64s'", names, what);
}
