/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/watch.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void watch_init(struct watch *t)
{
	memset(t, 0, sizeof(*t));
	TAILQ_INIT(&t->queue);
	TAILQ_INIT(&t->routed);
}

/* Where the address is, or belongs. */
static size_t place(const struct watch *t, const struct addr *a)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(&t->at[mid]->addr, a, sizeof(*a)) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct watched *watch_find(const struct watch *t, const struct addr *a)
{
	size_t i = place(t, a);

	return i < t->count && addr_equal(&t->at[i]->addr, a) ? t->at[i] : NULL;
}

struct watched *watch_add(struct watch *t, const struct addr *a)
{
	size_t i = place(t, a);
	struct watched *w;

	if (i < t->count && addr_equal(&t->at[i]->addr, a))
		return t->at[i];
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 16;
		struct watched **at = reallocarray(t->at, room, sizeof(*at));

		if (!at)
			return NULL;
		t->at = at;
		t->room = room;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->addr = w->via = *a;
	memmove(t->at + i + 1, t->at + i, (t->count - i) * sizeof(*t->at));
	t->at[i] = w;
	t->count++;
	return w;
}

void watch_remove(struct watch *t, struct watched *w)
{
	size_t i = place(t, &w->addr);

	if (w->queued)
		TAILQ_REMOVE(&t->queue, w, queue);
	if (w->way.gateway)
		TAILQ_REMOVE(&t->routed, w, routed);
	t->count--;
	memmove(t->at + i, t->at + i + 1, (t->count - i) * sizeof(*t->at));
	free(w);
}

void watch_way(struct watch *t, struct watched *w, const struct reach *way, const struct addr *via)
{
	if (w->way.gateway)
		TAILQ_REMOVE(&t->routed, w, routed);
	w->way = *way;
	w->via = *via;
	w->nic = way->nic;
	w->had_nic = true;
	if (way->gateway)
		TAILQ_INSERT_TAIL(&t->routed, w, routed);
}

void watch_enqueue(struct watch *t, struct watched *w)
{
	if (w->queued)
		return;
	TAILQ_INSERT_TAIL(&t->queue, w, queue);
	w->queued = true;
}

struct watched *watch_dequeue(struct watch *t)
{
	struct watched *w = TAILQ_FIRST(&t->queue);

	if (w) {
		TAILQ_REMOVE(&t->queue, w, queue);
		w->queued = false;
	}
	return w;
}

void watch_fini(struct watch *t)
{
	while (t->count)
		watch_remove(t, t->at[t->count - 1]);
	free(t->at);
	watch_init(t);
}

void watch_say(struct watched *w, const struct reach *r, int oif, const char *why)
{
	char on[IF_NAMESIZE + ADDR_TEXT + 24] = "", name[IF_NAMESIZE], text[ADDR_TEXT],
					  now[MAC_TEXT], was[MAC_TEXT];
	bool moved = memcmp(w->said_mac, r->mac, 6);

	if (r->state == REACH_OK ? w->said == REACH_OK && !moved : !why || w->said == r->state)
		return;
	if (oif && if_indextoname(oif, name))
		snprintf(on, sizeof(on), r->gateway ? " on %s, behind router %s" : " on %s", name,
			 addr_text(&w->via, text));
	addr_text(&w->addr, text);
	if (r->state != REACH_OK)
		log_warn("neighbour %s%s: gets no traffic: %s", text, on, why);
	else if (mac_is_zero(w->said_mac))
		log_info("neighbour %s%s: %s", text, on, mac_text(r->mac, now));
	else if (moved)
		log_info("neighbour %s%s: now %s, was %s", text, on, mac_text(r->mac, now),
			 mac_text(w->said_mac, was));
	else
		log_info("neighbour %s%s: reached again, at %s", text, on, mac_text(r->mac, now));
	w->said = r->state;
	if (r->state == REACH_OK)
		memcpy(w->said_mac, r->mac, 6);
}
