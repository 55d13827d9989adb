/* SPDX-License-Identifier: BSD-2-Clause */
/* One transfer at a time but for the watch, which is one that doesn't end: a line of JSON for each
 * change. What it says isn't looked at; it only is a reason to read everything again. */
#include "mgmt/etcd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/web.h"
#include "mgmt/etcd_text.h"

enum {
	ANSWER_MAX = 64 << 20,
	CONNECT_MS = 2000,
	ANSWER_MS = 5000,
	KEEPALIVE_S = 5,
	COALESCE_MS = 20,    /* changes that come together */
	AGAIN_MS = 500,	     /* after a failure ... */
	AGAIN_MAX_MS = 5000, /* ... at most */
	LOOK_MS = 30 * 1000, /* a watch may be dead without a word */
	URL_MAX = 512,
};

/* A request, and its answer so far. */
struct call {
	struct etcd *etcd;
	CURL *easy; /* NULL: none is under way */
	struct curl_slist *headers;
	char *request, *answer;
	size_t n;
};

struct etcd {
	const struct conf_source *source;
	struct etcd_hooks hooks;
	struct web *web;
	uv_timer_t timer;
	struct call ask, watch;
	char *token; /* NULL: none is needed, or none was had yet */
	char *said;  /* the text that was told last ... */
	size_t said_size;
	bool taken;	     /* ... and whether it was taken */
	int endpoint;	     /* which of them is asked */
	uint64_t again;	     /* milliseconds: the last pause after a failure; 0: none failed */
	json_int_t revision; /* that was read */
};

static void look(struct etcd *e);

static void on_timer(uv_timer_t *t)
{
	look(t->data);
}

static void look_in(struct etcd *e, uint64_t ms)
{
	if (!e->ask.easy)
		uv_timer_start(&e->timer, on_timer, ms, 0);
}

/* ---- calls ---- */

static void call_clear(struct call *c)
{
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	free(c->request);
	free(c->answer);
	*c = (struct call){.etcd = c->etcd};
}

static void call_end(struct call *c)
{
	if (c->easy)
		web_remove(c->etcd->web, c->easy);
	call_clear(c);
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	char *more;

	n *= size;
	more = c->n + n < ANSWER_MAX ? realloc(c->answer, c->n + n + 1) : NULL;
	if (!more)
		return 0;
	memcpy(more + c->n, data, n);
	c->answer = more;
	c->n += n;
	more[c->n] = '\0';
	return n;
}

/* A change: the answer itself is nothing that is kept. */
static size_t on_event(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	(void)data;
	look_in(c->etcd, COALESCE_MS);
	return size * n;
}

/* The present one of the endpoints, which are separated by commas. */
static void endpoint_url(const struct etcd *e, const char *path, char url[URL_MAX])
{
	const char *at = e->source->endpoint;
	int count = 1, want;

	for (const char *c = at; *c; c++)
		count += *c == ',';
	want = e->endpoint % count;
	while (want--)
		at += strcspn(at, ",") + 1;
	snprintf(url, URL_MAX, "%.*s%s", (int)strcspn(at, ","), at, path);
}

static void set_tls(const struct conf_source *s, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca);
	curl_easy_setopt(easy, CURLOPT_SSLCERT, s->cert);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, s->key);
}

static void set_headers(struct call *c)
{
	char line[URL_MAX];

	c->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (c->etcd->token) {
		snprintf(line, sizeof(line), "Authorization: %s", c->etcd->token);
		c->headers = curl_slist_append(c->headers, line);
	}
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

/* Sends a request, which becomes ours. Returns 0 or -ENOMEM. */
static int call(struct call *c, const char *path, json_t *request, web_done_fn done)
{
	bool endless = c == &c->etcd->watch;
	char url[URL_MAX];

	c->request = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	c->easy = c->request ? curl_easy_init() : NULL;
	if (!c->easy) {
		call_clear(c);
		return -ENOMEM;
	}
	endpoint_url(c->etcd, path, url);
	curl_easy_setopt(c->easy, CURLOPT_URL, url);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->request);
	curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(c->easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)(endless ? 0 : ANSWER_MS));
	curl_easy_setopt(c->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c->easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
	curl_easy_setopt(c->easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, endless ? on_event : on_data);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	set_tls(c->etcd->source, c->easy);
	set_headers(c);
	if (!web_add(c->etcd->web, c->easy, done, c->etcd))
		return 0;
	call_clear(c);
	return -ENOMEM;
}

/* {"key": ..., "range_end": ...} of all that is below the prefix; NULL: no memory. */
static json_t *range(const struct etcd *e)
{
	char *end = etcd_range_end(e->source->prefix);
	char *from = etcd_encode(e->source->prefix), *to = end ? etcd_encode(end) : NULL;
	json_t *o = from && to ? json_pack("{s:s, s:s}", "key", from, "range_end", to) : NULL;

	free(end);
	free(from);
	free(to);
	return o;
}

/* ---- failures ---- */

/* The next endpoint is asked, after a pause. */
static void fail(struct etcd *e, const char *why)
{
	char url[URL_MAX], text[URL_MAX + ETCD_WHY];

	endpoint_url(e, "", url);
	snprintf(text, sizeof(text), "%s: %s", url, why);
	e->hooks.alarm(e->hooks.ctx, text);
	call_end(&e->watch);
	free(e->token);
	e->token = NULL;
	e->endpoint++;
	e->again = e->again ? 2 * e->again : AGAIN_MS;
	if (e->again > AGAIN_MAX_MS)
		e->again = AGAIN_MAX_MS;
	look_in(e, e->again);
}

/* ---- what is asked: a token, all keys, and to be told of changes ---- */

static void on_watch_ended(void *arg, CURL *easy, CURLcode code)
{
	struct etcd *e = arg;

	(void)easy, (void)code;
	call_clear(&e->watch);
	look_in(e, AGAIN_MS);
}

static void watch(struct etcd *e)
{
	json_t *o = range(e);

	if (e->watch.easy || !o) {
		json_decref(o);
		return;
	}
	json_object_set_new(o, "start_revision", json_integer(e->revision + 1));
	call(&e->watch, "/v3/watch", json_pack("{s:o}", "create_request", o), on_watch_ended);
}

static void take(struct etcd *e, const json_t *answer)
{
	const char *revision =
		json_string_value(json_object_get(json_object_get(answer, "header"), "revision"));
	char why[ETCD_WHY], *text;
	size_t size;
	int err;

	if (!revision) {
		fail(e, "its answer has no revision");
		return;
	}
	e->revision = strtoll(revision, NULL, 10);
	e->again = 0;
	watch(e);
	look_in(e, LOOK_MS);
	err = etcd_compose(answer, e->source->prefix, &text, &size, why);
	if (err) {
		e->hooks.alarm(e->hooks.ctx, err == -ENOMEM ? "no memory" : why);
		return;
	}
	if (e->said && size == e->said_size && !memcmp(e->said, text, size)) {
		free(text);
	} else {
		free(e->said);
		e->said = text;
		e->said_size = size;
		e->taken = e->hooks.changed(e->hooks.ctx, text, size);
	}
	if (e->taken)
		e->hooks.alarm(e->hooks.ctx, NULL);
}

/* Takes the answer out of a call that has ended; NULL and a failure if it has none. */
static json_t *answer_of(struct etcd *e, CURLcode code)
{
	json_t *answer = NULL;

	if (!code && e->ask.answer)
		answer = json_loads(e->ask.answer, 0, NULL);
	call_clear(&e->ask);
	if (!answer)
		fail(e, code ? curl_easy_strerror(code) : "its answer is no JSON");
	return answer;
}

static void on_range(void *arg, CURL *easy, CURLcode code)
{
	struct etcd *e = arg;
	json_t *answer = answer_of(e, code);

	(void)easy;
	if (answer)
		take(e, answer);
	json_decref(answer);
}

static void read_keys(struct etcd *e)
{
	if (call(&e->ask, "/v3/kv/range", range(e), on_range))
		fail(e, "no memory");
}

static void on_token(void *arg, CURL *easy, CURLcode code)
{
	struct etcd *e = arg;
	json_t *answer = answer_of(e, code);
	const char *token = json_string_value(json_object_get(answer, "token"));

	(void)easy;
	if (token && (e->token = strdup(token)))
		read_keys(e);
	else if (answer)
		fail(e, "no token");
	json_decref(answer);
}

static void look(struct etcd *e)
{
	const struct conf_source *s = e->source;

	if (e->ask.easy)
		return;
	if (!s->user || e->token)
		read_keys(e);
	else if (call(&e->ask, "/v3/auth/authenticate",
		      json_pack("{s:s, s:s}", "name", s->user, "password",
				s->password ? s->password : ""),
		      on_token))
		fail(e, "no memory");
}

int etcd_open(struct etcd **out, uv_loop_t *loop, const struct conf_source *source,
	      const struct etcd_hooks *hooks)
{
	struct etcd *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	err = web_open(&e->web, loop);
	if (err) {
		free(e);
		return err;
	}
	e->source = source;
	e->hooks = *hooks;
	e->ask.etcd = e->watch.etcd = e;
	uv_timer_init(loop, &e->timer);
	e->timer.data = e;
	look_in(e, 0);
	*out = e;
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void etcd_close(struct etcd *e)
{
	if (!e)
		return;
	call_end(&e->ask);
	call_end(&e->watch);
	web_close(e->web);
	free(e->token);
	free(e->said);
	uv_close((uv_handle_t *)&e->timer, on_closed);
}
