/* SPDX-License-Identifier: BSD-2-Clause */
/* The management thread: one libuv loop that joins model, neighbours, XDP program and control
 * socket. The only writer of everything that workers read. */
#ifndef SHUNT_MGMT_MGMT_H
#define SHUNT_MGMT_MGMT_H

#include "base/dataplane.h"
#include "mgmt/steer.h"
#include "table/state.h"

struct mgmt_conf { /* all borrowed */
	struct dataplane *dp;
	struct steer *steer;
	struct state *state;
	const char *ctl;		/* path of the control socket */
	const char *file;		/* shunt.conf; NULL: none */
	const struct endpoint *metrics; /* where they are had by HTTP; port 0: nowhere */
};

struct mgmt;

/* Publishes the table that the state area holds and starts listening. Logs what went wrong and
 * returns an exit code. The engine's main thread, as all of it; no worker runs yet. */
int mgmt_open(struct mgmt **out, const struct mgmt_conf *conf);

/* Runs the loop until SIGTERM or SIGINT (0), or until a NIC came back as another or with more
 * queues (EXIT_REBUILD). */
int mgmt_run(struct mgmt *m);

/* Takes NULL. No worker runs any more. */
void mgmt_close(struct mgmt *m);

#endif
