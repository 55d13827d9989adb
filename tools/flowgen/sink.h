/* SPDX-License-Identifier: BSD-2-Clause */
/* The sink: sink.bpf.c on one or more interfaces, and its counters read together. */
#ifndef FLOWGEN_SINK_H
#define FLOWGEN_SINK_H

#include "abi.h"
#include "hist.h"
#include "options.h"

struct sink;

struct sink_stream_sum {
	unsigned int stream;
	struct sink_stream count; /* of all CPUs */
	unsigned long long lost;  /* between the lowest and the highest number that came */
};

struct sink_server_sum {
	uint8_t mac[6];
	struct sink_server count;
};

/* What the counters say since the sink was opened. */
struct sink_report {
	struct sink_total total;
	unsigned long long lost, duplicates, reordered, late, syns; /* of all streams */
	double seconds; /* from the first frame to the last */
	unsigned int n_streams, n_servers;
	struct sink_stream_sum stream[STREAMS_MAX];
	struct sink_server_sum *server; /* by MAC */
	__u64 latency[HIST_BUCKETS];
	__u64 size[SIZES]; /* frames by length without FCS */
};

/* Attaches to o's interfaces; drop_only: counts totals alone, of whatever comes. Returns 0, or
 * -errno with one line in err. All of these: main thread. */
int sink_open(struct sink **out, const struct options *o, bool drop_only, char *err, size_t size);
int sink_read(struct sink *s, struct sink_report **out);
unsigned long long sink_frames(const struct sink *s); /* that came so far; cheap */
void sink_report_free(struct sink_report *r);
void sink_close(struct sink *s);

#endif
