/* SPDX-License-Identifier: BSD-2-Clause */
/* Services from elsewhere than the file: what etcd says is put over the file's services, kept on
 * disk when it was good, and told when it isn't. Management thread. */
#ifndef SHUNT_MGMT_SOURCE_H
#define SHUNT_MGMT_SOURCE_H

#include <uv.h>

#include "conf/conf.h"

struct reload;
struct source;

/* Follows nobody yet. loop is borrowed. Returns 0 or -ENOMEM. */
int source_open(struct source **out, uv_loop_t *loop);

/* The file in force says this now; reload is what its services go to, borrowed. It may be called
 * from within a call of reload's: what follows from it comes later, from the loop. */
void source_follow(struct source *s, struct reload *reload, const struct conf_source *conf);

/* The loop has to run on until its handles are closed. Takes NULL. */
void source_close(struct source *s);

/* Whether the source is there, and what it says is in force; true if there is none. */
bool source_good(const struct source *s);

/* Reads what was good last: 0 and *text, the caller's; or -errno. */
int source_cache_read(const char *path, char **text, size_t *size);

#endif
