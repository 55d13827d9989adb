/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds any lines to the commands of the control protocol, on a model of their own: each has an
 * answer, and one that is refused, or that comes from who may only read, leaves the table as it
 * was. A line that begins with a space is such a reader's. */
#include <assert.h>

#include "mgmt/command_world_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	LINES_MAX = 64 /* of an input */
};

static char *table(struct world *w)
{
	json_t *request = json_pack("{s:s}", "cmd", "list"),
	       *answer = command_run(&w->ctx, request, false);
	char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(answer);
	json_decref(request);
	assert(text);
	return text;
}

static void run_line(struct world *w, const char *line, size_t len)
{
	bool reader = len && line[0] == ' ';
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL), *answer;
	char *before, *after;
	bool same, taken;

	if (!request)
		return;
	before = table(w);
	answer = command_run(&w->ctx, request, !reader);
	assert(json_is_object(answer) && json_is_boolean(json_object_get(answer, "ok")));
	taken = json_is_true(json_object_get(answer, "ok"));
	after = table(w);
	same = !strcmp(before, after);
	assert(same || (taken && !reader));
	free(after);
	free(before);
	json_decref(answer);
	json_decref(request);
}

/* For the next input. */
static void empty(struct world *w)
{
	assert(!model_clear(w->ctx.model) && !model_commit(w->ctx.model));
	for (int i = 0; i < 3 && model_services(w->ctx.model); i++)
		model_sweep(w->ctx.model);
	assert(!model_services(w->ctx.model));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	static void *world; /* opening one takes longer than all that is asked of it */

	if (!world)
		world_open(&world);
	for (int n = 0; at < end && n < LINES_MAX; n++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		run_line(world, at, len);
		at += len + 1;
	}
	empty(world);
	return 0;
}
