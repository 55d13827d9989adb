/* SPDX-License-Identifier: BSD-2-Clause */
/* Edits, and what is wrong with them. */
#include "mgmt/command_world_test.h"

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
	 "show knows services, backends, workers, ports, drops, neighbours, health, not 'stars'"},
};

static void bad_fields_are_named(void **state)
{
	struct world *w = *state;

	seed(w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		no(w, bad[i].request, "invalid", bad[i].text);
	answers(w, "{'cmd':'list'}", "{'services':[{'servers':[{}]}]}");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_seeds_two_commands_make_the_list),
		TEST(edits_change_what_they_name),
		TEST(refusals_speak_like_ipvsadm),
		TEST(bad_fields_are_named),
	};
	int failed;

	urcu_qsbr_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	urcu_qsbr_unregister_thread();
	return failed;
}
