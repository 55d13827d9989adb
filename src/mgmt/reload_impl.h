/* SPDX-License-Identifier: BSD-2-Clause */
/* What reload.c and reload_diff.c share; nobody else includes it. */
#ifndef SHUNT_MGMT_RELOAD_IMPL_H
#define SHUNT_MGMT_RELOAD_IMPL_H

#include "mgmt/reload.h"

struct reload {
	struct model *model;
	const char *path;
	struct reload_hooks hooks;
	char *over, *over_name; /* services in place of the file's; NULL: there are none */
	size_t over_size;
	struct conf now;    /* in force */
	struct conf before; /* what undo goes back to */
	bool can_undo;
	struct reload_last last;
	uv_timer_t confirm; /* active: the change waits to be confirmed */
};

#endif
