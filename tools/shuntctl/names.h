/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts and ports as people write them: literal or by name, in both directions. */
#ifndef SHUNTCTL_NAMES_H
#define SHUNTCTL_NAMES_H

#include "base/addr.h"

enum {
	NAMES_TEXT = 1100
}; /* room for a host's name, brackets and a port's name */

/* How numbers become names. A function returns false where there is no name; NULL: all numeric. */
struct names {
	bool (*host)(const struct addr *a, char *buf, size_t size);
	bool (*port)(__be16 port, uint8_t proto, char *buf, size_t size);
};

extern const struct names names_numeric;
extern const struct names names_system; /* DNS and /etc/services, as ipvsadm without -n */

/* Prints HOST:PORT, or [HOST]:PORT for IPv6, into buf of NAMES_TEXT bytes, and returns buf. */
const char *names_text(const struct names *names, const struct addr *a, __be16 port, uint8_t proto,
		       char *buf);

/* Reads ipvsadm's HOST, HOST:PORT, [IPv6]:PORT or IPv6; a HOST is an IPv4 literal or a name that
 * has an IPv4 address, a PORT a number or a name of /etc/services. Without a port *port is left
 * alone and *has_port is false. Returns 0 or -EINVAL. */
int names_parse(const char *text, uint8_t proto, struct addr *addr, __be16 *port, bool *has_port);

#endif
