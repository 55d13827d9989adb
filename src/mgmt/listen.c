/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int listen_fail(char *err, size_t size, const char *path, int code, const char *why)
{
	snprintf(err, size, "control socket %s: %s", path, why ? why : strerror(-code));
	return code;
}

/* 0: nobody is in our place, -errno else. */
static int place_clear(const struct sockaddr_un *at)
{
	struct stat file;
	int fd, err = 0;

	if (lstat(at->sun_path, &file))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(file.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)at, sizeof(*at)) || errno == EAGAIN)
		err = -EADDRINUSE;
	else if (errno != ECONNREFUSED)
		err = -errno;
	close(fd);
	if (!err && unlink(at->sun_path) && errno != ENOENT)
		err = -errno;
	return err;
}

/* The folder of the socket, if it is the only one that is missing. */
static int folder_make(const struct listen_place *at)
{
	char folder[sizeof(at->path)];
	char *slash;

	memcpy(folder, at->path, sizeof(folder));
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = 0;
	if (mkdir(folder, 0755))
		return errno == EEXIST ? 0 : -errno;
	return chmod(folder, 0755) ? -errno : 0; /* whatever the umask is */
}

/* Clears the place and fills in its address; err tells what prevents it. */
static int place_take(struct listen_place *at, struct sockaddr_un *sun, char *err, size_t size)
{
	int rc = folder_make(at);

	memcpy(sun->sun_path, at->path, sizeof(sun->sun_path));
	if (!rc)
		rc = place_clear(sun);
	if (rc == -EADDRINUSE)
		return listen_fail(err, size, at->path, rc,
				   "in use by another shuntd: stop it or give --ctl PATH");
	if (rc == -EEXIST)
		return listen_fail(err, size, at->path, rc,
				   "something else has this name: remove it or give --ctl PATH");
	return rc ? listen_fail(err, size, at->path, rc, NULL) : 0;
}

/* Nobody gets in between bind and chmod, since it doesn't listen yet. */
int listen_bind(struct listen_place *at, const char *path, mode_t mode, char *err, size_t size)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct stat file;
	int fd, rc;

	if (strlen(path) >= sizeof(at->path)) {
		snprintf(err, size,
			 "control socket %s: longer than %zu bytes: give a shorter --ctl PATH",
			 path, sizeof(at->path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(at->path, path);
	rc = place_take(at, &sun, err, size);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return listen_fail(err, size, path, -errno, NULL);
	if (bind(fd, (const struct sockaddr *)&sun, sizeof(sun)) || chmod(path, mode) ||
	    lstat(path, &file)) {
		rc = listen_fail(err, size, path, -errno, NULL);
		close(fd);
		return rc; /* a socket that is left behind is replaced by the next */
	}
	at->dev = file.st_dev;
	at->ino = file.st_ino;
	return fd;
}

void listen_remove(const struct listen_place *at)
{
	struct stat file;

	if (!lstat(at->path, &file) && file.st_dev == at->dev && file.st_ino == at->ino)
		unlink(at->path);
}
