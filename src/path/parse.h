/* SPDX-License-Identifier: BSD-2-Clause */
/* Second stage: what is this frame? Checks every length and field that later stages rely on. The
 * XDP program has looked at them too, but a frame may come past another program. */
#ifndef SHUNT_PATH_PARSE_H
#define SHUNT_PATH_PARSE_H

#include "base/hash.h"
#include "path/burst.h"
#include "path/tag.h"
#include "table/flow.h"

/* Parses one frame (data and len are set): Ethernet, at most one 802.1Q tag, IPv4 with options or
 * IPv6, TCP or UDP. Fills the parse fields but the tag, or sets drop. Pure; any input. */
void parse_pkt(struct pkt *p);

/* Parses the burst, tags it, and prefetches each packet's flow. Its worker. */
void parse_burst(struct burst *b, const struct tag_key *key, const struct flow_table *flows);

/* A parsed packet's destination, and the hash of its source address alone (or with its port). */
struct endpoint parse_endpoint(const struct pkt *p);
uint64_t parse_source_hash(const struct pkt *p, const struct hash_key *key, bool port);

#endif
