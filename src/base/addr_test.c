/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reads_what_it_prints(void **state)
{
	static const char *const good[] = {"192.168.1.222", "0.0.0.0", "2001:db8::1", "::1"};
	char buf[ADDR_TEXT];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(addr_parse(good[i], &a), 0);
		assert_string_equal(addr_text(&a, buf), good[i]);
	}
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = {"", "1.2.3", "1.2.3.256", "1.2.3.4:80", "[::1]", "host"};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(addr_parse(bad[i], &a), -EINVAL);
}

static void ports_are_decimal_and_16_bits(void **state)
{
	static const char *const bad[] = {"", "65536", "-1", "+1", "80x", " 80", "0x50"};
	__be16 port;

	(void)state;
	assert_int_equal(port_parse("65535", &port), 0);
	assert_int_equal(port, htons(65535));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(port_parse(bad[i], &port), -EINVAL);
}

static void prints_hosts_like_ipvsadm(void **state)
{
	char buf[ADDR_TEXT];
	struct addr a;

	(void)state;
	addr_parse("2001:db8::80", &a);
	assert_string_equal(host_text(&a, htons(80), buf), "[2001:db8::80]:80");
	addr_parse("192.0.2.10", &a);
	assert_string_equal(host_text(&a, htons(443), buf), "192.0.2.10:443");
}

static void hosts_are_read_as_they_are_printed(void **state)
{
	static const char *const good[] = {"[2001:db8::80]:80", "192.0.2.10:443", "127.0.0.1:0"};
	static const char *const bad[] = {"",	   "192.0.2.10", "192.0.2.10:", ":80",
					  "[]:80", "::1:80",	 "[::1]",	"[10.0.0.1]:1",
					  "a:80",  "[::1:80"};
	char buf[ADDR_TEXT];
	struct addr a;
	__be16 port;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(addr_port_parse(good[i], &a, &port), 0);
		assert_string_equal(host_text(&a, port, buf), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(addr_port_parse(bad[i], &a, &port), -EINVAL);
}

static void this_machines_own_addresses_are_known(void **state)
{
	static const struct {
		const char *text;
		bool own;
	} row[] = {{"127.0.0.1", true}, {"127.9.9.9", true}, {"::1", true},
		   {"0.0.0.0", false},	{"::", false},	     {"128.0.0.1", false}};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		addr_parse(row[i].text, &a);
		assert_int_equal(addr_is_loopback(&a), row[i].own);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_prints),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(ports_are_decimal_and_16_bits),
		cmocka_unit_test(prints_hosts_like_ipvsadm),
		cmocka_unit_test(hosts_are_read_as_they_are_printed),
		cmocka_unit_test(this_machines_own_addresses_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
