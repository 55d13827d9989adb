/* SPDX-License-Identifier: BSD-2-Clause */
#include "hist.h"

#include <math.h>

__u32 hist_width(__u32 bucket)
{
	return bucket < 2 * HIST_SUB ? 1 : 1u << (bucket / HIST_SUB - 1);
}

__u32 hist_low(__u32 bucket)
{
	if (bucket < 2 * HIST_SUB)
		return bucket;
	return (HIST_SUB + bucket % HIST_SUB) << (bucket / HIST_SUB - 1);
}

__u32 hist_quantile(const __u64 *count, double share)
{
	__u64 all = 0, want, seen = 0;
	__u32 b;

	for (b = 0; b < HIST_BUCKETS; b++)
		all += count[b];
	if (!all)
		return 0;
	want = (__u64)ceil(share * (double)all);
	if (!want)
		want = 1;
	for (b = 0; b < HIST_BUCKETS - 1; b++) {
		seen += count[b];
		if (seen >= want)
			break;
	}
	return hist_low(b) + hist_width(b) / 2;
}
