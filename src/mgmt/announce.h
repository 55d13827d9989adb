/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the neighbours of every NIC where shunt owns the virtual addresses that one is here, and
 * has these NICs take in what neighbours ask all or many. Management thread. */
#ifndef SHUNT_MGMT_ANNOUNCE_H
#define SHUNT_MGMT_ANNOUNCE_H

#include "base/addr.h"
#include "base/dataplane.h"

/* A socket to announce with, the caller's to close. While it is open those NICs receive all
 * multicast frames: IPv6 asks for an address by a group that the kernel, which doesn't have it,
 * hasn't joined. -1: shunt owns no addresses on any NIC, or there is no socket, which is logged. */
int announce_open(const struct dataplane *dp);

/* Sends the announcement of one address out of each such NIC that is up. macs: the NICs' own. fd:
 * of announce_open; nothing is done if that is negative. Logs what can't be sent. */
void announce(int fd, const struct dataplane *dp, const uint8_t (*macs)[6], const struct addr *vip);

#endif
