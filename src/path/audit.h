/* SPDX-License-Identifier: BSD-2-Clause */
/* After an engine was killed: where is each of its worker's frames? Also the way in which the
 * first engine finds them all free. */
#ifndef SHUNT_PATH_AUDIT_H
#define SHUNT_PATH_AUDIT_H

#include <stdint.h>

#include "path/port.h"

struct audit {
	uint32_t held;	 /* on the free stack now */
	uint32_t rx;	 /* given to be received into: fill ring, kernel, receive ring */
	uint32_t tx;	 /* given to be sent: transmit ring, kernel, completion ring */
	uint32_t faults; /* met twice, or marked as being elsewhere */
};

/* Settles an interrupted hand-over, takes what was dealt with off the receive rings, resyncs the
 * ports, and fills f's free stack with every frame that is held. The kernel may go on moving
 * frames meanwhile; dying in here is as harmless as anywhere. Returns 0 if every frame was found
 * exactly once (by its mark, by the rings' indices, and on the rings), -ENOMEM, or -EUCLEAN: these
 * sockets can't be used on. The engine, before workers start. */
int audit_frames(struct frames *f, struct port *const *port, uint32_t n_ports, struct audit *out);

#endif
