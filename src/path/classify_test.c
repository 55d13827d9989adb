/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/classify.h"

#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path/recipe_test.h"
#include "path/tuple.h"

/* The frame classified, in memory of its exact length for AddressSanitizer; its bytes are gone. */
static struct pkt classified_bytes(const uint8_t *frame, uint32_t len, struct tuple *tuple)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct pkt p;

	memset(&p, 0xaa, sizeof(p)); /* what the last burst left there */
	p.data = exact;
	p.len = len;
	memcpy(exact, frame, len);
	classify_pkt(&p);
	memset(tuple, 0, sizeof(*tuple));
	if (!p.drop) {
		assert_int_equal(p.l3, 14 + 4 * p.tags);
		assert_in_range(p.l4, p.l3, p.end);
		assert_in_range(p.end, p.l4, len);
		assert_true(p.kind != PKT_FRAGMENT || p.frag_off || p.frag_more);
		pkt_tuple(&p, tuple);
	}
	assert_memory_equal(exact, frame, len); /* only looked at */
	free(exact);
	return p;
}

static struct pkt classified(const char *recipe)
{
	uint8_t frame[RECIPE_MAX];
	struct tuple tuple;

	return classified_bytes(frame, recipe_frame(recipe, frame), &tuple);
}

static void assert_drop(const char *recipe, enum drop why)
{
	enum drop is = (enum drop)classified(recipe).drop;

	if (is != why)
		fail_msg("%s: %s, not %s", recipe, drop_row[is].name, drop_row[why].name);
}

static void assert_kind(const char *recipe, enum pkt_kind kind)
{
	assert_drop(recipe, DROP_NONE);
	if (classified(recipe).kind != kind)
		fail_msg("%s: kind %d, not %d", recipe, classified(recipe).kind, kind);
}

static void finds_its_way_through_every_header(void **state)
{
	struct pkt p;

	(void)state;
	p = classified("ip4 tcp:S pay:9 pad:3");
	assert_int_equal(p.drop, DROP_NONE);
	assert_int_equal(p.kind, PKT_FLOW);
	assert_int_equal(p.l3, 14);
	assert_int_equal(p.l4, 34);
	assert_int_equal(p.end, 63);
	assert_int_equal(p.proto, IPPROTO_TCP);
	assert_int_equal(p.tcp_flags, 2);
	assert_true(p.v4);
	p = classified("ad:7 vlan:5 ip6 ext:0 ext:60,16 rth:2 udp");
	assert_int_equal(p.drop, DROP_NONE);
	assert_int_equal(p.tags, 2);
	assert_int_equal(p.l3, 22);
	assert_int_equal(p.l4, 22 + 40 + 8 + 16 + 8);
	assert_int_equal(p.tcp_flags, FLOW_NO_FLAGS);
	assert_false(p.v4);
	p = classified("vlan:0,3 ip4 opt:01010101 sctp pay:20");
	assert_int_equal(p.drop, DROP_NONE);
	assert_int_equal(p.tags, 1);
	assert_int_equal(p.l4, 18 + 24);
	assert_int_equal(p.proto, IPPROTO_SCTP);
}

static void knows_what_each_packet_is(void **state)
{
	(void)state;
	assert_kind("ip4 l4:47 pay:8", PKT_FLOW);
	assert_kind("ip6 l4:50", PKT_FLOW);
	assert_kind("ip6 l4:59", PKT_FLOW);
	assert_kind("ip4 icmp:13,0 pay:12", PKT_FLOW);
	assert_kind("ip4 icmp:128,0", PKT_FLOW); /* the other family's echo */
	assert_kind("ip4 l4:58 pay:8", PKT_FLOW);
	assert_kind("ip4 icmp:8,0 pay:56", PKT_ECHO);
	assert_kind("ip6 icmp:128,0", PKT_ECHO);
	assert_kind("ip4 off:1480 id:9 l4:17 pay:100", PKT_FRAGMENT);
	assert_kind("ip4 off:1480 id:9 l4:17 pay:1", PKT_FRAGMENT);
	assert_kind("ip6 frag:0,1,7 udp pay:8", PKT_FRAGMENT);
	assert_kind("ip6 frag:0,0,7 udp pay:8", PKT_FLOW); /* atomic */
	assert_kind("to:all arp:1,client,10.0.0.1,nobody,192.168.1.222", PKT_ARP);
	assert_kind("vlan:9 arp:1,client,0.0.0.0,nobody,192.168.1.222", PKT_ARP);
	assert_kind("ip6 ttl:255 nd:135,2001:db8::80 lla:1,client", PKT_SOLICIT);
	assert_kind("ip6 src::: dst:ff02::1:ff00:80 ttl:255 nd:135,2001:db8::80", PKT_SOLICIT);
}

static void tells_fragments_apart(void **state)
{
	struct pkt p;

	(void)state;
	p = classified("ip4 id:4660 off:1480 mf l4:17 pay:64");
	assert_int_equal(p.kind, PKT_FRAGMENT);
	assert_int_equal(ntohs((uint16_t)p.frag_id), 4660);
	assert_int_equal(p.frag_off, 1480);
	assert_true(p.frag_more);
	p = classified("ip6 ext:60 frag:65512,0,305419896 l4:17 pay:16");
	assert_int_equal(ntohl(p.frag_id), 305419896);
	assert_int_equal(p.frag_off, 65512);
	assert_false(p.frag_more);
	assert_int_equal(p.l4, 14 + 40 + 16);
	assert_int_equal(p.frag_skip, 0);
	p = classified("ip6 ext:0 frag:0,1,7 ext:60,24 ext:60 udp pay:8");
	assert_int_equal(p.frag_skip, 4); /* the fragment's bytes begin behind its header */
	p = classified("ip4 mf opt:01010101 udp pay:8");
	assert_int_equal(p.frag_skip, 0);
}

#define INNER4 "ip4 src:192.168.1.222 dst:10.0.0.1 "
#define INNER6 "ip6 src:2001:db8::80 dst:2001:db8::1 "

static void looks_into_icmp_errors(void **state)
{
	struct pkt p;

	(void)state;
	p = classified("ip4 opt:01010101 icmp:3,4,1400 " INNER4 "opt:0101010101010101 df more:900 "
		       "tcp:A sp:80 dp:1025");
	assert_int_equal(p.drop, DROP_NONE);
	assert_int_equal(p.kind, PKT_ICMP_ERROR);
	assert_int_equal(p.inner, 14 + 24 + 8);
	assert_int_equal(p.inner_l4, p.inner + 28);
	assert_int_equal(p.inner_proto, IPPROTO_TCP);
	p = classified("ip6 icmp:2,0,1400 " INNER6 "ext:60 frag:0,1,9 udp sp:80 pay:20");
	assert_int_equal(p.kind, PKT_ICMP_ERROR);
	assert_int_equal(p.inner_l4, 14 + 40 + 8 + 40 + 16);
	p = classified("ip6 icmp:2,0,1400 " INNER6 "frag:1448,0,9 l4:17 pay:20");
	assert_int_equal(p.drop, DROP_NONE);
	assert_int_equal(p.inner_l4, 0);
	assert_kind("ip4 icmp:3,1 " INNER4 "tcp:A cut:0", PKT_ICMP_ERROR);
	assert_kind("ip4 icmp:11,0 " INNER4 "l4:17 pay:8", PKT_ICMP_ERROR);
	assert_kind("ip4 icmp:12,0 " INNER4 "sctp", PKT_ICMP_ERROR);
	assert_kind("ip6 icmp:1,4 " INNER6 "tcp:A", PKT_ICMP_ERROR);
	assert_kind("ip6 icmp:3,0 " INNER6 "udp", PKT_ICMP_ERROR);
	assert_kind("ip6 icmp:4,1 " INNER6 "udp", PKT_ICMP_ERROR);
	assert_kind("ip4 icmp:3,4,552 " INNER4 "udp", PKT_ICMP_ERROR);
	assert_kind("ip6 icmp:2,0,1280 " INNER6 "udp", PKT_ICMP_ERROR);
	assert_kind("ip4 icmp:3,1,0 " INNER4 "udp", PKT_ICMP_ERROR); /* tells no MTU */
}

struct row {
	const char *recipe;
	enum drop why;
};

static void check_rows(const struct row *row, size_t n)
{
	for (; n; n--, row++)
		assert_drop(row->recipe, row->why);
}
#define CHECK_ROWS(row) check_rows(row, sizeof(row) / sizeof(*(row)))

static void names_what_is_wrong_with_frames_and_ip4(void **state)
{
	static const struct row row[] = {
		{"cut:1", DROP_SHORT},
		{"type:0806 cut:0", DROP_SHORT},
		{"type:88cc pay:40", DROP_NOT_L4},
		{"type:0040 pay:64", DROP_NOT_L4},
		{"ad:1 vlan:2 vlan:3 ip4 udp", DROP_VLANS},
		{"vlan:1 vlan:2 type:8100", DROP_VLANS},
		{"vlan:1 cut:1", DROP_SHORT},
		{"arp:2,client,10.0.0.1,director,192.168.1.222", DROP_NOT_L4},
		{"arp:1,client,10.0.0.1,nobody,192.168.1.222 raw:1,06", DROP_NOT_L4},
		{"arp:1,client,10.0.0.1,nobody,192.168.1.222 raw:4,08", DROP_NOT_L4},
		{"arp:1,client,10.0.0.1,nobody,192.168.1.222 cut:1", DROP_SHORT},
		{"ip4 raw:0,65 udp", DROP_BAD_IP},
		{"ip4 raw:0,44 udp", DROP_BAD_IP},
		{"ip4 raw:0,4f udp", DROP_BAD_IP},
		{"ip4 more:1 udp", DROP_BAD_IP},
		{"ip4 more:-9 udp", DROP_BAD_IP},
		{"ip4 more:-1 udp", DROP_SHORT},
		{"ip4 raw:10,0000 udp", DROP_BAD_CHECK},
		{"ip4 opt:01010101 raw:20,02 udp", DROP_BAD_CHECK},
		{"ip4 opt:8307040a00000201 udp", DROP_SOURCE_ROUTE},
		{"ip4 opt:018907040a000002 udp", DROP_SOURCE_ROUTE},
		{"ip4 opt:070704000000000183070401 udp", DROP_SOURCE_ROUTE},
		{"ip4 opt:0001010183070401 udp", DROP_NONE}, /* behind the end of options */
		{"ip4 opt:07010000 udp", DROP_BAD_IP},
		{"ip4 opt:07050000 udp", DROP_BAD_IP},
		{"ip4 opt:01010107 udp", DROP_BAD_IP},
		{"ip4 src:0.0.0.1 udp", DROP_MARTIAN},
		{"ip4 src:127.0.0.1 udp", DROP_MARTIAN},
		{"ip4 src:224.0.0.1 udp", DROP_MARTIAN},
		{"ip4 src:240.0.0.1 udp", DROP_MARTIAN},
		{"ip4 src:255.255.255.255 udp", DROP_MARTIAN},
		{"ip4 src:192.168.1.222 udp", DROP_MARTIAN},
		{"ip4 src:192.168.1.222 icmp:8,0", DROP_MARTIAN},
		{"ip4 src:223.255.255.255 udp", DROP_NONE},
	};

	(void)state;
	CHECK_ROWS(row);
}

static void names_what_is_wrong_with_ip6(void **state)
{
	static const struct row row[] = {
		{"ip6 raw:0,40 udp", DROP_BAD_IP},
		{"ip6 udp more:1", DROP_BAD_IP},
		{"ip6 udp more:-1", DROP_SHORT},
		{"ip6 ext:0 more:-8", DROP_SHORT},
		{"ip6 ext:0 raw:1,01", DROP_SHORT},
		{"ip6 rth:0 udp", DROP_SOURCE_ROUTE},
		{"ip6 ext:0 ext:60 rth:0 udp", DROP_SOURCE_ROUTE},
		{"ip6 rth:2 udp", DROP_NONE},
		{"ip6 rth:4 udp", DROP_NONE},
		{"ip6 ext:135 ext:139 ext:140 udp", DROP_NONE},
		{"ip6 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 udp", DROP_NONE},
		{"ip6 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 udp",
		 DROP_EXTENSIONS},
		{"ip6 ext:60,256 udp", DROP_NONE},
		{"ip6 ext:60,264 udp", DROP_EXTENSIONS},
		{"ip6 ext:0,128 ext:60,136 udp", DROP_EXTENSIONS},
		{"ip6 frag:0,0,1 frag:0,0,1 udp", DROP_FRAG_BAD},
		{"ip6 src::: udp", DROP_MARTIAN},
		{"ip6 src:::1 udp", DROP_MARTIAN},
		{"ip6 src:::10.0.0.1 udp", DROP_MARTIAN},
		{"ip6 src:::ffff:10.0.0.1 udp", DROP_MARTIAN},
		{"ip6 dst:::ffff:192.168.1.222 udp", DROP_MARTIAN},
		{"ip6 src:ff02::1 udp", DROP_MARTIAN},
		{"ip6 src:2001:db8::80 tcp:S", DROP_MARTIAN},
		{"ip6 src:fe80::1 udp", DROP_NONE},
	};

	(void)state;
	CHECK_ROWS(row);
}

static void names_what_is_wrong_with_layer_4(void **state)
{
	static const struct row row[] = {
		{"ip4 tcp:-", DROP_TCP_FLAGS},
		{"ip4 tcp:SF", DROP_TCP_FLAGS},
		{"ip4 tcp:SR", DROP_TCP_FLAGS},
		{"ip4 tcp:SFA", DROP_TCP_FLAGS},
		{"ip4 tcp:FPU", DROP_TCP_FLAGS},
		{"ip4 tcp:FSRPAU", DROP_TCP_FLAGS},
		{"ip6 tcp:FPU", DROP_TCP_FLAGS},
		{"ip4 tcp:- raw:13,c0", DROP_TCP_FLAGS}, /* ECN alone */
		{"ip4 tcp:FPAU", DROP_NONE},
		{"ip4 tcp:S raw:13,c2", DROP_NONE},
		{"ip4 tcp:F", DROP_NONE},
		{"ip4 tcp:RA", DROP_NONE},
		{"ip4 tcp:S raw:12,40", DROP_BAD_L4},
		{"ip4 tcp:S raw:12,60", DROP_BAD_L4},
		{"ip4 tcp:S raw:12,60 pay:4", DROP_NONE},
		{"ip4 tcp:S cut:1 more:-1", DROP_SHORT},
		{"ip4 udp raw:4,0000", DROP_BAD_L4},
		{"ip4 udp raw:4,0007", DROP_BAD_L4},
		{"ip4 udp raw:4,0009", DROP_BAD_L4},
		{"ip4 udp raw:4,0008 pay:5", DROP_NONE},
		{"ip4 sctp more:-1", DROP_SHORT},
		{"ip6 sctp cut:1 more:-1", DROP_SHORT},
		{"ip4 l4:47", DROP_NONE},
		{"ip4 icmp:8,0 cut:1 more:-1", DROP_SHORT},
	};

	(void)state;
	CHECK_ROWS(row);
}

static void names_what_is_wrong_with_fragments(void **state)
{
	static const struct row row[] = {
		{"ip4 mf tcp:S pay:4", DROP_NONE},
		{"ip4 mf udp pay:16", DROP_NONE},
		{"ip4 mf udp raw:4,ffff pay:16", DROP_NONE},
		{"ip4 mf sctp pay:4", DROP_NONE},
		{"ip4 mf l4:6 pay:16", DROP_FRAG_BAD}, /* tiny */
		{"ip4 mf tcp:S raw:12,80 pay:4", DROP_FRAG_BAD},
		{"ip4 mf l4:132 pay:8", DROP_FRAG_BAD},
		{"ip4 mf udp raw:4,0007", DROP_FRAG_BAD},
		{"ip4 mf udp pay:7", DROP_FRAG_BAD}, /* leaves a gap */
		{"ip4 mf tcp:SF pay:4", DROP_TCP_FLAGS},
		{"ip4 off:8 l4:6 pay:16", DROP_FRAG_BAD}, /* reaches into the header */
		{"ip4 off:16 l4:6 pay:16", DROP_FRAG_BAD},
		{"ip4 off:24 l4:6 pay:16", DROP_NONE},
		{"ip4 off:8 l4:132 pay:16", DROP_FRAG_BAD},
		{"ip4 off:8 l4:17 pay:16", DROP_NONE},
		{"ip4 off:8 l4:17", DROP_FRAG_BAD}, /* nothing */
		{"ip4 off:65512 l4:17 pay:3", DROP_NONE},
		{"ip4 off:65512 l4:17 pay:4", DROP_FRAG_BAD}, /* too far */
		{"ip4 src:127.0.0.1 off:8 l4:17 pay:16", DROP_MARTIAN},
		{"ip6 frag:65528,0,1 l4:17 pay:7", DROP_NONE},
		{"ip6 frag:65528,0,1 l4:17 pay:8", DROP_FRAG_BAD},
		{"ip6 frag:0,1,1 l4:6 pay:16", DROP_FRAG_BAD},
		{"ip6 frag:0,1,1 ext:60 l4:47", DROP_FRAG_BAD}, /* nothing but headers */
		{"ip6 frag:0,1,1 ext:60,256 udp pay:8", DROP_EXTENSIONS},
		{"ip6 frag:0,1,1 ext:60,248 udp pay:8", DROP_NONE},
		{"ip6 frag:0,1,1 ext:60 raw:1,05", DROP_FRAG_BAD}, /* headers go on */
		{"ip6 frag:0,1,1 ext:60 udp pay:8", DROP_NONE},
		{"ip6 frag:16,1,1 l4:60 pay:8", DROP_NONE},
		{"ip6 frag:8,0,1 l4:6 pay:8", DROP_FRAG_BAD},
	};

	(void)state;
	CHECK_ROWS(row);
}

static void names_what_is_wrong_with_icmp(void **state)
{
	static const struct row row[] = {
		{"ip4 icmp:3,4,551 " INNER4 "udp", DROP_ICMP_MTU},
		{"ip4 icmp:3,4,0 " INNER4 "udp", DROP_ICMP_MTU},
		{"ip6 icmp:2,0,1279 " INNER6 "udp", DROP_ICMP_MTU},
		{"ip6 icmp:2,0,0 " INNER6 "udp", DROP_ICMP_MTU},
		{"ip4 icmp:3,1", DROP_ICMP},
		{"ip4 icmp:3,1 " INNER4 "l4:6 pay:7", DROP_ICMP},
		{"ip6 icmp:1,4 " INNER6 "l4:6 pay:7", DROP_ICMP},
		{"ip4 icmp:3,1 " INNER4 "raw:0,65 udp", DROP_ICMP},
		{"ip4 icmp:3,1 ip6 udp", DROP_ICMP},
		{"ip6 icmp:1,4 " INNER6 "ext:60 raw:1,20 pay:8", DROP_ICMP},
		{"ip4 icmp:3,1 ip4 src:192.168.1.1 dst:10.0.0.1 udp",
		 DROP_ICMP}, /* not the VIP's */
		{"ip6 icmp:1,4 ip6 src:2001:db8::81 udp", DROP_ICMP},
		{"ip4 icmp:3,1 ip4 src:192.168.1.222 dst:224.0.0.1 udp", DROP_ICMP}, /* no client */
		{"ip4 icmp:3,1 ip4 src:192.168.1.222 dst:127.0.0.1 udp", DROP_ICMP},
		{"ip6 icmp:1,4 ip6 src:2001:db8::80 dst:::ffff:10.0.0.1 udp", DROP_ICMP},
		{"ip6 icmp:1,4 ip6 src:2001:db8::80 dst:ff02::1 udp", DROP_ICMP},
		{"ip6 ttl:254 nd:135,2001:db8::80", DROP_ICMP},
		{"ip6 ttl:255 nd:135,ff02::1", DROP_ICMP},
		{"ip6 ttl:255 nd:135,2001:db8::80 put:1,01", DROP_ICMP},
		{"ip6 ttl:255 nd:135,2001:db8::80 raw:2,1234", DROP_ICMP},
		{"ip6 ttl:255 nd:135,2001:db8::80 lla:1,client cut:1 more:-1", DROP_ICMP},
		{"ip6 ttl:255 nd:135,2001:db8::80 hex:0100020000000001", DROP_ICMP},
		{"ip6 ttl:255 nd:135,2001:db8::80 hex:0102020000000001", DROP_ICMP},
		{"ip6 ttl:255 frag:0,0,1 nd:135,2001:db8::80", DROP_ICMP},
		{"ip6 src::: ttl:255 nd:135,2001:db8::80", DROP_ICMP},
		{"ip6 src:ff02::1 ttl:255 nd:135,2001:db8::80", DROP_ICMP},
		{"ip6 src::: dst:ff02::1:ff00:80 ttl:255 nd:135,2001:db8::80 lla:1,client",
		 DROP_ICMP},
	};

	(void)state;
	CHECK_ROWS(row);
}

/* As every prefix of a frame is. */
static void stays_within_bounds_however_short(void **state)
{
	static const char *const recipe[] = {
		"ad:7 vlan:5 ip4 opt:0101010107070400000000000000 tcp:S pay:4",
		"ip6 ext:0 ext:60,32 rth:2 frag:0,1,4 ext:60 udp pay:8",
		"ip4 icmp:3,4,1400 " INNER4 "opt:01010101 tcp:A",
		"ip6 icmp:2,0,1400 " INNER6 "ext:60 frag:0,1,9 udp pay:20",
		"ip6 ttl:255 nd:135,2001:db8::80 lla:1,client",
		"vlan:5 arp:1,client,10.0.0.1,nobody,192.168.1.222",
	};
	uint8_t frame[RECIPE_MAX];
	struct tuple t;

	(void)state;
	srandom(1);
	for (size_t i = 0; i < sizeof(recipe) / sizeof(*recipe); i++) {
		uint32_t len = recipe_frame(recipe[i], frame);

		for (uint32_t cut = 0; cut < len; cut++)
			assert_true(classified_bytes(frame, cut, &t).drop);
		for (uint32_t k = 0; k < 20000; k++) {
			recipe_frame(recipe[i], frame);
			for (uint32_t n = 0; n <= k % 4; n++)
				frame[12 + (uint32_t)random() % (len - 12)] = (uint8_t)random();
			classified_bytes(frame, (uint32_t)random() % (len + 1), &t);
		}
	}
}

static uint16_t sum16(const uint8_t *p, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* All combinations of header length, fragment fields, protocol, total length and VLAN tags. */
static void stays_within_bounds_in_every_ip4_shape(void **state)
{
	static const uint16_t frag[] = {0, 0x2000, 1, 0x2001, 0x4000, 185, 0x3fff, 0x1fff};
	static const uint8_t proto[] = {1, 6, 17, 132, 47, 58, 4, 0};
	static const uint16_t len[] = {0, 19, 20, 27, 28, 40, 60, 88};
	uint8_t frame[14 + 3 * 4 + 88];
	uint32_t taken = 0;
	struct tuple t;

	(void)state;
	for (uint32_t i = 0; i < 65536; i++) {
		uint32_t tags = i >> 14 & 3, l3 = 14 + 4 * tags, size = len[i >> 10 & 7];
		uint8_t *ip = frame + l3;

		memset(frame, 0x45, sizeof(frame));
		for (uint32_t k = 0; k < tags; k++)
			memcpy(frame + 12 + 4 * k, "\x81\x00\x00\x05", 4);
		memcpy(frame + l3 - 2, "\x08\x00", 2);
		memset(ip + 20, 1, 40);		     /* options */
		memset(ip + (i & 15) * 4, 0x50, 28); /* an ACK, or a datagram without end */
		ip[15] = 1;
		ip[0] = (uint8_t)(0x40 | (i & 15));
		memcpy(ip + 2, (uint8_t[]){0, (uint8_t)size}, 2);
		memcpy(ip + 6,
		       (uint8_t[]){(uint8_t)(frag[i >> 4 & 7] >> 8), (uint8_t)frag[i >> 4 & 7]}, 2);
		ip[9] = proto[i >> 7 & 7];
		memset(ip + 10, 0, 2);
		memcpy(ip + 10, (uint16_t[]){htons(sum16(ip, (i & 15) * 4))}, 2);
		taken += !classified_bytes(frame, l3 + size, &t).drop;
		taken += !classified_bytes(frame, l3 + 88, &t).drop;
	}
	assert_in_range(taken, 1000, 131072); /* it isn't that nothing comes through */
}

/* All chains of five headers, the last of which may be cut. */
static void every_chain_of_ip6_headers_ends(void **state)
{
	static const uint8_t next[] = {0, 43, 44, 60, 6, 17, 58, 59};
	uint8_t frame[14 + 40 + 5 * 8] = {[12] = 0x86, 0xdd, 0x60, [21] = 64, 0x20};
	uint32_t taken = 0;
	struct tuple t;

	(void)state;
	frame[38] = 0x20; /* another address */
	frame[53] = 1;
	for (uint32_t i = 0; i < 32768 * 8; i++) {
		uint32_t size = 40 - (i >> 15) % 8 * 3;

		frame[19] = (uint8_t)size;
		frame[20] = next[i & 7];
		for (uint32_t k = 0; k < 4; k++) {
			uint8_t *ext = frame + 54 + 8 * k;

			memset(ext, 0, 8);
			ext[0] = next[i >> (3 * k + 3) & 7];
			ext[2] = 2; /* a routing header's type */
		}
		taken += !classified_bytes(frame, 54 + size, &t).drop;
	}
	assert_in_range(taken, 1000, 32768 * 8 - 1000);
}

static enum drop macs(const char *recipe)
{
	uint8_t frame[RECIPE_MAX];
	struct pkt p = {.data = frame, .len = recipe_frame(recipe, frame)};

	classify_pkt(&p);
	assert_int_equal(p.drop, DROP_NONE);
	return classify_macs(&p, recipe_mac("director"));
}

static void knows_all_absurd_flags(void **state)
{
	(void)state;
	for (int f = 0; f < 256; f++) {
		bool none = !(f & (TH_FIN | TH_SYN | TH_RST | TH_PUSH | TH_ACK | TH_URG));
		bool syn = f & TH_SYN && f & (TH_FIN | TH_RST);
		bool xmas = f & TH_FIN && f & TH_PUSH && f & TH_URG && !(f & TH_ACK);

		assert_int_equal(classify_flags_absurd((uint8_t)f), none || syn || xmas);
	}
}

/* What is said of a plain packet at once is said of it late, too. */
static void has_the_same_against_a_plain_packet_later(void **state)
{
	static const struct row row[] = {
		{"ip4 tcp:S", DROP_NONE},
		{"ip4 udp pay:9", DROP_NONE},
		{"ip6 tcp:A", DROP_NONE},
		{"ip4 raw:10,0000 tcp:S", DROP_BAD_CHECK},
		{"ip4 tcp:SF", DROP_TCP_FLAGS},
		{"ip6 tcp:-", DROP_TCP_FLAGS},
		{"ip4 src:127.0.0.1 udp", DROP_MARTIAN},
		{"ip4 src:192.168.1.222 tcp:S", DROP_MARTIAN},
		{"ip6 src:ff02::1 udp", DROP_MARTIAN},
	};
	uint8_t frame[RECIPE_MAX];

	(void)state;
	CHECK_ROWS(row);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct pkt p = {.data = frame, .len = recipe_frame(row[i].recipe, frame)};
		bool udp = strstr(row[i].recipe, "udp");

		p.v4 = row[i].recipe[2] == '4';
		p.l3 = 14;
		p.l4 = p.v4 ? 34 : 54;
		p.proto = udp ? IPPROTO_UDP : IPPROTO_TCP;
		p.tcp_flags = udp ? FLOW_NO_FLAGS : frame[p.l4 + 13];
		assert_int_equal(classify_rest_of_plain(&p), row[i].why);
	}
}

static void knows_its_own_mac(void **state)
{
	(void)state;
	assert_int_equal(macs("ip4 udp"), DROP_NONE);
	assert_int_equal(macs("to:other ip4 udp"), DROP_NOT_OURS);
	assert_int_equal(macs("to:all ip4 udp"), DROP_NOT_OURS);
	assert_int_equal(macs("to:many ip4 udp"), DROP_NOT_OURS);
	assert_int_equal(macs("from:director ip4 udp"), DROP_LOOP);
	assert_int_equal(macs("to:all arp:1,client,10.0.0.1,nobody,10.0.0.2"), DROP_NONE);
	assert_int_equal(macs("arp:1,client,10.0.0.1,nobody,10.0.0.2"), DROP_NONE);
	assert_int_equal(macs("to:other arp:1,client,10.0.0.1,nobody,10.0.0.2"), DROP_NOT_OURS);
	assert_int_equal(macs("to:many ip6 ttl:255 nd:135,2001:db8::80"), DROP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_its_way_through_every_header),
		cmocka_unit_test(knows_what_each_packet_is),
		cmocka_unit_test(tells_fragments_apart),
		cmocka_unit_test(looks_into_icmp_errors),
		cmocka_unit_test(names_what_is_wrong_with_frames_and_ip4),
		cmocka_unit_test(names_what_is_wrong_with_ip6),
		cmocka_unit_test(names_what_is_wrong_with_layer_4),
		cmocka_unit_test(names_what_is_wrong_with_fragments),
		cmocka_unit_test(names_what_is_wrong_with_icmp),
		cmocka_unit_test(stays_within_bounds_however_short),
		cmocka_unit_test(knows_all_absurd_flags),
		cmocka_unit_test(has_the_same_against_a_plain_packet_later),
		cmocka_unit_test(stays_within_bounds_in_every_ip4_shape),
		cmocka_unit_test(every_chain_of_ip6_headers_ends),
		cmocka_unit_test(knows_its_own_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
