/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/dataplane.h"

const char *const xdp_mode_name[MODE_COUNT] = {
	[MODE_ZEROCOPY] = "zerocopy",
	[MODE_COPY] = "copy",
	[MODE_SKB] = "skb",
};
