/* SPDX-License-Identifier: BSD-2-Clause */
/* shuntctl import and check: configuration files, without shuntd. */
#ifndef SHUNTCTL_IMPORT_H
#define SHUNTCTL_IMPORT_H

#include "ctl.h"

/* Run "import keepalived|ipvsadm FILE" and "check FILE"; argv[0] is the word behind the verb.
 * Return the exit code. */
int import_run(const struct ctl *ctl, int argc, const char **argv);
int check_run(const struct ctl *ctl, int argc, const char **argv);

#endif
