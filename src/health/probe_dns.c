/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS_CHECK: a name is asked for by UDP. Any answer without an error is good, as in keepalived:
 * what it says isn't looked at. */
#include <arpa/nameser.h>
#include <errno.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "health/probe_impl.h"

static void on_answer(uv_poll_t *poll, int status, int events)
{
	struct probe *p = poll->data;
	uint8_t answer[NS_MAXMSG];
	ssize_t len = recv(p->socket.fd, answer, sizeof(answer), 0);
	char why[64];
	ns_msg m;

	(void)status, (void)events;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len < 0) {
		probe_done(p, strerror(errno));
		return;
	}
	if (ns_initparse(answer, (int)len, &m) || ns_msg_id(m) != p->id ||
	    !ns_msg_getflag(m, ns_f_qr))
		return; /* to another question */
	snprintf(why, sizeof(why), "DNS error %d", ns_msg_getflag(m, ns_f_rcode));
	probe_done(p, ns_msg_getflag(m, ns_f_rcode) == ns_r_noerror ? NULL : why);
}

/* Returns the query's length, or -1. It is asked of a server for what it knows itself. */
static int write_query(const struct probe *p, uint8_t *at, int room)
{
	HEADER *header = (HEADER *)(void *)at;
	struct __res_state state = {.options = 0};
	int len = res_nmkquery(&state, ns_o_query, p->check->dns_name, ns_c_in,
			       (int)p->check->dns_type, NULL, 0, NULL, at, room);

	if (len >= 0) {
		header->id = htons(p->id);
		header->rd = 1;
	}
	return len;
}

static const char *begin(struct probe *p)
{
	union {
		HEADER aligned;
		uint8_t byte[NS_PACKETSZ];
	} query;
	const char *why;
	int len;

	if (getrandom(&p->id, sizeof(p->id), GRND_NONBLOCK) < 0)
		p->id = (uint16_t)p->begun;
	len = write_query(p, query.byte, sizeof(query));
	if (len < 0)
		return "no such name can be asked for";
	why = probe_connect(p, SOCK_DGRAM, 0, p->target.port);
	if (why)
		return why;
	if (send(p->socket.fd, query.byte, (size_t)len, 0) < 0)
		return strerror(errno);
	return probe_wait(p, UV_READABLE, on_answer);
}

const struct probe_kind probe_dns = {.begin = begin};
