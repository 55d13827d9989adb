/* SPDX-License-Identifier: BSD-2-Clause */
/* The holder: the parent process. It owns what must stay (setup.h), forks the engine, and then
 * only waits; when the engine dies it forks another onto the same sockets and tables. */
#ifndef SHUNT_HOLDER_H
#define SHUNT_HOLDER_H

#include "setup.h"

struct holder_conf {
	struct setup_conf setup;
	const char *ctl;		       /* control socket */
	const char *file;		       /* shunt.conf; NULL: none */
	struct endpoint metrics;	       /* where they are had; port 0: nowhere */
	bool keep_on_exit;		       /* --on-exit drop */
	void (*warn)(const struct plan *plan); /* says the plan's warnings, once all is well */
};

/* Sets everything up and supervises engines until SIGTERM or SIGINT. Returns an exit code, or
 * EXIT_REBUILD: everything is closed but what is pinned, and the program shall start anew. */
int holder_run(const struct holder_conf *conf);

#endif
