/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses of all steered services, each once, and what the XDP program shall know of each:
 * which protocols have services there. Follows from the service map, so it is made from that when
 * a process first changes it. Management thread. */
#ifndef SHUNT_MGMT_STEER_VIP_H
#define SHUNT_MGMT_STEER_VIP_H

#include <stdbool.h>

#include "base/addr.h"
#include "shunt/abi_steer.h"

struct steer_vips {
	void *tree; /* of tsearch(3) */
	bool loaded;
};

/* One more service, or one less, at its address: writes what changes to the map. 0 or -errno. */
int steer_vips_add(struct steer_vips *v, int map, const struct steer_key *key);
int steer_vips_del(struct steer_vips *v, int map, const struct steer_key *key);

/* Removes from the map what no service has (any more), as an earlier life may have left. */
void steer_vips_sweep(struct steer_vips *v, int map);

void steer_vips_free(struct steer_vips *v);

#endif
