/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the neighbours of every NIC where shunt owns the virtual addresses that one is here.
 * Management thread. */
#ifndef SHUNT_MGMT_ANNOUNCE_H
#define SHUNT_MGMT_ANNOUNCE_H

#include "base/addr.h"
#include "base/dataplane.h"

/* Sends the announcement of one address out of each such NIC that is up. macs: the NICs' own. Logs
 * what can't be sent. */
void announce(const struct dataplane *dp, const uint8_t (*macs)[6], const struct addr *vip);

#endif
