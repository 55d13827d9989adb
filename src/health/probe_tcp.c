/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP_CHECK: a connection is made. */
#include <string.h>
#include <sys/socket.h>

#include "health/probe_impl.h"

static void on_connected(uv_poll_t *poll, int status, int events)
{
	struct probe *p = poll->data;
	int err = probe_socket_error(p);

	(void)events;
	if (!err && status < 0)
		err = -status;
	probe_done(p, err ? strerror(err) : NULL);
}

static const char *begin(struct probe *p)
{
	const char *why = probe_connect(p, SOCK_STREAM, 0, p->target.port);

	return why ? why : probe_wait(p, UV_WRITABLE, on_connected);
}

const struct probe_kind probe_tcp = {.begin = begin};
