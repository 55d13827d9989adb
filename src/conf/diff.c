/* SPDX-License-Identifier: BSD-2-Clause */
/* Two configurations side by side. Both sides are sorted by what makes an object the same, so that
 * ten thousand services are no work. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/keyword.h"

struct differ {
	const struct conf_diff_ops *ops;
	void *arg;
	int n;
};

static int by_endpoint(const void *a, const void *b)
{
	const struct conf_service *const *x = a, *const *y = b;

	return memcmp(&(*x)->svc.ep, &(*y)->svc.ep, sizeof(struct endpoint));
}

static const struct conf_service **sorted(const struct conf *c)
{
	const struct conf_service **all =
		calloc((size_t)c->n_services + 1, sizeof(struct conf_service *));

	if (!all)
		return NULL;
	for (int i = 0; i < c->n_services; i++)
		all[i] = &c->service[i];
	qsort(all, (size_t)c->n_services, sizeof(*all), by_endpoint);
	return all;
}

static const struct conf_service *find(const struct conf_service **all, int n,
				       const struct conf_service *like)
{
	const struct conf_service **at = bsearch(&like, all, (size_t)n, sizeof(*all), by_endpoint);

	return at ? *at : NULL;
}

/* A file keeps its order from one version to the next: the search begins where the last ended. */
static const struct conf_server *find_server(const struct conf_service *s, const struct addr *addr,
					     int *from)
{
	for (int i = 0; i < s->n_servers; i++) {
		int at = (*from + i) % s->n_servers;

		if (addr_equal(&s->server[at].be.addr, addr)) {
			*from = at + 1;
			return &s->server[at];
		}
	}
	return NULL;
}

static void tell_option(struct differ *d, enum conf_change change, const struct conf_option *before,
			const struct conf_option *after)
{
	d->n++;
	if (d->ops->option)
		d->ops->option(d->arg, change, before, after);
}

static void tell_service(struct differ *d, enum conf_change change,
			 const struct conf_service *before, const struct conf_service *after)
{
	d->n++;
	if (d->ops->service)
		d->ops->service(d->arg, change, before, after);
}

static void tell_server(struct differ *d, enum conf_change change, const struct conf_service *s,
			const struct conf_server *before, const struct conf_server *after)
{
	d->n++;
	if (d->ops->server)
		d->ops->server(d->arg, change, s, before, after);
}

/* Checks of a that b hasn't. */
static void tell_checks(struct differ *d, enum conf_change change, const struct conf_service *s,
			const struct conf_server *a, const struct conf_server *b)
{
	for (int i = 0; i < a->n_checks; i++) {
		int n = 0;

		/* the k-th of equal ones needs a k-th there */
		for (int j = 0; j <= i; j++)
			n += check_equal(&a->check[j], &a->check[i]);
		for (int j = 0; b && j < b->n_checks; j++)
			n -= check_equal(&b->check[j], &a->check[i]);
		if (n <= 0)
			continue;
		d->n++;
		if (d->ops->check)
			d->ops->check(d->arg, change, s, a, &a->check[i]);
	}
}

static void diff_servers(struct differ *d, const struct conf_service *before,
			 const struct conf_service *after)
{
	int from = 0;

	for (int i = 0; before && i < before->n_servers; i++)
		if (!find_server(after, &before->server[i].be.addr, &from))
			tell_server(d, CONF_REMOVED, before, &before->server[i], NULL);
	from = 0;
	for (int i = 0; after->server && i < after->n_servers; i++) {
		const struct conf_server *now = &after->server[i];
		const struct conf_server *was =
			before ? find_server(before, &now->be.addr, &from) : NULL;

		if (!was)
			tell_server(d, CONF_ADDED, after, NULL, now);
		else if (memcmp(&was->be, &now->be, sizeof(now->be)) ||
			 !block_equal(BLOCK_SERVER, was, now))
			tell_server(d, CONF_CHANGED, after, was, now);
		if (was)
			tell_checks(d, CONF_REMOVED, before, was, now);
		tell_checks(d, CONF_ADDED, after, now, was);
	}
}

static const struct conf_option *find_option(const struct conf *c, const struct conf_option *like)
{
	for (int i = 0; i < c->n_options; i++)
		if (!strcmp(c->option[i].name, like->name) &&
		    !strcmp(c->option[i].value, like->value))
			return &c->option[i];
	return NULL;
}

static void diff_options(struct differ *d, const struct conf *before, const struct conf *after)
{
	for (int i = 0; i < before->n_options; i++)
		if (!find_option(after, &before->option[i]))
			tell_option(d, CONF_REMOVED, &before->option[i], NULL);
	for (int i = 0; i < after->n_options; i++)
		if (!find_option(before, &after->option[i]))
			tell_option(d, CONF_ADDED, NULL, &after->option[i]);
}

int conf_diff(const struct conf *before, const struct conf *after, const struct conf_diff_ops *ops,
	      void *arg)
{
	const struct conf_service **was = sorted(before), **now = sorted(after);
	struct differ d = {ops, arg, -ENOMEM};

	if (!was || !now)
		goto out;
	d.n = 0;
	diff_options(&d, before, after);
	for (int i = 0; i < before->n_services; i++)
		if (!find(now, after->n_services, &before->service[i]))
			tell_service(&d, CONF_REMOVED, &before->service[i], NULL);
	for (int i = 0; i < after->n_services; i++) {
		const struct conf_service *s = &after->service[i];
		const struct conf_service *old = find(was, before->n_services, s);

		if (!old)
			tell_service(&d, CONF_ADDED, NULL, s);
		else if (memcmp(&old->svc, &s->svc, sizeof(s->svc)) ||
			 memcmp(&old->sorry, &s->sorry, sizeof(s->sorry)) ||
			 !block_equal(BLOCK_SERVICE, old, s))
			tell_service(&d, CONF_CHANGED, old, s);
		diff_servers(&d, old, s);
	}
out:
	free(was);
	free(now);
	return d.n;
}
