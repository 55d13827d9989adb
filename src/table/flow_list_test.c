/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/flow.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	NOW = 1000
};

static void lists_flows_with_where_they_come_from(void **state)
{
	size_t bytes = flow_bytes(0);
	struct flow_table t;
	struct flow_entry e[4];
	struct addr four, six;
	uint64_t at = 0;
	uint32_t n = 0;

	(void)state;
	flow_attach(&t, memset(aligned_alloc(64, bytes), 0, bytes), bytes);
	t.origin = calloc(1, flow_origin_bytes(bytes));
	assert_int_equal(addr_parse("198.51.100.1", &four), 0);
	assert_int_equal(addr_parse("2001:db8::1", &six), 0);
	flow_note(&t, flow_add(&t, 1 << 7, 5, FLOW_ESTABLISHED, NOW), &four, htons(50000));
	flow_note(&t, flow_add(&t, 2 << 7, 6, FLOW_UDP, NOW - 100), &six, htons(50001));
	flow_add(&t, 3 << 7, 7, FLOW_CLOSED, NOW - 100); /* expired */
	while (at <= t.mask)
		n += flow_list(&t, &at, 16, NOW, e + n, 4 - n);
	assert_int_equal(n, 2);
	assert_int_equal(e[0].backend, 5);
	assert_int_equal(e[0].expires, 900);
	assert_memory_equal(&e[0].from, &four, sizeof(four));
	assert_int_equal(e[0].port, htons(50000));
	assert_int_equal(e[1].state, FLOW_UDP);
	assert_int_equal(e[1].expires, 200);
	assert_memory_equal(&e[1].from, &six, sizeof(six));
	assert_int_equal(e[1].port, htons(50001));
	free(t.origin);
	free(t.slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_flows_with_where_they_come_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
