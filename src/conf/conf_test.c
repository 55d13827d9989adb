/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/conf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/keyword.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

enum {
	CONFIGS = 200, /* every second one is broken */
};

/* Where a line is put into a generated configuration. */
enum where {
	TOP,
	SERVICE,
	SERVER,
	TCP,
	HTTP,
	URL,
	UDP,
	DNS,
	WHERES
};

static const struct broken {
	enum where where;
	const char *line;
	const char *said;
} broken[] = {
	{TOP, "virtal_server 192.0.2.1 80 {\n}",
	 "virtal_server: no such word in the file; cure: did "
	 "you mean virtual_server?"},
	{TOP, "vrrp_instance V {\nvirtual_ipaddress {\n1.2.3.4\n}\n}",
	 "vrrp_instance: shunt doesn't do this; cure: leave it to keepalived"},
	{TOP, "global_defs {\n}", "global_defs: shunt doesn't do this"},
	{TOP, "$VIP=192.0.2.1", "$VIP=192.0.2.1: shunt.conf has no variables"},
	{TOP, "@main global {\n}", "@main: shunt.conf has no variables and conditions"},
	{TOP, "}", "}: there is no block to close here"},
	{TOP, "{\n}", "{: no word before it"},
	{TOP, "global {\nnuma off\n}", "numa: no such word in global"},
	{TOP, "global {\nmode fast\n}",
	 "fast: no such mode; cure: one of auto, zerocopy, copy, skb"},
	{TOP, "interface {\n}", "interface: one name belongs here; cure: interface eth0 {"},
	{TOP, "worker x {\n}", "x: nothing belongs between worker and {"},
	{TOP, "include /etc/x", "include: only a file can include"},
	{TOP, "virtual_server 192.0.2.99 80", "virtual_server: a block is missing"},
	{TOP, "virtual_server 192.0.2.99 80 {\nlb_kind DR\n}",
	 "virtual_server: protocol is missing; cure: protocol TCP or UDP"},
	{TOP, "virtual_server fwmark 3 {\nprotocol TCP\n}", "fwmark: shunt doesn't know marks"},
	{TOP, "virtual_server group none {\nprotocol TCP\n}", "group none: there is none"},
	{TOP, "virtual_server 192.0.2 80 {\n}", "192.0.2: not an address"},
	{TOP, "virtual_server 192.0.2.98 99999 {\n}", "99999: not a number that fits"},
	{TOP, "virtual_server 192.0.2.98-99 80 {\n}", "192.0.2.98-99: a range"},
	{TOP, "virtual_server 192.0.2.98/33 80 {\n}", "192.0.2.98/33: not a prefix"},
	{TOP, "virtual_server 192.0.2.99 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}",
	 "10.0.0.1: lb_kind is missing; cure: lb_kind DR or TUN"},
	{TOP, "virtual_server 192.0.2.99 80 {\nprotocol any\n}", "protocol any has no ports"},
	{TOP, "virtual_server_group g {\n192.0.2.9-5 80\n}", "192.0.2.9-5: not a range"},
	{SERVICE, "lb_kind NAT", "NAT: shunt doesn't translate addresses; cure: lb_kind DR or TUN"},
	{SERVICE, "lb_kind DSR", "DSR: no such way of forwarding"},
	{SERVICE, "lb_kind TUN type vxlan", "vxlan: not a way to tunnel"},
	{SERVICE, "lb_kind TUN type gue", "gue: not a way to tunnel; cure: gue needs its UDP port"},
	{SERVICE, "lvs_sched twos", "twos: no such lvs_sched; cure: one of rr, wrr"},
	{SERVICE, "lb_algo", "lb_algo: a value is missing; cure: lb_algo SCHEDULER"},
	{SERVICE, "lb_algos rr",
	 "lb_algos: no such word in virtual_server; cure: did you mean lb_algo?"},
	{SERVICE, "quorum 1000000", "quorum 1000000: above the sum of the servers' weights"},
	{SERVICE, "hysteresis 9", "hysteresis isn't below quorum"},
	{SERVICE, "passive_health 20\n lb_algo mh",
	 "passive_health sees nothing with this lb_algo"},
	{SERVICE, "protocol ICMP", "ICMP: no such protocol; cure: one of TCP, UDP"},
	{SERVICE, "persistence_engine sip", "persistence_engine: shunt doesn't do this"},
	{SERVICE, "persistence_timeout 0", "0: not a number that fits; cure: 1 to 2678400"},
	{SERVICE, "persistence_granularity 255.0.255.0", "255.0.255.0: not a netmask"},
	{SERVICE, "delay_loop 0", "0: not a time that fits; cure: 0.010 to 86400 seconds"},
	{SERVICE, "delay_loop 1.0005", "1.0005: not a time that fits"},
	{SERVICE, "delay_loop 5s", "5s: not a time that fits"},
	{SERVICE, "removed_server keep", "keep: no such removed_server"},
	{SERVICE, "alpha maybe", "maybe: neither yes nor no"},
	{SERVICE, "omega\nomega", "omega: said twice in this block"},
	{SERVICE, "omega {\n}", "omega: opens no block"},
	{SERVICE, "sorry_server 10.9.9.9 81", "10.9.9.9 81: DR and TUN don't change the port"},
	{SERVICE, "quorum_up \"/bin/up", "\": the string isn't closed"},
	{SERVICE, "quorum_up /bin/up a b c", "c: one word too many for quorum_up"},
	{SERVICE, "real_server 10.1.1.1 81 {\n}", "10.1.1.1 81: DR and TUN don't change the port"},
	{SERVICE, "real_server 2001:db8::1 {\n}",
	 "2001:db8::1: not of the virtual address' family"},
	{SERVICE, "real_server 10.1.1.1 {\n}\nreal_server 10.1.1.1 {\n}",
	 "10.1.1.1: twice in this virtual_server"},
	{SERVICE, "real_server {\n}", "real_server: an address is missing"},
	{SERVER, "weight 65536", "65536: not a number that fits; cure: 0 to 65535"},
	{SERVER, "weight -1", "-1: not a number that fits"},
	{SERVER, "uthreshold 5\nlthreshold 6", "lthreshold is above uthreshold"},
	{SERVER, "lvs_method NAT", "NAT: shunt doesn't translate addresses"},
	{SERVER, "SMTP_CHECK {\nhelo_name x\n}", "SMTP_CHECK: shunt doesn't do this"},
	{SERVER, "TCPCHECK {\n}",
	 "TCPCHECK: no such word in real_server; cure: did you mean TCP_CHECK?"},
	{SERVER, "HTTP_GET {\n}", "HTTP_GET: a url is missing"},
	{SERVER, "MISC_CHECK {\n}", "MISC_CHECK: misc_path is missing"},
	{SERVER, "notify_up \"\"", "\"\": empty"},
	{TCP, "connect_port 0", "0: not a number that fits; cure: 1 to 65535"},
	{TCP, "connect_ip localhost", "localhost: not an address"},
	{TCP, "connect_timout 3",
	 "connect_timout: no such word in TCP_CHECK; cure: did you mean "
	 "connect_timeout?"},
	{TCP, "jitter 51", "51: not a number that fits; cure: 0 to 50"},
	{TCP, "check_path dsr", "dsr: no such check_path; cure: one of server, vip"},
	{TCP, "nb_get_retry 3", "nb_get_retry: no such word in TCP_CHECK"},
	{HTTP, "http_protocol 2", "2: no such http_protocol"},
	{HTTP, "enable_sni", "enable_sni: no such word in HTTP_GET"},
	{URL, "status_code 99", "99: not a status"},
	{URL, "status_code 300-200", "300-200: not a status"},
	{URL, "digest 12", "12: not an MD5 digest"},
	{URL, "regex_options utf", "utf: no such regex_options"},
	{URL, "regex_stack 1 2", "regex_stack: shunt doesn't do this"},
	{UDP, "payload 123", "123: not bytes"},
	{UDP, "min_reply_length 300", "min_reply_length is above max_reply_length"},
	{DNS, "type ANY", "ANY: no such record type"},
};

static unsigned int rnd(unsigned int *seed, unsigned int n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 10) % n;
}

/* A line or nothing. */
static void maybe(unsigned int *seed, FILE *f, const char *line)
{
	if (rnd(seed, 2))
		fprintf(f, "%s\n", line);
}

static void any_of(unsigned int *seed, FILE *f, const char *const *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		maybe(seed, f, line[i]);
}

static void put(FILE *f, const struct broken *b, enum where where, bool last)
{
	if (b && b->where == where && last)
		fprintf(f, "%s\n", b->line);
}

static void put_checks(unsigned int *seed, FILE *f, const struct broken *b, bool last)
{
	static const char *const tcp[] = {"connect_ip 10.3.3.3",
					  "connect_port 8080",
					  "bind_if eth1",
					  "warmup 0",
					  "fwmark 7",
					  "fall 3 ! comment",
					  "retry 0"};
	static const char *const url[] = {
		"path \"/x y\"",     "status_code 200 204-206",	      "regex ^a.*b",
		"regex_no_match",    "regex_options caseless dotall", "virtualhost a.example",
		"regex_min_offset 3"};
	static const char *const udp[] = {"payload 00ff", "require_reply 01XX", "bindto 10.4.4.4"};
	static const char *const misc[] = {"misc_timeout 3", "misc_dynamic", "user nobody nogroup",
					   "log_all_failures"};
	static const char *const tail[] = {"connect_timeout 1.25", "rise 2"};

	fputs("TCP_CHECK {\n", f);
	any_of(seed, f, b ? NULL : tcp, b ? 0 : LEN(tcp));
	put(f, b, TCP, last);
	fputs("}\nHTTP_GET\n{\n", f);
	any_of(seed, f, tail, LEN(tail));
	put(f, b, HTTP, last);
	fputs("url {\n", f);
	any_of(seed, f, b ? NULL : url, b ? 0 : LEN(url));
	put(f, b, URL, last);
	fputs("}\nurl { path /second }\n}\nUDP_CHECK {\n", f);
	any_of(seed, f, b ? NULL : udp, b ? 0 : LEN(udp));
	put(f, b, UDP, last);
	fputs("}\nMISC_CHECK {\nmisc_path \"/bin/check \\\"a\\\" #1\"\n", f);
	any_of(seed, f, misc, LEN(misc));
	fputs("}\nPING_CHECK { }\nDNS_CHECK {\nname example.org\n", f);
	put(f, b, DNS, last);
	fputs("}\n", f);
}

static const char *const service_line[] = {"delay_loop 6",
					   "warmup 2.5",
					   "retry 4",
					   "delay_before_retry 2",
					   "alpha",
					   "omega",
					   "persistence_timeout",
					   "persistence_granularity 255.255.255.0",
					   "weight 5",
					   "inhibit_on_failure",
					   "quorum_up \"/bin/up now\" root",
					   "quorum_down /bin/down",
					   "sorry_server 10.9.9.9",
					   "virtualhost www.example",
					   "check_path vip",
					   "jitter 10",
					   "panic_threshold 90",
					   "snmp_name x",
					   "removed_server reset"};
static const char *const server_line[] = {"weight 7",
					  "uthreshold 100",
					  "notify_up /bin/n",
					  "delay_loop 3",
					  "virtualhost b.example",
					  "lvs_method TUN type gre csum",
					  "inhibit_on_failure false"};

/* A good configuration, but for one broken thing; the caller frees it. */
static char *generate(unsigned int seed, const struct broken *b)
{
	static const char *const algo[] = {"rr", "wrr", "mh\nmh-port", "sh\nsh-fallback", "lblcr"};
	static const char *const kind[] = {"DR", "TUN", "TUN type gue port 6080", "TUN type gre"};
	unsigned int services = 1 + rnd(&seed, 4);
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs("# generated\n", f);
	if (!b)
		fputs("global {\nflows 1M\nmode copy }\ninterface eth0 {\nqueue 0@1\n}\n", f);
	for (unsigned int i = 0; i < services; i++) {
		bool last = i + 1 == services;

		fprintf(f, "virtual_server 192.0.2.%u %u {\n", i + 1, b ? 80 : rnd(&seed, 9));
		put(f, b, SERVICE, last);
		if (!last || !b || b->where != SERVICE || !strstr(b->line, "protocol"))
			fputs("protocol TCP\n", f);
		if (!last || !b || b->where != SERVICE ||
		    !(strstr(b->line, "lb_algo") || strstr(b->line, "lvs_sched"))) {
			const char *a = b ? "rr" : algo[rnd(&seed, LEN(algo))];

			fprintf(f, "lb_algo %s\n", a);
			if (!strcmp(a, "wrr")) /* not all of them can */
				fputs("passive_health 20\n", f);
		}
		if (!last || !b || b->where != SERVICE || !strstr(b->line, "lb_kind"))
			fprintf(f, "lb_kind %s\n", kind[rnd(&seed, LEN(kind))]);
		any_of(&seed, f, b ? NULL : service_line, b ? 0 : LEN(service_line));
		for (unsigned int j = rnd(&seed, 3) + 1; j > 0; j--) {
			fprintf(f, "real_server 10.0.0.%u {\n", j);
			put(f, b, SERVER, last && j == 1);
			any_of(&seed, f, b ? NULL : server_line, b ? 0 : LEN(server_line));
			put_checks(&seed, f, b, last && j == 1);
			fputs("}\n", f);
		}
		fputs("}\n", f);
	}
	put(f, b, TOP, true);
	fclose(f);
	return text;
}

/* Returns what was said, to be freed. */
static char *parse(const char *text, struct conf *c, int *err)
{
	char *said;
	size_t size;
	FILE *f = open_memstream(&said, &size);

	*err = conf_parse_text("t.conf", text, strlen(text), c, f);
	fclose(f);
	return said;
}

static char *print(const struct conf *c)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	conf_print(c, f);
	fclose(f);
	return text;
}

static int diff(const struct conf *a, const struct conf *b)
{
	return conf_diff(a, b, &(struct conf_diff_ops){0}, NULL);
}

static void expect_fixed_point(const char *text)
{
	struct conf first, second;
	char *said, *one, *two;
	int err;

	said = parse(text, &first, &err);
	if (err)
		fail_msg("%s\nin:\n%s", said, text);
	free(said);
	one = print(&first);
	said = parse(one, &second, &err);
	if (err)
		fail_msg("%s\nin:\n%s", said, one);
	free(said);
	two = print(&second);
	assert_string_equal(one, two);
	assert_int_equal(diff(&first, &second), 0);
	free(one);
	free(two);
	conf_free(&first);
	conf_free(&second);
}

static void what_is_printed_reads_as_the_same(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < CONFIGS / 2; i++) {
		char *text = generate(i, NULL);

		expect_fixed_point(text);
		free(text);
	}
}

static void each_fault_has_its_message(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < CONFIGS / 2 || i < LEN(broken); i++) {
		const struct broken *b = &broken[i % LEN(broken)];
		char *text = generate(i, b), *said;
		struct conf c;
		int err;

		said = parse(text, &c, &err);
		if (err != -EINVAL || !strstr(said, b->said) || strncmp(said, "t.conf:", 7))
			fail_msg("'%s' gives %d:\n%s\nnot: %s\n%s", b->line, err, said, b->said,
				 text);
		if (strchr(said, '\n') != said + strlen(said) - 1)
			fail_msg("'%s' gives more than one line:\n%s%s", b->line, said, text);
		assert_int_equal(c.n_services, 0);
		assert_int_equal(c.n_options, 0);
		free(said);
		free(text);
	}
}

/* As many blocks without a word as a file of 100 kB can open: read without a call for each. */
static void depth_costs_no_stack(void **state)
{
	enum {
		DEPTH = 100000
	};
	char *text = malloc(DEPTH + 1), *said;
	struct conf c;
	int err;

	(void)state;
	assert_non_null(text);
	memset(text, '{', DEPTH);
	text[DEPTH] = 0;
	said = parse(text, &c, &err);
	assert_int_equal(err, -EINVAL);
	assert_non_null(strstr(said, "t.conf:1:1: {: no word before it"));
	free(said);
	free(text);
}

static void places_are_lines_and_columns(void **state)
{
	struct conf c;
	int err;
	char *said =
		parse("# one\nvirtual_server 192.0.2.1 80 {\n  protocol TCP\n  lb_kind NAT\n}\n",
		      &c, &err);

	(void)state;
	assert_int_equal(strncmp(said, "t.conf:4:11: NAT: ", 18), 0);
	free(said);
}

static const char keepalived[] =
	"virtual_server 203.0.113.10 443 {\n"
	"    delay_loop 10\n    lvs_sched wlc\n    lvs_method DR\n    persistence_timeout 600\n"
	"    persistence_granularity 255.255.255.0\n    protocol TCP\n    ha_suspend\n"
	"    sorry_server 10.0.0.200 443\n\n"
	"    real_server 10.0.0.11 443 {\n        weight 10\n        SSL_GET {\n"
	"            url {\n              path /health?full=1\n"
	"              digest ff20ad2481f97b1754ef3e12ecd3a9cc\n            }\n"
	"            connect_timeout 3\n            retry 3\n            delay_before_retry 2\n"
	"        }\n    }\n"
	"    real_server 10.0.0.12 443 {\n        TCP_CHECK {\n            connect_port 8443\n"
	"        }\n    }\n}\n";

static void a_pasted_block_means_what_it_says(void **state)
{
	const struct conf_service *s;
	const struct check_conf *check;
	struct conf c;
	int err;
	char *said = parse(keepalived, &c, &err);

	(void)state;
	assert_string_equal(said, "");
	free(said);
	assert_int_equal(c.n_services, 1);
	s = &c.service[0];
	assert_int_equal(s->svc.sched, SCHEDULER_WLC);
	assert_int_equal(s->svc.persist, 600);
	assert_int_equal(s->svc.persist_prefix, 24);
	assert_int_equal(s->n_servers, 2);
	assert_int_equal(s->server[0].be.weight, 10);
	assert_int_equal(s->server[0].be.forward, FORWARD_ROUTE);
	assert_int_equal(s->server[1].be.weight, 1);
	check = &s->server[0].check[0];
	assert_int_equal(check->type, CHECK_SSL);
	assert_int_equal(check->pace.delay_loop, 10000);
	assert_int_equal(check->pace.warmup, 10000);
	assert_int_equal(check->pace.connect_timeout, 3000);
	assert_int_equal(check->pace.retry, 3);
	assert_string_equal(check->url[0].path, "/health?full=1");
	assert_int_equal(s->server[1].check[0].connect_port, 8443);
	assert_int_equal(s->server[1].check[0].pace.retry, 1);
	conf_free(&c);
	expect_fixed_point(keepalived);
}

static void a_group_is_a_service_for_each_address(void **state)
{
	static const char text[] =
		"virtual_server group web {\nprotocol TCP\nlb_kind DR\nreal_server 10.0.0.1 {\n"
		"PING_CHECK { }\n}\n}\nvirtual_server_group web {\n192.0.2.1-3 80\n192.0.2.9 443\n"
		"198.51.100.7/24 80\n}\n";
	struct conf c;
	int err;
	char *said = parse(text, &c, &err);

	(void)state;
	assert_string_equal(said, "");
	free(said);
	assert_int_equal(c.n_services, 5);
	assert_int_equal(c.service[2].svc.ep.addr.b[15], 3);
	assert_int_equal(c.service[3].server[0].be.port, c.service[3].svc.ep.port);
	assert_int_equal(c.service[4].svc.ep.prefix, 120);
	assert_int_equal(c.service[4].svc.ep.addr.b[15], 0);
	conf_free(&c);
	expect_fixed_point(text);
}

struct told {
	char text[512];
};

static void told_service(void *arg, enum conf_change change, const struct conf_service *before,
			 const struct conf_service *after)
{
	struct told *t = arg;
	const struct conf_service *s = after ? after : before;

	sprintf(t->text + strlen(t->text), "service %c %d\n", "+-~"[change],
		s -> svc.ep.addr.b[15]);
}

static void told_server(void *arg, enum conf_change change, const struct conf_service *s,
			const struct conf_server *before, const struct conf_server *after)
{
	struct told *t = arg;
	const struct conf_server *b = after ? after : before;

	(void)s;
	sprintf(t->text + strlen(t->text), "server %c %d\n", "+-~"[change], b -> be.addr.b[15]);
}

static void told_check(void *arg, enum conf_change change, const struct conf_service *s,
		       const struct conf_server *server, const struct check_conf *check)
{
	struct told *t = arg;

	(void)s;
	sprintf(t->text + strlen(t->text), "check %c %d %u\n", "+-~"[change],
		server -> be.addr.b[15], check->type);
}

#define SERVICE_TEXT(last, more) \
	"virtual_server 192.0.2." last " 80 {\nprotocol TCP\nlb_kind DR\n" more "}\n"
#define SERVER_TEXT(last, more) "real_server 10.0.0." last " {\n" more "\n}\n"

static void a_difference_is_told_once(void **state)
{
	static const struct conf_diff_ops ops = {
		.service = told_service, .server = told_server, .check = told_check};
	static const char before[] =
		SERVICE_TEXT("1", SERVER_TEXT("1", "TCP_CHECK { }") SERVER_TEXT("2", ""))
			SERVICE_TEXT("2", SERVER_TEXT("3", "TCP_CHECK { }"))
				SERVICE_TEXT("3", SERVER_TEXT("4", "PING_CHECK { }"));
	static const char after[] = SERVICE_TEXT("4", SERVER_TEXT("5", "PING_CHECK { }"))
		SERVICE_TEXT("3", SERVER_TEXT("4", "PING_CHECK { }"))
			SERVICE_TEXT("1",
				     "lb_algo rr\n" SERVER_TEXT("1", "TCP_CHECK {\nretry 2\n}")
					     SERVER_TEXT("2", "weight 2") SERVER_TEXT("6", ""));
	struct told told = {""};
	struct conf a, b;
	int err;

	(void)state;
	free(parse(before, &a, &err));
	assert_int_equal(err, 0);
	free(parse(after, &b, &err));
	assert_int_equal(err, 0);
	assert_int_equal(conf_diff(&a, &b, &ops, &told), 9);
	assert_string_equal(told.text, "service - 2\nservice + 4\nserver + 5\ncheck + 5 6\n"
				       "service ~ 1\ncheck - 1 0\ncheck + 1 0\nserver ~ 2\n"
				       "server + 6\n");
	conf_free(&a);
	conf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_reads_as_the_same),
		cmocka_unit_test(each_fault_has_its_message),
		cmocka_unit_test(depth_costs_no_stack),
		cmocka_unit_test(places_are_lines_and_columns),
		cmocka_unit_test(a_pasted_block_means_what_it_says),
		cmocka_unit_test(a_group_is_a_service_for_each_address),
		cmocka_unit_test(a_difference_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
