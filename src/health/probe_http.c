/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP_GET and SSL_GET: pages are fetched, one after the other, each on a connection of its own to
 * the target, whatever host is asked for. As in keepalived, certificates aren't looked at, nor are
 * redirections followed. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health/page.h"
#include "health/probe_impl.h"

enum {
	URL_MAX = 4096
};

static const struct check_url *url_of(const struct probe *p)
{
	return &p->check->url[p->page.number];
}

static const char *host_of(const struct probe *p)
{
	const struct check_url *u = url_of(p);

	return u->virtualhost ? u->virtualhost : p->check->virtualhost;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct probe *p = arg;
	struct page *page = &p->page;
	uint8_t *body;

	n *= size;
	if (!page_reads(url_of(p)))
		return n;
	page->too_long = page->n + n > PROBE_BODY_MAX;
	body = page->too_long ? NULL : realloc(page->body, page->n + n);
	if (!body)
		return 0;
	memcpy(body + page->n, data, n);
	page->body = body;
	page->n += n;
	return n;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	int fd = probe_socket_open(arg, to->family, to->socktype, to->protocol);

	(void)purpose;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* Ready for the next one. */
static void page_clear(struct page *page)
{
	curl_easy_cleanup(page->easy);
	curl_slist_free_all(page->headers);
	curl_slist_free_all(page->connect_to);
	free(page->body);
	*page = (struct page){.number = page->number};
}

/* The URL names the host only if the handshake has to. */
static void set_url(struct probe *p, CURL *easy)
{
	bool tls = p->check->type == CHECK_SSL;
	char target[ADDR_TEXT + 8], url[URL_MAX], to[ADDR_TEXT + 16];
	const char *host = host_of(p);

	host_text(&p->target.addr, htons(p->target.port), target);
	if (tls && host && p->check->enable_sni) {
		snprintf(to, sizeof(to), "::%s", target);
		p->page.connect_to = curl_slist_append(NULL, to);
		curl_easy_setopt(easy, CURLOPT_CONNECT_TO, p->page.connect_to);
		snprintf(url, sizeof(url), "https://%.*s:%u%s", (int)strcspn(host, ":"), host,
			 p->target.port, url_of(p)->path);
	} else {
		snprintf(url, sizeof(url), "http%s://%s%s", tls ? "s" : "", target,
			 url_of(p)->path);
	}
	curl_easy_setopt(easy, CURLOPT_URL, url);
}

static void add_header(struct page *page, const char *line)
{
	struct curl_slist *list = curl_slist_append(page->headers, line);

	if (list)
		page->headers = list;
}

static void set_headers(struct probe *p, CURL *easy)
{
	enum http_version version = (enum http_version)p->check->http_version;
	char line[URL_MAX];

	if (host_of(p)) {
		snprintf(line, sizeof(line), "Host: %s", host_of(p));
		add_header(&p->page, line);
	}
	if (version != HTTP_1_0)
		add_header(&p->page, "Connection: close");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, p->page.headers);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)(version == HTTP_1_1 ? CURL_HTTP_VERSION_1_1
						    : CURL_HTTP_VERSION_1_0));
}

static void set_up(struct probe *p, CURL *easy)
{
	set_url(p, easy);
	set_headers(p, easy);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "shunt");
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, p);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, p);
}

static const char *fetch(struct probe *p);

static const char *judge(struct probe *p, CURLcode code, char why[PAGE_WHY])
{
	struct page *page = &p->page;
	long status = 0;

	if (page->too_long)
		return "the body is longer than a check reads";
	if (code)
		return curl_easy_strerror(code);
	curl_easy_getinfo(page->easy, CURLINFO_RESPONSE_CODE, &status);
	return page_judge(url_of(p), status, page->body, page->n, why);
}

static void on_page(void *arg, CURL *easy, CURLcode code)
{
	struct probe *p = arg;
	char room[PAGE_WHY], text[2 * PAGE_WHY];
	const char *why = judge(p, code, room);

	(void)easy;
	if (why && p->check->n_urls > 1) {
		snprintf(text, sizeof(text), "%.80s: %s", url_of(p)->path, why);
		why = text;
	}
	page_clear(&p->page);
	if (!why && ++p->page.number < p->check->n_urls) {
		probe_more_time(p);
		why = fetch(p);
		if (!why)
			return;
	}
	probe_done(p, why);
}

static const char *fetch(struct probe *p)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		return "no memory";
	p->page.easy = easy;
	set_up(p, easy);
	if (!web_add(p->set->web, easy, on_page, p))
		return NULL;
	page_clear(&p->page);
	return "no memory";
}

static void end(struct probe *p)
{
	if (!p->page.easy)
		return;
	web_remove(p->set->web, p->page.easy);
	page_clear(&p->page);
}

const struct probe_kind probe_http = {.begin = fetch, .end = end};
