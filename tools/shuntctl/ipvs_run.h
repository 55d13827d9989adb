/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries out ipvsadm's commands: asks shuntd, prints listings, tells errors in ipvsadm's words. */
#ifndef SHUNTCTL_IPVS_RUN_H
#define SHUNTCTL_IPVS_RUN_H

#include <jansson.h>
#include <stdio.h>

#include "ctl.h"

/* Runs a command line without --ctl and --json; argv[argc] is NULL. Returns the exit code. */
int ipvs_run(const struct ctl *ctl, int argc, const char **argv);

/* A batch read from a file of rules (-R). */
struct ipvs_batch {
	json_t *request;    /* owned: {"cmd":"batch","requests":[...]} */
	unsigned int *line; /* owned: the line that each request came from */
	unsigned int n;
	unsigned int error_line;
	char error[512];
};

/* Reads rules, one a line: blank lines and those that begin with # are skipped, a first word
 * ipvsadm or shuntctl too. Returns 0 or the exit code; then error_line and error say where and
 * why. ipvs_batch_free is due in both cases. */
int ipvs_batch_read(FILE *in, struct ipvs_batch *batch);
void ipvs_batch_free(struct ipvs_batch *batch);

/* Puts a refusal by shuntd in ipvsadm's words, with what it is about and its cure. request: what
 * was refused. Returns buf. */
const char *ipvs_refusal(const json_t *request, const json_t *answer, char *buf, size_t size);

#endif
