/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/grid_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path/recipe_test.h"

#define BACK	  "to:client from:director "
#define EIGHT_EXT "ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 ext:60 "

const struct grid_row grid_row[] = {
	/* plain packets */
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:A pay:1", .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:AP pay:1400", .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:FA", .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:RA", .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:R"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:FPAU", .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:S put:13,c2"}, /* ECN */
	{GRID_BOTH, GRID_FORWARD,
	 .in = "$ip tcp:S put:12,a0 hex:020405b40402080a00010203040506070103030a"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp pay:2", .first = "$ip udp"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp pay:1472"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp pay:8 raw:6,0000"}, /* no checksum */
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp raw:4,0008 pay:5"}, /* shorter than its packet */
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp sp:0"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip sctp pay:20"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip sctp", .first = "$ip sctp pay:20"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip l4:47 hex:00000800 pay:40"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip l4:47 hex:00000800", .first = "$ip l4:47 pay:8"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip l4:47"}, /* nothing in it */
	{GRID_BOTH, GRID_FORWARD,
	 .in = "$ip l4:47 hex:00000800 ip4 src:10.1.1.1 dst:10.2.2.2 tcp:S pay:9"},
	/* lengths: padding stays, all else is refused */
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:S pad:6"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp pay:1 pad:17"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip l4:47 pad:26"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip tcp:S cut:1"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip tcp:S cut:20", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_SHORT, .in = "$ip cut:1", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_SHORT, .in = "$ip cut:19", .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_SHORT, .in = "$ip cut:39", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_SHORT, .in = "$ip tcp:S more:-1"},
	{GRID_BOTH, GRID_DROP, .why = DROP_SHORT, .in = "$ip tcp:S more:-19"},
	{GRID_BOTH, GRID_DROP, .why = DROP_SHORT, .in = "$ip udp more:-1"},
	{GRID_BOTH, GRID_DROP, .why = DROP_SHORT, .in = "$ip sctp more:-1"},
	{GRID_BOTH, GRID_DROP, .why = DROP_SHORT, .in = "$ip tcp:S more:-20"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip more:1 tcp:S"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip more:1400 udp"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_L4, .in = "$ip tcp:S raw:12,40"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_L4, .in = "$ip tcp:S raw:12,60"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_L4, .in = "$ip tcp:S raw:12,f0 pay:39"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:S put:12,f0 pay:40"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_L4, .in = "$ip udp raw:4,0000"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_L4, .in = "$ip udp raw:4,0007"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_L4, .in = "$ip udp raw:4,0009"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_L4, .in = "$ip udp raw:4,ffff pay:100"},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:0,05 udp", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:0,55 udp", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:0,f5 udp", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:0,40 udp", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:0,44 udp", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:0,4f udp", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:2,0013 udp"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:2,0000 udp"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:2,ffff udp"},
	{GRID_6, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip raw:4,ffff udp"},
	{GRID_4, GRID_DROP, .why = DROP_SHORT, .in = "cut:1", .untagged = true, .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_SHORT, .in = "cut:14", .untagged = true, .kernel = true},
	/* IPv4 header */
	{GRID_4, GRID_FORWARD, .in = "$ip opt:01010101 tcp:S"},
	{GRID_4, GRID_FORWARD, .in = "$ip opt:94040000 udp pay:3"},	/* router alert */
	{GRID_4, GRID_FORWARD, .in = "$ip opt:0707040000000000 tcp:S"}, /* record route */
	{GRID_4, GRID_FORWARD, .in = "$ip opt:440c05000000000000000000 sctp"},
	{GRID_4, GRID_FORWARD, .in = "$ip opt:0000000083070400 udp"}, /* behind their end */
	{GRID_4, GRID_FORWARD, .in = "$ip tcp:A pay:9", .first = "$ip opt:01010101 tcp:S"},
	{GRID_4, GRID_DROP, .why = DROP_SOURCE_ROUTE, .in = "$ip opt:8307040a00000201 tcp:S"},
	{GRID_4, GRID_DROP, .why = DROP_SOURCE_ROUTE, .in = "$ip opt:8907040a00000201 tcp:S"},
	{GRID_4, GRID_DROP, .why = DROP_SOURCE_ROUTE, .in = "$ip opt:010101018907040a00000201 udp"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip opt:07000000 udp"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip opt:07010000 udp"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip opt:07050000 udp"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_IP, .in = "$ip opt:01010144 udp"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_CHECK, .in = "$ip raw:10,0000 tcp:S"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_CHECK, .in = "$ip raw:1,04 udp"},
	{GRID_4, GRID_DROP, .why = DROP_BAD_CHECK, .in = "$ip opt:01010101 raw:20,00 udp"},
	{GRID_4, GRID_FORWARD, .in = "$ip df id:9 tos:184 tcp:S"},
	/* time to live */
	{GRID_BOTH, GRID_FORWARD, .in = "$ip ttl:2 tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip ttl:255 udp"},
	{GRID_BOTH, GRID_TELL, .in = "$ip ttl:1 tcp:S", .out = BACK "$error $time $quote"},
	{GRID_BOTH, GRID_TELL, .in = "$ip ttl:0 udp pay:9", .out = BACK "$error $time $quote"},
	{GRID_BOTH, GRID_TELL, .in = "$ip ttl:1 udp pay:1400", .out = BACK "$error $time $quote"},
	{GRID_BOTH, GRID_TELL, .in = "$ip ttl:1 sctp pay:4", .out = BACK "$error $time $quote"},
	{GRID_BOTH, GRID_TELL, .in = "$ip ttl:1 l4:47 pay:4", .out = BACK "$error $time $quote"},
	{GRID_4, GRID_TELL, .in = "$ip opt:01010101 ttl:1 tcp:S",
	 .out = BACK "$error $time $quote"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TTL,
	 .in = "$ip ttl:1 $unreach $inner tcp:A sp:80 dp:1025", .first = "$ip tcp:S"},
	/* checksums of layer 4: only what was left to a NIC is touched */
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:S partial", .out = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:A pay:1400 partial", .out = "$ip tcp:A pay:1400",
	 .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp pay:9 partial", .out = "$ip udp pay:9"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip udp pay:9 raw:6,1234"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip tcp:S raw:16,1234"},
	/* TCP flags */
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:-"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:- put:13,c0"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:SF"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:SFA"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:SR"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:SRA"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:FPU"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:FSRPAU"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:-", .first = "$ip tcp:A"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:FPU", .first = "$ip tcp:A"},
	{GRID_BOTH, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip tcp:SF", .first = "$ip tcp:S"},
	/* IPv6 extension headers */
	{GRID_6, GRID_FORWARD, .in = "$ip ext:0 tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:60 udp pay:3"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:0,16 ext:60,24 rth:2 ext:60 sctp"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:135 udp"},
	{GRID_6, GRID_FORWARD, .in = "$ip rth:4 tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:60 l4:47 pay:4"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:60 tcp:A", .first = "$ip tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip tcp:A pay:4", .first = "$ip ext:0 tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip " EIGHT_EXT "tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:60,256 tcp:S"},
	{GRID_6, GRID_DROP, .why = DROP_EXTENSIONS, .in = "$ip ext:0 " EIGHT_EXT "tcp:S"},
	{GRID_6, GRID_DROP, .why = DROP_EXTENSIONS, .in = "$ip ext:60,264 tcp:S"},
	{GRID_6, GRID_DROP, .why = DROP_EXTENSIONS, .in = "$ip ext:0,136 ext:60,128 tcp:S"},
	{GRID_6, GRID_DROP, .why = DROP_SOURCE_ROUTE, .in = "$ip rth:0 tcp:S"},
	{GRID_6, GRID_DROP, .why = DROP_SOURCE_ROUTE, .in = "$ip ext:0 ext:60 rth:0 udp"},
	{GRID_6, GRID_DROP, .why = DROP_SHORT, .in = "$ip ext:60 raw:1,09 pay:8", .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_SHORT, .in = "$ip ext:60 more:-1", .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip ext:60", .kernel = true},
	/* fragments */
	{GRID_4, GRID_FORWARD, .in = "$ip id:7 mf udp pay:1472"},
	{GRID_4, GRID_FORWARD, .in = "$ip id:7 mf tcp:A pay:4", .first = "$ip tcp:S"},
	{GRID_4, GRID_FORWARD, .in = "$ip id:7 mf sctp pay:4", .first = "$ip sctp"},
	{GRID_4, GRID_FORWARD, .in = "$ip id:7 mf udp partial pay:8"}, /* not ours to complete */
	{GRID_4, GRID_FORWARD, .in = "$ip id:7 mf off:1480 l4:17 pay:1480",
	 .first = "$ip id:7 mf udp pay:1472"},
	{GRID_4, GRID_FORWARD, .in = "$ip id:7 off:2960 l4:17 pay:1",
	 .first = "$ip id:7 mf udp pay:1472"},
	{GRID_6, GRID_FORWARD, .in = "$ip frag:0,1,7 udp pay:1440"},
	{GRID_6, GRID_FORWARD, .in = "$ip frag:0,1,7 tcp:A pay:4", .first = "$ip tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:0 frag:0,1,7 ext:60 udp pay:8", .first = "$ip udp"},
	{GRID_6, GRID_FORWARD, .in = "$ip frag:1448,1,7 l4:17 pay:1448",
	 .first = "$ip frag:0,1,7 udp pay:1440"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:0 frag:2896,0,7 l4:17 pay:1",
	 .first = "$ip frag:0,1,7 udp pay:1440"},
	{GRID_6, GRID_FORWARD, .in = "$ip frag:1448,0,7 l4:60 pay:1", /* says what came first */
	 .first = "$ip frag:0,1,7 ext:60 udp pay:1432"},
	{GRID_6, GRID_DROP, .why = DROP_FRAG_OVERLAP, .in = "$ip frag:1440,0,7 l4:60 pay:16",
	 .first = "$ip frag:0,1,7 ext:60 udp pay:1432"},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_OVERLAP, .in = "$ip id:7 off:1472 l4:17 pay:16",
	 .first = "$ip id:7 mf udp pay:1472"},
	{GRID_6, GRID_FORWARD, .in = "$ip frag:0,0,7 tcp:S"}, /* atomic */
	{GRID_6, GRID_FORWARD, .in = "$ip frag:0,0,7 udp pay:3", .first = "$ip udp"},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip mf l4:6 pay:8",
	 .kernel = true}, /* tiny */
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip mf l4:6 pay:16", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip mf tcp:S put:12,80 pay:4"},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip mf l4:132 pay:8", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip off:8 l4:6 pay:8"},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip off:16 mf l4:6 pay:8"},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip mf udp pay:1"},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip mf off:8 l4:17 pay:9"},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip off:8 l4:17"},
	{GRID_4, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip off:65512 l4:17 pay:4"},
	{GRID_4, GRID_DROP, .why = DROP_TCP_FLAGS, .in = "$ip mf tcp:SF pay:4"},
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:127.0.0.1 mf udp pay:8"},
	{GRID_6, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip frag:0,1,7 l4:6 pay:16",
	 .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip frag:0,1,7 ext:60 put:1,09 pay:8",
	 .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip frag:8,0,7 l4:6 pay:8"},
	{GRID_6, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip frag:0,1,7 udp pay:1"},
	{GRID_6, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip frag:65528,0,7 l4:17 pay:8"},
	{GRID_6, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip frag:8,0,7 l4:17"},
	{GRID_6, GRID_DROP, .why = DROP_FRAG_BAD, .in = "$ip frag:0,0,7 frag:0,0,7 udp"},
	{GRID_6, GRID_DROP, .why = DROP_EXTENSIONS, .in = "$ip " EIGHT_EXT "frag:0,1,7 udp pay:8"},
	/* ICMP errors go to the flow's server */
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $unreach $inner tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $big $inner tcp:A sp:80 dp:1025 pay:500",
	 .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $time $inner tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $param $inner tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $unreach $inner udp sp:80 dp:1025",
	 .first = "$ip udp"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $big $inner udp sp:80 dp:1025 pay:9",
	 .first = "$ip udp"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $unreach $inner sctp sp:80 dp:1025",
	 .first = "$ip sctp"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $unreach $inner l4:47 pay:8",
	 .first = "$ip l4:47 pay:8"},
	{GRID_BOTH, GRID_FORWARD, .in = "$ip $unreach $inner more:32 l4:6 hex:0050040100000007",
	 .first = "$ip tcp:S"},
	{GRID_BOTH, GRID_DROP,
	 .why = DROP_ICMP, /* of no flow, and its server isn't told by a hash */
	 .in = "$ip $unreach $inner tcp:A sp:80 dp:1025"},
	{GRID_BOTH, GRID_DROP, .why = DROP_ICMP, /* of another one */
	 .in = "$ip $unreach $inner tcp:A sp:80 dp:1026", .first = "$ip tcp:S"},
	{GRID_4, GRID_FORWARD, .in = "$ip src:10.9.9.9 $big $inner tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip src:2001:db8:9::9 $big $inner tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_4, GRID_FORWARD, .in = "$ip $time $inner opt:0101010101010101 tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_4, GRID_FORWARD, .in = "$ip opt:01010101 $time $inner tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_4, GRID_FORWARD, .in = "$ip $time $inner mf tcp:A sp:80 dp:1025 pay:4",
	 .first = "$ip tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip $time $inner ext:60 frag:0,1,9 tcp:A sp:80 dp:1025 pay:4",
	 .first = "$ip tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip ext:60 $time $inner tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_4, GRID_FORWARD, .in = "$ip icmp:3,4,576 $inner tcp:A sp:80 dp:1025",
	 .first = "$ip tcp:S"},
	{GRID_4, GRID_FORWARD, .in = "$ip icmp:3,4,552 $inner udp sp:80 dp:1025",
	 .first = "$ip udp"},
	{GRID_4, GRID_DROP, .why = DROP_ICMP_MTU,
	 .in = "$ip icmp:3,4,551 $inner udp sp:80 dp:1025"},
	{GRID_4, GRID_DROP, .why = DROP_ICMP_MTU, .in = "$ip icmp:3,4,0 $inner udp sp:80 dp:1025"},
	{GRID_6, GRID_FORWARD, .in = "$ip icmp:2,0,1280 $inner udp sp:80 dp:1025",
	 .first = "$ip udp"},
	{GRID_6, GRID_DROP, .why = DROP_ICMP_MTU,
	 .in = "$ip icmp:2,0,1279 $inner udp sp:80 dp:1025"},
	{GRID_6, GRID_DROP, .why = DROP_ICMP_MTU, .in = "$ip icmp:2,0,68 $inner udp sp:80 dp:1025"},
	{GRID_BOTH, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach pay:19", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach $inner l4:6 pay:7",
	 .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_ICMP, .in = "$ip $big $inner l4:17 pay:3",
	 .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_ICMP, .in = "$ip $time $inner raw:0,55 udp",
	 .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach ip6 udp", .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach ip4 udp pay:20", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach $ip udp", .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach $inner rth:0 udp",
	 .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach $inner dst:127.0.0.1 udp sp:80"},
	{GRID_6, GRID_DROP, .why = DROP_ICMP,
	 .in = "$ip $big $inner dst:::ffff:10.0.0.1 udp sp:80"},
	{GRID_BOTH, GRID_DROP, .why = DROP_ICMP, .in = "$ip $unreach $inner tcp:A sp:443 dp:1025",
	 .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_SHORT, .in = "$ip $unreach more:-1", .kernel = true},
	/* echo, ARP, neighbours */
	{GRID_BOTH, GRID_ANSWER, .in = "$ip $ask pay:56", .out = BACK "$vip $reply pay:56"},
	{GRID_BOTH, GRID_ANSWER, .in = "$ip ttl:1 $ask pay:1", .out = BACK "$vip $reply pay:1"},
	{GRID_BOTH, GRID_ANSWER, .in = "$ip $ask pad:18", .out = BACK "$vip $reply"},
	{GRID_4, GRID_ANSWER, .in = "$ip opt:01010101 $ask pay:8", .out = BACK "$vip $reply pay:8"},
	{GRID_6, GRID_ANSWER, .in = "$ip ext:60 $ask pay:8", .out = BACK "$vip $reply pay:8"},
	{GRID_BOTH, GRID_DROP, .why = DROP_SHORT, .in = "$ip $ask cut:1 more:-1"},
	{GRID_4, GRID_ANSWER, .in = "to:all arp:1,client,10.0.0.1,nobody,192.168.1.222 pad:18",
	 .out = BACK "arp:2,director,192.168.1.222,client,10.0.0.1"},
	{GRID_4, GRID_ANSWER, .in = "arp:1,client,10.0.0.1,director,192.168.1.222",
	 .out = BACK "arp:2,director,192.168.1.222,client,10.0.0.1"},
	{GRID_4, GRID_DROP, .why = DROP_NO_SERVICE,
	 .in = "to:all arp:1,client,10.0.0.1,nobody,10.0.0.2", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_NOT_L4,
	 .in = "arp:2,client,10.0.0.1,director,192.168.1.222", .kernel = true},
	{GRID_6, GRID_ANSWER,
	 .in = "to:many ip6 dst:ff02::1:ff00:80 ttl:255 nd:135,2001:db8::80 lla:1,client",
	 .out = BACK "$vip ttl:255 nd:136,2001:db8::80,60000000 lla:2,director"},
	{GRID_6, GRID_ANSWER, .in = "$ip ttl:255 nd:135,2001:db8::80",
	 .out = BACK "$vip ttl:255 nd:136,2001:db8::80,60000000 lla:2,director"},
	{GRID_6, GRID_ANSWER,
	 .in = "to:many ip6 src::: dst:ff02::1:ff00:80 ttl:255 nd:135,2001:db8::80",
	 .out = "to:nodes from:director ip6 src:2001:db8::80 dst:ff02::1 ttl:255 "
		"nd:136,2001:db8::80,20000000 lla:2,director"},
	{GRID_6, GRID_DROP, .why = DROP_NO_SERVICE,
	 .in = "$ip ttl:255 nd:135,2001:db8::81 lla:1,client", .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_ICMP, .in = "$ip ttl:64 nd:135,2001:db8::80 lla:1,client"},
	{GRID_6, GRID_DROP, .why = DROP_ICMP, .in = "$ip ttl:255 nd:135,2001:db8::80 raw:2,0000"},
	/* Ethernet */
	{GRID_BOTH, GRID_DROP, .why = DROP_NOT_OURS, .in = "to:other $ip tcp:S", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NOT_OURS, .in = "to:all $ip tcp:S", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NOT_OURS, .in = "to:many $ip udp", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NOT_OURS, .in = "to:all $ip $ask", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_LOOP, .in = "from:director $ip tcp:S"},
	{GRID_BOTH, GRID_DROP, .why = DROP_VLANS, .in = "ad:1 vlan:2 vlan:3 $ip tcp:S",
	 .untagged = true, .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_VLANS, .in = "vlan:1 vlan:2 vlan:3 $ip udp",
	 .untagged = true, .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_NOT_L4, .in = "type:88cc pay:46", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_NOT_L4, .in = "type:0026 pay:46", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_NOT_L4, .in = "type:8863 pay:46", .kernel = true},
	/* addresses */
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:192.168.1.222 tcp:S"}, /* LAND */
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:192.168.1.222 udp sp:80"},
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:127.0.0.1 tcp:S"},
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:0.0.0.0 udp"},
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:224.0.0.9 udp"},
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:240.0.0.1 tcp:S"},
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:255.255.255.255 $ask"},
	{GRID_4, GRID_DROP, .why = DROP_MARTIAN,
	 .in = "$ip src:127.0.0.1 $unreach $inner udp sp:80 dp:1025"},
	{GRID_6, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:2001:db8::80 tcp:S"},
	{GRID_6, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:::1 tcp:S"},
	{GRID_6, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src::: udp"},
	{GRID_6, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:ff02::1 udp"},
	{GRID_6, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip src:::ffff:10.0.0.1 tcp:S"},
	{GRID_6, GRID_DROP, .why = DROP_MARTIAN, .in = "$ip dst:::ffff:192.168.1.222 tcp:S"},
	{GRID_6, GRID_FORWARD, .in = "$ip src:fe80::1 tcp:S"},
	{GRID_4, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip dst:255.255.255.255 udp",
	 .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip dst:224.0.0.1 udp", .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip dst:ff02::1 udp", .kernel = true},
	{GRID_4, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip dst:192.168.1.221 tcp:S",
	 .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip dst:2001:db8::81 tcp:S",
	 .kernel = true},
	/* no such service, or nobody to serve */
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip tcp:S dp:443", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip udp dp:53", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip sctp dp:9", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip l4:4 pay:40", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE,
	 .in = "$ip ip4 src:10.1.1.1 dst:192.168.1.222 tcp:S", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip ip6 tcp:S", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip l4:50 pay:40", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip l4:51 pay:40", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip l4:59", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip udp dp:6080 pay:60",
	 .kernel = true}, /* GUE */
	{GRID_4, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip icmp:13,0 pay:12", .kernel = true},
	{GRID_6, GRID_DROP, .why = DROP_NO_SERVICE, .in = "$ip icmp:133,0", .kernel = true},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_BACKEND, .in = "$ip tcp:S dp:81"},
	{GRID_BOTH, GRID_DROP, .why = DROP_NO_NEIGHBOUR, .in = "$ip tcp:S dp:82"},
};
const uint32_t grid_rows = sizeof(grid_row) / sizeof(*grid_row);

static const char *const tags[] = {"", "vlan:5 ", "vlan:0,3 ", "ad:7 vlan:5 "};
enum {
	TAGS = sizeof(tags) / sizeof(*tags)
};

static const struct {
	const char *word, *v4, *v6;
} own_word[] = {
	{"$ip", "ip4", "ip6"},
	{"$vip", "ip4 src:192.168.1.222 dst:10.0.0.1", "ip6 src:2001:db8::80 dst:2001:db8::1"},
	{"$inner", "ip4 src:192.168.1.222 dst:10.0.0.1", "ip6 src:2001:db8::80 dst:2001:db8::1"},
	{"$unreach", "icmp:3,3", "icmp:1,4"},
	{"$time", "icmp:11,0", "icmp:3,0"},
	{"$param", "icmp:12,0", "icmp:4,0"},
	{"$big", "icmp:3,4,1400", "icmp:2,0,1400"},
	{"$ask", "icmp:8,0,65537", "icmp:128,0,65537"},
	{"$reply", "icmp:0,0,65537", "icmp:129,0,65537"},
	{"$error", "ip4 src:192.168.1.222 dst:10.0.0.1 tos:192 df",
	 "ip6 src:2001:db8::80 dst:2001:db8::1"},
};

/* The IP packet of c->in, as long as an error about it may be, in pieces that fit a word. */
static void quote(const struct grid_case *c, uint32_t l3, char *out, size_t room)
{
	uint32_t most = l3 + (c->v4 ? 548 : 1232), len;
	uint8_t frame[RECIPE_MAX];

	len = recipe_frame(c->in, frame);
	for (uint32_t i = l3; i < len && i < most; i++) {
		int n = snprintf(out, room, "%s%02x", (i - l3) % 64 ? "" : " hex:", frame[i]);

		out += n;
		room -= (size_t)n;
	}
}

/* Puts the family's words, and the tags in front of the first that is neither to: nor from:. */
static void spell(struct grid_case *c, const char *text, uint32_t tag, char *out)
{
	bool tagged = false;
	char word[512];
	size_t len = 0;
	int n;

	for (*out = 0; text && sscanf(text, "%511s%n", word, &n) == 1; text += n) {
		const char *put = word;

		if (!tagged && strncmp(word, "to:", 3) != 0 && strncmp(word, "from:", 5) != 0) {
			len += (size_t)snprintf(out + len, GRID_TEXT - len, "%s", tags[tag]);
			tagged = true;
		}
		if (!strcmp(word, "$quote")) {
			quote(c, 14 + (tag ? tag == 3 ? 8 : 4 : 0), out + len, GRID_TEXT - len);
			len = strlen(out);
			continue;
		}
		for (size_t i = 0; i < sizeof(own_word) / sizeof(*own_word); i++)
			if (!strcmp(word, own_word[i].word))
				put = c->v4 ? own_word[i].v4 : own_word[i].v6;
		len += (size_t)snprintf(out + len, GRID_TEXT - len, "%s ", put);
	}
}

/* variant: its lowest bit is the family, the others say which tags. */
bool grid_next(uint32_t *row, uint32_t *variant, struct grid_case *c)
{
	while (*row < grid_rows) {
		const struct grid_row *r = &grid_row[*row];
		uint32_t v = *variant, tag = v / 2;

		if (tag == (r->untagged ? 1 : TAGS)) {
			++*row;
			*variant = 0;
			continue;
		}
		++*variant;
		if (!(r->family & (v & 1 ? GRID_6 : GRID_4)))
			continue;
		c->row = r;
		c->v4 = !(v & 1);
		spell(c, r->in, tag, c->in);
		spell(c, r->out, tag, c->out);
		spell(c, r->first, tag, c->first);
		return true;
	}
	return false;
}
