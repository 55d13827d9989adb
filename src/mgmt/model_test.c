/* SPDX-License-Identifier: BSD-2-Clause */
/* The model: order, transactions, what becomes effective, and the next engine. */
#include "mgmt/model_world_test.h"

static void services_and_servers_are_in_ipvsadms_order(void **state)
{
	static const struct {
		const char *addr;
		uint16_t port;
		uint8_t proto;
	} want[] = {
		{"9.0.0.1", 80, IPPROTO_TCP},	  {"10.0.0.1", 80, IPPROTO_TCP},
		{"10.0.0.1", 443, IPPROTO_TCP},	  {"10.0.0.1", 8080, IPPROTO_TCP},
		{"1.0.0.1", 53, IPPROTO_UDP},	  {"::1", 80, IPPROTO_TCP},
		{"2001:db8::1", 80, IPPROTO_TCP}, {"2001:db8::", 53, IPPROTO_UDP},
	};
	static const char *const servers[] = {"9.0.0.2", "10.0.0.9", "10.0.0.10", "100.0.0.1"};
	const uint32_t n = sizeof(want) / sizeof(*want);
	struct world *w = *state;
	struct model_service s;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = i * 3 % n; /* in another order than they shall come out */
		struct service_conf c = world_service(want[k].addr, want[k].port, SCHEDULER_RR);

		c.ep.proto = want[k].proto;
		assert_int_equal(model_service_add(w->model, &c), 0);
		for (uint32_t b = 0; b < 4 && addr_is_v4(&c.ep.addr); b++) {
			struct backend_conf conf =
				world_server(servers[b * 3 % 4], want[k].port, 1);

			assert_int_equal(model_backend_add(w->model, &c.ep, &conf), 0);
		}
	}
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(model_services(w->model), n);
	for (uint32_t i = 0; i < n; i++) {
		struct endpoint ep = world_tcp(want[i].addr, want[i].port);

		ep.proto = want[i].proto;
		model_service_at(w->model, i, &s);
		assert_memory_equal(&s.conf.ep, &ep, sizeof(ep));
		for (uint32_t b = 0; b < s.n_backends; b++) {
			struct addr a = world_addr(servers[b]);

			assert_true(addr_equal(&s.backend[b].conf.addr, &a));
		}
	}
}

static void nothing_shows_until_commit_and_a_rollback_takes_it_back(void **state)
{
	struct world *w = *state;
	struct service_conf other = world_service("192.0.2.2", 80, SCHEDULER_RR);
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct backend_conf b = world_server("10.0.0.1", 80, 7),
			    new = world_server("10.0.0.7", 80, 1);
	struct addr second = world_addr("10.0.0.2");
	struct model_service s;
	uint64_t generation;
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 2);
	generation = snap_get()->generation;
	id = world_id_of(w, "10.0.0.1");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(model_service_add(w->model, &other), 0);
		assert_int_equal(model_backend_add(w->model, &other.ep, &b), 0);
		assert_int_equal(model_backend_add(w->model, &ep, &new), 0);
		assert_int_equal(model_backend_edit(w->model, &ep, &b), 0);
		assert_int_equal(model_backend_del(w->model, &ep, &second, ep.port), 0);
		assert_int_equal(model_service_del(w->model, &ep), 0);
		assert_false(model_service_get(w->model, &other.ep, &s));
		assert_true(model_service_get(w->model, &ep, &s));
		assert_int_equal(s.n_backends, 2);
		assert_int_equal(s.backend[0].conf.weight, 1);
		model_rollback(w->model);
	}
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(snap_get()->generation, generation);
	assert_int_equal(world_id_of(w, "10.0.0.1"), id);
	world_expect_log(w, "");
	world_add(w, "10.0.0.3", 1); /* and its number is the next: nothing leaked */
	assert_int_equal(backend_slot(world_id_of(w, "10.0.0.3")), 2);
}

static void edits_that_make_no_sense_are_refused_by_name(void **state)
{
	struct world *w = *state;
	struct service_conf s = world_service("192.0.2.1", 80, SCHEDULER_RR), bad;
	struct endpoint none = world_tcp("192.0.2.9", 80);
	struct backend_conf b = world_server("10.0.0.1", 80, 1);
	struct addr gone = world_addr("10.0.0.9");

	world_seed(w, SCHEDULER_RR, 1);
	assert_int_equal(model_service_add(w->model, &s), -EEXIST);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EEXIST);
	assert_int_equal(model_backend_add(w->model, &none, &b), -ENOENT);
	assert_int_equal(model_service_del(w->model, &none), -ENOENT);
	assert_int_equal(model_zero(w->model, &none), -ENOENT);
	assert_int_equal(model_backend_del(w->model, &s.ep, &gone, s.ep.port), -ESRCH);
	b = world_server("10.0.0.9", 80, 1);
	assert_int_equal(model_backend_edit(w->model, &s.ep, &b), -ESRCH);
	bad = world_service("192.0.2.3", 0, SCHEDULER_RR);
	assert_int_equal(model_service_add(w->model, &bad), -EINVAL);
	bad = world_service("192.0.2.3", 80, SCHEDULER_COUNT);
	assert_int_equal(model_service_add(w->model, &bad), -EINVAL);
	bad = world_service("192.0.2.3", 80, SCHEDULER_RR);
	bad.flags = SERVICE_HASH_PORT;
	assert_int_equal(model_service_add(w->model, &bad), -EINVAL);
	b = world_server("10.0.0.9", 81, 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EINVAL);
	b = world_server("2001:db8::9", 80, 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EINVAL);
	b = world_server("192.0.2.1", 80, 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EINVAL);
	b = world_server("10.0.0.9", 80, WEIGHT_MAX + 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EINVAL);
	model_rollback(w->model);
}

static void a_server_gets_no_traffic_until_its_neighbour_is_known(void **state)
{
	struct world *w = *state;
	const struct backend *b;
	uint32_t id;

	world_seed(w, SCHEDULER_WRR, 1);
	world_add(w, "10.0.0.2", 3);
	id = world_id_of(w, "10.0.0.2");
	assert_int_equal(world_flags_of(id), BACKEND_OPEN);
	assert_false(world_picked(id));
	world_reach(w, "10.0.0.2", REACH_UNRESOLVED, 0);
	assert_false(world_picked(id));
	world_reach(w, "10.0.0.2", REACH_OK, 9);
	assert_true(world_picked(id));
	assert_int_equal(world_seen()->pick->n, 4);
	b = snap_backend(snap_get(), id);
	assert_int_equal(b->flags, BACKEND_OPEN | BACKEND_READY);
	assert_memory_equal(b->macs, "\x02\0\0\x01\0\x09\x02\0\0\0\0\x02", 12);
	assert_int_equal(b->nic, 1);
	world_reach(w, "10.0.0.2", REACH_OK, 10); /* its MAC changed */
	assert_int_equal(snap_backend(snap_get(), id)->macs[5], 10);
	world_reach(w, "10.0.0.2", REACH_GATEWAY, 0);
	assert_int_equal(world_flags_of(id), BACKEND_OPEN);
	assert_false(world_picked(id));
}

static struct backend_conf tunnelled(const char *text, enum tunnel_type type, uint16_t port)
{
	struct backend_conf b = world_server(text, 80, 1);

	b.forward = FORWARD_TUNNEL;
	b.tunnel = type;
	b.tunnel_port = htons(port);
	return b;
}

/* Behind a router, in VLAN 7. */
static void reach_routed(struct world *w, const char *text, const char *src)
{
	struct addr a = world_addr(text);

	model_set_reach(w->model, &a,
			&(struct reach){
				.state = REACH_OK,
				.nic = 1,
				.vlan = 7,
				.mtu = 1400,
				.gateway = true,
				.src = world_addr(src),
				.mac = {2, 1, 1, 1, 1, 1},
			});
}

static void a_router_is_good_for_tunnels_only(void **state)
{
	struct world *w = *state;
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct backend_conf gue = tunnelled("10.0.0.2", TUNNEL_GUE, 6080);
	struct service_conf other;
	const struct backend *b;
	const struct tunnel *t;
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 3);
	assert_null(snap_get()->tunnel);
	id = world_id_of(w, "10.0.0.2");
	reach_routed(w, "10.0.0.2", "10.0.0.99");
	assert_int_equal(world_flags_of(id), BACKEND_OPEN);
	assert_int_equal(model_backend_get(w->model, &ep, &gue.addr, gue.port)->reach->state,
			 REACH_GATEWAY);

	assert_int_equal(model_backend_edit(w->model, &ep, &gue), 0);
	assert_int_equal(model_commit(w->model), 0);
	b = snap_backend(snap_get(), id);
	assert_int_equal(b->flags, BACKEND_OPEN | BACKEND_READY | BACKEND_TUNNEL | BACKEND_VLAN);
	assert_int_equal(b->vlan, 7);
	assert_int_equal(b->mtu, 1400);
	assert_memory_equal(b->macs, "\x02\1\1\1\1\1\x02\0\0\0\0\x02", 12);
	t = &snap_get()->tunnel[backend_slot(id)];
	assert_true(addr_equal(&t->dst, &gue.addr));
	assert_int_equal(t->src.b[15], 99);
	assert_int_equal(t->type, TUNNEL_GUE);
	assert_int_equal(t->port, htons(6080));
	assert_true(world_picked(id));

	other = world_service("192.0.2.9", 80, SCHEDULER_RR); /* this one is copied */
	assert_int_equal(model_service_add(w->model, &other), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(snap_get()->tunnel[backend_slot(id)].src.b[15], 99);
	reach_routed(w, "10.0.0.2", "10.0.0.98");
	assert_int_equal(snap_get()->tunnel[backend_slot(id)].src.b[15], 98);

	gue = world_server("10.0.0.2", 80, 1);
	assert_int_equal(model_backend_edit(w->model, &ep, &gue), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(world_flags_of(id), BACKEND_OPEN);
	assert_null(snap_get()->tunnel);
}

static void tunnels_may_mix_families_and_are_checked(void **state)
{
	struct world *w = *state;
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct backend_conf b = tunnelled("2001:db8::1", TUNNEL_IPIP, 0);

	world_seed(w, SCHEDULER_RR, 1);
	assert_int_equal(model_backend_add(w->model, &ep, &b), 0);
	b = world_server("2001:db8::2", 80, 1);
	assert_int_equal(model_backend_add(w->model, &ep, &b), -EINVAL);
	b = tunnelled("10.0.0.7", TUNNEL_GUE, 0);
	assert_int_equal(model_backend_add(w->model, &ep, &b), -EINVAL);
	b = tunnelled("10.0.0.7", TUNNEL_GRE, 6080);
	assert_int_equal(model_backend_add(w->model, &ep, &b), -EINVAL);
	b = tunnelled("10.0.0.7", TUNNEL_IPIP, 0);
	b.tunnel_flags = TUNNEL_CSUM;
	assert_int_equal(model_backend_add(w->model, &ep, &b), -EINVAL);
	b.tunnel = TUNNEL_GRE;
	assert_int_equal(model_backend_add(w->model, &ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(snap_get()->n_tunnels, 2);
}

static void a_nic_that_is_down_or_has_another_mac_shows_at_once(void **state)
{
	struct world *w = *state;
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 1);
	id = world_id_of(w, "10.0.0.1");
	model_set_nic(w->model, 1, (const uint8_t *)"\x02\0\0\0\0\x07", true);
	assert_int_equal(snap_backend(snap_get(), id)->macs[11], 7);
	model_set_nic(w->model, 1, (const uint8_t *)"\x02\0\0\0\0\x07", false);
	assert_int_equal(world_flags_of(id), BACKEND_OPEN);
	assert_int_equal(world_seen()->pick->n, 0);
	model_set_nic(w->model, 1, (const uint8_t *)"\x02\0\0\0\0\x07", true);
	assert_true(world_picked(id));
}

static void weight_0_keeps_flows_and_takes_no_new_ones(void **state)
{
	struct world *w = *state;
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct backend_conf b = world_server("10.0.0.1", 80, 0);
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 2);
	id = world_id_of(w, "10.0.0.1");
	assert_int_equal(model_backend_edit(w->model, &ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(world_id_of(w, "10.0.0.1"), id);
	assert_int_equal(world_flags_of(id), BACKEND_READY);
	assert_false(world_picked(id));
	assert_true(world_picked(world_id_of(w, "10.0.0.2")));
}

static void a_pick_is_made_anew_only_when_its_servers_change(void **state)
{
	struct world *w = *state;
	struct service_conf other = world_service("192.0.2.2", 80, SCHEDULER_MH);
	struct backend_conf b = world_server("10.0.0.9", 80, 1);
	struct service_conf s = world_service("192.0.2.1", 80, SCHEDULER_WRR);
	const struct pick *pick;

	world_seed(w, SCHEDULER_MH, 2);
	pick = world_seen()->pick;
	assert_int_equal(model_service_add(w->model, &other), 0);
	assert_int_equal(model_backend_add(w->model, &other.ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	world_reach(w, "10.0.0.9", REACH_OK, 9);
	world_reach(w, "10.0.0.1", REACH_OK, 77); /* another MAC, but the same servers */
	assert_ptr_equal(world_seen()->pick, pick);
	world_add(w, "10.0.0.3", 0);
	assert_ptr_equal(world_seen()->pick, pick);
	world_reach(w, "10.0.0.2", REACH_DOWN, 0);
	assert_ptr_not_equal(world_seen()->pick, pick);
	assert_int_equal(model_service_edit(w->model, &s), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(world_seen()->pick->n, 1);
	assert_int_equal(world_seen()->sched, SCHEDULER_WRR);
}

static void a_service_that_cannot_be_steered_is_taken_back(void **state)
{
	struct world *w = *state;
	struct service_conf s = world_service("192.0.2.2", 80, SCHEDULER_RR);
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct model_service out;
	struct addr a = world_addr("10.0.0.1");
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 1);
	id = world_id_of(w, "10.0.0.1");
	w->steer_full = true;
	assert_int_equal(model_backend_del(w->model, &ep, &a, ep.port), 0);
	assert_int_equal(model_service_add(w->model, &s), 0);
	assert_int_equal(model_commit(w->model), -E2BIG);
	assert_false(model_service_get(w->model, &s.ep, &out));
	assert_null(snap_service(snap_get(), &s.ep));
	assert_true(world_picked(id));
	model_free(w->model);
	w->steer_full = false;
	world_model(w);
	assert_int_equal(model_restore(w->model), 1); /* in the state area, too */
	assert_int_equal(world_id_of(w, "10.0.0.1"), id);
}

static void neighbours_are_watched_once_over_all_services(void **state)
{
	struct world *w = *state;
	struct service_conf s = world_service("192.0.2.2", 80, SCHEDULER_RR);
	struct backend_conf b = world_server("10.0.0.1", 80, 1);

	world_seed(w, SCHEDULER_RR, 0);
	world_add(w, "10.0.0.1", 1);
	world_expect_log(w, "watch 10.0.0.1");
	assert_int_equal(model_service_add(w->model, &s), 0);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	world_expect_log(w, "steer 192.0.2.2:80");
	world_drop(w, "10.0.0.1");
	model_sweep(w->model);
	model_sweep(w->model);
	world_expect_log(w, "");
	assert_int_equal(model_service_del(w->model, &s.ep), 0);
	assert_int_equal(model_commit(w->model), 0);
	model_sweep(w->model);
	model_sweep(w->model);
	world_expect_log(w, "unsteer 192.0.2.2:80, unwatch 10.0.0.1");
}

static void many_neighbours_make_one_snapshot_if_later_is_asked(void **state)
{
	struct world *w = *state;
	uint64_t generation;

	model_free(w->model);
	w->hooks.later = world_later;
	world_model(w);
	world_seed(w, SCHEDULER_RR, 3);
	model_settle(w->model);
	assert_int_equal(world_seen()->pick->n, 3);
	w->laters = 0;
	generation = snap_get()->generation;
	world_reach(w, "10.0.0.1", REACH_DOWN, 0);
	world_reach(w, "10.0.0.2", REACH_DOWN, 0);
	assert_int_equal(w->laters, 1);
	assert_int_equal(snap_get()->generation, generation);
	model_settle(w->model);
	assert_int_equal(snap_get()->generation, generation + 1);
	assert_int_equal(world_seen()->pick->n, 1);
}

static void the_next_engine_goes_on_with_the_same_ids(void **state)
{
	struct world *w = *state;
	uint32_t first, second;

	world_seed(w, SCHEDULER_WRR, 3);
	first = world_id_of(w, "10.0.0.1");
	second = world_id_of(w, "10.0.0.2");
	world_count(w, 0, first, 5);
	world_count(w, 1, second, 7);
	flow_add(&w->flows[0], 77, second, FLOW_ESTABLISHED, clock_seconds());
	world_add(w, "10.0.0.9", 1);
	world_count(w, 0, world_id_of(w, "10.0.0.9"), 1);
	world_drop(w, "10.0.0.9");
	model_sweep(w->model);
	model_sweep(w->model); /* gone, but for its packets */
	world_drop(w, "10.0.0.2");
	model_free(w->model);
	w->log[0] = 0;
	world_model(w);
	assert_int_equal(model_restore(w->model), 1);
	world_expect_log(w, "steer 192.0.2.1:80, watch 10.0.0.1, watch 10.0.0.2, watch 10.0.0.3");
	assert_int_equal(world_id_of(w, "10.0.0.1"), first);
	assert_int_equal(world_id_of(w, "10.0.0.2"), second);
	assert_int_equal(world_packets_of(w, "10.0.0.1"), 50);
	assert_int_equal(world_packets_of(w, NULL), 130);
	world_reach(w, "10.0.0.1", REACH_OK, 1);
	world_reach(w, "10.0.0.2", REACH_OK, 2);
	assert_true(world_picked(first));
	assert_false(world_picked(second));
	assert_int_equal(world_flags_of(second), BACKEND_READY | BACKEND_REMOVED);
	for (int i = 0; i < 4; i++)
		model_sweep(w->model);
	assert_int_equal(world_id_of(w, "10.0.0.2"), second);
	world_add(w, "10.0.0.4", 1);
	assert_int_equal(backend_slot(world_id_of(w, "10.0.0.4")), 3);
}

static void an_earlier_shuntds_table_may_be_added_once_more(void **state)
{
	struct world *w = *state;
	struct service_conf s = world_service("192.0.2.1", 80, SCHEDULER_MH);
	struct backend_conf b = world_server("10.0.0.1", 80, 3);
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 2);
	id = world_id_of(w, "10.0.0.1");
	world_count(w, 0, id, 5);
	for (uint32_t engine = 0; engine < 2; engine++) { /* the second one knows it still */
		w->dp.engines = engine;
		model_free(w->model);
		world_model(w);
		assert_int_equal(model_restore(w->model), 1);
	}
	w->log[0] = 0;
	assert_int_equal(model_service_add(w->model, &s), 0);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(world_id_of(w, "10.0.0.1"), id);
	assert_int_equal(world_packets_of(w, "10.0.0.1"), 50);
	world_reach(w, "10.0.0.1", REACH_OK, 1);
	assert_true(world_picked(id));
	assert_int_equal(world_seen()->sched, SCHEDULER_MH);
	world_expect_log(w, "");
	assert_int_equal(model_service_add(w->model, &s), -EEXIST);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EEXIST);
	b = world_server("10.0.0.2", 80, 7);
	assert_int_equal(model_backend_edit(w->model, &s.ep, &b), 0); /* asked for it, too */
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -EEXIST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(services_and_servers_are_in_ipvsadms_order),
		TEST(nothing_shows_until_commit_and_a_rollback_takes_it_back),
		TEST(edits_that_make_no_sense_are_refused_by_name),
		TEST(a_server_gets_no_traffic_until_its_neighbour_is_known),
		TEST(a_router_is_good_for_tunnels_only),
		TEST(tunnels_may_mix_families_and_are_checked),
		TEST(a_nic_that_is_down_or_has_another_mac_shows_at_once),
		TEST(weight_0_keeps_flows_and_takes_no_new_ones),
		TEST(a_pick_is_made_anew_only_when_its_servers_change),
		TEST(a_service_that_cannot_be_steered_is_taken_back),
		TEST(neighbours_are_watched_once_over_all_services),
		TEST(many_neighbours_make_one_snapshot_if_later_is_asked),
		TEST(the_next_engine_goes_on_with_the_same_ids),
		TEST(an_earlier_shuntds_table_may_be_added_once_more),
	};
	int failed;

	urcu_qsbr_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	urcu_qsbr_unregister_thread();
	return failed;
}
