/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipvsadm.h"

#include <popt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipvs_grammar.h"

#define SVC  "\"service\":{\"address\":\"192.168.1.222\",\"port\":80,\"proto\":\"tcp\"}"
#define SVC6 "\"service\":{\"address\":\"2001:db8::80\",\"port\":80,\"proto\":\"tcp\"}"
#define DNS  "\"service\":{\"address\":\"192.0.2.10\",\"port\":53,\"proto\":\"udp\"}"
#define RS   "\"server\":{\"address\":\"192.168.1.54\",\"port\":80"

/* Splits line like a shell, after the program's name, and parses it. */
static int parse(const char *line, struct ipvs_call *call)
{
	const char **word = NULL, *argv[32] = {"./ipvsadm"};
	int n = 0, rc;

	if (*line)
		assert_int_equal(poptParseArgvString(line, &n, &word), 0);
	assert_true(n < 31);
	for (int i = 0; i < n; i++)
		argv[i + 1] = word[i];
	rc = ipvs_parse(n + 1, argv, call);
	free(word);
	return rc;
}

static void expect_request(const char *line, const char *want)
{
	struct ipvs_call call;
	char *got;

	if (parse(line, &call))
		fail_msg("'%s': %s", line, call.error);
	got = json_dumps(call.request, JSON_COMPACT);
	if (strcmp(got, want))
		fail_msg("'%s':\n got  %s\n want %s", line, got, want);
	free(got);
	ipvs_call_free(&call);
}

static void expect_error(const char *line, int code, const char *want)
{
	struct ipvs_call call;
	int rc = parse(line, &call);

	if (rc != code || strcmp(call.error, want))
		fail_msg("'%s':\n got  %d %s\n want %d %s", line, rc, call.error, code, want);
	ipvs_call_free(&call);
}

static void the_seeds_own_lines_are_understood(void **state)
{
	(void)state;
	expect_request("-A -t 192.168.1.222:80 -s wrr",
		       "{\"cmd\":\"service-add\"," SVC ",\"scheduler\":\"wrr\",\"flags\":[]}");
	expect_request("-a -t 192.168.1.222:80 -r 192.168.1.54:80 -g -w 1",
		       "{\"cmd\":\"server-add\"," SVC "," RS ",\"weight\":1,"
		       "\"forward\":\"route\"}}");
}

static void every_command_becomes_its_request(void **state)
{
	static const char *const good[][2] = {
		{"", "{\"cmd\":\"list\"}"},
		{"-L", "{\"cmd\":\"list\"}"},
		{"-l", "{\"cmd\":\"list\"}"},
		{"-L -t 192.168.1.222:80", "{\"cmd\":\"list\"," SVC "}"},
		{"-S -n", "{\"cmd\":\"list\"}"},
		{"-C", "{\"cmd\":\"clear\"}"},
		{"-Z", "{\"cmd\":\"zero\"}"},
		{"-Z -t 192.168.1.222:80", "{\"cmd\":\"zero\"," SVC "}"},
		{"-D -u 192.0.2.10:53", "{\"cmd\":\"service-del\"," DNS "}"},
		{"-E -t 192.168.1.222:80 -s mh -b mh-port",
		 "{\"cmd\":\"service-edit\"," SVC ",\"scheduler\":\"mh\",\"flags\":[\"mh-port\"]}"},
		{"-e -t 192.168.1.222:80 -r 192.168.1.54 -w 0",
		 "{\"cmd\":\"server-edit\"," SVC "," RS ",\"weight\":0,\"forward\":\"route\"}}"},
		{"-d -t 192.168.1.222:80 -r 192.168.1.54",
		 "{\"cmd\":\"server-del\"," SVC "," RS "}}"},
		{"-A -t [2001:db8::80]:80 -s rr",
		 "{\"cmd\":\"service-add\"," SVC6 ",\"scheduler\":\"rr\",\"flags\":[]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		expect_request(good[i][0], good[i][1]);
}

static void short_options_cluster_and_long_ones_take_a_space_or_an_equals_sign(void **state)
{
	static const char want[] =
		"{\"cmd\":\"service-add\"," SVC ",\"scheduler\":\"wrr\",\"flags\":[]}";
	struct ipvs_call call;

	(void)state;
	expect_request("-At 192.168.1.222:80 -swrr", want);
	expect_request("--add-service --tcp-service 192.168.1.222:80 --scheduler wrr", want);
	expect_request("--add-service --tcp-service=192.168.1.222:80 --scheduler=wrr", want);
	assert_int_equal(parse("-Ln --stats --exact", &call), 0);
	assert_int_equal(call.format, IPVS_NUMERIC | IPVS_STATS | IPVS_EXACT);
	ipvs_call_free(&call);
	assert_int_equal(parse("-lnX --nosort -t 192.0.2.1:80", &call), 0);
	assert_int_equal(call.format, IPVS_NUMERIC | IPVS_EXACT | IPVS_NOSORT | IPVS_ONE);
	ipvs_call_free(&call);
	assert_int_equal(parse("-S -n", &call), 0);
	assert_int_equal(call.format, IPVS_NUMERIC | IPVS_RULES);
	ipvs_call_free(&call);
}

static void ports_may_be_names(void **state)
{
	(void)state;
	expect_request("-D -u 192.0.2.10:domain", "{\"cmd\":\"service-del\"," DNS "}");
	expect_request("-D -t 192.168.1.222:http", "{\"cmd\":\"service-del\"," SVC "}");
}

static void direct_routing_takes_the_services_port_but_deletion_the_given(void **state)
{
	(void)state;
	expect_request("-a -t 192.168.1.222:80 -r 192.168.1.54:81",
		       "{\"cmd\":\"server-add\"," SVC "," RS
		       ",\"weight\":1,\"forward\":\"route\"}}");
	expect_request("-d -t 192.168.1.222:80 -r 192.168.1.54:81",
		       "{\"cmd\":\"server-del\"," SVC
		       ",\"server\":{\"address\":\"192.168.1.54\",\"port\":81}}");
}

static void without_s_the_scheduler_is_wlc(void **state)
{
	(void)state;
	expect_request("-A -t 192.168.1.222:80",
		       "{\"cmd\":\"service-add\"," SVC ",\"scheduler\":\"wlc\",\"flags\":[]}");
	expect_request("-E -t 192.168.1.222:80",
		       "{\"cmd\":\"service-edit\"," SVC ",\"scheduler\":\"wlc\",\"flags\":[]}");
}

#define ADD_WLC "{\"cmd\":\"service-add\"," SVC ",\"scheduler\":\"wlc\",\"flags\":[]"

static void services_can_be_more_than_plain(void **state)
{
	(void)state;
	expect_request("-A -t 192.168.1.222:80 -p", ADD_WLC ",\"persistent\":360}");
	expect_request("-A -t 192.168.1.222:80 -p 300", ADD_WLC ",\"persistent\":300}");
	expect_request("-A -t 192.168.1.222:80 -p300", ADD_WLC ",\"persistent\":300}");
	expect_request("-A -t 192.168.1.222:80 --persistent=300 -M 255.255.255.0",
		       ADD_WLC ",\"persistent\":300,\"netmask\":24}");
	expect_request("-A -u 192.168.1.222:80 -s sh -b sh-port,sh-fallback -o",
		       "{\"cmd\":\"service-add\",\"service\":{\"address\":\"192.168.1.222\","
		       "\"port\":80,\"proto\":\"udp\"},\"scheduler\":\"sh\","
		       "\"flags\":[\"sh-port\",\"sh-fallback\",\"ops\"]}");
	expect_request("-A --sctp-service 192.168.1.222:80 -s rr",
		       "{\"cmd\":\"service-add\",\"service\":{\"address\":\"192.168.1.222\","
		       "\"port\":80,\"proto\":\"sctp\"},\"scheduler\":\"rr\",\"flags\":[]}");
	expect_request("--set 900 0 300", "{\"cmd\":\"set-timeouts\",\"timeouts\":{\"tcp\":900,"
					  "\"tcpfin\":0,\"udp\":300}}");
	expect_request("-L --timeout", "{\"cmd\":\"timeouts\"}");
	expect_request("-L -n -c", "{\"cmd\":\"connections\"}");
}

#define ADD_54 "{\"cmd\":\"server-add\"," SVC "," RS ",\"weight\":1"

static void servers_can_be_behind_tunnels(void **state)
{
	(void)state;
	expect_request("-a -t 192.168.1.222:80 -r 192.168.1.54 -x 10 -y 5",
		       ADD_54 ",\"upper\":10,\"lower\":5,\"forward\":\"route\"}}");
	expect_request("-a -t 192.168.1.222:80 -r 192.168.1.54 -i",
		       ADD_54 ",\"forward\":\"tunnel\",\"tunnel\":{\"type\":\"ipip\"}}}");
	expect_request("-a -t 192.168.1.222:80 -r 192.168.1.54 -i --tun-type gue --tun-port 6080 "
		       "--tun-csum",
		       ADD_54 ",\"forward\":\"tunnel\",\"tunnel\":{\"type\":\"gue\",\"port\":6080,"
			      "\"csum\":true}}}");
	expect_request("-a -t 192.168.1.222:80 -r 192.168.1.54 -i --tun-type gre",
		       ADD_54 ",\"forward\":\"tunnel\",\"tunnel\":{\"type\":\"gre\","
			      "\"csum\":false}}}");
}

static const struct {
	const char *line;
	int code;
	const char *error;
} complaints[] = {
	{"-A -t 1.2.3.4", 2, "Zero port specified for non-persistent service"},
	{"-A -t 1.2.3.4:80 -r 5.6.7.8", 2,
	 "Illegal 'real-server' option with the 'add-service' command"},
	{"-A", 2, "You need to supply the 'service-address' option for the 'add-service' command"},
	{"-a -t 1.2.3.4:80", 2,
	 "You need to supply the 'real-server' option for the 'add-server' command"},
	{"-a -t 1.2.3.4:80 -r 5.6.7.8:81 -g -w 70000", 2,
	 "illegal weight specified: 70000 (0 to 65535)"},
	{"-a -t 1.2.3.4:80 -r 5.6.7.8:81 -w -1", 2, "illegal weight specified: -1 (0 to 65535)"},
	{"-t 1.2.3.4:80 -A", 255, "Try `./ipvsadm -h' or './ipvsadm --help' for more information."},
	{"-A -D -t 1.2.3.4:80", 2, "invalid option `-D'"},
	{"-L -c --stats", 2, "options conflicts in the list command"},
	{"-L --connection --timeout", 2,
	 "The option 'timeout' conflicts with the 'connection' option in the 'list' "
	 "command"},
	{"-A -t 12345 -s rr", 2, "illegal virtual server address[:port] specified: 12345"},
	{"-A -t :80", 2, "illegal virtual server address[:port] specified: :80"},
	{"-A -t 1.2.3:80", 2, "illegal virtual server address[:port] specified: 1.2.3:80"},
	{"-A -t 1.2.3.4:65536", 2,
	 "illegal virtual server address[:port] specified: 1.2.3.4:65536"},
	{"-A -t 1.2.3.4:", 2, "illegal virtual server address[:port] specified: 1.2.3.4:"},
	{"-A -t [2001:db8::1]", 2,
	 "illegal virtual server address[:port] specified: [2001:db8::1]"},
	{"-A -t [1.2.3.4]:80", 2, "illegal virtual server address[:port] specified: [1.2.3.4]:80"},
	{"-A -t 2001:db8::1", 2, "Zero port specified for non-persistent service"},
	{"-a -t 1.2.3.4:80 -r x::y", 2, "illegal real server address[:port] specified: x::y"},
	{"-A -t 1.2.3.4:80 -p 0", 2, "invalid timeout value `0' specified"},
	{"-A -t 1.2.3.4:80 -o", 2, "One-Packet Scheduling is only for UDP virtual services"},
	{"-A -t 1.2.3.4:80 -u 1.2.3.4:80", 2, "multiple 'service-address' options specified"},
	{"-A -t 1.2.3.4:80 -s rr -b mh-port", 2, "incompatible scheduler flag `mh-port'"},
	{"-A -t 1.2.3.4:80 -s mh -b mh-prot", 2, "invalid scheduler flag `mh-prot'"},
	{"-a -t 1.2.3.4:80 -r [2001:db8::1]:80", 2,
	 "Different address family is allowed only for tunneling servers"},
	{"-C -n", 2, "Illegal 'numeric' option with the 'flush' command"},
	{"-L -n -n", 2, "multiple 'numeric' options specified"},
	{"-L foo", 2, "unexpected argument foo"},
	{"-L --bogus", 255, "--bogus: unknown option"},
	{"-A --tcp-serv 1.2.3.4:80", 255, "--tcp-serv: unknown option"},
	{"-A -t", 255, "-t: missing argument"},
	{"--bogus", 255, "Try `./ipvsadm -h' or './ipvsadm --help' for more information."},
	{"-A -t 1.2.3.4:80 -b mh-port", 2, "incompatible scheduler flag `mh-port'"},
	{"-A -b flag-9", 2, "invalid scheduler flag `flag-9'"},
	{"-A -6", 2, "-6 used before -f"},
	{"-A -t 1.2.3.4:80 -M x", 2, "illegal virtual server persistent mask specified: x"},
	{"-A -t [2001:db8::1]:80 -p -M 129", 2, "illegal ipv6 netmask specified: 129"},
	{"--set 1 2", 2, "--set option requires 3 timeout values"},
	{"--set 1 2 x", 2, "invalid timeout value `x' specified"},
	{"-A -t 1.2.3.4:80 -p -M 255.0.255.0", 2,
	 "illegal virtual server persistent mask specified: 255.0.255.0"},
	{"-a -t 1.2.3.4:80 -r 5.6.7.8 -i --tun-type gue", 2,
	 "You need to supply the 'tun-port' option for the 'gue' tunnel type"},
	{"-a -t 1.2.3.4:80 -r 5.6.7.8 -i --tun-type ipip --tun-csum", 2,
	 "Illegal 'tun-csum' option with the 'ipip' tunnel type"},
	{"-a -t 1.2.3.4:80 -r 5.6.7.8 --tun-type gre", 2,
	 "Tunneling options are only for tunneling servers"},
	{"-a -t 1.2.3.4:80 -r 5.6.7.8 -i --tun-type vxlan", 2,
	 "illegal tunnel type specified: vxlan"},
};

static void complains_in_ipvsadms_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints); i++)
		expect_error(complaints[i].line, complaints[i].code, complaints[i].error);
}

static void what_shunt_does_not_do_is_refused_by_its_name(void **state)
{
	static const char *const bad[][2] = {
		{"-A -f 7 -s rr", "-f (--fwmark-service)"},
		{"-A -t 1.2.3.4:80 --pe sip", "--pe"},
		{"-a -t 1.2.3.4:80 -r 5.6.7.8 -m", "-m (--masquerading)"},
		{"-A -t 1.2.3.4:80 -s mh -b flag-1", "scheduler flag flag-1"},
		{"-a -t 1.2.3.4:80 -r 5.6.7.8 -i --tun-type gre --tun-remcsum", "--tun-remcsum"},
		{"-L --daemon", "--daemon"},
		{"--start-daemon master --mcast-interface eth0", "--start-daemon"},
		{"--stop-daemon backup", "--stop-daemon"},
	};
	char want[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ipvs_call call;

		assert_int_equal(parse(bad[i][0], &call), 2);
		snprintf(want, sizeof(want), "%s is not supported yet: ", bad[i][1]);
		if (strncmp(call.error, want, strlen(want)))
			fail_msg("'%s': %s", bad[i][0], call.error);
		ipvs_call_free(&call);
	}
}

static void thresholds_of_zero_are_none_and_pass(void **state)
{
	(void)state;
	expect_request("-e -t 192.168.1.222:80 -r 192.168.1.54 -x 0 -y 0",
		       "{\"cmd\":\"server-edit\"," SVC "," RS
		       ",\"weight\":1,\"forward\":\"route\"}}");
}

static void the_tables_are_whole(void **state)
{
	(void)state;
	for (int i = 0; i < IPVS_COMMANDS; i++) {
		assert_non_null(ipvs_commands[i].name);
		assert_non_null(ipvs_commands[i].label);
		assert_true(ipvs_commands[i].unsupported || ipvs_commands[i].help);
	}
	for (int i = OPT_NONE + 1; i < OPT_COUNT; i++)
		assert_non_null(opt_name[i]);
	for (size_t i = 0; i < ipvs_n_options; i++) {
		assert_true(!ipvs_options[i].unsupported == !!ipvs_options[i].help);
		assert_true(!ipvs_options[i].metavar == (ipvs_options[i].arg == ARG_NONE));
	}
}

/* Whether the page names an option, as a word of its own. */
static bool is_in(const char *page, const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), "-%s", name);
	for (const char *at = page; (at = strstr(at, word)); at++) {
		char after = at[strlen(word)];

		if (after == ' ' || after == '\n' || after == ',')
			return true;
	}
	return false;
}

static void every_option_is_in_the_manual(void **state)
{
	FILE *f = fopen("tools/shuntctl/shuntctl.8", "r");
	char *page = calloc(1, 1 << 16);

	(void)state;
	assert_non_null(f);
	assert_true(fread(page, 1, (1 << 16) - 1, f) > 1000);
	fclose(f);
	for (size_t i = 0; i < ipvs_n_options; i++)
		if (!ipvs_options[i].unsupported && !is_in(page, ipvs_options[i].name))
			fail_msg("--%s isn't in shuntctl(8)", ipvs_options[i].name);
	for (int i = 0; i < IPVS_COMMANDS; i++)
		if (!ipvs_commands[i].unsupported && !is_in(page, ipvs_commands[i].name))
			fail_msg("--%s isn't in shuntctl(8)", ipvs_commands[i].name);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seeds_own_lines_are_understood),
		cmocka_unit_test(every_command_becomes_its_request),
		cmocka_unit_test(
			short_options_cluster_and_long_ones_take_a_space_or_an_equals_sign),
		cmocka_unit_test(ports_may_be_names),
		cmocka_unit_test(direct_routing_takes_the_services_port_but_deletion_the_given),
		cmocka_unit_test(without_s_the_scheduler_is_wlc),
		cmocka_unit_test(services_can_be_more_than_plain),
		cmocka_unit_test(servers_can_be_behind_tunnels),
		cmocka_unit_test(complains_in_ipvsadms_words),
		cmocka_unit_test(every_option_is_in_the_manual),
		cmocka_unit_test(what_shunt_does_not_do_is_refused_by_its_name),
		cmocka_unit_test(thresholds_of_zero_are_none_and_pass),
		cmocka_unit_test(the_tables_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
