/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests as they come from the socket, on a real model, with a data plane of zeros. */
#include "mgmt/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

#include "base/clock.h"

enum {
	WORKERS = 2,
	PORTS = 2
};

struct world {
	struct dataplane dp;
	struct port_counters ports[PORTS];
	struct worker_counters workers[WORKERS];
	struct flow_table flows[WORKERS];
	void *area;
	struct command_ctx ctx;
	bool steer_full;
};

/* The neighbours and the XDP program that there are not. */
void neigh_each(struct neigh *n,
		void (*fn)(void *ctx, const struct addr *server, const struct reach *reach),
		void *ctx)
{
	struct reach ok = {.state = REACH_OK, .nic = 1, .mac = {2, 0, 0, 0, 0, 9}}, no = {0};
	struct addr a;

	(void)n;
	addr_parse("10.0.0.1", &a);
	fn(ctx, &a, &ok);
	fn(ctx, &a, &no);
}

int steer_counts(struct steer *s, uint32_t nic, uint64_t count[STEER_COUNT])
{
	(void)s;
	count[STEER_REDIRECT] = 100 + nic;
	return 0;
}

const char *steer_count_name(enum steer_count c)
{
	return c == STEER_REDIRECT ? "redirect" : "other";
}

const char *steer_count_meaning(enum steer_count c)
{
	return c == STEER_REDIRECT ? "handed over" : "else";
}

static int on_steer_add(void *ctx, const struct endpoint *ep)
{
	(void)ep;
	return ((struct world *)ctx)->steer_full ? -E2BIG : 0;
}

static void world_plane(struct world *w)
{
	size_t bytes = flow_bytes(1024);

	w->dp.n_nics = 2;
	strcpy(w->dp.nic[0].name, "eth0");
	strcpy(w->dp.nic[1].name, "eth1");
	w->dp.nic[0].mode = MODE_SKB;
	w->dp.n_workers = WORKERS;
	w->dp.n_ports = PORTS;
	w->dp.port_counters = w->ports;
	for (uint16_t i = 0; i < WORKERS; i++) {
		struct worker_info *worker = &w->dp.worker[i];

		worker->counters = &w->workers[i];
		worker->backends = calloc(BACKENDS_MAX, sizeof(*worker->backends));
		worker->flows = aligned_alloc(64, bytes);
		memset(worker->flows, 0, bytes);
		worker->flows_bytes = bytes;
		worker->frames = 100;
		worker->node = -1;
		flow_attach(&w->flows[i], worker->flows, bytes);
		w->dp.port[i] = (struct port_info){.nic = i, .worker = i, .fd = -1};
	}
}

static int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct model_hooks hooks = {.ctx = w, .steer_add = on_steer_add};
	struct state *area;

	world_plane(w);
	w->area = calloc(1, state_bytes());
	assert_int_equal(state_attach(&area, w->area, state_bytes()), 0);
	w->ctx = (struct command_ctx){.dp = &w->dp, .started = clock_ns() / 1000000000};
	assert_int_equal(model_new(&w->ctx.model, &w->dp, area, &hooks), 0);
	*state = w;
	return 0;
}

static int world_close(void **state)
{
	struct world *w = *state;

	model_free(w->ctx.model);
	for (int i = 0; i < WORKERS; i++) {
		free(w->dp.worker[i].backends);
		free(w->dp.worker[i].flows);
	}
	free(w->area);
	free(w);
	return 0;
}

/* JSON with ' for ". */
static json_t *parse(const char *text)
{
	char *copy = strdup(text);
	json_error_t error;
	json_t *o;

	for (char *c = copy; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	o = json_loads(copy, 0, &error);
	if (!o)
		fail_msg("%s: %s", error.text, text);
	free(copy);
	return o;
}

static json_t *ask(struct world *w, const char *request)
{
	json_t *r = parse(request), *answer = command_run(&w->ctx, r, true);

	json_decref(r);
	assert_int_equal(json_integer_value(json_object_get(answer, "schema_version")), 1);
	return answer;
}

static void ok(struct world *w, const char *request)
{
	json_t *answer = ask(w, request);

	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("%s: %s", request, json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
}

/* Refused with this code, and this in the text. */
static void no(struct world *w, const char *request, const char *code, const char *text)
{
	json_t *answer = ask(w, request);
	const char *error = json_string_value(json_object_get(answer, "error"));

	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_string_equal(json_string_value(json_object_get(answer, "code")), code);
	if (!strstr(error, text))
		assert_string_equal(error, text);
	json_decref(answer);
}

/* The answer has at least these members. */
static bool covers(const json_t *have, const json_t *want)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_array(want)) {
		json_array_foreach (want, i, v) {
			if (!covers(json_array_get(have, i), v))
				return false;
		}
		return json_array_size(have) == json_array_size(want);
	}
	if (!json_is_object(want))
		return json_equal(have, want);
	json_object_foreach ((json_t *)want, key, v) {
		if (!covers(json_object_get(have, key), v))
			return false;
	}
	return json_is_object(have);
}

static void answers(struct world *w, const char *request, const char *want)
{
	json_t *have = ask(w, request), *o = parse(want);
	char *text = json_dumps(have, JSON_COMPACT | JSON_SORT_KEYS);

	if (!covers(have, o))
		assert_string_equal(text, want);
	free(text);
	json_decref(have);
	json_decref(o);
}

static void reach(struct world *w, const char *text, enum reach_state state)
{
	struct reach r = {.state = state, .nic = 1, .mac = {2, 0, 0, 0, 0, 9}};
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	model_set_reach(w->ctx.model, &a, &r);
}

#define VIP "'service':{'proto':'tcp','address':'192.168.1.222','port':80}"
#define RIP "'server':{'address':'192.168.1.54','port':80,'weight':1,'forward':'route'}"

static void seed(struct world *w)
{
	ok(w, "{'cmd':'service-add'," VIP ",'scheduler':'wrr'}");
	ok(w, "{'cmd':'server-add'," VIP "," RIP "}");
}

static void the_seeds_two_commands_make_the_list(void **state)
{
	struct world *w = *state;

	seed(w);
	reach(w, "192.168.1.54", REACH_OK);
	answers(w, "{'cmd':'list'}",
		"{'schema_version':1,'ok':true,'version':[1,2,1],'size':4096,'services':[{"
		"'proto':'tcp','address':'192.168.1.222','port':80,'scheduler':'wrr','flags':[],"
		"'stats':{'conns':0,'in_packets':0,'in_bytes':0},'servers':[{"
		"'address':'192.168.1.54','port':80,'weight':1,'forward':'route','active':0,"
		"'inactive':0,'state':'ok','mac':'02:00:00:00:00:09','interface':'eth1',"
		"'stats':{'conns':0,'in_packets':0,'in_bytes':0}}]}]}");
	answers(w, "{'cmd':'list'," VIP "}", "{'services':[{'port':80,'servers':[{}]}]}");
	no(w, "{'cmd':'list','service':{'proto':'udp','address':'192.168.1.222','port':80}}",
	   "no-service", "No such service");
}

static void edits_change_what_they_name(void **state)
{
	struct world *w = *state;

	seed(w);
	ok(w, "{'cmd':'service-edit'," VIP ",'scheduler':'mh','flags':['mh-port']}");
	ok(w, "{'cmd':'server-edit'," VIP ",'server':{'address':'192.168.1.54','weight':0}}");
	answers(w, "{'cmd':'list'}",
		"{'services':[{'scheduler':'mh','flags':['mh-port'],'servers':[{'weight':0}]}]}");
	ok(w, "{'cmd':'server-del'," VIP ",'server':{'address':'192.168.1.54','port':80}}");
	answers(w, "{'cmd':'list'}", "{'services':[{'servers':[]}]}");
	answers(w, "{'cmd':'show','what':'backends'}", "{'backends':[{'state':'leaving'}]}");
	ok(w, "{'cmd':'service-del'," VIP "}");
	answers(w, "{'cmd':'list'}", "{'services':[]}");
	answers(w, "{'cmd':'show','what':'backends'}", "{'backends':[{'state':'leaving'}]}");
	seed(w);
	ok(w, "{'cmd':'clear'}");
	answers(w, "{'cmd':'list'}", "{'services':[]}");
}

static void refusals_speak_like_ipvsadm(void **state)
{
	struct world *w = *state;

	seed(w);
	no(w, "{'cmd':'service-add'," VIP ",'scheduler':'rr'}", "exists", "Service already exists");
	no(w, "{'cmd':'server-add'," VIP "," RIP "}", "exists", "Destination already exists");
	no(w, "{'cmd':'server-del'," VIP ",'server':{'address':'192.168.1.55'}}", "no-server",
	   "No such destination");
	ok(w, "{'cmd':'clear'}");
	no(w, "{'cmd':'service-del'," VIP "}", "no-service", "No such service");
	no(w, "{'cmd':'server-add'," VIP "," RIP "}", "no-service", "No such service");
	no(w, "{'cmd':'service-add'," VIP ",'scheduler':'xyz'}", "no-scheduler",
	   "scheduler xyz does not exist here: use rr, wrr");
}

#define ADD    "{'cmd':'service-add','scheduler':'rr','service':"
#define SERVER "{'cmd':'server-add'," VIP ",'server':"
#define TUNNEL SERVER "{'address':'10.0.0.1','forward':'tunnel','tunnel':"

static const struct {
	const char *request, *text;
} bad[] = {
	{"[]", "must be an object"},
	{"{}", "field 'cmd' is missing"},
	{"{'cmd':7}", "field 'cmd' is missing"},
	{"{'cmd':'dance'}", "command 'dance' is unknown"},
	{"{'cmd':'clear','now':1}", "field 'now' is unknown in 'clear'"},
	{"{'cmd':'service-del'," VIP ",'scheduler':'rr'}",
	 "field 'scheduler' is unknown in 'service-del'"},
	{"{'cmd':'service-add'," VIP "}", "field 'scheduler' is missing"},
	{"{'cmd':'service-add'," VIP ",'scheduler':3}",
	 "field 'scheduler' must be a string, not an integer"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','flags':'mh-port'}",
	 "field 'flags' must be an array"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'mh','flags':[1]}",
	 "field 'flags' must hold strings"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'mh','flags':['sh-prt']}",
	 "flag sh-prt is unknown: use sh-port, sh-fallback, mh-port, mh-fallback or ops"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'mh','flags':['sh-port']}",
	 "flag sh-port needs scheduler sh"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','flags':['mh-fallback']}",
	 "flag mh-fallback needs scheduler mh"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','flags':['ops']}",
	 "flag ops is for UDP services only"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','persistent':2678401}",
	 "persistent 2678401 is out of range: 0 to 2678400 seconds"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','netmask':24}",
	 "field 'netmask' needs 'persistent'"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','persistent':9,'netmask':33}",
	 "netmask 33 is longer than the address: 32 bits"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','persistent':9,'netmask':0}",
	 "netmask 0 is out of range: 1 to 128 bits"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','removed':'keep'}",
	 "removed 'keep' is unknown: use reselect, reset or drop"},
	{"{'cmd':'service-add'," VIP ",'scheduler':'rr','flags':['mh-port']}",
	 "mh-port needs scheduler mh"},
	{ADD "[]}", "field 'service' must be an object"},
	{ADD "{'proto':'tcp','port':80}}", "field 'address' is missing"},
	{ADD "{'proto':'tcp','address':'192.0.2.1'}}", "field 'port' is missing"},
	{ADD "{'address':'192.0.2.1','port':80}}", "field 'proto' is missing"},
	{ADD "{'proto':'icmp','address':'192.0.2.1','port':80}}",
	 "protocol 'icmp' is unknown: use tcp, udp, sctp or any"},
	{ADD "{'proto':'any','address':'192.0.2.1','port':80}}", "of any protocol has port 0"},
	{ADD "{'proto':'tcp','address':'192.0.2.0/33','port':80}}",
	 "'192.0.2.0/33' is not a range: its length is 1 to 32"},
	{ADD "{'proto':'tcp','address':'192.0.2.0/','port':80}}", "is not a range"},
	{ADD "{'proto':'tcp','address':'192.0.2.0/0','port':80}}", "is not a range"},
	{ADD "{'proto':'tcp','address':'192.0.2.0/2x','port':80}}", "is not a range"},
	{ADD "{'proto':'tcp','address':'192.0.2.1/24','port':80}}",
	 "192.0.2.1 is not the first address of its range"},
	{ADD "{'proto':'tcp','address':'2001:db8::1/64','port':80}}",
	 "2001:db8::1 is not the first address of its range"},
	{ADD "{'proto':'tcp','address':'192.0.2.1','port':80,'x':0}}",
	 "field 'x' is unknown in 'service'"},
	{ADD "{'proto':'tcp','address':'www','port':80}}", "'www' is not an IPv4 or IPv6"},
	{ADD "{'proto':'tcp','address':'0.0.0.0','port':80}}", "can't be a service's"},
	{ADD "{'proto':'tcp','address':'224.0.0.1','port':80}}", "can't be a service's"},
	{ADD "{'proto':'tcp','address':'::','port':80}}", "can't be a service's"},
	{ADD "{'proto':'tcp','address':'ff02::1','port':80}}", "can't be a service's"},
	{ADD "{'proto':'tcp','address':'192.0.2.1','port':0}}", "port 0 needs persistence"},
	{ADD "{'proto':'tcp','address':'192.0.2.1','port':65536}}",
	 "port 65536 is out of range: 0 to 65535"},
	{ADD "{'proto':'tcp','address':'192.0.2.1','port':'80'}}",
	 "field 'port' must be an integer"},
	{SERVER "{'port':80}}", "field 'address' is missing"},
	{SERVER "{'address':'10.0.0.1','port':81}}", "must be the service's"},
	{SERVER "{'address':'10.0.0.1','weight':65536}}",
	 "weight 65536 is out of range: 0 to 65535"},
	{SERVER "{'address':'10.0.0.1','weight':-1}}", "weight -1 is out of range"},
	{SERVER "{'address':'10.0.0.1','forward':'masquerade'}}",
	 "forwarding by 'masquerade' is not supported: use route or tunnel"},
	{SERVER "{'address':'10.0.0.1','tunnel':{'type':'gue'}}}", "'tunnel' needs"},
	{TUNNEL "{'type':'vxlan'}}}", "tunnel 'vxlan' is unknown: use ipip, gue or gre"},
	{TUNNEL "{}}}", "tunnel '' is unknown"},
	{TUNNEL "{'type':'gue'}}}", "a gue tunnel needs a port"},
	{TUNNEL "{'type':'gre','port':1}}}", "a tunnel's port is for gue only"},
	{TUNNEL "{'type':'ipip','csum':true}}}", "an ipip tunnel has no checksum"},
	{TUNNEL "{'type':'gre','csum':1}}}", "field 'csum' must be true or false"},
	{TUNNEL "{'type':'gre','remcsum':true}}}", "field 'remcsum' is unknown in 'tunnel'"},
	{SERVER "{'address':'10.0.0.1','lower':2,'upper':1}}", "lower 2 must not be above upper 1"},
	{SERVER "{'address':'10.0.0.1','upper':-1}}", "upper -1 is out of range"},
	{SERVER "{'address':'2001:db8::1'}}", "address family"},
	{SERVER "{'address':'192.168.1.222'}}", "the service's own address"},
	{"{'cmd':'batch','requests':{}}", "field 'requests' must be an array"},
	{"{'cmd':'batch','requests':[],'replace':1}", "'replace' must be true or false"},
	{"{'cmd':'set-timeouts','timeouts':{'tcp':-1}}", "tcp -1 is out of range"},
	{"{'cmd':'set-timeouts','timeouts':{'icmp':1}}", "field 'icmp' is unknown in 'timeouts'"},
	{"{'cmd':'connections','cursor':-1}", "'cursor' must be one that was answered"},
	{"{'cmd':'show'}", "field 'what' is missing"},
	{"{'cmd':'show','what':'stars'}",
	 "show knows services, backends, workers, ports, drops, neighbours, not 'stars'"},
};

static void bad_fields_are_named(void **state)
{
	struct world *w = *state;

	seed(w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		no(w, bad[i].request, "invalid", bad[i].text);
	answers(w, "{'cmd':'list'}", "{'services':[{'servers':[{}]}]}");
}

static void all_that_a_service_can_be_is_listed_as_it_was_asked_for(void **state)
{
	static const char *const good[] = {
		"'service':{'proto':'udp','address':'192.0.2.10','port':53},'scheduler':'rr',"
		"'flags':['ops'],'persistent':300,'netmask':24,'removed':'reset'",
		"'service':{'proto':'tcp','address':'192.0.2.10','port':0},'scheduler':'mh',"
		"'flags':['mh-fallback','mh-port'],'persistent':360,'removed':'drop'",
		"'service':{'proto':'sctp','address':'192.0.2.0/24','port':36412},"
		"'scheduler':'rr','flags':[],'persistent':0,'removed':'reselect'",
		"'service':{'proto':'any','address':'2001:db8::/64','port':0},"
		"'scheduler':'rr','flags':[],'persistent':0,'removed':'reselect'",
	};
	struct world *w = *state;
	char request[512], want[512], *end;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(request, sizeof(request), "{'cmd':'service-add',%s}", good[i]);
		ok(w, request);
		end = strchr(good[i], '}'); /* in an answer the service's fields stand alone */
		snprintf(want, sizeof(want), "{'services':[{%.*s%s}]}",
			 (int)(end - good[i] - strlen("'service':{")),
			 good[i] + strlen("'service':{"), end + 1);
		answers(w, "{'cmd':'list'}", want);
		snprintf(want, sizeof(want), "{'cmd':'service-edit',%s}", good[i]);
		ok(w, want);
		ok(w, "{'cmd':'clear'}");
	}
}

static void all_that_a_server_can_be_is_listed_as_it_was_asked_for(void **state)
{
	static const char *const good[] = {
		"'forward':'route','weight':3,'upper':1000,'lower':500",
		"'forward':'tunnel','weight':3,'upper':0,'lower':0,'tunnel':{'type':'ipip'}",
		"'forward':'tunnel','tunnel':{'type':'gue','port':6080,'csum':true}",
		"'forward':'tunnel','tunnel':{'type':'gre','csum':false}",
	};
	struct world *w = *state;
	char text[512];

	seed(w);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(text, sizeof(text),
			 "{'cmd':'server-edit'," VIP ",'server':{'address':'192.168.1.54',%s}}",
			 good[i]);
		ok(w, text);
		snprintf(text, sizeof(text), "{'services':[{'servers':[{%s}]}]}", good[i]);
		answers(w, "{'cmd':'list'}", text);
	}
	ok(w, SERVER "{'address':'2001:db8::1','forward':'tunnel'}}");
	ok(w, "{'cmd':'server-del'," VIP ",'server':{'address':'2001:db8::1'}}");
}

static void a_dry_run_shows_the_table_and_changes_nothing(void **state)
{
	struct world *w = *state;

	seed(w);
	answers(w,
		"{'cmd':'batch','dry-run':true,'replace':true,'requests':[{'cmd':'service-add',"
		"'scheduler':'rr','service':{'proto':'udp','address':'192.0.2.1','port':53}}]}",
		"{'ok':true,'services':[{'proto':'udp','scheduler':'rr','servers':[]}]}");
	answers(w, "{'cmd':'list'}", "{'services':[{'proto':'tcp','servers':[{}]}]}");
	answers(w,
		"{'cmd':'batch','dry-run':true,'requests':[{'cmd':'service-add'," VIP
		",'scheduler':'rr'}]}",
		"{'ok':false,'code':'exists','index':0}");
}

static int pages; /* what model_conns was asked for */

/* Two pages of one flow each, once the flow tables could tell. */
int __wrap_model_conns(const struct model *m, uint64_t *cursor, struct model_conn *out,
		       uint32_t room);
int __wrap_model_conns(const struct model *m, uint64_t *cursor, struct model_conn *out,
		       uint32_t room)
{
	(void)m;
	assert_true(room > 1);
	*out = (struct model_conn){.proto = 6, .state = FLOW_ESTABLISHED, .expires = 897};
	addr_parse(*cursor ? "2001:db8::1" : "198.51.100.1", &out->client);
	addr_parse("192.0.2.10", &out->vip);
	addr_parse("10.0.0.11", &out->server);
	out->cport = htons(50000);
	out->vport = out->sport = htons(80);
	*cursor = *cursor ? 0 : 17;
	return pages++ < 3 ? 1 : -ENOMEM;
}

static void connections_come_by_the_page(void **state)
{
	struct world *w = *state;

	answers(w, "{'cmd':'connections'}",
		"{'cursor':17,'connections':[{'proto':'tcp','client':'198.51.100.1','cport':50000,"
		"'vip':'192.0.2.10','vport':80,'server':'10.0.0.11','sport':80,"
		"'state':'ESTABLISHED','expires':897}]}");
	answers(w, "{'cmd':'connections','cursor':17}",
		"{'connections':[{'client':'2001:db8::1'}]}");
	answers(w, "{'cmd':'connections','cursor':0}", "{'cursor':17}");
	no(w, "{'cmd':'connections'}", "no-memory", "Memory allocation problem");
}

static void timeouts_are_told_and_set(void **state)
{
	struct world *w = *state;
	uint32_t seconds[FLOW_STATES];

	memcpy(seconds, flow_timeout, sizeof(seconds));
	w->dp.timeouts = seconds;
	answers(w, "{'cmd':'timeouts'}", "{'timeouts':{'tcp':900,'tcpfin':120,'udp':300}}");
	ok(w, "{'cmd':'set-timeouts','timeouts':{'tcp':901,'udp':0}}");
	answers(w, "{'cmd':'timeouts'}", "{'timeouts':{'tcp':901,'tcpfin':120,'udp':300}}");
	assert_int_equal(seconds[FLOW_SPARE], 901);
}

static void rates_are_told_of_what_was_there_at_a_tick(void **state)
{
	struct world *w = *state;
	struct model_service s;

	seed(w);
	w->ctx.rates = rates_new();
	answers(w, "{'cmd':'list'}", "{'services':[{'rate':{'conns':0,'in_packets':0}}]}");
	rates_tick(w->ctx.rates, w->ctx.model);
	model_service_at(w->ctx.model, 0, &s);
	w->dp.worker[0].backends[backend_slot(s.backend[0].id)] =
		(struct backend_counters){80, 800, 8000, 0};
	rates_tick(w->ctx.rates, w->ctx.model);
	answers(w, "{'cmd':'list'}",
		"{'services':[{'rate':{'conns':10,'in_packets':100,'in_bytes':1000},'servers':[{"
		"'rate':{'conns':10,'in_packets':100,'in_bytes':1000}}]}]}");
	ok(w, "{'cmd':'clear'}");
	seed(w);
	rates_free(w->ctx.rates);
}

static void half_a_character_in_a_refusal_is_still_json(void **state)
{
	char request[256] = "{'cmd':'x";
	struct world *w = *state;

	for (int i = 0; i < 60; i++)
		strcat(request, "\xc3\xa9");
	strcat(request, "'}");
	no(w, request, "invalid", "is unknown");
}

static void who_may_not_write_reads_only(void **state)
{
	static const char *const edits[] = {
		"{'cmd':'clear'}",
		"{'cmd':'zero'}",
		"{'cmd':'batch','requests':[]}",
		"{'cmd':'service-del'," VIP "}",
		"{'cmd':'server-add'," VIP "," RIP "}",
	};
	struct world *w = *state;
	json_t *r, *answer;

	seed(w);
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		r = parse(edits[i]);
		answer = command_run(&w->ctx, r, false);
		assert_string_equal(json_string_value(json_object_get(answer, "code")), "denied");
		json_decref(answer);
		json_decref(r);
	}
	r = parse("{'cmd':'list'}");
	answer = command_run(&w->ctx, r, false);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	json_decref(r);
}

static void a_batch_is_all_or_nothing(void **state)
{
	struct world *w = *state;

	seed(w);
	answers(w,
		"{'cmd':'batch','requests':[{'cmd':'clear'},{'cmd':'service-add'," VIP
		",'scheduler':'rr'},{'cmd':'server-add'," VIP "," RIP "},{'cmd':'server-add'," VIP
		"," RIP "}]}",
		"{'ok':false,'code':'exists','error':'Destination already exists','index':3}");
	answers(w, "{'cmd':'list'}", "{'services':[{'scheduler':'wrr','servers':[{}]}]}");
	answers(w, "{'cmd':'batch','requests':[{'cmd':'zero'},{'cmd':'list'}]}",
		"{'ok':false,'code':'invalid','index':1}");
	answers(w, "{'cmd':'batch','requests':[{'cmd':'batch','requests':[]}]}",
		"{'ok':false,'index':0}");
	answers(w, "{'cmd':'batch','requests':[7]}", "{'ok':false,'index':0}");
	ok(w, "{'cmd':'batch','requests':[]}");
	ok(w, "{'cmd':'batch','replace':true,'requests':[{'cmd':'service-add','scheduler':'rr',"
	      "'service':{'proto':'udp','address':'2001:db8::1','port':53}},{'cmd':'zero'}]}");
	answers(w, "{'cmd':'list'}",
		"{'services':[{'proto':'udp','address':'2001:db8::1',"
		"'port':53,'scheduler':'rr','servers':[]}]}");
	ok(w, "{'cmd':'batch','replace':true,'requests':[]}");
	answers(w, "{'cmd':'list'}", "{'services':[]}");
}

static void a_batch_that_cannot_be_steered_is_taken_back(void **state)
{
	struct world *w = *state;

	seed(w);
	w->steer_full = true;
	no(w,
	   "{'cmd':'batch','replace':true,'requests':[{'cmd':'service-add','scheduler':'rr',"
	   "'service':{'proto':'udp','address':'192.0.2.1','port':53}}]}",
	   "failed", "XDP program");
	answers(w, "{'cmd':'list'}", "{'services':[{'proto':'tcp','servers':[{}]}]}");
}

static void a_server_behind_a_gateway_is_warned_of(void **state)
{
	struct world *w = *state;

	seed(w);
	answers(w, "{'cmd':'server-edit'," VIP "," RIP "}", "{'ok':true}");
	reach(w, "192.168.1.54", REACH_GATEWAY);
	answers(w, "{'cmd':'server-edit'," VIP "," RIP "}",
		"{'ok':true,'warning':'server 192.168.1.54 is behind a gateway: direct routing "
		"reaches only servers on the director\\u0027s own links'}");
	answers(w, "{'cmd':'batch','requests':[{'cmd':'server-edit'," VIP "," RIP "}]}",
		"{'warning':'server 192.168.1.54 is behind a gateway: direct routing "
		"reaches only servers on the director\\u0027s own links'}");
	answers(w, "{'cmd':'list'}", "{'services':[{'servers':[{'state':'gateway','mac':null}]}]}");
}

static void connections_and_totals_are_told_and_zeroed(void **state)
{
	struct world *w = *state;
	struct model_service s;
	uint32_t id;

	seed(w);
	model_service_at(w->ctx.model, 0, &s);
	id = s.backend[0].id;
	flow_add(&w->flows[0], 1, id, FLOW_ESTABLISHED, clock_seconds());
	flow_add(&w->flows[1], 2, id, FLOW_ESTABLISHED, clock_seconds());
	flow_add(&w->flows[1], 3, id, FLOW_SYN, clock_seconds());
	w->dp.worker[0].backends[backend_slot(id)] = (struct backend_counters){1, 2, 3, 0};
	w->dp.worker[1].backends[backend_slot(id)] = (struct backend_counters){10, 20, 30, 0};
	answers(w, "{'cmd':'list'}",
		"{'services':[{'stats':{'conns':11,'in_packets':22,'in_bytes':33},'servers':[{"
		"'active':2,'inactive':1,'stats':{'conns':11,'in_packets':22,'in_bytes':33}}]}]}");
	ok(w, "{'cmd':'zero'," VIP "}");
	answers(w, "{'cmd':'list'}",
		"{'services':[{'stats':{'conns':0},'servers':[{'active':2,"
		"'stats':{'in_bytes':0}}]}]}");
	no(w, "{'cmd':'zero','service':{'proto':'tcp','address':'192.0.2.9','port':80}}",
	   "no-service", "No such service");
}

static void workers_tell_where_their_frames_are(void **state)
{
	struct world *w = *state;

	w->workers[0] = (struct worker_counters){.rx = 7, .tx = 4, .free_frames = 50};
	w->workers[0].drop[DROP_TTL] = 3;
	w->ports[0] = (struct port_counters){.rx = 7, .filled = 47, .tx = 14, .completed = 4};
	w->workers[1].free_frames = 90;
	w->ports[1] = (struct port_counters){.rx = 3, .filled = 12};
	w->dp.engines = 2;
	answers(w, "{'cmd':'show','what':'workers'}",
		"{'workers':[{'worker':0,'rx':7,'tx':4,'pass':0,'node':-1,'drops':{'ttl':3,"
		"'short':0},'frames':{'total':100,'free':50,'rx':40,'tx':10,'missing':0,"
		"'exact':true}},{'worker':1,'frames':{'missing':1,'exact':true}}],"
		"'engine':{'restarts':2,'uptime':0}}");
}

static void ports_drops_services_and_neighbours_are_shown(void **state)
{
	struct world *w = *state;

	seed(w);
	w->ports[1] = (struct port_counters){.rx = 3, .filled = 12, .tx = 9, .completed = 4};
	w->dp.port[1].has_tx = true;
	w->dp.port[1].zerocopy = true;
	answers(w, "{'cmd':'show','what':'ports'}",
		"{'ports':[{'interface':'eth0','mode':'skb','tx':false,'statistics':null},"
		"{'interface':'eth1','queue':0,'worker':1,'mode':'zerocopy','tx':true,'rx':3,"
		"'sent':9,'fill_level':9,'tx_level':5}]}");
	w->workers[0].drop[DROP_TTL] = 3;
	w->workers[1].drop[DROP_TTL] = 4;
	answers(w, "{'cmd':'show','what':'drops'}",
		"{'workers':{'ttl':7},'steer':{'eth0':{'redirect':100},'eth1':{'redirect':101}},"
		"'meaning':{'ttl':'time to live or hop limit was 1 or 0',"
		"'redirect':'handed over'}}");
	answers(w, "{'cmd':'show','what':'services'}", "{'services':[{'servers':[{}]}]}");
	answers(w, "{'cmd':'show','what':'neighbours'}",
		"{'neighbours':[{'address':'10.0.0.1','state':'ok','mac':'02:00:00:00:00:09',"
		"'interface':'eth1'},{'state':'unknown','mac':null,'interface':null}]}");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_seeds_two_commands_make_the_list),
		TEST(edits_change_what_they_name),
		TEST(refusals_speak_like_ipvsadm),
		TEST(bad_fields_are_named),
		TEST(all_that_a_service_can_be_is_listed_as_it_was_asked_for),
		TEST(all_that_a_server_can_be_is_listed_as_it_was_asked_for),
		TEST(a_dry_run_shows_the_table_and_changes_nothing),
		TEST(connections_come_by_the_page),
		TEST(timeouts_are_told_and_set),
		TEST(rates_are_told_of_what_was_there_at_a_tick),
		TEST(half_a_character_in_a_refusal_is_still_json),
		TEST(who_may_not_write_reads_only),
		TEST(a_batch_is_all_or_nothing),
		TEST(a_batch_that_cannot_be_steered_is_taken_back),
		TEST(a_server_behind_a_gateway_is_warned_of),
		TEST(connections_and_totals_are_told_and_zeroed),
		TEST(workers_tell_where_their_frames_are),
		TEST(ports_drops_services_and_neighbours_are_shown),
	};
	int failed;

	urcu_qsbr_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	urcu_qsbr_unregister_thread();
	return failed;
}
