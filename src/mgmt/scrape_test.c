/* SPDX-License-Identifier: BSD-2-Clause */
/* scrape_test --man prints the list of metrics that src/shuntd.8 has to hold. */
#include "mgmt/metric.h"

#include "mgmt/command_world_test.h"

static char *slurp(const char *path)
{
	char *text = NULL;
	size_t room = 0;
	FILE *f = fopen(path, "r");

	if (!f || getdelim(&text, &room, 0, f) < 0)
		fail_msg("%s: cannot be read; the test runs in the project's own folder", path);
	fclose(f);
	return text;
}

static void the_manual_page_has_every_metric(void **state)
{
	char *list, *page = slurp("src/shuntd.8");
	size_t size;
	FILE *f = open_memstream(&list, &size);

	(void)state;
	metric_man(f);
	fclose(f);
	if (!strstr(page, list))
		fail_msg("src/shuntd.8 differs from the table; scrape_test --man has it");
	free(page);
	free(list);
}

static bool is_row_good(const struct metric *m)
{
	size_t len = strlen(m->name);
	bool total = len > 6 && !strcmp(m->name + len - 6, "_total");

	return total == (m->type == METRIC_COUNTER) && !m->write != !m->each &&
	       !strpbrk(m->help, "\\\"\n");
}

/* OpenMetrics calls a counter's family by its name without _total. */
static bool is_same_family(const struct metric *a, const struct metric *b)
{
	size_t n = strlen(a->name) - (a->type == METRIC_COUNTER ? 6 : 0);
	size_t k = strlen(b->name) - (b->type == METRIC_COUNTER ? 6 : 0);

	return n == k && !memcmp(a->name, b->name, n);
}

static void rows_are_as_the_formats_want_them(void **state)
{
	(void)state;
	for (const struct metric_page *p = metric_pages; p->path; p++)
		for (const struct metric *m = p->metric; m->name; m++) {
			if (!is_row_good(m))
				fail_msg("%s", m->name);
			for (const struct metric *o = p->metric; o != m; o++)
				if (is_same_family(o, m))
					fail_msg("%s and %s", o->name, m->name);
		}
}

/* Writes a page; between two of its pieces fn happens. The text ends with a NUL. */
static char *page(struct world *w, int which, void (*fn)(struct world *w, int step))
{
	struct scrape s;
	char *text;
	int step = 0;

	scrape_begin(&s, &w->ctx, &metric_pages[which], false);
	while (scrape_step(&s))
		if (fn)
			fn(w, step++);
	assert_false(s.out.failed);
	text = strndup(s.out.text, s.out.n);
	scrape_free(&s);
	return text;
}

static void expect_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at != text && at[-1] != '\n'))
		fail_msg("not there: %s", line);
}

static void count(struct world *w)
{
	w->dp.worker[0].backends[0] =
		(struct backend_counters){.flows = 3, .packets = 5, .bytes = 7};
	w->dp.worker[1].backends[0] =
		(struct backend_counters){.flows = 1, .packets = 1, .bytes = 1};
	w->workers[1].rx = 9;
	w->workers[1].drop[DROP_TTL] = 4;
	w->workers[1].busy_ns = 1500000000;
}

static void the_native_page_has_what_was_counted(void **state)
{
	struct world *w = *state;
	char *text;

	seed(w);
	reach(w, "192.168.1.54", REACH_OK);
	count(w);
	text = page(w, 0, NULL);
#define VIP_LABELS "vip=\"192.168.1.222\",port=\"80\",proto=\"tcp\""
#define RIP_LABELS VIP_LABELS ",backend=\"192.168.1.54\""
	expect_line(text, "shunt_service_connections_total{" VIP_LABELS "} 4\n");
	expect_line(text, "shunt_backend_packets_total{" RIP_LABELS "} 6\n");
	expect_line(text, "shunt_backend_bytes_total{" RIP_LABELS "} 8\n");
	expect_line(text, "shunt_backend_weight{" RIP_LABELS "} 1\n");
	expect_line(text, "shunt_backend_neighbour_resolved{" RIP_LABELS "} 1\n");
	expect_line(text, "shunt_backend_live_connections{" RIP_LABELS ",state=\"active\"} 0\n");
	expect_line(text, "shunt_drops_total{worker=\"1\",reason=\"ttl\"} 4\n");
	expect_line(text, "shunt_worker_packets_total{worker=\"1\",verdict=\"dropped\"} 4\n");
	expect_line(text, "shunt_worker_busy_seconds_total{worker=\"1\",cpu=\"0\"} 1.500000000\n");
	expect_line(text,
		    "shunt_steered_packets_total{interface=\"eth1\",verdict=\"redirect\"} 101");
	free(text);
}

static void the_ipvs_page_is_node_exporters(void **state)
{
	struct world *w = *state;
	char *text;

	seed(w);
	count(w);
	text = page(w, 1, NULL);
	expect_line(text,
		    "# HELP node_ipvs_connections_total The total number of connections made.\n"
		    "# TYPE node_ipvs_connections_total counter\n"
		    "node_ipvs_connections_total 4\n");
	expect_line(text, "node_ipvs_incoming_bytes_total 8\n");
	expect_line(text, "node_ipvs_outgoing_packets_total 0\n");
	expect_line(text,
		    "node_ipvs_backend_weight{local_address=\"192.168.1.222\",local_port=\"80\","
		    "local_mark=\"\",remote_address=\"192.168.1.54\",remote_port=\"80\","
		    "proto=\"TCP\"} 1\n");
	free(text);
}

/* Port 81 comes and goes in front of 82, so that indexes move all the time. */
static void come_and_go(struct world *w, int step)
{
	if (step % 2)
		ok(w, "{'cmd':'service-del','service':{'proto':'tcp','address':'10.0.0.9','port':"
		      "81}}");
	else
		ok(w, ADD "{'proto':'tcp','address':'10.0.0.9','port':81}}");
}

static int times(const char *text, const char *line)
{
	int n = 0;

	for (; (text = strstr(text, line)); text++)
		n++;
	return n;
}

static void a_table_that_changes_meanwhile_gives_no_line_twice(void **state)
{
	static const char line[] = "\nshunt_service_bytes_total{vip=\"10.0.0.9\",port=\"82\"";
	struct world *w = *state;
	char *text;

	ok(w, ADD "{'proto':'tcp','address':'10.0.0.9','port':82}}");
	ok(w, ADD "{'proto':'tcp','address':'10.0.0.9','port':83}}");
	text = page(w, 0, come_and_go);
	assert_int_equal(times(text, line), 1);
	assert_int_equal(times(text, "# TYPE shunt_service_bytes_total "), 1);
	free(text);
}

/* So that the loop isn't held up however large the table is. */
static void a_piece_is_a_service_at_most(void **state)
{
	struct world *w = *state;
	char line[256];
	struct scrape s;
	size_t n = 0;

	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof(line), ADD "{'proto':'tcp','address':'10.0.0.9','port':%d}}",
			 i + 1);
		ok(w, line);
	}
	scrape_begin(&s, &w->ctx, &metric_pages[0], false);
	while (scrape_step(&s)) {
		assert_in_range(s.out.n - n, 0, 6000);
		n = s.out.n;
	}
	assert_true(n > 300 * 3 * 60);
	scrape_free(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_page_has_every_metric),
		cmocka_unit_test(rows_are_as_the_formats_want_them),
		cmocka_unit_test_setup_teardown(the_native_page_has_what_was_counted, world_open,
						world_close),
		cmocka_unit_test_setup_teardown(the_ipvs_page_is_node_exporters, world_open,
						world_close),
		cmocka_unit_test_setup_teardown(a_table_that_changes_meanwhile_gives_no_line_twice,
						world_open, world_close),
		cmocka_unit_test_setup_teardown(a_piece_is_a_service_at_most, world_open,
						world_close),
	};

	if (argc == 2 && !strcmp(argv[1], "--man")) {
		metric_man(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
