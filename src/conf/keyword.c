/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/keyword.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf/value.h"

#define IN(b)	  (1U << BLOCK_##b)
#define CHECK(t)  (1U << (BLOCK_CHECK + CHECK_##t))
#define HTTPS	  (CHECK(HTTP) | CHECK(SSL))
#define CHECKS	  (HTTPS | CHECK(TCP) | CHECK(UDP) | CHECK(MISC) | CHECK(DNS) | CHECK(PING))
#define CONNECTS  (CHECKS & ~CHECK(MISC))
#define PACED	  (IN(SERVICE) | IN(SERVER) | CHECKS)
#define SVC(f)	  offsetof(struct conf_service, f)
#define SRV(f)	  offsetof(struct conf_server, f)
#define CHK(f)	  offsetof(struct check_conf, f)
#define URL(f)	  offsetof(struct check_url, f)
#define SRC(f)	  offsetof(struct conf_source, f)
#define PACE(f)	  offsetof(struct check_pace, f)
#define WAY(f)	  offsetof(struct backend_conf, f)
#define MS_MAX	  86400000U
#define R	  KEYWORD_REPEAT
#define VRRP_CURE "leave it to keepalived; `shuntctl import keepalived FILE` takes the rest"

static const char *const sched_word[] = {
	[SCHEDULER_RR] = "rr",	 [SCHEDULER_WRR] = "wrr",   [SCHEDULER_LC] = "lc",
	[SCHEDULER_WLC] = "wlc", [SCHEDULER_LBLC] = "lblc", [SCHEDULER_LBLCR] = "lblcr",
	[SCHEDULER_DH] = "dh",	 [SCHEDULER_SH] = "sh",	    [SCHEDULER_SED] = "sed",
	[SCHEDULER_NQ] = "nq",	 [SCHEDULER_FO] = "fo",	    [SCHEDULER_OVF] = "ovf",
	[SCHEDULER_MH] = "mh",	 [SCHEDULER_COUNT] = NULL};
static const char *const removed_word[] = {"reselect", "reset", "drop", NULL};
static const char *const path_word[] = {"server", "vip", NULL};
static const char *const http_word[] = {"1.0", "1.0C", "1.1", NULL};
static const char *const regex_word[] = {"caseless", "multiline", "dotall", "extended", NULL};
static const char *const numa_word[] = {"strict", "prefer", "off", NULL};
static const char *const mode_word[] = {"auto", "zerocopy", "copy", "skb", NULL};
static const char *const poll_word[] = {"busy", "adaptive", NULL};
static const char *const exit_word[] = {"detach", "drop", NULL};

const char *const conf_block_name[BLOCKS] = {
	[BLOCK_TOP] = "the file",
	[BLOCK_GLOBAL] = "global",
	[BLOCK_INTERFACE] = "interface",
	[BLOCK_WORKER] = "worker",
	[BLOCK_SOURCE] = "source",
	[BLOCK_SERVICE] = "virtual_server",
	[BLOCK_SERVER] = "real_server",
	[BLOCK_CHECK + CHECK_TCP] = "TCP_CHECK",
	[BLOCK_CHECK + CHECK_HTTP] = "HTTP_GET",
	[BLOCK_CHECK + CHECK_SSL] = "SSL_GET",
	[BLOCK_CHECK + CHECK_UDP] = "UDP_CHECK",
	[BLOCK_CHECK + CHECK_MISC] = "MISC_CHECK",
	[BLOCK_CHECK + CHECK_DNS] = "DNS_CHECK",
	[BLOCK_CHECK + CHECK_PING] = "PING_CHECK",
	[BLOCK_URL] = "url",
};

const struct value_kind value_block, value_option, value_refused;

#define BLK(name, in, args, help)                                       \
	{                                                               \
		name, in, &value_block, R, 0, 0, 0, 0, NULL, args, help \
	}
#define REFUSED(name, in, cure)                                         \
	{                                                               \
		name, in, &value_refused, R, 0, 0, 0, 0, NULL, "", cure \
	}
#define OPT(name, in, flags, words, args, help)                               \
	{                                                                     \
		name, in, &value_option, flags, 0, 0, 0, 0, words, args, help \
	}
#define BOOLEAN(name, in, at, help)                                         \
	{                                                                   \
		name, in, &value_bool, 0, at, 0, 0, 1, NULL, "[BOOL]", help \
	}
#define STRING(name, in, at, args, help)                                  \
	{                                                                 \
		name, in, &value_string, 0, at, 0, 0, 0, NULL, args, help \
	}
#define FLAG(name, bit, alias, help)                                                              \
	{                                                                                         \
		name, IN(SERVICE), &value_flag8, alias, SVC(svc.flags), 0, 0, bit, NULL, "", help \
	}
#define IGNORED(name, in, args)                                       \
	{                                                             \
		name, in, &value_ignored, 0, 0, 0, 0, 0, NULL, args,  \
			"taken for keepalived's sake, without effect" \
	}
#define NUMBER(name, in, flags, at, def, min, max, help)                           \
	{                                                                          \
		name, in, &value_number, flags, at, def, min, max, NULL, "N", help \
	}
#define TIME(name, in, at, min, help)                                                              \
	{                                                                                          \
		name, in, &value_time, KEYWORD_PACE, at, UNSET, min, MS_MAX, NULL, "SECONDS", help \
	}
#define COMMAND(name, in, at, help)                                                            \
	{                                                                                      \
		name, in, &value_command, 0, at, 0, 0, 0, NULL, "COMMAND [USER [GROUP]]", help \
	}
#define WORD(name, in, kind, flags, at, def, words, args, help)         \
	{                                                               \
		name, in, kind, flags, at, def, 0, 0, words, args, help \
	}

/* The manual page and what is printed have this order. */
const struct keyword keyword[] = {
	BLK("global", IN(TOP), "", "what concerns all of shuntd"),
	BLK("interface", IN(TOP), "NAME", "serve all queues of an interface"),
	BLK("worker", IN(TOP), "", "where the workers run"),
	BLK("source", IN(TOP), "etcd", "services come from an etcd cluster"),
	BLK("virtual_server_group", IN(TOP), "NAME", "lines of ADDRESS[-LAST|/PREFIX] [PORT]"),
	BLK("virtual_server", IN(TOP), "ADDRESS[/PREFIX] [PORT] | group NAME", "a virtual service"),
	{"include", IN(TOP), &value_refused, R, 0, 0, 0, 1, NULL, "PATTERN",
	 "include PATTERN, alone on its line"},
	REFUSED("global_defs", IN(TOP), VRRP_CURE),
	REFUSED("vrrp_instance", IN(TOP), VRRP_CURE),
	REFUSED("vrrp_sync_group", IN(TOP), VRRP_CURE),
	REFUSED("vrrp_script", IN(TOP), VRRP_CURE),
	REFUSED("vrrp_track_process", IN(TOP), VRRP_CURE),
	REFUSED("vrrp_track_file", IN(TOP), VRRP_CURE),
	REFUSED("track_file", IN(TOP), VRRP_CURE),
	REFUSED("static_ipaddress", IN(TOP), VRRP_CURE),
	REFUSED("static_routes", IN(TOP), VRRP_CURE),
	REFUSED("static_rules", IN(TOP), VRRP_CURE),
	REFUSED("garp_group", IN(TOP), VRRP_CURE),
	REFUSED("bfd_instance", IN(TOP), VRRP_CURE),
	REFUSED("net_namespace", IN(TOP), "start shuntd inside the namespace"),
	REFUSED("SSL", IN(TOP), "leave it out: SSL_GET shows no certificate of its own"),

	OPT("ctl", IN(GLOBAL), 0, NULL, "PATH", "the control socket"),
	OPT("mode", IN(GLOBAL), 0, mode_word, "auto|zerocopy|copy|skb", "how packets are taken"),
	OPT("on_exit", IN(GLOBAL), 0, exit_word, "detach|drop",
	    "what becomes of services' packets afterwards"),
	OPT("metrics", IN(GLOBAL), 0, NULL, "ADDR:PORT[,public]",
	    "where Prometheus is answered, by HTTP"),
	OPT("flows", IN(GLOBAL), 0, NULL, "N", "flow table entries in all, with k or M"),
	OPT("frames", IN(GLOBAL), 0, NULL, "N", "packet buffers of each queue, a power of two"),
	OPT("cpus", IN(WORKER), 0, NULL, "LIST", "the workers' CPUs"),
	OPT("main_cpu", IN(WORKER), 0, NULL, "N", "the management thread's CPU"),
	OPT("numa", IN(WORKER), 0, numa_word, "strict|prefer|off",
	    "whether workers keep to the interface's node"),
	OPT("poll", IN(WORKER), 0, poll_word, "busy|adaptive", "spin always, or sleep when idle"),
	OPT("queue", IN(WORKER), R, NULL, "IF:QLIST@CPULIST", "pair queues with CPUs by hand"),
	OPT("queue", IN(INTERFACE), R, NULL, "QLIST@CPULIST", "likewise, of this interface"),

	STRING("endpoint", IN(SOURCE), SRC(endpoint), "URL[,URL...]", "has to be said"),
	STRING("prefix", IN(SOURCE), SRC(prefix), "KEY/", "of its keys (/shunt/)"),
	STRING("user", IN(SOURCE), SRC(user), "NAME", "as whom its keys are read"),
	STRING("password", IN(SOURCE), SRC(password), "TEXT", "of the user"),
	STRING("ca", IN(SOURCE), SRC(ca), "FILE", "certificates that are trusted (the system's)"),
	STRING("cert", IN(SOURCE), SRC(cert), "FILE", "our certificate"),
	STRING("key", IN(SOURCE), SRC(key), "FILE", "and its key"),
	STRING("cache", IN(SOURCE), SRC(cache), "FILE",
	       "keeps what was good last (/var/lib/shunt/etcd.conf)"),
	BOOLEAN("allow_commands", IN(SOURCE), SRC(commands),
		"MISC_CHECK and scripts are taken from there, too (false)"),
	{"protocol", IN(SERVICE), &value_protocol, 0, SVC(svc.ep.proto), 0, 0, 0, NULL,
	 "TCP|UDP|SCTP|any", "has to be said; any: every protocol, without a port"},
	WORD("lb_algo", IN(SERVICE), &value_word8, 0, SVC(svc.sched), SCHEDULER_WLC, sched_word,
	     "SCHEDULER", "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh (wlc)"),
	WORD("lvs_sched", IN(SERVICE), &value_word8, KEYWORD_ALIAS, SVC(svc.sched), SCHEDULER_WLC,
	     sched_word, "SCHEDULER", "the same"),
	FLAG("sh-port", SERVICE_HASH_PORT, 0, "sh, mh: the client's port counts too"),
	FLAG("mh-port", SERVICE_HASH_PORT, KEYWORD_ALIAS, "the same"),
	FLAG("flag-2", SERVICE_HASH_PORT, KEYWORD_ALIAS, "the same"),
	FLAG("sh-fallback", SERVICE_FALLBACK, 0, "sh, mh: another server for an unavailable one"),
	FLAG("mh-fallback", SERVICE_FALLBACK, KEYWORD_ALIAS, "the same"),
	FLAG("flag-1", SERVICE_FALLBACK, KEYWORD_ALIAS, "the same"),
	FLAG("ops", SERVICE_ONE_PACKET, 0, "UDP: each packet is scheduled by itself"),
	{"lb_kind", IN(SERVICE), &value_forward, KEYWORD_WAY, 0, UINT8_MAX, 0, 0, NULL,
	 "DR | TUN [type ipip|gue port N|gre [csum|nocsum]]", "how its servers are reached"},
	{"lvs_method", IN(SERVICE), &value_forward, KEYWORD_WAY | KEYWORD_ALIAS, 0, UINT8_MAX, 0, 0,
	 NULL, "...", "the same"},
	{"lvs_method", IN(SERVER), &value_forward, KEYWORD_WAY, 0, UINT8_MAX, 0, 0, NULL,
	 "DR | TUN ...", "how this one is reached"},
	{"persistence_timeout", IN(SERVICE), &value_persist, 0, SVC(svc.persist), 0, 1, 2678400,
	 NULL, "[SECONDS]", "a client stays with its server (360)"},
	{"persistence_granularity", IN(SERVICE), &value_granularity, 0, SVC(svc.persist_prefix), 0,
	 0, 0, NULL, "NETMASK|PREFIX", "how many bits tell clients apart"},
	WORD("removed_server", IN(SERVICE), &value_word8, 0, SVC(svc.removed), 0, removed_word,
	     "reselect|reset|drop", "what becomes of a removed server's flows"),
	NUMBER("quorum", IN(SERVICE), 0, SVC(quorum), 1, 1, 1U << 30,
	       "weight of live servers that makes a service (1)"),
	NUMBER("hysteresis", IN(SERVICE), 0, SVC(hysteresis), 0, 0, 1U << 30,
	       "so much above it is up again, so much below it is lost (0)"),
	COMMAND("quorum_up", IN(SERVICE), SVC(quorum_up), "runs when the quorum is reached"),
	COMMAND("quorum_down", IN(SERVICE), SVC(quorum_down), "runs when it is lost"),
	BOOLEAN("omega", IN(SERVICE), SVC(omega), "quorum_down and notify_down run at shutdown"),
	NUMBER("panic_threshold", IN(SERVICE), 0, SVC(panic), 0, 0, 100,
	       "percent: if more servers fail, the last set stays (0: off)"),
	NUMBER("passive_health", IN(SERVICE), 0, SVC(passive), 0, 0, 100,
	       "percent of a server's connections without progress that is a failure (0: off)"),
	NUMBER("transition_limit", IN(SERVICE), 0, SVC(transitions), 0, 0, 10000,
	       "changes of one server's state in a minute (0: any number)"),
	{"sorry_server", IN(SERVICE), &value_sorry, 0, SVC(sorry), 0, 0, 0, NULL, "ADDRESS [PORT]",
	 "serves while there is no quorum"},
	BOOLEAN("sorry_server_inhibit", IN(SERVICE), SVC(sorry_inhibit),
		"when not needed it has weight 0, and isn't gone"),
	{"sorry_server_lvs_method", IN(SERVICE), &value_forward, 0, SVC(sorry), UINT8_MAX, 0, 0,
	 NULL, "DR | TUN ...", "how the sorry server is reached"},
	{"weight", IN(SERVICE) | IN(SERVER), &value_number, KEYWORD_WAY, WAY(weight), UNSET, 0,
	 WEIGHT_MAX, NULL, "N", "0 takes no new flows (1)"},
	NUMBER("uthreshold", IN(SERVER), KEYWORD_WAY, WAY(upper), 0, 0, UINT32_MAX - 1,
	       "connections at which it takes no more (0: any)"),
	NUMBER("lthreshold", IN(SERVER), KEYWORD_WAY, WAY(lower), 0, 0, UINT32_MAX - 1,
	       "and below which it does again"),
	BOOLEAN("inhibit_on_failure", IN(SERVICE), SVC(inhibit), "of all its servers"),
	BOOLEAN("inhibit_on_failure", IN(SERVER), SRV(inhibit), "down is weight 0, not gone"),
	COMMAND("notify_up", IN(SERVER), SRV(notify_up), "runs when the server comes up"),
	COMMAND("notify_down", IN(SERVER), SRV(notify_down), "runs when it goes down"),
	BLK("real_server", IN(SERVICE), "ADDRESS [PORT]", "a server"),
	IGNORED("ip_family", IN(SERVICE), "inet|inet6"),
	IGNORED("ha_suspend", IN(SERVICE), ""),
	IGNORED("hashed", IN(SERVICE), ""),
	IGNORED("smtp_alert", IN(SERVICE) | IN(SERVER), "[BOOL]"),
	IGNORED("snmp_name", IN(SERVICE) | IN(SERVER), "NAME"),
	REFUSED("persistence_engine", IN(SERVICE),
		"leave it out: clients are told apart by address"),
	REFUSED("flag-3", IN(SERVICE), "leave it out: no scheduler has a third flag"),
	REFUSED("SMTP_CHECK", IN(SERVER), "TCP_CHECK, or a MISC_CHECK that speaks SMTP"),
	REFUSED("BFD_CHECK", IN(SERVER), "PING_CHECK or TCP_CHECK with a short delay_loop"),
	REFUSED("FILE_CHECK", IN(SERVER), "a MISC_CHECK that reads the file"),

	BLK("TCP_CHECK", IN(SERVER), "", "a connection is made"),
	BLK("HTTP_GET", IN(SERVER), "", "pages are fetched"),
	BLK("SSL_GET", IN(SERVER), "", "likewise over TLS"),
	BLK("UDP_CHECK", IN(SERVER), "", "a packet is sent"),
	BLK("MISC_CHECK", IN(SERVER), "", "a command is run"),
	BLK("DNS_CHECK", IN(SERVER), "", "a name is asked for"),
	BLK("PING_CHECK", IN(SERVER), "", "an ICMP echo is sent"),
	TIME("delay_loop", PACED, PACE(delay_loop), 10, "from check to check (60)"),
	TIME("warmup", PACED, PACE(warmup), 0, "the first one comes so late at most (delay_loop)"),
	TIME("connect_timeout", PACED & ~CHECK(MISC), PACE(connect_timeout), 1,
	     "for the connection, and for the answer (5)"),
	NUMBER("retry", PACED, KEYWORD_PACE, PACE(retry), UNSET, 0, 1000,
	       "tries before a check has failed (1; MISC_CHECK 0, DNS_CHECK 3)"),
	NUMBER("nb_get_retry", HTTPS, KEYWORD_PACE | KEYWORD_ALIAS, PACE(retry), UNSET, 0, 1000,
	       "the same"),
	TIME("delay_before_retry", PACED, PACE(delay_before_retry), 0,
	     "between those (1; HTTP_GET and SSL_GET 3, DNS_CHECK delay_loop)"),
	NUMBER("rise", PACED, KEYWORD_PACE, PACE(rise), UNSET, 1, 1000,
	       "good checks in a row that make it up (1)"),
	NUMBER("fall", PACED, KEYWORD_PACE, PACE(fall), UNSET, 1, 1000,
	       "failed ones that make it down (1)"),
	NUMBER("jitter", PACED, KEYWORD_PACE, PACE(jitter), UNSET, 0, 50,
	       "percent by which delay_loop varies (0)"),
	{"alpha", PACED, &value_bool, KEYWORD_PACE, PACE(alpha), UNSET, 0, 1, NULL, "[BOOL]",
	 "down until the first good check (false)"},
	WORD("check_path", PACED & ~CHECK(MISC), &value_word, KEYWORD_PACE, PACE(path), UNSET,
	     path_word, "server|vip", "vip: to the virtual address, a client's way (server)"),
	STRING("virtualhost", IN(SERVICE), SVC(virtualhost), "NAME", "of all its HTTP checks"),
	STRING("virtualhost", IN(SERVER), SRV(virtualhost), "NAME", "of its HTTP checks"),
	STRING("virtualhost", HTTPS, CHK(virtualhost), "NAME", "the Host that is asked for"),
	{"connect_ip", CONNECTS, &value_addr, 0, CHK(connect_ip), 0, 0, 0, NULL, "ADDRESS",
	 "whom to ask (the server)"},
	NUMBER("connect_port", CONNECTS & ~CHECK(PING), 0, CHK(connect_port), 0, 1, 65535,
	       "at which port (the server's)"),
	{"bindto", CONNECTS, &value_addr, 0, CHK(bindto), 0, 0, 0, NULL, "ADDRESS",
	 "from which address"},
	NUMBER("bind_port", CONNECTS & ~CHECK(PING), 0, CHK(bind_port), 0, 1, 65535,
	       "from which port"),
	STRING("bind_if", CONNECTS, CHK(bind_if), "INTERFACE", "by which interface"),
	NUMBER("fwmark", CONNECTS, 0, CHK(fwmark), 0, 1, UINT32_MAX - 1,
	       "mark of the check's own packets"),
	BOOLEAN("log_all_failures", CHECKS, CHK(log_all_failures), "not the verdict alone"),
	WORD("http_protocol", HTTPS, &value_word, 0, CHK(http_version), HTTP_1_0, http_word,
	     "1.0|1.0C|1.1", "1.0C: 1.0 with Connection: close (1.0)"),
	BOOLEAN("enable_sni", CHECK(SSL), CHK(enable_sni), "the Host goes into the handshake"),
	BOOLEAN("fast_recovery", HTTPS, CHK(fast_recovery), "up when all pages are good in one go"),
	BLK("url", HTTPS, "", "a page; at least one"),
	STRING("path", IN(URL), URL(path), "PATH", "with the query (/)"),
	{"status_code", IN(URL), &value_status, R, URL(status), 0, 0, 0, NULL, "N|N-M...",
	 "what is good (200-299)"},
	{"digest", IN(URL), &value_digest, 0, URL(digest), 0, 0, 0, NULL, "MD5", "of the body"},
	STRING("virtualhost", IN(URL), URL(virtualhost), "NAME", "of this page"),
	STRING("regex", IN(URL), URL(regex), "REGEX", "that the body matches"),
	BOOLEAN("regex_no_match", IN(URL), URL(regex_no_match), "it must not match"),
	WORD("regex_options", IN(URL), &value_regex_options, 0, URL(regex_flags), 0, regex_word,
	     "WORD...", "caseless multiline dotall extended"),
	NUMBER("regex_min_offset", IN(URL), 0, URL(regex_min), 0, 0, 1U << 30,
	       "where a match may begin"),
	NUMBER("regex_max_offset", IN(URL), 0, URL(regex_max), 0, 0, 1U << 30,
	       "and where no more (0: anywhere)"),
	REFUSED("regex_stack", IN(URL), "leave it out"),
	{"payload", CHECK(UDP), &value_payload, 0, CHK(payload), 0, 0, 0, NULL, "HEX",
	 "what is sent (nothing)"},
	{"require_reply", CHECK(UDP), &value_reply, 0, 0, 0, 0, 0, NULL, "[HEX]",
	 "silence fails too; an answer begins so, X being any digit"},
	NUMBER("min_reply_length", CHECK(UDP), 0, CHK(reply_min), 0, 0, 65535, "bytes (0)"),
	NUMBER("max_reply_length", CHECK(UDP), 0, CHK(reply_max), 255, 0, 65535, "bytes (255)"),
	STRING("misc_path", CHECK(MISC), CHK(misc_path), "COMMAND", "has to be said"),
	{"misc_timeout", CHECK(MISC), &value_time, 0, CHK(misc_timeout), 0, 0, MS_MAX, NULL,
	 "SECONDS", "then it is ended (delay_loop)"},
	BOOLEAN("misc_dynamic", CHECK(MISC), CHK(misc_dynamic),
		"exit codes of 2 up are weights + 2"),
	{"user", CHECK(MISC), &value_user, 0, CHK(user), 0, 0, 0, NULL, "USER [GROUP]",
	 "whom it runs as"},
	{"type", CHECK(DNS), &value_dns_type, 0, CHK(dns_type), 6, 0, 0, NULL, "RECORD",
	 "A NS CNAME SOA MX TXT AAAA SRV RRSIG DNSKEY (SOA)"},
	STRING("name", CHECK(DNS), CHK(dns_name), "NAME", "what is asked for (.)"),
};
const int n_keywords = sizeof(keyword) / sizeof(*keyword);
