/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/steer_lock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	TRIES = 25,
	NAP_US = 20000
};

static socklen_t name_lock(struct sockaddr_un *a, const char *name)
{
	int len;

	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	len = snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "shunt:%s", name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

/* The pid that listened on the name, or 0. */
static pid_t owner_of(const struct sockaddr_un *a, socklen_t len)
{
	struct ucred who = {0};
	socklen_t size = sizeof(who);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)a, len) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size))
		who.pid = 0;
	close(fd);
	return who.pid;
}

int steer_lock_take(const char *name, pid_t *owner)
{
	struct sockaddr_un a;
	socklen_t len = name_lock(&a, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = fd < 0 ? -errno : -EADDRINUSE;

	*owner = 0;
	for (int i = 0; i < TRIES && err == -EADDRINUSE; i++) {
		if (i)
			usleep(NAP_US);
		err = bind(fd, (struct sockaddr *)&a, len) ? -errno : 0;
	}
	if (!err) {
		listen(fd, 1); /* only so that the next one can ask for our pid */
		return fd;
	}
	if (err == -EADDRINUSE) {
		*owner = owner_of(&a, len);
		err = -EBUSY;
	}
	if (fd >= 0)
		close(fd);
	return err;
}
