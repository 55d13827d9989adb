/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"

typedef int (*importer)(const char *path, FILE *out, FILE *said);

/* Imports text; out and said are to be freed. What comes out must read as a shunt.conf. */
static void run(importer import, const char *text, char **out, char **said)
{
	char path[] = "/tmp/import_test.XXXXXX";
	size_t n, m;
	FILE *o = open_memstream(out, &n), *s = open_memstream(said, &m);
	FILE *f = fdopen(mkstemp(path), "w");
	struct conf c;

	fputs(text, f);
	fclose(f);
	assert_int_equal(import(path, o, s), 0);
	unlink(path);
	fclose(o);
	fclose(s);
	if (conf_parse_text("imported", *out, n, &c, stderr))
		fail_msg("what was imported is no shunt.conf:\n%s", *out);
	conf_free(&c);
}

static int lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void keepalived_leaves_its_own_behind(void **state)
{
	char *out, *said;

	(void)state;
	run(conf_import_keepalived,
	    "global_defs {\n router_id X\n}\nvrrp_instance V {\n virtual_ipaddress {\n  1.2.3.4\n "
	    "}\n}\n"
	    "virtual_server 192.0.2.1 80 {\n lb_algo rr\n lb_kind DR\n real_server 10.0.0.1 80 {\n"
	    "  SMTP_CHECK {\n  }\n  MISC_CHECK {\n  }\n  TCP_CHECK {\n  }\n }\n}\n"
	    "virtual_server 192.0.2.2 80 {\n lb_kind NAT\n protocol TCP\n}\n"
	    "virtual_server 192.0.2.3 80 {\n lb_kind NAT\n protocol TCP\n real_server 10.0.0.1 80 "
	    "{\n }\n}\n",
	    &out, &said);
	assert_non_null(strstr(said, ":1:1: not taken as it is: global_defs"));
	assert_non_null(strstr(said, ":4:1: not taken as it is: vrrp_instance"));
	assert_non_null(strstr(said, ":9:1: not taken as it is: virtual_server: no protocol, UDP"));
	assert_non_null(strstr(said, ":13:3: not taken as it is: SMTP_CHECK"));
	assert_non_null(
		strstr(said, ":15:3: not taken as it is: MISC_CHECK: misc_path is missing"));
	assert_non_null(strstr(said, "virtual_server: left out"));
	assert_non_null(
		strstr(out, "virtual_server 192.0.2.1 80 {\n\tprotocol UDP\n\tlb_algo rr\n"));
	assert_non_null(strstr(out, "TCP_CHECK"));
	assert_null(strstr(out, "192.0.2.3"));
	free(out);
	free(said);
}

static void ipvsadms_rules_become_services(void **state)
{
	char *out, *said;

	(void)state;
	run(conf_import_ipvsadm,
	    "-A -t 192.0.2.1:80 -s wrr -p 300\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 3\n"
	    "-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -w 3\n-A -f 3 -s rr\n"
	    "-A -u [2001:db8::1]:53 -s mh -b mh-port -o\n"
	    "-a -u [2001:db8::1]:53 -r [2001:db8::2]:53 -i -w 1 --tun-type gue --tun-port 6080 "
	    "--tun-nocsum\n",
	    &out, &said);
	assert_string_equal(out, "virtual_server 192.0.2.1 80 {\n\tprotocol TCP\n\tlb_algo wrr\n"
				 "\tpersistence_timeout 300\n\treal_server 10.0.0.1 80 {\n"
				 "\t\tlvs_method DR\n\t\tweight 3\n\t}\n}\n"
				 "virtual_server 2001:db8::1 53 {\n\tprotocol UDP\n\tlb_algo mh\n"
				 "\tmh-port\n\tops\n\treal_server 2001:db8::2 53 {\n"
				 "\t\tlvs_method TUN type gue port 6080\n\t\tweight 1\n\t}\n}\n");
	assert_int_equal(lines(said), 2);
	assert_non_null(strstr(said, ":3:1: not taken: -m"));
	assert_non_null(strstr(said, ":4:1: not taken: -f"));
	free(out);
	free(said);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void files_include_files_but_not_themselves(void **state)
{
	char dir[] = "/tmp/import_test.XXXXXX", path[256], *said;
	size_t n;
	FILE *f = open_memstream(&said, &n);
	struct conf c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_file(dir, "main", "include b.*\n");
	write_file(dir, "b.1", "worker {\n main_cpu 3\n}\n");
	write_file(dir, "b.2", "global {\n include c\n}\n");
	write_file(dir, "c", "flows 1M\n");
	snprintf(path, sizeof(path), "%s/main", dir);
	assert_int_equal(conf_parse_file(path, &c, f), 0);
	assert_int_equal(c.n_options, 2);
	assert_string_equal(c.option[0].name, "main_cpu");
	assert_string_equal(c.option[1].value, "1M");
	conf_free(&c);
	write_file(dir, "c", "flows 1M\ninclude main\n");
	assert_int_not_equal(conf_parse_file(path, &c, f), 0);
	fflush(f);
	assert_non_null(strstr(said, "/c:2:9: "));
	assert_non_null(strstr(said, "includes itself"));
	write_file(dir, "c", "flows 1M\n}\n");
	assert_int_not_equal(conf_parse_file(path, &c, f), 0);
	fflush(f);
	assert_non_null(strstr(said, "/c:2:1: }: there is no block to close here"));
	fclose(f);
	free(said);
	for (const char *const *name = (const char *const[]){"main", "b.1", "b.2", "c", NULL};
	     *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *name);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keepalived_leaves_its_own_behind),
		cmocka_unit_test(ipvsadms_rules_become_services),
		cmocka_unit_test(files_include_files_but_not_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
