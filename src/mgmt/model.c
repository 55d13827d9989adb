/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "mgmt/model_core.h"
#include "mgmt/reach.h"

const char *const reach_name[REACH_COUNT] = {
	[REACH_UNKNOWN] = "unknown", [REACH_NO_ROUTE] = "no-route",
	[REACH_GATEWAY] = "gateway", [REACH_UNRESOLVED] = "unresolved",
	[REACH_BAD_MAC] = "bad-mac", [REACH_DOWN] = "down",
	[REACH_OK] = "ok",
};

int model_new(struct model **out, const struct dataplane *dp, struct state *state,
	      const struct model_hooks *hooks)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->dp = dp;
	m->hooks = *hooks;
	m->peers.hooks = &m->hooks;
	m->now = roster_new();
	m->counted = calloc(BACKENDS_MAX, sizeof(*m->counted));
	m->counted_id = calloc(BACKENDS_MAX, sizeof(*m->counted_id));
	if (!m->now || !m->counted || !m->counted_id || apply_open(&m->apply, dp, state) ||
	    slots_open(&m->services, SERVICES_MAX, 1) ||
	    slots_open(&m->backends, BACKENDS_MAX, ID_GENERATIONS)) {
		model_free(m);
		return -ENOMEM;
	}
	for (uint32_t w = 0; w < dp->n_workers; w++) {
		if (!dp->worker[w].flows)
			continue;
		flow_attach(&m->flows[w], dp->worker[w].flows, dp->worker[w].flows_bytes);
		m->flows[w].origin = dp->worker[w].origins;
		if (dp->timeouts)
			m->flows[w].timeout = dp->timeouts;
	}
	*out = m;
	return 0;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	snap_publish(NULL);
	m->hooks = (struct model_hooks){0};
	roster_free(m->draft, &m->peers);
	roster_free(m->now, &m->peers);
	slots_close(&m->backends);
	slots_close(&m->services);
	apply_close(&m->apply);
	free(m->counted_id);
	free(m->counted);
	free(m);
}

/* Only what the table has keeps its number: whatever edits took and gave up is free. */
static void slots_settle(struct model *m, const struct roster *r)
{
	slots_keep_begin(&m->services);
	slots_keep_begin(&m->backends);
	for (uint32_t i = 0; i < r->n; i++) {
		const struct roster_service *s = r->service[i];

		slots_keep(&m->services, s->slot, 1);
		for (uint32_t k = 0; k < s->n; k++)
			slots_keep(&m->backends, backend_slot(s->backend[k].id),
				   (uint16_t)(s->backend[k].id >> BACKEND_SLOT_BITS));
	}
	slots_keep_end(&m->services);
	slots_keep_end(&m->backends);
}

void model_rollback(struct model *m)
{
	if (!m->draft)
		return;
	roster_free(m->draft, &m->peers);
	m->draft = NULL;
	slots_settle(m, m->now);
}

/* Removed services without servers have nothing to wait for. */
static void draft_prune(struct model *m)
{
	for (uint32_t i = m->draft->n; i-- > 0;) {
		if (m->draft->service[i]->leaving && !m->draft->service[i]->n)
			roster_remove(m->draft, i, &m->peers);
	}
}

static int watch_change(void *ctx, const struct roster_service *from, struct roster_service *to)
{
	(void)from;
	for (uint32_t k = 0; to && k < to->n; k++)
		peer_watch(ctx, to->backend[k].peer);
	return 0;
}

/* The draft is in force: adopts it and lets go of what was. */
static void draft_adopt(struct model *m)
{
	struct roster *old = m->now;

	m->now = m->draft;
	m->draft = NULL;
	roster_changes(old, m->now, watch_change, &m->peers);
	roster_free(old, &m->peers);
	slots_settle(m, m->now);
}

/* The XDP program refused a service when all else was done. */
static void draft_withdraw(struct model *m)
{
	struct snap *snap;

	apply_difference(m->draft, m->now, m->hooks.steer_del, m->hooks.ctx);
	apply_difference(m->now, m->draft, m->hooks.steer_add, m->hooks.ctx);
	if (apply_save(&m->apply, m->now, m->draft))
		log_error("state area: a restart would find a change that was taken back");
	snap = apply_snap(&m->apply, m->now, NULL, m->backends.high);
	if (snap)
		snap_publish(snap);
	m->stale = !snap;
}

/* Nothing may fail once workers and XDP program begin to change, but for the latter itself. The
 * state area comes first: an engine that follows this one must know every id that a flow can
 * have. New services are steered when the workers know them, removed ones no longer before they
 * forget them. */
static int draft_apply(struct model *m)
{
	struct snap *snap;
	int err;

	draft_prune(m);
	snap = apply_snap(&m->apply, m->draft, m->stale ? NULL : m->now, m->backends.high);
	if (!snap)
		return -ENOMEM;
	err = apply_save(&m->apply, m->draft, m->now);
	if (err) {
		snap_free(snap);
		return err;
	}
	m->stale = false; /* from here on for what comes in while hooks are called */
	apply_difference(m->now, m->draft, m->hooks.steer_del, m->hooks.ctx);
	snap_publish(snap);
	err = apply_difference(m->draft, m->now, m->hooks.steer_add, m->hooks.ctx);
	if (err)
		draft_withdraw(m);
	return err;
}

int model_preview(struct model *m,
		  void (*fn)(void *ctx, const struct endpoint *ep, uint32_t moved, uint32_t places),
		  void *ctx)
{
	return m->draft ? apply_preview(&m->apply, m->draft, m->now, fn, ctx) : 0;
}

int model_commit(struct model *m)
{
	int err;

	if (!m->draft)
		return 0;
	m->committing = true;
	err = draft_apply(m);
	if (err)
		model_rollback(m);
	else
		draft_adopt(m);
	m->committing = false;
	if (m->stale)
		model_settle(m);
	return err;
}

void model_settle(struct model *m)
{
	struct snap *snap;

	if (!m->stale)
		return;
	snap = apply_snap(&m->apply, m->now, NULL, m->backends.high);
	if (!snap) {
		log_error("out of memory: a changed neighbour isn't in force yet");
		return;
	}
	m->stale = false;
	snap_publish(snap);
}

static void model_outdate(struct model *m)
{
	bool asked = m->stale;

	m->stale = true;
	if (m->committing)
		return;
	if (!m->hooks.later)
		model_settle(m);
	else if (!asked)
		m->hooks.later(m->hooks.ctx);
}

void model_set_reach(struct model *m, const struct addr *server, const struct reach *reach)
{
	struct peer *peer = peer_find(&m->peers, server);
	struct reach old;

	if (!peer)
		return;
	old = peer->reach;
	peer->reach = peer->direct = *reach;
	if (reach->gateway)
		peer->direct = (struct reach){.state = REACH_GATEWAY};
	if (old.state != REACH_OK && reach->state != REACH_OK)
		return; /* no traffic before, none now */
	if (!reach_equal(&old, reach))
		model_outdate(m);
}

void model_set_nic(struct model *m, uint16_t nic, const uint8_t mac[6], bool up)
{
	struct apply_nic *own;

	if (nic >= m->dp->n_nics)
		return;
	own = &m->apply.nic[nic];
	if (own->up == up && !memcmp(own->mac, mac, sizeof(own->mac)))
		return;
	memcpy(own->mac, mac, sizeof(own->mac));
	own->up = up;
	model_outdate(m);
}

static bool backend_due(const struct model *m, const struct model_backend *b)
{
	return b->leaving && b->left + 1 < m->sweeps;
}

static bool service_due(const struct model *m, const struct roster_service *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (backend_due(m, &s->backend[i]))
			return true;
	}
	return false;
}

static bool sweep_due(const struct model *m)
{
	for (uint32_t i = 0; i < m->now->n; i++) {
		if (service_due(m, m->now->service[i]))
			return true;
	}
	return false;
}

/* Removes a service's servers that are due and have no flow. Returns whether there were any. */
static bool sweep_service(struct model *m, struct roster_service *s)
{
	uint32_t before = s->n;

	for (uint32_t i = s->n; i-- > 0;) {
		const struct model_flows *f = &m->counted[backend_slot(s->backend[i].id)];

		if (!backend_due(m, &s->backend[i]) || f->active || f->inactive)
			continue;
		model_retire_totals(m, s, &s->backend[i]);
		roster_remove_backend(s, i, &m->peers);
	}
	return s->n != before;
}

/* A server must have been leaving for a whole round: a flow can then not just be on its way from
 * one worker's table to another's. */
void model_sweep(struct model *m)
{
	bool any = false;

	if (m->draft)
		return;
	m->sweeps++;
	model_settle(m);
	if (!sweep_due(m) || model_draft(m))
		return;
	model_flows(m);
	for (uint32_t i = 0; i < m->draft->n; i++) {
		struct roster_service *s;

		if (!service_due(m, m->draft->service[i]))
			continue;
		s = roster_own(m->draft, i);
		if (s)
			any |= sweep_service(m, s);
	}
	if (any)
		model_commit(m);
	else
		model_rollback(m);
}

static int restore_service(struct model *m, const struct state_service *in,
			   const struct state_backend *backend)
{
	struct roster_service *s;
	bool found;
	uint32_t i = roster_find(m->draft, &in->conf.ep, &found);

	if (found || in->slot >= SERVICES_MAX)
		return -EINVAL;
	s = roster_insert(m->draft, i, &in->conf, in->slot);
	if (!s)
		return -ENOMEM;
	s->leaving = in->leaving;
	s->inherited = in->inherited || !m->dp->engines;
	s->gone = in->gone;
	for (i = 0; i < in->n_backends; i++) {
		struct model_backend b = {
			.conf = backend[i].conf,
			.health = backend[i].health,
			.id = backend[i].id,
			.leaving = backend[i].leaving,
			.inherited = backend[i].inherited || !m->dp->engines,
			.base = backend[i].base,
		};
		int err = b.id ? model_insert_backend(m, s, i, &b) : -EINVAL;

		if (err)
			return err;
	}
	return 0;
}

int model_restore(struct model *m)
{
	const struct state_service *service;
	const struct state_backend *backend;
	uint32_t n_services, n_backends, used = 0;
	int n = 0, err;

	err = model_draft(m);
	if (err)
		return err;
	state_read(m->apply.state, &service, &n_services, &backend, &n_backends);
	for (uint32_t i = 0; i < n_services && !err; i++) {
		if (service[i].n_backends > n_backends - used)
			err = -EINVAL;
		else
			err = restore_service(m, &service[i], &backend[used]);
		used += service[i].n_backends;
		n += !service[i].leaving;
	}
	if (err) {
		model_rollback(m);
		return err;
	}
	slots_settle(m, m->draft);
	err = model_commit(m);
	return err ? err : n;
}
