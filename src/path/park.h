/* SPDX-License-Identifier: BSD-2-Clause */
/* Early fragments, that wait in UMEM until the first of their datagram has been seen. A worker's
 * own; few, and not for long. */
#ifndef SHUNT_PATH_PARK_H
#define SHUNT_PATH_PARK_H

#include <stdint.h>

#include "path/burst.h"

enum {
	PARK_MAX = 256,
	PARK_NS = 500 * 1000 * 1000, /* so long does one wait */
};

struct park {
	uint32_t n;
	uint64_t since[PARK_MAX]; /* ns */
	struct pkt pkt[PARK_MAX]; /* the oldest first; their frames are the park's */
};

#endif
