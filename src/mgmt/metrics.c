/* SPDX-License-Identifier: BSD-2-Clause */
/* libmicrohttpd does the HTTP, and runs when its epoll descriptor or its timeout says so. It asks
 * for a page in pieces as fast as the client takes them, a buffer each time, and in between the
 * loop goes on: neither a large table nor a slow client holds up anything else. */
#include "mgmt/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "mgmt/metric.h"

enum {
	CONNECTIONS = 16,
	IDLE_S = 5, /* a connection on which nothing moves is ended */
	BACKLOG = 16,
	LOOK_MS = 1000,	   /* so often it runs at least: to accept again after all were taken */
	PIECE = 32 * 1024, /* of a page; also what the loop waits for */
	MEMORY = PIECE + 8 * 1024, /* of a connection: a piece and the request */
};

struct metrics {
	const struct command_ctx *ctx;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	int open; /* handles */
};

/* A page on its way to one client. */
struct page {
	struct scrape scrape;
	size_t sent; /* of what scrape.out holds */
};

/* Hands over what there is, and makes more when that is used up. */
static ssize_t page_read(void *arg, uint64_t at, char *buf, size_t size)
{
	struct page *p = arg;
	struct exposition *out = &p->scrape.out;
	size_t n;

	(void)at;
	if (p->sent == out->n) {
		exposition_rewind(out);
		p->sent = 0;
		while (out->n < PIECE && scrape_step(&p->scrape))
			;
	}
	if (out->failed)
		return MHD_CONTENT_READER_END_WITH_ERROR; /* nobody takes it for the whole */
	n = out->n - p->sent < size ? out->n - p->sent : size;
	if (!n)
		return MHD_CONTENT_READER_END_OF_STREAM;
	memcpy(buf, out->text + p->sent, n);
	p->sent += n;
	return (ssize_t)n;
}

static void page_free(void *arg)
{
	struct page *p = arg;

	scrape_free(&p->scrape);
	free(p);
}

static struct MHD_Response *page_response(const struct metrics *m, const struct metric_page *page,
					  bool openmetrics)
{
	struct page *p = calloc(1, sizeof(*p));
	struct MHD_Response *r;

	if (!p)
		return NULL;
	scrape_begin(&p->scrape, m->ctx, page, openmetrics);
	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, page_read, p, page_free);
	if (!r) {
		page_free(p);
		return NULL;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
				openmetrics ? "application/openmetrics-text; version=1.0.0; "
					      "charset=utf-8"
					    : "text/plain; version=0.0.4; charset=utf-8");
	MHD_add_response_header(r, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
	return r;
}

static struct MHD_Response *words_response(char *words)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(words), words, MHD_RESPMEM_PERSISTENT);

	if (r)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
	return r;
}

static enum MHD_Result send_response(struct MHD_Connection *c, unsigned int status,
				     struct MHD_Response *r)
{
	enum MHD_Result result;

	if (!r)
		return MHD_NO; /* the connection is ended */
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result answer(const struct metrics *m, struct MHD_Connection *c, const char *url)
{
	static char not_here[] = "there are /metrics and /metrics/ipvs\n";
	const char *accept =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

	for (const struct metric_page *p = metric_pages; p->path; p++)
		if (!strcmp(p->path, url))
			return send_response(c, MHD_HTTP_OK,
					     page_response(m, p,
							   exposition_wants_openmetrics(accept)));
	return send_response(c, MHD_HTTP_NOT_FOUND, words_response(not_here));
}

static enum MHD_Result refuse_method(struct MHD_Connection *c)
{
	static char words[] = "GET and HEAD only\n";
	struct MHD_Response *r = words_response(words);

	if (r)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	return send_response(c, MHD_HTTP_METHOD_NOT_ALLOWED, r);
}

/* Comes at least twice for each request: with its headers, for each piece of a body, and when all
 * of it is there. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **seen)
{
	(void)version, (void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse_method(c);
	if (*upload_size) {
		*upload_size = 0; /* nobody reads it */
		return MHD_YES;
	}
	if (*seen)
		return answer(arg, c, url);
	*seen = arg;
	return MHD_YES;
}

static void on_timer(uv_timer_t *t);

/* Does what is to be done now, and asks to be called when there is more. */
static void run(struct metrics *m)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(m->daemon);
	if (MHD_get_timeout(m->daemon, &ms) != MHD_YES || ms > LOOK_MS)
		ms = LOOK_MS;
	uv_timer_start(&m->timer, on_timer, ms, 0);
}

static void on_timer(uv_timer_t *t)
{
	run(t->data);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
	(void)status, (void)events;
	run(p->data);
}

static int fail(char *err, size_t size, const struct endpoint *at, int code)
{
	char text[ADDR_TEXT];

	snprintf(err, size, "metrics on %s: %s", host_text(&at->addr, at->port, text),
		 strerror(-code));
	return code;
}

/* Returns a listening socket or -errno. */
static int listen_on(const struct endpoint *at)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = at->port};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = at->port};
	bool v4 = addr_is_v4(&at->addr);
	const int one = 1;
	int fd, err;

	four.sin_addr.s_addr = at->addr.w[3];
	memcpy(&six.sin6_addr, at->addr.b, sizeof(six.sin6_addr));
	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!v4)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (!bind(fd, v4 ? (const struct sockaddr *)&four : (const struct sockaddr *)&six,
		  v4 ? sizeof(four) : sizeof(six)) &&
	    !listen(fd, BACKLOG))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void say_nothing(void *arg, const char *fmt, va_list ap)
{
	(void)arg, (void)fmt, (void)ap; /* what clients do wrong is no news */
}

static struct MHD_Daemon *start_daemon(struct metrics *m, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, m,
				MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned int)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned int)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)MEMORY, MHD_OPTION_END);
}

int metrics_open(struct metrics **out, uv_loop_t *loop, const struct endpoint *at,
		 const struct command_ctx *ctx, char *err, size_t err_size)
{
	struct metrics *m = calloc(1, sizeof(*m));
	const union MHD_DaemonInfo *info;
	int fd;

	if (!m)
		return fail(err, err_size, at, -ENOMEM);
	m->ctx = ctx;
	fd = listen_on(at);
	if (fd < 0) {
		free(m);
		return fail(err, err_size, at, fd);
	}
	m->daemon = start_daemon(m, fd);
	if (!m->daemon) {
		close(fd);
		free(m);
		return fail(err, err_size, at, -ENOMEM);
	}
	info = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	m->open = 2;
	m->timer.data = m;
	m->poll.data = m;
	uv_timer_init(loop, &m->timer);
	uv_poll_init(loop, &m->poll, info->epoll_fd);
	uv_poll_start(&m->poll, UV_READABLE, on_poll);
	run(m);
	*out = m;
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	struct metrics *m = h->data;

	if (!--m->open)
		free(m);
}

void metrics_close(struct metrics *m)
{
	if (!m)
		return;
	uv_close((uv_handle_t *)&m->timer, on_closed);
	uv_close((uv_handle_t *)&m->poll, on_closed);
	MHD_stop_daemon(m->daemon);
}
