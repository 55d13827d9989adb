/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP_GET against a server on the test's own loop. */
#include "health/probe_world_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
	uv_tcp_t tcp;
	uint16_t port;
	const char *answer; /* NULL: none */
	size_t more;	    /* bytes of body that follow it */
	char asked[4096];   /* the last request */
	int n;		    /* requests */
};

struct guest {
	uv_tcp_t tcp;
	uv_write_t write;
	struct server *server;
	size_t n;
	char *more;
};

static void on_guest_closed(uv_handle_t *h)
{
	struct guest *g = h->data;

	free(g->more);
	free(g);
}

static void guest_close(struct guest *g)
{
	if (!uv_is_closing((uv_handle_t *)&g->tcp))
		uv_close((uv_handle_t *)&g->tcp, on_guest_closed);
}

static void on_written(uv_write_t *req, int status)
{
	(void)status;
	guest_close(req->data);
}

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	struct guest *g = h->data;

	(void)size;
	*buf = uv_buf_init(g->server->asked + g->n,
			   (unsigned int)(sizeof(g->server->asked) - 1 - g->n));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct guest *g = stream->data;
	struct server *s = g->server;
	uv_buf_t out[2];

	(void)buf;
	if (n < 0) {
		guest_close(g);
		return;
	}
	g->n += (size_t)n;
	s->asked[g->n] = '\0';
	if (!strstr(s->asked, "\r\n\r\n"))
		return;
	s->n++;
	if (!s->answer)
		return;
	g->more = calloc(1, s->more + 1);
	out[0] = uv_buf_init((char *)s->answer, (unsigned int)strlen(s->answer));
	out[1] = uv_buf_init(g->more, (unsigned int)s->more);
	g->write.data = g;
	uv_write(&g->write, stream, out, 2, on_written);
}

static void on_guest(uv_stream_t *listener, int status)
{
	struct guest *g = calloc(1, sizeof(*g));

	assert_int_equal(status, 0);
	assert_non_null(g);
	g->server = listener->data;
	uv_tcp_init(listener->loop, &g->tcp);
	g->tcp.data = g;
	uv_accept(listener, (uv_stream_t *)&g->tcp);
	uv_read_start((uv_stream_t *)&g->tcp, on_alloc, on_read);
}

static struct server *server_open(struct world *w)
{
	struct server *s = calloc(1, sizeof(*s));
	int fd;

	assert_non_null(s);
	fd = loopback(SOCK_STREAM, false, &s->port);
	uv_tcp_init(&w->loop, &s->tcp);
	s->tcp.data = s;
	assert_int_equal(uv_tcp_open(&s->tcp, fd), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&s->tcp, 64, on_guest), 0);
	return s;
}

static void on_server_closed(uv_handle_t *h)
{
	free(h->data);
}

static void server_close(struct world *w, struct server *s)
{
	for (int i = 0; i < 5; i++) /* its guests notice that they are alone */
		uv_run(&w->loop, UV_RUN_NOWAIT);
	uv_close((uv_handle_t *)&s->tcp, on_server_closed);
	uv_run(&w->loop, UV_RUN_NOWAIT);
}

static struct check_conf check_of(struct check_url *url, int n)
{
	return (struct check_conf){
		.type = CHECK_HTTP, .pace.connect_timeout = ROOMY_MS, .url = url, .n_urls = n};
}

static void status_and_request_are_as_told(void **state)
{
	struct check_url url = {.path = (char *)"/health?deep=1"};
	struct check_conf c = check_of(&url, 1);
	struct world *w = *state;
	struct server *s = server_open(w);
	char host[64];

	s->answer = "HTTP/1.0 200 OK\r\n\r\nfine";
	assert_true(try_at(w, &c, false, s->port));
	assert_memory_equal(s->asked, "GET /health?deep=1 HTTP/1.0\r\n", 29);
	snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", s->port);
	assert_non_null(strstr(s->asked, host));
	assert_null(strstr(s->asked, "Connection:"));
	c.http_version = HTTP_1_1;
	c.virtualhost = (char *)"www.example.org";
	assert_true(try_at(w, &c, false, s->port));
	assert_memory_equal(s->asked, "GET /health?deep=1 HTTP/1.1\r\n", 29);
	assert_non_null(strstr(s->asked, "\r\nHost: www.example.org\r\n"));
	c.http_version = HTTP_1_0C;
	url.virtualhost = (char *)"page.example.org"; /* goes before the check's */
	assert_true(try_at(w, &c, false, s->port));
	assert_non_null(strstr(s->asked, " HTTP/1.0\r\n"));
	assert_non_null(strstr(s->asked, "\r\nHost: page.example.org\r\n"));
	assert_non_null(strstr(s->asked, "\r\nConnection: close\r\n"));
	s->answer = "HTTP/1.0 503 No\r\n\r\n";
	assert_false(try_at(w, &c, false, s->port));
	assert_non_null(strstr(w->result.why, "503"));
	s->answer = "HTTP/1.0 302 Over there\r\nLocation: /other\r\n\r\n"; /* isn't followed */
	s->n = 0;
	assert_false(try_at(w, &c, false, s->port));
	assert_int_equal(s->n, 1);
	server_close(w, s);
}

static void answers_that_are_none_are_bad(void **state)
{
	static const char *const answer[] = {
		"",
		"hello\r\n",
		"SSH-2.0-x\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	};
	struct check_url url = {.path = (char *)"/"};
	struct check_conf c = check_of(&url, 1);
	struct world *w = *state;
	struct server *s = server_open(w);

	for (size_t i = 0; i < sizeof(answer) / sizeof(*answer); i++) {
		s->answer = answer[i];
		assert_false(try_at(w, &c, false, s->port));
	}
	s->answer = NULL;
	c.pace.connect_timeout = SHORT_MS;
	assert_false(try_at(w, &c, false, s->port));
	assert_in_range(w->result.ns / 1000000, SHORT_MS - 5, ROOMY_MS);
	c.pace.connect_timeout = ROOMY_MS;
	try_and_cancel(w, &c, s->port, 12);
	server_close(w, s);
}

static void all_pages_have_to_be_good(void **state)
{
	struct check_url url[3] = {{.path = (char *)"/a"},
				   {.path = (char *)"/b"},
				   {.path = (char *)"/c", .regex = (char *)"f.ne"}};
	struct check_conf c = check_of(url, 3);
	struct world *w = *state;
	struct server *s = server_open(w);

	s->answer = "HTTP/1.0 200 OK\r\n\r\nfine";
	assert_true(try_at(w, &c, false, s->port));
	assert_int_equal(s->n, 3);
	url[1].digest = (char *)"00000000000000000000000000000000";
	assert_false(try_at(w, &c, false, s->port));
	assert_int_equal(s->n, 5); /* the third wasn't asked for */
	assert_memory_equal(w->result.why, "/b: ", 4);
	server_close(w, s);
}

static void a_large_page_is_too_much_only_if_it_is_looked_at(void **state)
{
	struct check_url url = {.path = (char *)"/"};
	struct check_conf c = check_of(&url, 1);
	struct world *w = *state;
	struct server *s = server_open(w);

	s->answer = "HTTP/1.0 200 OK\r\n\r\nfine";
	s->more = 3 << 20;
	assert_true(try_at(w, &c, false, s->port));
	url.regex = (char *)"fine";
	assert_false(try_at(w, &c, false, s->port));
	s->more = 1 << 10;
	assert_true(try_at(w, &c, false, s->port));
	server_close(w, s);
}

static void the_environments_proxy_isnt_asked(void **state)
{
	struct check_url url = {.path = (char *)"/"};
	struct check_conf c = check_of(&url, 1);
	struct world *w = *state;
	struct server *s = server_open(w);

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	s->answer = "HTTP/1.0 200 OK\r\n\r\n";
	assert_true(try_at(w, &c, false, s->port));
	unsetenv("http_proxy");
	server_close(w, s);
}

static void nothing_is_left_of_a_thousand(void **state)
{
	struct check_url url = {.path = (char *)"/"};
	struct check_conf c = check_of(&url, 1);
	struct world *w = *state;
	struct server *s = server_open(w);
	int before = 0;

	s->answer = "HTTP/1.0 200 OK\r\n\r\nfine";
	for (int i = 0; i < 1001; i++) {
		assert_true(try_at(w, &c, false, s->port));
		if (!i)
			before = descriptors();
	}
	assert_int_equal(descriptors(), before);
	server_close(w, s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(status_and_request_are_as_told),
		WITH_WORLD(answers_that_are_none_are_bad),
		WITH_WORLD(all_pages_have_to_be_good),
		WITH_WORLD(a_large_page_is_too_much_only_if_it_is_looked_at),
		WITH_WORLD(the_environments_proxy_isnt_asked),
		WITH_WORLD(nothing_is_left_of_a_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
