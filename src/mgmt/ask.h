/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks all neighbours for a MAC address when the kernel wouldn't. The kernel hears the answers.
 * Management thread. */
#ifndef SHUNT_MGMT_ASK_H
#define SHUNT_MGMT_ASK_H

#include <stdint.h>

#include "base/addr.h"

/* A socket to ask with, the caller's to close; or -1. */
int ask_open(void);

/* Asks for target's, from own and src, out of an interface. What can't be sent is lost, as any
 * frame may be. Nothing is done if fd is negative, or the addresses are of two families. */
void ask(int fd, int ifindex, const uint8_t own[6], const struct addr *target,
	 const struct addr *src);

#endif
