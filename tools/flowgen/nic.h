/* SPDX-License-Identifier: BSD-2-Clause */
/* What flowgen asks the kernel about an interface, and the pair that `ceiling` sends through. */
#ifndef FLOWGEN_NIC_H
#define FLOWGEN_NIC_H

#include <stddef.h>
#include <stdint.h>

/* All return 0, or -errno with one line in err. Main thread. */

int nic_mac(const char *nic, uint8_t mac[6], char *err, size_t size);

/* Frames that the interface has sent, and those that it should have sent but dropped; as
 * /proc/net/dev has it. */
struct nic_counters {
	unsigned long long tx, tx_dropped;
};
int nic_counters(const char *nic, struct nic_counters *out, char *err, size_t size);

/* Moves the process to a network namespace of its own with two interfaces, joined and up, with so
 * many queues. They go when the process does. */
int nic_private_pair(const char *a, const char *b, unsigned int queues, char *err, size_t size);

#endif
