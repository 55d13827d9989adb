/* SPDX-License-Identifier: BSD-2-Clause */
/* What is made from what was there before is what would be made from nothing: after any edits,
 * neighbours, rollbacks and refusals. Looks inside the model. */
#include "mgmt/model_core.h"
#include "mgmt/model_world_test.h"

enum {
	SERVICES = 12,
	SERVERS = 9,
	STEPS = 6000
};

struct dice {
	uint64_t state;
};

/* Marsaglia, "Xorshift RNGs", 2003. */
static uint32_t roll(struct dice *d, uint32_t n)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (uint32_t)(d->state >> 32) % n;
}

static struct service_conf any_service(struct dice *d)
{
	return (struct service_conf){.ep = {.addr = addr_v4(htonl(0xc0000201 + roll(d, SERVICES))),
					    .port = htons(80),
					    .proto = IPPROTO_TCP},
				     .sched = roll(d, 2) ? SCHEDULER_RR : SCHEDULER_WRR};
}

static struct backend_conf any_server(struct dice *d)
{
	return (struct backend_conf){.addr = addr_v4(htonl(0x0a000001 + roll(d, SERVERS))),
				     .port = htons(80),
				     .weight = roll(d, 4)};
}

/* Whether it succeeds doesn't matter. */
static void edit(struct world *w, struct dice *d)
{
	struct service_conf s = any_service(d);
	struct backend_conf b = any_server(d);
	struct backend_health health = {
		.use = (uint8_t)roll(d, 3), .weighs = !roll(d, 3), .weight = roll(d, 4)};

	switch (roll(d, 16)) {
	case 0:
	case 1:
		model_service_add(w->model, &s);
		break;
	case 2:
		model_service_edit(w->model, &s);
		break;
	case 3:
		model_service_del(w->model, &s.ep);
		break;
	case 4:
	case 5:
	case 6:
		model_backend_del(w->model, &s.ep, &b.addr, b.port);
		break;
	case 7:
	case 8:
		model_backend_edit(w->model, &s.ep, &b);
		break;
	case 9:
		if (!roll(d, 20))
			model_clear(w->model);
		break;
	case 10:
		model_zero(w->model, &s.ep);
		break;
	case 11:
	case 12:
		model_backend_use(w->model, &s.ep, &b.addr, b.port, &health);
		break;
	default:
		model_backend_add(w->model, &s.ep, &b);
	}
}

static void learn(struct world *w, struct dice *d)
{
	struct reach r = {.state = roll(d, 3) ? REACH_OK : REACH_DOWN,
			  .nic = (uint16_t)roll(d, 2),
			  .mac = {2, 0, 0, 1, 0, (uint8_t)roll(d, 3)}};
	uint8_t mac[6] = {2, 0, 0, 0, 1, (uint8_t)roll(d, 2)};
	struct backend_conf b = any_server(d);

	if (roll(d, 8))
		model_set_reach(w->model, &b.addr, &r);
	else
		model_set_nic(w->model, (uint16_t)roll(d, 2), mac, roll(d, 4));
}

static void step(struct world *w, struct dice *d)
{
	w->log[0] = 0;
	switch (roll(d, 16)) {
	case 0:
		model_rollback(w->model);
		break;
	case 1:
	case 2:
		learn(w, d);
		break;
	case 3:
		model_settle(w->model);
		break;
	case 4:
		model_sweep(w->model);
		break;
	case 5:
		w->steer_full = true;
		model_commit(w->model);
		w->steer_full = false;
		break;
	case 6:
	case 7:
	case 8:
		model_commit(w->model);
		break;
	default:
		edit(w, d);
	}
}

/* Picks are compared as pointers: one that is out of date would have been made anew. */
static void expect_snap(struct model *m)
{
	const struct snap *seen = snap_get();
	struct snap *s = apply_snap(&m->apply, m->now, NULL, m->backends.high);

	assert_non_null(s);
	assert_int_equal(seen->n_services, s->n_services);
	assert_int_equal(seen->index_mask, s->index_mask);
	assert_memory_equal(seen->service, s->service, s->n_services * sizeof(*s->service));
	assert_memory_equal(seen->index, s->index, (s->index_mask + 1) * sizeof(*s->index));
	for (uint32_t i = 0; i < s->n_backends; i++) {
		static const struct backend none;

		assert_memory_equal(i < seen->n_backends ? &seen->backend[i] : &none,
				    &s->backend[i], sizeof(none));
	}
	snap_free(s);
}

static void expect_watched(const struct model *m)
{
	for (uint32_t i = 0; i < m->now->n; i++) {
		for (uint32_t k = 0; k < m->now->service[i]->n; k++)
			assert_true(m->now->service[i]->backend[k].peer->watched);
	}
}

static void expect_saved_backend(const struct state_backend *b, const struct model_backend *want)
{
	assert_memory_equal(&b->conf, &want->conf, sizeof(b->conf));
	assert_int_equal(b->id, want->id);
	assert_int_equal(b->leaving, want->leaving);
	assert_int_equal(b->inherited, want->inherited);
	assert_memory_equal(&b->base, &want->base, sizeof(b->base));
}

static void expect_saved(const struct model *m)
{
	const struct state_service *service;
	const struct state_backend *backend;
	uint32_t n_services, n_backends, n = 0;

	state_read(m->apply.state, &service, &n_services, &backend, &n_backends);
	assert_int_equal(n_services, m->now->n);
	for (uint32_t i = 0; i < n_services; i++) {
		const struct roster_service *s = m->now->service[i];

		assert_memory_equal(&service[i].conf, &s->conf, sizeof(s->conf));
		assert_int_equal(service[i].slot, s->slot);
		assert_int_equal(service[i].n_backends, s->n);
		assert_int_equal(service[i].leaving, s->leaving);
		assert_int_equal(service[i].inherited, s->inherited);
		assert_memory_equal(&service[i].gone, &s->gone, sizeof(s->gone));
		for (uint32_t k = 0; k < s->n; k++)
			expect_saved_backend(&backend[n++], &s->backend[k]);
	}
	assert_int_equal(n, n_backends);
}

static void a_changed_table_is_as_one_made_from_nothing(void **state)
{
	struct world *w = *state;
	uint32_t compared = 0;

	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct dice d = {.state = seed * 0x9e3779b97f4a7c15};

		w->hooks.later = seed % 2 ? world_later : NULL;
		model_free(w->model);
		world_model(w);
		assert_true(model_restore(w->model) >= 0);
		for (uint32_t i = 0; i < STEPS; i++) {
			step(w, &d);
			expect_saved(w->model);
			if (w->model->stale)
				continue;
			expect_snap(w->model);
			expect_watched(w->model);
			compared++;
		}
	}
	assert_false(w->early);
	assert_true(compared > STEPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_changed_table_is_as_one_made_from_nothing),
	};
	int failed;

	urcu_qsbr_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	urcu_qsbr_unregister_thread();
	return failed;
}
