/* SPDX-License-Identifier: BSD-2-Clause */
/* A UNIX socket's place in the file system: taken without hurting whoever or whatever is there. */
#ifndef SHUNT_MGMT_LISTEN_H
#define SHUNT_MGMT_LISTEN_H

#include <sys/stat.h>
#include <sys/un.h>

struct listen_place {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev; /* of the socket's file, to know it again */
	ino_t ino;
};

/* Binds a stream socket of that mode. A socket that nobody answers on any more is replaced; one
 * that lives is -EADDRINUSE; anything else in its place, a link too, is left alone (-EEXIST). The
 * folder is made, of mode 0755, if it is the only one that is missing. Returns the socket, which
 * is the caller's, or -errno, and err then holds one line. Management thread. */
int listen_bind(struct listen_place *at, const char *path, mode_t mode, char *err, size_t size);

/* Removes the file, if it is still the one that was bound. */
void listen_remove(const struct listen_place *at);

/* Says in err what is wrong with a path: why, or else what the code means. Returns the code. */
int listen_fail(char *err, size_t size, const char *path, int code, const char *why);

#endif
