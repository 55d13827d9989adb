/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers that leave, come back, and what was counted. */
#include "mgmt/model_world_test.h"

static void a_removed_server_stays_while_it_has_flows(void **state)
{
	struct world *w = *state;
	uint32_t now = clock_seconds(), id;
	struct flow_slot *flow;

	world_seed(w, SCHEDULER_RR, 2);
	id = world_id_of(w, "10.0.0.1");
	flow = flow_add(&w->flows[1], 77, id, FLOW_ESTABLISHED, now);
	world_drop(w, "10.0.0.1");
	assert_int_equal(world_flags_of(id), BACKEND_READY | BACKEND_REMOVED);
	assert_false(world_picked(id));
	for (int i = 0; i < 4; i++)
		model_sweep(w->model);
	assert_int_equal(world_flags_of(id), BACKEND_READY | BACKEND_REMOVED);
	world_expect_log(w, "");
	world_reach(w, "10.0.0.1", REACH_OK, 99); /* its flows follow its MAC */
	assert_int_equal(snap_backend(snap_get(), id)->macs[5], 99);
	flow_touch(flow, FLOW_UDP, now);
	model_sweep(w->model);
	assert_non_null(snap_backend(snap_get(), id));
	flow_touch(flow, FLOW_UDP, now - 10000);
	model_sweep(w->model);
	assert_null(snap_backend(snap_get(), id));
	world_expect_log(w, "unwatch 10.0.0.1");
}

static void a_removed_server_without_flows_waits_a_whole_round(void **state)
{
	struct world *w = *state;
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 1);
	id = world_id_of(w, "10.0.0.1");
	model_sweep(w->model);
	world_drop(w, "10.0.0.1");
	model_sweep(w->model);
	assert_non_null(snap_backend(snap_get(), id));
	model_sweep(w->model);
	assert_null(snap_backend(snap_get(), id));
	assert_int_equal(world_id_of(w, "10.0.0.1"), 0);
}

static void the_id_of_a_server_that_is_gone_never_matches_again(void **state)
{
	struct world *w = *state;
	uint32_t last = 0;

	world_seed(w, SCHEDULER_RR, 0);
	for (int i = 0; i < 5; i++) {
		uint32_t id;

		world_add(w, "10.0.0.1", 1);
		id = world_id_of(w, "10.0.0.1");
		assert_int_equal(backend_slot(id), 0);
		assert_int_not_equal(id, 0);
		assert_int_not_equal(id, last);
		if (last)
			assert_null(snap_backend(snap_get(), last));
		last = id;
		world_drop(w, "10.0.0.1");
		model_sweep(w->model);
		model_sweep(w->model);
	}
}

static void a_server_that_comes_back_keeps_its_connections(void **state)
{
	struct world *w = *state;
	struct service_conf s = world_service("192.0.2.1", 80, SCHEDULER_MH);
	struct model_service out;
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 2);
	id = world_id_of(w, "10.0.0.1");
	flow_add(&w->flows[0], 77, id, FLOW_ESTABLISHED, clock_seconds());
	world_drop(w, "10.0.0.1");
	world_add(w, "10.0.0.1", 5);
	assert_int_equal(world_id_of(w, "10.0.0.1"), id);
	assert_true(world_picked(id));
	assert_int_equal(model_service_del(w->model, &s.ep), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_false(model_service_get(w->model, &s.ep, &out));
	assert_null(world_seen());
	assert_int_equal(world_flags_of(id), BACKEND_READY | BACKEND_REMOVED);
	for (int i = 0; i < 4; i++)
		model_sweep(w->model);
	assert_int_equal(model_services(w->model), 1); /* it waits for one, not for the other */
	assert_int_equal(model_service_add(w->model, &s), 0);
	world_add(w, "10.0.0.1", 1);
	assert_int_equal(world_id_of(w, "10.0.0.1"), id);
	assert_int_equal(world_id_of(w, "10.0.0.2"), 0);
	assert_true(world_picked(id));
	world_expect_log(w, "unsteer 192.0.2.1:80, unwatch 10.0.0.2, steer 192.0.2.1:80");
	assert_false(w->early);
}

static void a_replaced_table_keeps_what_is_in_both(void **state)
{
	struct world *w = *state;
	struct service_conf s = world_service("192.0.2.1", 80, SCHEDULER_RR),
			    t = world_service("192.0.2.2", 80, SCHEDULER_RR);
	struct backend_conf b = world_server("10.0.0.2", 80, 1);
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 2);
	id = world_id_of(w, "10.0.0.2");
	assert_int_equal(model_clear(w->model), 0);
	assert_int_equal(model_service_add(w->model, &t), 0);
	assert_int_equal(model_service_add(w->model, &s), 0);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(world_id_of(w, "10.0.0.2"), id);
	assert_int_equal(world_flags_of(id), BACKEND_READY | BACKEND_OPEN);
	assert_int_equal(world_seen()->pick->n, 1);
	world_expect_log(w, "steer 192.0.2.2:80"); /* the other was steered all the time */
	assert_int_equal(model_clear(w->model), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(snap_get()->n_services, 0);
	world_expect_log(w, "unsteer 192.0.2.1:80, unsteer 192.0.2.2:80");
	assert_false(w->early);
}

static void totals_begin_with_the_server_and_outlive_it_in_its_service(void **state)
{
	struct world *w = *state;
	struct endpoint ep = world_tcp("192.0.2.1", 80);

	world_seed(w, SCHEDULER_RR, 2);
	world_count(w, 0, world_id_of(w, "10.0.0.1"), 5);
	world_count(w, 1, world_id_of(w, "10.0.0.1"), 6);
	world_count(w, 1, world_id_of(w, "10.0.0.2"), 1);
	assert_int_equal(world_packets_of(w, "10.0.0.1"), 110);
	assert_int_equal(world_packets_of(w, NULL), 120);
	world_drop(w, "10.0.0.1");
	model_sweep(w->model);
	model_sweep(w->model);
	world_add(w, "10.0.0.3", 1);
	assert_int_equal(backend_slot(world_id_of(w, "10.0.0.3")), 0);
	assert_int_equal(world_packets_of(w, "10.0.0.3"), 0);
	assert_int_equal(world_packets_of(w, NULL), 120);
	world_count(w, 0, world_id_of(w, "10.0.0.3"), 2);
	assert_int_equal(world_packets_of(w, "10.0.0.3"), 20);
	assert_int_equal(world_packets_of(w, NULL), 140);
	assert_int_equal(model_zero(w->model, &ep), 0);
	model_rollback(w->model);
	assert_int_equal(world_packets_of(w, NULL), 140);
	assert_int_equal(model_zero(w->model, NULL), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(world_packets_of(w, NULL), 0);
	world_count(w, 0, world_id_of(w, "10.0.0.3"), 1);
	assert_int_equal(world_packets_of(w, "10.0.0.3"), 10);
}

static void connections_are_counted_by_state(void **state)
{
	struct world *w = *state;
	uint32_t now = clock_seconds(), one, two;
	const struct model_flows *f;

	world_seed(w, SCHEDULER_RR, 2);
	one = world_id_of(w, "10.0.0.1");
	two = world_id_of(w, "10.0.0.2");
	flow_add(&w->flows[0], 1, one, FLOW_ESTABLISHED, now);
	flow_add(&w->flows[1], 2, one, FLOW_ESTABLISHED, now);
	flow_add(&w->flows[1], 3, one, FLOW_SYN, now);
	flow_add(&w->flows[0], 4, two, FLOW_UDP, now);
	flow_add(&w->flows[0], 5, two, FLOW_FIN, now);
	flow_add(&w->flows[0], 6, two, FLOW_ESTABLISHED, now - 10000);
	flow_add(&w->flows[0], 7, two ^ 1u << BACKEND_SLOT_BITS, FLOW_ESTABLISHED, now);
	f = model_flows(w->model);
	assert_int_equal(f[backend_slot(one)].active, 2);
	assert_int_equal(f[backend_slot(one)].inactive, 1);
	assert_int_equal(f[backend_slot(two)].active, 0);
	assert_int_equal(f[backend_slot(two)].inactive, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_removed_server_stays_while_it_has_flows),
		TEST(a_removed_server_without_flows_waits_a_whole_round),
		TEST(the_id_of_a_server_that_is_gone_never_matches_again),
		TEST(a_server_that_comes_back_keeps_its_connections),
		TEST(a_replaced_table_keeps_what_is_in_both),
		TEST(totals_begin_with_the_server_and_outlive_it_in_its_service),
		TEST(connections_are_counted_by_state),
	};
	int failed;

	urcu_qsbr_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	urcu_qsbr_unregister_thread();
	return failed;
}
