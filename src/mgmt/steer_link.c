/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/steer_link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mgmt/steer_pin.h"

enum {
	TRIES = 25,
	NAP_US = 20000
};

static const char our_name[] = "shunt_steer";

/* The program's name, or "" where we may not know: only CAP_SYS_ADMIN opens programs by id. */
static void name_prog(uint32_t id, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	name[0] = '\0';
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		snprintf(name, BPF_OBJ_NAME_LEN, "%s", info.name);
	close(fd);
}

static int link_info(int link, struct bpf_link_info *info)
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(link, info, &len))
		return -errno;
	return info->type == BPF_LINK_TYPE_XDP ? 0 : -EINVAL;
}

int steer_link_ifindex(int link)
{
	struct bpf_link_info info;
	int err = link_info(link, &info);

	return err ? err : (int)info.xdp.ifindex;
}

int steer_link_check(int link, const struct nic *nic, bool *skb, char *err, size_t err_size)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, on_nic);
	char name[BPF_OBJ_NAME_LEN];
	struct bpf_link_info info;

	if (link_info(link, &info) || (int)info.xdp.ifindex != nic->ifindex)
		return -ENOENT;
	/* A NIC that moved to another namespace may have the same number there. */
	if (bpf_xdp_query(nic->ifindex, 0, &on_nic) ||
	    (on_nic.drv_prog_id != info.prog_id && on_nic.skb_prog_id != info.prog_id))
		return -ENOENT;
	*skb = on_nic.skb_prog_id == info.prog_id;
	name_prog(info.prog_id, name);
	if (!*name || !strcmp(name, our_name))
		return 0;
	return steer_fail(
		-EBUSY, err, err_size,
		"%s: the link that an earlier shuntd pinned runs a foreign program, \"%s\" "
		"(id %u): remove it with shuntd --cleanup",
		nic->name, name, info.prog_id);
}

/* The id of the link that makes this program run on the NIC, 0 if there is none or we may not
 * know. The NIC's number alone isn't enough: other namespaces have the same. */
static uint32_t link_of(uint32_t prog, int ifindex)
{
	struct bpf_link_info info;
	uint32_t id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		int fd = bpf_link_get_fd_by_id(id);
		bool known = fd >= 0 && !link_info(fd, &info);

		if (fd >= 0)
			close(fd);
		if (known && (int)info.xdp.ifindex == ifindex && info.prog_id == prog)
			return id;
	}
	return 0;
}

/* Names the program that has the NIC, and the command that takes it off. */
static void explain_busy(const struct nic *nic, char *err, size_t err_size)
{
	static const char *const word[] = {
		[XDP_ATTACHED_DRV] = "xdpdrv",
		[XDP_ATTACHED_SKB] = "xdpgeneric",
		[XDP_ATTACHED_HW] = "xdpoffload",
		[XDP_ATTACHED_MULTI] = "xdp",
	};
	LIBBPF_OPTS(bpf_xdp_query_opts, on_nic);
	char name[BPF_OBJ_NAME_LEN];
	uint32_t id, link;

	if (bpf_xdp_query(nic->ifindex, 0, &on_nic) || !on_nic.attach_mode ||
	    on_nic.attach_mode > XDP_ATTACHED_MULTI) {
		steer_fail(0, err, err_size,
			   "%s: busy: an XDP program on it, or on the bond or bridge above it, "
			   "must go first: ip -d link show",
			   nic->name);
		return;
	}
	id = on_nic.prog_id ? on_nic.prog_id : on_nic.drv_prog_id;
	link = link_of(id, nic->ifindex);
	name_prog(id, name);
	if (link)
		steer_fail(0, err, err_size,
			   "%s: busy with XDP program \"%s\" (id %u) of another owner: stop that, "
			   "or: bpftool link detach id %u",
			   nic->name, name, id, link);
	else
		steer_fail(0, err, err_size,
			   "%s: busy with XDP program \"%s\" (id %u) of another owner: stop that, "
			   "or: ip link set dev %s %s off",
			   nic->name, name, id, nic->name, word[on_nic.attach_mode]);
}

static const struct {
	int err;
	const char *cure;
} refusals[] = {
	{EPERM, "run as root, or with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_NET_RAW"},
	{ENODEV, "no such interface: ip link"},
	{ERANGE, "the MTU (of a veth: its peer's) is too large for native XDP: lower it by "
		 "ip link set mtu, or --mode skb"},
	{ENOSPC, "a veth needs as many receive queues as its peer has transmit queues: "
		 "ethtool -L, or --mode skb"},
	{EOPNOTSUPP, "the driver has no native XDP, or not with these offloads: ethtool -K lro off "
		     "rx-gro-hw off, or --mode skb"},
	{EINVAL, "the driver refused: MTU, LRO or ring sizes don't go with XDP: lower the MTU, "
		 "ethtool -K lro off, or --mode skb"},
	{ENOMEM, "no memory, or no free hardware queues for XDP: fewer by ethtool -L, or "
		 "--mode skb"},
};

static void explain(const struct nic *nic, int code, char *err, size_t err_size)
{
	const char *cure = "the driver's words are in dmesg";

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].err == code)
			cure = refusals[i].cure;
	steer_fail(0, err, err_size, "%s: cannot attach the XDP program: %s: %s", nic->name,
		   strerror(code), cure);
}

static bool is_there(const struct nic *nic)
{
	char name[IFNAMSIZ];

	return if_indextoname((unsigned int)nic->ifindex, name);
}

/* The link of a shuntd that has just died is released a little after its lock. */
static bool is_dying_one_of_ours(const struct nic *nic)
{
	char name[BPF_OBJ_NAME_LEN];
	uint32_t id = 0;

	if (bpf_xdp_query_id(nic->ifindex, 0, &id) || !id)
		return true; /* gone in the meantime */
	name_prog(id, name);
	return !strcmp(name, our_name);
}

int steer_link_attach(const struct nic *nic, int prog, bool skb, char *err, size_t err_size)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = skb ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	bool busy;
	int fd;

	for (int i = 0;; i++) {
		fd = bpf_link_create(prog, nic->ifindex, BPF_XDP, &opts);
		if (fd >= 0)
			return fd;
		busy = fd == -EBUSY || fd == -EEXIST;
		if (!busy || i == TRIES || !is_dying_one_of_ours(nic))
			break;
		usleep(NAP_US);
	}
	if (busy) {
		explain_busy(nic, err, err_size);
		return -EBUSY;
	}
	if (fd == -EINVAL && !is_there(nic))
		fd = -ENODEV; /* the kernel doesn't tell the two apart */
	explain(nic, -fd, err, err_size);
	return fd;
}
