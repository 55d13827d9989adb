/* SPDX-License-Identifier: BSD-2-Clause */
/* First stage: frames from a receive ring into the burst. */
#ifndef SHUNT_PATH_RX_H
#define SHUNT_PATH_RX_H

#include "path/burst.h"
#include "path/port.h"

/* Looks at up to BURST_MAX frames that wait on the port; b->n of them, 0 if there is none. They
 * stay on the ring until rx_done. Its worker. */
void rx_burst(struct port *p, struct burst *b);

/* Every frame of the burst has found its way (tx.h): lets the ring go on. Its worker. */
void rx_done(struct port *p, const struct burst *b);

#endif
