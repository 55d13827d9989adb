/* SPDX-License-Identifier: BSD-2-Clause */
/* Fourth stage: the frame as the server shall see it. The Ethernet addresses change, the time to
 * live goes down by one, a checksum that the sender left to its NIC is completed; nothing else. To
 * servers on a VLAN it then gets their tag, and for those behind a tunnel it is wrapped. */
#ifndef SHUNT_PATH_REWRITE_H
#define SHUNT_PATH_REWRITE_H

#include "path/burst.h"

enum {
	REWRITE_GROWTH = 56 /* bytes that a frame grows by at most, in front: IPv6, GUE, a tag */
};

/* Rewrites one looked-up packet, or drops it: ttl, or too_big for its server's tunnel, with mtu
 * set. What is dropped is as it was received. tunnel: by backend slot; NULL if no backend has one.
 * Returns true if it completed a checksum. */
bool rewrite_pkt(struct pkt *p, const struct tunnel *tunnel);

/* Rewrites the burst. Its worker. */
void rewrite_burst(struct burst *b, struct worker_counters *c);

#endif
