/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's frames: fixed-size pieces of UMEM that only this worker ever gives to the kernel.
 * What it holds itself lies on a stack (last in, first out: the warmest frame is used next).
 *
 * An engine can be killed between any two instructions, and the next one must find each frame
 * exactly once, and lose no packet. So shared memory says of every frame where it belongs, and an
 * intent is written before frames are handed over; audit.c reads both. The order of a hand-over:
 *   C  ring slots written, intent {ring, start, n} written
 *   D  frames marked
 *   E  ring submitted (one store of the producer index)
 *   F  intent cleared
 * A received burst stays on its receive ring until all of it is on its way out or dropped, and
 * marked so: what isn't is received again by the next engine. Frames that come home from being
 * sent are marked, then their ring is released. */
#ifndef SHUNT_PATH_FRAMES_H
#define SHUNT_PATH_FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum frame_owner {
	FRAME_HELD, /* with the engine: free */
	FRAME_RX,   /* fill ring, kernel, receive ring */
	FRAME_TX,   /* transmit ring, kernel, completion ring */
};

/* In shared memory. n != 0: slots [start, start + n) of a ring were being handed over. */
struct intent {
	uint32_t n;
	uint32_t ring; /* 2 * port (of this worker), + 1 for its transmit ring */
	uint32_t start;
};

struct frames {
	uint8_t *area;	       /* of UMEM; frame f lies at area + (f << shift) */
	uint8_t *owner;	       /* shared; enum frame_owner of frame first + i */
	struct intent *intent; /* shared */
	uint32_t shift;
	uint32_t first;
	uint32_t n;
	uint32_t n_free;
	uint32_t *free; /* the stack: frame numbers; private to the process */
};

/* All of these: the owning worker, or the holder before there is one. */

static inline void frames_give(struct frames *f, uint64_t addr)
{
	f->free[f->n_free++] = (uint32_t)(addr >> f->shift);
}

/* Marks are bytes: for all that the compiler knows each may be a part of *f. Loops mark through a
 * copy of it, which can stay in registers. */
static inline void frames_mark(const struct frames *f, uint64_t addr, enum frame_owner owner)
{
	f->owner[(uint32_t)(addr >> f->shift) - f->first] = (uint8_t)owner;
}

/* What many frames are marked with: marks are bytes that may alias anything, so that this is best
 * kept in registers. mark[frame] is frame's owner. */
static inline uint8_t *frames_marks(const struct frames *f)
{
	return (uint8_t *)((uintptr_t)f->owner - f->first);
}

/* C and F. The fence is for the compiler: whoever reads this after a crash sees what a debugger
 * would, the stores in program order. */
static inline void frames_intend(struct frames *f, uint32_t ring, uint32_t start, uint32_t n)
{
	f->intent->ring = ring;
	f->intent->start = start;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&f->intent->n, n, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void frames_intent_done(struct frames *f)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&f->intent->n, 0, __ATOMIC_RELEASE);
}

#endif
