/* SPDX-License-Identifier: BSD-2-Clause */
/* grid_corpus DIR: the packet grid's frames, each in a file of its own, for a fuzzer to begin with. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "path/grid_test.h"
#include "path/recipe_test.h"

static int frame_write(const char *dir, uint32_t n, const char *recipe)
{
	uint8_t frame[RECIPE_MAX];
	uint32_t len = recipe_frame(recipe, frame);
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
	fprintf(stderr, "grid_corpus: %s: %s: the directory must exist and have room\n", path,
		strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	static struct grid_case c;
	uint32_t row = 0, variant = 0, n = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: grid_corpus DIR\n");
		return 2;
	}
	while (grid_next(&row, &variant, &c))
		if (frame_write(argv[1], n++, c.in))
			return 1;
	return 0;
}
