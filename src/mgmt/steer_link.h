/* SPDX-License-Identifier: BSD-2-Clause */
/* The bpf_link that holds our program on a NIC, and what to say when it can't be had. */
#ifndef SHUNT_MGMT_STEER_LINK_H
#define SHUNT_MGMT_STEER_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/dataplane.h"

/* The NIC that this XDP link is attached to; 0: none any more; -errno: it isn't an XDP link. */
int steer_link_ifindex(int link);

/* Is this link, found in a pin, the one that makes our program run on the NIC, and in which mode?
 * Returns 0, -ENOENT (it isn't) or -EBUSY with a line in err (it runs a foreign program). */
int steer_link_check(int link, const struct nic *nic, bool *skb, char *err, size_t err_size);

/* Attaches the program natively or (skb) generically. Returns an fd that the caller owns, or
 * -errno as the kernel gave it, with a line in err that names the NIC and the cure: -EBUSY for
 * any foreign program, -EOPNOTSUPP, -EINVAL, -ERANGE, -ENOSPC, -ENOMEM for what the driver
 * can't. */
int steer_link_attach(const struct nic *nic, int prog, bool skb, char *err, size_t err_size);

#endif
