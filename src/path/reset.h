/* SPDX-License-Identifier: BSD-2-Clause */
/* A reset in the name of a server that was removed, so that its client need not wait for
 * nothing. */
#ifndef SHUNT_PATH_RESET_H
#define SHUNT_PATH_RESET_H

#include "path/burst.h"

/* Makes the reset that answers a client's TCP packet (RFC 9293, 3.10.7.1), of the packet in place:
 * back to the MAC that it came from, from the MAC own, VLAN tags kept. Sets l4's end and len.
 * False, and the frame as it was: it is a reset itself, or its headers have options or extensions.
 * p was classified and is a flow's TCP packet. Pure. */
bool reset_make(struct pkt *p, const uint8_t own[6]);

#endif
