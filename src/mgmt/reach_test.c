/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to a server, from the kernel's messages about its route and that route's interface. */
#include "mgmt/reach.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

enum {
	ROOM = 512
};

static struct addr parsed(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct nlmsghdr *message(void *buf, uint16_t type)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, ROOM);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	return nlh;
}

static struct nlmsghdr *route_message(void *buf, uint8_t family, uint32_t oif)
{
	struct nlmsghdr *nlh = message(buf, RTM_NEWROUTE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family;
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(nlh, RTA_OIF, oif);
	return nlh;
}

static void put_metric_mtu(struct nlmsghdr *nlh, uint32_t mtu)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_METRICS);

	mnl_attr_put_u32(nlh, RTAX_MTU, mtu);
	mnl_attr_nest_end(nlh, nest);
}

static void reads_a_route_by_a_router(void **state)
{
	struct addr via = parsed("10.0.0.254"), via6 = parsed("fe80::1"), src = parsed("10.0.0.9");
	uint8_t rtvia[18] = {AF_INET6};
	struct nlmsghdr *nlh;
	struct nl_route r;
	char buf[ROOM];

	(void)state;
	nlh = route_message(buf, AF_INET, 7);
	mnl_attr_put(nlh, RTA_GATEWAY, 4, via.b + 12);
	mnl_attr_put(nlh, RTA_PREFSRC, 4, src.b + 12);
	put_metric_mtu(nlh, 1400);
	assert_int_equal(nl_read_route(nlh, &r), 0);
	assert_int_equal(r.oif, 7);
	assert_true(r.gateway);
	assert_true(addr_equal(&r.via, &via));
	assert_true(addr_equal(&r.src, &src));
	assert_int_equal(r.mtu, 1400);

	nlh = route_message(buf, AF_INET, 7);
	memcpy(rtvia + 2, via6.b, 16);
	mnl_attr_put(nlh, RTA_VIA, sizeof(rtvia), rtvia);
	assert_int_equal(nl_read_route(nlh, &r), 0);
	assert_true(r.gateway && addr_equal(&r.via, &via6));
	assert_int_equal(r.mtu, 0);

	nlh = route_message(buf, AF_INET, 7);
	mnl_attr_put(nlh, RTA_VIA, 6, rtvia);
	assert_int_equal(nl_read_route(nlh, &r), -EINVAL);
	nlh = route_message(buf, AF_INET6, 7);
	mnl_attr_put(nlh, RTA_GATEWAY, 4, via.b + 12);
	assert_int_equal(nl_read_route(nlh, &r), -EINVAL);
}

static struct nlmsghdr *vlan_message(void *buf, const char *kind, uint16_t id)
{
	struct nlmsghdr *nlh = message(buf, RTM_NEWLINK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct nlattr *info, *data;

	ifi->ifi_index = 7;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0.77");
	mnl_attr_put_u32(nlh, IFLA_LINK, 5);
	mnl_attr_put_u32(nlh, IFLA_MTU, 1496);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, id);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return nlh;
}

/* As the kernel describes `ip link add link eth0 name eth0.77 type vlan id 77`. */
static void reads_a_vlan_device(void **state)
{
	struct nlmsghdr *nlh;
	struct nl_link l;
	char buf[ROOM];

	(void)state;
	assert_int_equal(nl_read_link(vlan_message(buf, "vlan", 77), &l), 0);
	assert_int_equal(l.vlan, 77);
	assert_int_equal(l.lower, 5);
	assert_int_equal(l.mtu, 1496);
	assert_int_equal(nl_read_link(vlan_message(buf, "macvlan", 77), &l), 0);
	assert_int_equal(l.vlan, 0);
	nlh = vlan_message(buf, "vlan", 77);
	mnl_attr_put_u32(nlh, IFLA_LINK_NETNSID, 1);
	assert_int_equal(nl_read_link(nlh, &l), 0);
	assert_int_equal(l.lower, 0);
}

static void ways_go_by_routers_and_vlans(void **state)
{
	static const struct dataplane dp = {.n_nics = 2, .nic = {{.ifindex = 4}, {.ifindex = 5}}};
	struct nl_link vlan = {.ifindex = 9, .vlan = 77, .lower = 5, .mtu = 1496};
	struct nl_route route = {.type = RTN_UNICAST, .oif = 9};
	struct addr server = parsed("10.0.0.1");
	struct reach_route r;

	(void)state;
	r = reach_of_route(&server, 0, &route, &vlan, &dp);
	assert_int_equal(r.reach.state, REACH_UNKNOWN);
	assert_int_equal(r.reach.nic, 1);
	assert_int_equal(r.reach.vlan, 77);
	assert_int_equal(r.reach.mtu, 1496);
	assert_false(r.reach.gateway);
	assert_int_equal(r.oif, 9);
	assert_true(addr_equal(&r.via, &server));

	route.gateway = true;
	route.via = parsed("10.1.0.254");
	route.src = parsed("10.1.0.9");
	route.mtu = 1400;
	r = reach_of_route(&server, 0, &route, &vlan, &dp);
	assert_true(r.reach.gateway);
	assert_true(addr_equal(&r.via, &route.via));
	assert_true(addr_equal(&r.reach.src, &route.src));
	assert_int_equal(r.reach.mtu, 1400);

	vlan.lower = 6;
	r = reach_of_route(&server, 0, &route, &vlan, &dp);
	assert_int_equal(r.reach.state, REACH_NO_ROUTE);
}

static void judges_routes(void **state)
{
	static const struct {
		int err;
		struct nl_route route;
		enum reach_state state;
		const char *why; /* a word of it; NULL: the neighbour decides */
	} row[] = {
		{0, {.type = RTN_UNICAST, .oif = 7}, REACH_UNKNOWN, NULL},
		{0, {.type = RTN_UNICAST, .oif = 7, .gateway = true}, REACH_UNKNOWN, NULL},
		{0, {.type = RTN_UNICAST, .oif = 9, .gateway = true}, REACH_NO_ROUTE, "-i"},
		{0, {.type = RTN_UNICAST, .oif = 9}, REACH_NO_ROUTE, "-i"},
		{0, {.type = RTN_LOCAL, .oif = 1}, REACH_NO_ROUTE, "this host itself"},
		{0, {.type = RTN_LOCAL, .oif = 7}, REACH_NO_ROUTE, "this host itself"},
		{0, {.type = RTN_BROADCAST, .oif = 7}, REACH_NO_ROUTE, "single host"},
		{0, {.type = RTN_UNICAST, .oif = 0}, REACH_NO_ROUTE, "single host"},
		{-ENETUNREACH, {0}, REACH_NO_ROUTE, "no route"},
		{-EACCES, {0}, REACH_NO_ROUTE, "no route"},
	};
	static const struct dataplane dp = {.n_nics = 2, .nic = {{.ifindex = 5}, {.ifindex = 7}}};
	struct addr a = parsed("10.0.0.1");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct reach_route r = reach_of_route(&a, row[i].err, &row[i].route, NULL, &dp);

		assert_int_equal(r.reach.state, row[i].state);
		if (row[i].why)
			assert_non_null(strstr(r.why, row[i].why));
		else
			assert_int_equal(r.reach.nic, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_route_by_a_router),
		cmocka_unit_test(reads_a_vlan_device),
		cmocka_unit_test(ways_go_by_routers_and_vlans),
		cmocka_unit_test(judges_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
