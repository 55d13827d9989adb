/* SPDX-License-Identifier: BSD-2-Clause */
/* shunt.conf and the table: a file is read whole, and what differs from the last one becomes one
 * change of the model. What the file leaves as it was isn't touched, nor what was changed by hand
 * meanwhile. Management thread. */
#ifndef SHUNT_MGMT_RELOAD_H
#define SHUNT_MGMT_RELOAD_H

#include <jansson.h>
#include <uv.h>

#include "conf/conf.h"
#include "mgmt/model.h"

struct reload;

/* A file is in force now, in the table too. now lives until the call after this one. */
struct reload_hooks {
	void (*in_force)(void *ctx, struct reload *r, const struct conf *now);
	void *ctx;
};

/* What a change did, or would do. */
struct reload_result {
	uint32_t services_added, services_removed, services_changed;
	uint32_t servers_added, servers_removed, servers_changed;
	uint32_t live;	 /* connections of servers that are removed */
	char error[512]; /* "": none; else what is wrong, and the cure */
};

/* Remembers the file at path, and reads it. fresh: shuntd has just started, and the table becomes
 * the file's, whatever an earlier life left; else an engine took over, and it is so already.
 * Strings are borrowed. Returns 0, or -errno with the result's error told. */
int reload_open(struct reload **out, uv_loop_t *loop, struct model *m, const char *path, bool fresh,
		const struct reload_hooks *hooks, struct reload_result *res);

/* Closes it; the loop has to run once more. Takes NULL. */
void reload_close(struct reload *r);

/* Reads the file again and brings what differs into force. protect: refuses a change that removes
 * servers with live connections. confirm_ms: undone after this time unless reload_confirm is
 * called; 0: for good. Returns 0, or -errno: then the table is as it was, and res->error says
 * why. */
int reload_again(struct reload *r, bool protect, uint64_t confirm_ms, struct reload_result *res);

/* Puts these services, text under that name, in the place of the file's, if the file has a source
 * for them; and reads the file again. Returns and fails as reload_again does: then what was there
 * before stays. */
int reload_over(struct reload *r, const char *name, const char *text, size_t size,
		struct reload_result *res);

/* What reload_again with this file would do. Nothing changes. Appends to moves (an array) the
 * services whose Maglev places would move, and to flows the servers whose live connections would
 * end. */
int reload_plan(struct reload *r, const char *path, json_t *moves, json_t *flows,
		struct reload_result *res);

/* What reload_again with the same file, or reload_undo, would do: adds "plan" to the answer (see
 * preview_draft). Nothing changes. Returns 0, or -errno with the result's error told. */
int reload_try(struct reload *r, json_t *answer, struct reload_result *res);
int reload_try_undo(struct reload *r, json_t *answer, struct reload_result *res);

/* The last change stays; or is taken back. -ENOENT: there is none to confirm, or to take back. */
int reload_confirm(struct reload *r);
int reload_undo(struct reload *r, struct reload_result *res);

/* How the last reading of the file went, and when (CLOCK_REALTIME) one was good. Borrowed. */
struct reload_last {
	bool good;
	time_t good_at;
};
const struct reload_last *reload_last(const struct reload *r);

/* Appends a line for each way in which the table isn't as the file said. Returns 0 or -ENOMEM. */
int reload_diff(struct reload *r, json_t *lines);

#endif
