/* SPDX-License-Identifier: BSD-2-Clause */
/* Second stage, for the packets that aren't plain: what is this frame, and whose? Takes whatever
 * a director may forward or answer, and names what is wrong with the rest. */
#ifndef SHUNT_PATH_CLASSIFY_H
#define SHUNT_PATH_CLASSIFY_H

#include "path/burst.h"

enum {
	CLASSIFY_TAGS = 2,		/* VLAN tags, at most */
	CLASSIFY_EXTENSIONS = 8,	/* IPv6 extension headers, at most */
	CLASSIFY_EXTENSION_BYTES = 256, /* and so long altogether */
	CLASSIFY_MTU4 = 552,		/* the least MTU that a router's frag-needed may tell; */
	CLASSIFY_MTU6 = 1280,		/* and its packet-too-big (RFC 8200, 5) */
};

/* Classifies one frame (data and len are set): Ethernet, VLAN tags, IPv4 with options or IPv6 with
 * extension headers, whole or a fragment; ARP. Fills the parse fields but the tag, or sets drop.
 * Later stages may rely on this: headers lie within [l3, end), end within the frame; ports at
 * l4 (inner_l4) if the protocol has them and the packet isn't a later fragment. Pure; any input. */
void classify_pkt(struct pkt *p);

/* Whether no TCP sends such flags; they are a scanner's: none, SYN with FIN or RST, FIN, PSH and
 * URG without ACK ("xmas"). One bit for each of the 64 combinations of FIN (1) to URG (32), so that
 * a fast lane can afford it. */
static inline bool classify_flags_absurd(uint8_t flags)
{
	return 0xc8c8eac8c8c8c8c9ull >> (flags & 63) & 1;
}

/* What classify_pkt would have against a packet that a fast lane took for a plain one, by its
 * lengths alone: its IPv4 header's checksum, its TCP flags, its addresses. DROP_NONE: nothing.
 * Pure. */
enum drop classify_rest_of_plain(const struct pkt *p);

/* DROP_NONE if the frame is for this NIC, by its MAC address, and not from it: else DROP_NOT_OURS
 * (also what is for all or for many, but ARP and neighbour solicitations) or DROP_LOOP. p was
 * classified and not dropped. Pure. */
enum drop classify_macs(const struct pkt *p, const uint8_t own[6]);

/* Whether the packet's source can't be a client's, or is its destination too. p was classified, and
 * is an IP packet. Pure. */
bool classify_martian(const struct pkt *p);

#endif
