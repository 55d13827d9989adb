/* SPDX-License-Identifier: BSD-2-Clause */
/* The XDP program on each NIC: loading, attaching, pinning, and its maps. The holder opens and
 * closes it; the engine's management thread says which services it steers. */
#ifndef SHUNT_MGMT_STEER_H
#define SHUNT_MGMT_STEER_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/dataplane.h"
#include "shunt/abi_steer.h"

struct steer;

/* Loads the program for n NICs and attaches each by a pinned bpf_link, natively or (skb) in
 * generic mode. What an earlier shuntd left pinned for the same interface is adopted: its service
 * map is reused (its services stay steered, see steer_stale), its program is swapped atomically
 * by steer_activate. A NIC that nobody left anything on is attached here, passing everything.
 * On failure nothing is left that was not there before; err gets one line with the cure.
 * Returns 0, -EBUSY (a foreign program, or another shuntd), -EPERM or -errno. Holder. */
int steer_open(struct steer **out, const struct nic *nic, uint32_t n, bool skb, char *err,
	       size_t err_size);

/* Puts a socket into the NIC's XSKMAP. Holder, after bind, for each port. */
int steer_set_socket(struct steer *s, uint32_t nic, uint32_t queue, int fd);

/* Swaps the new program into adopted links; call once all sockets are in. Holder. */
int steer_activate(struct steer *s, char *err, size_t err_size);

/* Starts and stops steering a destination's packets to the workers, on every NIC. Management. */
int steer_add(struct steer *s, const struct endpoint *ep);
int steer_del(struct steer *s, const struct endpoint *ep);

/* Calls back for every steered destination: after an adoption they are those of an earlier life.
 * Management. */
void steer_each(struct steer *s, void (*fn)(void *ctx, const struct endpoint *ep), void *ctx);

/* A NIC's MAC address changed. Management. */
int steer_set_mac(struct steer *s, uint32_t nic, const uint8_t mac[6]);

/* Sums the program's per-CPU counters of one NIC. Management. */
int steer_counts(struct steer *s, uint32_t nic, uint64_t count[STEER_COUNT]);

/* One line of English for a counter's name and meaning: "drop_no_socket", ... */
const char *steer_count_name(enum steer_count c);

/* A pinned, memory-mapped area of this name that outlives the process as long as the link does:
 * an earlier life's contents if it is there with the same size, else zeros (*fresh is set then).
 * node: NUMA node or -1. Returns the mapping or NULL with errno. Holder. */
void *steer_area(struct steer *s, const char *name, size_t bytes, int node, bool *fresh);

/* Ends the holder's part. keep: links, maps and areas stay pinned, and service packets are
 * dropped until the next start; else everything is detached and unpinned. Takes NULL. Holder. */
void steer_close(struct steer *s, bool keep);

/* Removes every pin and link that a crash left in this network namespace, and those whose device is gone.
 * Refuses (-EBUSY) what a living shuntd has. Returns the number removed or -errno. */
int steer_cleanup(char *err, size_t err_size);

#endif
