/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds any bytes to the configuration's parser; what it takes is printed, and has to be taken
 * again and print the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct conf *c, size_t *size)
{
	char *text;
	FILE *f = open_memstream(&text, size);

	conf_print(c, f);
	fclose(f);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *said, *one, *two;
	size_t said_size, one_size, two_size;
	FILE *errors = open_memstream(&said, &said_size);
	struct conf c;
	int err = conf_parse_text("fuzz", (const char *)data, size, &c, errors);

	fflush(errors);
	assert(!err == !said_size);
	if (!err) {
		one = print(&c, &one_size);
		conf_free(&c);
		err = conf_parse_text("printed", one, one_size, &c, errors);
		fflush(errors);
		if (err)
			fprintf(stderr, "%s%s", said, one);
		assert(!err);
		two = print(&c, &two_size);
		assert(!strcmp(one, two));
		free(one);
		free(two);
	}
	conf_free(&c);
	fclose(errors);
	free(said);
	return 0;
}
