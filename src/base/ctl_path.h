/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the read-only socket is: shuntd puts it there, shuntctl looks for it there. */
#ifndef SHUNT_BASE_CTL_PATH_H
#define SHUNT_BASE_CTL_PATH_H

#include <stddef.h>

/* Beside the control socket: stats.sock if that is called ctl.sock, and its name with .stats behind
 * it if it is called anything else. Any thread. Returns 0, or -ENAMETOOLONG if out, of size bytes,
 * doesn't hold it. */
int ctl_path_stats(const char *ctl, char *out, size_t size);

#endif
