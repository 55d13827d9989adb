/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP_CHECK: a packet is sent. What comes back may be an ICMP error, which is bad, or an answer; if
 * none is required, silence is good. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "health/probe_impl.h"

enum {
	ANSWER_MAX = 65536
};

static const char *look_at(const struct check_conf *c, const uint8_t *answer, size_t len)
{
	const struct check_bytes *want = &c->reply;

	if (len < c->reply_min || len > c->reply_max)
		return "an answer of another length";
	if (len < want->n)
		return "an answer that is too short";
	for (uint32_t i = 0; i < want->n; i++) {
		if ((answer[i] ^ want->byte[i]) & (want->mask ? want->mask[i] : 0xff))
			return "another answer";
	}
	return NULL;
}

static void on_answer(uv_poll_t *poll, int status, int events)
{
	struct probe *p = poll->data;
	uint8_t answer[ANSWER_MAX];
	ssize_t len = recv(p->socket.fd, answer, sizeof(answer), 0);

	(void)status, (void)events;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len < 0)
		probe_done(p, strerror(errno));
	else if (p->check->require_reply)
		probe_done(p, look_at(p->check, answer, (size_t)len));
	else
		probe_done(p, NULL);
}

static const char *begin(struct probe *p)
{
	const struct check_bytes *payload = &p->check->payload;
	const char *why = probe_connect(p, SOCK_DGRAM, 0, p->target.port);

	if (why)
		return why;
	if (send(p->socket.fd, payload->n ? payload->byte : (const uint8_t *)"", payload->n, 0) < 0)
		return strerror(errno);
	return probe_wait(p, UV_READABLE, on_answer);
}

static const char *late(struct probe *p)
{
	return p->check->require_reply ? "no answer" : NULL;
}

const struct probe_kind probe_udp = {.begin = begin, .late = late};
