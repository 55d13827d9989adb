/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/reload_command.h"

#include "mgmt/preview.h"
#include "mgmt/reload.h"

/* 0 if there is a file. */
static int need_file(const struct command_ctx *ctx, struct fault *f)
{
	if (ctx->reload)
		return 0;
	return fault_set(f, "no-file",
			 "shuntd has no configuration file; cure: start it with -f FILE");
}

static void set_counts(json_t *answer, const struct reload_result *res)
{
	json_object_set_new(answer, "services",
			    preview_counts(res->services_added, res->services_removed,
					   res->services_changed));
	json_object_set_new(answer, "servers",
			    preview_counts(res->servers_added, res->servers_removed,
					   res->servers_changed));
	json_object_set_new(answer, "live_connections_removed", json_integer(res->live));
}

/* Ends a command: what it did, or why it didn't. */
static int finish(int err, const struct reload_result *res, json_t *answer, struct fault *f)
{
	if (err)
		return fault_set(f, "refused", "%s", res->error);
	set_counts(answer, res);
	return 0;
}

int reload_command(struct command_ctx *ctx, const struct request *r, json_t *answer,
		   struct fault *f)
{
	struct reload_result res;

	if (need_file(ctx, f))
		return -1;
	if (r->dry_run)
		return finish(reload_try(ctx->reload, answer, &res), &res, answer, f);
	return finish(reload_again(ctx->reload, r->protect_live, (uint64_t)r->confirm * 1000, &res),
		      &res, answer, f);
}

int confirm_command(struct command_ctx *ctx, const struct request *r, json_t *answer,
		    struct fault *f)
{
	(void)r, (void)answer;
	if (need_file(ctx, f))
		return -1;
	if (reload_confirm(ctx->reload))
		return fault_set(f, "nothing", "no reload waits to be confirmed");
	return 0;
}

int undo_command(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f)
{
	struct reload_result res;

	if (need_file(ctx, f))
		return -1;
	if (r->dry_run)
		return finish(reload_try_undo(ctx->reload, answer, &res), &res, answer, f);
	return finish(reload_undo(ctx->reload, &res), &res, answer, f);
}

int plan_command(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f)
{
	json_t *moves = json_array(), *flows = json_array();
	struct reload_result res;
	int err;

	if (need_file(ctx, f)) {
		json_decref(moves);
		json_decref(flows);
		return -1;
	}
	err = reload_plan(ctx->reload, r->file, moves, flows, &res);
	json_object_set_new(answer, "moves", moves);
	json_object_set_new(answer, "connections", flows);
	return finish(err, &res, answer, f);
}

int diff_command(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f)
{
	json_t *lines;

	(void)r;
	if (need_file(ctx, f))
		return -1;
	lines = json_array();
	reload_diff(ctx->reload, lines);
	json_object_set_new(answer, "differences", lines);
	return 0;
}
