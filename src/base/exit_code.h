/* SPDX-License-Identifier: BSD-2-Clause */
/* shuntd's exit codes (LSB's, where LSB has one). */
#ifndef SHUNT_BASE_EXIT_CODE_H
#define SHUNT_BASE_EXIT_CODE_H

#include <errno.h>

enum exit_codes {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_USAGE_OR_CONFIG = 2,
	EXIT_PERM = 4,
	EXIT_NOT_CONFIGURED = 6,
	EXIT_INTERNAL = 70,
	EXIT_BUSY = 75, /* try again: somebody else has the NIC */
	EXIT_REBUILD = 100, /* an engine to its holder: make everything anew */
};

/* The exit code that goes with 0 or -errno. */
static inline int exit_code(int err)
{
	switch (err) {
	case 0:
		return EXIT_OK;
	case -EPERM:
	case -EACCES:
		return EXIT_PERM;
	case -EBUSY:
		return EXIT_BUSY;
	default:
		return EXIT_OTHER;
	}
}

#endif
