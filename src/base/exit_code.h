/* SPDX-License-Identifier: BSD-2-Clause */
/* shuntd's exit codes (LSB's, where LSB has one). */
#ifndef SHUNT_BASE_EXIT_CODE_H
#define SHUNT_BASE_EXIT_CODE_H

#include <errno.h>

enum exit_code {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_BAD_ARGS = 2, /* or configuration */
	EXIT_NO_PERMISSION = 4,
	EXIT_NOT_CONFIGURED = 6,
	EXIT_INTERNAL = 70,
	EXIT_TRY_AGAIN = 75, /* try again: somebody else has the NIC */
	EXIT_REBUILD = 100,  /* an engine to its holder: make everything anew */
};

/* The exit code that goes with 0 or -errno. */
static inline enum exit_code exit_code_of(int err)
{
	switch (err) {
	case 0:
		return EXIT_OK;
	case -EPERM:
	case -EACCES:
		return EXIT_NO_PERMISSION;
	case -EBUSY:
		return EXIT_TRY_AGAIN;
	default:
		return EXIT_OTHER;
	}
}

#endif
