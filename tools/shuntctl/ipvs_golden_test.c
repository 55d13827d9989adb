/* SPDX-License-Identifier: BSD-2-Clause */
/* What ipvsadm 1.31 printed of one table in each of its modes (ipvsadm.golden, without its firewall
 * marks), against what is printed here of the same, byte for byte. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipvs_more.h"
#include "ipvs_print.h"
#include "ipvsadm.h"

#define COUNTS(c, p, b) "\"stats\":{\"conns\":" #c ",\"in_packets\":" #p ",\"in_bytes\":" #b "}"
#define SERVICE_COUNTS                           \
	COUNTS(1234567, 987654321, 123456789012) \
	",\"rate\":{\"conns\":1200,\"in_packets\":350000,\"in_bytes\":210000000}"
#define SERVER_COUNTS                                                             \
	COUNTS(617283, 493827160, 61728394506)                                    \
	",\"rate\":{\"conns\":600,\"in_packets\":175000,\"in_bytes\":105000000}," \
	"\"upper\":1000,\"lower\":500,\"persistent_conns\":3"
#define ROUTE(addr, port, weight, active, inactive)                                               \
	"{\"address\":\"" addr "\",\"port\":" #port ",\"weight\":" #weight                        \
	",\"forward\":\"route\",\"active\":" #active ",\"inactive\":" #inactive "," SERVER_COUNTS \
	"}"
#define THREE(port)                                                           \
	"\"servers\":[" ROUTE("10.0.0.11", port, 100, 5123, 88210) "," ROUTE( \
		"10.0.0.12", port, 0, 2,                                      \
		17) ",{\"address\":\"10.0.0.13\",\"port\":" #port             \
		    ",\"weight\":50,\"forward\":\"tunnel\","                  \
		    "\"tunnel\":{\"type\":\"gue\",\"port\":6080,"             \
		    "\"csum\":false},\"active\":1,\"inactive\":2," SERVER_COUNTS "}]"
#define SERVICE(proto, addr, port, more)                                                       \
	"{\"proto\":\"" proto "\",\"address\":\"" addr "\",\"port\":" #port "," SERVICE_COUNTS \
	"," more "}"

static const char table[] =
	"{\"ok\":true,\"version\":[1,2,1],\"size\":4096,"
	"\"timeouts\":{\"tcp\":900,\"tcpfin\":120,\"udp\":300},\"services\":[" SERVICE("tcp", "192.0.2.10", 80, "\"scheduler\":\"mh\",\"flags\":[\"mh-fallback\",\"mh-port\"]," THREE(80)) "," SERVICE(
		"tcp", "192.0.2.10", 443,
		"\"scheduler\":\"wrr\",\"flags\":[],\"persistent\":300,\"netmask\":24," THREE(
			443)) "," SERVICE("udp", "192.0.2.10", 53,
					  "\"scheduler\":\"sh\",\"flags\":[\"ops\"]," THREE(
						  53)) "," SERVICE("tcp", "2001:db8::80", 80,
								   "\"scheduler\":\"wlc\","
								   "\"flags\":[],\"servers\":"
								   "[" ROUTE("2001:db8::a0a0", 80, 1, 12, 30) "," ROUTE(
									   "2001:db8:1:2:3:4:5:6",
									   80, 0, 0,
									   0) "]") "],"
										   "\"connections\""
										   ":["
										   "{\"proto\":"
										   "\"tcp\","
										   "\"expires\":"
										   "897,\"state\":"
										   "\"ESTABLISHED\""
										   ",\"client\":"
										   "\"198.51.100."
										   "1\","
										   "\"cport\":"
										   "50000,\"vip\":"
										   "\"192.0.2.10\","
										   "\"vport\":80,"
										   "\"server\":"
										   "\"10.0.0.11\","
										   "\"sport\":80},"
										   "{\"proto\":"
										   "\"tcp\","
										   "\"expires\":58,"
										   "\"state\":"
										   "\"FIN_WAIT\","
										   "\"client\":"
										   "\"198.51.100."
										   "2\","
										   "\"cport\":8000,"
										   "\"vip\":\"192."
										   "0.2.10\","
										   "\"vport\":80,"
										   "\"server\":"
										   "\"10.0.0.12\","
										   "\"sport\":80},"
										   "{\"proto\":"
										   "\"udp\","
										   "\"expires\":"
										   "299,\"state\":"
										   "\"UDP\","
										   "\"client\":"
										   "\"198.51.100."
										   "3\","
										   "\"cport\":"
										   "54321,\"vip\":"
										   "\"192.0.2.10\","
										   "\"vport\":53,"
										   "\"server\":"
										   "\"10.0.0.11\","
										   "\"sport\":53},"
										   "{\"proto\":"
										   "\"tcp\","
										   "\"expires\":"
										   "900,\"state\":"
										   "\"ESTABLISHED\""
										   ",\"client\":"
										   "\"2001:db8::"
										   "1\","
										   "\"cport\":"
										   "50001,\"vip\":"
										   "\"2001:db8::"
										   "80\",\"vport\":"
										   "80,\"server\":"
										   "\"2001:db8::"
										   "a0a0\","
										   "\"sport\":80}]"
										   "}";

/* As without -n, of a host that knows ports by name and addresses not at all. */
static bool port_name(__be16 port, uint8_t proto, char *buf, size_t size)
{
	(void)proto;
	snprintf(buf, size, "%s",
		 port == htons(80)    ? "http"
		 : port == htons(443) ? "https"
				      : "domain");
	return true;
}

static const struct names names = {.host = NULL, .port = port_name};

/* One service of the answer alone, as shuntd gives it for -t. */
static void keep_one(json_t *answer)
{
	json_t *services = json_object_get(answer, "services");
	json_t *one = json_incref(json_array_get(services, 1));

	json_array_clear(services);
	json_array_append_new(services, one);
}

/* The one difference that is meant: -S doesn't forget thresholds. */
static void forget_thresholds(char *text)
{
	static const char thresholds[] = " -x 1000 -y 500";
	char *at;

	while ((at = strstr(text, thresholds)))
		memmove(at, at + strlen(thresholds), strlen(at + strlen(thresholds)) + 1);
}

/* What is printed for a command line of the golden file; the caller frees. */
static char *printed(char *line)
{
	const char *argv[16];
	struct ipvs_call call;
	json_t *answer = json_loads(table, 0, NULL);
	char *text = NULL, *word;
	size_t size;
	int argc = 0;
	FILE *f = open_memstream(&text, &size);

	for (word = strtok(line, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	assert_int_equal(ipvs_parse(argc, argv, &call), 0);
	assert_non_null(answer);
	if (call.format & IPVS_ONE)
		keep_one(answer);
	if (call.format & IPVS_CONNECTIONS) {
		ipvs_print_conns_title(f);
		ipvs_print_conns(f, answer, &names_numeric);
	} else {
		ipvs_print(f, answer, call.format, &names);
	}
	fclose(f);
	json_decref(answer);
	if (call.format & IPVS_RULES)
		forget_thresholds(text);
	ipvs_call_free(&call);
	return text;
}

static char *golden_read(void)
{
	FILE *f = fopen("tools/shuntctl/ipvsadm.golden", "r");
	char *text = calloc(1, 1 << 16);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 1000);
	fclose(f);
	return text;
}

static void every_mode_is_ipvsadms(void **state)
{
	char *text = golden_read(), *at = text, *end;
	int modes = 0;

	(void)state;
	while (!strncmp(at, "$ ", 2)) {
		char *line = at + 2, shown[128], *got;

		at = strchr(line, '\n');
		*at++ = '\0';
		end = strstr(at, "rc=0\n");
		assert_non_null(end);
		*end = '\0';
		snprintf(shown, sizeof(shown), "%s", line);
		got = printed(line);
		if (strcmp(got, at)) {
			printf("got\n%s", got);
			fail_msg("%s prints something else", shown);
		}
		free(got);
		modes++;
		at = end + strlen("rc=0\n");
	}
	assert_int_equal(modes, 13);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_is_ipvsadms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
