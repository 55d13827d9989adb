/* SPDX-License-Identifier: BSD-2-Clause */
/* Events come in on one socket and are applied at once when they say all there is to know (a MAC,
 * a link's state). Whatever needs the kernel asked (routes, entries to set) only puts servers on a
 * queue, which a timer works off a few milliseconds' worth at a time: it coalesces, it never holds
 * the loop, and hooks may watch and unwatch as they like. */
#include "mgmt/neigh.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "mgmt/ask.h"
#include "mgmt/keep.h"
#include "mgmt/netlink.h"
#include "mgmt/reach.h"
#include "mgmt/watch.h"

enum {
	SOON_MS = 1,		      /* the next turn of the loop; 0 would starve it */
	COALESCE_MS = 50,	      /* routes change in bursts */
	AGAIN_MS = 5000,	      /* for what the kernel doesn't do by itself */
	TURN_NS = 4000000,	      /* of the queue's work in one turn of the loop */
	TURN_EVENTS = 256,	      /* datagrams, likewise */
	FLUSH_EVENTS = 10000,	      /* those that are thrown away unread */
	QUIET_NS = 60 * 1000000000ll, /* between two complaints about lost events */
};

struct nic_state {
	bool up;
	bool gone;
	int back;	     /* the ifindex that its name came back with; 0: it didn't */
	struct nl_link link; /* as last heard of */
};

struct neigh {
	uv_loop_t *loop;
	const struct dataplane *dp;
	struct neigh_hooks hooks;
	struct nl *nl;
	struct mnl_socket *events;
	uv_poll_t poll;
	uv_timer_t turn, again;
	int ask;     /* a socket for questions; -1: there is none */
	int handles; /* not closed yet */
	struct watch watch;
	struct nic_state nic[NICS_MAX];
	uint8_t own[NICS_MAX][6]; /* the NICs' MAC addresses */
	bool resync;		  /* links have to be read, and everything that is watched */
	bool overrun;		  /* events were lost, and the socket isn't empty yet */
	uint64_t complained;	  /* when that was logged last */
	uint8_t buf[NETLINK_BUFFER];
};

static void on_turn(uv_timer_t *t);

/* Has the queue worked off in at most this time. */
static void arm(struct neigh *n, uint64_t ms)
{
	if (uv_is_active((uv_handle_t *)&n->turn) && uv_timer_get_due_in(&n->turn) <= ms)
		return;
	uv_timer_start(&n->turn, on_turn, ms, 0);
}

static void enqueue(struct neigh *n, struct watched *w, uint64_t ms)
{
	watch_enqueue(&n->watch, w);
	arm(n, ms);
}

static void enqueue_all(struct neigh *n, uint64_t ms)
{
	for (size_t i = 0; i < n->watch.count; i++)
		enqueue(n, n->watch.at[i], ms);
}

/* ---- one server ---- */

/* The hook comes last: it may unwatch the server. why: NULL if it isn't worth saying. */
static void settle(struct neigh *n, struct watched *w, struct reach r, int oif, const char *why)
{
	struct addr a = w->addr;

	watch_say(w, &r, oif, why);
	if (reach_equal(&w->reach, &r))
		return;
	w->reach = r;
	if (n->hooks.reach)
		n->hooks.reach(n->hooks.ctx, &a, &r);
}

/* e: NULL if there is no entry. */
static void settle_neigh(struct neigh *n, struct watched *w, const struct nl_neigh *e)
{
	struct reach r = w->way;
	const char *why = NULL;

	r.state = reach_of_neigh(e, n->own, n->dp->n_nics);
	w->nud = e ? e->nud : NUD_NONE;
	if (r.state == REACH_OK)
		memcpy(r.mac, e->mac, 6);
	else if (r.state == REACH_BAD_MAC)
		why = "its MAC address is zero, multicast or one of our own; see `ip neigh`";
	else if (w->nud & NUD_FAILED)
		why = r.gateway ? "its router doesn't answer; is the route to it right?"
				: "it doesn't answer; is it up, and in this network?";
	settle(n, w, r, w->ifindex, why);
}

/* The entry could be neither read nor made: said with its cause, tried again later. */
static void settle_error(struct neigh *n, struct watched *w, int err)
{
	struct reach r = w->way;
	const char *why = strerror(-err);

	r.state = REACH_UNRESOLVED;
	w->retry = true;
	if (err == -ETIMEDOUT)
		return; /* nothing was learnt */
	if (err == -EPERM)
		why = "no permission to have it resolved; shuntd needs CAP_NET_ADMIN";
	else if (err == -ENOBUFS)
		why = "the kernel's neighbour table is full; raise sysctl "
		      "net.ipv{4,6}.neigh.default.gc_thresh3";
	settle(n, w, r, w->ifindex, why);
}

/* What is known of an interface: ours are listened to, others are asked for. NULL: nothing. */
static const struct nl_link *link_of(struct neigh *n, int ifindex, struct nl_link *asked)
{
	for (uint32_t i = 0; i < n->dp->n_nics; i++)
		if (n->dp->nic[i].ifindex == ifindex)
			return n->nic[i].link.ifindex ? &n->nic[i].link : NULL;
	return nl_link_get(n->nl, ifindex, NULL, asked) ? NULL : asked;
}

/* Whether the route says all there is to say; else the neighbour decides. */
static bool settle_way(struct neigh *n, struct watched *w, const struct reach_route *way)
{
	enum reach_state state = way->reach.state;

	if (state == REACH_NO_ROUTE && w->had_nic &&
	    (n->nic[w->nic].gone || (!way->oif && !n->nic[w->nic].up))) {
		/* Taking a link down takes its routes away. */
		settle(n, w, (struct reach){.state = REACH_DOWN, .nic = w->nic}, 0, NULL);
		return true;
	}
	if (state != REACH_UNKNOWN || w->ifindex != way->oif || !addr_equal(&w->via, &way->via))
		keep_release(n->nl, w);
	if (state != REACH_UNKNOWN) {
		settle(n, w, (struct reach){.state = state}, way->oif, way->why);
		return true;
	}
	w->ifindex = way->oif;
	watch_way(&n->watch, w, &way->reach, &way->via);
	if (n->nic[w->nic].up)
		return false;
	settle(n, w, (struct reach){.state = REACH_DOWN, .nic = w->nic}, 0, NULL);
	return true;
}

/* Asks the kernel everything about one server. */
static void evaluate(struct neigh *n, struct watched *w)
{
	const struct nl_link *link = NULL;
	struct nl_route route;
	struct nl_link asked;
	struct reach_route way;
	struct nl_neigh e;
	int err = nl_route_get(n->nl, &w->addr, &route);

	w->retry = err == -ETIMEDOUT || err == -ENOBUFS || err == -ENOMEM;
	if (w->retry)
		return;
	if (!err && route.oif)
		link = link_of(n, route.oif, &asked);
	way = reach_of_route(&w->addr, err, &route, link, n->dp);
	if (settle_way(n, w, &way))
		return;
	err = keep_entry(n->nl, w, &e);
	if (err)
		settle_error(n, w, err);
	else
		settle_neigh(n, w, &e);
}

/* ---- events ---- */

/* Somebody took the flag away. */
static bool forsaken(const struct watched *w, const struct nl_neigh *e)
{
	return !w->use && !reach_neigh_ours(e) && !reach_neigh_foreign(e);
}

/* A router's entry is that of many servers: those for whom it isn't as they know it are looked at,
 * one by one. */
static void router_event(struct neigh *n, uint16_t type, const struct nl_neigh *e)
{
	struct watched *next;

	for (struct watched *w = TAILQ_FIRST(&n->watch.routed); w; w = next) {
		next = TAILQ_NEXT(w, routed);
		if (w->ifindex != e->ifindex || !addr_equal(&w->via, &e->addr))
			continue;
		if (type == RTM_NEWNEIGH && w->reach.state == REACH_OK && reach_neigh_valid(e) &&
		    !memcmp(w->reach.mac, e->mac, sizeof(e->mac)) && !forsaken(w, e))
			w->nud = e->nud;
		else
			enqueue(n, w, COALESCE_MS);
	}
}

static void neigh_event(struct neigh *n, const struct nlmsghdr *nlh)
{
	struct nl_neigh e;
	struct watched *w;

	if (nl_read_neigh(nlh, &e))
		return;
	router_event(n, nlh->nlmsg_type, &e);
	w = watch_find(&n->watch, &e.addr);
	if (!w || w->way.gateway || w->ifindex != e.ifindex || !n->nic[w->nic].up)
		return;
	if (nlh->nlmsg_type == RTM_DELNEIGH) {
		enqueue(n, w, COALESCE_MS);
		return;
	}
	/* Queued events may be older than what is known: one that takes the MAC away has to be
	 * true now. */
	if (w->reach.state == REACH_OK && !reach_neigh_valid(&e) &&
	    nl_neigh_get(n->nl, e.ifindex, &w->addr, &e)) {
		enqueue(n, w, COALESCE_MS);
		return;
	}
	if (forsaken(w, &e))
		enqueue(n, w, COALESCE_MS);
	settle_neigh(n, w, &e);
}

static void nic_seen(struct neigh *n, uint16_t i, const struct nl_link *l)
{
	const char *name = n->dp->nic[i].name;
	char now[MAC_TEXT], was[MAC_TEXT];
	bool moved = l->has_mac && memcmp(n->own[i], l->mac, 6);

	if (n->nic[i].link.mtu != l->mtu)
		enqueue_all(n, COALESCE_MS);
	n->nic[i].link = *l;
	if (n->nic[i].gone || (!moved && n->nic[i].up == l->up))
		return;
	if (n->nic[i].up != l->up)
		log_info("%s: link %s", name, l->up ? "up" : "down");
	n->nic[i].up = l->up;
	if (moved) {
		log_info("%s: MAC address now %s, was %s", name, mac_text(l->mac, now),
			 mac_text(n->own[i], was));
		memcpy(n->own[i], l->mac, 6);
	}
	enqueue_all(n, SOON_MS);
	if (n->hooks.nic)
		n->hooks.nic(n->hooks.ctx, i, n->own[i], l->up);
}

static void nic_lost(struct neigh *n, uint16_t i)
{
	if (n->nic[i].gone)
		return;
	log_warn("%s: the interface is gone", n->dp->nic[i].name);
	n->nic[i].gone = true;
	n->nic[i].up = false;
	enqueue_all(n, SOON_MS);
	if (n->hooks.nic_gone)
		n->hooks.nic_gone(n->hooks.ctx, i);
}

static void nic_returned(struct neigh *n, uint16_t i, int ifindex)
{
	if (n->nic[i].back == ifindex)
		return;
	log_info("%s: the interface is back", n->dp->nic[i].name);
	n->nic[i].back = ifindex;
	if (n->hooks.nic_back)
		n->hooks.nic_back(n->hooks.ctx, i);
}

/* Servers that are reached by a VLAN's device: what it is may have changed. */
static void enqueue_on(struct neigh *n, const struct nl_link *l)
{
	for (size_t i = 0; l->vlan && i < n->watch.count; i++)
		if (n->watch.at[i]->ifindex == l->ifindex)
			enqueue(n, n->watch.at[i], COALESCE_MS);
}

static void link_event(struct neigh *n, const struct nlmsghdr *nlh)
{
	bool deleted = nlh->nlmsg_type == RTM_DELLINK;
	struct nl_link l;

	if (nl_read_link(nlh, &l))
		return;
	enqueue_on(n, &l);
	for (uint16_t i = 0; i < n->dp->n_nics; i++) {
		const struct nic *nic = &n->dp->nic[i];

		if (n->nic[i].gone && !deleted && !strcmp(nic->name, l.name))
			nic_returned(n, i, l.ifindex);
		else if (nic->ifindex == l.ifindex && deleted)
			nic_lost(n, i);
		else if (nic->ifindex == l.ifindex)
			nic_seen(n, i, &l);
	}
}

static void route_event(struct neigh *n, const struct nlmsghdr *nlh)
{
	struct nl_prefix p;

	if (nl_read_prefix(nlh, &p))
		return;
	for (size_t i = 0; i < n->watch.count; i++) {
		if (nl_prefix_covers(&p, &n->watch.at[i]->addr))
			enqueue(n, n->watch.at[i], COALESCE_MS);
	}
}

static int on_event(const struct nlmsghdr *nlh, void *data)
{
	struct neigh *n = data;

	switch (nlh->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		neigh_event(n, nlh);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		link_event(n, nlh);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		route_event(n, nlh);
		break;
	default: /* addresses, rules, next hops: the kernel says nothing of routes that follow */
		enqueue_all(n, COALESCE_MS);
	}
	return MNL_CB_OK;
}

/* The kernel had more to say than the socket had room for. It drops what else comes, without a
 * word, until the socket is empty: only then does reading everything anew help. */
static void overrun(struct neigh *n)
{
	uint64_t now = uv_hrtime();

	n->overrun = true;
	if (n->complained && now - n->complained < QUIET_NS)
		return;
	log_warn("netlink: events were lost in a burst; reading everything anew");
	n->complained = now;
}

static void drained(struct neigh *n)
{
	if (!n->overrun)
		return;
	n->overrun = false;
	n->resync = true;
	arm(n, COALESCE_MS);
}

static void read_events(struct neigh *n)
{
	ssize_t len;

	for (int i = 0; i < (n->overrun ? FLUSH_EVENTS : TURN_EVENTS); i++) {
		len = mnl_socket_recvfrom(n->events, n->buf, sizeof(n->buf));
		if (len >= 0 && n->overrun)
			continue;
		if (len >= 0) {
			mnl_cb_run(n->buf, len, 0, 0, on_event, n);
		} else if (errno == ENOBUFS || errno == ENOSPC) {
			overrun(n);
		} else if (errno == EAGAIN) {
			drained(n);
			return;
		}
	}
}

/* libuv takes the error that an overrun leaves on the socket for a bad descriptor, and stops. */
static void on_readable(uv_poll_t *p, int status, int events)
{
	struct neigh *n = p->data;

	(void)events;
	read_events(n);
	if (status < 0)
		uv_poll_start(p, UV_READABLE, on_readable);
}

/* ---- timers ---- */

static void resync(struct neigh *n)
{
	struct nl_link l;
	int err;

	n->resync = false;
	for (uint16_t i = 0; i < n->dp->n_nics; i++) {
		const struct nic *nic = &n->dp->nic[i];

		err = nl_link_get(n->nl, nic->ifindex, NULL, &l);
		if (!err)
			nic_seen(n, i, &l);
		else if (err == -ENODEV)
			nic_lost(n, i);
		else
			n->resync = true;
		if (n->nic[i].gone && nl_link_get(n->nl, 0, nic->name, &l) == 0)
			nic_returned(n, i, l.ifindex);
	}
	enqueue_all(n, SOON_MS);
}

static void on_turn(uv_timer_t *t)
{
	struct neigh *n = t->data;
	uint64_t end = uv_hrtime() + TURN_NS;
	struct watched *w;

	/* What is asked below is newer than any event that waits. */
	read_events(n);
	if (n->resync && !n->overrun)
		resync(n);
	while (uv_hrtime() < end && (w = watch_dequeue(&n->watch)))
		evaluate(n, w);
	if (!TAILQ_EMPTY(&n->watch.queue))
		arm(n, SOON_MS);
}

static void on_again(uv_timer_t *t)
{
	struct neigh *n = t->data;

	for (size_t i = 0; i < n->watch.count; i++) {
		struct watched *w = n->watch.at[i];

		if (w->retry)
			enqueue(n, w, SOON_MS);
		else if (w->use && w->ifindex && n->nic[w->nic].up && !(w->nud & NUD_REACHABLE))
			nl_neigh_set(n->nl, NEIGH_USE, w->ifindex, &w->via);
	}
	if (n->resync)
		arm(n, SOON_MS);
}

/* ---- for others ---- */

int neigh_watch(struct neigh *n, const struct addr *server)
{
	struct watched *w = watch_add(&n->watch, server);

	if (!w)
		return -ENOMEM;
	if (w->reach.state == REACH_UNKNOWN)
		enqueue(n, w, SOON_MS);
	return 0;
}

void neigh_settle(struct neigh *n)
{
	struct watched *w;

	while ((w = watch_dequeue(&n->watch)))
		evaluate(n, w);
}

void neigh_unwatch(struct neigh *n, const struct addr *server)
{
	struct watched *w = watch_find(&n->watch, server);

	if (!w)
		return;
	keep_release(n->nl, w);
	watch_remove(&n->watch, w);
}

/* NUD_PROBE would have the kernel ask the old MAC address first, for seconds. */
void neigh_suspect(struct neigh *n, const struct addr *server)
{
	const struct watched *w = watch_find(&n->watch, server);

	if (w && w->reach.state == REACH_OK && !w->reach.vlan)
		ask(n->ask, n->dp->nic[w->nic].ifindex, n->own[w->nic], &w->via, &w->reach.src);
}

const struct reach *neigh_reach(const struct neigh *n, const struct addr *server)
{
	const struct watched *w = watch_find(&n->watch, server);

	return w ? &w->reach : NULL;
}

void neigh_each(struct neigh *n,
		void (*fn)(void *ctx, const struct addr *server, const struct reach *reach),
		void *ctx)
{
	for (size_t i = 0; i < n->watch.count; i++)
		fn(ctx, &n->watch.at[i]->addr, &n->watch.at[i]->reach);
}

static void on_closed(uv_handle_t *h)
{
	struct neigh *n = h->data;

	if (--n->handles)
		return;
	mnl_socket_close(n->events);
	nl_close(n->nl);
	if (n->ask >= 0)
		close(n->ask);
	free(n);
}

static void adopt(struct neigh *n, void *handle)
{
	((uv_handle_t *)handle)->data = n;
	n->handles++;
}

int neigh_open(struct neigh **out, uv_loop_t *loop, const struct dataplane *dp,
	       const struct neigh_hooks *hooks)
{
	struct neigh *n = calloc(1, sizeof(*n));
	int err;

	if (!n)
		return -ENOMEM;
	n->loop = loop;
	n->dp = dp;
	n->hooks = *hooks;
	watch_init(&n->watch);
	for (uint32_t i = 0; i < dp->n_nics; i++) {
		memcpy(n->own[i], dp->nic[i].mac, 6);
		n->nic[i].up = true;
	}
	err = nl_open(&n->nl);
	if (err)
		goto free_n;
	err = nl_events_open(&n->events);
	if (err)
		goto close_nl;
	err = uv_poll_init(loop, &n->poll, mnl_socket_get_fd(n->events));
	if (err)
		goto close_events;
	uv_timer_init(loop, &n->turn);
	uv_timer_init(loop, &n->again);
	adopt(n, &n->poll);
	adopt(n, &n->turn);
	adopt(n, &n->again);
	n->ask = ask_open();
	n->resync = true; /* the first turn reads the links */
	arm(n, SOON_MS);
	uv_timer_start(&n->again, on_again, AGAIN_MS, AGAIN_MS);
	err = uv_poll_start(&n->poll, UV_READABLE, on_readable);
	if (err) {
		neigh_close(n);
		return err;
	}
	*out = n;
	return 0;
close_events:
	mnl_socket_close(n->events);
close_nl:
	nl_close(n->nl);
free_n:
	free(n);
	return err;
}

void neigh_close(struct neigh *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->watch.count; i++)
		keep_release(n->nl, n->watch.at[i]);
	watch_fini(&n->watch);
	uv_close((uv_handle_t *)&n->poll, on_closed);
	uv_close((uv_handle_t *)&n->turn, on_closed);
	uv_close((uv_handle_t *)&n->again, on_closed);
}
