/* SPDX-License-Identifier: BSD-2-Clause */
/* What etcd's keys say, as text of shunt.conf:
 *	PREFIXservices/NAME		one virtual_server block
 *	PREFIXservers/NAME/ANY		real_server blocks that belong into it
 * Pure; a fuzzer may call it. */
#ifndef SHUNT_MGMT_ETCD_TEXT_H
#define SHUNT_MGMT_ETCD_TEXT_H

#include <jansson.h>
#include <stdio.h>

enum {
	ETCD_WHY = 256
};

/* Text in base64, NUL-terminated; the caller frees it. NULL: no memory, or it isn't base64. */
char *etcd_encode(const char *text);
char *etcd_decode(const char *base64, size_t *size);

/* The end of the range of all keys that begin with prefix, not encoded; the caller's. */
char *etcd_range_end(const char *prefix);

/* Composes the text of an answer to a range request, in the order of its keys, which etcd sorted.
 * Returns 0 and *text, the caller's; or -EINVAL and why, or -ENOMEM. */
int etcd_compose(const json_t *answer, const char *prefix, char **text, size_t *size,
		 char why[ETCD_WHY]);

#endif
