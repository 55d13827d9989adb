/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine: workers and management, in a process of their own, on what the holder set up. It
 * may die at any moment; the next one goes on with the same sockets, frames and tables. */
#ifndef SHUNT_ENGINE_H
#define SHUNT_ENGINE_H

#include "setup.h"

/* Runs until SIGTERM or SIGINT. Writes a byte to ready_fd once every worker forwards and the
 * control socket listens (-1: nobody asks). Returns an exit code: 0, EXIT_REBUILD, or what went
 * wrong at the start. The child, right after fork. */
int engine_run(struct setup *s, const char *ctl, const char *file, const struct endpoint *metrics,
	       int ready_fd);

#endif
