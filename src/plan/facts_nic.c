/* SPDX-License-Identifier: BSD-2-Clause */
/* The facts of one NIC. The ioctls tell of this network namespace; sysfs tells of the one that it
 * was mounted in, and counts only when both agree on the interface. */
#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plan/facts.h"

static int ask(int fd, const char *name, unsigned long request, struct ifreq *ifr)
{
	memset(ifr, 0, sizeof(*ifr));
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	return ioctl(fd, request, ifr) ? -errno : 0;
}

static int ask_ethtool(int fd, const char *name, void *data)
{
	struct ifreq ifr = {.ifr_data = data};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
}

static int sysfs_int(const char *name, const char *file, int otherwise)
{
	char path[128];
	int value = otherwise;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, file);
	f = fopen(path, "re");
	if (!f)
		return otherwise;
	if (fscanf(f, "%d", &value) != 1)
		value = otherwise;
	fclose(f);
	return value;
}

/* Entries of a folder of the interface whose names begin so. */
static int sysfs_count(const char *name, const char *folder, const char *prefix)
{
	char path[128];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, folder);
	d = opendir(path);
	if (!d)
		return 0;
	while ((e = readdir(d)))
		n += !strncmp(e->d_name, prefix, strlen(prefix));
	closedir(d);
	return n;
}

static bool is_vlan(const char *name)
{
	char path[300], line[64];
	bool vlan = false;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/uevent", name);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		vlan |= !strcmp(line, "DEVTYPE=vlan\n");
	fclose(f);
	return vlan;
}

static bool has_vlans(const char *name)
{
	static const char upper[] = "upper_";
	char path[128];
	bool found = false;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/class/net/%s", name);
	d = opendir(path);
	if (!d)
		return false;
	while (!found && (e = readdir(d)))
		found = !strncmp(e->d_name, upper, strlen(upper)) &&
			is_vlan(e->d_name + strlen(upper));
	closedir(d);
	return found;
}

static void read_channels(int fd, struct nic_facts *n)
{
	struct ethtool_channels ch = {.cmd = ETHTOOL_GCHANNELS};

	if (!ask_ethtool(fd, n->name, &ch)) {
		n->rx = (int)(ch.rx_count + ch.combined_count);
		n->tx = (int)(ch.tx_count + ch.combined_count);
		n->max_rx = (int)(ch.max_rx + ch.max_combined);
		n->max_tx = (int)(ch.max_tx + ch.max_combined);
		n->combined = ch.max_combined > 0;
		n->channels = true;
	}
	if (n->rx && n->tx)
		return;
	n->channels = false;
	n->max_rx = n->rx = n->in_sysfs ? sysfs_count(n->name, "queues", "rx-") : 0;
	n->max_tx = n->tx = n->in_sysfs ? sysfs_count(n->name, "queues", "tx-") : 0;
}

/* CPUs that the kernel could ever have. */
static int possible_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	int first = 0, last = 0;

	if (!f)
		return 1;
	if (fscanf(f, "%d-%d", &first, &last) < 2)
		last = first;
	fclose(f);
	return last + 1;
}

/* virtio_net takes a queue pair for each CPU with an XDP program, to send on, if there are so many
 * to spare. The device then spreads what it receives over those, too, unless it has a table (RSS)
 * that says otherwise: they are receive queues like the others, but never zero-copy. */
static void read_xdp_queues(int fd, struct nic_facts *n)
{
	struct ethtool_rxfh rss = {.cmd = ETHTOOL_GRSSH};
	int cpus = possible_cpus();

	if (strcmp(n->driver, "virtio_net") || !n->channels || n->rx + cpus > n->max_rx)
		return;
	if (!ask_ethtool(fd, n->name, &rss) && rss.indir_size)
		return;
	n->xdp_rx = cpus;
	n->rx += cpus;
}

static void read_offloads(int fd, struct nic_facts *n)
{
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};

	if (ask_ethtool(fd, n->name, &flags))
		return;
	n->lro = flags.data & ETH_FLAG_LRO;
	n->strips_vlan = flags.data & ETH_FLAG_RXVLAN;
}

static void read_link(int fd, struct nic_facts *n)
{
	struct ethtool_drvinfo drv = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ifr;

	if (!ask(fd, n->name, SIOCGIFFLAGS, &ifr)) {
		n->loopback = ifr.ifr_flags & IFF_LOOPBACK;
		n->up = ifr.ifr_flags & IFF_UP;
		n->carrier = ifr.ifr_flags & IFF_RUNNING;
	}
	if (!ask(fd, n->name, SIOCGIFHWADDR, &ifr)) {
		n->ethernet = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER;
		memcpy(n->mac, ifr.ifr_hwaddr.sa_data, sizeof(n->mac));
	}
	if (!ask(fd, n->name, SIOCGIFMTU, &ifr))
		n->mtu = ifr.ifr_mtu;
	if (!ask_ethtool(fd, n->name, &drv))
		snprintf(n->driver, sizeof(n->driver), "%s", drv.driver);
}

int facts_read_nic(const char *name, struct nic_facts *nic)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr;

	*nic = (struct nic_facts){.node = -1, .node_sysfs = -1};
	snprintf(nic->name, sizeof(nic->name), "%s", name);
	if (fd < 0)
		return -errno;
	if (!ask(fd, name, SIOCGIFINDEX, &ifr)) {
		nic->ifindex = ifr.ifr_ifindex;
		nic->in_sysfs = sysfs_int(name, "ifindex", 0) == nic->ifindex;
		read_link(fd, nic);
		read_channels(fd, nic);
		read_xdp_queues(fd, nic);
		read_offloads(fd, nic);
	}
	if (nic->in_sysfs) {
		nic->node_sysfs = sysfs_int(name, "device/numa_node", -1);
		nic->has_vlans = has_vlans(name);
	}
	close(fd);
	return 0;
}
