/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the operator's: checks (MISC_CHECK) and scripts (notify_up, quorum_down, ...). They
 * run without a shell, without our capabilities and descriptors, as a process group of their own.
 * On one libuv loop; its thread is the caller. */
#ifndef SHUNT_HEALTH_EXEC_H
#define SHUNT_HEALTH_EXEC_H

#include <uv.h>

#include "conf/check.h"

struct exec;

enum {
	EXEC_SIGNAL = 256
};

/* What came of it: status is the exit code (0 to 255); EXEC_SIGNAL + the signal that ended it,
 * which no exit code is; -ETIMEDOUT if that was ours. */
typedef void (*exec_done_fn)(void *arg, int status);

/* Begins a command: words between blanks, or in quotes, as a shell has them, but nothing is
 * substituted, and an empty one is none. The first is a path, or found in PATH. user: whose it runs
 * as (by setpriv(1)); NULL names: ours. timeout_ms: then SIGTERM to its group, and SIGKILL 2 s
 * later; 0: never. done is called once, from the loop; NULL: nobody wants to know. Returns NULL
 * with errno set if it can't be begun: done isn't called. */
struct exec *exec_start(uv_loop_t *loop, const char *line, const struct conf_user *user,
			uint64_t timeout_ms, exec_done_fn done, void *arg);

/* done won't be called; the command is ended. */
void exec_cancel(struct exec *e);

#endif
