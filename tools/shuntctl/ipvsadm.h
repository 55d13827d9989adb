/* SPDX-License-Identifier: BSD-2-Clause */
/* ipvsadm's command line: its commands, options, which of them go together, and what they ask of
 * shuntd. All of ipvsadm's grammar is known here; rows of the tables say what shunt doesn't do, so
 * that it is refused by its name and never silently ignored. */
#ifndef SHUNTCTL_IPVSADM_H
#define SHUNTCTL_IPVSADM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum ipvs_command {
	IPVS_ADD_SERVICE,
	IPVS_EDIT_SERVICE,
	IPVS_DEL_SERVICE,
	IPVS_CLEAR,
	IPVS_RESTORE,
	IPVS_SAVE,
	IPVS_ADD_SERVER,
	IPVS_EDIT_SERVER,
	IPVS_DEL_SERVER,
	IPVS_LIST,
	IPVS_ZERO,
	IPVS_SET,
	IPVS_START_DAEMON,
	IPVS_STOP_DAEMON,
	IPVS_HELP,
	IPVS_VERSION,
	IPVS_COMMANDS
};

/* How a table is printed: bits. */
enum ipvs_format {
	IPVS_NUMERIC = 1 << 0,
	IPVS_STATS = 1 << 1,
	IPVS_EXACT = 1 << 2,  /* counters in full, not in thousands or millions */
	IPVS_NOSORT = 1 << 3, /* in shuntd's order */
	IPVS_RULES = 1 << 4,  /* as lines for -R */
	IPVS_ONE = 1 << 5,    /* one service: no banner */
	IPVS_RATE = 1 << 6,
	IPVS_THRESHOLDS = 1 << 7,
	IPVS_PERSISTENT_CONN = 1 << 8,
	IPVS_TUN_INFO = 1 << 9,
	IPVS_CONNECTIONS = 1 << 10,
	IPVS_TIMEOUTS = 1 << 11,
};

enum ipvs_forward {
	IPVS_ROUTE,
	IPVS_TUNNEL
};

/* A command line, understood. */
struct ipvs_call {
	enum ipvs_command command;
	bool edit;	     /* changes the table: may stand in -R */
	unsigned int format; /* enum ipvs_format */
	json_t *request;     /* owned; NULL if shuntd isn't asked (-R -h -v) */
	char error[512];     /* why it wasn't understood, as ipvsadm says it */
};

/* Understands a command line; argv[0] is the program, argv[argc] NULL. Asks nobody, except the
 * resolver for names. Returns 0 or the exit code (enum ctl_exit), call->error then says why;
 * ipvs_call_free is due in both cases. */
int ipvs_parse(int argc, const char **argv, struct ipvs_call *call);
void ipvs_call_free(struct ipvs_call *call);

/* Prints the grammar, from the tables, for a program of that name. */
void ipvs_usage(FILE *out, const char *program);

#endif
