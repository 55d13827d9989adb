/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator configures about one health check, as plain data. Every value is resolved: what
 * a check doesn't say it has from its server, its service, or the default of its kind, in this
 * order. Times are in milliseconds. Strings are owned, NULL where nothing is said. */
#ifndef SHUNT_CONF_CHECK_H
#define SHUNT_CONF_CHECK_H

#include <stdbool.h>

#include "base/addr.h"

enum check_type {
	CHECK_TCP,
	CHECK_HTTP,
	CHECK_SSL, /* HTTP_GET over TLS */
	CHECK_UDP,
	CHECK_MISC,
	CHECK_DNS,
	CHECK_PING,
	CHECK_TYPES
};

enum check_path {
	CHECK_PATH_SERVER, /* to the server's own address, as any other connection */
	CHECK_PATH_VIP,	   /* to the virtual address, by a client's way to this server */
};

enum http_version {
	HTTP_1_0,
	HTTP_1_0C, /* 1.0 with "Connection: close" */
	HTTP_1_1,
};

enum regex_flags {
	REGEX_CASELESS = 1 << 0,
	REGEX_MULTILINE = 1 << 1,
	REGEX_DOTALL = 1 << 2,
	REGEX_EXTENDED = 1 << 3,
};

enum {
	STATUS_MIN = 100,
	STATUS_MAX = 599,
	UDP_PAYLOAD_MAX = 1024,
};

struct conf_user {
	char *name;  /* NULL: the checks' own user */
	char *group; /* NULL: the user's */
};

/* One page that an HTTP check asks for. */
struct check_url {
	char *path;		 /* "/" if nothing is said */
	char *virtualhost;	 /* goes before the check's */
	char *digest;		 /* of the body: MD5, 32 lower-case hex digits */
	char *regex;		 /* that the body has to match */
	uint32_t regex_no_match; /* bool: ... must not */
	uint32_t regex_flags;	 /* enum regex_flags */
	uint32_t regex_min;	 /* where in the body a match may begin: first byte ... */
	uint32_t regex_max;	 /* ... and the first that is too late; 0: anywhere */
	/* A bit for each good status, from STATUS_MIN. All 0: 200 to 299. */
	uint64_t status[(STATUS_MAX - STATUS_MIN) / 64 + 1];
};

/* Bytes of a UDP check. An answer's byte is good if (byte ^ byte[i]) & mask[i] is 0. */
struct check_bytes {
	uint8_t *byte;
	uint8_t *mask; /* NULL: of what is sent */
	uint32_t n;
};

/* What services and servers may say for the checks below them. */
struct check_pace {
	uint32_t delay_loop;	     /* from the start of a check to the start of the next */
	uint32_t warmup;	     /* the first one starts at a random time up to so late */
	uint32_t connect_timeout;    /* for the connection, and for the whole answer */
	uint32_t retry;		     /* further tries, before one check counts as failed */
	uint32_t delay_before_retry; /* between those */
	uint32_t rise;		     /* so many good checks in a row, and it is up */
	uint32_t fall;		     /* so many failed ones, and it is down */
	uint32_t jitter;	     /* delay_loop varies at random, by so many percent */
	uint32_t alpha;		     /* 1: down until its first good check; 0: up */
	uint32_t path;		     /* enum check_path */
};

struct check_conf {
	uint32_t type; /* enum check_type */
	struct check_pace pace;
	struct addr connect_ip;	   /* :: if not given: the server's address */
	struct addr bindto;	   /* from this address; ::: any */
	uint32_t connect_port;	   /* host order; 0: the server's */
	uint32_t bind_port;	   /* host order; 0: any */
	char *bind_if;		   /* by this interface */
	uint32_t fwmark;	   /* of the check's own packets; 0: none */
	uint32_t log_all_failures; /* bool: every failed try is logged, not the verdict alone */

	/* HTTP, SSL */
	uint32_t http_version;	/* enum http_version */
	uint32_t enable_sni;	/* bool: SSL: the virtual host's name goes into the handshake */
	uint32_t fast_recovery; /* bool: up again as soon as all pages are good in one go */
	char *virtualhost;
	struct check_url *url; /* at least one */
	int n_urls;

	/* UDP */
	struct check_bytes payload;    /* n 0: an empty packet */
	uint32_t require_reply;	       /* bool: silence fails too, not ICMP's errors alone */
	struct check_bytes reply;      /* that an answer begins with; n 0: any */
	uint32_t reply_min, reply_max; /* its bytes */

	/* MISC */
	char *misc_path;       /* the command with its arguments, for sh -c's kind of words */
	uint32_t misc_timeout; /* then it is ended by SIGTERM, 2 s later by SIGKILL */
	uint32_t misc_dynamic; /* bool: exit codes 2 to 255 are up, with weight code - 2 */
	struct conf_user user;

	/* DNS */
	uint32_t dns_type; /* as in the wire's QTYPE: 1 is A */
	char *dns_name;	   /* "." if nothing is said */
};

/* Equal checks (checker restarts only if not); both resolved. */
bool check_equal(const struct check_conf *a, const struct check_conf *b);

/* Gives dst, a bytewise copy of a check, strings and arrays of its own. Returns false without
 * memory; dst can be cleared then too. */
bool check_copy(struct check_conf *dst);

/* Frees what c owns, not c. */
void check_clear(struct check_conf *c);

#endif
