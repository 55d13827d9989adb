/* SPDX-License-Identifier: BSD-2-Clause */
/* UMEM: the memory that frames lie in, and its registrations with the kernel. The area of a NUMA
 * node is one mapping, shared with the engines; each worker registers it once for each mode
 * (zero-copy, copy) that its sockets have. Holder only. */
#ifndef SHUNT_PATH_UMEM_H
#define SHUNT_PATH_UMEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/dataplane.h"
#include "path/port.h"

/* Shared memory of at least *bytes on that NUMA node (-1: any), zeroed; in hugepages if there are
 * any free, and *huge says so; *bytes is what it came to. NULL with errno. */
void *umem_alloc(size_t *bytes, int node, bool *huge);

/* A registration: nothing yet while umem is NULL. */
struct umem {
	struct xsk_umem *umem;
	void *area;
	size_t bytes;
	uint32_t frame_size;
	uint32_t sockets;
};

struct socket_conf {
	const char *ifname;
	uint32_t queue;
	enum xdp_mode mode;
	bool poll_busy;
};

/* Makes the port's rings and binds its socket in that mode, exactly. The first socket registers the
 * UMEM, and fills its fill ring before it binds. Retries for 2 s while the kernel is still letting
 * an earlier owner of the queue go (EBUSY). On failure the registration is as it was, and frames
 * are back on p->frames. Returns 0 or -errno. */
int umem_socket(struct umem *u, struct port *p, const struct socket_conf *conf);

/* Closes a port's socket; deletes the registration. Both take what was never opened. */
void umem_close_socket(struct umem *u, struct port *p);
void umem_delete(struct umem *u);

/* Whether the kernel gave the socket zero-copy (XDP_OPTIONS). */
bool umem_is_zerocopy(int fd);

#endif
