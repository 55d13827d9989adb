/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int nic_mac(const char *nic, uint8_t mac[6], char *err, size_t size)
{
	struct ifreq req = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", nic);
	if (ioctl(fd, SIOCGIFHWADDR, &req)) {
		r = -errno;
		snprintf(err, size, "-i %s: %s", nic, strerror(errno));
	}
	close(fd);
	memcpy(mac, req.ifr_hwaddr.sa_data, 6);
	return r;
}

int nic_counters(const char *nic, struct nic_counters *out, char *err, size_t size)
{
	char line[512], name[64];
	FILE *f = fopen("/proc/net/dev", "re");
	int r = -ENODEV;

	if (!f) {
		r = -errno;
		snprintf(err, size, "/proc/net/dev: %s", strerror(errno));
		return r;
	}
	while (r && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %63[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu %*u %llu",
			   name, &out->tx, &out->tx_dropped) == 3 &&
		    !strcmp(name, nic))
			r = 0;
	}
	fclose(f);
	if (r)
		snprintf(err, size, "-i %s: no such interface", nic);
	return r;
}

/* Sends one request and waits for its acknowledgement. */
static int ask(struct nlmsghdr *msg)
{
	char buf[8192];
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	ssize_t n;
	int r = -EIO;

	if (!nl)
		return -errno;
	msg->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	msg->nlmsg_seq = 1;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(nl, msg, msg->nlmsg_len) < 0)
		goto close;
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0)
		goto close;
	r = mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(nl), NULL, NULL);
	r = r < 0 ? -errno : 0;
close:
	mnl_socket_close(nl);
	return r;
}

static void put_end(struct nlmsghdr *msg, const char *name, unsigned int queues)
{
	mnl_attr_put_strz(msg, IFLA_IFNAME, name);
	mnl_attr_put_u32(msg, IFLA_NUM_TX_QUEUES, queues);
	mnl_attr_put_u32(msg, IFLA_NUM_RX_QUEUES, queues);
}

static int add_pair(const char *a, const char *b, unsigned int queues)
{
	char buf[1024];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct nlattr *info, *data, *peer;

	msg->nlmsg_type = RTM_NEWLINK;
	msg->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	put_end(msg, a, queues);
	info = mnl_attr_nest_start(msg, IFLA_LINKINFO);
	mnl_attr_put_strz(msg, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(msg, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(msg, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	put_end(msg, b, queues);
	mnl_attr_nest_end(msg, peer);
	mnl_attr_nest_end(msg, data);
	mnl_attr_nest_end(msg, info);
	return ask(msg);
}

static int set_up(const char *name)
{
	char buf[1024];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	msg->nlmsg_type = RTM_NEWLINK;
	ifi = mnl_nlmsg_put_extra_header(msg, sizeof(*ifi));
	ifi->ifi_index = (int)if_nametoindex(name);
	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	return ask(msg);
}

/* No frames but ours: an interface of this namespace takes no IPv6 address by itself. */
static void silence_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		fputs("flowgen: can't turn IPv6 off: frames of the kernel may be counted\n",
		      stderr);
	close(fd);
}

int nic_private_pair(const char *a, const char *b, unsigned int queues, char *err, size_t size)
{
	int r = unshare(CLONE_NEWNET) ? -errno : 0;

	if (r) {
		snprintf(err, size, "can't make a network namespace: %s", strerror(-r));
		return r;
	}
	silence_ipv6();
	r = add_pair(a, b, queues);
	if (!r)
		r = set_up(a);
	if (!r)
		r = set_up(b);
	if (r)
		snprintf(err, size, "can't make a veth pair: %s", strerror(-r));
	return r;
}
