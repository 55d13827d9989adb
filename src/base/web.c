/* SPDX-License-Identifier: BSD-2-Clause */
/* libcurl says which sockets and what time it waits for (curl_multi_socket_action(3)); libuv
 * waits. */
#include "base/web.h"

#include <errno.h>
#include <stdlib.h>

struct web {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	int n; /* handles that aren't closed */
};

struct transfer {
	web_done_fn done;
	void *arg;
};

struct watched_socket {
	struct web *web;
	curl_socket_t fd;
	uv_poll_t poll;
};

static void web_release(struct web *w)
{
	if (!--w->n)
		free(w);
}

static void finish(struct web *w, CURL *easy, CURLcode code)
{
	struct transfer *t;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	curl_multi_remove_handle(w->multi, easy);
	t->done(t->arg, easy, code);
	free(t);
}

static void finish_all(struct web *w)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(w->multi, &left))) {
		if (m->msg == CURLMSG_DONE)
			finish(w, m->easy_handle, m->data.result);
	}
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watched_socket *s = poll->data;
	struct web *w = s->web;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(w->multi, s->fd, flags, &running); /* may close s */
	finish_all(w);
}

static void on_time(uv_timer_t *t)
{
	struct web *w = t->data;
	int running;

	curl_multi_socket_action(w->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_all(w);
}

/* The first call comes from within curl_multi_add_handle: it must not act at once. */
static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct web *w = arg;

	(void)multi;
	if (ms < 0)
		uv_timer_stop(&w->timer);
	else
		uv_timer_start(&w->timer, on_time, (uint64_t)ms, 0);
	return 0;
}

static void on_socket_closed(uv_handle_t *h)
{
	struct watched_socket *s = h->data;

	web_release(s->web);
	free(s);
}

static struct watched_socket *watch(struct web *w, curl_socket_t fd)
{
	struct watched_socket *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (uv_poll_init_socket(w->loop, &s->poll, fd)) {
		free(s);
		return NULL;
	}
	s->web = w;
	s->fd = fd;
	s->poll.data = s;
	w->n++;
	curl_multi_assign(w->multi, fd, s);
	return s;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket)
{
	struct watched_socket *s = socket;
	struct web *w = arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (!s)
			return 0;
		curl_multi_assign(w->multi, fd, NULL);
		uv_poll_stop(&s->poll); /* before libcurl closes it */
		uv_close((uv_handle_t *)&s->poll, on_socket_closed);
		return 0;
	}
	if (!s)
		s = watch(w, fd);
	if (!s)
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&s->poll, events, on_ready) ? -1 : 0;
}

int web_open(struct web **out, uv_loop_t *loop)
{
	struct web *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(w->multi = curl_multi_init())) {
		free(w);
		return -ENOMEM;
	}
	w->loop = loop;
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
	w->n = 1;
	curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w);
	curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
	*out = w;
	return 0;
}

static void on_timer_closed(uv_handle_t *h)
{
	web_release(h->data);
}

void web_close(struct web *w)
{
	if (!w)
		return;
	curl_multi_cleanup(w->multi); /* closes connections that were kept */
	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
	curl_global_cleanup();
}

int web_add(struct web *w, CURL *easy, web_done_fn done, void *arg)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*t = (struct transfer){done, arg};
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	if (!curl_multi_add_handle(w->multi, easy))
		return 0;
	free(t);
	return -ENOMEM;
}

void web_remove(struct web *w, CURL *easy)
{
	struct transfer *t;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	curl_multi_remove_handle(w->multi, easy);
	free(t);
}
