/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int slots_open(struct slots *s, uint32_t max, uint16_t generations)
{
	*s = (struct slots){.max = max, .generations = generations};
	s->free = calloc(max, sizeof(*s->free));
	s->generation = calloc(max, sizeof(*s->generation));
	s->kept = calloc(max, sizeof(*s->kept));
	if (s->free && s->generation && s->kept)
		return 0;
	slots_close(s);
	return -ENOMEM;
}

void slots_close(struct slots *s)
{
	free(s->free);
	free(s->generation);
	free(s->kept);
	*s = (struct slots){0};
}

int slots_take(struct slots *s)
{
	uint32_t slot;

	if (s->n_free)
		slot = s->free[--s->n_free];
	else if (s->high < s->max)
		slot = s->high++;
	else
		return -ENOSPC;
	s->generation[slot] = s->generation[slot] % s->generations + 1;
	return (int)slot;
}

void slots_keep_begin(struct slots *s)
{
	memset(s->kept, 0, s->high);
}

void slots_keep(struct slots *s, uint32_t slot, uint16_t generation)
{
	if (slot >= s->high) {
		memset(s->kept + s->high, 0, slot + 1 - s->high);
		s->high = slot + 1;
	}
	s->kept[slot] = 1;
	s->generation[slot] = generation;
}

void slots_keep_end(struct slots *s)
{
	s->n_free = 0;
	for (uint32_t slot = s->high; slot-- > 0;) {
		if (!s->kept[slot])
			s->free[s->n_free++] = slot;
	}
}
