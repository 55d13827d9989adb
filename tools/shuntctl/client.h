/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to shuntd: a UNIX stream socket, one JSON object per line each way. */
#ifndef SHUNTCTL_CLIENT_H
#define SHUNTCTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl.h"

enum {
	CLIENT_ERR = 512,
	CLIENT_TIMEOUT = 30 /* seconds without a byte from shuntd */
};

/* Connects, asks, returns the answer (a new reference) and closes; an answer that says no is an
 * answer. NULL: there is none, and err, of CLIENT_ERR bytes, holds one line with cause and cure. */
json_t *client_ask(const char *path, const json_t *request, char *err);

/* The same for a command: what went wrong, and what shuntd warns of, is told on stderr; with --json
 * the answer, whatever it is, is printed on stdout. NULL: exit with CTL_FAILED. */
json_t *client_command(const struct ctl *ctl, const json_t *request);

bool client_ok(const json_t *answer);

/* The daemon's words for a refusal; never NULL. */
const char *client_error(const json_t *answer);

#endif
