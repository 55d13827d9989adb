/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipvs_more.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"

static const char *word(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static long long number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

void ipvs_print_timeouts(FILE *out, const json_t *answer)
{
	const json_t *t = json_object_get(answer, "timeouts");

	fprintf(out, "Timeout (tcp tcpfin udp): %lld %lld %lld\n", number(t, "tcp"),
		number(t, "tcpfin"), number(t, "udp"));
}

void ipvs_print_conns_title(FILE *out)
{
	fprintf(out, "IPVS connection entries\npro expire %-11s %-18s %-18s %s\n", "state",
		"source", "virtual", "destination");
}

static const char *end_text(const json_t *o, const char *host, const char *port, uint8_t proto,
			    const struct names *names, char *buf)
{
	struct addr a;

	if (addr_parse(word(o, host), &a))
		a = (struct addr){.b = {0}};
	return names_text(names, &a, htons((uint16_t)number(o, port)), proto, buf);
}

static void print_conn(FILE *out, const json_t *o, const struct names *names)
{
	const char *name = word(o, "proto");
	uint8_t proto = strcmp(name, "udp") ? IPPROTO_TCP : IPPROTO_UDP;
	char source[NAMES_TEXT], virtual[NAMES_TEXT], server[NAMES_TEXT], pro[8] = "", left[32];
	long long expires = number(o, "expires");

	for (size_t i = 0; i < sizeof(pro) - 1 && name[i]; i++)
		pro[i] = (char)toupper((unsigned char)name[i]);
	snprintf(left, sizeof(left), "%02lld:%02lld", expires / 60, expires % 60);
	fprintf(out, "%-3s %-6s %-11s %-18s %-18s %s\n", pro, left, word(o, "state"),
		end_text(o, "client", "cport", proto, names, source),
		end_text(o, "vip", "vport", proto, names, virtual),
		end_text(o, "server", "sport", proto, names, server));
}

void ipvs_print_conns(FILE *out, const json_t *answer, const struct names *names)
{
	size_t i;
	json_t *o;

	json_array_foreach (json_object_get(answer, "connections"), i, o) {
		print_conn(out, o, names);
	}
}
