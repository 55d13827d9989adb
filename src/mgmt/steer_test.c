/* SPDX-License-Identifier: BSD-2-Clause */
/* The program's verdict on each kind of packet. */
#include "mgmt/steer.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mgmt/steer_ns_test.h"

#define MAC_OURS  "\x02\0\0\0\0\x0a"
#define MAC_OTHER "\x02\0\0\0\0\x0b"
#define MAC_ALL	  "\xff\xff\xff\xff\xff\xff"
#define SRC	  "\x02\0\0\0\0\x01"
#define IP4	  "\x08\0"
#define IP6	  "\x86\xdd"
#define VLAN	  "\x81\0\0\x05"
#define VIP4	  "\xc0\xa8\x01\xde"
#define CLIENT4	  "\xc0\xa8\x01\x02"
#define CLIENT6	  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define VIP6	  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x80"
/* ver/ihl + frag + proto, as the tests vary them */
#define V4(vihl, frag, proto, dst) vihl "\0\0\x28\x12\x34" frag "\x40" proto "\0\0" CLIENT4 dst
#define V6(next, dst)		   "\x60\0\0\0\0\x14" next "\x40" CLIENT6 dst
#define TCP_80			   "\xc0\0\0\x50\0\0\0\1\0\0\0\0\x50\x02\xff\xff\0\0\0\0"
#define UDP_53			   "\xc0\0\0\x35\0\x08\0\0"
#define TO(port)		   "\xc0\0" port "\0\x08\0\0"
#define NOP8			   "\1\1\1\1\1\1\1\1"
#define NO_FRAG			   "\x40\0"
#define HBH_1			   "\0\0\1\4\0\0\0\0"
#define HBH_7			   HBH_1 HBH_1 HBH_1 HBH_1 HBH_1 HBH_1 HBH_1
#define ICMP_TOO_BIG		   "\3\4\0\0\0\0\5\0"
#define QUOTE4(proto, src)	   "\x45\0\5\0\0\0\x40\0\x40" proto "\0\0" src CLIENT4
#define QUOTE6(src)		   "\x60\0\0\0\0\x14\x06\x40" src CLIENT6
#define FROM_80			   "\0\x50\xc0\0\0\0\0\1"
#define ECHO			   "\x08\0\0\0\0\1\0\1"
#define ARP_ASKS(ip)		   "\x08\x06\0\1\x08\0\6\4\0\1" SRC CLIENT4 MAC_ZERO ip
#define ARP_TELLS(ip)		   "\x08\x06\0\1\x08\0\6\4\0\2" SRC CLIENT4 MAC_ZERO ip
#define MAC_ZERO		   "\0\0\0\0\0\0"
#define MAC_NODES		   "\x33\x33\xff\0\0\x80"
#define SOLICIT(target)		   "\x87\0\0\0\0\0\0\0" target

struct row {
	const char *what;
	const char *frame;
	size_t len;
	enum steer_count count;
};
#define ROW(what, frame, count)                       \
	{                                             \
		what, frame, sizeof(frame) - 1, count \
	}

/* What changes where shunt owns the addresses of these services. */
static const struct row owner_rows[] = {
	ROW("asks for it", MAC_ALL SRC ARP_ASKS(VIP4), STEER_REDIRECT),
	ROW("asks us for it", MAC_OURS SRC ARP_ASKS(VIP4), STEER_REDIRECT),
	ROW("asks for another", MAC_ALL SRC ARP_ASKS(CLIENT4), STEER_PASS_PROTO),
	ROW("an answer", MAC_OURS SRC ARP_TELLS(VIP4), STEER_PASS_PROTO),
	ROW("v6 asks for it", MAC_NODES SRC IP6 V6("\x3a", VIP6) SOLICIT(VIP6), STEER_REDIRECT),
	ROW("v6 asks for another", MAC_NODES SRC IP6 V6("\x3a", VIP6) SOLICIT(CLIENT6),
	    STEER_PASS_MAC),
	ROW("echo", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\1", VIP4) ECHO, STEER_REDIRECT),
	ROW("echo for another", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\1", CLIENT4) ECHO,
	    STEER_PASS_PROTO),
	ROW("v6 echo", MAC_OURS SRC IP6 V6("\x3a", VIP6) "\x80\0\0\0\0\1\0\1", STEER_REDIRECT),
	ROW("tcp4", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80, STEER_REDIRECT),
	ROW("foreign mac", MAC_OTHER SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_PASS_MAC),
};

/* With tcp 192.168.0.0/16:80, udp 192.168.1.0/24 of all ports, all of 192.168.1.222/32. */
static const struct row range_rows[] = {
	ROW("any protocol", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x2f", VIP4) ECHO,
	    STEER_REDIRECT),
	ROW("any port", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TO("\x11\x11"),
	    STEER_REDIRECT),
	ROW("echo is a protocol, too", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\1", VIP4) ECHO,
	    STEER_REDIRECT),
	ROW("tcp in the /16", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", "\xc0\xa8\2\3") TCP_80,
	    STEER_REDIRECT),
	ROW("tcp in the /16 beneath the /24",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", "\xc0\xa8\1\3") TCP_80, STEER_REDIRECT),
	ROW("another port of the /16",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", "\xc0\xa8\2\3") TO("\0\x51"),
	    STEER_PASS_SERVICE),
	ROW("udp in the /24",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x11", "\xc0\xa8\1\3") TO("\x11\x11"),
	    STEER_REDIRECT),
	ROW("udp outside of it",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x11", "\xc0\xa8\2\3") TO("\x11\x11"),
	    STEER_PASS_SERVICE),
	ROW("tcp outside of all",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", "\xc0\xa9\2\3") TCP_80,
	    STEER_PASS_SERVICE),
	ROW("gre outside of it", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x2f", "\xc0\xa8\2\3") ECHO,
	    STEER_PASS_PROTO),
};

/* With a socket on queue 0. Services: VIP4 tcp 80, VIP4 udp 53, VIP6 tcp 80, VIP6 udp 53. */
static const struct row rows[] = {
	ROW("tcp4", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80, STEER_REDIRECT),
	ROW("udp4", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x11", VIP4) UDP_53, STEER_REDIRECT),
	ROW("tcp6", MAC_OURS SRC IP6 V6("\x06", VIP6) TCP_80, STEER_REDIRECT),
	ROW("udp6", MAC_OURS SRC IP6 V6("\x11", VIP6) UDP_53, STEER_REDIRECT),
	ROW("vlan tcp4", MAC_OURS SRC VLAN IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_REDIRECT),
	ROW("vlan udp6", MAC_OURS SRC VLAN IP6 V6("\x11", VIP6) UDP_53, STEER_REDIRECT),
	ROW("8 bytes of options", MAC_OURS SRC IP4 V4("\x47", NO_FRAG, "\x06", VIP4) NOP8 TCP_80,
	    STEER_REDIRECT),
	ROW("40 bytes of options",
	    MAC_OURS SRC IP4 V4("\x4f", NO_FRAG, "\x06", VIP4) NOP8 NOP8 NOP8 NOP8 NOP8 TCP_80,
	    STEER_REDIRECT),
	ROW("vlan and options", MAC_OURS SRC VLAN IP4 V4("\x47", NO_FRAG, "\x11", VIP4) NOP8 UDP_53,
	    STEER_REDIRECT),
	ROW("options that look like ports",
	    MAC_OURS SRC IP4 V4("\x46", NO_FRAG, "\x06", VIP4) "\xc0\0\0\x50" TO("\0\x51"),
	    STEER_PASS_SERVICE),
	ROW("two vlan tags", MAC_OURS SRC VLAN VLAN IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_REDIRECT),
	ROW("three vlan tags",
	    MAC_OURS SRC VLAN VLAN VLAN IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_PASS_PROTO),
	ROW("802.1ad", MAC_OURS SRC "\x88\xa8\0\5" IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_REDIRECT),
	ROW("first fragment", MAC_OURS SRC IP4 V4("\x45", "\x20\0", "\x06", VIP4) TCP_80,
	    STEER_REDIRECT),
	ROW("first fragment to port 81",
	    MAC_OURS SRC IP4 V4("\x45", "\x20\0", "\x06", VIP4) TO("\0\x51"), STEER_PASS_SERVICE),
	ROW("middle fragment", MAC_OURS SRC IP4 V4("\x45", "\x20\x10", "\x06", VIP4) TCP_80,
	    STEER_REDIRECT),
	ROW("last fragment", MAC_OURS SRC IP4 V4("\x45", "\0\x10", "\x06", VIP4) TCP_80,
	    STEER_REDIRECT),
	ROW("last fragment of icmp", MAC_OURS SRC IP4 V4("\x45", "\0\x10", "\1", VIP4) TCP_80,
	    STEER_PASS_FRAG),
	ROW("last fragment to another address",
	    MAC_OURS SRC IP4 V4("\x45", "\0\x10", "\x06", CLIENT4) TCP_80, STEER_PASS_FRAG),
	ROW("v6 first fragment", MAC_OURS SRC IP6 V6("\x2c", VIP6) "\x06\0\0\1\0\0\0\1" TCP_80,
	    STEER_REDIRECT),
	ROW("v6 last fragment",
	    MAC_OURS SRC IP6 V6("\x2c", VIP6) "\x11\0\0\x10\0\0\0\1" TO("\0\x51"), STEER_REDIRECT),
	ROW("v6 last fragment behind options",
	    MAC_OURS SRC IP6 V6("\x2c", VIP6) "\x3c\0\0\x10\0\0\0\1" TO("\0\x51"), STEER_REDIRECT),
	ROW("v6 last fragment of icmp",
	    MAC_OURS SRC IP6 V6("\x2c", VIP6) "\x3a\0\0\x10\0\0\0\1" TCP_80, STEER_PASS_FRAG),
	ROW("v6 atomic fragment to port 81",
	    MAC_OURS SRC IP6 V6("\x2c", VIP6) "\x06\0\0\0\0\0\0\1" TO("\0\x51"),
	    STEER_PASS_SERVICE),
	ROW("v6 hop-by-hop", MAC_OURS SRC IP6 V6("\0", VIP6) "\x06\0\1\4\0\0\0\0" TCP_80,
	    STEER_REDIRECT),
	ROW("v6 eight headers", MAC_OURS SRC IP6 V6("\0", VIP6) HBH_7 "\x06\0\1\4\0\0\0\0" TCP_80,
	    STEER_REDIRECT),
	ROW("v6 nine headers",
	    MAC_OURS SRC IP6 V6("\0", VIP6) HBH_7 "\0\0\1\4\0\0\0\0"
						  "\x06\0\1\4\0\0\0\0" TCP_80,
	    STEER_REDIRECT),
	ROW("foreign mac", MAC_OTHER SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_PASS_MAC),
	ROW("broadcast mac", MAC_ALL SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_PASS_MAC),
	ROW("mac that differs at the front",
	    "\x03\0\0\0\0\x0a" SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80, STEER_PASS_MAC),
	ROW("mac that differs in the middle",
	    "\x02\0\1\0\0\x0a" SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TCP_80, STEER_PASS_MAC),
	ROW("port 81", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) TO("\0\x51"),
	    STEER_PASS_SERVICE),
	ROW("port 80 of the source",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", VIP4) "\0\x50\xc0\0", STEER_PASS_SERVICE),
	ROW("udp to a tcp service", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x11", VIP4) TO("\0\x50"),
	    STEER_PASS_SERVICE),
	ROW("another address",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\x06", "\xc0\xa8\1\x81") TCP_80,
	    STEER_PASS_SERVICE),
	ROW("another v6 address", MAC_OURS SRC IP6 V6("\x06", CLIENT6) TCP_80, STEER_PASS_SERVICE),
	ROW("the v4 address as a mapped v6 one is the same key",
	    MAC_OURS SRC IP6 V6("\x06", "\0\0\0\0\0\0\0\0\0\0\xff\xff" VIP4) TCP_80,
	    STEER_REDIRECT),
	ROW("error about a service's flow",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\1", VIP4) ICMP_TOO_BIG QUOTE4("\x06", VIP4)
		    FROM_80,
	    STEER_REDIRECT),
	ROW("error about another flow of the address",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\1", VIP4) ICMP_TOO_BIG QUOTE4("\x11", VIP4)
		    FROM_80,
	    STEER_PASS_PROTO),
	ROW("error about the host's own flow",
	    MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\1", VIP4) ICMP_TOO_BIG QUOTE4("\x06", CLIENT4)
		    FROM_80,
	    STEER_PASS_PROTO),
	ROW("v6 error about a service's flow",
	    MAC_OURS SRC IP6 V6("\x3a", VIP6) "\2\0\0\0\0\0\5\0" QUOTE6(VIP6) FROM_80,
	    STEER_REDIRECT),
	ROW("v6 error about the host's own flow",
	    MAC_OURS SRC IP6 V6("\x3a", VIP6) "\2\0\0\0\0\0\5\0" QUOTE6(CLIENT6) FROM_80,
	    STEER_PASS_PROTO),
	ROW("icmp", MAC_OURS SRC IP4 V4("\x45", NO_FRAG, "\1", VIP4) "\x08\0\0\0\0\1\0\1",
	    STEER_PASS_PROTO),
	ROW("icmp6", MAC_OURS SRC IP6 V6("\x3a", VIP6) "\x80\0\0\0\0\1\0\1", STEER_PASS_PROTO),
	ROW("arp", MAC_OURS SRC "\x08\x06\0\1\x08\0\6\4\0\1" SRC CLIENT4 MAC_OURS VIP4,
	    STEER_PASS_PROTO),
	ROW("ip version 5", MAC_OURS SRC IP4 V4("\x55", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_PASS_PROTO),
	ROW("header length 4", MAC_OURS SRC IP4 V4("\x44", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_PASS_PROTO),
	ROW("options that aren't there", MAC_OURS SRC IP4 V4("\x4f", NO_FRAG, "\x06", VIP4) TCP_80,
	    STEER_PASS_SHORT),
};

/* An AF_XDP socket as far as an XSKMAP wants it. */
static int xsk(void)
{
	int fd = socket(AF_XDP, SOCK_RAW, 0);
	int entries = 64;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_XDP, XDP_RX_RING, &entries, sizeof(entries)), 0);
	return fd;
}

/* Runs the program on a row's first len bytes: expects this count to rise by one, and no other. */
static void expect(struct steer *s, const struct row *r, size_t len, uint32_t queue,
		   enum steer_count want)
{
	static const uint32_t verdict[STEER_COUNT] = {
		[STEER_REDIRECT] = XDP_REDIRECT, [STEER_DROP_NO_SOCK] = XDP_DROP,
		[STEER_PASS_MAC] = XDP_PASS,	 [STEER_PASS_PROTO] = XDP_PASS,
		[STEER_PASS_FRAG] = XDP_PASS,	 [STEER_PASS_SHORT] = XDP_PASS,
		[STEER_PASS_SERVICE] = XDP_PASS,
	};
	uint64_t before[STEER_COUNT], after[STEER_COUNT];
	uint32_t got;

	assert_int_equal(steer_counts(s, 0, before), 0);
	got = ns_run(s, r->frame, len, queue);
	assert_int_equal(steer_counts(s, 0, after), 0);
	if (got != verdict[want] || after[want] != before[want] + 1)
		fail_msg("%s, %zu bytes, queue %u: verdict %u", r->what, len, queue, got);
	for (int c = 0; c < STEER_COUNT; c++)
		if (c != (int)want)
			assert_int_equal(after[c], before[c]);
}

static void expect_rows(struct steer *s, const struct row *r, size_t n)
{
	int fd = xsk();

	assert_int_equal(steer_set_socket(s, 0, 0, fd), 0);
	for (size_t i = 0; i < n; i++)
		expect(s, &r[i], r[i].len, 0, r[i].count);
	close(fd);
}

static void gives_each_packet_its_verdict(void **state)
{
	struct steer *s = ns_open_active();

	(void)state;
	ns_add_services(s);
	expect_rows(s, rows, sizeof(rows) / sizeof(*rows));
	steer_close(s, false);
}

static void hears_requests_for_the_addresses_it_owns(void **state)
{
	struct steer *s = ns_open_active();

	(void)state;
	ns_add_services(s);
	assert_int_equal(steer_set_owner(s, 0, true), 0);
	expect_rows(s, owner_rows, sizeof(owner_rows) / sizeof(*owner_rows));
	assert_int_equal(steer_set_mac(s, 0, ns_mac), 0);
	expect_rows(s, owner_rows, 1); /* and goes on doing so */
	assert_int_equal(steer_set_owner(s, 0, false), 0);
	expect_rows(s, rows, sizeof(rows) / sizeof(*rows));
	steer_close(s, false);
}

static void knows_ranges_and_all_ports(void **state)
{
	struct endpoint ep[] = {
		ns_service("192.168.0.0", 80, IPPROTO_TCP),
		ns_service("192.168.1.0", 0, IPPROTO_UDP),
		ns_service("192.168.1.222", 0, 0),
	};
	const struct row gone = {"nothing is left", range_rows[3].frame, range_rows[3].len,
				 STEER_PASS_SERVICE};
	struct steer *s = ns_open_active();

	(void)state;
	ep[0].prefix = 96 + 16;
	ep[1].prefix = 96 + 24;
	for (int i = 0; i < 3; i++)
		assert_int_equal(steer_add(s, &ep[i]), 0);
	expect_rows(s, range_rows, sizeof(range_rows) / sizeof(*range_rows));
	for (int i = 0; i < 3; i++)
		assert_int_equal(steer_del(s, &ep[i]), 0);
	expect_rows(s, &gone, 1);
	steer_close(s, false);
}

static void finds_the_addresses_that_an_earlier_life_left(void **state)
{
	const struct endpoint ep = ns_service("192.168.1.222", 80, IPPROTO_TCP);
	const struct row last = {"last fragment",
				 MAC_OURS SRC IP4 V4("\x45", "\0\x10", "\x06", VIP4) TCP_80, 62,
				 STEER_PASS_FRAG};
	struct steer *s = ns_open_active();

	(void)state;
	ns_add_services(s);
	steer_close(s, true);
	s = ns_open_active();
	assert_int_equal(steer_del(s, &ep), 0);
	expect_rows(s, &last, 1); /* udp 53 stays */
	steer_close(s, false);
}

static void drops_a_services_packets_where_no_socket_is(void **state)
{
	struct steer *s = ns_open_active();
	int fd = xsk();

	(void)state;
	ns_add_services(s);
	assert_int_equal(steer_set_socket(s, 0, 0, fd), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(s, &rows[i], rows[i].len, 1,
		       rows[i].count == STEER_REDIRECT ? STEER_DROP_NO_SOCK : rows[i].count);
	expect(s, &rows[0], rows[0].len, 0, STEER_REDIRECT);
	close(fd); /* the kernel empties the map's entry */
	expect(s, &rows[0], rows[0].len, 0, STEER_DROP_NO_SOCK);
	steer_close(s, false);
}

/* A service's packet is known once its ports are there: 4 bytes into the L4 header. */
static void passes_frames_that_end_inside_their_headers(void **state)
{
	static const struct {
		size_t row;
		size_t known;
	} cut[] = {{0, 38}, {1, 38}, {2, 58}, {3, 58}, {4, 42}, {5, 62}, {6, 46}, {7, 78}, {8, 50}};
	struct steer *s = ns_open_active();
	int fd = xsk();

	(void)state;
	ns_add_services(s);
	assert_int_equal(steer_set_socket(s, 0, 0, fd), 0);
	for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++)
		for (size_t len = ETH_HLEN; len <= rows[cut[i].row].len; len++)
			expect(s, &rows[cut[i].row], len, 0,
			       len < cut[i].known ? STEER_PASS_SHORT : STEER_REDIRECT);
	steer_close(s, false);
	close(fd);
}

static void follows_changes_of_services_and_mac(void **state)
{
	static const uint8_t other[6] = {2, 0, 0, 0, 0, 0x0b};
	const struct endpoint ep = ns_service("192.168.1.222", 80, IPPROTO_TCP);
	struct steer *s = ns_open_active();

	(void)state;
	expect(s, &rows[0], rows[0].len, 0, STEER_PASS_SERVICE);
	assert_int_equal(steer_add(s, &ep), 0);
	assert_int_equal(steer_add(s, &ep), 0);
	expect(s, &rows[0], rows[0].len, 0, STEER_DROP_NO_SOCK);
	assert_int_equal(steer_set_mac(s, 0, other), 0);
	expect(s, &rows[0], rows[0].len, 0, STEER_PASS_MAC);
	assert_int_equal(steer_set_mac(s, 0, ns_mac), 0);
	assert_int_equal(steer_del(s, &ep), 0);
	assert_int_equal(steer_del(s, &ep), -ENOENT);
	expect(s, &rows[0], rows[0].len, 0, STEER_PASS_SERVICE);
	steer_close(s, false);
}

static void every_counter_has_a_name_and_a_meaning(void **state)
{
	(void)state;
	for (int c = 0; c < STEER_COUNT; c++) {
		assert_non_null(steer_count_name(c));
		assert_non_null(steer_count_meaning(c));
	}
	assert_string_equal(steer_count_name(STEER_DROP_NO_SOCK), "drop_no_socket");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NS_TEST(gives_each_packet_its_verdict),
		NS_TEST(hears_requests_for_the_addresses_it_owns),
		NS_TEST(knows_ranges_and_all_ports),
		NS_TEST(finds_the_addresses_that_an_earlier_life_left),
		NS_TEST(drops_a_services_packets_where_no_socket_is),
		NS_TEST(passes_frames_that_end_inside_their_headers),
		NS_TEST(follows_changes_of_services_and_mac),
		cmocka_unit_test(every_counter_has_a_name_and_a_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
