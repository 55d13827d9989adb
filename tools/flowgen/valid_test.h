/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests: takes a frame apart as a strict receiver would. */
#ifndef FLOWGEN_VALID_TEST_H
#define FLOWGEN_VALID_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is in a frame, in host order. */
struct valid_frame {
	uint8_t src[16], dst[16]; /* IPv4: the first four bytes */
	uint16_t sport, dport;
	uint32_t seq, ns, tag;
	uint16_t lane, check;
	uint8_t proto, flags; /* of TCP */
};

/* NULL if the frame is right in every length, checksum and padding byte; else what is wrong. */
const char *valid_frame(const void *frame, size_t len, struct valid_frame *out);

#endif
