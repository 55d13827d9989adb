/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory of this network namespace in the BPF file system, where links and maps stay while
 * no process holds them: /sys/fs/bpf/shunt/<inode of the namespace>/, mode 0700, with
 *
 *	link-<ifindex>	 the program's link on that NIC
 *	services	 the map of steered destinations
 *	area-<name>	 memory that outlives the process
 *
 * (The file system takes no dots in names, so a NIC's name can't be one.) */
#ifndef SHUNT_MGMT_STEER_PIN_H
#define SHUNT_MGMT_STEER_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STEER_PATH = 64 + 64
};

/* Prints a line into err and returns code: for the last word of a function that fails. */
int steer_fail(int code, char *err, size_t err_size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The path of this namespace's directory, which need not exist. Returns 0 or -errno. */
int steer_pin_dir(char dir[STEER_PATH]);

/* Mounts the BPF file system where it belongs, unless it is there. Returns 0 or -errno, with a
 * line in err. */
int steer_pin_mount(char *err, size_t err_size);
bool steer_pin_mounted(void);

/* Keeps out every other process that changes pins, in any namespace, until the fd that it returns
 * is closed. Held for moments only. Returns -errno if there is no BPF file system. */
int steer_pin_lock(void);

/* Makes the directory. Holds the lock. Returns 0 or -errno. */
int steer_pin_make(const char *dir);

/* Pins fd by this name in place of whatever has it. Holds the lock. Returns 0 or -errno. */
int steer_pin_put(const char *dir, const char *name, int fd);

/* Opens what is pinned by this name. Returns an fd that the caller owns, or -errno. */
int steer_pin_get(const char *dir, const char *name);

/* Unpins; a link is detached first, whoever else holds it. Holds the lock. 0 or -errno. */
int steer_pin_drop(const char *dir, const char *name);

/* How many links in the directory are still attached to a NIC; 0 if there is no directory. */
uint32_t steer_pin_live(const char *dir);

/* Drops everything but what keep (NULL: nothing) wants, then the directory and its parent if they
 * are empty. Holds the lock. Returns the number of pins dropped. */
int steer_pin_sweep(const char *dir, bool (*keep)(void *ctx, const char *name), void *ctx);

/* Calls back for every namespace's directory with its path. Holds the lock. */
void steer_pin_each_dir(void (*fn)(void *ctx, const char *dir), void *ctx);

#endif
