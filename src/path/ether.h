/* SPDX-License-Identifier: BSD-2-Clause */
/* The Ethernet header that a frame leaves with, if it isn't the one it came with: onto a server's
 * VLAN, or in front of a tunnel's outer header. */
#ifndef SHUNT_PATH_ETHER_H
#define SHUNT_PATH_ETHER_H

#include "path/burst.h"

/* Priority and drop eligibility of the frame's first tag, in their bits; 0 without one. Pure. */
uint16_t ether_priority(const struct pkt *p);

/* Makes the frame of p begin with a header for its backend that ends at l3, where a packet of this
 * EtherType starts: the backend's MACs and, with BACKEND_VLAN, one tag of this priority. Sets data,
 * addr, len; l3 lies in the frame or in front of it by so much that the header is within the 256
 * bytes that XDP leaves there. What parse found out isn't true of it any more. Its worker. */
void ether_begin(struct pkt *p, uint8_t *l3, __be16 type, uint16_t priority);

#endif
