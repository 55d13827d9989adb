/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/reload_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "mgmt/preview.h"
#include "mgmt/source.h"

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

static bool has_sorry(const struct conf_service *s)
{
	static const struct addr none;

	return s && !addr_equal(&s->sorry.addr, &none);
}

/* Until health says otherwise the sorry server doesn't serve. */
static int sorry_follow(struct model *m, const struct conf_service *before,
			const struct conf_service *after)
{
	static const struct backend_health rests = {.use = USE_NOT, .sorry = true};
	const struct endpoint *ep = &after->svc.ep;
	int err;

	if (has_sorry(before) && !addr_equal(&before->sorry.addr, &after->sorry.addr))
		model_backend_del(m, ep, &before->sorry.addr, before->sorry.port);
	if (!has_sorry(after))
		return 0;
	err = model_backend_edit(m, ep, &after->sorry);
	if (err != -ESRCH)
		return err;
	err = model_backend_add(m, ep, &after->sorry);
	return err ? err : model_backend_use(m, ep, &after->sorry.addr, after->sorry.port, &rests);
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
	if (!err)
		err = sorry_follow(c->m, before, after);
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

/* With alpha a server is down until its first good check. */
static int add_server(struct model *m, const struct endpoint *ep, const struct conf_server *s)
{
	struct backend_health down = {.use = s->inhibit ? USE_IDLE : USE_NOT};
	int err = model_backend_add(m, ep, &s->be);

	for (int i = 0; i < s->n_checks && !err; i++) {
		if (s->check[i].pace.alpha)
			return model_backend_use(m, ep, &s->be.addr, s->be.port, &down);
	}
	return err;
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
		err = add_server(c->m, &s->svc.ep, after);
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

/* Reads a file, or text: 0, or -EINVAL with the first of its errors told. */
static int parse_one(const char *path, const char *data, size_t len, struct conf *out,
		     struct reload_result *res)
{
	char *text = NULL;
	size_t size;
	FILE *errors = open_memstream(&text, &size);
	int err;

	if (!errors)
		return -ENOMEM;
	err = data ? conf_parse_text(path, data, len, out, errors)
		   : conf_parse_file(path, out, errors);
	fclose(errors);
	if (err) {
		text[strcspn(text, "\n")] = '\0';
		snprintf(res->error, sizeof(res->error), "%s", *text ? text : strerror(-err));
	}
	free(text);
	return err;
}

/* Puts a source's services in the place of the file's. Returns 0, or -errno: *file is as it was. */
static int lay_over(struct conf *file, const char *name, const char *text, size_t size,
		    struct reload_result *res)
{
	struct conf over, mine = *file;
	const char *why;
	int err = parse_one(name, text, size, &over, res);

	if (err)
		return err;
	why = conf_source_refuses(&file->source, &over);
	if (why) {
		snprintf(res->error, sizeof(res->error), "%s: it has %s", name, why);
		conf_free(&over);
		return -EINVAL;
	}
	file->service = over.service;
	file->n_services = over.n_services;
	over.service = mine.service;
	over.n_services = mine.n_services;
	conf_free(&over);
	return 0;
}

/* What a source said in an earlier life: it is used until the source says something. */
static void recall(struct reload *r, struct conf *file)
{
	const char *name = file->source.cache;
	struct reload_result res;
	char *text = NULL;
	size_t size;

	if (source_cache_read(name, &text, &size))
		return;
	if (lay_over(file, name, text, size, &res)) {
		log_warn("what the source said last isn't used: %s", res.error);
		free(text);
		return;
	}
	r->over = text;
	r->over_size = size;
	r->over_name = strdup(name);
}

/* The services of a file that has another source are the source's, once it has said any. */
static int parse(struct reload *r, const char *path, struct conf *out, struct reload_result *res)
{
	int err = parse_one(path, NULL, 0, out, res);

	if (err || !out->source.endpoint)
		return err;
	if (!r->over || !r->over_name) {
		recall(r, out);
		return 0;
	}
	err = lay_over(out, r->over_name, r->over, r->over_size, res);
	if (err)
		conf_free(out);
	return err;
}

int reload_over(struct reload *r, const char *name, const char *text, size_t size,
		struct reload_result *res)
{
	char *old = r->over, *old_name = r->over_name;
	size_t old_size = r->over_size;
	int err;

	*res = (struct reload_result){0};
	r->over = malloc(size + 1);
	r->over_name = strdup(name);
	r->over_size = size;
	err = r->over && r->over_name ? 0 : -ENOMEM;
	if (!err) {
		memcpy(r->over, text, size);
		err = reload_again(r, false, 0, res);
	}
	if (!err) {
		free(old);
		free(old_name);
		return 0;
	}
	free(r->over);
	free(r->over_name);
	r->over = old;
	r->over_name = old_name;
	r->over_size = old_size;
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

static void note(struct reload *r, int err)
{
	r->last.good = !err;
	if (!err)
		r->last.good_at = time(NULL);
}

const struct reload_last *reload_last(const struct reload *r)
{
	return &r->last;
}

int reload_open(struct reload **out, uv_loop_t *loop, struct model *m, const char *path, bool fresh,
		const struct reload_hooks *hooks, struct reload_result *res)
{
	struct reload *r = calloc(1, sizeof(*r));
	int err;

	*res = (struct reload_result){0};
	if (!r)
		return -ENOMEM;
	r->model = m;
	r->path = path;
	r->hooks = *hooks;
	uv_timer_init(loop, &r->confirm);
	r->confirm.data = r;
	*out = r;
	err = parse(r, path, &r->now, res);
	if (!err && fresh)
		err = replace(r, res);
	note(r, err);
	if (!err)
		hooks->in_force(hooks->ctx, r, &r->now);
	return err;
}

static void free_reload(uv_handle_t *h)
{
	struct reload *r = h->data;

	conf_free(&r->now);
	conf_free(&r->before);
	free(r->over);
	free(r->over_name);
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
	r->hooks.in_force(r->hooks.ctx, r, &r->now);
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
	err = parse(r, r->path, &next, res);
	if (!err) {
		err = change_to(r, &next, protect, res);
		if (err)
			conf_free(&next);
	}
	note(r, err);
	if (err)
		return err;
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
	err = parse(r, path, &next, res);
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
	err = parse(r, r->path, &next, res);
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
