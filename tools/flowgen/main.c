/* SPDX-License-Identifier: BSD-2-Clause */
/* flowgen: a traffic generator, its sink, and the generator's own ceiling. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "nic.h"
#include "options.h"
#include "report.h"
#include "send.h"
#include "sink.h"
#include "wait.h"

enum {
	ERR_TEXT = 256,
	COUNT_POLL_MS = 20, /* how often a sink looks whether enough has come */
};

static int run_send(struct options *o, char *err)
{
	struct send_result result;
	int r = send_run(o, &result, err, ERR_TEXT);

	if (!r)
		report_send(o, &result);
	return r;
}

/* What a sink's report takes its rate from: the reading before. */
struct reading {
	unsigned long long frames;
	uint64_t ns;
};

static int print_sink(const struct options *o, struct sink *s, struct reading *prev, bool final)
{
	uint64_t now = clock_ns();
	struct sink_report *rep;
	double pps;
	int r = sink_read(s, &rep);

	if (r)
		return r;
	pps = (double)(rep->total.frames - prev->frames) * 1e9 / (double)(now - prev->ns);
	*prev = (struct reading){rep->total.frames, now};
	report_sink(o, rep, pps, final);
	sink_report_free(rep);
	return 0;
}

/* Until a signal, the time, or the count. */
static int watch_sink(const struct options *o, struct sink *s)
{
	uint64_t start = clock_ns(), step = (uint64_t)(o->interval * 1e9), next = start + step;
	uint64_t end = o->seconds > 0 ? start + (uint64_t)(o->seconds * 1e9) : UINT64_MAX;
	struct reading prev = {0, start};
	int r = 0;

	while (!r && clock_ns() < end && !wait_signal(COUNT_POLL_MS)) {
		if (o->count && sink_frames(s) >= o->count)
			break;
		if (!step || clock_ns() < next)
			continue;
		r = print_sink(o, s, &prev, false);
		next += step;
	}
	return r ? r : print_sink(o, s, &prev, true);
}

static int run_sink(struct options *o, char *err)
{
	struct sink *s;
	int r = sink_open(&s, o, false, err, ERR_TEXT);

	if (r)
		return r;
	fputs("ready\n", stderr);
	r = watch_sink(o, s);
	sink_close(s);
	return r;
}

/* Between two interfaces of a namespace of its own. */
static int run_ceiling(struct options *o, char *err)
{
	struct options peer = *o;
	unsigned int queues = o->cpus.n ? (unsigned int)o->cpus.n : 1;
	struct send_result result;
	struct sink_report *rep;
	struct sink *s;
	int r = nic_private_pair("gen", "drop", queues, err, ERR_TEXT);

	if (r)
		return r;
	peer.n_nics = o->n_nics = 1;
	strcpy(o->nic[0], "gen");
	strcpy(peer.nic[0], "drop");
	r = sink_open(&s, &peer, true, err, ERR_TEXT);
	if (r)
		return r;
	if (!o->has_dst_mac)
		r = nic_mac("drop", o->dst_mac, err, ERR_TEXT);
	if (!r)
		r = send_run(o, &result, err, ERR_TEXT);
	if (!r)
		r = sink_read(s, &rep);
	if (!r) {
		report_ceiling(o, &result, rep);
		sink_report_free(rep);
	}
	sink_close(s);
	return r;
}

static const struct {
	const char *name;
	enum verb verb;
	int (*run)(struct options *o, char *err); /* 0, or -errno with a line in err */
	const char *help;
} verbs[] = {
	{"send", VERB_SEND, run_send, "sends frames of many flows to a director"},
	{"sink", VERB_SINK, run_sink, "counts and drops them where the servers would be"},
	{"ceiling", VERB_CEILING, run_ceiling,
	 "sends them to a peer that drops everything: the most the generator can do here"},
};
#define N_VERBS (sizeof(verbs) / sizeof(*verbs))

static void usage(FILE *out)
{
	fputs("usage: flowgen VERB [OPTION]...\n", out);
	for (size_t i = 0; i < N_VERBS; i++) {
		fprintf(out, "\nflowgen %s: %s\n", verbs[i].name, verbs[i].help);
		options_usage(out, verbs[i].verb);
	}
}

static int run(size_t i, int argc, char **argv)
{
	char err[ERR_TEXT] = "";
	struct options o;
	enum exit_code code = options_read(&o, verbs[i].verb, argc, argv, err, sizeof(err));
	int r;

	if (code == EXIT_OK) {
		wait_block_signals();
		r = verbs[i].run(&o, err);
		if (r && !*err)
			snprintf(err, sizeof(err), "%s", strerror(-r));
		code = r == -EINVAL || r == -ENODEV ? EXIT_BAD_ARGS : exit_code_of(r);
	}
	if (code != EXIT_OK)
		fprintf(stderr, "flowgen %s: %s\n", verbs[i].name, err);
	return code;
}

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help"))) {
		usage(stdout);
		return EXIT_OK;
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("flowgen " SHUNT_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; argc > 1 && i < N_VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return run(i, argc - 1, argv + 1);
	usage(stderr);
	return EXIT_BAD_ARGS;
}
