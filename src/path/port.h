/* SPDX-License-Identifier: BSD-2-Clause */
/* A port: one queue of one NIC, seen through the four rings of its AF_XDP socket. Its verbs tell
 * a frame's life: refill (to the kernel, to be received into), rx, tx, kick, reap (sent, home). */
#ifndef SHUNT_PATH_PORT_H
#define SHUNT_PATH_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <xdp/xsk.h>

#include "base/counters.h"
#include "base/dataplane.h"
#include "path/burst.h"
#include "path/frames.h"

enum {
	RING_SIZE = 2048
}; /* entries of each ring */

struct port {
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons comp;
	struct frames *frames;		/* its worker's */
	struct worker_counters *worker; /* its worker's */
	struct port_counters *count;
	int fd;
	uint32_t self;	 /* its number within its worker */
	uint32_t staged; /* written to the transmit ring, not submitted */
	uint16_t nic;
	bool has_tx;
	bool zerocopy;		/* a kick only wakes the driver, which sends in its own time */
	uint32_t kicked;	/* the transmit ring's producer then */
	uint32_t waits;		/* calls of port_kick since, that had nothing new */
	struct xsk_socket *xsk; /* libxdp keeps pointers to the rings above: a port never moves */
};

/* How many of n slots from start on lie in front of a ring's end. What is worked through in at most
 * two pieces needs no look at the mask for each frame. Pure. */
static inline uint32_t port_piece(uint32_t mask, uint32_t start, uint32_t n)
{
	uint32_t room = mask + 1 - (start & mask);

	return n < room ? n : room;
}

/* All of these: the owning worker. None of them waits. */

/* Tops the fill ring up from the free frames; wakes the driver if it asked for it. */
void port_refill(struct port *p);

/* Frames on the transmit ring that the kernel hasn't taken. */
uint32_t port_tx_pending(const struct port *p);

/* Writes n packets' frames to the transmit ring, to be submitted by port_submit. Returns how many
 * there was room for. */
uint32_t port_stage(struct port *p, const struct pkt *pkt, uint32_t n);

/* Hands what was staged to the kernel. */
void port_submit(struct port *p);

/* Makes the kernel send what is on the transmit ring: a bounded number of tries, what is left
 * then goes out with the next kick. With zero-copy one wakes the driver for all that is there. */
void port_kick(struct port *p);

/* Takes sent frames home. */
void port_reap(struct port *p);

/* Runs the NIC's NAPI from here (busy polling). */
void port_busy_poll(struct port *p);

/* Brings the cached indices and the counters in line with the rings, as another engine left them.
 * The engine, before workers start; or the holder, before it closes the socket. */
void port_resync(struct port *p);

#endif
