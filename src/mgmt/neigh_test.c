/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages and judgements, without a kernel. neigh_root_test.c has the rest. */
#include "mgmt/neigh.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/log.h"
#include "mgmt/nlmsg.h"
#include "mgmt/reach.h"
#include "mgmt/watch.h"

enum {
	ROOM = 512
};

static char logged[256];
static int lines;

static void log_line(const char *fmt, va_list ap)
{
	vsnprintf(logged, sizeof(logged), fmt, ap);
	lines++;
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}

static const uint8_t server_mac[6] = {2, 0, 0, 0, 0, 0x54};

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

static struct nlmsghdr *neigh_message(void *buf, uint8_t family, uint16_t nud, const char *dst)
{
	struct nlmsghdr *nlh = message(buf, RTM_NEWNEIGH);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	struct addr a = parsed(dst);

	ndm->ndm_family = family;
	ndm->ndm_ifindex = 7;
	ndm->ndm_state = nud;
	mnl_attr_put(nlh, NDA_DST, addr_is_v4(&a) ? 4 : 16, addr_is_v4(&a) ? a.b + 12 : a.b);
	return nlh;
}

static struct nlmsghdr *link_message(void *buf, uint8_t family, unsigned int flags)
{
	struct nlmsghdr *nlh = message(buf, RTM_NEWLINK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = family;
	ifi->ifi_index = 7;
	ifi->ifi_flags = flags;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	return nlh;
}

static void reads_a_neighbour(void **state)
{
	struct addr v4 = parsed("192.168.1.54"), v6 = parsed("2001:db8::54");
	struct nlmsghdr *nlh;
	struct nl_neigh e;
	char buf[ROOM];

	(void)state;
	nlh = neigh_message(buf, AF_INET, NUD_REACHABLE, "192.168.1.54");
	mnl_attr_put(nlh, NDA_LLADDR, 6, server_mac);
	mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	mnl_attr_put_u8(nlh, NDA_PROTOCOL, NEIGH_PROTO);
	assert_int_equal(nl_read_neigh(nlh, &e), 0);
	assert_true(addr_equal(&e.addr, &v4));
	assert_int_equal(e.ifindex, 7);
	assert_int_equal(e.nud, NUD_REACHABLE);
	assert_true(e.managed && e.has_mac);
	assert_int_equal(e.protocol, NEIGH_PROTO);
	assert_memory_equal(e.mac, server_mac, 6);
	nlh = neigh_message(buf, AF_INET6, NUD_FAILED, "2001:db8::54");
	assert_int_equal(nl_read_neigh(nlh, &e), 0);
	assert_true(addr_equal(&e.addr, &v6));
	assert_false(e.managed || e.has_mac);
}

static void skips_what_is_no_neighbour_of_ours(void **state)
{
	struct nlmsghdr *nlh;
	struct nl_neigh e;
	char buf[ROOM];

	(void)state;
	nlh = neigh_message(buf, AF_BRIDGE, NUD_REACHABLE, "192.168.1.54");
	assert_int_equal(nl_read_neigh(nlh, &e), -EAFNOSUPPORT);
	nlh = neigh_message(buf, AF_INET, NUD_REACHABLE, "192.168.1.54");
	((struct ndmsg *)mnl_nlmsg_get_payload(nlh))->ndm_flags = NTF_PROXY;
	assert_int_equal(nl_read_neigh(nlh, &e), -EAFNOSUPPORT);
	nlh = neigh_message(buf, AF_INET, NUD_REACHABLE, "2001:db8::54"); /* 16 bytes of it */
	assert_int_equal(nl_read_neigh(nlh, &e), -EINVAL);
	nlh = neigh_message(buf, AF_INET, NUD_REACHABLE, "192.168.1.54");
	mnl_attr_put(nlh, NDA_LLADDR, 4, server_mac); /* of a tunnel */
	assert_int_equal(nl_read_neigh(nlh, &e), 0);
	assert_false(e.has_mac);
}

/* Whatever the length says, nothing behind the message is read (a sanitizer watches). */
static void survives_cut_messages(void **state)
{
	struct nlmsghdr *nlh;
	struct nl_prefix prefix;
	struct nl_neigh neigh;
	struct nl_route route;
	struct nl_link link;
	char buf[ROOM], *cut;
	uint32_t whole;

	(void)state;
	nlh = neigh_message(buf, AF_INET, NUD_REACHABLE, "192.168.1.54");
	mnl_attr_put(nlh, NDA_LLADDR, 6, server_mac);
	whole = nlh->nlmsg_len;
	for (uint32_t len = sizeof(*nlh); len < whole; len++) {
		cut = malloc(len);
		memcpy(cut, buf, len);
		nlh = (struct nlmsghdr *)cut;
		nlh->nlmsg_len = len;
		if (nl_read_neigh(nlh, &neigh) == 0)
			assert_false(neigh.has_mac);
		nlh->nlmsg_type = RTM_NEWLINK;
		assert_int_not_equal(nl_read_link(nlh, &link), 0);
		nlh->nlmsg_type = RTM_NEWROUTE;
		nl_read_route(nlh, &route);
		nl_read_prefix(nlh, &prefix);
		free(cut);
	}
}

static void a_link_is_up_when_it_runs(void **state)
{
	static const struct {
		unsigned int flags;
		bool up;
	} row[] = {
		{0, false},
		{IFF_UP, false},
		{IFF_RUNNING, false},
		{IFF_UP | IFF_RUNNING, true},
	};
	struct nl_link l;
	char buf[ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct nlmsghdr *nlh = link_message(buf, AF_UNSPEC, row[i].flags);

		mnl_attr_put(nlh, IFLA_ADDRESS, 6, server_mac);
		assert_int_equal(nl_read_link(nlh, &l), 0);
		assert_int_equal(l.up, row[i].up);
		assert_int_equal(l.ifindex, 7);
		assert_string_equal(l.name, "eth0");
		assert_true(l.has_mac);
		assert_memory_equal(l.mac, server_mac, 6);
	}
	assert_int_equal(nl_read_link(link_message(buf, AF_BRIDGE, 0), &l), -EAFNOSUPPORT);
}

static void a_link_needs_a_name_that_fits(void **state)
{
	char buf[ROOM], name[40];
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;
	struct nl_link l;

	(void)state;
	memset(name, 'x', sizeof(name));
	nlh = message(buf, RTM_NEWLINK);
	mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	assert_int_equal(nl_read_link(nlh, &l), -EINVAL);
	mnl_attr_put(nlh, IFLA_IFNAME, IFNAMSIZ, name); /* without an end */
	assert_int_equal(nl_read_link(nlh, &l), -EINVAL);
	name[IFNAMSIZ] = 0;
	mnl_attr_put(nlh, IFLA_IFNAME, IFNAMSIZ + 1, name);
	assert_int_equal(nl_read_link(nlh, &l), -EINVAL);
}

static void a_route_event_concerns_what_it_covers(void **state)
{
	static const struct {
		const char *dst; /* NULL: the default route */
		int family, bits;
		const char *addr;
		bool covers;
	} row[] = {
		{"192.168.1.0", AF_INET, 24, "192.168.1.54", true},
		{"192.168.1.0", AF_INET, 24, "192.168.2.54", false},
		{"192.168.1.54", AF_INET, 32, "192.168.1.54", true},
		{"192.168.1.54", AF_INET, 32, "192.168.1.55", false},
		{"192.168.0.0", AF_INET, 23, "192.168.1.54", true},
		{"192.168.0.0", AF_INET, 23, "192.168.2.54", false},
		{NULL, AF_INET, 0, "192.168.1.54", true},
		{NULL, AF_INET, 0, "2001:db8::1", false},
		{NULL, AF_INET6, 0, "2001:db8::1", true},
		{NULL, AF_INET6, 0, "192.168.1.54", false},
		{"2001:db8::", AF_INET6, 33, "2001:db8:7fff::1", true},
		{"2001:db8::", AF_INET6, 33, "2001:db8:8000::1", false},
	};
	struct nl_prefix p;
	char buf[ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct nlmsghdr *nlh = message(buf, i % 2 ? RTM_DELROUTE : RTM_NEWROUTE);
		struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
		bool v4 = row[i].family == AF_INET;
		struct addr a;

		rtm->rtm_family = row[i].family;
		rtm->rtm_dst_len = row[i].bits;
		if (row[i].dst) {
			a = parsed(row[i].dst);
			mnl_attr_put(nlh, RTA_DST, v4 ? 4 : 16, v4 ? a.b + 12 : a.b);
		}
		assert_int_equal(nl_read_prefix(nlh, &p), 0);
		a = parsed(row[i].addr);
		assert_int_equal(nl_prefix_covers(&p, &a), row[i].covers);
	}
}

static void a_prefix_longer_than_an_address_is_refused(void **state)
{
	struct nlmsghdr *nlh;
	struct nl_prefix p;
	struct rtmsg *rtm;
	char buf[ROOM];

	(void)state;
	nlh = message(buf, RTM_NEWROUTE);
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 33;
	mnl_attr_put_u32(nlh, RTA_DST, 0);
	assert_int_equal(nl_read_prefix(nlh, &p), -EINVAL);
	rtm->rtm_dst_len = 8;
	nlh->nlmsg_len = sizeof(*nlh) + sizeof(*rtm); /* a length without an address */
	assert_int_equal(nl_read_prefix(nlh, &p), -EINVAL);
}

/* What is asked for a neighbour reads back as one: family, interface, address, flags. */
static void asks_what_it_means(void **state)
{
	struct addr v4 = parsed("192.168.1.54"), v6 = parsed("2001:db8::54");
	struct nlmsghdr *nlh;
	struct nl_neigh e;
	char buf[ROOM];

	(void)state;
	nlh = nl_ask_neigh_op(buf, NEIGH_MANAGE, 7, &v6);
	assert_int_equal(nlh->nlmsg_flags,
			 NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	assert_int_equal(nl_read_neigh(nlh, &e), 0);
	assert_true(addr_equal(&e.addr, &v6));
	assert_int_equal(e.ifindex, 7);
	assert_true(reach_neigh_ours(&e));
	assert_int_equal(e.flags, NTF_EXT_LEARNED);
	nlh = nl_ask_neigh_op(buf, NEIGH_UNMANAGE, 7, &v4);
	assert_false(nlh->nlmsg_flags & NLM_F_CREATE);
	assert_int_equal(nl_read_neigh(nlh, &e), 0);
	assert_true(addr_equal(&e.addr, &v4));
	assert_false(e.managed);
	assert_int_equal(e.flags, NTF_USE);
	nlh = nl_ask_neigh_op(buf, NEIGH_DELETE, 7, &v4);
	assert_int_equal(nlh->nlmsg_type, RTM_DELNEIGH);
	nlh = nl_ask_route(buf, &v4);
	assert_int_equal(((struct rtmsg *)mnl_nlmsg_get_payload(nlh))->rtm_family, AF_INET);
	assert_int_equal(((struct rtmsg *)mnl_nlmsg_get_payload(nlh))->rtm_dst_len, 32);
}

static void judges_neighbours(void **state)
{
	static const struct {
		uint16_t nud;
		bool has_mac;
		uint8_t mac[6];
		enum reach_state state;
	} row[] = {
		{NUD_REACHABLE, true, {2, 0, 0, 0, 0, 9}, REACH_OK},
		{NUD_STALE, true, {2, 0, 0, 0, 0, 9}, REACH_OK},
		{NUD_DELAY, true, {2, 0, 0, 0, 0, 9}, REACH_OK},
		{NUD_PROBE, true, {2, 0, 0, 0, 0, 9}, REACH_OK},
		{NUD_PERMANENT, true, {2, 0, 0, 0, 0, 9}, REACH_OK},
		{NUD_NOARP, true, {2, 0, 0, 0, 0, 9}, REACH_OK},
		{NUD_FAILED, true, {2, 0, 0, 0, 0, 9}, REACH_UNRESOLVED},
		{NUD_INCOMPLETE, false, {0}, REACH_UNRESOLVED},
		{NUD_NONE, false, {0}, REACH_UNRESOLVED},
		{NUD_REACHABLE, false, {0}, REACH_UNRESOLVED},
		{NUD_REACHABLE, true, {0}, REACH_BAD_MAC},
		{NUD_REACHABLE, true, {1, 0, 0x5e, 0, 0, 1}, REACH_BAD_MAC},
		{NUD_REACHABLE, true, {255, 255, 255, 255, 255, 255}, REACH_BAD_MAC},
		{NUD_REACHABLE, true, {2, 0, 0, 0, 0, 1}, REACH_BAD_MAC},
		{NUD_REACHABLE, true, {2, 0, 0, 0, 0, 2}, REACH_BAD_MAC},
	};
	static const uint8_t own[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct nl_neigh e = {.nud = row[i].nud, .has_mac = row[i].has_mac};

		memcpy(e.mac, row[i].mac, 6);
		assert_int_equal(reach_of_neigh(&e, own, 2), row[i].state);
	}
	assert_int_equal(reach_of_neigh(NULL, own, 2), REACH_UNRESOLVED);
}

static void tells_its_own_entries_from_others(void **state)
{
	static const struct {
		struct nl_neigh e;
		bool ours, foreign;
	} row[] = {
		{{.nud = NUD_STALE}, false, false},
		{{.nud = NUD_PERMANENT}, false, true},
		{{.nud = NUD_NOARP}, false, true},
		{{.nud = NUD_STALE, .managed = true}, false, true},
		{{.nud = NUD_STALE, .flags = NTF_EXT_LEARNED, .protocol = 186}, false, true},
		{{.managed = true, .protocol = NEIGH_PROTO}, true, false},
		{{.flags = NTF_EXT_LEARNED, .protocol = NEIGH_PROTO}, false, false},
		{{.protocol = NEIGH_PROTO}, false, false}, /* given back */
		{{.nud = NUD_PERMANENT, .protocol = NEIGH_PROTO}, false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_int_equal(reach_neigh_ours(&row[i].e), row[i].ours);
		assert_int_equal(reach_neigh_foreign(&row[i].e), row[i].foreign);
	}
}

static void keeps_what_is_watched_sorted_and_once(void **state)
{
	struct watch t;
	struct addr a;

	(void)state;
	watch_init(&t);
	for (uint32_t i = 0; i < 1000; i++) {
		a = addr_v4(i * 2654435761u);
		assert_non_null(watch_add(&t, &a));
		assert_ptr_equal(watch_add(&t, &a), watch_find(&t, &a));
	}
	assert_int_equal(t.count, 1000);
	for (size_t i = 1; i < t.count; i++)
		assert_true(memcmp(&t.at[i - 1]->addr, &t.at[i]->addr, 16) < 0);
	for (uint32_t i = 0; i < 1000; i += 2) {
		a = addr_v4(i * 2654435761u);
		watch_remove(&t, watch_find(&t, &a));
		assert_null(watch_find(&t, &a));
	}
	assert_int_equal(t.count, 500);
	a = addr_v4(2654435761u);
	assert_non_null(watch_find(&t, &a));
	watch_fini(&t);
}

static void the_queue_holds_each_once_and_forgets_who_goes(void **state)
{
	struct addr a = parsed("192.0.2.1"), b = parsed("192.0.2.2"), c = parsed("192.0.2.3");
	struct watched *first, *second, *third;
	struct watch t;

	(void)state;
	watch_init(&t);
	first = watch_add(&t, &a);
	second = watch_add(&t, &b);
	third = watch_add(&t, &c);
	watch_enqueue(&t, third);
	watch_enqueue(&t, second);
	watch_enqueue(&t, third);
	watch_enqueue(&t, first);
	watch_remove(&t, second);
	assert_ptr_equal(watch_dequeue(&t), third);
	assert_ptr_equal(watch_dequeue(&t), first);
	assert_null(watch_dequeue(&t));
	watch_enqueue(&t, third); /* again, after its turn */
	assert_ptr_equal(watch_dequeue(&t), third);
	watch_fini(&t);
}

static void says_each_thing_once(void **state)
{
	struct reach ok = {.state = REACH_OK, .nic = 0, .mac = {2, 0, 0, 0, 0, 1}},
		     lost = {.state = REACH_UNRESOLVED};
	struct reach moved = {.state = REACH_OK, .nic = 0, .mac = {2, 0, 0, 0, 0, 2}};
	struct watched w = {.addr = parsed("192.168.1.54")};

	(void)state;
	lines = 0;
	watch_say(&w, &lost, 0, NULL); /* not resolved yet: nothing to say */
	assert_int_equal(lines, 0);
	watch_say(&w, &ok, 0, NULL);
	assert_string_equal(logged, "neighbour 192.168.1.54: 02:00:00:00:00:01");
	watch_say(&w, &ok, 0, NULL);
	watch_say(&w, &lost, 0, NULL); /* resolved again at once, to the same MAC */
	watch_say(&w, &ok, 0, NULL);
	assert_int_equal(lines, 1);
	watch_say(&w, &lost, 0, "why");
	watch_say(&w, &lost, 0, "why");
	assert_int_equal(lines, 2);
	assert_string_equal(logged, "neighbour 192.168.1.54: gets no traffic: why");
	watch_say(&w, &ok, 0, NULL);
	assert_string_equal(logged, "neighbour 192.168.1.54: reached again, at 02:00:00:00:00:01");
	watch_say(&w, &moved, 1, NULL);
	assert_string_equal(logged, "neighbour 192.168.1.54 on lo: now 02:00:00:00:00:02, "
				    "was 02:00:00:00:00:01");
	assert_int_equal(lines, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_neighbour),
		cmocka_unit_test(skips_what_is_no_neighbour_of_ours),
		cmocka_unit_test(survives_cut_messages),
		cmocka_unit_test(a_link_is_up_when_it_runs),
		cmocka_unit_test(a_link_needs_a_name_that_fits),
		cmocka_unit_test(a_route_event_concerns_what_it_covers),
		cmocka_unit_test(a_prefix_longer_than_an_address_is_refused),
		cmocka_unit_test(asks_what_it_means),
		cmocka_unit_test(judges_neighbours),
		cmocka_unit_test(tells_its_own_entries_from_others),
		cmocka_unit_test(keeps_what_is_watched_sorted_and_once),
		cmocka_unit_test(the_queue_holds_each_once_and_forgets_who_goes),
		cmocka_unit_test(says_each_thing_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
