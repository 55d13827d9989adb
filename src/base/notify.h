/* SPDX-License-Identifier: BSD-2-Clause */
/* Words to the service manager (sd_notify(3)): one datagram to $NOTIFY_SOCKET. */
#ifndef SHUNT_BASE_NOTIFY_H
#define SHUNT_BASE_NOTIFY_H

/* Sends one message, such as "READY=1"; does nothing where nobody listens. Any
 * thread of holder or engine but a worker. */
void notify(const char *message);

#endif
