/* SPDX-License-Identifier: BSD-2-Clause */
/* One request at a time per client: while an answer is being written nothing more is read, so that
 * nobody can make us hold more than one. */
#include "mgmt/control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ctl_path.h"
#include "mgmt/listen.h"

enum {
	CLIENTS_MAX = 32,
	CLIENTS_ADMIN = 4, /* more, for those who may change things */
	BACKLOG = 64,
	READ_MAX = 64 * 1024,
	LINE_MAX_READER = 64 << 10, /* bytes of a request ... */
	LINE_MAX_WRITER = 64 << 20, /* ... and of a batch that holds a whole table */
	ANSWER_MAX = 256 << 20,
	STALL_MS = 5000,     /* for the rest of a line, and for any progress in reading an answer */
	IDLE_MS = 60 * 1000, /* for the next request of somebody who only reads */
	ROOM_KEPT = 1 << 20, /* of a large request's memory for the next one */
	GROUPS_MAX = 256,
};

/* The ways in: the control socket, and the one that only reads. */
enum door_kind {
	DOOR_CTL,
	DOOR_STATS,
	DOORS
};

static const struct {
	mode_t mode;
	bool changes;
} door_row[DOORS] = {
	[DOOR_CTL] = {0660, true},
	[DOOR_STATS] = {0666, false},
};

struct door {
	struct control *control;
	enum door_kind kind;
	uv_pipe_t listener;
	struct listen_place at;
	bool open;
};

struct control {
	struct door door[DOORS];
	struct command_ctx *ctx;
	uint32_t n_clients;
	uint32_t n_handles; /* that aren't closed yet; the last one frees this */
	struct client *clients;
};

struct client {
	struct control *control;
	struct client *next, **prev; /* list of clients */
	uv_pipe_t pipe;
	uv_timer_t timer;
	int open;   /* of the two handles */
	bool write; /* may change things */
	bool last;  /* hang up after this answer */
	bool half;  /* the timer runs for the rest of a line */
	char *in;   /* what was read and not yet taken: at most a line, and what came with it */
	size_t n, room;
	size_t seen; /* bytes of in that are known to hold no newline */
	uv_write_t writing;
	char *out;     /* being written; NULL: nothing */
	size_t unsent; /* when the timer looked last */
};

static void client_pump(struct client *c);

static void control_release(struct control *c)
{
	if (!--c->n_handles)
		free(c);
}

static void on_client_closed(uv_handle_t *h)
{
	struct client *c = h->data;
	struct control *control = c->control;

	if (--c->open)
		return;
	free(c->out);
	free(c->in);
	free(c);
	control_release(control);
}

static void client_close(struct client *c)
{
	if (uv_is_closing((uv_handle_t *)&c->pipe))
		return;
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->control->n_clients--;
	uv_close((uv_handle_t *)&c->pipe, on_client_closed);
	uv_close((uv_handle_t *)&c->timer, on_client_closed);
}

/* A line that doesn't end, or an answer that isn't read. */
static void on_stall(uv_timer_t *t)
{
	struct client *c = t->data;
	size_t unsent = uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe);

	if (c->out && unsent < c->unsent)
		c->unsent = unsent;
	else
		client_close(c);
}

static void on_written(uv_write_t *w, int status)
{
	struct client *c = w->data;

	free(c->out);
	c->out = NULL;
	c->half = false;
	uv_timer_stop(&c->timer);
	if (status < 0 || c->last)
		client_close(c);
	else
		client_pump(c);
}

/* Sends an answer; the reference becomes ours. */
static void client_answer(struct client *c, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	uv_buf_t buf;

	json_decref(answer);
	if (!text || len >= ANSWER_MAX) {
		free(text);
		client_close(c);
		return;
	}
	text[len] = '\n'; /* in the NUL's place: it is sent by its length */
	buf = uv_buf_init(text, (unsigned int)len + 1);
	c->out = text;
	c->writing.data = c;
	uv_read_stop((uv_stream_t *)&c->pipe);
	if (uv_write(&c->writing, (uv_stream_t *)&c->pipe, &buf, 1, on_written)) {
		client_close(c);
		return;
	}
	c->unsent = uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe);
	uv_timer_start(&c->timer, on_stall, STALL_MS, STALL_MS);
}

static void client_refuse(struct client *c, const char *code, const char *text)
{
	struct fault f;

	fault_set(&f, code, "%s", text);
	c->last = true;
	client_answer(c, command_fault(&f));
}

static void client_request(struct client *c, const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	struct fault f;

	if (request) {
		client_answer(c, command_run(c->control->ctx, request, c->write));
		json_decref(request);
		return;
	}
	fault_set(&f, "invalid", "not JSON at byte %d: %s", error.position, error.text);
	client_answer(c, command_fault(&f));
}

/* Takes the first line off what was read, if it is whole. */
static bool client_line(struct client *c)
{
	char *end = memchr(c->in + c->seen, '\n', c->n - c->seen);
	size_t len;

	c->seen = end ? 0 : c->n;
	if (!end)
		return false;
	len = (size_t)(end - c->in);
	client_request(c, c->in, len);
	c->n -= len + 1;
	memmove(c->in, end + 1, c->n);
	return true;
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct client *c = h->data;

	(void)suggested;
	if (c->room - c->n < READ_MAX) {
		size_t room = 2 * c->room + READ_MAX;
		char *grown = realloc(c->in, room);

		if (grown) {
			c->in = grown;
			c->room = room;
		}
	}
	*buf = uv_buf_init(c->in + c->n, (unsigned int)(c->room - c->n));
	if (buf->len > READ_MAX)
		buf->len = READ_MAX;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = stream->data;

	(void)buf;
	if (n < 0) {
		client_close(c); /* it hung up; or no memory for what it sends */
		return;
	}
	c->n += (size_t)n;
	client_pump(c);
}

/* How long it may take: the rest of a line, the whole of it, or the next one. */
static void client_wait(struct client *c)
{
	bool half = c->n > 0;

	if (half && !c->half)
		uv_timer_start(&c->timer, on_stall, STALL_MS, 0);
	else if (!half && !c->write)
		uv_timer_start(&c->timer, on_stall, IDLE_MS, 0);
	else if (!half)
		uv_timer_stop(&c->timer);
	c->half = half;
}

/* Goes on with what was read, or with reading. No answer is being written. */
static void client_pump(struct client *c)
{
	int err;

	if (c->n && client_line(c))
		return;
	if (c->n > (c->write ? LINE_MAX_WRITER : LINE_MAX_READER)) {
		client_refuse(c, "invalid", "the request is too long");
		return;
	}
	if (!c->n && c->room > ROOM_KEPT) {
		free(c->in);
		c->in = NULL;
		c->room = 0;
	}
	client_wait(c);
	err = uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
	if (err && err != UV_EALREADY)
		client_close(c);
}

/* Whether one of the peer's groups is the socket's. */
static bool peer_in_group(int fd, gid_t primary, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (primary == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(*groups); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

static bool peer_may_write(const struct door *door, const uv_pipe_t *pipe)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct stat file;
	int fd;

	if (!door_row[door->kind].changes || uv_fileno((const uv_handle_t *)pipe, &fd) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	return !stat(door->at.path, &file) && peer_in_group(fd, peer.gid, file.st_gid);
}

static void client_add(struct control *control, struct client *c)
{
	c->control = control;
	c->pipe.data = c;
	c->timer.data = c;
	c->open = 2;
	c->next = control->clients;
	c->prev = &control->clients;
	if (c->next)
		c->next->prev = &c->next;
	control->clients = c;
	control->n_clients++;
	control->n_handles++;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct door *door = listener->data;
	struct control *control = door->control;
	struct client *c = status ? NULL : calloc(1, sizeof(*c));

	if (!c)
		return;
	uv_pipe_init(listener->loop, &c->pipe, 0);
	uv_timer_init(listener->loop, &c->timer);
	client_add(control, c);
	if (uv_accept(listener, (uv_stream_t *)&c->pipe)) {
		client_close(c);
		return;
	}
	c->write = peer_may_write(door, &c->pipe);
	if (control->n_clients > CLIENTS_MAX + (c->write ? CLIENTS_ADMIN : 0))
		client_refuse(c, "busy", "too many clients are connected");
	else
		client_pump(c);
}

static void on_listener_closed(uv_handle_t *h)
{
	control_release(((struct door *)h->data)->control);
}

static int door_open(struct control *c, enum door_kind kind, uv_loop_t *loop, const char *path,
		     char *err, size_t size)
{
	struct door *door = &c->door[kind];
	int fd = listen_bind(&door->at, path, door_row[kind].mode, err, size), rc;

	if (fd < 0)
		return fd;
	door->control = c;
	door->kind = kind;
	door->open = true;
	uv_pipe_init(loop, &door->listener, 0);
	door->listener.data = door;
	c->n_handles++;
	rc = uv_pipe_open(&door->listener, fd);
	if (rc)
		close(fd);
	else
		rc = uv_listen((uv_stream_t *)&door->listener, BACKLOG, on_connection);
	return rc ? listen_fail(err, size, path, rc, NULL) : 0;
}

int control_open(struct control **out, uv_loop_t *loop, const char *path, struct command_ctx *ctx,
		 char *err, size_t err_size)
{
	char stats[sizeof(((struct listen_place *)0)->path) + 8];
	struct control *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return listen_fail(err, err_size, path, -ENOMEM, NULL);
	c->n_handles = 1; /* ours, until control_close */
	c->ctx = ctx;
	signal(SIGPIPE, SIG_IGN); /* a client may leave while it is answered */
	rc = door_open(c, DOOR_CTL, loop, path, err, err_size);
	if (!rc)
		rc = ctl_path_stats(path, stats, sizeof(stats));
	if (!rc)
		rc = door_open(c, DOOR_STATS, loop, stats, err, err_size);
	if (rc) {
		control_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	while (c->clients)
		client_close(c->clients);
	for (int i = 0; i < DOORS; i++) {
		if (!c->door[i].open)
			continue;
		listen_remove(&c->door[i].at);
		uv_close((uv_handle_t *)&c->door[i].listener, on_listener_closed);
	}
	control_release(c);
}
