# shunt: one Makefile. `make help` lists the targets.
#
#   V=1                         print whole commands
#   CC=clang                    another compiler
#   SAN=address,undefined       a sanitizer build, in a directory of its own
#   DESTDIR= PREFIX=/usr        where `make install` puts things

VERSION   := 0.1.0

CC        ?= gcc
CLANG     ?= clang
BPFTOOL   ?= /usr/sbin/bpftool
PREFIX    ?= /usr
SBINDIR   ?= $(PREFIX)/sbin
BINDIR    ?= $(PREFIX)/bin
MANDIR    ?= $(PREFIX)/share/man
UNITDIR   ?= $(PREFIX)/lib/systemd/system
SYSCONFDIR ?= /etc
COMPDIR   ?= $(PREFIX)/share/bash-completion/completions

comma := ,
BUILD := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

PKGS    := libxdp libbpf liburcu-qsbr libmnl libuv jansson popt hwloc numa libcurl libpcre2-8 libcrypto
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
override CFLAGS += -std=gnu11 -D_GNU_SOURCE $(WARN) -fno-common -pthread $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
CPPFLAGS += -DSHUNT_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(BUILD) -I$(BUILD)/tools $(shell pkg-config --cflags $(PKGS))
LDLIBS  := -Wl,--as-needed $(shell pkg-config --libs $(PKGS)) -lresolv

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

# A program is every source below its folders; *_test.c never is part of one.
srcs        = $(filter-out %_test.c %.bpf.c,$(wildcard $(addsuffix /*.c,$(1))))
objs        = $(patsubst %.c,$(BUILD)/%.o,$(1))
SHUNTD   := $(call objs,$(call srcs,src src/base src/table src/conf src/health src/path src/mgmt src/plan))
SHUNTCTL := $(call objs,$(call srcs,tools/shuntctl src/conf) src/base/addr.c src/base/ctl_path.c)
FLOWGEN  := $(call objs,$(call srcs,tools/flowgen) $(addprefix src/base/,addr.c cpu.c csum.c))
SKEL     := $(BUILD)/bpf/steer.skel.h $(BUILD)/tools/flowgen/gen.skel.h $(BUILD)/tools/flowgen/sink.skel.h

.PHONY: all
all: $(BUILD)/shuntd $(BUILD)/shuntctl $(BUILD)/flowgen

$(BUILD)/shuntd: $(SHUNTD)
$(BUILD)/shuntd: LDLIBS += -lmicrohttpd
$(BUILD)/shuntctl: $(SHUNTCTL)
$(BUILD)/shuntctl: LDLIBS += -lncursesw -ltinfo
$(BUILD)/flowgen: $(FLOWGEN)
$(BUILD)/flowgen: LDLIBS += -lm
$(BUILD)/shuntd $(BUILD)/shuntctl $(BUILD)/flowgen:
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The BPF object and its skeleton are built, never committed. Make keeps what it made on the way.
.SECONDARY:
$(BUILD)/%.bpf.o: %.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf $(BPFFLAGS) -g -O2 -Wall -Wextra -Werror -Iinclude \
		-I/usr/include/$(shell $(CLANG) -print-multiarch) -MMD -MP -c -o $@ $<
$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf > $@.tmp && mv $@.tmp $@
$(BUILD)/src/mgmt/steer.o $(BUILD)/src/mgmt/steer_test.o: $(SKEL)
$(BUILD)/tools/flowgen/%.bpf.o: BPFFLAGS := -mcpu=v3 # compare-and-swap
$(addprefix $(BUILD)/tools/flowgen/,engine_xdp.o sink.o): $(SKEL)

include tests.mk
include bench.mk

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

# What is installed: a folder, its files' mode, and the files.
define files
$(SBINDIR) 0755 $(BUILD)/shuntd $(BUILD)/flowgen
$(BINDIR) 0755 $(BUILD)/shuntctl
$(MANDIR)/man8 0644 src/shuntd.8 tools/shuntctl/shuntctl.8 tools/flowgen/flowgen.8
$(MANDIR)/man5 0644 src/conf/shunt.conf.5
$(UNITDIR) 0644 $(BUILD)/dist/shuntd.service
$(COMPDIR) 0644 dist/completion/shuntctl
$(PREFIX)/lib/sysusers.d 0644 dist/sysusers.d/shunt.conf
$(PREFIX)/lib/tmpfiles.d 0644 dist/tmpfiles.d/shunt.conf
endef
export files

$(BUILD)/dist/%: dist/%.in FORCE
	$(Q)mkdir -p $(@D)
	$(Q)sed 's|@SBINDIR@|$(SBINDIR)|g; s|@BINDIR@|$(BINDIR)|g; s|@SYSCONFDIR@|$(SYSCONFDIR)|g' $< >$@

.PHONY: install uninstall FORCE
install: all $(BUILD)/dist/shuntd.service
	$(Q)install -d $(DESTDIR)$(SYSCONFDIR)/shunt
	$(Q)echo "$$files" | while read -r folder mode list; do \
		install -d "$(DESTDIR)$$folder" && install -m "$$mode" $$list "$(DESTDIR)$$folder/" || exit 1; done
uninstall:
	$(Q)echo "$$files" | while read -r folder mode list; do \
		for file in $$list; do rm -f "$(DESTDIR)$$folder/$${file##*/}"; done; done
	$(Q)[ "$$(readlink "$(DESTDIR)$(SBINDIR)/ipvsadm")" != "$(BINDIR)/shuntctl" ] || rm -f "$(DESTDIR)$(SBINDIR)/ipvsadm"

# shuntctl by the name of ipvsadm, for scripts. An ipvsadm that is there already is left alone.
.PHONY: install-ipvsadm
install-ipvsadm: install
	@at='$(DESTDIR)$(SBINDIR)/ipvsadm'; to='$(BINDIR)/shuntctl'; \
	if [ -e "$$at" ] || [ -L "$$at" ]; then \
		[ "$$(readlink "$$at")" = "$$to" ] || { echo "$$at is something else: remove its package first" >&2; exit 1; }; \
	else \
		ln -s "$$to" "$$at"; \
	fi

.PHONY: clean help
clean:
	$(Q)rm -rf build
help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile
	@echo 'targets: all check check-unit check-e2e demo lint install install-ipvsadm uninstall clean'
