/* SPDX-License-Identifier: BSD-2-Clause */
/* What health makes of servers, apart from what was configured. */
#include "mgmt/model_world_test.h"

static void make(struct world *w, const char *server, struct backend_health health)
{
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct addr addr = world_addr(server);

	assert_int_equal(model_backend_use(w->model, &ep, &addr, htons(80), &health), 0);
	assert_int_equal(model_commit(w->model), 0);
}

static const struct model_backend *server(struct world *w, const char *text)
{
	struct endpoint ep = world_tcp("192.0.2.1", 80);
	struct addr addr = world_addr(text);

	return model_backend_get(w->model, &ep, &addr, htons(80));
}

static void uses_have_their_flags(void **state)
{
	struct world *w = *state;
	uint32_t id;

	world_seed(w, SCHEDULER_RR, 2);
	id = world_id_of(w, "10.0.0.1");
	assert_int_equal(world_flags_of(id), BACKEND_READY | BACKEND_OPEN);
	make(w, "10.0.0.1", (struct backend_health){.use = USE_IDLE});
	assert_int_equal(world_flags_of(id), BACKEND_READY);
	assert_false(world_picked(id));
	assert_true(model_listed(server(w, "10.0.0.1")));
	assert_int_equal(model_weight(server(w, "10.0.0.1")), 0);
	make(w, "10.0.0.1", (struct backend_health){.use = USE_NOT});
	assert_int_equal(world_flags_of(id), BACKEND_READY | BACKEND_REMOVED);
	assert_false(world_picked(id));
	assert_false(model_listed(server(w, "10.0.0.1")));
	make(w, "10.0.0.1", (struct backend_health){.use = USE_FULL});
	assert_int_equal(world_flags_of(id), BACKEND_READY | BACKEND_OPEN);
	assert_true(world_picked(id));
	assert_int_equal(world_id_of(w, "10.0.0.1"), id);
}

static void a_weight_that_a_check_gives_is_used(void **state)
{
	struct world *w = *state;
	struct backend_conf be = world_server("10.0.0.1", 80, 0);
	struct endpoint ep = world_tcp("192.0.2.1", 80);

	world_seed(w, SCHEDULER_WRR, 2);
	make(w, "10.0.0.1", (struct backend_health){.weighs = true, .weight = 17});
	assert_int_equal(model_weight(server(w, "10.0.0.1")), 17);
	make(w, "10.0.0.1", (struct backend_health){.weighs = true, .weight = 0});
	assert_false(world_picked(world_id_of(w, "10.0.0.1")));
	make(w, "10.0.0.1", (struct backend_health){.weighs = true, .weight = 17});
	assert_int_equal(model_backend_edit(w->model, &ep, &be), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(model_weight(server(w, "10.0.0.1")), 0); /* drained by hand */
}

static void uses_outlive_an_engine(void **state)
{
	struct world *w = *state;

	world_seed(w, SCHEDULER_RR, 2);
	make(w, "10.0.0.1", (struct backend_health){.use = USE_NOT, .sorry = true});
	model_free(w->model);
	world_model(w);
	assert_int_equal(model_restore(w->model), 1);
	assert_int_equal(server(w, "10.0.0.1")->health.use, USE_NOT);
	assert_true(server(w, "10.0.0.1")->health.sorry);
	assert_int_equal(server(w, "10.0.0.2")->health.use, USE_FULL);
}

static void a_server_that_is_out_can_be_added_by_hand(void **state)
{
	struct world *w = *state;
	struct backend_conf be = world_server("10.0.0.1", 80, 3);
	struct endpoint ep = world_tcp("192.0.2.1", 80);

	world_seed(w, SCHEDULER_RR, 2);
	assert_int_equal(model_backend_add(w->model, &ep, &be), -EEXIST);
	make(w, "10.0.0.1", (struct backend_health){.use = USE_NOT});
	assert_int_equal(model_backend_add(w->model, &ep, &be), 0);
	assert_int_equal(model_commit(w->model), 0);
	assert_true(model_listed(server(w, "10.0.0.1")));
	assert_int_equal(model_weight(server(w, "10.0.0.1")), 3);
}

static void only_servers_that_are_there_have_a_use(void **state)
{
	struct world *w = *state;
	struct endpoint ep = world_tcp("192.0.2.1", 80), other = world_tcp("192.0.2.2", 80);
	struct backend_health health = {.use = USE_NOT};
	struct addr addr = world_addr("10.0.0.9");

	world_seed(w, SCHEDULER_RR, 2);
	assert_int_equal(model_backend_use(w->model, &ep, &addr, htons(80), &health), -ESRCH);
	assert_int_equal(model_backend_use(w->model, &other, &addr, htons(80), &health), -ENOENT);
	model_rollback(w->model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(uses_have_their_flags),
		TEST(a_weight_that_a_check_gives_is_used),
		TEST(uses_outlive_an_engine),
		TEST(a_server_that_is_out_can_be_added_by_hand),
		TEST(only_servers_that_are_there_have_a_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
