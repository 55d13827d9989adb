/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipvsadm.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <popt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ipvs_grammar.h"
#include "ipvs_parse.h"
#include "names.h"

enum {
	VAL_COMMAND = 1,  /* popt's value of the first command; then the others */
	VAL_OPTION = 100, /* and of the first option */
	PERSISTENT_MAX = 31 * 24 * 60 * 60,
	PERSISTENT_DEFAULT = 6 * 60,
};

static const char default_scheduler[] = "wlc";

/* Tunnels, by ipvsadm's names. */
static const struct tunnel_row tunnels[] = {
	{"ipip", 0, 0},
	{"gue", 1ull << OPT_TUN_PORT,
	 1ull << OPT_TUN_PORT | 1ull << OPT_TUN_NOCSUM | 1ull << OPT_TUN_CSUM},
	{"gre", 0, 1ull << OPT_TUN_NOCSUM | 1ull << OPT_TUN_CSUM},
};

__attribute__((format(printf, 3, 4))) static int fail(struct parse *p, int code, const char *fmt,
						      ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->call->error, sizeof(p->call->error), fmt, ap);
	va_end(ap);
	return code;
}

/* A decimal number of at most max, or -1. */
static long number(const char *text, long max)
{
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return -1;
	n = strtol(text, &end, 10);
	return *end || n > max ? -1 : n;
}

static int take_format(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)arg;
	p->call->format |= row->value;
	return 0;
}

static int take_service(struct parse *p, const struct option_row *row, const char *arg)
{
	bool has_port;

	p->proto = row->value;
	if (names_parse(arg, p->proto, &p->service, &p->service_port, &has_port))
		return fail(p, CTL_USAGE, "illegal virtual server address[:port] specified: %s",
			    arg);
	return 0;
}

static int take_fwmark(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	if (number(arg, INT_MAX) <= 0)
		return fail(p, CTL_USAGE, "invalid fwmark value `%s' specified", arg);
	return 0;
}

static int take_scheduler(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	if (strlen(arg) >= sizeof(p->scheduler))
		return fail(p, CTL_USAGE, "illegal scheduler name `%s' specified", arg);
	strcpy(p->scheduler, arg);
	return 0;
}

/* They are looked at when the scheduler is known, in check_flags. */
static int take_sched_flags(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	p->flag_words = strdup(arg);
	return p->flag_words ? 0 : fail(p, CTL_FAILED, "out of memory");
}

static int take_persistent(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	p->persistent = arg ? number(arg, PERSISTENT_MAX) : PERSISTENT_DEFAULT;
	if (p->persistent <= 0)
		return fail(p, CTL_USAGE, "invalid timeout value `%s' specified", arg);
	return 0;
}

/* The bits of a netmask; -1: it has holes, or none. */
static int mask_bits(const char *text)
{
	struct in_addr mask;
	uint32_t m;

	if (!inet_aton(text, &mask))
		return -1;
	m = ntohl(mask.s_addr);
	return m && !(~m & (~m + 1)) ? 32 - __builtin_popcount(~m) : -1;
}

static int take_netmask(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	if (p->proto && !addr_is_v4(&p->service)) {
		p->netmask = (int)number(arg, 128);
		if (p->netmask <= 0)
			return fail(p, CTL_USAGE, "illegal ipv6 netmask specified: %s", arg);
		return 0;
	}
	p->netmask = mask_bits(arg);
	if (p->netmask < 0)
		return fail(p, CTL_USAGE, "illegal virtual server persistent mask specified: %s",
			    arg);
	return 0;
}

static int take_ipv6(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row, (void)arg;
	if (p->proto || !given(p, OPT_SERVICE))
		return fail(p, CTL_USAGE, "-6 used before -f");
	return 0;
}

static int take_server(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	if (names_parse(arg, p->proto, &p->server, &p->server_port, &p->has_server_port))
		return fail(p, CTL_USAGE, "illegal real server address[:port] specified: %s", arg);
	return 0;
}

static int take_weight(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	p->weight = number(arg, 65535);
	return p->weight < 0 ? fail(p, CTL_USAGE, "illegal weight specified: %s (0 to 65535)", arg)
			     : 0;
}

static void refuse(struct parse *p, const struct option_row *row, const char *why)
{
	if (p->refused)
		return;
	p->refused = row;
	p->why = why;
}

static int take_threshold(struct parse *p, const struct option_row *row, const char *arg)
{
	long n = number(arg, INT_MAX);

	if (n < 0)
		return fail(p, CTL_USAGE, "illegal %c_threshold specified: %s", row->name[0], arg);
	*(row->opt == OPT_UTHRESHOLD ? &p->upper : &p->lower) = n;
	return 0;
}

static int take_forward(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)arg;
	p->forward = row->value;
	return 0;
}

static int take_tun_type(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(*tunnels); i++)
		if (!strcmp(tunnels[i].name, arg))
			p->tunnel = &tunnels[i];
	return p->tunnel ? 0 : fail(p, CTL_USAGE, "illegal tunnel type specified: %s", arg);
}

static int take_tun_port(struct parse *p, const struct option_row *row, const char *arg)
{
	(void)row;
	p->tunnel_port = number(arg, 65535);
	if (p->tunnel_port <= 0)
		return fail(p, CTL_USAGE, "illegal tunnel port specified: %s", arg);
	return 0;
}

static int (*const take[TAKE_KINDS])(struct parse *, const struct option_row *, const char *) = {
	[TAKE_FORMAT] = take_format,	       [TAKE_SERVICE] = take_service,
	[TAKE_FWMARK] = take_fwmark,	       [TAKE_SCHEDULER] = take_scheduler,
	[TAKE_SCHED_FLAGS] = take_sched_flags, [TAKE_PERSISTENT] = take_persistent,
	[TAKE_NETMASK] = take_netmask,	       [TAKE_IPV6] = take_ipv6,
	[TAKE_SERVER] = take_server,	       [TAKE_WEIGHT] = take_weight,
	[TAKE_THRESHOLD] = take_threshold,     [TAKE_FORWARD] = take_forward,
	[TAKE_TUN_TYPE] = take_tun_type,       [TAKE_TUN_PORT] = take_tun_port,
};

static int take_option(struct parse *p, const struct option_row *row, const char *arg)
{
	if (row->opt && given(p, row->opt))
		return fail(p, CTL_USAGE, "multiple '%s' options specified", opt_name[row->opt]);
	p->given |= opt_bit(row->opt);
	if (row->unsupported)
		refuse(p, row, row->unsupported);
	return take[row->take] ? take[row->take](p, row, arg) : 0;
}

/* popt's own table: a row per letter of every command, then the options. */
static struct poptOption *popt_table(void)
{
	size_t n = 0;
	struct poptOption *t = calloc(2 * IPVS_COMMANDS + ipvs_n_options + 1, sizeof(*t));

	for (size_t i = 0; t && i < IPVS_COMMANDS; i++) {
		const struct command_row *row = &ipvs_commands[i];
		const char *letter = row->letters;

		t[n++] = (struct poptOption){
			.longName = row->name, .shortName = *letter, .val = VAL_COMMAND + (int)i};
		if (*letter && letter[1])
			t[n++] = (struct poptOption){.shortName = letter[1],
						     .val = VAL_COMMAND + (int)i};
	}
	for (size_t i = 0; t && i < ipvs_n_options; i++) {
		const struct option_row *row = &ipvs_options[i];

		t[n++] = (struct poptOption){
			.longName = row->name,
			.shortName = row->letter,
			.argInfo = (row->arg == ARG_NONE ? POPT_ARG_NONE : POPT_ARG_STRING) |
				   (row->arg == ARG_MAYBE ? POPT_ARGFLAG_OPTIONAL : 0),
			.val = VAL_OPTION + (int)i};
	}
	return t;
}

/* Looks at the words of -b; they stay in order in p->flags. */
static int check_flags(struct parse *p)
{
	const struct sched_flag_row *row, *end = ipvs_sched_flags + ipvs_n_sched_flags;
	char *rest = p->flag_words, *word;

	while ((word = strsep(&rest, ","))) {
		for (row = ipvs_sched_flags; row < end && strcmp(row->name, word);)
			row++;
		if (!*word)
			continue;
		if (row == end)
			return fail(p, CTL_USAGE, "invalid scheduler flag `%s'", word);
		if (row->scheduler && strcmp(row->scheduler, p->scheduler))
			return fail(p, CTL_USAGE, "incompatible scheduler flag `%s'", word);
		if (!row->supported)
			p->refused_flag = row->name;
		json_array_append_new(p->flags, json_string(word));
	}
	return 0;
}

/* The arguments that are no options. */
static int check_operands(struct parse *p, poptContext pc)
{
	const char *arg;

	for (int i = 0; i < p->command->operands; i++) {
		arg = poptGetArg(pc);
		if (!arg)
			return fail(p, CTL_USAGE, "%s", p->command->operands_missing);
		if (p->call->command != IPVS_SET)
			continue;
		p->timeout[i] = number(arg, PERSISTENT_MAX);
		if (p->timeout[i] < 0)
			return fail(p, CTL_USAGE, "invalid timeout value `%s' specified", arg);
	}
	arg = poptGetArg(pc);
	return arg ? fail(p, CTL_USAGE, "unexpected argument %s", arg) : 0;
}

/* Finds the command, then every option. Without any, the table is listed. */
static int read_options(struct parse *p, poptContext pc, int argc, const char *program)
{
	char *arg;
	int c, rc = 0;

	c = argc > 1 ? poptGetNextOpt(pc) : VAL_COMMAND + IPVS_LIST;
	if (c < VAL_COMMAND || c >= VAL_COMMAND + IPVS_COMMANDS)
		return fail(p, CTL_REFUSED, "Try `%s -h' or '%s --help' for more information.",
			    program, program);
	p->call->command = c - VAL_COMMAND;
	p->command = &ipvs_commands[p->call->command];
	if (p->call->command == IPVS_HELP || p->call->command == IPVS_VERSION)
		return 0;
	while (!rc && (c = poptGetNextOpt(pc)) >= 0) {
		if (c < VAL_OPTION)
			return fail(p, CTL_USAGE, "invalid option `%s'",
				    poptBadOption(pc, POPT_BADOPTION_NOALIAS));
		arg = poptGetOptArg(pc);
		rc = take_option(p, &ipvs_options[c - VAL_OPTION], arg);
		free(arg);
	}
	if (rc)
		return rc;
	if (c < -1)
		return fail(p, CTL_REFUSED, "%s: %s", poptBadOption(pc, POPT_BADOPTION_NOALIAS),
			    poptStrerror(c));
	rc = check_flags(p);
	return rc ? rc : check_operands(p, pc);
}

/* Which options the command needs, takes, and takes one of. */
static int check_matrix(struct parse *p)
{
	const struct command_row *row = p->command;
	const char *first = NULL;

	for (enum opt o = OPT_NONE + 1; o < OPT_COUNT; o++) {
		if (!given(p, o)) {
			if (row->required & opt_bit(o))
				return fail(
					p, CTL_USAGE,
					"You need to supply the '%s' option for the '%s' command",
					opt_name[o], row->label);
			continue;
		}
		if (!((row->required | row->allowed | row->one_of) & opt_bit(o)))
			return fail(p, CTL_USAGE, "Illegal '%s' option with the '%s' command",
				    opt_name[o], row->label);
		if (!(row->one_of & opt_bit(o)))
			continue;
		if (first)
			return fail(p, CTL_USAGE,
				    "The option '%s' conflicts with the '%s' option in the '%s' "
				    "command",
				    opt_name[o], first, row->label);
		first = opt_name[o];
	}
	return 0;
}

static int check_service(struct parse *p)
{
	if (p->proto && !p->service_port && !given(p, OPT_PERSISTENT))
		return fail(p, CTL_USAGE, "Zero port specified for non-persistent service");
	if (p->proto && p->proto != IPPROTO_UDP && given(p, OPT_OPS))
		return fail(p, CTL_USAGE, "One-Packet Scheduling is only for UDP virtual services");
	if (!*p->scheduler)
		strcpy(p->scheduler, default_scheduler);
	return 0;
}

static int check_tunnel(struct parse *p)
{
	const uint64_t options = opt_bit(OPT_TUN_TYPE) | opt_bit(OPT_TUN_PORT) |
				 opt_bit(OPT_TUN_NOCSUM) | opt_bit(OPT_TUN_CSUM);

	if (p->forward != IPVS_TUNNEL) {
		if (p->given & options)
			return fail(p, CTL_USAGE,
				    "Tunneling options are only for tunneling servers");
		return 0;
	}
	if (!p->tunnel)
		p->tunnel = &tunnels[0];
	for (enum opt o = OPT_TUN_PORT; o <= OPT_TUN_CSUM; o++) {
		if (p->tunnel->needs & opt_bit(o) && !given(p, o))
			return fail(p, CTL_USAGE,
				    "You need to supply the '%s' option for the '%s' tunnel type",
				    opt_name[o], p->tunnel->name);
		if (given(p, o) && !(p->tunnel->takes & opt_bit(o)))
			return fail(p, CTL_USAGE, "Illegal '%s' option with the '%s' tunnel type",
				    opt_name[o], p->tunnel->name);
	}
	if (given(p, OPT_TUN_NOCSUM) && given(p, OPT_TUN_CSUM))
		return fail(p, CTL_USAGE, "The option '%s' conflicts with the '%s' option",
			    opt_name[OPT_TUN_CSUM], opt_name[OPT_TUN_NOCSUM]);
	return 0;
}

static int check_server(struct parse *p)
{
	if (p->proto && p->forward != IPVS_TUNNEL &&
	    addr_is_v4(&p->service) != addr_is_v4(&p->server))
		return fail(p, CTL_USAGE,
			    "Different address family is allowed only for tunneling servers");
	p->server_port = p->service_port;
	return check_tunnel(p);
}

static int check_list(struct parse *p)
{
	uint64_t other = opt_bit(OPT_CONNECTION) | opt_bit(OPT_TIMEOUT) | opt_bit(OPT_DAEMON);
	uint64_t table = opt_bit(OPT_STATS) | opt_bit(OPT_RATE) | opt_bit(OPT_THRESHOLDS);

	if (!given(p, OPT_CONNECTION))
		table |= opt_bit(OPT_PERSISTENT_CONN);
	if (p->given & other && p->given & table)
		return fail(p, CTL_USAGE, "options conflicts in the list command");
	if (given(p, OPT_SERVICE))
		p->call->format |= IPVS_ONE;
	if (given(p, OPT_CONNECTION))
		p->call->format |= IPVS_CONNECTIONS;
	if (given(p, OPT_TIMEOUT))
		p->call->format |= IPVS_TIMEOUTS;
	return 0;
}

/* What a command demands of its options' values. */
static int check_values(struct parse *p)
{
	if (p->command->carries == CARRIES_SERVICE)
		return check_service(p);
	if (p->command->carries == CARRIES_SERVER)
		return check_server(p);
	if (p->call->command == IPVS_LIST)
		return check_list(p);
	if (p->call->command == IPVS_SAVE)
		p->call->format |= IPVS_RULES;
	if (given(p, OPT_SERVER) && !p->has_server_port)
		p->server_port = p->service_port;
	return 0;
}

static int check_refused(struct parse *p)
{
	const struct option_row *row = p->refused;

	if (p->command->unsupported)
		return fail(p, CTL_USAGE, "--%s is not supported yet: %s", p->command->name,
			    p->command->unsupported);
	if (row && row->letter)
		return fail(p, CTL_USAGE, "-%c (--%s) is not supported yet: %s", row->letter,
			    row->name, p->why);
	if (row)
		return fail(p, CTL_USAGE, "--%s is not supported yet: %s", row->name, p->why);
	if (p->refused_flag)
		return fail(p, CTL_USAGE,
			    "scheduler flag %s is not supported yet: shunt's schedulers have "
			    "sh-port, sh-fallback, mh-port and mh-fallback",
			    p->refused_flag);
	return 0;
}

static int understand(struct parse *p)
{
	int rc = check_matrix(p);

	if (!rc)
		rc = check_values(p);
	if (!rc)
		rc = check_refused(p);
	if (!rc)
		ipvs_request(p);
	p->call->edit = p->command->edit;
	return rc;
}

int ipvs_parse(int argc, const char **argv, struct ipvs_call *call)
{
	struct parse p = {.call = call, .weight = 1, .flags = json_array()};
	struct poptOption *table = popt_table();
	poptContext pc = table ? poptGetContext("shuntctl", argc, argv, table, 0) : NULL;
	int rc;

	*call = (struct ipvs_call){.command = IPVS_LIST};
	if (!pc)
		rc = fail(&p, CTL_FAILED, "out of memory");
	else
		rc = read_options(&p, pc, argc, argv[0]);
	if (!rc)
		rc = understand(&p);
	free(p.flag_words);
	json_decref(p.flags);
	poptFreeContext(pc);
	free(table);
	return rc;
}

void ipvs_call_free(struct ipvs_call *call)
{
	json_decref(call->request);
	call->request = NULL;
}
