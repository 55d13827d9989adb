/* SPDX-License-Identifier: BSD-2-Clause */
/* The packet grid for other programs.
 *   grid_dump       a JSON object on a line for each case: its text, verdict, counter, whether XDP
 *                   gives it to the kernel, and frames in hex: in, out, first (sent before, or "").
 *                   A forwarded frame's MACs are zeros in out: the server and its NIC have their own.
 *   grid_dump DIR   each case's frame in a file of its own, for a fuzzer to begin with */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "path/grid_test.h"
#include "path/recipe_test.h"

static const struct {
	const char *name, *counter; /* of a drop, its reason */
} verdict_row[] = {
	[GRID_FORWARD] = {"forward", "tx"},
	[GRID_DROP] = {"drop", NULL},
	[GRID_ANSWER] = {"answer", "answered"},
	[GRID_TELL] = {"tell", "icmp_sent"},
};

static void print_hex(const char *name, const uint8_t *frame, uint32_t len)
{
	printf(", \"%s\": \"", name);
	for (uint32_t i = 0; i < len; i++)
		printf("%02x", frame[i]);
	printf("\"");
}

static void print_case(const struct grid_case *c)
{
	static const uint8_t nobody[12];
	const char *out = *c->out ? c->out : c->in;
	const char *counter = verdict_row[c->row->verdict].counter;
	uint8_t frame[RECIPE_MAX];

	if (!counter)
		counter = drop_row[c->row->why].name;
	printf("{\"text\": \"%s\", \"verdict\": \"%s\", \"counter\": \"%s\", \"kernel\": %s", c->in,
	       verdict_row[c->row->verdict].name, counter, c->row->kernel ? "true" : "false");
	print_hex("in", frame, recipe_frame(c->in, frame));
	if (c->row->verdict == GRID_FORWARD)
		print_hex("out", frame, recipe_forwarded(out, nobody, frame));
	else
		print_hex("out", frame,
			  c->row->verdict == GRID_DROP ? 0 : recipe_frame(out, frame));
	print_hex("first", frame, *c->first ? recipe_frame(c->first, frame) : 0);
	printf("}\n");
}

static int frame_write(const char *dir, uint32_t n, const struct grid_case *c)
{
	uint8_t frame[RECIPE_MAX];
	uint32_t len = recipe_frame(c->in, frame);
	char path[4096];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/grid-%04u", dir, n);
	f = fopen(path, "wb");
	if (!f)
		goto failed;
	err = fwrite(frame, 1, len, f) != len;
	if (!fclose(f) && !err)
		return 0;
failed:
	fprintf(stderr, "grid_dump: %s: %s: the directory must exist and have room\n", path,
		strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	static struct grid_case c;
	uint32_t row = 0, variant = 0, n = 0;

	if (argc > 2) {
		fprintf(stderr, "grid_dump: too many arguments: give one directory, or none\n");
		return 2;
	}
	while (grid_next(&row, &variant, &c)) {
		if (argc < 2)
			print_case(&c);
		else if (frame_write(argv[1], n++, &c))
			return 1;
	}
	if (!fflush(stdout))
		return 0;
	fprintf(stderr, "grid_dump: standard output: %s: it must take all lines\n",
		strerror(errno));
	return 1;
}
