/* SPDX-License-Identifier: BSD-2-Clause */
/* Maglev hashing (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer",
 * NSDI 2016, section 3.4), with true weights: a server gets weight / sum of weights of the slots,
 * exact within one, and every server with a weight gets at least one (quota.h: the greatest share
 * pays for those that wouldn't have any). */
#ifndef SHUNT_TABLE_MAGLEV_H
#define SHUNT_TABLE_MAGLEV_H

#include <stddef.h>
#include <stdint.h>

enum {
	MAGLEV_SIZE = 65537 /* slots of a service's table; a prime */
};

/* A server's permutation of the slots: offset, offset + skip, offset + 2 skip ... mod size. */
struct maglev_server {
	uint32_t offset; /* 0..size-1 */
	uint32_t skip;	 /* 1..size-1 */
	uint32_t weight; /* 0: gets no slot */
	uint32_t value;	 /* what its slots hold */
};

/* The permutation of the server known by these key bytes (an address and a port, for instance).
 * The hash behind it is fixed for ever: two directors must agree. weight and value are left 0. */
struct maglev_server maglev_server(const void *key, size_t len, uint32_t size);

/* Fills table[size] from n servers. size is a prime, not smaller than the number of servers with
 * a weight. The result depends on the order of the servers: sort them first where directors must
 * agree. Returns 0, -EINVAL (no server has a weight, or too many) or -ENOMEM, and then table is as
 * it was. O(size * log size) expected: 1.5 ms for MAGLEV_SIZE and 1000 servers. Management
 * thread. */
int maglev_fill(uint32_t *table, uint32_t size, const struct maglev_server *server, uint32_t n);

#endif
