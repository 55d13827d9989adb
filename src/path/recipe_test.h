/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames written down as text, front to back, for tests:
 *
 *   "vlan:5 ip4 ttl:9 tcp:S pay:100"
 *   "ip6 src:2001:db8::9 icmp:2,0,1400 ip6 src:2001:db8::80 dst:2001:db8::1 udp sp:80 dp:1025"
 *
 * Lengths, next headers and checksums come by themselves, computed the plain way. What isn't said
 * is a client's (10.0.0.1 or 2001:db8::1, port 1025) packet to a virtual address (192.168.1.222 or
 * 2001:db8::80, port 80), addressed to the director's MAC. Words, in the order of headers:
 *
 *   to:WHO from:WHO            MACs: director client server other all many
 *   vlan:ID[,PRIO] ad:ID       a tag of 802.1Q, of 802.1ad
 *   type:HEX                   an EtherType by its number, nothing behind
 *   ip4 ip6                    then: src:ADDR dst:ADDR ttl:N tos:N id:N df mf off:BYTES opt:HEX
 *   ext:TYPE[,BYTES] rth:TYPE  IPv6 extension headers
 *   frag:BYTES,MORE,ID         ... the fragment header
 *   tcp:FLAGS udp sctp l4:N    FLAGS of F S R P A U, or - ; then: sp:N dp:N
 *   icmp:TYPE,CODE[,REST]      of the IP header's family; a checksum over all behind it
 *   nd:TYPE,TARGET[,FLAGS]     neighbour solicitation, advertisement; then: lla:TYPE,WHO
 *   arp:OP,WHO,ADDR,WHO,ADDR   sender, target
 *   hex:BYTES pay:N            payload
 *   more:N                     the last IP header tells of N bytes more (or less) than there are
 *   put:AT,HEX raw:AT,HEX      changes bytes of the last header, before and after checksums
 *   partial                    TCP's and UDP's checksum is left to a NIC: the pseudo header's sum
 *   pad:N cut:N                bytes behind the packet; bytes taken off the frame's end
 */
#ifndef SHUNT_PATH_RECIPE_TEST_H
#define SHUNT_PATH_RECIPE_TEST_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RECIPE_MAX = 4096 /* bytes of a frame */
};

/* Makes the frame, in RECIPE_MAX bytes. Returns its length; ends the process with a line on stderr
 * if the text isn't as above. Pure otherwise. */
uint32_t recipe_frame(const char *text, uint8_t *frame);

/* The same as a director would send it on: one hop less, and with these MACs. */
uint32_t recipe_forwarded(const char *text, const uint8_t macs[12], uint8_t *frame);

/* WHO's MAC. */
const uint8_t *recipe_mac(const char *who);

#endif
