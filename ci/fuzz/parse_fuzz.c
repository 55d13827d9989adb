/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds any bytes to parse and rewrite, in a buffer of exactly their length. What they promise
 * each other is asserted; AddressSanitizer watches the bounds. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "path/classify.h"
#include "path/parse.h"
#include "path/rewrite.h"
#include "path/tuple.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_key key = {{1, 2}};
	static const struct backend server = {.macs = {2, 1}};
	uint8_t *frame = malloc(size ? size : 1);
	struct pkt p = {.data = frame, .len = (uint32_t)size, .backend = &server}, again;
	struct tuple t;

	memcpy(frame, data, size);
	classify_pkt(&p);
	if (p.drop)
		goto out;
	assert(p.l3 >= 14 && p.l4 >= p.l3 && p.end >= p.l4 && p.end <= size);
	if (p.kind != PKT_FLOW && p.kind != PKT_FRAGMENT && p.kind != PKT_ICMP_ERROR)
		goto out; /* isn't forwarded */
	if (pkt_tuple(&p, &t)) {
		tuple_endpoint(&t);
		tuple_source_hash(&t, &key, true);
	}
	again = p;
	rewrite_pkt(&p, NULL);
	assert(p.drop ? !memcmp(frame, data, size) : !memcmp(frame, server.macs, 12));
	assert(!memcmp(frame + p.end, data + p.end, size - p.end)); /* the padding */
	classify_pkt(&again);
	assert(!again.drop && again.end == p.end);
out:
	free(frame);
	return 0;
}
