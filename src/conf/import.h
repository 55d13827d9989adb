/* SPDX-License-Identifier: BSD-2-Clause */
/* Other programs' configurations as a shunt.conf. */
#ifndef SHUNT_CONF_IMPORT_H
#define SHUNT_CONF_IMPORT_H

#include <stdio.h>

/* Read keepalived's file, or what ipvsadm -S -n printed; print a shunt.conf into out and a line
 * with the place into said for each thing that it doesn't hold. Return 0 or -errno. */
int conf_import_keepalived(const char *path, FILE *out, FILE *said);
int conf_import_ipvsadm(const char *path, FILE *out, FILE *said);

#endif
