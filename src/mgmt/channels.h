/* SPDX-License-Identifier: BSD-2-Clause */
/* How many queues a NIC receives on now. A queue without a socket loses its services' packets, so
 * more of them than at start is something to act on. Fewer the kernel refuses, while they have
 * sockets. */
#ifndef SHUNT_MGMT_CHANNELS_H
#define SHUNT_MGMT_CHANNELS_H

/* Receive queues by ETHTOOL_GCHANNELS, or -errno (no such interface, or a driver that doesn't
 * tell). Any thread; a few system calls. */
int channels_rx(const char *nic);

#endif
