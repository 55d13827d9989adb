/* SPDX-License-Identifier: BSD-2-Clause */
/* PING_CHECK: an ICMP echo, by a raw socket that only hears of the target's answers. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/csum.h"
#include "base/wire.h"
#include "health/probe_impl.h"

enum {
	ANSWER_MAX = 2048
};

/* Behind the IPv4 header, which a raw socket of that family shows. */
static const struct wire_icmp *find_icmp(const uint8_t *answer, size_t len, bool v4)
{
	size_t header = v4 && len ? (answer[0] & 0xf) * 4u : 0;

	return len >= header + sizeof(struct wire_icmp) ? (const void *)(answer + header) : NULL;
}

static void on_answer(uv_poll_t *poll, int status, int events)
{
	struct probe *p = poll->data;
	bool v4 = addr_is_v4(&p->target.addr);
	uint8_t answer[ANSWER_MAX];
	ssize_t len = recv(p->socket.fd, answer, sizeof(answer), 0);
	const struct wire_icmp *icmp;

	(void)status, (void)events;
	if (len < 0 && errno != EAGAIN && errno != EINTR) {
		probe_done(p, strerror(errno));
		return;
	}
	icmp = len > 0 ? find_icmp(answer, (size_t)len, v4) : NULL;
	if (icmp && icmp->type == (v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
	    icmp->id == htons(p->id))
		probe_done(p, NULL);
}

static const char *begin(struct probe *p)
{
	bool v4 = addr_is_v4(&p->target.addr);
	struct wire_icmp echo = {.type = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST};
	const char *why = probe_connect(p, SOCK_RAW, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, 0);

	if (why)
		return why;
	if (getrandom(&p->id, sizeof(p->id), GRND_NONBLOCK) < 0)
		p->id = (uint16_t)p->begun;
	echo.id = htons(p->id);
	if (v4) /* the kernel does IPv6's */
		echo.check = (__sum16)~csum_fold(csum_add(0, &echo, sizeof(echo)));
	if (send(p->socket.fd, &echo, sizeof(echo), 0) < 0)
		return strerror(errno);
	return probe_wait(p, UV_READABLE, on_answer);
}

const struct probe_kind probe_ping = {.begin = begin};
