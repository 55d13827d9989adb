/* SPDX-License-Identifier: BSD-2-Clause */
#include "zipf.h"

#include <assert.h>
#include <math.h>

#include "hist.h"

/* The sum of k^-s for k = first+1 .. first+width; for wide groups by the midpoint rule, which at
 * 3 % of the rank is exact to four digits. */
static double mass(__u32 first, __u32 width, double s)
{
	double sum = 0;

	if (width > 8)
		return width * pow(first + (width + 1) / 2.0, -s);
	for (__u32 k = 0; k < width; k++)
		sum += pow(first + k + 1.0, -s);
	return sum;
}

static __u32 fill_groups(struct zipf_slot *table, __u32 flows)
{
	__u32 n = 0;

	for (__u32 first = 0; first < flows; n++) {
		__u32 width = hist_width(n);

		assert(n < ZIPF_SLOTS);
		if (width > flows - first)
			width = flows - first;
		table[n].first = first;
		table[n].width = width;
		first += width;
	}
	return n;
}

/* Vose's method: every slot is filled up to the mean by one that has more. */
static void fill_alias(struct zipf_slot *table, double *weight, __u32 n)
{
	__u32 small[ZIPF_SLOTS] = {0}, large[ZIPF_SLOTS] = {0}, n_small = 0, n_large = 0;

	for (__u32 i = 0; i < n; i++) {
		if (weight[i] < 1)
			small[n_small++] = i;
		else
			large[n_large++] = i;
	}
	while (n_small && n_large) {
		__u32 s = small[--n_small], l = large[n_large - 1];

		table[s].coin = (__u32)(weight[s] * 4294967296.0);
		table[s].other = l;
		weight[l] -= 1 - weight[s];
		if (weight[l] >= 1)
			continue;
		n_large--;
		small[n_small++] = l;
	}
	/* What is left is 1 but for rounding: it keeps itself. */
	while (n_large || n_small) {
		__u32 i = n_large ? large[--n_large] : small[--n_small];

		table[i].coin = 0xffffffff;
		table[i].other = i;
	}
}

__u32 zipf_fill(struct zipf_slot table[ZIPF_SLOTS], __u32 flows, double s)
{
	double weight[ZIPF_SLOTS], all = 0;
	__u32 n = fill_groups(table, flows);

	for (__u32 i = 0; i < n; i++) {
		weight[i] = mass(table[i].first, table[i].width, s);
		all += weight[i];
	}
	for (__u32 i = 0; i < n; i++)
		weight[i] *= n / all;
	fill_alias(table, weight, n);
	return n;
}
