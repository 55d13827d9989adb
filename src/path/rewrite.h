/* SPDX-License-Identifier: BSD-2-Clause */
/* Fourth stage: the frame as the server shall see it. The Ethernet addresses change, the time to
 * live goes down by one, a checksum that the sender left to its NIC is completed; nothing else. */
#ifndef SHUNT_PATH_REWRITE_H
#define SHUNT_PATH_REWRITE_H

#include "path/burst.h"

/* Rewrites one looked-up packet, or drops it (ttl). Returns true if it completed a checksum. */
bool rewrite_pkt(struct pkt *p);

/* Rewrites the burst. Its worker. */
void rewrite_burst(struct burst *b, struct worker_counters *c);

#endif
