/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "template.h"

enum {
	SCHEMA_VERSION = 1,
	GAP = 20, /* preamble and gap between frames: with FCS, what a frame takes of a line */
};

static const double shares[] = {0.5, 0.9, 0.99, 0.999};
static const char *const share_names[] = {"p50", "p90", "p99", "p999"};
#define N_SHARES (sizeof(shares) / sizeof(*shares))

static const char *kind_text(enum frame_kind kind)
{
	static const char *const text[] = {"udp", "ack", "syn", "new"};

	return text[kind];
}

static const char *pick_text(enum frame_pick pick)
{
	static const char *const text[] = {"rr", "random", "zipf"};

	return text[pick];
}

static double rate(unsigned long long n, double seconds)
{
	return seconds > 0 ? (double)n / seconds : 0;
}

static double line_bits(unsigned long long frames, unsigned long long bytes)
{
	return 8.0 * ((double)bytes + (double)frames * (FCS + GAP));
}

/* Prints and frees. */
static void print_json(json_t *j)
{
	json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
	putchar('\n');
	fflush(stdout);
	json_decref(j);
}

static void put_int(json_t *j, const char *key, unsigned long long v)
{
	json_object_set_new(j, key, json_integer((json_int_t)v));
}

static void put_real(json_t *j, const char *key, double v)
{
	json_object_set_new(j, key, json_real(v));
}

static json_t *new_json(const char *kind)
{
	return json_pack("{s:i,s:s}", "schema_version", SCHEMA_VERSION, "kind", kind);
}

static json_t *traffic_json(const struct options *o)
{
	char vip[ADDR_TEXT], src[ADDR_TEXT], mac[MAC_TEXT];
	json_t *j = json_object();

	json_object_set_new(j, "vip", json_string(host_text(&o->vip, o->port, vip)));
	json_object_set_new(j, "src", json_sprintf("%s/%u", addr_text(&o->src, src), o->src_bits));
	json_object_set_new(j, "dst_mac", json_string(mac_text(o->dst_mac, mac)));
	json_object_set_new(j, "frames", json_string(kind_text(o->kind)));
	if (o->kind == KIND_NEW)
		put_int(j, "acks", o->acks);
	put_int(j, "flows", o->flows);
	json_object_set_new(j, "pick", json_string(pick_text(o->pick)));
	if (o->pick == PICK_ZIPF)
		put_real(j, "zipf", o->zipf);
	json_object_set_new(j, "tuples", json_string(o->random_tuples ? "random" : "seq"));
	if (o->size)
		put_int(j, "size", o->size);
	else
		json_object_set_new(j, "size", json_string("imix"));
	put_int(j, "min_size", template_min_size(o));
	put_int(j, "seed", o->seed);
	return j;
}

static json_t *streams_sent(const struct send_result *r)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < r->threads; i++) {
		const struct send_thread *t = &r->thread[i];
		json_t *j = json_object();

		put_int(j, "stream", t->stream);
		json_object_set_new(j, "cpu", t->cpu < 0 ? json_null() : json_integer(t->cpu));
		put_int(j, "queue", t->queue);
		put_int(j, "frames", t->state.sent);
		put_int(j, "missed", t->state.missed);
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *send_json(const struct options *o, const struct send_result *r, const char *kind)
{
	json_t *j = new_json(kind);

	json_object_set_new(j, "engine", json_string(r->engine));
	json_object_set_new(j, "interface", json_string(o->nic[0]));
	put_int(j, "frames", r->sent);
	put_int(j, "bytes", r->bytes + r->sent * FCS);
	put_real(j, "seconds", r->seconds);
	put_real(j, "pps", rate(r->sent, r->seconds));
	put_real(j, "bps_line", rate(1, r->seconds) * line_bits(r->sent, r->bytes));
	put_real(j, "rate_asked", o->rate);
	put_int(j, "missed", r->missed);
	put_int(j, "tx_dropped", r->tx_dropped);
	json_object_set_new(j, "traffic", traffic_json(o));
	json_object_set_new(j, "streams", streams_sent(r));
	return j;
}

static void send_text(const struct options *o, const struct send_result *r)
{
	printf("%s: sent %llu frames in %.3f s: %.0f pps, %.3f Gbit/s on the line (%s, %u "
	       "thread%s)\n",
	       o->nic[0], r->sent, r->seconds, rate(r->sent, r->seconds),
	       rate(1, r->seconds) * line_bits(r->sent, r->bytes) / 1e9, r->engine, r->threads,
	       r->threads == 1 ? "" : "s");
	if (r->tx_dropped)
		printf("  %llu dropped by the interface\n", r->tx_dropped);
	if (r->missed)
		printf("  %llu not sent in time and left out\n", r->missed);
}

void report_send(const struct options *o, const struct send_result *r)
{
	if (o->json) {
		print_json(send_json(o, r, "send"));
		return;
	}
	send_text(o, r);
	fflush(stdout);
}

static json_t *streams_seen(const struct sink_report *r)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < r->n_streams; i++) {
		const struct sink_stream_sum *s = &r->stream[i];
		json_t *j = json_object();

		put_int(j, "stream", s->stream);
		put_int(j, "frames", s->count.frames);
		put_int(j, "first", s->count.first);
		put_int(j, "last", s->count.last);
		put_int(j, "lost", s->lost);
		put_int(j, "reordered", s->count.reordered);
		put_int(j, "duplicates", s->count.duplicates);
		put_int(j, "late", s->count.late);
		put_int(j, "syns", s->count.syns);
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *servers_json(const struct sink_report *r)
{
	json_t *list = json_array();
	char mac[MAC_TEXT];

	for (unsigned int i = 0; i < r->n_servers; i++) {
		json_t *j = json_object();

		json_object_set_new(j, "mac", json_string(mac_text(r->server[i].mac, mac)));
		put_int(j, "frames", r->server[i].count.frames);
		put_int(j, "bytes", r->server[i].count.bytes + FCS * r->server[i].count.frames);
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *sizes_json(const struct sink_report *r)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < SIZES; i++)
		if (r->size[i])
			json_array_append_new(list, json_pack("{s:i,s:I}", "size", (int)i + FCS,
							      "frames", (json_int_t)r->size[i]));
	return list;
}

/* A bucket's number is read at its middle, which may be beyond the highest that came. */
static unsigned long long quantile(const struct sink_report *r, double share)
{
	unsigned long long q = hist_quantile(r->latency, share);

	if (q > r->total.latency_max)
		return r->total.latency_max;
	return q < r->total.latency_min ? r->total.latency_min : q;
}

static json_t *latency_json(const struct sink_report *r)
{
	json_t *j = json_object(), *list = json_array();
	double n = (double)r->total.frames;

	put_int(j, "samples", r->total.frames);
	put_int(j, "min", r->total.latency_min);
	put_real(j, "mean", n > 0 ? (double)r->total.latency_sum / n : 0);
	for (size_t i = 0; i < N_SHARES; i++)
		put_int(j, share_names[i], quantile(r, shares[i]));
	put_int(j, "max", r->total.latency_max);
	for (__u32 b = 0; b < HIST_BUCKETS; b++)
		if (r->latency[b])
			json_array_append_new(list, json_pack("[I,I,I]", (json_int_t)hist_low(b),
							      (json_int_t)hist_width(b),
							      (json_int_t)r->latency[b]));
	json_object_set_new(j, "histogram", list); /* lowest, width, frames */
	return j;
}

static json_t *sink_json(const struct sink_report *r, double pps, bool final)
{
	json_t *j = new_json("sink");

	json_object_set_new(j, "final", json_boolean(final));
	put_int(j, "frames", r->total.frames);
	put_int(j, "bytes", r->total.bytes + r->total.frames * FCS);
	put_real(j, "seconds", r->seconds);
	put_real(j, "pps", rate(r->total.frames, r->seconds));
	put_real(j, "pps_interval", pps);
	put_int(j, "lost", r->lost);
	put_int(j, "reordered", r->reordered);
	put_int(j, "duplicates", r->duplicates);
	put_int(j, "late", r->late);
	put_int(j, "syns", r->syns);
	put_int(j, "foreign", r->total.foreign);
	put_int(j, "no_room", r->total.no_room);
	json_object_set_new(j, "streams", streams_seen(r));
	json_object_set_new(j, "servers", servers_json(r));
	json_object_set_new(j, "sizes", sizes_json(r));
	json_object_set_new(j, "latency_ns", latency_json(r));
	return j;
}

static void latency_text(const struct sink_report *r)
{
	printf("  latency us: min %.1f", (double)r->total.latency_min / 1e3);
	for (size_t i = 0; i < N_SHARES; i++)
		printf(", %s %.1f", share_names[i], (double)quantile(r, shares[i]) / 1e3);
	printf(", max %.1f\n", (double)r->total.latency_max / 1e3);
}

static void sink_text(const struct sink_report *r)
{
	char mac[MAC_TEXT];

	printf("received %llu frames in %.3f s: %.0f pps; lost %llu, reordered %llu, duplicates "
	       "%llu, foreign %llu\n",
	       (unsigned long long)r->total.frames, r->seconds, rate(r->total.frames, r->seconds),
	       r->lost, r->reordered, r->duplicates, (unsigned long long)r->total.foreign);
	if (r->total.frames)
		latency_text(r);
	for (unsigned int i = 0; i < r->n_servers; i++)
		printf("  %s %12llu frames %5.1f %%\n", mac_text(r->server[i].mac, mac),
		       (unsigned long long)r->server[i].count.frames,
		       100.0 * (double)r->server[i].count.frames / (double)r->total.frames);
}

void report_sink(const struct options *o, const struct sink_report *r, double pps, bool final)
{
	if (o->json) {
		print_json(sink_json(r, pps, final));
		return;
	}
	if (final)
		sink_text(r);
	else
		printf("%llu frames, %.0f pps, lost %llu\n", (unsigned long long)r->total.frames,
		       pps, r->lost);
	fflush(stdout);
}

void report_ceiling(const struct options *o, const struct send_result *r,
		    const struct sink_report *peer)
{
	double pps = rate(peer->total.frames, peer->seconds);
	json_t *j;

	if (!o->json) {
		send_text(o, r);
		printf("ceiling: %.0f pps reached a peer that drops them\n", pps);
		fflush(stdout);
		return;
	}
	j = send_json(o, r, "ceiling");
	put_int(j, "received", peer->total.frames);
	put_real(j, "ceiling_pps", pps);
	print_json(j);
}
