/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs that take a server out of use gently, and back. */
#ifndef SHUNTCTL_DRAIN_H
#define SHUNTCTL_DRAIN_H

#include "ctl.h"

/* As struct verb's run: argv[0] is the word behind the verb. Returns the exit code. */
int drain_run(const struct ctl *ctl, int argc, const char **argv);
int undrain_run(const struct ctl *ctl, int argc, const char **argv);

#endif
