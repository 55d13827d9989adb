/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine: how frames get from here onto the wire. */
#ifndef FLOWGEN_ENGINE_H
#define FLOWGEN_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

struct engine_run; /* one thread's; the engine's own */

/* open, close: the main thread, while no generator thread runs. turn: the generator thread. */
struct engine {
	const char *name;

	/* Makes ready to send conf's frames. conf stays the caller's and outlives the run. Returns
	 * 0, or -errno with one line in err. */
	int (*open)(struct engine_run **out, const struct gen_conf *conf, const char *nic,
		    unsigned int queue, bool skb, char *err, size_t size);

	/* Where the run keeps its account; valid until close. Set start and end before the first
	 * turn. */
	struct gen_state *(*state)(struct engine_run *run);

	/* Sends until state->over, or until the thread gets a signal; may need one to end even
	 * when it is over. Returns 0 or -errno. */
	int (*turn)(struct engine_run *run);

	/* Frees. Takes NULL. */
	void (*close)(struct engine_run *run);
};

extern const struct engine engine_xdp;	 /* live frames of BPF_PROG_TEST_RUN */
extern const struct engine engine_afxdp; /* an AF_XDP socket's transmit ring */

#endif
