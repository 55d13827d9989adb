/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that the director gives in a virtual address's name, made of the question in place:
 * ARP, neighbour discovery, echo. They leave by the NIC that the question came by, VLAN tags as
 * they were. */
#ifndef SHUNT_PATH_ANSWER_H
#define SHUNT_PATH_ANSWER_H

#include "base/addr.h"
#include "path/burst.h"

enum {
	ANSWER_GROWTH = 8, /* bytes that an answer may be longer than its question */
};

/* The address that is asked for. p was classified, not dropped, and is ARP, a solicitation or an
 * echo request. Pure. */
struct addr answer_target(const struct pkt *p);

/* Make the answer, if p's answer_target is ours: own is the MAC that it is given out under. Set
 * len, l4 and end; padding goes. False, and the frame as it was: not to be answered (the sender's
 * address is none, or it only tells its own). The frame must have ANSWER_GROWTH bytes of room
 * behind it. p was classified, and its kind is the function's. Pure. */
bool answer_arp(struct pkt *p, const uint8_t own[6]);
bool answer_solicit(struct pkt *p, const uint8_t own[6]);
bool answer_echo(struct pkt *p, const uint8_t own[6]);

#endif
