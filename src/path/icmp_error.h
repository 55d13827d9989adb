/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors that the director owes a packet's sender, as any router does: its time to live has
 * run out, or it is too big for where it would go. Made of the packet in place. */
#ifndef SHUNT_PATH_ICMP_ERROR_H
#define SHUNT_PATH_ICMP_ERROR_H

#include "base/addr.h"
#include "path/burst.h"

enum {
	ICMP_ERROR_HEADROOM = 48, /* bytes that an error needs in front of its packet */
	ICMP_ERROR_RATE = 100,	  /* a second, of one worker */
	ICMP_ERROR_BURST = 20,	  /* and so many at once */
};

/* A token bucket. Zeros, but for the rate, are a full one. */
struct icmp_limit {
	uint32_t rate;	     /* errors a second; 0: none */
	uint64_t credit, at; /* ns */
};

/* Whether one more error may be sent now (ns of CLOCK_MONOTONIC); counts it if so. Its worker. */
bool icmp_limit_take(struct icmp_limit *l, uint64_t now);

enum icmp_error {
	ICMP_ERROR_TIME,    /* time or hop limit exceeded */
	ICMP_ERROR_TOO_BIG, /* frag needed, packet too big: with an MTU */
};

/* Whether the packet's sender may be told (RFC 1122 3.2.2, RFC 4443 2.4): not of an ICMP error or
 * redirect, a later fragment, anything to or from more or less than one host. p was classified (for
 * its kind) and may be dropped since. Pure. */
bool icmp_error_allowed(const struct pkt *p);

/* Makes the error, from the address `from` (of p's family) and the MAC own, for p as it was
 * received, to the MAC it came from; VLAN tags stay. It quotes as much as RFC 1812 4.3.2.3 and
 * RFC 4443 2.4 have it: 576 or 1280 bytes of IP packet in all. mtu: for ICMP_ERROR_TOO_BIG, else 0.
 * Sets data and addr (ICMP_ERROR_HEADROOM bytes in front of data are used), len, l4, end, proto and
 * kind. icmp_error_allowed(p) has said yes. Pure. */
void icmp_error_make(struct pkt *p, enum icmp_error what, uint32_t mtu, const struct addr *from,
		     const uint8_t own[6]);

/* Whether p was dropped for a reason that its sender is to be told. */
static inline bool icmp_error_due(const struct pkt *p)
{
	return p->drop == DROP_TTL || p->drop == DROP_TOO_BIG;
}

/* Tells the sender, if it may be told and limit lets: the packet becomes the error (PKT_ANSWER), in
 * the name of the address that it was for, and goes back by self. False: it stays as it is. now in
 * ns. Its worker. */
bool icmp_error_return(struct pkt *p, const struct backend *self, struct icmp_limit *limit,
		       uint64_t now);

#endif
