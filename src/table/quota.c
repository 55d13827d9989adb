/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/quota.h"

#include <errno.h>

/* Both passes below need the k-th largest of something. They find it by bisection of its value:
 * no copy, no sort, no memory. */

static uint32_t count_rests(const struct quota *q, uint32_t n, uint64_t least)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += q[i].rest >= least;
	return count;
}

/* Gives one slot each to the largest rests; every rest is below sum. */
static void round_up(struct quota *q, uint32_t n, uint32_t slots, uint64_t sum)
{
	uint64_t low = 0, high = sum;
	uint32_t ties;

	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (count_rests(q, n, mid) >= slots)
			low = mid;
		else
			high = mid;
	}
	ties = slots - count_rests(q, n, low + 1);
	for (uint32_t i = 0; i < n; i++) {
		if (q[i].rest > low || (q[i].rest == low && ties && ties--))
			q[i].share++;
	}
}

static uint64_t count_above(const struct quota *q, uint32_t n, uint32_t level)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += q[i].share > level ? q[i].share - level : 0;
	return count;
}

/* Takes slots from the largest shares, one by one from whichever is the largest then: in effect
 * all are cut to one level, and the first of them keep the slot that was cut too much. */
static void cut_down(struct quota *q, uint32_t n, uint32_t slots, uint32_t total)
{
	uint32_t low = 1, high = total;
	uint64_t spare;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (count_above(q, n, mid) >= slots)
			low = mid;
		else
			high = mid;
	}
	spare = count_above(q, n, low) - slots;
	for (uint32_t i = 0; i < n; i++) {
		if (q[i].share <= low)
			continue;
		q[i].share = low;
		if (spare && spare--)
			q[i].share++;
	}
}

int quota_share(struct quota *q, uint32_t n, uint32_t total)
{
	uint32_t left = total, some = 0, none = 0;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		sum += q[i].weight;
		some += q[i].weight > 0;
	}
	if (!some || some > total)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t product = (uint64_t)total * q[i].weight;

		q[i].share = (uint32_t)(product / sum);
		q[i].rest = product % sum;
		left -= q[i].share;
	}
	if (left)
		round_up(q, n, left, sum);
	for (uint32_t i = 0; i < n; i++) {
		if (!q[i].weight || q[i].share)
			continue;
		q[i].share = 1;
		none++;
	}
	if (none)
		cut_down(q, n, none, total);
	return 0;
}
