/* SPDX-License-Identifier: BSD-2-Clause */
#include "show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *kind, bool all, const char *json, const char *want)
{
	json_t *answer = json_loads(json, 0, NULL);
	char *got = NULL;
	size_t size;
	FILE *f = open_memstream(&got, &size);

	assert_non_null(answer);
	assert_true(show_print(f, kind, answer, all));
	fclose(f);
	assert_string_equal(got, want);
	free(got);
	json_decref(answer);
}

static void columns_line_up_numbers_to_the_right(void **state)
{
	(void)state;
	expect("services", false,
	       "{\"services\":[{\"proto\":\"tcp\",\"address\":\"192.0.2.10\",\"port\":80,"
	       "\"scheduler\":\"mh\",\"flags\":[\"mh-port\"],\"stats\":{\"conns\":7,"
	       "\"in_packets\":1234567890,\"in_bytes\":9},\"servers\":[1,2]},"
	       "{\"proto\":\"udp\",\"address\":\"2001:db8::1\",\"port\":53,"
	       "\"scheduler\":\"wrr\",\"flags\":[],\"stats\":{\"conns\":0,"
	       "\"in_packets\":0,\"in_bytes\":0},\"servers\":[]}]}",
	       "SERVICE               SCHEDULER  FLAGS    SERVERS  CONNECTIONS     PACKETS  BYTES\n"
	       "tcp 192.0.2.10:80     mh         mh-port        2            7  1234567890      9\n"
	       "udp [2001:db8::1]:53  wrr        -              0            0           0      "
	       "0\n");
}

static void drops_show_what_happened_and_all_the_rest(void **state)
{
	static const char json[] =
		"{\"workers\":{\"ttl\":12,\"short\":0},"
		"\"steer\":{\"eth0\":{\"drop_no_socket\":3,\"redirect\":5},\"eth1\":null},"
		"\"meaning\":{\"ttl\":\"time to live ran out\","
		"\"short\":\"shorter than its headers\"}}";

	(void)state;
	expect("drops", false, json,
	       "WHERE    REASON          COUNT  MEANING\n"
	       "workers  ttl                12  time to live ran out\n"
	       "eth0     drop_no_socket      3  -\n");
	expect("drops", true, json,
	       "WHERE    REASON          COUNT  MEANING\n"
	       "workers  ttl                12  time to live ran out\n"
	       "workers  short               0  shorter than its headers\n"
	       "eth0     drop_no_socket      3  -\n"
	       "eth0     redirect            5  -\n");
	expect("drops", false, "{\"workers\":{\"ttl\":0},\"steer\":{}}",
	       "nothing was dropped (--all lists every reason)\n");
}

static void ports_show_both_sides_and_the_kernels_counters(void **state)
{
	(void)state;
	expect("ports", false,
	       "{\"ports\":[{\"interface\":\"eth0\",\"queue\":0,\"worker\":0,\"mode\":\"copy\","
	       "\"tx\":true,\"rx\":10,\"sent\":7,\"filled\":1010,\"completed\":7,"
	       "\"fill_level\":1000,\"tx_level\":0,\"statistics\":null}]}",
	       "INTERFACE  QUEUE  WORKER  MODE  RX  TX  IN-RX  IN-TX  RX-DROPPED  RX-FULL"
	       "  FILL-EMPTY  TX-EMPTY  RX-INVALID  TX-INVALID\n"
	       "eth0           0       0  copy  10   7   1000      0           -        -"
	       "           -         -           -           -\n");
}

static void workers_sum_their_drops_and_tell_of_the_engine(void **state)
{
	(void)state;
	expect("workers", false,
	       "{\"workers\":[{\"worker\":0,\"cpu\":1,\"node\":0,\"tid\":123,\"rx\":10,\"tx\":7,"
	       "\"pass\":0,\"drops\":{\"ttl\":1,\"short\":2},\"flows_new\":4,\"flows_moved\":0,"
	       "\"flows_full\":0,\"csum_done\":5,\"loops\":9,\"naps\":2,\"kicks\":3,"
	       "\"kick_busy\":0,\"frames\":{\"total\":8192,\"free\":8000,\"rx\":190,\"tx\":2,"
	       "\"missing\":1,\"exact\":false}}],\"engine\":{\"restarts\":1,\"uptime\":60}}",
	       "WORKER  CPU  NODE  TID  RX  TX  PASS  DROPPED  FLOWS  MOVED  FULL  NAPS  KICKS"
	       "  LOST  FRAMES  FREE  IN-RX  IN-TX  MISSING\n"
	       "     0    1     0  123  10   7     0        3      4      0     0     2      3"
	       "     0    8192  8000    190      2       1?\n"
	       "engine: up 60 s, restarted 1 times\n");
}

static void what_is_missing_is_a_dash(void **state)
{
	(void)state;
	expect("neighbours", false,
	       "{\"neighbours\":[{\"address\":\"10.0.0.1\",\"state\":\"unresolved\",\"mac\":\"\"}]"
	       "}",
	       "ADDRESS   STATE       MAC  INTERFACE\n"
	       "10.0.0.1  unresolved  -    -\n");
	expect("backends", false, "{\"backends\":[]}",
	       "no server is configured (shuntctl -a adds one)\n");
}

static void unknown_kinds_are_refused(void **state)
{
	(void)state;
	assert_false(show_print(stdout, "flowers", NULL, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up_numbers_to_the_right),
		cmocka_unit_test(drops_show_what_happened_and_all_the_rest),
		cmocka_unit_test(ports_show_both_sides_and_the_kernels_counters),
		cmocka_unit_test(workers_sum_their_drops_and_tell_of_the_engine),
		cmocka_unit_test(what_is_missing_is_a_dash),
		cmocka_unit_test(unknown_kinds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
