/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

enum {
	GEN = VERB_SEND | VERB_CEILING,
	ALL = VERB_SEND | VERB_CEILING | VERB_SINK,
	SERVERS_DEFAULT = 4096,
	SERVERS_MAX = 1 << 20,
	STREAMS_DEFAULT = 16,
	ACKS_MAX = 1 << 20,
	BURST_MAX = 64,
	LAG_MAX_MS = 10000,
	LONG_ONLY = 256, /* options without a letter are numbered from here */
};

static bool read_count(const char *text, unsigned long long low, unsigned long long high,
		       unsigned long long *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno)
		return false;
	if (*end == 'k' || *end == 'M') {
		unsigned long long factor = *end == 'k' ? 1000 : 1000000;

		if (*out > high / factor)
			return false;
		*out *= factor;
		end++;
	}
	return !*end && *out >= low && *out <= high;
}

static bool read_small(const char *text, unsigned int low, unsigned int high, unsigned int *out)
{
	unsigned long long v;

	if (!read_count(text, low, high, &v))
		return false;
	*out = (unsigned int)v;
	return true;
}

/* Positive, finite, decimal. */
static bool read_real(const char *text, double high, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end && isfinite(*out) && *out > 0 && *out <= high;
}

int options_mac(const char *text, uint8_t mac[6])
{
	char *end;

	for (int i = 0; i < 6; i++) {
		unsigned long byte = strtoul(text, &end, 16);

		if (end - text != 2 || byte > 255 || *end != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		mac[i] = (uint8_t)byte;
		text = end + 1;
	}
	return 0;
}

static bool on_nic(struct options *o, const char *v)
{
	if (!*v || strlen(v) >= IFNAMSIZ || o->n_nics == OPTIONS_NICS)
		return false;
	strcpy(o->nic[o->n_nics++], v);
	return true;
}

static bool on_engine(struct options *o, const char *v)
{
	o->engine = strcmp(v, "xdp") ? ENGINE_AFXDP : ENGINE_XDP;
	return !strcmp(v, "xdp") || !strcmp(v, "afxdp");
}

static bool on_list(const char *v, struct cpulist *out)
{
	char err[128];

	return !cpulist_parse(v, NULL, out, err, sizeof(err)) && out->n <= OPTIONS_THREADS;
}

static bool on_cpus(struct options *o, const char *v)
{
	return on_list(v, &o->cpus);
}

static bool on_queues(struct options *o, const char *v)
{
	return on_list(v, &o->queues);
}

static bool on_rate(struct options *o, const char *v)
{
	unsigned long long pps;

	if (!read_count(v, 1, 1000000000, &pps))
		return false;
	o->rate = (double)pps;
	return true;
}

static bool on_burst(struct options *o, const char *v)
{
	return read_small(v, 1, BURST_MAX, &o->burst);
}

static bool on_lag(struct options *o, const char *v)
{
	return read_small(v, 1, LAG_MAX_MS, &o->lag_ms);
}

static bool on_seconds(struct options *o, const char *v)
{
	return read_real(v, 1e6, &o->seconds);
}

static bool on_interval(struct options *o, const char *v)
{
	return read_real(v, 1e6, &o->interval) && o->interval >= 0.01;
}

static bool on_count(struct options *o, const char *v)
{
	return read_count(v, 1, 1ull << 48, &o->count);
}

static bool on_dst_mac(struct options *o, const char *v)
{
	o->has_dst_mac = true;
	return !options_mac(v, o->dst_mac);
}

static bool on_src_mac(struct options *o, const char *v)
{
	o->has_src_mac = true;
	return !options_mac(v, o->src_mac);
}

static bool on_vip(struct options *o, const char *v)
{
	return !addr_parse(v, &o->vip);
}

static bool on_port(struct options *o, const char *v)
{
	return !port_parse(v, &o->port);
}

static bool on_src(struct options *o, const char *v)
{
	char text[ADDR_TEXT];
	const char *slash = strchr(v, '/');
	size_t len = slash ? (size_t)(slash - v) : strlen(v);
	unsigned int width, left;

	if (len >= sizeof(text))
		return false;
	memcpy(text, v, len);
	text[len] = '\0';
	if (addr_parse(text, &o->src))
		return false;
	width = addr_is_v4(&o->src) ? 32 : 128;
	o->has_src = true;
	o->src_bits = width;
	if (slash && !read_small(slash + 1, 0, width, &o->src_bits))
		return false;
	left = width - o->src_bits;
	for (unsigned int i = 0; i < left; i++)
		o->src.b[15 - i / 8] &= (uint8_t) ~(1u << (i % 8));
	return true;
}

static bool on_udp(struct options *o, const char *v)
{
	(void)v;
	o->kind = KIND_UDP;
	return true;
}

static bool on_ack(struct options *o, const char *v)
{
	(void)v;
	o->kind = KIND_ACK;
	return true;
}

static bool on_syn(struct options *o, const char *v)
{
	(void)v;
	o->kind = KIND_SYN;
	return true;
}

static bool on_new(struct options *o, const char *v)
{
	o->kind = KIND_NEW;
	o->acks = 1;
	return !v || read_small(v, 0, ACKS_MAX, &o->acks);
}

static bool on_flows(struct options *o, const char *v)
{
	return read_small(v, 1, FLOWS_MAX, &o->flows);
}

static bool on_tuples(struct options *o, const char *v)
{
	o->random_tuples = !strcmp(v, "random");
	return o->random_tuples || !strcmp(v, "seq");
}

static bool on_pick(struct options *o, const char *v)
{
	o->pick = !strcmp(v, "rr") ? PICK_RR : PICK_RANDOM;
	return o->pick == PICK_RR || !strcmp(v, "random");
}

static bool on_zipf(struct options *o, const char *v)
{
	o->pick = PICK_ZIPF;
	return read_real(v, 8, &o->zipf);
}

static bool on_size(struct options *o, const char *v)
{
	o->size = 0;
	o->has_size = true;
	return !strcmp(v, "imix") || read_small(v, 1, FRAME_MAX + FCS, &o->size);
}

static bool on_seed(struct options *o, const char *v)
{
	return read_count(v, 0, ~0ull, &o->seed);
}

static bool on_stream(struct options *o, const char *v)
{
	return read_small(v, 0, STREAMS_MAX - 1, &o->stream);
}

static bool on_streams(struct options *o, const char *v)
{
	return read_small(v, 1, STREAMS_MAX, &o->streams);
}

static bool on_servers(struct options *o, const char *v)
{
	return read_small(v, 1, SERVERS_MAX, &o->servers);
}

static bool on_skb(struct options *o, const char *v)
{
	(void)v;
	o->skb = true;
	return true;
}

static bool on_json(struct options *o, const char *v)
{
	(void)v;
	o->json = true;
	return true;
}

/* One option: its row is its help, too. */
static const struct row {
	int letter; /* 0: none */
	const char *name;
	const char *arg; /* NULL: none; "[X]": may be left out */
	const char *help;
	int verbs;
	bool (*take)(struct options *o, const char *v);
} rows[] = {
	{'i', "interface", "IF", "the interface (sink: up to 16 of them)", VERB_SEND | VERB_SINK,
	 on_nic},
	{'e', "engine", "xdp|afxdp", "how frames are sent (as the rate demands)", GEN, on_engine},
	{'c', "cpus", "LIST", "a thread on each of these CPUs (one thread, any CPU)", GEN, on_cpus},
	{'q', "queues", "LIST", "afxdp: the threads' queues (0, 1, ...)", GEN, on_queues},
	{'r', "rate", "PPS", "frames a second, of all threads (as many as go)", GEN, on_rate},
	{'b', "burst", "N", "paced frames go N together (1)", GEN, on_burst},
	{0, "lag", "MS", "paced: how much delay is caught up on, not left out (1)", GEN, on_lag},
	{'t', "seconds", "S", "end after this time (at SIGINT)", ALL, on_seconds},
	{'n', "count", "N", "end after so many frames", ALL, on_count},
	{0, "interval", "S", "report every S seconds, too", VERB_SINK, on_interval},
	{'m', "dst-mac", "MAC", "destination, of the director", GEN, on_dst_mac},
	{0, "src-mac", "MAC", "source (the interface's own)", GEN, on_src_mac},
	{'d', "vip", "ADDR", "destination (198.18.0.42)", GEN, on_vip},
	{'p', "port", "PORT", "destination port (80)", GEN, on_port},
	{'s', "src", "ADDR/LEN", "sources (198.19.0.0/16, or 2001:2:0:1::/64)", GEN, on_src},
	{'u', "udp", NULL, "UDP (default)", GEN, on_udp},
	{0, "ack", NULL, "TCP, ACK only", GEN, on_ack},
	{0, "syn", NULL, "TCP, SYN only", GEN, on_syn},
	{0, "new", "[ACKS]", "TCP, each flow a SYN and then ACKs (1)", GEN, on_new},
	{'f', "flows", "N", "how many, up to 16777216 (1)", GEN, on_flows},
	{0, "tuples", "random|seq", "sources and source ports (random)", GEN, on_tuples},
	{0, "pick", "rr|random", "which flow's turn it is (rr)", GEN, on_pick},
	{0, "zipf", "S", "flow k is picked in proportion to k^-S", GEN, on_zipf},
	{'z', "size", "N|imix", "of a frame with FCS; imix: 64, 570, 1518 as 7:4:1 (least)", GEN,
	 on_size},
	{0, "seed", "N", "of random numbers (0)", GEN, on_seed},
	{0, "stream", "N", "number of the first thread's stream (0)", GEN, on_stream},
	{0, "streams", "N", "streams 0..N-1 are expected (16)", VERB_SINK, on_streams},
	{0, "servers", "N", "most MACs that are told apart (4096)", VERB_SINK, on_servers},
	{0, "skb", NULL, "generic XDP, or AF_XDP's copy mode", VERB_SEND | VERB_SINK, on_skb},
	{'j', "json", NULL, "print JSON", ALL, on_json},
};

void options_usage(FILE *out, enum verb verb)
{
	char text[48];

	for (size_t i = 0; i < LEN(rows); i++) {
		const struct row *r = &rows[i];

		if (!(r->verbs & (int)verb))
			continue;
		snprintf(text, sizeof(text), "--%s%s%s", r->name,
			 !r->arg	    ? ""
			 : r->arg[0] == '[' ? "="
					    : " ",
			 r->arg ? r->arg : "");
		fprintf(out, r->letter ? "  -%c, " : "      ", r->letter);
		fprintf(out, "%-22s %s\n", text, r->help);
	}
}

static void set_defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->vip = addr_v4(htonl(0xc612002a));
	o->port = htons(80);
	o->flows = 1;
	o->random_tuples = true;
	o->size = 64;
	o->lag_ms = 1;
	o->streams = STREAMS_DEFAULT;
	o->servers = SERVERS_DEFAULT;
}

/* Rows of other verbs aren't there. The index of a long option's row is its val - LONG_ONLY. */
static void getopt_tables(enum verb verb, char *letters, struct option *longs)
{
	*letters++ = ':';
	for (size_t i = 0; i < LEN(rows); i++) {
		const struct row *r = &rows[i];

		if (!(r->verbs & (int)verb))
			continue;
		*longs++ = (struct option){
			.name = r->name,
			.has_arg = !r->arg ? no_argument
					   : (r->arg[0] == '[' ? optional_argument
							       : required_argument),
			.val = LONG_ONLY + (int)i,
		};
		if (r->letter)
			*letters++ = (char)r->letter;
		if (r->letter && r->arg)
			*letters++ = ':';
	}
	*letters = '\0';
	*longs = (struct option){0};
}

static const struct row *find_row(int val)
{
	if (val >= LONG_ONLY)
		return &rows[val - LONG_ONLY];
	for (size_t i = 0; i < LEN(rows); i++)
		if (rows[i].letter == val)
			return &rows[i];
	return NULL;
}

/* What options say together. Returns the complaint, or NULL. */
static const char *check(struct options *o, enum verb verb)
{
	unsigned int threads = o->cpus.n ? (unsigned int)o->cpus.n : 1;

	if (verb != VERB_CEILING && !o->n_nics)
		return "-i IF is missing";
	if (verb == VERB_SINK)
		return NULL;
	if (o->n_nics > 1)
		return "-i: one interface to send on";
	if (verb == VERB_SEND && !o->has_dst_mac)
		return "--dst-mac is missing: the director's MAC";
	if (threads > o->flows)
		return "--flows: fewer than threads; cure: at least one flow to each";
	if (o->stream + threads > STREAMS_MAX)
		return "--stream: the last thread's number would be above 255";
	if (o->queues.n && o->queues.n != (int)threads)
		return "--queues: as many as --cpus are needed";
	if (o->kind == KIND_NEW && o->pick != PICK_RR)
		return "--new goes through the flows in turn; cure: no --pick, no --zipf";
	if (!o->has_src)
		on_src(o, addr_is_v4(&o->vip) ? "198.19.0.0/16" : "2001:2:0:1::/64");
	return NULL;
}

enum exit_code options_read(struct options *o, enum verb verb, int argc, char **argv, char *err,
			    size_t size)
{
	struct option longs[LEN(rows) + 1];
	char letters[2 * LEN(rows) + 2];
	const char *complaint;
	int val;

	set_defaults(o);
	getopt_tables(verb, letters, longs);
	optind = 0; /* from the start, also when called again */
	opterr = 0;
	while ((val = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct row *r = val == '?' || val == ':' ? NULL : find_row(val);

		if (!r) {
			snprintf(err, size, "%s: %s", argv[optind - 1],
				 val == ':' ? "a value is missing" : "no such option here");
			return EXIT_BAD_ARGS;
		}
		if (r->take(o, optarg))
			continue;
		snprintf(err, size, "--%s %s: not %s", r->name, optarg ? optarg : "", r->arg);
		return EXIT_BAD_ARGS;
	}
	complaint = optind < argc ? "what's that word for?" : check(o, verb);
	if (!complaint)
		return EXIT_OK;
	if (optind < argc)
		snprintf(err, size, "%s: %s", argv[optind], complaint);
	else
		snprintf(err, size, "%s", complaint);
	return EXIT_BAD_ARGS;
}
