/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling neighbours which MAC address has an IP address: by neighbour advertisements, and frames
 * that announce it to everybody. Pure; any thread. */
#ifndef SHUNT_BASE_ADVERT_H
#define SHUNT_BASE_ADVERT_H

#include "base/addr.h"

enum {
	ADVERT_ND = 32,			  /* bytes of an advertisement behind its IPv6 header */
	ADVERT_MAX = 14 + 40 + ADVERT_ND, /* of the longest frame below */
};

/* Writes an advertisement for target (RFC 4861, 4.4), from target to dst, with its IPv6 header at
 * `at`: 72 bytes. flags: ND_NA_FLAG_*. */
void advert_write(uint8_t *at, const uint8_t target[16], const uint8_t dst[16], uint32_t flags,
		  const uint8_t own[6]);

/* Writes the frame that tells all neighbours that vip is at own, when the director starts and when
 * it takes over: gratuitous ARP (RFC 5227), or an unsolicited advertisement (RFC 4861, 7.2.6).
 * frame has ADVERT_MAX bytes. Returns its length. */
uint32_t advert_announce(const struct addr *vip, const uint8_t own[6], uint8_t *frame);

/* Writes the frame that asks all neighbours for target's MAC address from own and src, of target's
 * family: an ARP request (RFC 826), or a neighbour solicitation (RFC 4861, 4.3). frame has
 * ADVERT_MAX bytes. Returns its length. */
uint32_t advert_ask(const struct addr *target, const struct addr *src, const uint8_t own[6],
		    uint8_t *frame);

#endif
