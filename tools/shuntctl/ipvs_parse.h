/* SPDX-License-Identifier: BSD-2-Clause */
/* A command line while it is understood: what ipvsadm.c reads and ipvs_request.c puts into the
 * control protocol's words. Nobody else includes it. */
#ifndef SHUNTCTL_IPVS_PARSE_H
#define SHUNTCTL_IPVS_PARSE_H

#include "base/addr.h"
#include "ipvs_grammar.h"

enum {
	SCHEDULER_NAME = 16,
	TIMEOUTS = 3,
};

struct tunnel_row {
	const char *name;
	uint64_t needs, takes; /* options */
};

/* What the options said. */
struct parse {
	struct ipvs_call *call;
	const struct command_row *command;
	const struct option_row *refused; /* the first that shunt doesn't do */
	const char *why;		  /* what to say about that */
	uint64_t given;			  /* bits of enum opt */
	struct addr service, server;
	__be16 service_port, server_port;
	uint8_t proto; /* 0: a firewall mark */
	bool has_server_port;
	char scheduler[SCHEDULER_NAME];
	char *flag_words; /* -b as given, owned */
	json_t *flags;	  /* its words, owned */
	const char *refused_flag;
	long weight;
	long persistent; /* seconds; 0: not persistent */
	int netmask;	 /* bits; 0: all */
	int forward;	 /* enum ipvs_forward */
	const struct tunnel_row *tunnel;
	long tunnel_port;
	long upper, lower;
	long timeout[TIMEOUTS];
};

static inline bool given(const struct parse *p, enum opt opt)
{
	return p->given & opt_bit(opt);
}

/* Sets call->request, if the command has one. */
void ipvs_request(struct parse *p);

#endif
