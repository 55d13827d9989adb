/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose packet is it? The flow's addresses, ports and protocol, from client to virtual address,
 * wherever in the packet they stand: its own headers, or those of the packet that an ICMP error
 * is about. What the unusual packets are looked up by. */
#ifndef SHUNT_PATH_TUPLE_H
#define SHUNT_PATH_TUPLE_H

#include <netinet/in.h>

#include "base/addr.h"
#include "path/burst.h"
#include "path/tag.h"

struct tuple {
	struct addr src, dst;
	__be16 sport, dport; /* 0 if the protocol has no ports */
	uint8_t proto;
};

/* Whether its header begins with a source and a destination port of 16 bits. */
static inline bool proto_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

/* All of these: any thread. p was classified and not dropped. */

/* False if the packet doesn't say: a later fragment, an error about one, ARP, a neighbour
 * solicitation. An error is about what a server sent: its tuple is that one's, turned round. */
bool pkt_tuple(const struct pkt *p, struct tuple *out);

/* The destination address of an IP packet, whatever it is. */
struct addr tuple_destination(const struct pkt *p);

/* The tag that tag_pkt gives the flow's own packets. */
uint64_t tuple_tag(const struct tuple *t, const struct tag_key *key);

/* As parse_endpoint and parse_source_hash say of the flow's own packets. */
struct endpoint tuple_endpoint(const struct tuple *t);
uint64_t tuple_source_hash(const struct tuple *t, const struct hash_key *key, bool port);

/* The same for the destination. */
uint64_t tuple_dest_hash(const struct tuple *t, const struct hash_key *key, bool port);

#endif
