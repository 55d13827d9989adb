/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a client's packet would reach a server and find the service there: a handshake with the
 * virtual address, sent the way of a client's packets, to the server's MAC address or through its
 * tunnel. It finds the server that has lost the virtual address, or doesn't open our tunnel, which
 * no connection to the server's own address does.
 *
 * The kernel can't make that connection: a virtual address that it has itself is always here to it,
 * and where it hasn't, an answer from there is one from a stranger. So both packets, a SYN and its
 * SYN-ACK (for other protocols than TCP an ICMP echo and its reply), pass by a packet socket, and a
 * reset ends it. On one libuv loop; its thread is the caller of everything here. */
#ifndef SHUNT_HEALTH_WAY_H
#define SHUNT_HEALTH_WAY_H

#include "health/probe.h"
#include "table/snap.h"

struct way {
	int ifindex;
	uint8_t mac[6];	      /* the server's, or its router's */
	uint16_t vlan;	      /* the frame is tagged with it; 0: it isn't */
	struct addr src;      /* of the client that this is: an address of ours, of vip's family */
	bool tunnelled;	      /* else it goes as it is */
	struct tunnel tunnel; /* likewise valid */
};

struct ways;

/* Returns 0 or -errno. loop is borrowed. The packet socket is opened with the first probe. */
int ways_open(struct ways **out, uv_loop_t *loop);

/* Every probe is done or cancelled. The loop has to run on until its handles are closed. Takes
 * NULL. */
void ways_close(struct ways *w);

struct way_probe;

/* Tries whether vip is answered at the end of the way: as probe_start, within timeout ms. */
struct way_probe *way_probe_start(struct ways *w, const struct endpoint *vip, const struct way *way,
				  uint64_t timeout, probe_done_fn done, void *arg);
void way_probe_cancel(struct way_probe *p);

#endif
