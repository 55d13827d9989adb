/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the control protocol. An edit is a transaction of its own; a batch is one of
 * many. */
#include <errno.h>
#include <string.h>

#include "mgmt/control.h"
#include "mgmt/list.h"
#include "mgmt/preview.h"
#include "mgmt/reload_command.h"
#include "mgmt/request.h"
#include "mgmt/show.h"

enum {
	SCHEMA_VERSION = 1
};

static int service_add(struct model *m, const struct request *r)
{
	return model_service_add(m, &r->service);
}

static int service_edit(struct model *m, const struct request *r)
{
	return model_service_edit(m, &r->service);
}

static int service_del(struct model *m, const struct request *r)
{
	return model_service_del(m, &r->service.ep);
}

static int server_add(struct model *m, const struct request *r)
{
	return model_backend_add(m, &r->service.ep, &r->server);
}

static int server_edit(struct model *m, const struct request *r)
{
	return model_backend_edit(m, &r->service.ep, &r->server);
}

static int server_del(struct model *m, const struct request *r)
{
	return model_backend_del(m, &r->service.ep, &r->server.addr, r->server.port);
}

static int clear(struct model *m, const struct request *r)
{
	(void)r;
	return model_clear(m);
}

static int zero(struct model *m, const struct request *r)
{
	return model_zero(m, r->has & FIELD_SERVICE ? &r->service.ep : NULL);
}

static int fault_no_service(struct fault *f)
{
	return fault_set(f, "no-service", "No such service");
}

static int list(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f)
{
	const struct endpoint *one = r->has & FIELD_SERVICE ? &r->service.ep : NULL;

	return list_table(ctx, one, answer) ? fault_no_service(f) : 0;
}

static int show(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f)
{
	return show_run(ctx, r->what, answer, f);
}

static int timeouts(struct command_ctx *ctx, const struct request *r, json_t *answer,
		    struct fault *f)
{
	(void)r, (void)f;
	list_timeouts(ctx, answer);
	return 0;
}

static int set_timeouts(struct command_ctx *ctx, const struct request *r, json_t *answer,
			struct fault *f)
{
	(void)answer;
	if (r->dry_run)
		return 0;
	if (model_set_timeouts(ctx->model, &r->timeouts))
		return fault_set(f, "unsupported", "the timeouts of flows are fixed");
	return 0;
}

static int connections(struct command_ctx *ctx, const struct request *r, json_t *answer,
		       struct fault *f)
{
	return list_connections(ctx, r->cursor, answer, f);
}

static int batch(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f);

enum {
	SERVICE_FIELDS = FIELD_FLAGS | FIELD_PERSISTENT | FIELD_NETMASK | FIELD_REMOVED
};

static const struct command {
	const char *name;
	unsigned int must, may;					    /* enum request_field */
	int (*edit)(struct model *m, const struct request *r);	    /* changes the draft ... */
	int (*run)(struct command_ctx *ctx, const struct request *, /* ... or whatever else */
		   json_t *answer, struct fault *f);
	bool write; /* whoever may only read is refused */
} commands[] = {
	{"service-add", FIELD_SERVICE | FIELD_SCHEDULER, SERVICE_FIELDS, service_add, NULL, true},
	{"service-edit", FIELD_SERVICE | FIELD_SCHEDULER, SERVICE_FIELDS, service_edit, NULL, true},
	{"service-del", FIELD_SERVICE, 0, service_del, NULL, true},
	{"server-add", FIELD_SERVICE | FIELD_SERVER | FIELD_CONF, 0, server_add, NULL, true},
	{"server-edit", FIELD_SERVICE | FIELD_SERVER | FIELD_CONF, 0, server_edit, NULL, true},
	{"server-del", FIELD_SERVICE | FIELD_SERVER, 0, server_del, NULL, true},
	{"clear", 0, 0, clear, NULL, true},
	{"zero", 0, FIELD_SERVICE, zero, NULL, true},
	{"batch", FIELD_REQUESTS, FIELD_REPLACE | FIELD_DRY_RUN, NULL, batch, true},
	{"set-timeouts", FIELD_TIMEOUTS, FIELD_DRY_RUN, NULL, set_timeouts, true},
	{"timeouts", 0, 0, NULL, timeouts, false},
	{"connections", 0, FIELD_CURSOR, NULL, connections, false},
	{"reload", 0, FIELD_PROTECT | FIELD_CONFIRM | FIELD_DRY_RUN, NULL, reload_command, true},
	{"confirm", 0, 0, NULL, confirm_command, true},
	{"undo", 0, FIELD_DRY_RUN, NULL, undo_command, true},
	{"plan", FIELD_FILE, 0, NULL, plan_command, true},
	{"diff", 0, 0, NULL, diff_command, false},
	{"list", 0, FIELD_SERVICE, NULL, list, false},
	{"show", FIELD_WHAT, 0, NULL, show, false},
};

static const struct command *command_find(const json_t *request, struct fault *f)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));

	if (!json_is_object(request)) {
		fault_set(f, "invalid", "a request must be an object");
		return NULL;
	}
	if (!name) {
		fault_set(f, "invalid", "field 'cmd' is missing, or no string");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	fault_set(f, "invalid", "command '%.64s' is unknown", name);
	return NULL;
}

static int fault_errno(struct fault *f, int err, const struct request *r)
{
	bool server = r->has & FIELD_SERVER;

	switch (err) {
	case -EEXIST:
		return fault_set(f, "exists", "%s already exists",
				 server ? "Destination" : "Service");
	case -ENOENT:
		return fault_no_service(f);
	case -ESRCH:
		return fault_set(f, "no-server", "No such destination");
	case -ENOSPC:
		return fault_set(f, "full",
				 "the table is full: %d services and %d servers at most, with "
				 "removed ones that still have connections",
				 SERVICES_MAX, BACKENDS_MAX);
	case -ENOMEM:
		return fault_set(f, "no-memory", "Memory allocation problem");
	default:
		return fault_set(f, "failed", "%s", strerror(-err));
	}
}

/* Brings the edits into force. */
static int commit(struct model *m, struct fault *f)
{
	int err = model_commit(m);

	if (err == -ENOMEM)
		return fault_set(f, "no-memory", "Memory allocation problem");
	if (err)
		return fault_set(f, "failed", "the XDP program doesn't take the change: %s",
				 strerror(-err));
	return 0;
}

/* A server that can't be reached by direct routing is told at once if that is known already; nobody
 * waits for it to be. The first of a batch is told. */
static void warn(struct command_ctx *ctx, const struct request *r, json_t *answer)
{
	const struct backend_conf *server = &r->server;
	const struct model_backend *b;
	char text[ADDR_TEXT];

	if (!(r->has & FIELD_SERVER))
		return;
	b = model_backend_get(ctx->model, &r->service.ep, &server->addr, server->port);
	if (b && b->reach->state == REACH_GATEWAY)
		json_object_set_new(answer, "warning",
				    json_sprintf("server %s is behind a gateway: direct routing "
						 "reaches only servers on the director's own links",
						 addr_text(&server->addr, text)));
}

static int edit_one(struct command_ctx *ctx, const struct command *c, const struct request *r,
		    struct fault *f)
{
	int err = c->edit ? c->edit(ctx->model, r) : -EINVAL;

	return err ? fault_errno(f, err, r) : 0;
}

static int batch_edit(struct command_ctx *ctx, const json_t *one, struct fault *f)
{
	const struct command *c = command_find(one, f);
	struct request r;

	if (!c)
		return -1;
	if (!c->edit)
		return fault_set(f, "invalid", "command '%s' can't be part of a batch", c->name);
	if (request_parse(one, c->must, c->may, &r, f))
		return -1;
	return edit_one(ctx, c, &r, f);
}

static void batch_warn(struct command_ctx *ctx, const json_t *requests, json_t *answer)
{
	struct request r;
	struct fault f;
	json_t *one;
	size_t i;

	json_array_foreach (requests, i, one) {
		if (json_object_get(answer, "warning"))
			return;
		if (json_object_get(one, "server") &&
		    !request_parse(one, FIELD_SERVICE | FIELD_SERVER, 0, &r, &f))
			warn(ctx, &r, answer);
	}
}

/* Tells what the edits would do, and takes them back. */
static int try_only(struct command_ctx *ctx, json_t *answer, struct fault *f)
{
	int err = preview_draft(ctx->model, answer);

	model_rollback(ctx->model);
	return err ? fault_set(f, "no-memory", "Memory allocation problem") : 0;
}

static int batch(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f)
{
	static const struct request none;
	json_t *one;
	size_t i;

	if (r->replace && model_clear(ctx->model))
		return fault_errno(f, -ENOMEM, &none);
	json_array_foreach (r->requests, i, one) {
		if (!batch_edit(ctx, one, f))
			continue;
		json_object_set_new(answer, "index", json_integer((json_int_t)i));
		return -1;
	}
	if (r->dry_run) {
		list_draft(ctx, answer);
		return try_only(ctx, answer, f);
	}
	if (commit(ctx->model, f))
		return -1;
	batch_warn(ctx, r->requests, answer);
	return 0;
}

static int command_carry_out(struct command_ctx *ctx, json_t *request, bool write, json_t *answer,
			     struct fault *f)
{
	const struct command *c = command_find(request, f);
	struct request r;

	if (!c)
		return -1;
	if (c->write && !write)
		return fault_set(f, "denied",
				 "Operation not permitted: changes are made through the "
				 "control socket, by root or its group");
	if (request_parse(request, c->must, c->may | (c->edit ? FIELD_DRY_RUN : 0), &r, f))
		return -1;
	if (c->run)
		return c->run(ctx, &r, answer, f);
	if (edit_one(ctx, c, &r, f))
		return -1;
	if (r.dry_run)
		return try_only(ctx, answer, f);
	if (commit(ctx->model, f))
		return -1;
	warn(ctx, &r, answer);
	return 0;
}

json_t *command_fault(const struct fault *f)
{
	json_t *answer = json_pack("{s:i, s:b, s:s, s:s}", "schema_version", SCHEMA_VERSION, "ok",
				   0, "error", f->text, "code", f->code);

	return answer ? answer : json_null();
}

json_t *command_run(struct command_ctx *ctx, json_t *request, bool write)
{
	json_t *answer = json_pack("{s:i, s:b}", "schema_version", SCHEMA_VERSION, "ok", 1);
	struct fault f = {0};
	json_t *index, *refusal;

	if (!answer)
		return json_null();
	if (!command_carry_out(ctx, request, write, answer, &f))
		return answer;
	model_rollback(ctx->model);
	refusal = command_fault(&f);
	index = json_object_get(answer, "index");
	if (index)
		json_object_set(refusal, "index", index);
	json_decref(answer);
	return refusal;
}
