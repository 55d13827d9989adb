/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets to servers that aren't on a network of ours travel inside others (table/encap.h). */
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
