/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's neighbour entry of a watched server, or of its router: having it resolved and kept
 * fresh, without touching what others set. Management thread. */
#ifndef SHUNT_MGMT_KEEP_H
#define SHUNT_MGMT_KEEP_H

#include "mgmt/netlink.h"
#include "mgmt/watch.h"

/* Sees to it that the kernel keeps the entry on w->ifindex fresh (w->ours), or, where it can't,
 * notes that it has to be asked (w->use), and gets what the entry holds now. 0 or -errno. */
int keep_entry(struct nl *nl, struct watched *w, struct nl_neigh *e);

/* Takes back what was asked of the kernel, if anything was; w->ifindex is 0 then. What it knows
 * stays, as an ordinary entry; one without a MAC is of no use to anybody and goes. */
void keep_release(struct nl *nl, struct watched *w);

#endif
