/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/check.h"

#include <stdlib.h>
#include <string.h>

#include "conf/keyword.h"

static bool bytes_equal(const struct check_bytes *a, const struct check_bytes *b)
{
	if (a->n != b->n || !a->mask != !b->mask)
		return false;
	return !a->n ||
	       (!memcmp(a->byte, b->byte, a->n) && (!a->mask || !memcmp(a->mask, b->mask, a->n)));
}

bool check_equal(const struct check_conf *a, const struct check_conf *b)
{
	if (a->type != b->type || a->n_urls != b->n_urls ||
	    !block_equal(BLOCK_CHECK_OF(a->type), a, b) || a->require_reply != b->require_reply ||
	    !bytes_equal(&a->payload, &b->payload) || !bytes_equal(&a->reply, &b->reply))
		return false;
	for (int i = 0; i < a->n_urls; i++)
		if (!block_equal(BLOCK_URL, &a->url[i], &b->url[i]))
			return false;
	return true;
}

void check_clear(struct check_conf *c)
{
	block_clear(BLOCK_CHECK_OF(c->type), c);
	free(c->payload.byte);
	free(c->payload.mask);
	free(c->reply.byte);
	free(c->reply.mask);
	for (int i = 0; i < c->n_urls; i++)
		block_clear(BLOCK_URL, &c->url[i]);
	free(c->url);
	*c = (struct check_conf){0};
}

/* Returns false without memory; then what is missing is empty. */
static bool bytes_copy(struct check_bytes *b)
{
	uint8_t *byte = b->byte, *mask = b->mask;

	if (!b->n)
		return true;
	b->byte = malloc(b->n);
	b->mask = mask ? malloc(b->n) : NULL;
	if (!b->byte || (mask && !b->mask))
		return false;
	memcpy(b->byte, byte, b->n);
	if (mask)
		memcpy(b->mask, mask, b->n);
	return true;
}

bool check_copy(struct check_conf *dst)
{
	const struct check_url *url = dst->url;
	bool ok = block_copy(BLOCK_CHECK_OF(dst->type), dst);

	ok = bytes_copy(&dst->payload) && ok;
	ok = bytes_copy(&dst->reply) && ok;
	if (!dst->n_urls)
		return ok;
	dst->url = calloc((size_t)dst->n_urls, sizeof(*url));
	if (!dst->url) {
		dst->n_urls = 0;
		return false;
	}
	for (int i = 0; i < dst->n_urls; i++) {
		dst->url[i] = url[i];
		ok = block_copy(BLOCK_URL, &dst->url[i]) && ok;
	}
	return ok;
}
