/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a page that an HTTP check was given is as it should be. */
#ifndef SHUNT_HEALTH_PAGE_H
#define SHUNT_HEALTH_PAGE_H

#include <stddef.h>

#include "conf/check.h"

enum {
	PAGE_WHY = 96
};

/* Judges by status, digest and regular expression, as far as they are asked for. Returns NULL, or
 * what is wrong, written to why. Pure; any thread. The body may be anything: a match that takes too
 * long is none. */
const char *page_judge(const struct check_url *u, long status, const uint8_t *body, size_t n,
		       char why[PAGE_WHY]);

/* Whether page_judge looks at the body. */
bool page_reads(const struct check_url *u);

#endif
