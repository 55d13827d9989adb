/* SPDX-License-Identifier: BSD-2-Clause */
/* From options to gen_conf: headers, checksums of what doesn't vary, sizes, a thread's share. */
#ifndef FLOWGEN_TEMPLATE_H
#define FLOWGEN_TEMPLATE_H

#include "abi.h"
#include "options.h"

/* Fills conf for thread number `thread` of `threads`; src_mac: the interface's own, used if none
 * is given. Everything but ifindex and burst. Returns 0, or -EINVAL with one line in err. */
int template_fill(struct gen_conf *conf, const struct options *o, const uint8_t src_mac[6],
		  unsigned int thread, unsigned int threads, char *err, size_t size);

/* The smallest frame, with FCS, that has room for the stamp. */
unsigned int template_min_size(const struct options *o);

/* The longest frame that conf makes, without FCS. */
__u32 template_longest(const struct gen_conf *conf);

#endif
