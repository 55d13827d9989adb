/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers for services and servers: small, so that arrays can be indexed by them, and given again
 * only when the table that uses them has become effective. Each has a generation, which changes
 * whenever it is given. Management thread. */
#ifndef SHUNT_MGMT_SLOTS_H
#define SHUNT_MGMT_SLOTS_H

#include <stdint.h>

struct slots {
	uint32_t max;
	uint32_t high; /* all slots that were ever used lie below */
	uint32_t n_free;
	uint32_t *free;	      /* a stack of slots below high; the lowest on top */
	uint16_t *generation; /* 1..generations; 0: never given */
	uint16_t generations;
	uint8_t *kept; /* scratch of slots_keep */
};

/* max slots, and as many generations until they begin anew. Returns 0 or -ENOMEM. */
int slots_open(struct slots *s, uint32_t max, uint16_t generations);
void slots_close(struct slots *s);

/* A free slot, its generation changed; or -ENOSPC. */
int slots_take(struct slots *s);

/* Frees every slot but those that are told between begin and end; generation is what the slot
 * has now, of whoever gave it. */
void slots_keep_begin(struct slots *s);
void slots_keep(struct slots *s, uint32_t slot, uint16_t generation);
void slots_keep_end(struct slots *s);

#endif
