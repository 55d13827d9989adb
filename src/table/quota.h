/* SPDX-License-Identifier: BSD-2-Clause */
/* Divides slots by weight, in whole numbers: the largest remainder method (Hamilton's). */
#ifndef SHUNT_TABLE_QUOTA_H
#define SHUNT_TABLE_QUOTA_H

#include <stdint.h>

struct quota {
	uint32_t weight; /* in */
	uint32_t share;	 /* out: slots */
	uint64_t rest;	 /* working space: what the division left over */
};

/* Shares total slots among q[0..n): each gets total * weight / sum of weights, up or down to a
 * whole number; the largest remainders go up, the earlier of equals first. Then whoever has a
 * weight and no slot gets one from the greatest share, the last of equals. The shares add up to
 * total. Returns 0 or -EINVAL: no weight at all, or more weights than slots. Any thread. */
int quota_share(struct quota *q, uint32_t n, uint32_t total);

#endif
