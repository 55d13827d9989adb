/* SPDX-License-Identifier: BSD-2-Clause */
/* What is answered: lists, pages, batches, counters. */
#include "mgmt/command_world_test.h"

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

#define DEL "'server':{'address':'192.168.1.54'}"

static void a_dry_run_of_one_edit_tells_what_it_would_do(void **state)
{
	struct world *w = *state;

	seed(w);
	reach(w, "192.168.1.54", REACH_OK);
	answers(w, "{'cmd':'service-edit','dry-run':true," VIP ",'scheduler':'rr'}",
		"{'ok':true,'plan':{'services':{'added':0,'removed':0,'changed':1},"
		"'servers':{'added':0,'removed':0,'changed':0},'moves':[],'connections':[]}}");
	answers(w, "{'cmd':'server-del','dry-run':true," VIP "," DEL "}",
		"{'plan':{'servers':{'added':0,'removed':1,'changed':0}}}");
	answers(w, "{'cmd':'clear','dry-run':true}",
		"{'plan':{'services':{'removed':1},'servers':{'removed':1}}}");
	answers(w, "{'cmd':'set-timeouts','dry-run':true,'timeouts':{'tcp':1}}", "{'ok':true}");
	no(w, "{'cmd':'service-add','dry-run':true," VIP ",'scheduler':'rr'}", "exists", "exists");
	no(w, "{'cmd':'batch','requests':[{'cmd':'clear','dry-run':true}]}", "invalid",
	   "field 'dry-run' is unknown");
	answers(w, "{'cmd':'list'}", "{'services':[{'scheduler':'wrr','servers':[{}]}]}");
	answers(w, "{'cmd':'timeouts'}", "{'timeouts':{'tcp':900}}");
}

static void a_dry_run_counts_the_places_that_move(void **state)
{
	struct world *w = *state;
	json_t *answer, *move;

	seed(w);
	ok(w, "{'cmd':'service-edit'," VIP ",'scheduler':'mh'}");
	ok(w, SERVER "{'address':'192.168.1.55'}}");
	reach(w, "192.168.1.54", REACH_OK);
	reach(w, "192.168.1.55", REACH_OK);
	answer = ask(w, "{'cmd':'server-del','dry-run':true," VIP "," DEL "}");
	move = json_array_get(json_object_get(json_object_get(answer, "plan"), "moves"), 0);
	assert_int_equal(json_integer_value(json_object_get(move, "places")), 65537);
	assert_in_range(json_integer_value(json_object_get(move, "moved")), 65537 / 2 - 1,
			65537 / 2 + 1);
	json_decref(answer);
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
		TEST(all_that_a_service_can_be_is_listed_as_it_was_asked_for),
		TEST(all_that_a_server_can_be_is_listed_as_it_was_asked_for),
		TEST(a_dry_run_shows_the_table_and_changes_nothing),
		TEST(a_dry_run_of_one_edit_tells_what_it_would_do),
		TEST(a_dry_run_counts_the_places_that_move),
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
