/* SPDX-License-Identifier: BSD-2-Clause */
/* What a shell may complete a command line with: from the tables of commands, options and verbs,
 * and from shuntd what lives. */
#ifndef SHUNTCTL_COMPLETE_H
#define SHUNTCTL_COMPLETE_H

#include <stddef.h>

#include "ctl.h"
#include "verb.h"

/* Prints, one a line, what the last of the words may become; it may be empty, but is there. table
 * is borrowed. A shuntd that can't be asked is no error. Returns the exit code. */
int complete_run(const struct ctl *ctl, const struct verb_table *table, int argc,
		 const char **argv);

#endif
