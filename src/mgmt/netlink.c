/* SPDX-License-Identifier: BSD-2-Clause */
/* The two sockets: one that asks and one that listens. */
#include "mgmt/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	REPLY_MS = 50,
	EVENTS_RCVBUF = 4 << 20
};

struct nl {
	struct mnl_socket *sock;
	uint32_t seq;
	uint8_t ask[256];
	uint8_t buf[NETLINK_BUFFER];
};

int nl_open(struct nl **out)
{
	struct timeval limit = {.tv_usec = REPLY_MS * 1000};
	struct nl *nl = calloc(1, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	nl->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->sock) {
		err = -errno;
		goto free_nl;
	}
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVTIMEO, &limit,
		       sizeof(limit)) < 0) {
		err = -errno;
		goto close_socket;
	}
	*out = nl;
	return 0;
close_socket:
	mnl_socket_close(nl->sock);
free_nl:
	free(nl);
	return err;
}

void nl_close(struct nl *nl)
{
	if (!nl)
		return;
	mnl_socket_close(nl->sock);
	free(nl);
}

/* Copies the answer's message to where the caller's reader can see it. */
struct answer {
	int (*read)(const struct nlmsghdr *nlh, void *out);
	void *out;
	int err;
};

static int on_answer(const struct nlmsghdr *nlh, void *data)
{
	struct answer *an = data;

	an->err = an->read ? an->read(nlh, an->out) : 0;
	return MNL_CB_OK;
}

/* Sends nl->ask and reads until the kernel's acknowledgement of it. Answers to earlier requests,
 * which were given up, are skipped. */
static int request(struct nl *nl, struct nlmsghdr *nlh, struct answer *an)
{
	unsigned int port = mnl_socket_get_portid(nl->sock);
	ssize_t len;
	int rc;

	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		len = mnl_socket_recvfrom(nl->sock, nl->buf, sizeof(nl->buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (!mnl_nlmsg_ok((void *)nl->buf, len) ||
		    !mnl_nlmsg_seq_ok((void *)nl->buf, nl->seq))
			continue;
		rc = mnl_cb_run(nl->buf, len, nl->seq, port, on_answer, an);
		if (rc < 0)
			return -errno;
		if (rc == MNL_CB_STOP)
			return an->err;
	}
}

static int read_route(const struct nlmsghdr *nlh, void *out)
{
	return nl_read_route(nlh, out);
}

static int read_neigh(const struct nlmsghdr *nlh, void *out)
{
	return nl_read_neigh(nlh, out);
}

static int read_link(const struct nlmsghdr *nlh, void *out)
{
	return nl_read_link(nlh, out);
}

int nl_route_get(struct nl *nl, const struct addr *to, struct nl_route *out)
{
	struct answer an = {.read = read_route, .out = out, .err = -ENOENT};

	return request(nl, nl_ask_route(nl->ask, to), &an);
}

int nl_neigh_get(struct nl *nl, int ifindex, const struct addr *a, struct nl_neigh *out)
{
	struct answer an = {.read = read_neigh, .out = out, .err = -ENOENT};

	return request(nl, nl_ask_neigh(nl->ask, ifindex, a), &an);
}

int nl_link_get(struct nl *nl, int ifindex, const char *name, struct nl_link *out)
{
	struct answer an = {.read = read_link, .out = out, .err = -ENODEV};

	return request(nl, nl_ask_link(nl->ask, ifindex, name), &an);
}

int nl_neigh_set(struct nl *nl, enum nl_neigh_op op, int ifindex, const struct addr *a)
{
	struct answer an = {0};

	return request(nl, nl_ask_neigh_op(nl->ask, op, ifindex, a), &an);
}

int nl_events_open(struct mnl_socket **out)
{
	static const int group[] = {RTNLGRP_LINK,	RTNLGRP_NEIGH,	     RTNLGRP_IPV4_ROUTE,
				    RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				    RTNLGRP_IPV4_RULE,	RTNLGRP_IPV6_RULE,   RTNLGRP_NEXTHOP};
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int size = EVENTS_RCVBUF, fd, err;

	if (!s)
		return -errno;
	fd = mnl_socket_get_fd(s);
	/* Without privilege the plain one still gives what net.core.rmem_max allows. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0)
		goto fail;
	for (size_t i = 0; i < sizeof(group) / sizeof(*group); i++) {
		if (mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, (void *)&group[i],
					  sizeof(group[i])) < 0)
			goto fail;
	}
	*out = s;
	return 0;
fail:
	err = -errno;
	mnl_socket_close(s);
	return err;
}
