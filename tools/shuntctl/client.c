/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ctl_path.h"

/* What to do about a socket that can't be reached. */
static const char *cure(int err)
{
	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
		return "is it running? (SHUNT_CTL or shuntctl --ctl PATH names another socket)";
	case EACCES:
	case EPERM:
		return "it takes root, or the socket's group";
	case ENAMETOOLONG:
		return "a socket's path has at most 107 characters";
	case EAGAIN:
		return "it is too busy to take a connection, or stopped";
	default:
		return "SHUNT_CTL or shuntctl --ctl PATH names another socket";
	}
}

static int dial(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = CLIENT_TIMEOUT};
	int fd, err;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Commands that only read: the read-only socket answers them too. */
static bool only_reads(const json_t *request)
{
	static const char *const reading[] = {"list", "show", "timeouts", "connections", "diff"};
	const char *cmd = json_string_value(json_object_get(request, "cmd"));

	for (size_t i = 0; cmd && i < sizeof(reading) / sizeof(*reading); i++) {
		if (!strcmp(reading[i], cmd))
			return true;
	}
	return false;
}

/* Whoever isn't let in at the control socket may read at the one beside it. */
static int dial_for(const char *path, const json_t *request)
{
	char stats[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd = dial(path), other;

	if ((fd != -EACCES && fd != -EPERM) || !only_reads(request) ||
	    ctl_path_stats(path, stats, sizeof(stats)))
		return fd;
	other = dial(stats);
	return other < 0 ? fd : other;
}

static int send_line(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len, done = 0;
	ssize_t n;
	int err = 0;

	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len] = '\n'; /* in the NUL's place: it is sent by its length */
	while (done <= len) {
		n = send(fd, text + done, len + 1 - done, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = -errno;
			break;
		}
		done += n;
	}
	free(text);
	return err;
}

/* Reads up to the first newline; *out is the caller's to free. -ECONNRESET: the daemon hung up. */
static int recv_line(int fd, char **out, size_t *len)
{
	size_t size = 0, used = 0;
	char *buf = NULL, *bigger, *end;
	ssize_t n;
	int err;

	for (;;) {
		if (used == size) {
			size = size ? 2 * size : 1 << 16;
			bigger = realloc(buf, size);
			err = -ENOMEM;
			if (!bigger)
				goto free_buf;
			buf = bigger;
		}
		n = recv(fd, buf + used, size - used, 0);
		if (n < 0 && errno == EINTR)
			continue;
		err = n < 0 ? -errno : -ECONNRESET;
		if (n <= 0)
			goto free_buf;
		end = memchr(buf + used, '\n', n);
		used += n;
		if (!end)
			continue;
		*out = buf;
		*len = end - buf;
		return 0;
	}
free_buf:
	free(buf);
	return err;
}

json_t *client_ask(const char *path, const json_t *request, char *err)
{
	int fd = dial_for(path, request), rc;
	char *line = NULL;
	json_t *answer = NULL;
	json_error_t at;
	size_t len = 0;

	if (fd < 0) {
		snprintf(err, CLIENT_ERR, "cannot reach shuntd at %s: %s; %s", path, strerror(-fd),
			 cure(-fd));
		return NULL;
	}
	rc = send_line(fd, request);
	if (!rc)
		rc = recv_line(fd, &line, &len);
	if (!rc)
		answer = json_loadb(line, len, 0, &at);
	if (rc == -EAGAIN)
		snprintf(err, CLIENT_ERR, "shuntd at %s has not answered for %d s", path,
			 CLIENT_TIMEOUT);
	else if (rc)
		snprintf(err, CLIENT_ERR, "shuntd at %s hung up: %s; its log says why", path,
			 strerror(-rc));
	else if (!json_is_object(answer))
		snprintf(err, CLIENT_ERR, "what listens at %s is not shuntd: no JSON object", path);
	if (answer && !json_is_object(answer)) {
		json_decref(answer);
		answer = NULL;
	}
	free(line);
	close(fd);
	return answer;
}

json_t *client_command(const struct ctl *ctl, const json_t *request)
{
	char err[CLIENT_ERR];
	json_t *answer = client_ask(ctl->socket, request, err);
	const char *warning;

	if (!answer) {
		fprintf(stderr, "%s: %s\n", ctl->program, err);
		return NULL;
	}
	warning = json_string_value(json_object_get(answer, "warning"));
	if (warning)
		fprintf(stderr, "%s: warning: %s\n", ctl->program, warning);
	if (ctl->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	return answer;
}

bool client_ok(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "ok"));
}

const char *client_error(const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "error"));

	return text ? text : "shuntd refused, and gave no reason";
}
