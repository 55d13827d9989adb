/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "health/probe_impl.h"

static const struct probe_kind *const kinds[CHECK_TYPES] = {
	[CHECK_TCP] = &probe_tcp,   [CHECK_HTTP] = &probe_http, [CHECK_SSL] = &probe_http,
	[CHECK_UDP] = &probe_udp,   [CHECK_MISC] = &probe_misc, [CHECK_DNS] = &probe_dns,
	[CHECK_PING] = &probe_ping,
};

int probes_open(struct probes **out, uv_loop_t *loop)
{
	struct probes *set = calloc(1, sizeof(*set));
	int err;

	if (!set)
		return -ENOMEM;
	set->loop = loop;
	LIST_INIT(&set->probes);
	err = web_open(&set->web, loop);
	if (err)
		free(set);
	else
		*out = set;
	return err;
}

void probes_close(struct probes *set)
{
	struct probe *p;

	if (!set)
		return;
	while ((p = LIST_FIRST(&set->probes)))
		probe_cancel(p);
	web_close(set->web);
	free(set);
}

static void on_closed(uv_handle_t *h)
{
	struct probe *p = h->data;

	if (!--p->handles)
		free(p);
}

void probe_socket_close(struct probe *p)
{
	struct probe_socket *s = &p->socket;

	if (s->polled)
		uv_close((uv_handle_t *)&s->poll, on_closed);
	if (s->fd >= 0)
		close(s->fd); /* libuv has let go of it */
	s->polled = false;
	s->fd = -1;
}

void probe_cancel(struct probe *p)
{
	LIST_REMOVE(p, list);
	if (p->kind->end)
		p->kind->end(p);
	probe_socket_close(p);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}

static void finish(struct probe *p, struct probe_result *r)
{
	probe_done_fn done = p->done;
	void *arg = p->arg;

	r->ns = uv_hrtime() - p->begun;
	probe_cancel(p);
	done(arg, r);
}

void probe_done(struct probe *p, const char *why)
{
	struct probe_result r = {.ok = !why};

	snprintf(r.why, sizeof(r.why), "%s", why ? why : "");
	finish(p, &r);
}

void probe_done_weighs(struct probe *p, uint32_t weight)
{
	struct probe_result r = {.ok = true, .weighs = true, .weight = weight};

	finish(p, &r);
}

/* What waits for the loop to look at it isn't late: only this loop is, which runs timers first. */
static bool answered(struct probe *p)
{
	struct pollfd fd = {.fd = p->socket.fd, .events = p->socket.events};

	if (p->looked || !p->socket.polled || poll(&fd, 1, 0) != 1)
		return false;
	p->looked = true;
	return true;
}

static void on_time(uv_timer_t *t)
{
	struct probe *p = t->data;

	if (!p->failed && answered(p))
		uv_timer_start(t, on_time, 1, 0);
	else if (p->failed)
		probe_done(p, p->failed);
	else
		probe_done(p, p->kind->late ? p->kind->late(p) : "timed out");
}

void probe_more_time(struct probe *p)
{
	uv_timer_start(&p->timer, on_time, p->check->pace.connect_timeout, 0);
}

struct probe *probe_start(struct probes *set, const struct check_conf *check,
			  const struct probe_target *target, probe_done_fn done, void *arg)
{
	struct probe *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->set = set;
	p->kind = kinds[check->type];
	p->check = check;
	p->target = *target;
	p->done = done;
	p->arg = arg;
	p->begun = uv_hrtime();
	p->socket.fd = -1;
	p->handles = 1;
	uv_timer_init(set->loop, &p->timer);
	p->timer.data = p;
	LIST_INSERT_HEAD(&set->probes, p, list);
	p->failed = p->kind->begin(p);
	if (p->failed)
		uv_timer_start(&p->timer, on_time, 0, 0);
	else if (check->type != CHECK_MISC) /* whose command has a time of its own */
		probe_more_time(p);
	return p;
}

/* ---- sockets ---- */

static socklen_t sockaddr_of(const struct addr *a, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (addr_is_v4(a)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		four->sin_addr.s_addr = a->w[3];
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	memcpy(&six->sin6_addr, a, sizeof(six->sin6_addr));
	return sizeof(*six);
}

/* What a check says of its own end. Returns 0 or -1 with errno set. */
static int bind_socket(const struct probe *p, int fd, int family)
{
	const struct check_conf *c = p->check;
	static const struct addr none;
	struct sockaddr_storage own;
	struct addr any = none;
	socklen_t len;

	if (p->target.mark &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &p->target.mark, sizeof(p->target.mark)))
		return -1;
	if (c->bind_if &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, c->bind_if, (socklen_t)strlen(c->bind_if)))
		return -1;
	if (addr_equal(&c->bindto, &none) && !c->bind_port)
		return 0;
	if (family == AF_INET)
		any = addr_v4(0);
	len = sockaddr_of(addr_equal(&c->bindto, &none) ? &any : &c->bindto, (uint16_t)c->bind_port,
			  &own);
	if (c->bind_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	return bind(fd, (const struct sockaddr *)&own, len);
}

int probe_socket_open(const struct probe *p, int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), err;

	if (fd < 0)
		return -errno;
	if (!bind_socket(p, fd, family))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

const char *probe_connect(struct probe *p, int type, int protocol, uint16_t port)
{
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(&p->target.addr, port, &to);
	int fd = probe_socket_open(p, to.ss_family, type, protocol);

	if (fd < 0)
		return strerror(-fd);
	p->socket.fd = fd;
	if (connect(fd, (const struct sockaddr *)&to, len) && errno != EINPROGRESS)
		return strerror(errno);
	return NULL;
}

const char *probe_wait(struct probe *p, int events, uv_poll_cb fn)
{
	struct probe_socket *s = &p->socket;

	if (!s->polled) {
		int err = uv_poll_init_socket(p->set->loop, &s->poll, s->fd);

		if (err)
			return uv_strerror(err);
		s->poll.data = p;
		s->polled = true;
		p->handles++;
	}
	s->events = events & UV_READABLE ? POLLIN : POLLOUT;
	return uv_poll_start(&s->poll, events, fn) ? "can't be waited for" : NULL;
}

int probe_socket_error(const struct probe *p)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return getsockopt(p->socket.fd, SOL_SOCKET, SO_ERROR, &err, &len) ? errno : err;
}
