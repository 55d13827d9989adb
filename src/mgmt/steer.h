/* SPDX-License-Identifier: BSD-2-Clause */
/* The XDP program on each NIC: loading, attaching, pinning, and its maps. The holder opens and
 * closes it; the engine's management thread, after the fork, says which services it steers. */
#ifndef SHUNT_MGMT_STEER_H
#define SHUNT_MGMT_STEER_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/dataplane.h"
#include "shunt/abi_steer.h"

struct steer;

enum steer_flags {
	STEER_SKB = 1 << 0, /* generic mode; else native */
	STEER_HEIR =
		1 << 1, /* this very process left what is pinned: it counts even if its NICs died */
};

/* Loads the program for n NICs and attaches each by a bpf_link, natively or (skb) in generic mode.
 * What an earlier shuntd left pinned for the same interface is adopted: the service map is reused
 * (its services stay steered, see steer_each), its program is swapped atomically by
 * steer_activate. A NIC that nobody left anything on is attached here: it passes everything, or
 * drops what is a service of an adopted map. Nothing is pinned before steer_activate.
 *
 * One shuntd per network namespace and interface, until the last process with a copy of this
 * handle's fds is gone; interfaces of one namespace share the maps, so they share the shuntd.
 *
 * A pinned link in generic mode isn't replaced by a native one (there would be a moment without
 * a program): -EOPNOTSUPP, as from a driver that can't, so fall back to skb. A native one is
 * replaced if skb is asked for.
 *
 * On failure nothing is left that was not there before; err gets one line with the cure.
 * Returns 0, -EBUSY (a foreign program, or another shuntd), -EPERM, or -errno as the kernel refused
 * the mode: -EOPNOTSUPP, -EINVAL, -ERANGE, -ENOSPC, -ENOMEM may go well with skb. Holder. */
int steer_open(struct steer **out, const struct nic *nic, uint32_t n, unsigned int flags, char *err,
	       size_t err_size);

/* Puts a socket into the NIC's XSKMAP. Its receive ring must exist. Holder, for each port, before
 * steer_activate. Returns 0 or -errno (-E2BIG: queue >= STEER_MAX_QUEUES). */
int steer_set_socket(struct steer *s, uint32_t nic, uint32_t queue, int fd);

/* Pins everything, swaps the new program into adopted links, and lets go of what an earlier life
 * left that isn't used any more: areas, and links on other NICs. Once, when all sockets are in
 * and all areas are had. Returns 0, or -errno with a line in err. Holder. */
int steer_activate(struct steer *s, char *err, size_t err_size);

/* Starts and stops steering a destination's packets to the workers, on every NIC: an address and a
 * port, or all its ports, or a range of addresses. Adding twice is no error. Returns 0 or -errno
 * (-E2BIG: STEER_MAX_SERVICES; -ENOENT: wasn't steered). Management. */
int steer_add(struct steer *s, const struct endpoint *ep);
int steer_del(struct steer *s, const struct endpoint *ep);

/* Calls back for every steered destination: after an adoption they are those of an earlier life.
 * fn may add and delete; it sees what was there at the start. Returns 0 or -ENOMEM. Management. */
int steer_each(struct steer *s, void (*fn)(void *ctx, const struct endpoint *ep), void *ctx);

/* A NIC's MAC address changed. Returns 0 or -errno. Management. */
int steer_set_mac(struct steer *s, uint32_t nic, const uint8_t mac[6]);

/* Who answers ARP, neighbour solicitations and echo requests for the services' addresses on this
 * NIC: the kernel (at first), or shunt's workers. Returns 0 or -errno. Holder or management. */
int steer_set_owner(struct steer *s, uint32_t nic, bool shunt);

/* Sums the program's per-CPU counters of one NIC, which start at 0 with each steer_open.
 * Returns 0 or -errno. Management. */
int steer_counts(struct steer *s, uint32_t nic, uint64_t count[STEER_COUNT]);

/* A counter's name ("drop_no_socket") and its meaning in English. */
const char *steer_count_name(enum steer_count c);
const char *steer_count_meaning(enum steer_count c);

/* A shared memory area of this name that outlives the process as long as a link does (when closed
 * with keep): an earlier life's contents if it has the same number of pages, else zeros (*fresh is
 * set then). Ask for all before steer_activate. name: letters, digits, '-' and '_', at most 32.
 * bytes: below 2 GiB, else E2BIG. node: NUMA node or -1. Mapped until the process ends, also in
 * children. Returns the mapping or NULL with errno. Holder. */
void *steer_area(struct steer *s, const char *name, size_t bytes, int node, bool *fresh);

/* How large an earlier life's area of this name is, in whole pages; 0: there is none. Holder. */
size_t steer_area_bytes(const struct steer *s, const char *name);

/* Ends the holder's part. keep: links, maps and areas stay pinned, and service packets are
 * dropped until the next start; else everything is detached and unpinned, whoever holds copies:
 * do it before the sockets are closed. A handle that wasn't activated yet undoes what it did, and
 * what it adopted stays as it was. Takes NULL. Holder; never its child. */
void steer_close(struct steer *s, bool keep);

/* Removes every pin and link that a crash left in this network namespace, and those of other
 * namespaces whose devices are all gone. Refuses (-EBUSY) what a living shuntd has.
 * Returns the number of pins removed, or -errno with a line in err. */
int steer_cleanup(char *err, size_t err_size);

/* The new program of a NIC, for tests. */
int steer_program_fd(const struct steer *s, uint32_t nic);

#endif
