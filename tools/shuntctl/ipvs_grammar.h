/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables behind ipvsadm.h: every command and option of ipvsadm 1.31, which of them go
 * together, and those that shunt doesn't do (yet), each with what to say about it. */
#ifndef SHUNTCTL_IPVS_GRAMMAR_H
#define SHUNTCTL_IPVS_GRAMMAR_H

#include <stddef.h>
#include <stdint.h>

#include "ipvsadm.h"

/* What may be given once, in ipvsadm's order: it decides which complaint comes first. */
enum opt {
	OPT_NONE, /* may be repeated, and goes with everything */
	OPT_NUMERIC,
	OPT_CONNECTION,
	OPT_SERVICE,
	OPT_SCHEDULER,
	OPT_PERSISTENT,
	OPT_NETMASK,
	OPT_SERVER,
	OPT_FORWARD,
	OPT_WEIGHT,
	OPT_UTHRESHOLD,
	OPT_LTHRESHOLD,
	OPT_MCAST,
	OPT_TIMEOUT,
	OPT_DAEMON,
	OPT_STATS,
	OPT_RATE,
	OPT_THRESHOLDS,
	OPT_PERSISTENT_CONN,
	OPT_NOSORT,
	OPT_SYNCID,
	OPT_EXACT,
	OPT_OPS,
	OPT_PE,
	OPT_SCHED_FLAGS,
	OPT_MCAST_GROUP,
	OPT_MCAST_PORT,
	OPT_MCAST_TTL,
	OPT_SYNC_MAXLEN,
	OPT_TUN_INFO,
	OPT_TUN_TYPE,
	OPT_TUN_PORT,
	OPT_TUN_NOCSUM,
	OPT_TUN_CSUM,
	OPT_TUN_REMCSUM,
	OPT_COUNT
};

/* A set of options. */
static inline uint64_t opt_bit(enum opt o)
{
	return 1ull << o;
}

/* What becomes of an option and its argument. */
enum take {
	TAKE_NOTHING,
	TAKE_FORMAT,  /* sets value, of enum ipvs_format */
	TAKE_SERVICE, /* value: IPPROTO_TCP... */
	TAKE_FWMARK,
	TAKE_SCHEDULER,
	TAKE_SCHED_FLAGS,
	TAKE_PERSISTENT,
	TAKE_NETMASK,
	TAKE_IPV6,
	TAKE_SERVER,
	TAKE_WEIGHT,
	TAKE_THRESHOLD,
	TAKE_FORWARD, /* value: enum ipvs_forward */
	TAKE_TUN_TYPE,
	TAKE_TUN_PORT,
	TAKE_KINDS
};

enum arg {
	ARG_NONE,
	ARG_NEEDED,
	ARG_MAYBE
};

struct option_row {
	const char *name;    /* without its -- */
	char letter;	     /* or 0 */
	enum opt opt;	     /* rows of one opt exclude each other */
	const char *metavar; /* its argument, or NULL: none */
	enum arg arg;
	enum take take;
	int value; /* for take */
	const char *help;
	const char *unsupported; /* what to say instead of doing it, or NULL: done */
};

/* What a command's request says besides naming the service and the server. */
enum carries {
	CARRIES_NOTHING,
	CARRIES_SERVICE,
	CARRIES_SERVER
};

struct command_row {
	const char *name;    /* without its -- */
	const char *letters; /* each a short option; the first is shown */
	const char *label;   /* in complaints */
	uint64_t required, allowed, one_of;
	int operands;		      /* arguments that are no options */
	const char *operands_missing; /* the complaint about them */
	const char *request;	      /* of the control protocol; NULL: none */
	enum carries carries;
	bool edit;
	const char *synopsis, *help;
	const char *unsupported;
};

/* What -b may say. */
struct sched_flag_row {
	const char *name;
	const char *scheduler; /* the only one it goes with; NULL: any */
	bool supported;
};

extern const char *const opt_name[OPT_COUNT]; /* in complaints */
extern const struct command_row ipvs_commands[IPVS_COMMANDS];
extern const struct option_row ipvs_options[];
extern const size_t ipvs_n_options;
extern const struct sched_flag_row ipvs_sched_flags[];
extern const size_t ipvs_n_sched_flags;

#endif
