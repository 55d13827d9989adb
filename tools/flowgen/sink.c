/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flowgen/sink.skel.h"

struct sink {
	struct sink_bpf *skel;
	int link_fd[OPTIONS_NICS]; /* closing it detaches the program */
	int n_links;
	int n_cpus;
	bool drop_only;
};

static int load(struct sink *s, const struct options *o, char *err, size_t size)
{
	struct sink_bpf *skel = sink_bpf__open();
	unsigned int streams = s->drop_only ? 1 : o->streams;
	int r;

	if (!skel)
		return -errno;
	s->skel = skel;
	skel->rodata->sink_streams = streams;
	bpf_map__set_max_entries(skel->maps.seen, streams * SEEN_WORDS);
	bpf_map__set_max_entries(skel->maps.lanes, streams * LANES);
	bpf_map__set_max_entries(skel->maps.servers, s->drop_only ? 1 : o->servers);
	r = sink_bpf__load(skel);
	if (r)
		snprintf(err, size, "can't load the sink's BPF program: %s", strerror(-r));
	return r == -EINVAL ? -EIO : r; /* not the user's fault */
}

static int attach(struct sink *s, const char *nic, bool skb, char *err, size_t size)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = skb ? XDP_FLAGS_SKB_MODE : 0);
	int prog, fd, ifindex = (int)if_nametoindex(nic);

	assert(s->skel);
	prog = bpf_program__fd(s->drop_only ? s->skel->progs.drop : s->skel->progs.sink);
	if (!ifindex) {
		snprintf(err, size, "-i %s: no such interface", nic);
		return -ENODEV;
	}
	fd = bpf_link_create(prog, ifindex, BPF_XDP, &opts);
	if (fd < 0) {
		snprintf(err, size, "-i %s: can't attach the XDP program: %s%s", nic, strerror(-fd),
			 fd == -EBUSY ? " (another is there)" : "");
		return fd;
	}
	s->link_fd[s->n_links++] = fd;
	return 0;
}

int sink_open(struct sink **out, const struct options *o, bool drop_only, char *err, size_t size)
{
	struct sink *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->drop_only = drop_only;
	s->n_cpus = libbpf_num_possible_cpus();
	r = s->n_cpus < 0 ? s->n_cpus : load(s, o, err, size);
	for (int i = 0; !r && i < o->n_nics; i++)
		r = attach(s, o->nic[i], o->skb, err, size);
	if (r) {
		sink_close(s);
		return r;
	}
	*out = s;
	return 0;
}

void sink_close(struct sink *s)
{
	if (!s)
		return;
	while (s->n_links)
		close(s->link_fd[--s->n_links]);
	sink_bpf__destroy(s->skel);
	free(s);
}

/* A map's value on every CPU, to be freed; NULL if there is no memory or no such key. */
static void *percpu(const struct sink *s, struct bpf_map *map, const void *key, size_t value)
{
	void *all = calloc((size_t)s->n_cpus, value);

	if (all && bpf_map_lookup_elem(bpf_map__fd(map), key, all)) {
		free(all);
		return NULL;
	}
	return all;
}

unsigned long long sink_frames(const struct sink *s)
{
	struct sink_total *all = percpu(s, s->skel->maps.total, &(__u32){0}, sizeof(*all));
	unsigned long long n = 0;

	for (int cpu = 0; all && cpu < s->n_cpus; cpu++)
		n += all[cpu].frames;
	free(all);
	return n;
}

static void add_total(struct sink_total *sum, const struct sink_total *t)
{
	if (!sum->frames || t->first_ns < sum->first_ns)
		sum->first_ns = t->first_ns;
	if (t->last_ns > sum->last_ns)
		sum->last_ns = t->last_ns;
	if (!sum->frames || t->latency_min < sum->latency_min)
		sum->latency_min = t->latency_min;
	if (t->latency_max > sum->latency_max)
		sum->latency_max = t->latency_max;
	sum->frames += t->frames;
	sum->bytes += t->bytes;
	sum->latency_sum += t->latency_sum;
}

static int read_total(const struct sink *s, struct sink_report *r)
{
	struct sink_total *all = percpu(s, s->skel->maps.total, &(__u32){0}, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (int cpu = 0; cpu < s->n_cpus; cpu++) {
		r->total.foreign += all[cpu].foreign;
		r->total.no_room += all[cpu].no_room;
		if (all[cpu].frames)
			add_total(&r->total, &all[cpu]);
	}
	r->seconds = (double)(r->total.last_ns - r->total.first_ns) / 1e9;
	free(all);
	return 0;
}

static void add_stream(struct sink_stream *sum, const struct sink_stream *t)
{
	if (!t->frames)
		return;
	if (!sum->frames || t->first < sum->first)
		sum->first = t->first;
	if (t->last > sum->last)
		sum->last = t->last;
	sum->frames += t->frames;
	sum->bytes += t->bytes;
	sum->duplicates += t->duplicates;
	sum->reordered += t->reordered;
	sum->late += t->late;
	sum->syns += t->syns;
}

/* Frames that are late are taken for first comers. With frames under way on other CPUs a reading
 * may be off by those: never below 0. */
static unsigned long long lost(const struct sink_stream *t)
{
	unsigned long long span = t->last - t->first + 1, came = t->frames - t->duplicates;

	return span > came ? span - came : 0;
}

static int read_stream(const struct sink *s, struct sink_report *r, __u32 number)
{
	struct sink_stream *all = percpu(s, s->skel->maps.streams, &number, sizeof(*all));
	struct sink_stream_sum *sum = &r->stream[r->n_streams];

	if (!all)
		return -ENOMEM;
	for (int cpu = 0; cpu < s->n_cpus; cpu++)
		add_stream(&sum->count, &all[cpu]);
	free(all);
	if (!sum->count.frames)
		return 0;
	sum->stream = number;
	sum->lost = lost(&sum->count);
	r->lost += sum->lost;
	r->duplicates += sum->count.duplicates;
	r->reordered += sum->count.reordered;
	r->late += sum->count.late;
	r->syns += sum->count.syns;
	r->n_streams++;
	return 0;
}

/* An array of counters. */
static int read_counters(const struct sink *s, struct bpf_map *map, __u64 *out, __u32 n)
{
	for (__u32 key = 0; key < n; key++) {
		__u64 *all = percpu(s, map, &key, sizeof(*all));

		if (!all)
			return -ENOMEM;
		for (int cpu = 0; cpu < s->n_cpus; cpu++)
			out[key] += all[cpu];
		free(all);
	}
	return 0;
}

static int read_server(const struct sink *s, struct sink_report *r, __u64 mac)
{
	struct sink_server *all = percpu(s, s->skel->maps.servers, &mac, sizeof(*all));
	struct sink_server_sum *sum, *more;

	if (!all)
		return -ENOMEM;
	more = reallocarray(r->server, r->n_servers + 1, sizeof(*more));
	if (!more) {
		free(all);
		return -ENOMEM;
	}
	r->server = more;
	sum = &more[r->n_servers++];
	memset(sum, 0, sizeof(*sum));
	for (int i = 0; i < 6; i++)
		sum->mac[i] = (uint8_t)(mac >> (40 - 8 * i));
	for (int cpu = 0; cpu < s->n_cpus; cpu++) {
		sum->count.frames += all[cpu].frames;
		sum->count.bytes += all[cpu].bytes;
	}
	free(all);
	return 0;
}

static int by_mac(const void *a, const void *b)
{
	return memcmp(((const struct sink_server_sum *)a)->mac,
		      ((const struct sink_server_sum *)b)->mac, 6);
}

static int read_servers(const struct sink *s, struct sink_report *r)
{
	int fd = bpf_map__fd(s->skel->maps.servers), err = 0;
	__u64 key, *last = NULL;

	while (!err && !bpf_map_get_next_key(fd, last, &key)) {
		err = read_server(s, r, key);
		last = &key;
	}
	if (r->n_servers)
		qsort(r->server, r->n_servers, sizeof(*r->server), by_mac);
	return err;
}

int sink_read(struct sink *s, struct sink_report **out)
{
	struct sink_report *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = read_total(s, r);
	for (__u32 i = 0; !err && !s->drop_only && i < STREAMS_MAX; i++)
		err = read_stream(s, r, i);
	if (!err && !s->drop_only)
		err = read_counters(s, s->skel->maps.latency, r->latency, HIST_BUCKETS);
	if (!err && !s->drop_only)
		err = read_counters(s, s->skel->maps.sizes, r->size, SIZES);
	if (!err && !s->drop_only)
		err = read_servers(s, r);
	if (err) {
		sink_report_free(r);
		return err;
	}
	*out = r;
	return 0;
}

void sink_report_free(struct sink_report *r)
{
	if (!r)
		return;
	free(r->server);
	free(r);
}
