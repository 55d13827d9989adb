/* SPDX-License-Identifier: BSD-2-Clause */
/* No memory, no room, and much to do. */
#include "mgmt/model_world_test.h"

/* Allocation number fail_at from now fails; 0: none does. The linker sends the model's
 * allocations here (--wrap). */
static uint32_t fail_at;

static bool fails(void)
{
	return fail_at && !--fail_at;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, n);
}

/* One transaction that touches everything. */
static int edit_all(struct world *w)
{
	struct service_conf s = world_service("192.0.2.2", 80, SCHEDULER_MH),
			    edit = world_service("192.0.2.1", 80, SCHEDULER_WRR);
	struct backend_conf b = world_server("10.0.0.5", 80, 2),
			    heavy = world_server("10.0.0.1", 80, 9);
	struct addr gone = world_addr("10.0.0.2");
	int err = model_service_add(w->model, &s);

	if (!err)
		err = model_backend_add(w->model, &s.ep, &b);
	if (!err)
		err = model_service_edit(w->model, &edit);
	if (!err)
		err = model_backend_edit(w->model, &edit.ep, &heavy);
	if (!err)
		err = model_backend_del(w->model, &edit.ep, &gone, edit.ep.port);
	if (!err)
		return model_commit(w->model);
	model_rollback(w->model);
	return err;
}

static void without_memory_nothing_has_happened(void **state)
{
	struct world *w = *state;
	uint64_t generation;
	uint32_t n = 0;
	int err;

	world_seed(w, SCHEDULER_RR, 3);
	generation = snap_get()->generation;
	do {
		fail_at = ++n;
		err = edit_all(w);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(model_services(w->model), 1);
		assert_int_equal(snap_get()->generation, generation);
		assert_int_equal(world_seen()->pick->n, 3);
		world_expect_log(w, "");
	} while (n < 1000);
	fail_at = 0;
	assert_true(n > 10);
	assert_int_equal(err, 0);
	assert_int_equal(world_seen()->pick->n, 10); /* weights 9 and 1 */
	assert_int_equal(model_services(w->model), 2);
	world_expect_log(w, "steer 192.0.2.2:80, watch 10.0.0.5");
}

static void a_neighbour_that_found_no_memory_is_in_force_with_the_next_sweep(void **state)
{
	struct world *w = *state;

	world_seed(w, SCHEDULER_RR, 2);
	fail_at = 1;
	world_reach(w, "10.0.0.1", REACH_DOWN, 0);
	assert_int_equal(world_seen()->pick->n, 2);
	model_sweep(w->model);
	assert_int_equal(world_seen()->pick->n, 1);
}

static void a_full_table_says_so(void **state)
{
	struct world *w = *state;
	struct service_conf s = world_service("0.0.0.0", 80, SCHEDULER_RR);
	struct backend_conf b = world_server("10.0.0.1", 80, 1);

	w->hooks = (struct model_hooks){0};
	model_free(w->model);
	world_model(w);
	for (uint32_t i = 0; i < SERVICES_MAX; i++) {
		s.ep.addr = addr_v4(htonl(0xc0000000 + i));
		assert_int_equal(model_service_add(w->model, &s), 0);
		for (uint32_t k = 0; k < BACKENDS_MAX / SERVICES_MAX; k++) {
			b.addr = addr_v4(htonl(0x0a000000 + k));
			assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
		}
	}
	b = world_server("10.9.0.1", 80, 1);
	assert_int_equal(model_backend_add(w->model, &s.ep, &b), -ENOSPC);
	s.ep.addr = world_addr("192.99.0.1");
	assert_int_equal(model_service_add(w->model, &s), -ENOSPC);
	assert_int_equal(model_commit(w->model), 0);
	assert_int_equal(snap_get()->n_services, SERVICES_MAX);
	assert_int_equal(snap_get()->n_backends, BACKENDS_MAX);
	model_free(w->model);
	world_model(w);
	assert_int_equal(model_restore(w->model), SERVICES_MAX);
}

/* Against the order that suits the arrays least. Quadratic work would be 5 * 10^9 steps; this
 * takes half a second. */
static void a_large_batch_is_not_quadratic(void **state)
{
	enum {
		SERVICES = 10000,
		SERVERS = 10
	};
	struct world *w = *state;
	struct service_conf s = world_service("0.0.0.0", 80, SCHEDULER_WRR);
	struct backend_conf b = world_server("10.0.0.1", 80, 1);
	uint64_t start = clock_ns();

	w->hooks = (struct model_hooks){0};
	model_free(w->model);
	world_model(w);
	for (int i = SERVICES; i > 0; i--) {
		s.ep.addr = addr_v4(htonl(0xc0000000u + (uint32_t)i));
		assert_int_equal(model_service_add(w->model, &s), 0);
		for (int k = SERVERS; k > 0; k--) {
			b.addr = addr_v4(htonl(0x0a000000u + (uint32_t)(i * SERVERS + k)));
			assert_int_equal(model_backend_add(w->model, &s.ep, &b), 0);
		}
	}
	assert_int_equal(model_commit(w->model), 0);
	for (int i = 1; i <= SERVICES; i++) {
		s.ep.addr = addr_v4(htonl(0xc0000000u + (uint32_t)i));
		b.addr = addr_v4(htonl(0x0a000000u + (uint32_t)(i * SERVERS + 1)));
		assert_int_equal(model_backend_del(w->model, &s.ep, &b.addr, b.port), 0);
	}
	assert_int_equal(model_commit(w->model), 0);
	print_message("%d edits in %.3f s\n", SERVICES * (SERVERS + 2),
		      (double)(clock_ns() - start) / 1e9);
	assert_true(clock_ns() - start < 10000000000u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_memory_nothing_has_happened),
		TEST(a_neighbour_that_found_no_memory_is_in_force_with_the_next_sweep),
		TEST(a_full_table_says_so),
		TEST(a_large_batch_is_not_quadratic),
	};
	int failed;

	urcu_qsbr_register_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	urcu_qsbr_unregister_thread();
	return failed;
}
