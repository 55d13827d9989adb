/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipvs_print.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

enum {
	SERVICE_COLUMNS = 33, /* protocol and address; IPv4 is cut there, IPv6 runs over */
	SERVER_COLUMNS = 28,
};

struct printer {
	FILE *out;
	unsigned int format;
	const struct names *names;
};

/* A service or a server: its JSON, and what it is sorted by. */
struct entry {
	const json_t *json;
	struct addr addr;
	__be16 port;
	uint8_t proto;
};

/* How the protocol is called: in listings, and as the option of a rule. */
static const struct {
	uint8_t proto;
	const char *name, *option;
} protos[] = {{IPPROTO_TCP, "TCP", "-t"}, {IPPROTO_UDP, "UDP", "-u"}};

/* The words for a way of forwarding: the control protocol's, the listing's, the rule's. */
static const struct {
	const char *name, *title, *option;
} forwards[] = {
	{"route", "Route", "-g"},
	{"tunnel", "Tunnel", "-i"},
	{"masquerade", "Masq", "-m"},
	{"local", "Local", "-g"},
};

static const char *string_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static uint64_t number_of(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* By family, protocol, address, port. */
static int entry_compare(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;
	int d = addr_is_v4(&b->addr) - addr_is_v4(&a->addr);

	if (!d)
		d = a->proto - b->proto;
	if (!d)
		d = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
	return d ? d : ntohs(a->port) - ntohs(b->port);
}

/* Reads an array of services or servers; what has no valid address is not in it. The caller frees.
 * proto is that of servers. */
static struct entry *entries_read(const json_t *array, uint8_t proto, bool sort, size_t *n)
{
	struct entry *entries = calloc(json_array_size(array) + 1, sizeof(*entries));
	size_t i;
	json_t *o;

	*n = 0;
	if (!entries)
		return NULL;
	json_array_foreach (array, i, o) {
		struct entry *e = &entries[*n];

		if (addr_parse(string_of(o, "address"), &e->addr))
			continue;
		e->json = o;
		e->port = htons((uint16_t)number_of(o, "port"));
		e->proto = proto;
		if (!proto)
			e->proto = strcmp(string_of(o, "proto"), "udp") ? IPPROTO_TCP : IPPROTO_UDP;
		++*n;
	}
	if (sort)
		qsort(entries, *n, sizeof(*entries), entry_compare);
	return entries;
}

/* A counter, 9 columns wide: in full as long as it fits, then in thousands, millions... */
static void print_count(const struct printer *p, uint64_t n)
{
	static const struct {
		uint64_t below, unit;
		char letter;
	} scale[] = {
		{1000000000ull, 1000ull, 'K'},
		{100000000000ull, 1000000ull, 'M'},
		{100000000000000ull, 1000000000ull, 'G'},
		{UINT64_MAX, 1000000000000ull, 'T'},
	};
	size_t i = 0;

	if (n < 100000000 || p->format & IPVS_EXACT) {
		fprintf(p->out, " %8llu", (unsigned long long)n);
		return;
	}
	while (n >= scale[i].below && scale[i].below != UINT64_MAX)
		i++;
	fprintf(p->out, "%8llu%c", (unsigned long long)(n / scale[i].unit), scale[i].letter);
}

/* Direct routing never sees an answer: what goes out is 0, unless shuntd says otherwise. */
static void print_stats(const struct printer *p, const json_t *o)
{
	static const char *const column[] = {"conns", "in_packets", "out_packets", "in_bytes",
					     "out_bytes"};
	const json_t *stats = json_object_get(o, "stats");

	for (size_t i = 0; i < sizeof(column) / sizeof(*column); i++)
		print_count(p, number_of(stats, column[i]));
	putc('\n', p->out);
}

static const char *entry_text(const struct printer *p, const struct entry *e, char *buf)
{
	const struct names *names = p->format & IPVS_NUMERIC ? &names_numeric : p->names;

	return names_text(names, &e->addr, e->port, e->proto, buf);
}

static size_t proto_row(const struct entry *e)
{
	return e->proto == IPPROTO_UDP;
}

static void print_flags(const struct printer *p, const json_t *service, const char *before,
			const char *after)
{
	const json_t *flags = json_object_get(service, "flags");
	size_t i;
	json_t *flag;

	json_array_foreach (flags, i, flag) {
		fprintf(p->out, "%s%s", i ? "," : before, json_string_value(flag));
	}
	if (json_array_size(flags))
		fputs(after, p->out);
}

static void print_service(const struct printer *p, const struct entry *e)
{
	char host[NAMES_TEXT], text[NAMES_TEXT + 8];

	snprintf(text, sizeof(text), "%s  %s", protos[proto_row(e)].name, entry_text(p, e, host));
	if (addr_is_v4(&e->addr))
		text[SERVICE_COLUMNS] = '\0';
	if (p->format & IPVS_STATS) {
		fprintf(p->out, "%-*s", SERVICE_COLUMNS, text);
		print_stats(p, e->json);
		return;
	}
	fprintf(p->out, "%s %s", text, string_of(e->json, "scheduler"));
	print_flags(p, e->json, " (", ")");
	putc('\n', p->out);
}

static size_t forward_row(const struct entry *e)
{
	const char *name = string_of(e->json, "forward");
	size_t i = sizeof(forwards) / sizeof(*forwards) - 1;

	while (i && strcmp(forwards[i].name, name))
		i--;
	return i;
}

static void print_server(const struct printer *p, const struct entry *e)
{
	char host[NAMES_TEXT];

	entry_text(p, e, host);
	if (addr_is_v4(&e->addr))
		host[SERVER_COLUMNS] = '\0';
	fprintf(p->out, "  -> %-*s", SERVER_COLUMNS, host);
	if (p->format & IPVS_STATS)
		print_stats(p, e->json);
	else
		fprintf(p->out, " %-7s %-6d %-10u %-10u\n", forwards[forward_row(e)].title,
			(int)number_of(e->json, "weight"),
			(unsigned int)number_of(e->json, "active"),
			(unsigned int)number_of(e->json, "inactive"));
}

static void print_service_rule(const struct printer *p, const struct entry *e)
{
	char host[NAMES_TEXT];

	fprintf(p->out, "-A %s %s -s %s", protos[proto_row(e)].option, entry_text(p, e, host),
		string_of(e->json, "scheduler"));
	print_flags(p, e->json, " -b ", "");
	putc('\n', p->out);
}

static void print_server_rule(const struct printer *p, const struct entry *service,
			      const struct entry *e)
{
	char host[NAMES_TEXT], server[NAMES_TEXT];

	fprintf(p->out, "-a %s %s -r %s %s -w %d\n", protos[proto_row(service)].option,
		entry_text(p, service, host), entry_text(p, e, server),
		forwards[forward_row(e)].option, (int)number_of(e->json, "weight"));
}

static void print_header(const struct printer *p, const json_t *answer)
{
	const json_t *version = json_object_get(answer, "version");

	if (!(p->format & IPVS_ONE))
		fprintf(p->out, "IP Virtual Server version %d.%d.%d (size=%d)\n",
			(int)json_integer_value(json_array_get(version, 0)),
			(int)json_integer_value(json_array_get(version, 1)),
			(int)json_integer_value(json_array_get(version, 2)),
			(int)number_of(answer, "size"));
	if (p->format & IPVS_STATS)
		fprintf(p->out, "%-33s %8s %8s %8s %8s %8s\n  -> RemoteAddress:Port\n",
			"Prot LocalAddress:Port", "Conns", "InPkts", "OutPkts", "InBytes",
			"OutBytes");
	else
		fputs("Prot LocalAddress:Port Scheduler Flags\n"
		      "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
		      p->out);
}

static void print_entry(const struct printer *p, const struct entry *service)
{
	bool rules = p->format & IPVS_RULES;
	struct entry *servers;
	size_t n;

	servers = entries_read(json_object_get(service->json, "servers"), service->proto,
			       !(p->format & IPVS_NOSORT), &n);
	if (rules)
		print_service_rule(p, service);
	else
		print_service(p, service);
	for (size_t i = 0; i < n; i++) {
		if (rules)
			print_server_rule(p, service, &servers[i]);
		else
			print_server(p, &servers[i]);
	}
	free(servers);
}

void ipvs_print(FILE *out, const json_t *answer, unsigned int format, const struct names *names)
{
	const struct printer p = {.out = out, .format = format, .names = names};
	struct entry *services;
	size_t n;

	if (!(format & IPVS_RULES))
		print_header(&p, answer);
	services =
		entries_read(json_object_get(answer, "services"), 0, !(format & IPVS_NOSORT), &n);
	for (size_t i = 0; i < n; i++)
		print_entry(&p, &services[i]);
	free(services);
}
