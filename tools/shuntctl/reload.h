/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs about shuntd's configuration file. */
#ifndef SHUNTCTL_RELOAD_H
#define SHUNTCTL_RELOAD_H

#include "ctl.h"

/* argv: the words behind the verb. Each returns an exit code of enum ctl_exit. */
int reload_run(const struct ctl *ctl, int argc, const char **argv);
int confirm_run(const struct ctl *ctl, int argc, const char **argv);
int undo_run(const struct ctl *ctl, int argc, const char **argv);
int plan_run(const struct ctl *ctl, int argc, const char **argv);
int diff_run(const struct ctl *ctl, int argc, const char **argv);

#endif
