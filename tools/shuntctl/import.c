/* SPDX-License-Identifier: BSD-2-Clause */
#include "import.h"

#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/import.h"

static const struct importer {
	const char *name;
	int (*run)(const char *path, FILE *out, FILE *said);
} importers[] = {
	{"keepalived", conf_import_keepalived},
	{"ipvsadm", conf_import_ipvsadm},
};

int import_run(const struct ctl *ctl, int argc, const char **argv)
{
	(void)ctl;
	for (size_t i = 0; argc == 2 && i < sizeof(importers) / sizeof(*importers); i++)
		if (!strcmp(argv[0], importers[i].name))
			return importers[i].run(argv[1], stdout, stderr) ? CTL_USAGE : CTL_OK;
	fputs("shuntctl: usage: shuntctl import keepalived|ipvsadm FILE\n", stderr);
	return CTL_USAGE;
}

int check_run(const struct ctl *ctl, int argc, const char **argv)
{
	struct conf conf;

	(void)ctl;
	if (argc != 1) {
		fputs("shuntctl: usage: shuntctl check FILE\n", stderr);
		return CTL_USAGE;
	}
	if (conf_parse_file(argv[0], &conf, stderr))
		return CTL_USAGE;
	conf_free(&conf);
	return CTL_OK;
}
