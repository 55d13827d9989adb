/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipvs_grammar.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))
#define B(o)	      (1ull << OPT_##o) /* opt_bit(), where a constant is needed */

const char *const opt_name[OPT_COUNT] = {
	[OPT_NUMERIC] = "numeric",
	[OPT_CONNECTION] = "connection",
	[OPT_SERVICE] = "service-address",
	[OPT_SCHEDULER] = "scheduler",
	[OPT_PERSISTENT] = "persistent",
	[OPT_NETMASK] = "netmask",
	[OPT_SERVER] = "real-server",
	[OPT_FORWARD] = "forwarding-method",
	[OPT_WEIGHT] = "weight",
	[OPT_UTHRESHOLD] = "u-threshold",
	[OPT_LTHRESHOLD] = "l-threshold",
	[OPT_MCAST] = "mcast-interface",
	[OPT_TIMEOUT] = "timeout",
	[OPT_DAEMON] = "daemon",
	[OPT_STATS] = "stats",
	[OPT_RATE] = "rate",
	[OPT_THRESHOLDS] = "thresholds",
	[OPT_PERSISTENT_CONN] = "persistent-conn",
	[OPT_NOSORT] = "nosort",
	[OPT_SYNCID] = "syncid",
	[OPT_EXACT] = "exact",
	[OPT_OPS] = "ops",
	[OPT_PE] = "pe",
	[OPT_SCHED_FLAGS] = "sched-flags",
	[OPT_MCAST_GROUP] = "mcast-group",
	[OPT_MCAST_PORT] = "mcast-port",
	[OPT_MCAST_TTL] = "mcast-ttl",
	[OPT_SYNC_MAXLEN] = "sync-maxlen",
	[OPT_TUN_INFO] = "tun-info",
	[OPT_TUN_TYPE] = "tun-type",
	[OPT_TUN_PORT] = "tun-port",
	[OPT_TUN_NOCSUM] = "tun-nocsum",
	[OPT_TUN_CSUM] = "tun-csum",
	[OPT_TUN_REMCSUM] = "tun-remcsum",
};

#define SERVICE_OPTS (B(SCHEDULER) | B(PERSISTENT) | B(NETMASK) | B(OPS) | B(PE) | B(SCHED_FLAGS))
#define TUNNEL_OPTS  (B(TUN_TYPE) | B(TUN_PORT) | B(TUN_NOCSUM) | B(TUN_CSUM) | B(TUN_REMCSUM))
#define SERVER_OPTS  (B(FORWARD) | B(WEIGHT) | B(UTHRESHOLD) | B(LTHRESHOLD) | TUNNEL_OPTS)
#define LIST_OPTS                                                                           \
	(B(NUMERIC) | B(STATS) | B(RATE) | B(THRESHOLDS) | B(PERSISTENT_CONN) | B(NOSORT) | \
	 B(EXACT) | B(TUN_INFO) | B(SYNCID))
#define MCAST_OPTS (B(MCAST) | B(MCAST_GROUP) | B(MCAST_PORT) | B(MCAST_TTL) | B(SYNC_MAXLEN))

static const char no_sync_daemon[] = "shunt has no connection synchronisation daemon";

const struct command_row ipvs_commands[IPVS_COMMANDS] = {
	[IPVS_ADD_SERVICE] =
		{.name = "add-service",
		 .letters = "A",
		 .label = "add-service",
		 .required = B(SERVICE),
		 .allowed = SERVICE_OPTS,
		 .request = "service-add",
		 .carries = CARRIES_SERVICE,
		 .edit = true,
		 .synopsis = "SERVICE [-s SCHEDULER] [-p [SECONDS]] [-M MASK] [-b FLAGS] [-o]",
		 .help = "add a virtual service"},
	[IPVS_EDIT_SERVICE] =
		{.name = "edit-service",
		 .letters = "E",
		 .label = "edit-service",
		 .required = B(SERVICE),
		 .allowed = SERVICE_OPTS,
		 .request = "service-edit",
		 .carries = CARRIES_SERVICE,
		 .edit = true,
		 .synopsis = "SERVICE [-s SCHEDULER] [-p [SECONDS]] [-M MASK] [-b FLAGS] [-o]",
		 .help = "change it; what isn't given goes back to its default"},
	[IPVS_DEL_SERVICE] = {.name = "delete-service",
			      .letters = "D",
			      .label = "delete-service",
			      .required = B(SERVICE),
			      .request = "service-del",
			      .edit = true,
			      .synopsis = "SERVICE",
			      .help = "delete it, and its servers"},
	[IPVS_CLEAR] = {.name = "clear",
			.letters = "C",
			.label = "flush",
			.request = "clear",
			.edit = true,
			.synopsis = "",
			.help = "delete everything"},
	[IPVS_RESTORE] = {.name = "restore",
			  .letters = "R",
			  .label = "restore",
			  .synopsis = "",
			  .help = "carry out lines of standard input, all or none"},
	[IPVS_SAVE] = {.name = "save",
		       .letters = "S",
		       .label = "save",
		       .allowed = B(NUMERIC),
		       .request = "list",
		       .synopsis = "[-n]",
		       .help = "print the table as lines for -R"},
	[IPVS_ADD_SERVER] = {.name = "add-server",
			     .letters = "a",
			     .label = "add-server",
			     .required = B(SERVICE) | B(SERVER),
			     .allowed = SERVER_OPTS,
			     .request = "server-add",
			     .carries = CARRIES_SERVER,
			     .edit = true,
			     .synopsis =
				     "SERVICE -r SERVER [-g|-i [TUNNEL]] [-w WEIGHT] [-x N] [-y N]",
			     .help = "add a real server to a service"},
	[IPVS_EDIT_SERVER] =
		{.name = "edit-server",
		 .letters = "e",
		 .label = "edit-server",
		 .required = B(SERVICE) | B(SERVER),
		 .allowed = SERVER_OPTS,
		 .request = "server-edit",
		 .carries = CARRIES_SERVER,
		 .edit = true,
		 .synopsis = "SERVICE -r SERVER [-g|-i [TUNNEL]] [-w WEIGHT] [-x N] [-y N]",
		 .help = "change it; what isn't given goes back to its default"},
	[IPVS_DEL_SERVER] = {.name = "delete-server",
			     .letters = "d",
			     .label = "delete-server",
			     .required = B(SERVICE) | B(SERVER),
			     .request = "server-del",
			     .edit = true,
			     .synopsis = "SERVICE -r SERVER",
			     .help = "delete it: its connections go on, it gets no new ones"},
	[IPVS_LIST] = {.name = "list",
		       .letters = "Ll",
		       .label = "list",
		       .allowed = LIST_OPTS,
		       .one_of = B(CONNECTION) | B(SERVICE) | B(TIMEOUT) | B(DAEMON),
		       .request = "list",
		       .synopsis = "[SERVICE|-c|--timeout] [-n] [--stats|--rate [--exact]] ...",
		       .help = "print the table, or one service"},
	[IPVS_ZERO] = {.name = "zero",
		       .letters = "Z",
		       .label = "zero",
		       .allowed = B(SERVICE),
		       .request = "zero",
		       .edit = true,
		       .synopsis = "[SERVICE]",
		       .help = "set the counters of all services, or one, to 0"},
	[IPVS_SET] = {.name = "set",
		      .letters = "",
		      .label = "set",
		      .operands = 3,
		      .operands_missing = "--set option requires 3 timeout values",
		      .request = "set-timeouts",
		      .edit = true,
		      .synopsis = "TCP TCPFIN UDP",
		      .help = "set the timeouts of flows, in seconds; 0 leaves one as it is"},
	[IPVS_START_DAEMON] = {.name = "start-daemon",
			       .letters = "",
			       .label = "start-daemon",
			       .allowed = MCAST_OPTS | B(SYNCID),
			       .operands = 1,
			       .operands_missing = "illegal start-daemon parameter specified",
			       .unsupported = no_sync_daemon},
	[IPVS_STOP_DAEMON] = {.name = "stop-daemon",
			      .letters = "",
			      .label = "stop-daemon",
			      .allowed = B(SYNCID),
			      .operands = 1,
			      .operands_missing = "illegal start_daemon specified",
			      .unsupported = no_sync_daemon},
	[IPVS_HELP] = {.name = "help",
		       .letters = "h",
		       .label = "help",
		       .synopsis = "",
		       .help = "print this"},
	[IPVS_VERSION] = {.name = "version",
			  .letters = "v",
			  .label = "version",
			  .synopsis = "",
			  .help = "print the version"},
};

static const char no_marks[] =
	"packets reach shunt before the firewall could mark them; name the service by -t or -u";
static const char no_masquerading[] =
	"answers don't pass shunt: forward by direct routing (-g) or a tunnel (-i)";
static const char no_remcsum[] = "shunt knows --tun-csum and --tun-nocsum";

const struct option_row ipvs_options[] = {
	{"tcp-service", 't', OPT_SERVICE, "ADDR:PORT", ARG_NEEDED, TAKE_SERVICE, IPPROTO_TCP,
	 "SERVICE: a virtual TCP service, ADDR:PORT or [IPv6]:PORT", NULL},
	{"udp-service", 'u', OPT_SERVICE, "ADDR:PORT", ARG_NEEDED, TAKE_SERVICE, IPPROTO_UDP,
	 "SERVICE: a virtual UDP service", NULL},
	{"sctp-service", 0, OPT_SERVICE, "ADDR:PORT", ARG_NEEDED, TAKE_SERVICE, IPPROTO_SCTP,
	 "SERVICE: a virtual SCTP service", NULL},
	{"fwmark-service", 'f', OPT_SERVICE, "MARK", ARG_NEEDED, TAKE_FWMARK, 0, NULL, no_marks},
	{"ipv6", '6', OPT_NONE, NULL, ARG_NONE, TAKE_IPV6, 0, NULL,
	 "it belongs to -f; an IPv6 service is -t [ADDR]:PORT"},
	{"scheduler", 's', OPT_SCHEDULER, "NAME", ARG_NEEDED, TAKE_SCHEDULER, 0,
	 "rr|wrr|lc|wlc|lblc|lblcr|dh|sh|sed|nq|fo|ovf|mh (wlc)", NULL},
	{"sched-flags", 'b', OPT_SCHED_FLAGS, "FLAGS", ARG_NEEDED, TAKE_SCHED_FLAGS, 0,
	 "sh-port, mh-port: the client's port counts too; sh-fallback, mh-fallback", NULL},
	{"persistent", 'p', OPT_PERSISTENT, "SECONDS", ARG_MAYBE, TAKE_PERSISTENT, 0,
	 "a client stays with its server for so long (360)", NULL},
	{"netmask", 'M', OPT_NETMASK, "MASK", ARG_NEEDED, TAKE_NETMASK, 0,
	 "... as all clients of its network do; IPv6: 1 to 128 bits", NULL},
	{"pe", 0, OPT_PE, "NAME", ARG_NEEDED, TAKE_NOTHING, 0, NULL,
	 "shunt has no persistence engines: clients are told apart by address"},
	{"ops", 'o', OPT_OPS, NULL, ARG_NONE, TAKE_NOTHING, 0,
	 "UDP: each packet is scheduled by itself", NULL},
	{"real-server", 'r', OPT_SERVER, "ADDR[:PORT]", ARG_NEEDED, TAKE_SERVER, 0,
	 "a real server; its port is the service's, whatever is given", NULL},
	{"gatewaying", 'g', OPT_FORWARD, NULL, ARG_NONE, TAKE_FORWARD, IPVS_ROUTE,
	 "forward by direct routing: the default", NULL},
	{"ipip", 'i', OPT_FORWARD, NULL, ARG_NONE, TAKE_FORWARD, IPVS_TUNNEL,
	 "forward through a tunnel", NULL},
	{"masquerading", 'm', OPT_FORWARD, NULL, ARG_NONE, TAKE_NOTHING, 0, NULL, no_masquerading},
	{"weight", 'w', OPT_WEIGHT, "N", ARG_NEEDED, TAKE_WEIGHT, 0,
	 "the server's share, 0 to 65535 (1); 0: no new connections", NULL},
	{"u-threshold", 'x', OPT_UTHRESHOLD, "N", ARG_NEEDED, TAKE_THRESHOLD, 0,
	 "connections from which on the server takes no more; 0: any number", NULL},
	{"l-threshold", 'y', OPT_LTHRESHOLD, "N", ARG_NEEDED, TAKE_THRESHOLD, 0,
	 "and below which it does again; 0: three quarters of -x", NULL},
	{"tun-type", 0, OPT_TUN_TYPE, "TYPE", ARG_NEEDED, TAKE_TUN_TYPE, 0,
	 "with -i: ipip, gue or gre (ipip)", NULL},
	{"tun-port", 0, OPT_TUN_PORT, "PORT", ARG_NEEDED, TAKE_TUN_PORT, 0,
	 "of gue: the UDP port it goes to", NULL},
	{"tun-nocsum", 0, OPT_TUN_NOCSUM, NULL, ARG_NONE, TAKE_NOTHING, 0,
	 "of gue and gre: without a checksum, the default", NULL},
	{"tun-csum", 0, OPT_TUN_CSUM, NULL, ARG_NONE, TAKE_NOTHING, 0, "with one", NULL},
	{"tun-remcsum", 0, OPT_TUN_REMCSUM, NULL, ARG_NONE, TAKE_NOTHING, 0, NULL, no_remcsum},
	{"numeric", 'n', OPT_NUMERIC, NULL, ARG_NONE, TAKE_FORMAT, IPVS_NUMERIC,
	 "print addresses and ports as numbers", NULL},
	{"stats", 0, OPT_STATS, NULL, ARG_NONE, TAKE_FORMAT, IPVS_STATS,
	 "print connections, packets and bytes", NULL},
	{"exact", 'X', OPT_EXACT, NULL, ARG_NONE, TAKE_FORMAT, IPVS_EXACT,
	 "print counters in full, not in thousands (K), millions (M)...", NULL},
	{"nosort", 0, OPT_NOSORT, NULL, ARG_NONE, TAKE_FORMAT, IPVS_NOSORT,
	 "print in shuntd's order", NULL},
	{"sort", 0, OPT_NONE, NULL, ARG_NONE, TAKE_NOTHING, 0, "the default", NULL},
	{"rate", 0, OPT_RATE, NULL, ARG_NONE, TAKE_FORMAT, IPVS_RATE, "print rates per second",
	 NULL},
	{"connection", 'c', OPT_CONNECTION, NULL, ARG_NONE, TAKE_NOTHING, 0,
	 "print the connections", NULL},
	{"thresholds", 0, OPT_THRESHOLDS, NULL, ARG_NONE, TAKE_FORMAT, IPVS_THRESHOLDS,
	 "print -x and -y", NULL},
	{"persistent-conn", 0, OPT_PERSISTENT_CONN, NULL, ARG_NONE, TAKE_FORMAT,
	 IPVS_PERSISTENT_CONN, "print persistent connections", NULL},
	{"tun-info", 0, OPT_TUN_INFO, NULL, ARG_NONE, TAKE_FORMAT, IPVS_TUN_INFO, "print tunnels",
	 NULL},
	{"timeout", 0, OPT_TIMEOUT, NULL, ARG_NONE, TAKE_NOTHING, 0, "print the timeouts of flows",
	 NULL},
	{"daemon", 0, OPT_DAEMON, NULL, ARG_NONE, TAKE_NOTHING, 0, NULL, no_sync_daemon},
	{"syncid", 0, OPT_SYNCID, "ID", ARG_NEEDED, TAKE_NOTHING, 0, NULL, no_sync_daemon},
	{"sync-maxlen", 0, OPT_SYNC_MAXLEN, "N", ARG_NEEDED, TAKE_NOTHING, 0, NULL, no_sync_daemon},
	{"mcast-interface", 0, OPT_MCAST, "IF", ARG_NEEDED, TAKE_NOTHING, 0, NULL, no_sync_daemon},
	{"mcast-group", 0, OPT_MCAST_GROUP, "ADDR", ARG_NEEDED, TAKE_NOTHING, 0, NULL,
	 no_sync_daemon},
	{"mcast-port", 0, OPT_MCAST_PORT, "PORT", ARG_NEEDED, TAKE_NOTHING, 0, NULL,
	 no_sync_daemon},
	{"mcast-ttl", 0, OPT_MCAST_TTL, "TTL", ARG_NEEDED, TAKE_NOTHING, 0, NULL, no_sync_daemon},
};
const size_t ipvs_n_options = ARRAY_SIZE(ipvs_options);

const struct sched_flag_row ipvs_sched_flags[] = {
	{"flag-1", NULL, false},     {"flag-2", NULL, false}, {"flag-3", NULL, false},
	{"sh-fallback", "sh", true}, {"sh-port", "sh", true}, {"mh-fallback", "mh", true},
	{"mh-port", "mh", true},
};
const size_t ipvs_n_sched_flags = ARRAY_SIZE(ipvs_sched_flags);

static void option_usage(FILE *out, const struct option_row *row)
{
	char text[48];

	snprintf(text, sizeof(text), "%s%s%s", row->name, row->metavar ? " " : "",
		 row->metavar ? row->metavar : "");
	fprintf(out, "  %c%c --%-24s %s\n", row->letter ? '-' : ' ',
		row->letter ? row->letter : ' ', text, row->help);
}

/* The names of what is refused, a few to a line. */
static void refused_usage(FILE *out)
{
	size_t column = 0;

	fputs("Options of ipvsadm that shunt refuses, saying why:\n", out);
	for (size_t i = 0; i < ipvs_n_options; i++) {
		if (!ipvs_options[i].unsupported)
			continue;
		if (column + strlen(ipvs_options[i].name) > 90)
			column = (fputs("\n", out), 0);
		column += fprintf(out, "%s--%s", column ? " " : "  ", ipvs_options[i].name);
	}
	fputs("\nand its commands", out);
	for (size_t i = 0; i < IPVS_COMMANDS; i++)
		if (ipvs_commands[i].unsupported)
			fprintf(out, " --%s", ipvs_commands[i].name);
	fputs("\n", out);
}

void ipvs_usage(FILE *out, const char *program)
{
	for (size_t i = 0; i < IPVS_COMMANDS; i++) {
		const struct command_row *row = &ipvs_commands[i];

		if (row->unsupported)
			continue;
		if (*row->letters)
			fprintf(out, "  %s -%c|--%s", program, row->letters[0], row->name);
		else
			fprintf(out, "  %s --%s", program, row->name);
		fprintf(out, "%s%s\n        %s\n", *row->synopsis ? " " : "", row->synopsis,
			row->help);
	}
	fputs("Options:\n", out);
	for (size_t i = 0; i < ipvs_n_options; i++)
		if (!ipvs_options[i].unsupported)
			option_usage(out, &ipvs_options[i]);
	refused_usage(out);
}
