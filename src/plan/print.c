/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/print.h"

#include <errno.h>
#include <string.h>

#include "base/addr.h"

enum {
	SCHEMA_VERSION = 1,
	COLUMNS = 7,
	CELL = 64
};

static const char *const heading[COLUMNS] = {
	"queue", "worker", "cpu", "core", "sibling", "node nic/cpu/mem", "mode",
};

/* A number, or a dash where there is none. */
static const char *number(int v, char *buf, size_t size)
{
	snprintf(buf, size, v < 0 ? "-" : "%d", v);
	return buf;
}

static void fill_row(const struct plan *plan, const struct plan_port *port, char cell[][CELL])
{
	const struct plan_nic *nic = &plan->nic[port->nic];
	const struct plan_worker *w = &plan->worker[port->worker];
	char n[12], c[12], m[12];

	snprintf(cell[0], CELL, "%s:%d", nic->name, port->queue);
	snprintf(cell[1], CELL, "%d", port->worker);
	snprintf(cell[2], CELL, "%d", w->cpu);
	number(w->core, cell[3], CELL);
	snprintf(cell[4], CELL, "-");
	if (CPU_COUNT(&w->siblings))
		cpuset_text(&w->siblings, cell[4], CELL);
	snprintf(cell[5], CELL, "%s / %s / %s", number(nic->node, n, sizeof(n)),
		 number(w->cpu_node, c, sizeof(c)), number(w->mem_node, m, sizeof(m)));
	snprintf(cell[6], CELL, "%s", xdp_mode_name[nic->mode]);
}

/* Numbers stand to the right, words to the left. */
static void print_row(FILE *out, const int *width, char cell[][CELL])
{
	for (int i = 0; i < COLUMNS; i++) {
		bool right = i >= 1 && i <= 3;
		bool last = i == COLUMNS - 1;

		fprintf(out, "%*s%s",
			last	? 0
			: right ? width[i]
				: -width[i],
			cell[i], last ? "\n" : "  ");
	}
}

static void widen(int *width, char cell[][CELL])
{
	for (int i = 0; i < COLUMNS; i++)
		width[i] = (int)strlen(cell[i]) > width[i] ? (int)strlen(cell[i]) : width[i];
}

void plan_print_text(const struct plan *plan, FILE *out)
{
	char head[COLUMNS][CELL], cell[COLUMNS][CELL];
	int width[COLUMNS] = {0};

	for (int i = 0; i < COLUMNS; i++)
		snprintf(head[i], CELL, "%s", heading[i]);
	widen(width, head);
	for (int i = 0; i < plan->n_ports; i++) {
		fill_row(plan, &plan->port[i], cell);
		widen(width, cell);
	}
	print_row(out, width, head);
	for (int i = 0; i < plan->n_ports; i++) {
		fill_row(plan, &plan->port[i], cell);
		print_row(out, width, cell);
	}
	fprintf(out, "management: cpu %d\n", plan->main_cpu);
	for (int i = 0; i < plan->n_warnings; i++)
		fprintf(out, "warning: %s; cure: %s\n", plan->warning[i].text,
			plan->warning[i].cure);
}

/* null where there is no number */
static json_t *json_number(int v)
{
	return v < 0 ? json_null() : json_integer(v);
}

static json_t *nic_json(const struct plan_nic *n)
{
	char mac[MAC_TEXT];

	return json_pack("{s:s, s:i, s:s, s:s, s:o, s:i, s:i, s:i, s:b, s:s}", "name", n->name,
			 "ifindex", n->ifindex, "mac", mac_text(n->mac, mac), "driver", n->driver,
			 "node", json_number(n->node), "rx_queues", n->rx, "tx_queues", n->tx,
			 "mtu", n->mtu, "up", n->up, "mode", xdp_mode_name[n->mode]);
}

static json_t *siblings_json(const struct plan_worker *w)
{
	struct cpulist list = cpulist_of(&w->siblings);
	json_t *array = json_array();

	for (int i = 0; i < list.n; i++)
		json_array_append_new(array, json_integer(list.cpu[i]));
	return array;
}

static json_t *queues_json(const struct plan *plan, int worker)
{
	json_t *array = json_array();

	for (int i = 0; i < plan->n_ports; i++) {
		const struct plan_port *p = &plan->port[i];

		if (p->worker == worker)
			json_array_append_new(array, json_pack("{s:s, s:i, s:b}", "nic",
							       plan->nic[p->nic].name, "queue",
							       p->queue, "tx", p->has_tx));
	}
	return array;
}

static json_t *worker_json(const struct plan *plan, int worker)
{
	const struct plan_worker *w = &plan->worker[worker];

	return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "worker", worker, "cpu", w->cpu,
			 "core", json_number(w->core), "siblings", siblings_json(w), "cpu_node",
			 json_number(w->cpu_node), "memory_node", json_number(w->mem_node),
			 "queues", queues_json(plan, worker));
}

json_t *plan_json(const struct plan *plan)
{
	json_t *nics = json_array(), *workers = json_array(), *warnings = json_array();

	for (int i = 0; i < plan->n_nics; i++)
		json_array_append_new(nics, nic_json(&plan->nic[i]));
	for (int w = 0; w < plan->n_workers; w++)
		json_array_append_new(workers, worker_json(plan, w));
	for (int i = 0; i < plan->n_warnings; i++)
		json_array_append_new(warnings,
				      json_pack("{s:s, s:s}", "text", plan->warning[i].text, "cure",
						plan->warning[i].cure));
	return json_pack("{s:i, s:i, s:s, s:s, s:o, s:o, s:o}", "schema_version", SCHEMA_VERSION,
			 "main_cpu", plan->main_cpu, "numa", numa_policy_name[plan->numa], "poll",
			 plan->poll_busy ? "busy" : "adaptive", "nics", nics, "workers", workers,
			 "warnings", warnings);
}

int plan_print_json(const struct plan *plan, FILE *out)
{
	json_t *json = plan_json(plan);
	int err;

	if (!json)
		return -ENOMEM;
	err = json_dumpf(json, out, JSON_INDENT(2)) ? -EIO : 0;
	fputc('\n', out);
	json_decref(json);
	return err;
}
