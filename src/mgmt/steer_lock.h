/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks that live as long as their process, one set per network namespace: names in the abstract
 * UNIX socket space. They need no file, and nothing of them outlives a crash. */
#ifndef SHUNT_MGMT_STEER_LOCK_H
#define SHUNT_MGMT_STEER_LOCK_H

#include <sys/types.h>

/* Takes the lock "shunt:name"; waits up to half a second for a process that is just dying.
 * Returns an fd that holds it until the last copy of it is closed, or -EBUSY (*owner is the pid
 * of the process that has it, 0 if it can't be known), or -errno. Holder. */
int steer_lock_take(const char *name, pid_t *owner);

#endif
