/* SPDX-License-Identifier: BSD-2-Clause */
/* What else ipvsadm lists: connections and timeouts. */
#ifndef SHUNTCTL_IPVS_MORE_H
#define SHUNTCTL_IPVS_MORE_H

#include <jansson.h>
#include <stdio.h>

#include "names.h"

void ipvs_print_timeouts(FILE *out, const json_t *answer);

/* The title, and a page of connections of an answer. names: for addresses and ports. */
void ipvs_print_conns_title(FILE *out);
void ipvs_print_conns(FILE *out, const json_t *answer, const struct names *names);

#endif
