/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the kernel's messages and structs: what it sends is checked here, once. */
#include "mgmt/nlmsg.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

enum {
	ATTRS = 128,
	REPLY_MS = 50,
	EVENTS_RCVBUF = 4 << 20
};
_Static_assert(ATTRS > NDA_MAX && ATTRS > IFLA_MAX && ATTRS > RTA_MAX && ATTRS > RTAX_MAX &&
		       ATTRS > IFLA_INFO_MAX && ATTRS > IFLA_VLAN_MAX,
	       "room for every attribute");

struct attrs {
	const struct nlattr *a[ATTRS];
};

static int keep_attr(const struct nlattr *attr, void *data)
{
	struct attrs *at = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < ATTRS)
		at->a[type] = attr;
	return MNL_CB_OK;
}

/* Checks the fixed header's size, then collects the attributes that follow it. libmnl rounds the
 * message's length up; the kernel's is a multiple already. */
static int read_attrs(const struct nlmsghdr *nlh, size_t header, struct attrs *at)
{
	memset(at, 0, sizeof(*at));
	if (nlh->nlmsg_len % MNL_ALIGNTO || mnl_nlmsg_get_payload_len(nlh) < header)
		return -EINVAL;
	return mnl_attr_parse(nlh, header, keep_attr, at) < 0 ? -EINVAL : 0;
}

static bool attr_u32(const struct nlattr *a, uint32_t *out)
{
	if (!a || mnl_attr_validate(a, MNL_TYPE_U32) < 0)
		return false;
	*out = mnl_attr_get_u32(a);
	return true;
}

/* An Ethernet address; other kinds of link have longer or shorter ones. */
static bool attr_mac(const struct nlattr *a, uint8_t mac[6])
{
	if (!a || mnl_attr_get_payload_len(a) != 6)
		return false;
	memcpy(mac, mnl_attr_get_payload(a), 6);
	return true;
}

static int attr_addr(const struct nlattr *a, uint8_t family, struct addr *out)
{
	if (!a || mnl_attr_get_payload_len(a) != (family == AF_INET ? 4 : 16))
		return -EINVAL;
	if (family == AF_INET) {
		*out = addr_v4(mnl_attr_get_u32(a));
		return 0;
	}
	memcpy(out->b, mnl_attr_get_payload(a), 16);
	return 0;
}

static bool is_ip(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

/* What is nested in an attribute, as in a message. */
static bool attr_nested(const struct nlattr *a, struct attrs *in)
{
	memset(in, 0, sizeof(*in));
	return a && mnl_attr_parse_nested(a, keep_attr, in) >= 0;
}

/* RTA_GATEWAY is of the route's family, RTA_VIA says its own. */
static int attr_gateway(const struct attrs *at, uint8_t family, struct nl_route *out)
{
	const struct nlattr *a = at->a[RTA_VIA];
	const struct rtvia *via = a ? mnl_attr_get_payload(a) : NULL;
	size_t len = a ? mnl_attr_get_payload_len(a) : 0;

	out->gateway = a || at->a[RTA_GATEWAY];
	if (at->a[RTA_GATEWAY])
		return attr_addr(at->a[RTA_GATEWAY], family, &out->via);
	if (!a)
		return 0;
	if (len == sizeof(*via) + 4 && via->rtvia_family == AF_INET) {
		__be32 v4;

		memcpy(&v4, via->rtvia_addr, sizeof(v4));
		out->via = addr_v4(v4);
		return 0;
	}
	if (len != sizeof(*via) + 16 || via->rtvia_family != AF_INET6)
		return -EINVAL;
	memcpy(out->via.b, via->rtvia_addr, 16);
	return 0;
}

int nl_read_route(const struct nlmsghdr *nlh, struct nl_route *out)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct attrs at, metrics;
	uint32_t oif = 0;

	if (nlh->nlmsg_type != RTM_NEWROUTE || read_attrs(nlh, sizeof(*rtm), &at))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	attr_u32(at.a[RTA_OIF], &oif);
	out->type = rtm->rtm_type;
	out->oif = oif;
	if (attr_nested(at.a[RTA_METRICS], &metrics))
		attr_u32(metrics.a[RTAX_MTU], &out->mtu);
	if (at.a[RTA_PREFSRC] && attr_addr(at.a[RTA_PREFSRC], rtm->rtm_family, &out->src))
		return -EINVAL;
	return attr_gateway(&at, rtm->rtm_family, out);
}

int nl_read_prefix(const struct nlmsghdr *nlh, struct nl_prefix *out)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct attrs at;

	if (nlh->nlmsg_type != RTM_NEWROUTE && nlh->nlmsg_type != RTM_DELROUTE)
		return -EINVAL;
	if (read_attrs(nlh, sizeof(*rtm), &at))
		return -EINVAL;
	if (!is_ip(rtm->rtm_family))
		return -EAFNOSUPPORT;
	memset(out, 0, sizeof(*out));
	out->v4 = rtm->rtm_family == AF_INET;
	out->bits = rtm->rtm_dst_len + (out->v4 ? 96 : 0);
	if (out->bits > 128)
		return -EINVAL;
	if (at.a[RTA_DST])
		return attr_addr(at.a[RTA_DST], rtm->rtm_family, &out->addr);
	if (out->v4)
		out->addr = addr_v4(0);
	return rtm->rtm_dst_len ? -EINVAL : 0;
}

bool nl_prefix_covers(const struct nl_prefix *p, const struct addr *a)
{
	unsigned int whole = p->bits / 8, rest = p->bits % 8;

	if (p->v4 != addr_is_v4(a) || memcmp(p->addr.b, a->b, whole))
		return false;
	return !rest || !((p->addr.b[whole] ^ a->b[whole]) >> (8 - rest));
}

int nl_read_neigh(const struct nlmsghdr *nlh, struct nl_neigh *out)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct attrs at;
	uint32_t ext = 0;

	if (nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH)
		return -EINVAL;
	if (read_attrs(nlh, sizeof(*ndm), &at))
		return -EINVAL;
	if (!is_ip(ndm->ndm_family) || ndm->ndm_flags & NTF_PROXY)
		return -EAFNOSUPPORT;
	memset(out, 0, sizeof(*out));
	attr_u32(at.a[NDA_FLAGS_EXT], &ext);
	out->ifindex = ndm->ndm_ifindex;
	out->nud = ndm->ndm_state;
	out->flags = ndm->ndm_flags;
	out->managed = ext & NTF_EXT_MANAGED;
	if (at.a[NDA_PROTOCOL] && mnl_attr_validate(at.a[NDA_PROTOCOL], MNL_TYPE_U8) == 0)
		out->protocol = mnl_attr_get_u8(at.a[NDA_PROTOCOL]);
	out->has_mac = attr_mac(at.a[NDA_LLADDR], out->mac);
	return attr_addr(at.a[NDA_DST], ndm->ndm_family, &out->addr);
}

static void read_vlan(const struct attrs *at, struct nl_link *out)
{
	struct attrs info, data;
	const struct nlattr *kind, *id;
	uint32_t lower = 0;

	if (!attr_nested(at->a[IFLA_LINKINFO], &info))
		return;
	kind = info.a[IFLA_INFO_KIND];
	if (!kind || mnl_attr_validate(kind, MNL_TYPE_NUL_STRING) < 0 ||
	    strcmp(mnl_attr_get_str(kind), "vlan") || !attr_nested(info.a[IFLA_INFO_DATA], &data))
		return;
	id = data.a[IFLA_VLAN_ID];
	if (!id || mnl_attr_validate(id, MNL_TYPE_U16) < 0)
		return;
	out->vlan = mnl_attr_get_u16(id);
	/* With IFLA_LINK_NETNSID, the index is another namespace's. */
	if (!at->a[IFLA_LINK_NETNSID] && attr_u32(at->a[IFLA_LINK], &lower))
		out->lower = lower;
}

int nl_read_link(const struct nlmsghdr *nlh, struct nl_link *out)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct attrs at;

	if (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
		return -EINVAL;
	if (read_attrs(nlh, sizeof(*ifi), &at))
		return -EINVAL;
	/* A bridge says RTM_DELLINK of AF_BRIDGE when a port leaves it: the link is still there. */
	if (ifi->ifi_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	memset(out, 0, sizeof(*out));
	out->ifindex = ifi->ifi_index;
	out->up = (ifi->ifi_flags & IFF_UP) && (ifi->ifi_flags & IFF_RUNNING);
	out->has_mac = attr_mac(at.a[IFLA_ADDRESS], out->mac);
	attr_u32(at.a[IFLA_MTU], &out->mtu);
	read_vlan(&at, out);
	if (!at.a[IFLA_IFNAME] || mnl_attr_validate(at.a[IFLA_IFNAME], MNL_TYPE_NUL_STRING) < 0 ||
	    mnl_attr_get_payload_len(at.a[IFLA_IFNAME]) > sizeof(out->name))
		return -EINVAL;
	strcpy(out->name, mnl_attr_get_str(at.a[IFLA_IFNAME]));
	return 0;
}

static void put_addr(struct nlmsghdr *nlh, uint16_t type, const struct addr *a)
{
	bool v4 = addr_is_v4(a);

	mnl_attr_put(nlh, type, v4 ? 4 : 16, v4 ? a->b + 12 : a->b);
}

static uint8_t family_of(const struct addr *a)
{
	return addr_is_v4(a) ? AF_INET : AF_INET6;
}

static struct nlmsghdr *ask(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return nlh;
}

struct nlmsghdr *nl_ask_route(void *buf, const struct addr *to)
{
	struct nlmsghdr *nlh = ask(buf, RTM_GETROUTE, 0);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family_of(to);
	rtm->rtm_dst_len = rtm->rtm_family == AF_INET ? 32 : 128;
	put_addr(nlh, RTA_DST, to);
	return nlh;
}

static struct nlmsghdr *ask_about_neigh(void *buf, uint16_t type, uint16_t flags, int ifindex,
					const struct addr *a)
{
	struct nlmsghdr *nlh = ask(buf, type, flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = family_of(a);
	ndm->ndm_ifindex = ifindex;
	put_addr(nlh, NDA_DST, a);
	return nlh;
}

struct nlmsghdr *nl_ask_neigh(void *buf, int ifindex, const struct addr *a)
{
	return ask_about_neigh(buf, RTM_GETNEIGH, 0, ifindex, a);
}

/* With NTF_USE or NTF_EXT_MANAGED the kernel leaves state and MAC as they are, and takes both the
 * managed and the learned flag as given: UNMANAGE is NTF_USE without them. Learned entries are
 * spared by its garbage collector, which otherwise starts at gc_thresh2 (512). */
struct nlmsghdr *nl_ask_neigh_op(void *buf, enum nl_neigh_op op, int ifindex, const struct addr *a)
{
	static const struct {
		uint16_t type, nlm;
		uint8_t flags;
		bool managed;
	} row[] = {
		[NEIGH_MANAGE] = {RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, NTF_EXT_LEARNED,
				  true},
		[NEIGH_USE] = {RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, NTF_USE, false},
		[NEIGH_UNMANAGE] = {RTM_NEWNEIGH, NLM_F_REPLACE, NTF_USE, false},
		[NEIGH_DELETE] = {RTM_DELNEIGH, 0, 0, false},
	};
	struct nlmsghdr *nlh = ask_about_neigh(buf, row[op].type, row[op].nlm, ifindex, a);
	struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);

	ndm->ndm_state = NUD_NONE;
	ndm->ndm_flags = row[op].flags;
	if (row[op].managed) {
		mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
		mnl_attr_put_u8(nlh, NDA_PROTOCOL, NEIGH_PROTO);
	}
	return nlh;
}

struct nlmsghdr *nl_ask_link(void *buf, int ifindex, const char *name)
{
	struct nlmsghdr *nlh = ask(buf, RTM_GETLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = ifindex;
	if (!ifindex)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nlh;
}
