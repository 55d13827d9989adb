/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of steering stand on: each test has network and mount namespaces of its own, with
 * a veth pair v0 - v1, and a BPF file system of its own: all of it goes with the process. Root. */
#ifndef SHUNT_MGMT_STEER_NS_TEST_H
#define SHUNT_MGMT_STEER_NS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mgmt/steer.h"

/* The address of v0. */
extern const uint8_t ns_mac[6];

/* A test's setup: makes the namespaces and moves into them. */
int ns_enter(void **state);
#define NS_TEST(test) cmocka_unit_test_setup(test, ns_enter)

/* Runs a shell command that must succeed. */
void ns_sh(const char *cmd);

struct nic ns_nic(const char *name);
struct endpoint ns_service(const char *addr, uint16_t port, uint8_t proto);

/* Steers v0, natively; the second activates, too. */
struct steer *ns_open(void);
struct steer *ns_open_active(void);

/* Adds 192.168.1.222 and 2001:db8::80, each tcp 80 and udp 53. */
void ns_add_services(struct steer *s);

/* The id of the program on an interface (0: none), and of our new one for a NIC. */
uint32_t ns_prog_on(const char *name);
uint32_t ns_prog_of(const struct steer *s, uint32_t nic);

/* No pin and no program? */
bool ns_is_clean(void);

/* Runs the program on a frame that came to this queue of v0, which must stay as it is.
 * Returns the verdict. */
uint32_t ns_run(struct steer *s, const char *frame, size_t len, uint32_t queue);

#endif
