/* SPDX-License-Identifier: BSD-2-Clause */
/* libcurl's transfers on a libuv loop, any number at once. The loop's thread is the caller. */
#ifndef SHUNT_BASE_WEB_H
#define SHUNT_BASE_WEB_H

#include <curl/curl.h>
#include <uv.h>

struct web;

/* Returns 0 or -errno. loop is borrowed. */
int web_open(struct web **out, uv_loop_t *loop);

/* Every transfer has been removed, or is done. The loop has to run on until its handles are closed.
 * Takes NULL. */
void web_close(struct web *w);

/* Told once, from the loop: the transfer isn't the web's any more, and the handle the caller's to
 * use again or to clean up. */
typedef void (*web_done_fn)(void *arg, CURL *easy, CURLcode code);

/* Begins a transfer; easy is set up but for CURLOPT_PRIVATE, which is used here, and borrowed until
 * it is done or removed. Returns 0 or -ENOMEM. */
int web_add(struct web *w, CURL *easy, web_done_fn done, void *arg);

/* Ends a transfer; done isn't called. Not from within a callback of its own. */
void web_remove(struct web *w, CURL *easy);

#endif
