/* SPDX-License-Identifier: BSD-2-Clause */
/* Second stage: what is this frame? Plain packets are told at a glance, the rest is classify.c's.
 * Checks every length and field that later stages rely on. The XDP program has looked at them too,
 * but a frame may come past another program. */
#ifndef SHUNT_PATH_PARSE_H
#define SHUNT_PATH_PARSE_H

#include "path/burst.h"
#include "path/tag.h"
#include "table/flow.h"

/* Parses the burst: fills each packet's parse fields, or sets drop; tags it, and prefetches its
 * flow. A plain packet's source, IPv4 checksum and TCP flags aren't looked at: lookup does so for
 * the one that begins a flow. Its worker. */
void parse_burst(struct burst *b, const struct tag_key *key, const struct flow_table *flows);

#endif
