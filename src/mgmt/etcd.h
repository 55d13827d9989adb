/* SPDX-License-Identifier: BSD-2-Clause */
/* Services and servers from an etcd cluster, by its v3 API as JSON over HTTP (the gRPC gateway).
 * All keys below the prefix are one text; whenever any of them changes they are read anew, whole,
 * so that a change of several keys in one transaction is one change here. Management thread. */
#ifndef SHUNT_MGMT_ETCD_H
#define SHUNT_MGMT_ETCD_H

#include <uv.h>

#include "conf/conf.h"

struct etcd;

struct etcd_hooks {
	/* What the keys say now, when it isn't what it was: shunt.conf's virtual_server blocks.
	 * False: it isn't taken, which is an alarm of its own. Never called from within a call of
	 * this header. */
	bool (*changed)(void *ctx, const char *text, size_t size);
	/* Something is wrong, or no longer (why is NULL): nothing changes until it is right. */
	void (*alarm)(void *ctx, const char *why);
	void *ctx;
};

/* Begins to follow the cluster. source is borrowed. Returns 0 or -errno. */
int etcd_open(struct etcd **out, uv_loop_t *loop, const struct conf_source *source,
	      const struct etcd_hooks *hooks);

/* The loop has to run on until its handles are closed. Takes NULL. */
void etcd_close(struct etcd *e);

#endif
