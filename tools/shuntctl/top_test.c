/* SPDX-License-Identifier: BSD-2-Clause */
#include "top.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* JSON with ' for ". */
static json_t *parse(const char *text)
{
	char *copy = strdup(text);
	json_t *o;

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	o = json_loads(copy, 0, NULL);
	assert_non_null(o);
	free(copy);
	return o;
}

static void expect(enum top_view view, const char *now, const char *before, double seconds,
		   const char *want)
{
	json_t *a = parse(now), *b = before ? parse(before) : NULL;
	char *got = NULL;
	size_t size;
	FILE *f = open_memstream(&got, &size);

	top_print(f, view, a, b, seconds);
	fclose(f);
	assert_string_equal(got, want);
	free(got);
	json_decref(a);
	json_decref(b);
}

static void the_busiest_service_comes_first(void **state)
{
	(void)state;
	expect(TOP_SERVICES,
	       "{'services':[{'proto':'tcp','address':'192.0.2.10','port':80,'rate':{'conns':1,"
	       "'in_packets':20,'in_bytes':9999},'servers':[{'active':3,'inactive':4},"
	       "{'active':1,'inactive':0}]},"
	       "{'proto':'any','address':'10.0.0.0/8','port':0,'rate':{'conns':0,"
	       "'in_packets':1234567,'in_bytes':150000000000},'servers':[]}]}",
	       NULL, 0,
	       "SERVICE                      SERVERS   ACTIVE INACTIVE   CONN/S    PKT/S   BYTE/S\n"
	       "any 10.0.0.0/8:0                   0        0        0        0    1235k     150G\n"
	       "tcp 192.0.2.10:80                  2        4        4        1       20     "
	       "9999\n");
}

static void a_worker_shows_what_it_did_meanwhile(void **state)
{
	(void)state;
	expect(TOP_WORKERS,
	       "{'workers':[{'worker':0,'cpu':2,'rx':5000,'tx':4000,'drops':{'ttl':3,'loop':7},"
	       "'flows_new':20,'naps':1,'kicks':2,'busy_ns':500000000,'poll_ns':9000000000},"
	       "{'worker':1,'cpu':3,'rx':90000,'tx':80000,'drops':{'ttl':0,'loop':0},"
	       "'flows_new':0,'naps':0,'kicks':4,'busy_ns':0,'poll_ns':2000000000}]}",
	       "{'workers':[{'worker':0,'cpu':2,'rx':3000,'tx':3000,'drops':{'ttl':1,'loop':7},"
	       "'flows_new':10,'naps':1,'kicks':0,'busy_ns':0,'poll_ns':7000000000},"
	       "{'worker':1,'cpu':3,'rx':80000,'tx':80001,'drops':{'ttl':0,'loop':0},"
	       "'flows_new':0,'naps':0,'kicks':0,'busy_ns':0,'poll_ns':0}]}",
	       2.0,
	       "WORKER  CPU   BUSY     RX/S     TX/S   DROP/S   CONN/S    NAP/S   KICK/S\n"
	       "     1    3   0.0%     5000        0        0        0        0        2\n"
	       "     0    2  25.0%     1000      500        1        5        0        1\n");
}

static void without_an_earlier_answer_a_worker_has_no_rates(void **state)
{
	(void)state;
	expect(TOP_WORKERS,
	       "{'workers':[{'worker':0,'cpu':2,'rx':5000,'tx':4000,'drops':{'ttl':3},"
	       "'busy_ns':5,'poll_ns':9}]}",
	       NULL, 0,
	       "WORKER  CPU   BUSY     RX/S     TX/S   DROP/S   CONN/S    NAP/S   KICK/S\n"
	       "     0    2   0.0%        0        0        0        0        0        0\n");
}

static void a_server_is_shown_with_its_service(void **state)
{
	(void)state;
	expect(TOP_SERVERS,
	       "{'backends':[{'service':{'proto':'udp','address':'2001:db8::1','port':53},"
	       "'address':'10.0.0.1','port':53,'state':'ok','weight':7,'active':1,'inactive':2,"
	       "'rate':{'conns':12345,'in_packets':99950,'in_bytes':1}}]}",
	       NULL, 0,
	       "SERVICE                      SERVER                 STATE      WEIGHT   ACTIVE "
	       "INACTIVE   CONN/S    PKT/S   BYTE/S\n"
	       "udp [2001:db8::1]:53         10.0.0.1:53            ok              7        1 "
	       "       2    12.3k     100k        1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_busiest_service_comes_first),
		cmocka_unit_test(a_worker_shows_what_it_did_meanwhile),
		cmocka_unit_test(without_an_earlier_answer_a_worker_has_no_rates),
		cmocka_unit_test(a_server_is_shown_with_its_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
