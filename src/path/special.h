/* SPDX-License-Identifier: BSD-2-Clause */
/* Lookup of what isn't a flow's packet: fragments, ICMP errors about a flow, and what is asked of
 * the virtual address itself. */
#ifndef SHUNT_PATH_SPECIAL_H
#define SHUNT_PATH_SPECIAL_H

#include "path/lookup.h"

/* One packet whose kind isn't PKT_FLOW: sets its backend and returns DROP_NONE, or PKT_KEPT if it
 * was parked, or says why it is dropped. Its worker; lookup's own. */
enum drop special_pkt(struct lookup *l, const struct snap *s, struct pkt *p, uint32_t now);

/* Fills the burst with parked packets that can go on now, looked up already, and those that have
 * waited too long, dropped. now in seconds, ns of the same clock. Its worker. */
void special_unpark(struct lookup *l, const struct snap *s, struct burst *b, uint32_t now,
		    uint64_t ns);

#endif
