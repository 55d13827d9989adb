/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets to servers that aren't on a network of ours travel inside others. What surrounds them is
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
#ifndef SHUNT_PATH_TUNNEL_H
#define SHUNT_PATH_TUNNEL_H

#include "path/burst.h"

/* Bytes that the outermost headers add to an IP packet: 20 to 52. Pure. */
uint32_t tunnel_overhead(const struct tunnel *t);

/* The largest packet of p's family that goes through, for the ICMP error to the sender of one that
 * doesn't fit: not less than what its family guarantees. mtu: of the way to the server, not 0.
 * Pure. */
uint32_t tunnel_mtu(const struct pkt *p, const struct tunnel *t, uint32_t mtu);

/* Whether the parsed packet fits in, on a way with this MTU; 0: unknown, it does. Pure. */
bool tunnel_fits(const struct pkt *p, const struct tunnel *t, uint32_t mtu);

/* Wraps the packet, which fits and is in all else as the server shall see it. The frame's tags and
 * padding go; what ether_begin says holds here. Its worker. */
void tunnel_wrap(struct pkt *p, const struct tunnel *t);

#endif
