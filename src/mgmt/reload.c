/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/reload_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "mgmt/preview.h"

/* A change while it is made. */
struct change {
	struct model *m;
	struct reload_result *res;
	json_t *flows; /* NULL: not asked for */
	int err;       /* the first */
};

static void failed(struct change *c, int err, const struct endpoint *ep, const struct addr *server)
{
	char service[ADDR_TEXT], text[ADDR_TEXT];

	if (c->err)
		return;
	c->err = err;
	snprintf(c->res->error, sizeof(c->res->error), "%s %s%s%s: %s", proto_text(ep->proto),
		 host_text(&ep->addr, ep->port, service), server ? ", server " : "",
		 server ? addr_text(server, text) : "", strerror(-err));
}

/* Whatever was done by hand meanwhile: afterwards it is as the file says. */
static void on_service(void *arg, enum conf_change change, const struct conf_service *before,
		       const struct conf_service *after)
{
	struct change *c = arg;
	int err;

	if (change == CONF_REMOVED) {
		c->res->services_removed++;
		err = model_service_del(c->m, &before->svc.ep);
		if (err && err != -ENOENT)
			failed(c, err, &before->svc.ep, NULL);
		return;
	}
	if (change == CONF_ADDED)
		c->res->services_added++;
	else
		c->res->services_changed++;
	err = model_service_edit(c->m, &after->svc);
	if (err == -ENOENT)
		err = model_service_add(c->m, &after->svc);
	if (err)
		failed(c, err, &after->svc.ep, NULL);
}

static uint32_t live_flows(struct change *c, const struct endpoint *ep,
			   const struct backend_conf *be)
{
	const struct model_backend *b = model_backend_get(c->m, ep, &be->addr, be->port);
	const struct model_flows *f;

	if (!b)
		return 0;
	f = &model_flows(c->m)[backend_slot(b->id)];
	return f->active + f->inactive;
}

static void server_removed(struct change *c, const struct conf_service *s,
			   const struct conf_server *server)
{
	uint32_t live = live_flows(c, &s->svc.ep, &server->be);
	char service[ADDR_TEXT], text[ADDR_TEXT];
	int err;

	c->res->servers_removed++;
	c->res->live += live;
	if (c->flows && live)
		json_array_append_new(c->flows,
				      json_pack("{s:s, s:s, s:s, s:I}", "proto",
						proto_text(s->svc.ep.proto), "service",
						host_text(&s->svc.ep.addr, s->svc.ep.port, service),
						"server", addr_text(&server->be.addr, text),
						"connections", (json_int_t)live));
	err = model_backend_del(c->m, &s->svc.ep, &server->be.addr, server->be.port);
	if (err && err != -ESRCH && err != -ENOENT)
		failed(c, err, &s->svc.ep, &server->be.addr);
}

static void on_server(void *arg, enum conf_change change, const struct conf_service *s,
		      const struct conf_server *before, const struct conf_server *after)
{
	struct change *c = arg;
	int err;

	if (change == CONF_REMOVED) {
		server_removed(c, s, before);
		return;
	}
	if (change == CONF_ADDED)
		c->res->servers_added++;
	else
		c->res->servers_changed++;
	err = model_backend_edit(c->m, &s->svc.ep, &after->be);
	if (err == -ESRCH)
		err = model_backend_add(c->m, &s->svc.ep, &after->be);
	if (err)
		failed(c, err, &s->svc.ep, &after->be.addr);
}

/* Edits the draft from one file to another. */
static int edit(struct reload *r, const struct conf *from, const struct conf *to, json_t *flows,
		struct reload_result *res)
{
	static const struct conf_diff_ops ops = {.service = on_service, .server = on_server};
	struct change c = {r->model, res, flows, 0};
	int n = conf_diff(from, to, &ops, &c);

	for (int i = 0; flows && i < from->n_services; i++) /* a service's end is its servers' */
		for (int k = 0; k < from->service[i].n_servers; k++) {
			struct model_service s;

			if (model_draft_has(r->model, &from->service[i].svc.ep) ||
			    !model_service_get(r->model, &from->service[i].svc.ep, &s))
				continue;
			server_removed(&c, &from->service[i], &from->service[i].server[k]);
		}
	return n < 0 ? n : c.err;
}

/* Reads a file: 0, or -EINVAL with the first of its errors told. */
static int parse(const char *path, struct conf *out, struct reload_result *res)
{
	char *text = NULL;
	size_t size;
	FILE *errors = open_memstream(&text, &size);
	int err;

	if (!errors)
		return -ENOMEM;
	err = conf_parse_file(path, out, errors);
	fclose(errors);
	if (err) {
		text[strcspn(text, "\n")] = '\0';
		snprintf(res->error, sizeof(res->error), "%s", *text ? text : strerror(-err));
	}
	free(text);
	return err;
}

static int commit(struct reload *r, struct reload_result *res)
{
	int err = model_commit(r->model);

	if (err)
		snprintf(res->error, sizeof(res->error), "the change can't be made: %s",
			 strerror(-err));
	return err;
}

/* The table, whoever made it, becomes the file's. */
static int replace(struct reload *r, struct reload_result *res)
{
	static const struct conf nothing;
	int err = model_clear(r->model);

	if (!err)
		err = edit(r, &nothing, &r->now, NULL, res);
	if (!err)
		return commit(r, res);
	model_rollback(r->model);
	return err;
}

int reload_open(struct reload **out, uv_loop_t *loop, struct model *m, const char *path, bool fresh,
		struct reload_result *res)
{
	struct reload *r = calloc(1, sizeof(*r));
	int err;

	*res = (struct reload_result){0};
	if (!r)
		return -ENOMEM;
	r->model = m;
	r->path = path;
	uv_timer_init(loop, &r->confirm);
	r->confirm.data = r;
	*out = r;
	err = parse(path, &r->now, res);
	return err || !fresh ? err : replace(r, res);
}

static void free_reload(uv_handle_t *h)
{
	struct reload *r = h->data;

	conf_free(&r->now);
	conf_free(&r->before);
	free(r);
}

void reload_close(struct reload *r)
{
	if (r)
		uv_close((uv_handle_t *)&r->confirm, free_reload);
}

/* From what is in force to another file: *to is taken over if all goes well. */
static int change_to(struct reload *r, struct conf *to, bool protect, struct reload_result *res)
{
	json_t *flows = json_array();
	int err = flows ? edit(r, &r->now, to, flows, res) : -ENOMEM;

	if (!err && protect && res->live) {
		snprintf(res->error, sizeof(res->error),
			 "%u live connections are of servers that would be removed; cure: drain "
			 "them, "
			 "or reload without --protect-live",
			 res->live);
		err = -EBUSY;
	}
	if (err)
		model_rollback(r->model);
	else
		err = commit(r, res);
	json_decref(flows);
	if (err)
		return err;
	conf_free(&r->before);
	r->before = r->now;
	r->now = *to;
	r->can_undo = true;
	return 0;
}

static void on_unconfirmed(uv_timer_t *t)
{
	struct reload *r = t->data;
	struct reload_result res;
	int err = reload_undo(r, &res);

	log_warn("the reload wasn't confirmed in time: %s", err ? res.error : "taken back");
}

int reload_again(struct reload *r, bool protect, uint64_t confirm_ms, struct reload_result *res)
{
	struct conf next;
	int err;

	*res = (struct reload_result){0};
	err = parse(r->path, &next, res);
	if (err)
		return err;
	err = change_to(r, &next, protect, res);
	if (err) {
		conf_free(&next);
		return err;
	}
	uv_timer_stop(&r->confirm);
	if (confirm_ms)
		uv_timer_start(&r->confirm, on_unconfirmed, confirm_ms, 0);
	return 0;
}

static void on_move(void *ctx, const struct endpoint *ep, uint32_t moved, uint32_t places)
{
	json_array_append_new(ctx, preview_move(ep, moved, places));
}

int reload_plan(struct reload *r, const char *path, json_t *moves, json_t *flows,
		struct reload_result *res)
{
	struct conf next;
	int err;

	*res = (struct reload_result){0};
	err = parse(path, &next, res);
	if (err)
		return err;
	err = edit(r, &r->now, &next, flows, res);
	if (!err)
		err = model_preview(r->model, on_move, moves);
	model_rollback(r->model);
	conf_free(&next);
	return err;
}

static int try_change(struct reload *r, const struct conf *to, json_t *answer,
		      struct reload_result *res)
{
	int err = edit(r, &r->now, to, NULL, res);

	if (!err)
		err = preview_draft(r->model, answer);
	model_rollback(r->model);
	return err;
}

int reload_try(struct reload *r, json_t *answer, struct reload_result *res)
{
	struct conf next;
	int err;

	*res = (struct reload_result){0};
	err = parse(r->path, &next, res);
	if (err)
		return err;
	err = try_change(r, &next, answer, res);
	conf_free(&next);
	return err;
}

static int nothing_to_undo(struct reload_result *res)
{
	snprintf(res->error, sizeof(res->error), "there is no reload to take back");
	return -ENOENT;
}

int reload_try_undo(struct reload *r, json_t *answer, struct reload_result *res)
{
	*res = (struct reload_result){0};
	return r->can_undo ? try_change(r, &r->before, answer, res) : nothing_to_undo(res);
}

int reload_confirm(struct reload *r)
{
	if (!uv_is_active((uv_handle_t *)&r->confirm))
		return -ENOENT;
	uv_timer_stop(&r->confirm);
	return 0;
}

int reload_undo(struct reload *r, struct reload_result *res)
{
	struct conf back = r->before;
	int err;

	*res = (struct reload_result){0};
	if (!r->can_undo)
		return nothing_to_undo(res);
	r->before = (struct conf){0};
	err = change_to(r, &back, false, res);
	if (err)
		r->before = back;
	else
		uv_timer_stop(&r->confirm);
	return err;
}

uint32_t reload_checks(const struct reload *r)
{
	uint32_t n = 0;

	for (int i = 0; i < r->now.n_services; i++)
		for (int k = 0; k < r->now.service[i].n_servers; k++)
			n += (uint32_t)r->now.service[i].server[k].n_checks;
	return n;
}
