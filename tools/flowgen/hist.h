/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Log-linear buckets for 32-bit numbers: 32 to every power of two, so that a bucket is at most
 * 1/32 wide of what is in it. Numbers below 32 have a bucket each. Shared with BPF. */
#ifndef FLOWGEN_HIST_H
#define FLOWGEN_HIST_H

#include <linux/types.h>

enum {
	HIST_SUB_BITS = 5,
	HIST_SUB = 1 << HIST_SUB_BITS,
	HIST_BUCKETS = HIST_SUB * (32 - HIST_SUB_BITS + 1),
};

/* floor(log2(v)), v not 0; without __builtin_clz, which BPF of this day can't. */
static inline __attribute__((always_inline)) __u32 hist_log2(__u32 v)
{
	__u32 r = (__u32)(v > 0xffff) << 4;

	v >>= r;
	if (v > 0xff) {
		v >>= 8;
		r += 8;
	}
	if (v > 0xf) {
		v >>= 4;
		r += 4;
	}
	if (v > 3) {
		v >>= 2;
		r += 2;
	}
	return r + (v >> 1);
}

static inline __attribute__((always_inline)) __u32 hist_bucket(__u32 v)
{
	__u32 shift;

	if (v < HIST_SUB)
		return v;
	shift = hist_log2(v) - HIST_SUB_BITS;
	return shift * HIST_SUB + (v >> shift);
}

#ifndef __bpf__
/* The lowest number of a bucket, and how many numbers it holds. Any thread. */
__u32 hist_low(__u32 bucket);
__u32 hist_width(__u32 bucket);

/* The number below or at which a share (0..1) of the counted ones lie, read at the middle of its
 * bucket; 0 if nothing was counted. count: HIST_BUCKETS. Any thread. */
__u32 hist_quantile(const __u64 *count, double share);
#endif

#endif
