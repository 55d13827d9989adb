/* SPDX-License-Identifier: BSD-2-Clause */
/* Last stage: rewritten frames onto the transmit ring of their server's NIC; dropped ones back to
 * the free stack, counted by reason. */
#ifndef SHUNT_PATH_TX_H
#define SHUNT_PATH_TX_H

#include "path/burst.h"
#include "path/icmp_error.h"
#include "path/port.h"

/* Disposes of every frame of the burst. out[nic] is this worker's way out of each NIC (n_out of
 * them). Frames are submitted and sent before it returns. In place of what is dropped for its time
 * to live or its size its sender gets an ICMP error, as far as limit lets. Its worker. */
void tx_burst(struct port *const *out, uint32_t n_out, struct burst *b, struct frames *f,
	      struct icmp_limit *limit, struct worker_counters *c);

#endif
