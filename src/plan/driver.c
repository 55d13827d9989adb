/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers can do, for a guess before the bind; the bind then tells the truth. */
#include <string.h>

#include "plan/build.h"

#define KERNEL(major, minor) ((major) << 8 | (minor))

enum {
	NEVER = 0
};

/* Drivers with native XDP, by the name that `ethtool -i` shows. The kernel is the first with
 * zero-copy. A driver that isn't here gets generic XDP. */
static const struct driver_row {
	const char *name;
	int zerocopy;
} driver_row[] = {
	{"bnxt_en", NEVER},
	{"bonding", NEVER},
	{"ena", NEVER},
	{"fsl_dpaa2_eth", KERNEL(6, 2)},
	{"gve", KERNEL(6, 4)},
	{"hv_netvsc", NEVER},
	{"i40e", KERNEL(4, 20)},
	{"ice", KERNEL(5, 5)},
	{"igb", KERNEL(6, 14)},
	{"igc", KERNEL(5, 14)},
	{"ionic", NEVER},
	{"ixgbe", KERNEL(4, 20)},
	{"ixgbevf", NEVER},
	{"mana", NEVER},
	{"mlx4_en", NEVER},
	{"mlx5_core", KERNEL(5, 3)},
	{"mvneta", NEVER},
	{"mvpp2", NEVER},
	{"nfp", KERNEL(5, 18)},
	{"qede", NEVER},
	{"rvu-nicpf", KERNEL(6, 15)},
	{"sfc", NEVER},
	{"thunder-nicvf", NEVER},
	{"tsnep", KERNEL(6, 3)},
	{"tun", NEVER},
	{"veth", NEVER},
	{"virtio_net", KERNEL(6, 13)},
	{"vmxnet3", NEVER},
};

enum xdp_mode driver_mode(const char *driver, int kernel)
{
	for (size_t i = 0; i < sizeof(driver_row) / sizeof(*driver_row); i++) {
		const struct driver_row *row = &driver_row[i];

		if (!strcmp(row->name, driver))
			return row->zerocopy && kernel >= row->zerocopy ? MODE_ZEROCOPY : MODE_COPY;
	}
	return MODE_SKB;
}
