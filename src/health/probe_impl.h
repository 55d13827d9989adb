/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kinds of probes share; nobody else includes it. A kind begins, and says once by
 * probe_done how it went; its end takes back whatever it has begun. */
#ifndef SHUNT_HEALTH_PROBE_IMPL_H
#define SHUNT_HEALTH_PROBE_IMPL_H

#include <sys/queue.h>

#include "base/web.h"
#include "health/exec.h"
#include "health/probe.h"

enum {
	PROBE_BODY_MAX = 1 << 20, /* bytes of a page that are looked at */
};

struct probes {
	uv_loop_t *loop;
	struct web *web;
	LIST_HEAD(probe_list, probe) probes;
};

struct probe_kind {
	/* NULL, or what went wrong: then it has failed. */
	const char *(*begin)(struct probe *p);
	/* The time is up: NULL if that is good, or what is missing. */
	const char *(*late)(struct probe *p);
	/* Takes back what begin began, with or without success. */
	void (*end)(struct probe *p);
};
extern const struct probe_kind probe_tcp, probe_http, probe_udp, probe_misc, probe_dns, probe_ping;

/* One socket that is waited for. */
struct probe_socket {
	int fd; /* -1: none */
	uv_poll_t poll;
	bool polled;
	short events; /* poll(2)'s, that are waited for */
};

struct page {
	int number; /* of the check's pages */
	CURL *easy; /* NULL: none is fetched */
	struct curl_slist *headers, *connect_to;
	uint8_t *body;
	size_t n;
	bool too_long;
};

struct probe {
	struct probes *set;
	LIST_ENTRY(probe) list;
	const struct probe_kind *kind;
	const struct check_conf *check;
	struct probe_target target;
	probe_done_fn done;
	void *arg;
	uint64_t begun;
	uv_timer_t timer;
	int handles;	    /* that aren't closed */
	const char *failed; /* at once */
	bool looked;	    /* when the time was up, whether an answer waits */
	struct probe_socket socket;
	union {
		struct page page;
		struct exec *exec;
		uint16_t id; /* DNS, PING */
	};
};

/* Says how it went, once: why is NULL if it went well. The probe is gone afterwards. */
void probe_done(struct probe *p, const char *why);
void probe_done_weighs(struct probe *p, uint32_t weight);

/* A socket as the check wants it: its address, port, interface and mark. Returns it or -errno. */
int probe_socket_open(const struct probe *p, int family, int type, int protocol);

/* Opens such a socket into p->socket and connects it to the target. Returns NULL, or what went
 * wrong. */
const char *probe_connect(struct probe *p, int type, int protocol, uint16_t port);

/* Has fn called when the socket is ready. Returns NULL, or what went wrong. */
const char *probe_wait(struct probe *p, int events, uv_poll_cb fn);

/* Its error since the last look: 0 or errno. */
int probe_socket_error(const struct probe *p);

/* Gives the rest of a probe another whole connect_timeout. */
void probe_more_time(struct probe *p);

/* The loop closes what p->socket has. */
void probe_socket_close(struct probe *p);

#endif
