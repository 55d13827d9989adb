/* SPDX-License-Identifier: BSD-2-Clause */
/* First stage: frames from a receive ring into the burst. */
#ifndef SHUNT_PATH_RX_H
#define SHUNT_PATH_RX_H

#include "path/burst.h"
#include "path/port.h"

/* Takes up to BURST_MAX frames that wait on the port; b->n of them, 0 if there is none. They are
 * the worker's then. Its worker. */
void rx_burst(struct port *p, struct burst *b);

#endif
