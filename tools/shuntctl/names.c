/* SPDX-License-Identifier: BSD-2-Clause */
#include "names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static bool system_host(const struct addr *a, char *buf, size_t size)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	bool is_v4 = addr_is_v4(a);

	v4.sin_addr.s_addr = a->w[3];
	memcpy(&v6.sin6_addr, a->b, sizeof(a->b));
	return !getnameinfo(is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
			    is_v4 ? sizeof(v4) : sizeof(v6), buf, size, NULL, 0, NI_NAMEREQD);
}

static bool system_port(__be16 port, uint8_t proto, char *buf, size_t size)
{
	const struct servent *s = getservbyport(port, proto_text(proto));

	if (s)
		snprintf(buf, size, "%s", s->s_name);
	return s;
}

const struct names names_numeric;
const struct names names_system = {system_host, system_port};

const char *names_text(const struct names *names, const struct addr *a, __be16 port, uint8_t proto,
		       char *buf)
{
	char host[NI_MAXHOST], service[32];

	if (!names->host || !names->host(a, host, sizeof(host)))
		addr_text(a, host);
	if (!names->port || !names->port(port, proto, service, sizeof(service)))
		snprintf(service, sizeof(service), "%u", ntohs(port));
	snprintf(buf, NAMES_TEXT, addr_is_v4(a) ? "%s:%s" : "[%s]:%s", host, service);
	return buf;
}

/* An IPv4 address by literal or name. What looks like an address but isn't one is never asked of
 * the DNS: the resolver would read "12345" or "1.2.3" as an address too. */
static int host_parse(const char *text, struct addr *out)
{
	struct addrinfo hints = {.ai_family = AF_INET}, *found;

	if (strchr(text, ':'))
		return -EINVAL;
	if (addr_parse(text, out) == 0)
		return 0;
	if (text[strspn(text, "0123456789.")] == '\0' || getaddrinfo(text, NULL, &hints, &found))
		return -EINVAL;
	*out = addr_v4(((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr);
	freeaddrinfo(found);
	return 0;
}

static int service_parse(const char *text, uint8_t proto, __be16 *out)
{
	const struct servent *s;

	if (port_parse(text, out) == 0)
		return 0;
	s = getservbyname(text, proto_text(proto));
	if (!s)
		return -EINVAL;
	*out = (__be16)s->s_port;
	return 0;
}

int names_parse(const char *text, uint8_t proto, struct addr *addr, __be16 *port, bool *has_port)
{
	char host[NI_MAXHOST];
	const char *colon = strrchr(text, ':');
	size_t len;

	*has_port = false;
	if (strchr(text, ':') != colon && text[0] != '[')
		return addr_parse(text, addr);
	len = colon ? (size_t)(colon - text) : strlen(text);
	if (len == 0 || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] == '[') {
		if (host[len - 1] != ']' || !strchr(host, ':'))
			return -EINVAL;
		host[len - 1] = '\0';
		if (addr_parse(host + 1, addr))
			return -EINVAL;
	} else if (host_parse(host, addr)) {
		return -EINVAL;
	}
	*has_port = colon;
	return colon ? service_parse(colon + 1, proto, port) : 0;
}
