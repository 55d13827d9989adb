/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "conf/conf.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

enum {
	FLOWS_MIN = 1024,
	FLOWS_MAX = 1 << 28,
	FLOWS_DEFAULT = 1 << 20,
	FRAMES_MIN = 2048,
	FRAMES_MAX = 65536,
	FRAMES_DEFAULT = 8192,
	SECRET_MIN = 16,
	LONG_ONLY = 256, /* options without a letter are numbered from here */
};

static const char ctl_default[] = "/run/shunt/ctl.sock";

/* A command line while it is read. */
struct reader {
	struct args *args;
	const char *option; /* as its row calls it: "--mode" */
	char *err;
	size_t size;
};

__attribute__((format(printf, 3, 4))) static enum exit_code
fail(struct reader *r, enum exit_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->err, r->size, fmt, ap);
	va_end(ap);
	return code;
}

static enum exit_code bad(struct reader *r, const char *value, const char *what)
{
	return fail(r, EXIT_BAD_ARGS, "%s %s: %s", r->option, value, what);
}

static enum exit_code set_action(struct reader *r, enum args_action action)
{
	if (r->args->action != ACTION_RUN && r->args->action != action)
		return fail(r, EXIT_BAD_ARGS,
			    "%s: excludes another option here; cure: one of -t, -T, --print-plan, "
			    "--cleanup",
			    r->option);
	r->args->action = action;
	return EXIT_OK;
}

/* The place of a word in a list that ends with NULL; -1 if it isn't there. */
static int find_word(const char *word, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (!strcmp(word, list[i]))
			return i;
	return -1;
}

static enum exit_code read_word(struct reader *r, const char *value, const char *const *list,
				int *out)
{
	char all[128] = "";
	size_t at = 0;

	*out = find_word(value, list);
	if (*out >= 0)
		return EXIT_OK;
	for (int i = 0; list[i] && at < sizeof(all); i++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s", i ? ", " : "", list[i]);
	return fail(r, EXIT_BAD_ARGS, "%s %s: no such word; cure: one of %s", r->option, value,
		    all);
}

/* A decimal number, with k or M (1024 times) if suffix. Returns -1 if it is none. */
static long long read_number(const char *text, bool suffix)
{
	long long v;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || v > 1LL << 40)
		return -1;
	if (suffix && *end && strchr("kK", *end)) {
		v <<= 10;
		end++;
	} else if (suffix && *end && strchr("mM", *end)) {
		v <<= 20;
		end++;
	}
	return *end ? -1 : v;
}

static enum exit_code on_file(struct reader *r, const char *value)
{
	if (r->args->file)
		return bad(r, value, "one file too many; cure: -f once, and include in it");
	r->args->file = value;
	return EXIT_OK;
}

static enum exit_code add_nic(struct reader *r, const char *name, size_t len)
{
	struct plan_conf *c = &r->args->plan;

	if (!len)
		return bad(r, "''", "an interface's name is missing");
	if (len >= IFNAMSIZ)
		return fail(r, EXIT_BAD_ARGS,
			    "%s %.*s: longer than an interface's name can be; cure: one that "
			    "`ip -br link` lists",
			    r->option, (int)len, name);
	for (int i = 0; i < c->n_nics; i++)
		if (strlen(c->nic[i]) == len && !memcmp(c->nic[i], name, len))
			return bad(r, c->nic[i], "given twice; cure: name it once");
	if (c->n_nics == NICS_MAX)
		return fail(r, EXIT_BAD_ARGS, "%s %.*s: one interface too many, the limit is %d",
			    r->option, (int)len, name, NICS_MAX);
	memcpy(c->nic[c->n_nics++], name, len);
	return EXIT_OK;
}

static enum exit_code on_nic(struct reader *r, const char *value)
{
	enum exit_code code;
	size_t len;

	do {
		len = strcspn(value, ",");
		code = add_nic(r, value, len);
		value += len;
	} while (*value++ && code == EXIT_OK);
	return code;
}

static enum exit_code on_queue(struct reader *r, const char *value)
{
	struct plan_conf *c = &r->args->plan;

	if (c->n_queue_maps == (int)LEN(c->queue_map))
		return bad(r, value, "one too many; cure: fewer and longer lists");
	c->queue_map[c->n_queue_maps++] = value;
	return EXIT_OK;
}

static enum exit_code on_cpus(struct reader *r, const char *value)
{
	r->args->plan.cpus = value;
	return EXIT_OK;
}

static enum exit_code on_main_cpu(struct reader *r, const char *value)
{
	long long n = read_number(value, false);

	if (n < 0 || n >= CPU_SETSIZE)
		return bad(r, value, "not a CPU; cure: one number, such as 0");
	r->args->plan.main_cpu = (int)n;
	return EXIT_OK;
}

static enum exit_code on_numa(struct reader *r, const char *value)
{
	int i;
	enum exit_code code = read_word(r, value, numa_policy_name, &i);

	if (code == EXIT_OK)
		r->args->plan.numa = (enum numa_policy)i;
	return code;
}

static enum exit_code on_mode(struct reader *r, const char *value)
{
	int i;
	enum exit_code code = read_word(r, value, mode_wanted_name, &i);

	if (code == EXIT_OK)
		r->args->plan.mode = (enum mode_wanted)i;
	return code;
}

static enum exit_code on_secret(struct reader *r, const char *value)
{
	char line[256] = "";
	FILE *f = fopen(value, "re");

	if (!f)
		return bad(r, value, strerror(errno));
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	if (strlen(line) < SECRET_MIN)
		return bad(r, value,
			   "the secret is its first line, of at least 16 characters; cure: "
			   "openssl rand -hex 16 >FILE");
	free(r->args->secret);
	r->args->secret = strdup(line);
	return r->args->secret ? EXIT_OK : fail(r, EXIT_OTHER, "out of memory");
}

static enum exit_code on_vip_owner(struct reader *r, const char *value)
{
	static const char *const words[] = {"kernel", "shunt", NULL};
	enum exit_code code;
	int i;

	code = read_word(r, value, words, &i);
	r->args->vip_owner = i == 1;
	return code;
}

static enum exit_code on_poll(struct reader *r, const char *value)
{
	static const char *const word[] = {"adaptive", "busy", NULL};
	int i;
	enum exit_code code = read_word(r, value, word, &i);

	r->args->plan.poll_busy = i == 1;
	return code;
}

static enum exit_code on_on_exit(struct reader *r, const char *value)
{
	static const char *const word[] = {"detach", "drop", NULL};
	int i;
	enum exit_code code = read_word(r, value, word, &i);

	r->args->on_exit_drop = i == 1;
	return code;
}

static enum exit_code on_ctl(struct reader *r, const char *value)
{
	struct sockaddr_un sun;

	if (!*value)
		return bad(r, "''", "no path; cure: an absolute path of a socket");
	if (strlen(value) >= sizeof(sun.sun_path))
		return fail(r, EXIT_BAD_ARGS, "%s %s: %zu characters; cure: a path of at most %zu",
			    r->option, value, strlen(value), sizeof(sun.sun_path) - 1);
	r->args->ctl = value;
	return EXIT_OK;
}

/* Where strangers reach it only if that is said, too. */
static enum exit_code on_metrics(struct reader *r, const char *value)
{
	size_t len = strcspn(value, ",");
	struct endpoint at = {0};
	char text[ADDR_TEXT];

	snprintf(text, sizeof(text), "%.*s", (int)len, value);
	if (addr_port_parse(text, &at.addr, &at.port) || !at.port)
		return bad(r, value, "no address and port; cure: such as 127.0.0.1:9105");
	if (value[len] && strcmp(value + len, ",public") != 0)
		return bad(r, value, "only ,public may follow the port");
	if (!value[len] && !addr_is_loopback(&at.addr))
		return bad(r, value,
			   "not this machine's own; cure: 127.0.0.1, or put ,public "
			   "behind the port");
	r->args->metrics = at;
	return EXIT_OK;
}

static enum exit_code on_flows(struct reader *r, const char *value)
{
	long long n = read_number(value, true);

	if (n < FLOWS_MIN || n > FLOWS_MAX)
		return bad(r, value, "not a number of flows; cure: 1k to 256M, such as 1M");
	r->args->flows = (uint32_t)n;
	return EXIT_OK;
}

static enum exit_code on_frames(struct reader *r, const char *value)
{
	long long n = read_number(value, true);

	if (n < FRAMES_MIN || n > FRAMES_MAX || n & (n - 1))
		return bad(r, value, "not a number of frames; cure: a power of two, 2048 to 65536");
	r->args->frames = (uint32_t)n;
	return EXIT_OK;
}

static enum exit_code on_test(struct reader *r, const char *value)
{
	(void)value;
	return set_action(r, ACTION_TEST);
}

static enum exit_code on_print_conf(struct reader *r, const char *value)
{
	(void)value;
	return set_action(r, ACTION_PRINT_CONF);
}

static enum exit_code on_print_plan(struct reader *r, const char *value)
{
	if (!value)
		return set_action(r, ACTION_PLAN_TEXT);
	if (strcmp(value, "json"))
		return bad(r, value, "no such form; cure: --print-plan or --print-plan=json");
	return set_action(r, ACTION_PLAN_JSON);
}

static enum exit_code on_cleanup(struct reader *r, const char *value)
{
	(void)value;
	return set_action(r, ACTION_CLEANUP);
}

/* Help and version win over whatever else is there. */
static enum exit_code on_help(struct reader *r, const char *value)
{
	(void)value;
	r->args->action = ACTION_HELP;
	return EXIT_OK;
}

static enum exit_code on_version(struct reader *r, const char *value)
{
	(void)value;
	r->args->action = ACTION_VERSION;
	return EXIT_OK;
}

/* Help shows them in this order. */
static const struct option_row {
	char letter; /* 0: none */
	const char *name;
	int has_arg;
	const char *arg;
	const char *help;
	enum exit_code (*handle)(struct reader *r, const char *value);
} option_row[] = {
	{'f', "file", required_argument, "FILE", "configuration, see shunt.conf(5)", on_file},
	{'i', "interface", required_argument, "IF", "serve all queues of IF; repeat, or IF,IF",
	 on_nic},
	{0, "queue", required_argument, "IF:QLIST@CPULIST",
	 "pair queues with CPUs by hand, e.g. eth0:0-3@4-7; repeat", on_queue},
	{0, "cpus", required_argument, "LIST",
	 "workers' CPUs: N N-M N-M:STEP 0xMASK all isolated node:N nic:IF !term", on_cpus},
	{0, "main-cpu", required_argument, "N", "the management thread's CPU", on_main_cpu},
	{0, "numa", required_argument, "POLICY",
	 "strict | prefer | off: keep workers and memory on the NIC's node (prefer)", on_numa},
	{0, "mode", required_argument, "MODE",
	 "auto | zerocopy | copy | skb: auto takes the best there is (auto)", on_mode},
	{0, "secret-file", required_argument, "FILE",
	 "directors with one secret choose one server for a packet: its first line", on_secret},
	{0, "vip-owner", required_argument, "WHO",
	 "kernel | shunt: who answers ARP, ND and echo for the services' addresses (kernel)",
	 on_vip_owner},
	{0, "poll", required_argument, "HOW",
	 "busy | adaptive: spin always, or sleep when idle (adaptive)", on_poll},
	{0, "flows", required_argument, "N", "flow table entries in all, with k or M (1M)",
	 on_flows},
	{0, "frames", required_argument, "N", "packet buffers of each queue, a power of two (8192)",
	 on_frames},
	{0, "ctl", required_argument, "PATH", "control socket ($SHUNT_CTL, or /run/shunt/ctl.sock)",
	 on_ctl},
	{0, "metrics", required_argument, "ADDR:PORT[,public]",
	 "answer Prometheus there, by HTTP (not at all)", on_metrics},
	{0, "on-exit", required_argument, "WHAT",
	 "detach | drop: what becomes of services' packets afterwards (detach)", on_on_exit},
	{'t', "test", no_argument, NULL, "check the arguments and the file, and exit", on_test},
	{'T', "print-config", no_argument, NULL, "print the effective configuration, and exit",
	 on_print_conf},
	{0, "print-plan", optional_argument, "json", "show queues, CPUs and nodes, and exit",
	 on_print_plan},
	{0, "cleanup", no_argument, NULL, "remove what a crash left behind, and exit", on_cleanup},
	{'h', "help", no_argument, NULL, "show this, and exit", on_help},
	{'V', "version", no_argument, NULL, "show the version, and exit", on_version},
};

enum {
	OPTIONS = LEN(option_row)
};

static int option_id(int i)
{
	return option_row[i].letter ? option_row[i].letter : LONG_ONLY + i;
}

/* getopt's tables. letters: ':' first, so that a missing value is told from an unknown option. */
static void fill_tables(struct option *options, char *letters)
{
	*letters++ = ':';
	for (int i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_row[i];

		options[i] = (struct option){row->name, row->has_arg, NULL, option_id(i)};
		if (row->letter)
			*letters++ = row->letter;
		if (row->letter && row->has_arg == required_argument)
			*letters++ = ':';
	}
	options[OPTIONS] = (struct option){0};
	*letters = '\0';
}

static const struct option_row *find_option(int id)
{
	for (int i = 0; i < OPTIONS; i++)
		if (option_id(i) == id)
			return &option_row[i];
	return NULL;
}

/* An option that getopt refused. A known one in optopt was given a value that it doesn't take; an
 * unknown letter stands there as it is, an unknown word as 0. */
static enum exit_code refuse(struct reader *r, char **argv, int what)
{
	const char *at = argv[optind - 1];

	if (what == ':')
		return fail(r, EXIT_BAD_ARGS, "%s: a value is missing; cure: see shuntd --help",
			    at);
	if (optopt && find_option(optopt))
		return fail(r, EXIT_BAD_ARGS, "%s: takes no value; cure: leave it out", at);
	if (optopt)
		return fail(r, EXIT_BAD_ARGS, "-%c: no such option; cure: see shuntd --help",
			    optopt);
	return fail(r, EXIT_BAD_ARGS, "%s: no such option; cure: see shuntd --help", at);
}

static enum exit_code handle(struct reader *r, int id)
{
	const struct option_row *row = find_option(id);
	char option[32];

	if (row->letter)
		snprintf(option, sizeof(option), "-%c", row->letter);
	else
		snprintf(option, sizeof(option), "--%s", row->name);
	r->option = option;
	return row->handle(r, optarg);
}

static enum exit_code read_options(struct reader *r, int argc, char **argv)
{
	struct option options[OPTIONS + 1];
	char letters[2 * OPTIONS + 2];
	enum exit_code code;
	int id;

	fill_tables(options, letters);
	optind = 0; /* GNU: start anew */
	opterr = 0;
	while ((id = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		code = id == ':' || id == '?' ? refuse(r, argv, id) : handle(r, id);
		if (code != EXIT_OK || r->args->action == ACTION_HELP ||
		    r->args->action == ACTION_VERSION)
			return code;
	}
	if (optind < argc)
		return fail(r, EXIT_BAD_ARGS,
			    "%s: not an option; cure: -i %s if it is an interface", argv[optind],
			    argv[optind]);
	return EXIT_OK;
}

static enum exit_code read_environment(struct reader *r)
{
	const char *ctl = getenv("SHUNT_CTL");

	r->option = "SHUNT_CTL";
	return ctl && *ctl && r->args->ctl == ctl_default ? on_ctl(r, ctl) : EXIT_OK;
}

enum exit_code args_parse(int argc, char **argv, struct args *args, char *err, size_t size)
{
	struct reader r = {.args = args, .err = err, .size = size};
	enum exit_code code;

	*args = (struct args){
		.plan.main_cpu = -1,
		.ctl = ctl_default,
		.flows = FLOWS_DEFAULT,
		.frames = FRAMES_DEFAULT,
	};
	code = read_options(&r, argc, argv);
	if (code != EXIT_OK || args->action == ACTION_HELP || args->action == ACTION_VERSION)
		return code;
	code = read_environment(&r);
	if (code != EXIT_OK)
		return code;
	if (!args->plan.n_nics && !args->file && args->action != ACTION_CLEANUP &&
	    args->action != ACTION_TEST)
		return fail(&r, EXIT_NOT_CONFIGURED, "no interface; cure: give -i IF");
	if (!args->file && args->action == ACTION_PRINT_CONF)
		return fail(&r, EXIT_BAD_ARGS, "-T: no file to print; cure: -f FILE");
	return EXIT_OK;
}

/* A file's words have _ where an option has -. */
static bool is_option(const char *keyword, const char *option)
{
	for (; *keyword && *option; keyword++, option++)
		if (*keyword != *option && !(*keyword == '_' && *option == '-'))
			return false;
	return *keyword == *option;
}

/* The command line's options, a bit for each row. */
static uint32_t options_given(int argc, char **argv)
{
	struct option options[OPTIONS + 1];
	char letters[2 * OPTIONS + 2];
	uint32_t given = 0;
	int id;

	fill_tables(options, letters);
	optind = 0; /* GNU: start anew */
	opterr = 0;
	while ((id = getopt_long(argc, argv, letters, options, NULL)) != -1)
		for (int i = 0; i < OPTIONS; i++)
			given |= id == option_id(i) ? 1U << i : 0;
	return given;
}

enum exit_code args_apply(const struct conf *conf, int argc, char **argv, struct args *args,
			  char *err, size_t size)
{
	struct reader r = {.args = args, .err = err, .size = size};
	const char *env = getenv("SHUNT_CTL");
	uint32_t given = options_given(argc, argv);

	for (int i = 0; i < conf->n_options; i++) {
		const struct conf_option *o = &conf->option[i];
		char option[512];

		snprintf(option, sizeof(option), "%s: %s", o->place, o->name);
		r.option = option;
		for (int j = 0; j < OPTIONS; j++) {
			enum exit_code code;

			if (!is_option(o->name, option_row[j].name) || given & 1U << j)
				continue;
			if (!strcmp(o->name, "ctl") && env && *env)
				continue;
			code = option_row[j].handle(&r, o->value);
			if (code != EXIT_OK)
				return code;
		}
	}
	if (!args->plan.n_nics && args->action != ACTION_TEST && args->action != ACTION_PRINT_CONF)
		return fail(&r, EXIT_NOT_CONFIGURED,
			    "no interface; cure: give -i IF, or an "
			    "interface block in the file");
	return EXIT_OK;
}

void args_help(FILE *out)
{
	fputs("usage: shuntd -i IF [option]...\n"
	      "A layer-4 director (direct routing) on AF_XDP. Runs in the foreground.\n\n",
	      out);
	for (int i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_row[i];
		const char *form = row->has_arg == optional_argument ? "[=%s]" : " %s";
		char left[64];
		int n = snprintf(left, sizeof(left), row->letter ? "-%c, " : "    ", row->letter);

		n += snprintf(left + n, sizeof(left) - (size_t)n, "--%s", row->name);
		if (row->arg)
			snprintf(left + n, sizeof(left) - (size_t)n, form, row->arg);
		fprintf(out, "  %-30s %s\n", left, row->help);
	}
	fputs("\nexit codes: 0 ok, 1 other, 2 bad arguments, 4 no permission, 6 not configured,\n"
	      "            70 internal error, 75 try again (NIC busy)\n",
	      out);
}
