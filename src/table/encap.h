/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets inside of others, for servers that aren't on a network of ours. What surrounds them is
 * what Linux IPVS sends (net/netfilter/ipvs/ip_vs_xmit.c), so that any Linux server takes it off:
 * IP in IP (RFC 2003, RFC 2473, RFC 4213), GUE version 0 (draft-ietf-intarea-gue-09 3) and GRE
 * (RFC 2784), in all four mixtures of families. It differs from IPVS in this:
 * - The outer time to live is 64, not the inner one's: that is the client's distance, not ours.
 * - ECN is copied, congestion experienced too (RFC 6040 4.1, normal mode).
 * - Around IPv6, DF is always set; around IPv4 it is the inner one's, as IPVS has it.
 * - Nothing is fragmented: what is too big is answered with an ICMP error, DF or not.
 * - An IPv6 flow label tells flows apart for routers on the way (RFC 6438).
 * Addresses may be spread by flow as Katran does it, for servers that choose a receive queue by
 * the outer addresses only. */
#ifndef SHUNT_TABLE_ENCAP_H
#define SHUNT_TABLE_ENCAP_H

#include <stdbool.h>

#include "table/snap.h"

/* Puts t's headers in front of a whole IP packet of len bytes: 20 to 52 bytes that the caller has
 * there. flow: a hash that its flow's packets have in common, no bit of it a secret. Returns where
 * the outermost IP header begins. Pure. */
uint8_t *encap_push(const struct tunnel *t, uint8_t *packet, uint32_t len, bool v4, uint64_t flow);

#endif
