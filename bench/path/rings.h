/* SPDX-License-Identifier: BSD-2-Clause */
/* A port whose rings lie in plain memory, and the kernel's side of them: frames are written into
 * what was filled and put on the receive ring; sent ones complete at once. No system call is ever
 * asked for (the rings' need_wakeup flags stay 0). */
#ifndef BENCH_PATH_RINGS_H
#define BENCH_PATH_RINGS_H

#include "path/port.h"

enum {
	FRAMES = 2 * RING_SIZE,
	FRAME_SHIFT = 11,
	FRAME_HEADROOM = 256, /* what the kernel leaves free before a frame */
};

struct ring {
	uint32_t producer __attribute__((aligned(64)));
	uint32_t consumer __attribute__((aligned(64)));
	uint32_t flags __attribute__((aligned(64)));
	struct xdp_desc slot[RING_SIZE] __attribute__((aligned(64)));
};

struct rings {
	struct ring rx, tx, fill, comp;
	struct intent intent;
	uint8_t owner[FRAMES];
	uint32_t stack[FRAMES];
	struct port_counters port_counters;
	struct worker_counters worker_counters;
	struct frames frames;
	struct port port;
	uint8_t *area;
};

/* NULL: no memory. */
struct rings *rings_new(void);
void rings_free(struct rings *r);

/* One turn of the kernel: completes what was sent, then receives n frames that write() makes
 * (it returns the length). Fewer, if the fill ring has fewer. Returns how many. */
uint32_t rings_kernel(struct rings *r, uint32_t n, uint32_t (*write)(void *ctx, uint8_t *frame),
		      void *ctx);

#endif
