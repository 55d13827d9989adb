/* SPDX-License-Identifier: BSD-2-Clause */
/* The wanted texts are what ipvsadm 1.31 prints of the same table. */
#include "ipvs_print.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STATS "\"stats\":{\"conns\":1234567,\"in_packets\":987654321,\"in_bytes\":123456789012}"
#define SERVER_STATS \
	"\"stats\":{\"conns\":617283,\"in_packets\":493827160,\"in_bytes\":61728394506}"
#define SERVER(addr, port, weight, forward, active, inactive)                         \
	"{\"address\":\"" addr "\",\"port\":" #port ",\"weight\":" #weight            \
	",\"forward\":\"" forward "\",\"active\":" #active ",\"inactive\":" #inactive \
	"," SERVER_STATS "}"
#define ANSWER(services) \
	"{\"ok\":true,\"version\":[1,2,1],\"size\":4096,\"services\":[" services "]}"
#define HTTP                                                                               \
	"{\"proto\":\"tcp\",\"address\":\"192.0.2.10\",\"port\":80,\"scheduler\":\"mh\","  \
	"\"flags\":[\"mh-fallback\",\"mh-port\"]," STATS                                   \
	",\"servers\":[" SERVER("10.0.0.13", 80, 50, "tunnel", 1, 2) "," SERVER(           \
		"10.0.0.11", 80, 100, "route", 5123, 88210) "," SERVER("10.0.0.12", 80, 0, \
								       "route", 2, 17) "]}"
#define HTTP6                                                                                \
	"{\"proto\":\"tcp\",\"address\":\"2001:db8::80\",\"port\":80,\"scheduler\":\"wlc\"," \
	"\"flags\":[]," STATS                                                                \
	",\"servers\":[" SERVER("2001:db8::a0a0", 80, 1, "route", 12,                        \
				30) "," SERVER("2001:db8:1:2:3:4:5:6", 80, 0, "route", 0, 0) "]}"
#define DNS                                                                               \
	"{\"proto\":\"udp\",\"address\":\"192.0.2.10\",\"port\":53,\"scheduler\":\"rr\"," \
	"\"flags\":[]," STATS ",\"servers\":[]}"
/* In no order: printing sorts. */
#define TABLE ANSWER(DNS "," HTTP6 "," HTTP)

static void expect_names(const char *json, unsigned int format, const struct names *names,
			 const char *want)
{
	json_t *answer = json_loads(json, 0, NULL);
	char *got = NULL;
	size_t size;
	FILE *f = open_memstream(&got, &size);

	assert_non_null(answer);
	ipvs_print(f, answer, format, names);
	fclose(f);
	assert_string_equal(got, want);
	free(got);
	json_decref(answer);
}

static void expect(const char *json, unsigned int format, const char *want)
{
	expect_names(json, format | IPVS_NUMERIC, NULL, want);
}

static void lists_as_ipvsadm_with_n(void **state)
{
	(void)state;
	expect(TABLE, 0,
	       "IP Virtual Server version 1.2.1 (size=4096)\n"
	       "Prot LocalAddress:Port Scheduler Flags\n"
	       "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
	       "TCP  192.0.2.10:80 mh (mh-fallback,mh-port)\n"
	       "  -> 10.0.0.11:80                 Route   100    5123       88210     \n"
	       "  -> 10.0.0.12:80                 Route   0      2          17        \n"
	       "  -> 10.0.0.13:80                 Tunnel  50     1          2         \n"
	       "UDP  192.0.2.10:53 rr\n"
	       "TCP  [2001:db8::80]:80 wlc\n"
	       "  -> [2001:db8::a0a0]:80          Route   1      12         30        \n"
	       "  -> [2001:db8:1:2:3:4:5:6]:80    Route   0      0          0         \n");
}

static void lists_counters_as_ipvsadm_with_stats(void **state)
{
	(void)state;
	expect(ANSWER(HTTP "," HTTP6), IPVS_STATS,
	       "IP Virtual Server version 1.2.1 (size=4096)\n"
	       "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
	       "  -> RemoteAddress:Port\n"
	       "TCP  192.0.2.10:80                 1234567  987654K        0     123G        0\n"
	       "  -> 10.0.0.11:80                   617283  493827K        0   61728M        0\n"
	       "  -> 10.0.0.12:80                   617283  493827K        0   61728M        0\n"
	       "  -> 10.0.0.13:80                   617283  493827K        0   61728M        0\n"
	       "TCP  [2001:db8::80]:80             1234567  987654K        0     123G        0\n"
	       "  -> [2001:db8::a0a0]:80            617283  493827K        0   61728M        0\n"
	       "  -> [2001:db8:1:2:3:4:5:6]:80      617283  493827K        0   61728M        0\n");
}

static void lists_counters_in_full_with_exact(void **state)
{
	(void)state;
	expect(ANSWER(HTTP6), IPVS_STATS | IPVS_EXACT | IPVS_ONE,
	       "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
	       "  -> RemoteAddress:Port\n"
	       "TCP  [2001:db8::80]:80             1234567 987654321        0 123456789012        "
	       "0\n"
	       "  -> [2001:db8::a0a0]:80            617283 493827160        0 61728394506        "
	       "0\n"
	       "  -> [2001:db8:1:2:3:4:5:6]:80      617283 493827160        0 61728394506        "
	       "0\n");
}

/* The thresholds between the scales, each with the number before it. */
static void counters_are_cut_to_thousands_millions_and_so_on(void **state)
{
	static const struct {
		long long n;
		const char *text;
	} scale[] = {
		{99999999, " 99999999"},       {100000000, "  100000K"},
		{999999999, "  999999K"},      {1000000000, "    1000M"},
		{99999999999, "   99999M"},    {100000000000, "     100G"},
		{99999999999999, "   99999G"}, {100000000000000, "     100T"},
	};
	char json[512], want[512];

	(void)state;
	for (size_t i = 0; i < sizeof(scale) / sizeof(*scale); i++) {
		snprintf(json, sizeof(json),
			 ANSWER("{\"proto\":\"tcp\",\"address\":\"192.0.2.1\",\"port\":80,"
				"\"stats\":{\"conns\":%lld}}"),
			 scale[i].n);
		snprintf(
			want, sizeof(want),
			"Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes "
			"OutBytes\n  -> RemoteAddress:Port\n"
			"TCP  192.0.2.1:80                %s        0        0        0        0\n",
			scale[i].text);
		expect(json, IPVS_STATS | IPVS_ONE, want);
	}
}

static void one_service_has_no_banner(void **state)
{
	(void)state;
	expect(ANSWER(DNS), IPVS_ONE,
	       "Prot LocalAddress:Port Scheduler Flags\n"
	       "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
	       "UDP  192.0.2.10:53 rr\n");
}

static void an_empty_table_is_its_header(void **state)
{
	(void)state;
	expect(ANSWER(""), 0,
	       "IP Virtual Server version 1.2.1 (size=4096)\n"
	       "Prot LocalAddress:Port Scheduler Flags\n"
	       "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n");
}

static void nosort_keeps_the_daemons_order(void **state)
{
	(void)state;
	expect(ANSWER(DNS "," HTTP), IPVS_NOSORT | IPVS_ONE,
	       "Prot LocalAddress:Port Scheduler Flags\n"
	       "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
	       "UDP  192.0.2.10:53 rr\n"
	       "TCP  192.0.2.10:80 mh (mh-fallback,mh-port)\n"
	       "  -> 10.0.0.13:80                 Tunnel  50     1          2         \n"
	       "  -> 10.0.0.11:80                 Route   100    5123       88210     \n"
	       "  -> 10.0.0.12:80                 Route   0      2          17        \n");
}

static void saves_as_lines_that_restore(void **state)
{
	(void)state;
	expect(ANSWER(HTTP6 "," DNS), IPVS_RULES,
	       "-A -u 192.0.2.10:53 -s rr\n"
	       "-A -t [2001:db8::80]:80 -s wlc\n"
	       "-a -t [2001:db8::80]:80 -r [2001:db8::a0a0]:80 -g -w 1\n"
	       "-a -t [2001:db8::80]:80 -r [2001:db8:1:2:3:4:5:6]:80 -g -w 0\n");
	expect(ANSWER("{\"proto\":\"tcp\",\"address\":\"192.0.2.10\",\"port\":80,"
		      "\"scheduler\":\"mh\",\"flags\":[\"mh-fallback\",\"mh-port\"]}"),
	       IPVS_RULES, "-A -t 192.0.2.10:80 -s mh -b mh-fallback,mh-port\n");
}

static bool no_host(const struct addr *a, char *buf, size_t size)
{
	(void)a, (void)buf, (void)size;
	return false;
}

static bool long_host(const struct addr *a, char *buf, size_t size)
{
	(void)a;
	snprintf(buf, size, "a-rather-long-name.of-a.host.example");
	return true;
}

static void ports_have_names_without_n(void **state)
{
	const struct names names = {no_host, names_system.port};

	(void)state;
	expect_names(ANSWER(HTTP6 "," DNS), 0, &names,
		     "IP Virtual Server version 1.2.1 (size=4096)\n"
		     "Prot LocalAddress:Port Scheduler Flags\n"
		     "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
		     "UDP  192.0.2.10:domain rr\n"
		     "TCP  [2001:db8::80]:http wlc\n"
		     "  -> [2001:db8::a0a0]:http        Route   1      12         30        \n"
		     "  -> [2001:db8:1:2:3:4:5:6]:http  Route   0      0          0         \n");
}

static void long_names_are_cut_for_ipv4_in_listings_but_not_in_rules(void **state)
{
	const struct names names = {long_host, names_system.port};

	(void)state;
	expect_names(ANSWER(HTTP), IPVS_ONE, &names,
		     "Prot LocalAddress:Port Scheduler Flags\n"
		     "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
		     "TCP  a-rather-long-name.of-a.host mh (mh-fallback,mh-port)\n"
		     "  -> a-rather-long-name.of-a.host Route   100    5123       88210     \n"
		     "  -> a-rather-long-name.of-a.host Route   0      2          17        \n"
		     "  -> a-rather-long-name.of-a.host Tunnel  50     1          2         \n");
	expect_names(ANSWER(DNS), IPVS_RULES, &names,
		     "-A -u a-rather-long-name.of-a.host.example:domain -s rr\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_as_ipvsadm_with_n),
		cmocka_unit_test(lists_counters_as_ipvsadm_with_stats),
		cmocka_unit_test(lists_counters_in_full_with_exact),
		cmocka_unit_test(counters_are_cut_to_thousands_millions_and_so_on),
		cmocka_unit_test(one_service_has_no_banner),
		cmocka_unit_test(an_empty_table_is_its_header),
		cmocka_unit_test(nosort_keeps_the_daemons_order),
		cmocka_unit_test(saves_as_lines_that_restore),
		cmocka_unit_test(ports_have_names_without_n),
		cmocka_unit_test(long_names_are_cut_for_ipv4_in_listings_but_not_in_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
