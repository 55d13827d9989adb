/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/icmp_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path/classify.h"
#include "path/recipe_test.h"

/* A packet, the error about it without its quote, and the quote's length. */
struct row {
	const char *packet;
	enum icmp_error what;
	uint32_t mtu;
	const char *error;
	uint32_t quote;
};

/* The error's recipe with the packet's own bytes as payload. */
static uint32_t error_frame(const struct row *row, const uint8_t *quote, uint8_t *frame)
{
	static char recipe[2 * RECIPE_MAX];
	size_t n = (size_t)snprintf(recipe, sizeof(recipe), "%s", row->error);

	/* a word has few characters: the quote comes in pieces */
	for (uint32_t i = 0; i < row->quote; i++)
		n += (size_t)snprintf(recipe + n, sizeof(recipe) - n, "%s%02x",
				      i % 64 ? "" : " hex:", quote[i]);
	return recipe_frame(recipe, frame);
}

static void check_row(const struct row *row)
{
	uint8_t frame[RECIPE_MAX], want[RECIPE_MAX], *exact;
	uint32_t len = recipe_frame(row->packet, frame), want_len;
	struct addr from;
	struct pkt p;

	exact = malloc(ICMP_ERROR_HEADROOM + len);
	memcpy(exact + ICMP_ERROR_HEADROOM, frame, len);
	p = (struct pkt){.data = exact + ICMP_ERROR_HEADROOM, .addr = 4096 + 256, .len = len};
	classify_pkt(&p);
	assert_int_equal(p.drop, DROP_NONE);
	assert_true(icmp_error_allowed(&p));
	addr_parse(p.v4 ? "192.168.1.1" : "2001:db8::fe", &from);
	want_len = error_frame(row, frame + p.l3, want);
	icmp_error_make(&p, row->what, row->mtu, &from, recipe_mac("director"));
	assert_int_equal(p.addr - 4096 - 256, p.data - (exact + ICMP_ERROR_HEADROOM));
	assert_int_equal(p.len, want_len);
	if (memcmp(p.data, want, want_len) != 0)
		fail_msg("%s: not %s", row->packet, row->error);
	assert_int_equal(p.end, p.len);
	classify_pkt(&p); /* and it is what we take for an error ourselves, but for our own MTUs */
	assert_true(p.kind == PKT_ICMP_ERROR);
	free(exact);
}

#define BACK   "to:client from:director "
#define ERROR4 "ip4 src:192.168.1.1 dst:10.0.0.1 tos:192 df "
#define ERROR6 "ip6 src:2001:db8::fe dst:2001:db8::1 "

static void tells_the_sender(void **state)
{
	static const struct row row[] = {
		{"ip4 ttl:1 tcp:S", ICMP_ERROR_TIME, 0, BACK ERROR4 "icmp:11,0", 40},
		{"ip4 ttl:1 tcp:S pad:6", ICMP_ERROR_TIME, 0, BACK ERROR4 "icmp:11,0", 40},
		{"ip4 ttl:1 udp pay:1400", ICMP_ERROR_TIME, 0, BACK ERROR4 "icmp:11,0", 548},
		{"ip4 ttl:1 udp pay:520", ICMP_ERROR_TIME, 0, BACK ERROR4 "icmp:11,0", 548},
		{"ip4 ttl:1 udp pay:519", ICMP_ERROR_TIME, 0, BACK ERROR4 "icmp:11,0", 547},
		{"ip4 ttl:1 icmp:8,0 pay:9", ICMP_ERROR_TIME, 0, BACK ERROR4 "icmp:11,0", 37},
		{"ip4 ttl:1 mf udp pay:8", ICMP_ERROR_TIME, 0, BACK ERROR4 "icmp:11,0", 36},
		{"ad:7 vlan:5 ip4 opt:01010101 ttl:1 sctp", ICMP_ERROR_TIME, 0,
		 BACK "ad:7 vlan:5 " ERROR4 "icmp:11,0", 36},
		{"ip4 df tcp:A pay:1460", ICMP_ERROR_TOO_BIG, 1480, BACK ERROR4 "icmp:3,4,1480",
		 548},
		{"vlan:9 ip4 df tcp:A pay:1460", ICMP_ERROR_TOO_BIG, 1456,
		 BACK "vlan:9 " ERROR4 "icmp:3,4,1456", 548},
		{"ip6 ttl:1 tcp:S", ICMP_ERROR_TIME, 0, BACK ERROR6 "icmp:3,0", 60},
		{"ip6 ttl:1 udp pay:1400", ICMP_ERROR_TIME, 0, BACK ERROR6 "icmp:3,0", 1232},
		{"vlan:5 ip6 ttl:1 ext:60 icmp:128,0", ICMP_ERROR_TIME, 0,
		 BACK "vlan:5 " ERROR6 "icmp:3,0", 56},
		{"ip6 tcp:A pay:1440", ICMP_ERROR_TOO_BIG, 1460, BACK ERROR6 "icmp:2,0,1460", 1232},
		{"ip6 tcp:A pay:1440", ICMP_ERROR_TOO_BIG, 70000, BACK ERROR6 "icmp:2,0,70000",
		 1232},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		check_row(&row[i]);
}

static void some_are_never_told(void **state)
{
	static const char *const recipe[] = {
		"ip4 icmp:3,1 ip4 src:192.168.1.222 dst:10.0.0.1 udp",
		"ip4 icmp:11,0 ip4 src:192.168.1.222 dst:10.0.0.1 udp",
		"ip4 icmp:5,0",	 /* redirect */
		"ip4 icmp:4,0",	 /* source quench */
		"ip4 icmp:40,0", /* of a type to come */
		"ip4 mf icmp:3,1 pay:8",
		"ip4 off:800 l4:17 pay:9",
		"ip4 dst:224.0.0.5 udp",
		"ip4 dst:255.255.255.255 udp",
		"to:all ip4 udp",
		"to:many ip4 udp",
		"from:all ip4 udp",
		"ip6 icmp:1,0 ip6 src:2001:db8::80 udp",
		"ip6 icmp:100,0",
		"ip6 icmp:137,0",
		"ip6 frag:800,1,1 l4:17 pay:8",
		"ip6 dst:ff02::5 udp",
		"to:many ip6 udp",
		"arp:1,client,10.0.0.1,nobody,192.168.1.222",
		"ip6 ttl:255 nd:135,2001:db8::80",
	};
	static const char *const martian[] = {"ip4 src:0.0.0.0 udp", "ip4 src:127.0.0.1 udp",
					      "ip4 src:224.0.0.1 udp", "ip6 src:ff02::1 udp",
					      "ip6 src::: udp"};
	uint8_t frame[RECIPE_MAX];
	struct pkt p = {.data = frame};

	(void)state;
	for (size_t i = 0; i < sizeof(recipe) / sizeof(*recipe); i++) {
		p.len = recipe_frame(recipe[i], frame);
		classify_pkt(&p);
		if (p.drop || icmp_error_allowed(&p))
			fail_msg("%s: told, or %s", recipe[i], drop_row[p.drop].name);
	}
	for (size_t i = 0; i < sizeof(martian) / sizeof(*martian); i++) {
		p.len = recipe_frame(martian[i], frame);
		classify_pkt(&p);
		assert_int_equal(p.drop, DROP_MARTIAN);
		assert_false(icmp_error_allowed(&p));
	}
}

static uint32_t taken(struct icmp_limit *l, uint64_t from, uint64_t ns, uint64_t step)
{
	uint32_t n = 0;

	for (uint64_t t = 0; t < ns; t += step)
		n += icmp_limit_take(l, from + t);
	return n;
}

static void no_more_than_so_many_a_second(void **state)
{
	struct icmp_limit l = {.rate = ICMP_ERROR_RATE}, none = {0};
	const uint64_t s = 1000000000, start = 5000 * s;

	(void)state;
	assert_int_equal(taken(&l, start, s / 1000, s / 100000), ICMP_ERROR_BURST);
	assert_in_range(taken(&l, start + s / 1000, 10 * s, s / 10000), 999, 1001);
	assert_int_equal(taken(&l, start + 20 * s, 1000, 1), ICMP_ERROR_BURST); /* after a rest */
	assert_int_equal(taken(&l, start + 40 * s, s, s / 50), 50); /* below the rate, all */
	assert_int_equal(taken(&none, start, s, s / 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_sender),
		cmocka_unit_test(some_are_never_told),
		cmocka_unit_test(no_more_than_so_many_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
