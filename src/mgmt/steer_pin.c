/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/steer_pin.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mgmt/steer_link.h"

static const char bpffs[] = "/sys/fs/bpf";
static const char root[] = "/sys/fs/bpf/shunt";

enum {
	FILE_PATH = STEER_PATH + 1 + NAME_MAX
};

int steer_fail(int code, char *err, size_t err_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, err_size, fmt, ap);
	va_end(ap);
	return code;
}

int steer_pin_dir(char dir[STEER_PATH])
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st))
		return -errno;
	snprintf(dir, STEER_PATH, "%s/%lu", root, (unsigned long)st.st_ino);
	return 0;
}

bool steer_pin_mounted(void)
{
	struct statfs fs;

	return !statfs(bpffs, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* Two processes that find nothing mounted must not mount one over the other's: both see the same
 * empty directory below, and lock that. */
int steer_pin_mount(char *err, size_t err_size)
{
	int rc = 0;
	int below;

	if (steer_pin_mounted())
		return 0;
	below = open(bpffs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (below >= 0)
		flock(below, LOCK_EX);
	if (!steer_pin_mounted() &&
	    mount("bpf", bpffs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		rc = steer_fail(-errno, err, err_size,
				"no BPF file system at %s and cannot mount it: %s; as root: "
				"mount -t bpf bpf %s",
				bpffs, strerror(errno), bpffs);
	if (below >= 0)
		close(below);
	return rc;
}

int steer_pin_lock(void)
{
	int fd;

	if (!steer_pin_mounted())
		return -ENOENT;
	fd = open(bpffs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX))
		return fd;
	close(fd);
	return -errno;
}

int steer_pin_make(const char *dir)
{
	if (mkdir(root, 0700) && errno != EEXIST)
		return -errno;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	return 0;
}

static void path_of(char path[FILE_PATH], const char *dir, const char *name)
{
	snprintf(path, FILE_PATH, "%s/%s", dir, name);
}

int steer_pin_put(const char *dir, const char *name, int fd)
{
	char path[FILE_PATH];

	path_of(path, dir, name);
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int steer_pin_get(const char *dir, const char *name)
{
	char path[FILE_PATH];
	int fd;

	path_of(path, dir, name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static bool is_link(const char *name)
{
	return !strncmp(name, "link-", 5);
}

int steer_pin_drop(const char *dir, const char *name)
{
	char path[FILE_PATH];
	int fd = is_link(name) ? steer_pin_get(dir, name) : -1;

	if (fd >= 0) {
		bpf_link_detach(fd);
		close(fd);
	}
	path_of(path, dir, name);
	return unlink(path) ? -errno : 0;
}

/* The next name that isn't hidden, or NULL. */
static const char *next_name(DIR *d)
{
	struct dirent *e;

	do
		e = d ? readdir(d) : NULL;
	while (e && e->d_name[0] == '.');
	return e ? e->d_name : NULL;
}

uint32_t steer_pin_live(const char *dir)
{
	DIR *d = opendir(dir);
	const char *name;
	uint32_t n = 0;

	while ((name = next_name(d))) {
		int fd = is_link(name) ? steer_pin_get(dir, name) : -1;

		if (fd < 0)
			continue;
		n += steer_link_ifindex(fd) > 0;
		close(fd);
	}
	if (d)
		closedir(d);
	return n;
}

int steer_pin_sweep(const char *dir, bool (*keep)(void *ctx, const char *name), void *ctx)
{
	DIR *d = opendir(dir);
	const char *name;
	int n = 0;

	while ((name = next_name(d)))
		if (!keep || !keep(ctx, name))
			n += !steer_pin_drop(dir, name);
	if (d)
		closedir(d);
	rmdir(dir);
	rmdir(root);
	return n;
}

void steer_pin_each_dir(void (*fn)(void *ctx, const char *dir), void *ctx)
{
	DIR *d = opendir(root);
	char path[FILE_PATH];
	const char *name;

	while ((name = next_name(d))) {
		path_of(path, root, name);
		fn(ctx, path);
	}
	if (d)
		closedir(d);
}
