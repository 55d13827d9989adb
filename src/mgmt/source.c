/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/source.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/keyword.h"
#include "mgmt/etcd.h"
#include "mgmt/reload.h"

enum {
	CACHE_MAX = 64 << 20,
	PATH_ROOM = 4096,
};

struct source {
	uv_loop_t *loop;
	struct reload *reload;
	struct conf_source now, next; /* owned; endpoint NULL: none */
	struct etcd *etcd;
	uv_timer_t soon;
	char why[512]; /* "": all is well */
};

/* ---- the file that keeps what was good ---- */

int source_cache_read(const char *path, char **text, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > CACHE_MAX) {
		close(fd);
		return -EINVAL;
	}
	*text = malloc((size_t)st.st_size + 1);
	n = *text ? read(fd, *text, (size_t)st.st_size) : -1;
	if (n != st.st_size) {
		free(*text);
		*text = NULL;
		err = -EIO;
	}
	*size = (size_t)st.st_size;
	close(fd);
	return err;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

/* It is whole or not there, whenever the power fails. */
static int cache_write(const char *path, const char *text, size_t size)
{
	char next[PATH_ROOM], folder[PATH_ROOM];
	int fd, err;

	snprintf(next, sizeof(next), "%s.new", path);
	snprintf(folder, sizeof(folder), "%s", path);
	if (mkdir(dirname(folder), 0755) && errno != EEXIST)
		return -errno;
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, size);
	close(fd);
	if (!err && rename(next, path))
		err = -errno;
	if (err)
		unlink(next);
	return err;
}

/* ---- what etcd says ---- */

/* Each thing that is wrong is said once, and that it no longer is. */
static void on_alarm(void *ctx, const char *why)
{
	struct source *s = ctx;

	if (!why && *s->why)
		log_info("source etcd: all is well again");
	else if (why && strcmp(s->why, why) != 0)
		log_error("source etcd: %s; what was good last stays in force", why);
	snprintf(s->why, sizeof(s->why), "%s", why ? why : "");
}

static bool on_changed(void *ctx, const char *text, size_t size)
{
	struct reload_result res;
	struct source *s = ctx;
	int err = reload_over(s->reload, "etcd", text, size, &res);

	if (err) {
		on_alarm(s, *res.error ? res.error : strerror(-err));
		return false;
	}
	log_info("source etcd: services: %u added, %u removed, %u changed; servers: %u added, %u "
		 "removed, %u changed",
		 res.services_added, res.services_removed, res.services_changed, res.servers_added,
		 res.servers_removed, res.servers_changed);
	err = cache_write(s->now.cache, text, size);
	if (err)
		log_error("%s: what is good can't be kept there: %s", s->now.cache, strerror(-err));
	return true;
}

static void on_soon(uv_timer_t *t)
{
	const struct etcd_hooks hooks = {on_changed, on_alarm, t->data};
	struct source *s = t->data;
	int err;

	etcd_close(s->etcd);
	s->etcd = NULL;
	block_clear(BLOCK_SOURCE, &s->now);
	s->now = s->next;
	s->next = (struct conf_source){0};
	s->why[0] = '\0';
	if (!s->now.endpoint)
		return;
	err = etcd_open(&s->etcd, s->loop, &s->now, &hooks);
	if (err)
		on_alarm(s, strerror(-err));
}

int source_open(struct source **out, uv_loop_t *loop)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	uv_timer_init(loop, &s->soon);
	s->soon.data = s;
	*out = s;
	return 0;
}

void source_follow(struct source *s, struct reload *reload, const struct conf_source *conf)
{
	s->reload = reload;
	if (block_equal(BLOCK_SOURCE, &s->now, conf) && !uv_is_active((uv_handle_t *)&s->soon))
		return;
	block_clear(BLOCK_SOURCE, &s->next);
	s->next = *conf;
	if (!block_copy(BLOCK_SOURCE, &s->next)) {
		block_clear(BLOCK_SOURCE, &s->next);
		log_error("source etcd: no memory");
	}
	uv_timer_start(&s->soon, on_soon, 0, 0);
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void source_close(struct source *s)
{
	if (!s)
		return;
	etcd_close(s->etcd);
	block_clear(BLOCK_SOURCE, &s->now);
	block_clear(BLOCK_SOURCE, &s->next);
	uv_close((uv_handle_t *)&s->soon, on_closed);
}

bool source_good(const struct source *s)
{
	return !s || !*s->why;
}
