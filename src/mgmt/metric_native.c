/* SPDX-License-Identifier: BSD-2-Clause */
/* shunt's own metrics, and how those of the daemon, its workers and its sockets are had. */
#include <bpf/libbpf.h>
#include <linux/if_xdp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "mgmt/metric.h"
#include "mgmt/reload.h"
#include "mgmt/source.h"
#include "table/flow.h"

static void build_info(struct scrape *s, const struct metric *m)
{
	exposition_begin(&s->out, m->name);
	exposition_label(&s->out, "version", SHUNT_VERSION);
	exposition_label(&s->out, "libbpf", libbpf_version_string());
	exposition_value(&s->out, 1);
}

static void engine_restarts(struct scrape *s, const struct metric *m)
{
	exposition_begin(&s->out, m->name);
	exposition_value(&s->out, s->ctx->dp->engines);
}

/* Nothing is said without a file. */
static void reload_good(struct scrape *s, const struct metric *m)
{
	if (!s->ctx->reload)
		return;
	exposition_begin(&s->out, m->name);
	exposition_value(&s->out, reload_last(s->ctx->reload)->good);
}

static void reload_time(struct scrape *s, const struct metric *m)
{
	if (!s->ctx->reload)
		return;
	exposition_begin(&s->out, m->name);
	exposition_value(&s->out, (uint64_t)reload_last(s->ctx->reload)->good_at);
}

static void source_state(struct scrape *s, const struct metric *m)
{
	if (!s->ctx->source)
		return;
	exposition_begin(&s->out, m->name);
	exposition_value(&s->out, source_good(s->ctx->source));
}

static uint64_t counter_at(const void *counters, size_t at)
{
	const char *base = counters;

	return counter_get((const uint64_t *)(const void *)(base + at));
}

static void begin_worker(struct scrape *s, const struct metric *m, uint32_t worker)
{
	exposition_begin(&s->out, m->name);
	exposition_label_u32(&s->out, "worker", worker);
}

/* at: of struct worker_counters. */
static void worker(struct scrape *s, const struct metric *m)
{
	const struct dataplane *dp = s->ctx->dp;

	for (uint32_t w = 0; w < dp->n_workers; w++) {
		begin_worker(s, m, w);
		exposition_value(&s->out, counter_at(dp->worker[w].counters, m->at));
	}
}

/* Likewise; the counter has nanoseconds. */
static void worker_time(struct scrape *s, const struct metric *m)
{
	const struct dataplane *dp = s->ctx->dp;

	for (uint32_t w = 0; w < dp->n_workers; w++) {
		begin_worker(s, m, w);
		exposition_label_u32(&s->out, "cpu", (uint32_t)dp->worker[w].cpu);
		exposition_value_ns(&s->out, counter_at(dp->worker[w].counters, m->at));
	}
}

static void worker_verdicts(struct scrape *s, const struct metric *m)
{
	for (uint32_t w = 0; w < s->ctx->dp->n_workers; w++) {
		const struct worker_counters *c = s->ctx->dp->worker[w].counters;
		const char *const verdict[] = {"sent", "passed", "dropped"};
		uint64_t n[] = {counter_get(&c->tx), counter_get(&c->pass), 0};

		for (int i = 0; i < DROP_COUNT; i++)
			n[2] += counter_get(&c->drop[i]);
		for (int i = 0; i < 3; i++) {
			begin_worker(s, m, w);
			exposition_label(&s->out, "verdict", verdict[i]);
			exposition_value(&s->out, n[i]);
		}
	}
}

static void drops(struct scrape *s, const struct metric *m)
{
	for (uint32_t w = 0; w < s->ctx->dp->n_workers; w++) {
		for (int i = DROP_NONE + 1; i < DROP_COUNT; i++) {
			begin_worker(s, m, w);
			exposition_label(&s->out, "reason", drop_row[i].name);
			exposition_value(&s->out,
					 counter_get(&s->ctx->dp->worker[w].counters->drop[i]));
		}
	}
}

static void worker_frames(struct scrape *s, const struct metric *m)
{
	for (uint32_t w = 0; w < s->ctx->dp->n_workers; w++) {
		begin_worker(s, m, w);
		exposition_value(&s->out, s->ctx->dp->worker[w].frames);
	}
}

static void flow_capacity(struct scrape *s, const struct metric *m)
{
	for (uint32_t w = 0; w < s->ctx->dp->n_workers; w++) {
		begin_worker(s, m, w);
		exposition_value(&s->out,
				 s->ctx->dp->worker[w].flows_bytes / sizeof(struct flow_slot));
	}
}

/* The XDP program's verdicts. */
static void steered(struct scrape *s, const struct metric *m)
{
	for (uint32_t nic = 0; nic < s->ctx->dp->n_nics; nic++) {
		uint64_t counts[STEER_COUNT] = {0};

		if (steer_counts(s->ctx->steer, nic, counts))
			continue;
		for (int i = 0; i < STEER_COUNT; i++) {
			exposition_begin(&s->out, m->name);
			exposition_label(&s->out, "interface", s->ctx->dp->nic[nic].name);
			exposition_label(&s->out, "verdict", steer_count_name((enum steer_count)i));
			exposition_value(&s->out, counts[i]);
		}
	}
}

static void begin_port(struct scrape *s, const struct metric *m, uint32_t i)
{
	const struct port_info *p = &s->ctx->dp->port[i];

	exposition_begin(&s->out, m->name);
	exposition_label(&s->out, "interface", s->ctx->dp->nic[p->nic].name);
	exposition_label_u32(&s->out, "queue", p->queue);
}

/* at: of struct xdp_statistics. Before Linux 5.9 it had the first three only. */
static void xsk_statistic(struct scrape *s, const struct metric *m)
{
	for (uint32_t i = 0; i < s->ctx->dp->n_ports; i++) {
		struct xdp_statistics x;
		socklen_t len = sizeof(x);
		uint64_t n;

		if (getsockopt(s->ctx->dp->port[i].fd, SOL_XDP, XDP_STATISTICS, &x, &len) ||
		    m->at + sizeof(n) > len)
			continue;
		memcpy(&n, (const char *)&x + m->at, sizeof(n));
		begin_port(s, m, i);
		exposition_value(&s->out, n);
	}
}

static void xsk_zero_copy(struct scrape *s, const struct metric *m)
{
	for (uint32_t i = 0; i < s->ctx->dp->n_ports; i++) {
		begin_port(s, m, i);
		exposition_value(&s->out, s->ctx->dp->port[i].zerocopy);
	}
}

static void xsk_ring_entries(struct scrape *s, const struct metric *m)
{
	for (uint32_t i = 0; i < s->ctx->dp->n_ports; i++) {
		const struct port_counters *c = &s->ctx->dp->port_counters[i];
		/* What left a ring is read first: no difference is below 0 then. */
		uint64_t received = counter_get(&c->rx), completed = counter_get(&c->completed);

		begin_port(s, m, i);
		exposition_label(&s->out, "ring", "receive");
		exposition_value(&s->out, counter_get(&c->filled) - received);
		begin_port(s, m, i);
		exposition_label(&s->out, "ring", "transmit");
		exposition_value(&s->out, counter_get(&c->tx) - completed);
	}
}

#define STAT(f)	  offsetof(struct model_stats, f)
#define WORKER(f) offsetof(struct worker_counters, f)
#define XSK(f)	  offsetof(struct xdp_statistics, f)
#define COUNTER	  METRIC_COUNTER
#define GAUGE	  METRIC_GAUGE

/* The columns: name, type, labels, help, write, each, at. */
const struct metric native_metrics[] = {
	{"shunt_build_info", GAUGE, "version, libbpf", "What runs; always 1.", build_info, NULL, 0},
	{"shunt_engine_restarts_total", COUNTER, "", "Engines that died and were replaced.",
	 engine_restarts, NULL, 0},
	{"shunt_config_last_reload_successful", GAUGE, "",
	 "1 if the file was good when it was read last.", reload_good, NULL, 0},
	{"shunt_config_last_reload_success_timestamp_seconds", GAUGE, "",
	 "When the file was last taken over, since 1970.", reload_time, NULL, 0},
	{"shunt_config_source_good", GAUGE, "",
	 "0 while etcd can't be reached, or says what isn't taken.", source_state, NULL, 0},
	{"shunt_service_connections_total", COUNTER, "vip, port, proto", "Connections scheduled.",
	 NULL, metric_service, STAT(flows)},
	{"shunt_service_packets_total", COUNTER, "vip, port, proto", "Packets forwarded.", NULL,
	 metric_service, STAT(packets)},
	{"shunt_service_bytes_total", COUNTER, "vip, port, proto",
	 "Bytes forwarded, of IP packets without the Ethernet header.", NULL, metric_service,
	 STAT(bytes)},
	{"shunt_backend_connections_total", COUNTER, "vip, port, proto, backend",
	 "Connections that went to this server.", NULL, metric_server, STAT(flows)},
	{"shunt_backend_packets_total", COUNTER, "vip, port, proto, backend",
	 "Packets forwarded to this server.", NULL, metric_server, STAT(packets)},
	{"shunt_backend_bytes_total", COUNTER, "vip, port, proto, backend",
	 "Bytes forwarded to this server.", NULL, metric_server, STAT(bytes)},
	{"shunt_backend_live_connections", GAUGE, "vip, port, proto, backend, state",
	 "Connections that are remembered: established ones are active, all others inactive.", NULL,
	 metric_server_connections, 0},
	{"shunt_backend_weight", GAUGE, "vip, port, proto, backend", "Weight; 0 drains.", NULL,
	 metric_server_weight, 0},
	{"shunt_service_quorum_up", GAUGE, "vip, port, proto",
	 "1 if the live servers are enough, by shunt.conf's quorum.", NULL, metric_health_service,
	 HEALTH_UP},
	{"shunt_service_live_weight", GAUGE, "vip, port, proto", "Weight of the live servers.",
	 NULL, metric_health_service, HEALTH_WEIGHT},
	{"shunt_service_panic", GAUGE, "vip, port, proto",
	 "1 while more servers fail than panic_threshold allows.", NULL, metric_health_service,
	 HEALTH_PANIC},
	{"shunt_backend_up", GAUGE, "vip, port, proto, backend",
	 "1 if all checks of the server are good.", NULL, metric_health_server, HEALTH_UP},
	{"shunt_backend_transitions_total", COUNTER, "vip, port, proto, backend, to",
	 "How often the server went up and down.", NULL, metric_health_transitions, 0},
	{"shunt_backend_check_tries_total", COUNTER, "vip, port, proto, backend",
	 "Tries of the checks that the server has.", NULL, metric_health_server, HEALTH_TRIES},
	{"shunt_backend_check_failures_total", COUNTER, "vip, port, proto, backend",
	 "Those of them that failed.", NULL, metric_health_server, HEALTH_FAILURES},
	{"shunt_backend_check_duration_seconds", GAUGE, "vip, port, proto, backend",
	 "How long the last try of the first check took.", NULL, metric_health_server, HEALTH_TOOK},
	{"shunt_backend_neighbour_resolved", GAUGE, "vip, port, proto, backend",
	 "1 if it is known how to reach the server: others get no traffic.", NULL,
	 metric_server_resolved, 0},
	{"shunt_worker_received_packets_total", COUNTER, "worker", "Frames received.", worker, NULL,
	 WORKER(rx)},
	{"shunt_worker_packets_total", COUNTER, "worker, verdict",
	 "What became of them: sent, passed (to the kernel) or dropped.", worker_verdicts, NULL, 0},
	{"shunt_worker_parked_packets", GAUGE, "worker",
	 "Fragments that wait for the first of their datagram.", worker, NULL, WORKER(parked)},
	{"shunt_drops_total", COUNTER, "worker, reason",
	 "Dropped packets; shuntctl show drops --all says what the reasons mean.", drops, NULL, 0},
	{"shunt_worker_busy_seconds_total", COUNTER, "worker, cpu",
	 "Time spent on packets. Its rate over that of shunt_worker_poll_seconds_total is the busy "
	 "ratio.",
	 worker_time, NULL, WORKER(busy_ns)},
	{"shunt_worker_poll_seconds_total", COUNTER, "worker, cpu",
	 "Time spent at the queues: on packets, looking for them, or asleep until one comes.",
	 worker_time, NULL, WORKER(poll_ns)},
	{"shunt_worker_turns_total", COUNTER, "worker", "Turns of the loop: the heartbeat.", worker,
	 NULL, WORKER(loops)},
	{"shunt_worker_naps_total", COUNTER, "worker",
	 "Times it went to sleep for want of packets.", worker, NULL, WORKER(naps)},
	{"shunt_worker_kicks_total", COUNTER, "worker", "System calls to send.", worker, NULL,
	 WORKER(kicks)},
	{"shunt_worker_lost_packets_total", COUNTER, "worker",
	 "Frames that the interface took and then refused.", worker, NULL, WORKER(kick_busy)},
	{"shunt_worker_answers_total", COUNTER, "worker",
	 "ARP, neighbour solicitations and echo requests answered for virtual addresses.", worker,
	 NULL, WORKER(answered)},
	{"shunt_worker_icmp_errors_total", COUNTER, "worker", "ICMP errors sent for a packet.",
	 worker, NULL, WORKER(icmp_sent)},
	{"shunt_worker_resets_total", COUNTER, "worker",
	 "TCP resets sent to clients of removed servers.", worker, NULL, WORKER(resets)},
	{"shunt_worker_frames", GAUGE, "worker", "Packet buffers.", worker_frames, NULL, 0},
	{"shunt_worker_free_frames", GAUGE, "worker", "Packet buffers that hold nothing.", worker,
	 NULL, WORKER(free_frames)},
	{"shunt_flow_entries", GAUGE, "", "Connections in the flow tables.", metric_flow_entries,
	 NULL, 0},
	{"shunt_flow_capacity", GAUGE, "worker", "Room for connections.", flow_capacity, NULL, 0},
	{"shunt_flow_created_total", COUNTER, "worker", "Connections scheduled.", worker, NULL,
	 WORKER(flow_new)},
	{"shunt_flow_moved_total", COUNTER, "worker",
	 "Connections met on another queue than their first.", worker, NULL, WORKER(flow_moved)},
	{"shunt_flow_full_total", COUNTER, "worker",
	 "Connections that found no room and go by their hash.", worker, NULL, WORKER(flow_full)},
	{"shunt_steered_packets_total", COUNTER, "interface, verdict",
	 "What the XDP program did with the interface's packets, since shuntd started.", steered,
	 NULL, 0},
	{"shunt_xsk_zero_copy", GAUGE, "interface, queue", "1 if the socket has zero-copy.",
	 xsk_zero_copy, NULL, 0},
	{"shunt_xsk_ring_entries", GAUGE, "interface, queue, ring",
	 "Frames with the kernel: to receive into, and to be sent.", xsk_ring_entries, NULL, 0},
	{"shunt_xsk_rx_dropped_total", COUNTER, "interface, queue",
	 "Packets that were too long or found the socket not ready.", xsk_statistic, NULL,
	 XSK(rx_dropped)},
	{"shunt_xsk_rx_invalid_descs_total", COUNTER, "interface, queue",
	 "Bad entries in the fill ring.", xsk_statistic, NULL, XSK(rx_invalid_descs)},
	{"shunt_xsk_tx_invalid_descs_total", COUNTER, "interface, queue",
	 "Bad entries in the transmit ring.", xsk_statistic, NULL, XSK(tx_invalid_descs)},
	{"shunt_xsk_rx_ring_full_total", COUNTER, "interface, queue",
	 "Packets lost because the worker was too slow.", xsk_statistic, NULL, XSK(rx_ring_full)},
	{"shunt_xsk_rx_fill_ring_empty_total", COUNTER, "interface, queue",
	 "Times the kernel found no frame to receive into.", xsk_statistic, NULL,
	 XSK(rx_fill_ring_empty_descs)},
	{"shunt_xsk_tx_ring_empty_total", COUNTER, "interface, queue",
	 "Times the kernel found nothing to send.", xsk_statistic, NULL, XSK(tx_ring_empty_descs)},
	{0},
};
