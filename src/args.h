/* SPDX-License-Identifier: BSD-2-Clause */
/* shuntd's command line. */
#ifndef SHUNT_ARGS_H
#define SHUNT_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/exit_code.h"
#include "plan/plan.h"

/* What the program is to do. */
enum args_action {
	ACTION_RUN,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_TEST,	   /* check and exit */
	ACTION_PRINT_CONF, /* likewise, and print the effective configuration */
	ACTION_PLAN_TEXT,
	ACTION_PLAN_JSON,
	ACTION_CLEANUP,
};

struct args {
	enum args_action action;
	const char *file;	 /* -f; NULL: none */
	struct plan_conf plan;	 /* -i --queue --cpus --main-cpu --numa --mode --poll */
	const char *ctl;	 /* the control socket: --ctl, $SHUNT_CTL or the default */
	bool on_exit_drop;	 /* --on-exit drop */
	bool vip_owner;		 /* --vip-owner shunt */
	struct endpoint metrics; /* --metrics; port 0: off */
	char *secret;		 /* --secret-file: its first line; NULL: none */
	uint32_t flows;		 /* entries of all flow tables together */
	uint32_t frames;	 /* of each queue; a power of two */
};

/* Reads the command line and $SHUNT_CTL; strings are borrowed from them. Returns EXIT_OK, or the
 * exit code with one line in err that names the option, its value and the cure. Reads through
 * getopt, and so one thread only, before the others start. */
enum exit_code args_parse(int argc, char **argv, struct args *args, char *err, size_t size);

struct conf;
/* Applies a configuration's global, interface and worker options where the command line, argc words
 * of argv, says nothing about them. Strings are borrowed from conf. Returns as args_parse. */
enum exit_code args_apply(const struct conf *conf, int argc, char **argv, struct args *args,
			  char *err, size_t size);

/* What --help shows. */
void args_help(FILE *out);

#endif
