/* SPDX-License-Identifier: BSD-2-Clause */
/* ipvsadm's listings, byte for byte, from shuntd's answer to "list". */
#ifndef SHUNTCTL_IPVS_PRINT_H
#define SHUNTCTL_IPVS_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "ipvsadm.h"
#include "names.h"

/* format: enum ipvs_format; names is used unless it says IPVS_NUMERIC. */
void ipvs_print(FILE *out, const json_t *answer, unsigned int format, const struct names *names);

#endif
