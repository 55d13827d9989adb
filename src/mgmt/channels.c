/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/channels.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int channels_rx(const char *nic)
{
	struct ethtool_channels ch = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq req = {.ifr_data = (char *)&ch};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	strncpy(req.ifr_name, nic, sizeof(req.ifr_name) - 1);
	err = ioctl(fd, SIOCETHTOOL, &req) ? -errno : 0;
	close(fd);
	return err ? err : (int)(ch.rx_count + ch.combined_count);
}
