# Unit tests sit beside their module and link only the sources they name here.
# A test runs without root unless its name is in ROOT_TESTS.

TESTS :=
ROOT_TESTS :=
define unit
TESTS += $(BUILD)/test/$(1)
$(BUILD)/test/$(1): $(call objs,$(2)) $(if $(filter src/mgmt/steer.c,$(2)),$(SKEL))
endef

$(eval $(call unit,addr_test,src/base/addr_test.c src/base/addr.c))
$(eval $(call unit,cpu_test,src/base/cpu_test.c src/base/cpu.c))
$(eval $(call unit,plan_test,src/plan/plan_test.c src/plan/plan.c src/plan/place.c src/plan/qmap.c src/plan/driver.c src/plan/warn.c src/base/cpu.c))
$(eval $(call unit,warn_test,src/plan/warn_test.c src/plan/plan.c src/plan/place.c src/plan/qmap.c src/plan/driver.c src/plan/warn.c src/base/cpu.c))
$(eval $(call unit,print_test,src/plan/print_test.c src/plan/print.c src/plan/plan.c src/plan/place.c src/plan/qmap.c src/plan/driver.c src/plan/warn.c src/base/cpu.c src/base/addr.c src/base/dataplane.c))
$(eval $(call unit,facts_test,src/plan/facts_test.c src/plan/facts.c src/plan/facts_nic.c src/base/cpu.c))
$(eval $(call unit,args_test,src/args_test.c src/args.c src/plan/plan.c src/plan/place.c src/plan/qmap.c src/plan/driver.c src/plan/warn.c src/base/cpu.c src/base/addr.c))
$(eval $(call unit,hash_test,src/base/hash_test.c src/base/hash.c))
$(eval $(call unit,cmac_test,src/base/cmac_test.c))
$(eval $(call unit,csum_test,src/base/csum_test.c src/base/csum.c))
$(eval $(call unit,quota_test,src/table/quota_test.c src/table/quota.c))
$(eval $(call unit,maglev_test,src/table/maglev_test.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,conns_test,src/table/conns_test.c src/table/conns.c))
$(eval $(call unit,sched_test,src/table/sched_test.c src/table/sched.c src/table/conns.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,pick_test,src/table/pick_test.c src/table/sched.c src/table/conns.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,state_test,src/table/state_test.c src/table/state.c src/base/hash.c))
$(eval $(call unit,flow_test,src/table/flow_test.c src/table/flow.c src/base/addr.c))
$(eval $(call unit,flow_model_test,src/table/flow_model_test.c src/table/flow.c src/base/addr.c))
$(eval $(call unit,sched_model_test,$(patsubst %,src/table/%.c,sched_model_test flow sched conns maglev quota) src/base/addr.c src/base/hash.c))
$(eval $(call unit,flow_list_test,src/table/flow_list_test.c src/table/flow.c src/base/addr.c))
$(eval $(call unit,snap_test,src/table/snap_test.c src/table/snap.c src/base/addr.c src/table/sched.c src/table/conns.c src/table/maglev.c src/table/quota.c src/base/hash.c))
CONF := $(call srcs,src/conf) src/base/addr.c
$(eval $(call unit,conf_test,src/conf/conf_test.c $(CONF)))
$(eval $(call unit,import_test,src/conf/import_test.c $(CONF)))
$(eval $(call unit,keyword_test,src/conf/keyword_test.c $(CONF)))
$(eval $(call unit,persist_test,src/table/persist_test.c src/table/persist.c))
$(eval $(call unit,frag_test,src/table/frag_test.c src/table/frag.c))
$(eval $(call unit,parse_test,src/path/parse_test.c src/path/parse.c src/path/classify.c src/path/tag.c src/path/tuple.c src/base/csum.c src/table/flow.c src/base/hash.c src/base/addr.c))
$(eval $(call unit,tag_test,src/path/tag_test.c src/path/parse.c src/path/classify.c src/path/tag.c src/path/tuple.c src/base/csum.c src/table/flow.c src/base/hash.c src/base/addr.c))
$(eval $(call unit,lookup_test,src/path/lookup_test.c src/path/lookup.c src/path/schedule.c src/path/special.c src/path/answer.c src/base/advert.c src/path/reset.c src/table/persist.c src/table/frag.c src/path/parse.c src/path/classify.c src/path/tag.c src/path/tuple.c src/base/csum.c src/table/flow.c src/table/snap.c src/base/addr.c src/table/sched.c src/table/conns.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,pcc_test,src/path/pcc_test.c src/path/lookup.c src/path/schedule.c src/path/special.c src/path/answer.c src/base/advert.c src/path/reset.c src/table/persist.c src/table/frag.c src/path/parse.c src/path/classify.c src/path/tag.c src/path/tuple.c src/base/csum.c src/table/flow.c src/table/snap.c src/base/addr.c src/table/sched.c src/table/conns.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,rewrite_test,src/path/rewrite_test.c src/path/rewrite.c src/path/ether.c src/path/tunnel.c src/table/encap.c src/path/parse.c src/path/classify.c src/path/tag.c src/path/tuple.c src/base/csum.c src/table/flow.c src/base/hash.c src/base/addr.c))
$(eval $(call unit,tunnel_test,src/path/tunnel_test.c src/path/tunnel.c src/table/encap.c src/path/ether.c src/path/rewrite.c src/path/classify.c src/base/csum.c src/base/addr.c))
$(eval $(call unit,audit_test,src/path/audit_test.c src/path/audit.c src/path/port.c src/path/rx.c src/path/tx.c src/path/tuple.c src/path/classify.c src/path/icmp_error.c src/base/addr.c src/base/hash.c src/base/csum.c))
$(eval $(call unit,classify_test,src/path/classify_test.c src/path/recipe_test.c src/path/classify.c src/path/tuple.c src/base/csum.c src/base/hash.c src/base/addr.c src/base/counters.c))
$(eval $(call unit,tuple_test,src/path/tuple_test.c src/path/recipe_test.c src/path/classify.c src/path/tuple.c src/path/tag.c src/path/parse.c src/table/flow.c src/base/csum.c src/base/hash.c src/base/addr.c src/base/counters.c))
$(eval $(call unit,answer_test,src/path/answer_test.c src/base/advert.c src/path/recipe_test.c src/path/answer.c src/path/classify.c src/base/csum.c src/base/addr.c))
$(eval $(call unit,icmp_error_test,src/path/icmp_error_test.c src/path/tuple.c src/base/hash.c src/path/recipe_test.c src/path/icmp_error.c src/path/classify.c src/base/csum.c src/base/addr.c src/base/counters.c))
$(eval $(call unit,grid_test,$(patsubst %,src/path/%.c,grid_test grid_rows_test recipe_test classify tuple tag parse lookup schedule special reset rewrite ether tunnel answer icmp_error) $(patsubst %,src/table/%.c,encap flow snap sched conns maglev quota persist frag) $(patsubst %,src/base/%.c,addr advert hash csum counters)))
$(eval $(call unit,reach_test,src/mgmt/reach_test.c src/mgmt/reach.c src/mgmt/nlmsg.c src/base/addr.c))
$(eval $(call unit,neigh_test,src/mgmt/neigh_test.c src/mgmt/watch.c src/mgmt/reach.c src/mgmt/nlmsg.c src/base/addr.c))
NEIGH := $(patsubst %,src/mgmt/%.c,neigh ask keep watch reach netlink nlmsg neigh_world_test) src/base/addr.c src/base/advert.c src/base/csum.c
$(eval $(call unit,neigh_root_test,src/mgmt/neigh_root_test.c $(NEIGH)))
$(eval $(call unit,neigh_link_test,src/mgmt/neigh_link_test.c $(NEIGH)))
ROOT_TESTS += $(BUILD)/test/neigh_root_test $(BUILD)/test/neigh_link_test
$(BUILD)/test/neigh_root_test: override LDFLAGS += -Wl,--wrap=nl_neigh_set
STEER := $(patsubst %,src/mgmt/%.c,steer steer_map steer_vip steer_link steer_pin steer_lock steer_ns_test) src/base/addr.c
$(eval $(call unit,steer_test,src/mgmt/steer_test.c $(STEER)))
$(eval $(call unit,steer_life_test,src/mgmt/steer_life_test.c $(STEER)))
ROOT_TESTS += $(BUILD)/test/steer_test $(BUILD)/test/steer_life_test
MODEL_TEST := src/mgmt/model_world_test.c src/mgmt/model.c src/mgmt/model_edit.c src/mgmt/model_read.c src/mgmt/model_flows.c src/mgmt/apply.c src/mgmt/roster.c src/mgmt/peer.c src/mgmt/reach.c src/mgmt/slots.c src/table/state.c src/table/snap.c src/table/sched.c src/table/conns.c src/table/maglev.c src/table/quota.c src/table/flow.c src/base/addr.c src/base/hash.c src/base/log.c
$(eval $(call unit,model_test,src/mgmt/model_test.c $(MODEL_TEST)))
$(eval $(call unit,model_leave_test,src/mgmt/model_leave_test.c $(MODEL_TEST)))
$(eval $(call unit,model_health_test,src/mgmt/model_health_test.c $(MODEL_TEST)))
$(eval $(call unit,model_change_test,src/mgmt/model_change_test.c $(MODEL_TEST)))
$(eval $(call unit,model_limits_test,src/mgmt/model_limits_test.c $(MODEL_TEST)))
$(BUILD)/test/model_limits_test: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc

$(eval $(call unit,watchdog_test,src/mgmt/watchdog_test.c src/mgmt/watchdog.c))

ctl := tools/shuntctl
$(eval $(call unit,ipvsadm_test,$(addprefix $(ctl)/,ipvsadm_test.c ipvsadm.c ipvs_request.c ipvs_grammar.c names.c) src/base/addr.c))
$(eval $(call unit,ipvs_print_test,$(addprefix $(ctl)/,ipvs_print_test.c ipvs_print.c ipvs_more.c names.c) src/base/addr.c))
$(eval $(call unit,ipvs_golden_test,$(addprefix $(ctl)/,ipvs_golden_test.c ipvs_print.c ipvs_more.c ipvsadm.c ipvs_request.c ipvs_grammar.c names.c) src/base/addr.c))
$(eval $(call unit,ipvs_run_test,$(addprefix $(ctl)/,ipvs_run_test.c ipvs_run.c plan.c ipvs_print.c ipvs_more.c ipvsadm.c ipvs_request.c ipvs_grammar.c names.c client.c) src/base/addr.c src/base/ctl_path.c))
$(eval $(call unit,drain_test,$(addprefix $(ctl)/,drain_test.c drain_step.c)))
$(eval $(call unit,show_test,$(addprefix $(ctl)/,show_test.c show.c client.c) src/base/addr.c src/base/ctl_path.c))
$(eval $(call unit,top_test,$(addprefix $(ctl)/,top_test.c top_rows.c) src/base/addr.c))
$(eval $(call unit,control_test,src/mgmt/control_test.c src/mgmt/control.c src/mgmt/listen.c src/base/ctl_path.c))
$(eval $(call unit,verdict_test,src/health/verdict_test.c src/health/verdict.c))
$(eval $(call unit,quorum_test,src/health/quorum_test.c src/health/quorum.c))
$(eval $(call unit,exec_test,src/health/exec_test.c src/health/exec.c))
ROOT_TESTS += $(BUILD)/test/exec_test
$(eval $(call unit,page_test,src/health/page_test.c src/health/page.c))
PROBE := $(patsubst %,src/health/%.c,probe probe_tcp probe_http probe_udp probe_misc probe_dns probe_ping page exec probe_world_test) $(patsubst %,src/base/%.c,web addr csum)
$(eval $(call unit,probe_test,src/health/probe_test.c $(PROBE)))
ROOT_TESTS += $(BUILD)/test/probe_test
$(eval $(call unit,checker_test,src/health/checker_test.c $(PROBE) $(patsubst %,src/health/%.c,checker verdict pace way) $(patsubst %,src/base/%.c,hash log) src/table/encap.c $(call srcs,src/conf)))
$(eval $(call unit,probe_http_test,src/health/probe_http_test.c $(PROBE)))
$(eval $(call unit,pace_test,src/health/pace_test.c src/health/pace.c src/base/hash.c))
$(eval $(call unit,passive_test,src/health/passive_test.c src/health/passive.c))
HEALTH := src/mgmt/health.c src/mgmt/health_follow.c src/mgmt/health_way.c src/mgmt/health_show.c src/table/encap.c src/base/csum.c $(call srcs,src/health) src/base/web.c
COMMAND := $(HEALTH) src/mgmt/source.c src/mgmt/etcd.c src/mgmt/etcd_text.c src/mgmt/command.c src/mgmt/reload.c src/mgmt/reload_diff.c src/mgmt/reload_command.c src/mgmt/preview.c $(CONF) src/mgmt/request.c src/mgmt/show.c src/mgmt/list.c src/mgmt/rate.c src/mgmt/model.c src/mgmt/model_edit.c src/mgmt/model_read.c src/mgmt/model_flows.c src/mgmt/apply.c src/mgmt/roster.c src/mgmt/peer.c src/mgmt/reach.c src/mgmt/slots.c src/table/state.c src/table/snap.c src/table/sched.c src/table/conns.c src/table/maglev.c src/table/quota.c src/table/flow.c src/base/addr.c src/base/hash.c src/base/log.c src/base/counters.c src/base/dataplane.c
$(eval $(call unit,command_test,src/mgmt/command_test.c $(COMMAND)))
$(eval $(call unit,command_answer_test,src/mgmt/command_answer_test.c $(COMMAND)))
$(BUILD)/test/command_answer_test: LDFLAGS += -Wl,--wrap=model_conns
METRIC := src/mgmt/exposition.c src/mgmt/scrape.c $(patsubst %,src/mgmt/metric_%.c,native ipvs service health)
$(eval $(call unit,exposition_test,src/mgmt/exposition_test.c src/mgmt/exposition.c))
$(eval $(call unit,scrape_test,src/mgmt/scrape_test.c $(METRIC) $(COMMAND)))
$(eval $(call unit,etcd_text_test,src/mgmt/etcd_text_test.c src/mgmt/etcd_text.c))
$(eval $(call unit,rate_test,src/mgmt/rate_test.c src/mgmt/rate.c))

fg := tools/flowgen
$(eval $(call unit,hist_test,$(addprefix $(fg)/,hist_test.c hist.c)))
$(eval $(call unit,zipf_test,$(addprefix $(fg)/,zipf_test.c zipf.c hist.c)))
$(eval $(call unit,frame_test,$(addprefix $(fg)/,frame_test.c valid_test.c template.c options.c zipf.c hist.c) $(addprefix src/base/,addr.c cpu.c csum.c)))
$(eval $(call unit,options_test,$(addprefix $(fg)/,options_test.c options.c) src/base/addr.c src/base/cpu.c))
$(eval $(call unit,flowgen_root_test,$(addprefix $(fg)/,flowgen_root_test.c nic.c valid_test.c template.c options.c zipf.c hist.c) $(addprefix src/base/,addr.c cpu.c csum.c)))
ROOT_TESTS += $(BUILD)/test/flowgen_root_test
$(BUILD)/test/flowgen_root_test: $(BUILD)/flowgen
$(addprefix $(BUILD)/test/,hist_test zipf_test frame_test flowgen_root_test): LDLIBS += -lm

$(BUILD)/test/%:
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS) -lcmocka

# Twenty seconds each of any bytes for the packet path, which begin as the packet grid's frames.
# CORPUS=DIR keeps what they learn.
FUZZ_SECONDS ?= 20
CORPUS ?= build/fuzz/corpus
FUZZERS := parse_fuzz classify_fuzz tunnel_fuzz
.PHONY: fuzz fuzz-conf
fuzz: $(addprefix build/fuzz/,$(FUZZERS)) build/fuzz/grid_dump
	$(Q)mkdir -p $(CORPUS) build/fuzz/grid
	$(Q)build/fuzz/grid_dump build/fuzz/grid
	$(Q)set -e; for f in $(FUZZERS); do build/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -max_len=2048 \
		-print_final_stats=1 $(CORPUS) build/fuzz/grid; done
build/fuzz/parse_fuzz: ci/fuzz/parse_fuzz.c src/path/parse.c src/path/classify.c src/path/tuple.c src/path/tag.c src/path/rewrite.c src/path/ether.c src/path/tunnel.c src/table/encap.c src/table/flow.c \
		src/base/csum.c src/base/hash.c src/base/addr.c
build/fuzz/classify_fuzz: ci/fuzz/classify_fuzz.c $(patsubst %,src/path/%.c,parse classify tuple tag answer icmp_error rewrite ether tunnel) src/table/encap.c \
		src/base/advert.c src/table/flow.c src/base/csum.c src/base/hash.c src/base/addr.c
build/fuzz/tunnel_fuzz: ci/fuzz/tunnel_fuzz.c $(patsubst %,src/path/%.c,classify rewrite ether tunnel) src/table/encap.c src/base/csum.c src/base/addr.c
build/fuzz/grid_dump: ci/grid/grid_dump.c src/path/grid_rows_test.c src/path/recipe_test.c src/base/counters.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $^
$(addprefix build/fuzz/,$(FUZZERS)):
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $^

fuzz-conf: build/fuzz/conf_fuzz
	$(Q)mkdir -p $(CORPUS)-conf
	$(Q)build/fuzz/conf_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 $(CORPUS)-conf
build/fuzz/conf_fuzz: ci/fuzz/conf_fuzz.c $(CONF)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $^

# Lines to the control socket's commands: none of them breaks anything, and what is refused changes nothing.
.PHONY: fuzz-request
fuzz-request: build/fuzz/request_fuzz
	$(Q)mkdir -p $(CORPUS)-request
	$(Q)build/fuzz/request_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 \
		$(CORPUS)-request ci/fuzz/requests
build/fuzz/request_fuzz: ci/fuzz/request_fuzz.c $(COMMAND)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -g -pthread \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $^ $(LDLIBS) -lcmocka

# Root is needed for namespaces and BPF; as a user, by sudo.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: tests check check-unit check-e2e demo
tests: $(TESTS)

# One build's unit tests: SAN= says which.
check-unit: $(TESTS)
	$(Q)ROOT_TESTS='$(notdir $(ROOT_TESTS))' ci/unit $(TESTS)

# Connections that stay while servers change, with ten times the flows of check-unit's run.
.PHONY: pcc
pcc: $(BUILD)/test/pcc_test
	$(Q)$< 3000000

# NAMES='seed kill' runs those whose names have these parts.
MUTANTS := $(patsubst ci/mutants/%.patch,build/mutant/%/shuntd,$(wildcard ci/mutants/*.patch))
$(MUTANTS): build/mutant/%/shuntd: ci/mutants/%.patch ci/mutant build/shuntd
	$(call say,MUTANT,$*)
	$(Q)ci/mutant $* >/dev/null

check-e2e: all $(MUTANTS) build/fuzz/grid_dump
	$(Q)$(SUDO) ci/e2e/run $(if $(SAN),--san) $(NAMES)

# Everything: ci/stages says what. The last line is 'N passed, N failed, N skipped'.
check:
	+$(Q)ci/stages

include ci/vm/vm.mk

demo: all
	$(Q)$(SUDO) tools/demo

LINT_C  = $(shell find src tools include bench -name '*.[ch]')
LINT_SH := tools/lab tools/demo tools/check-layers tools/check-size ci/deps ci/demo ci/check ci/run ci/unit ci/stages ci/mutant .ci/run dist/completion/shuntctl

LINT_KINDS := lint-layers lint-size lint-shell lint-format lint-cppcheck lint-tidy
.PHONY: lint $(LINT_KINDS)
lint: $(LINT_KINDS)
lint-layers:
	$(call say,LINT,layers)
	$(Q)tools/check-layers
lint-size:
	$(call say,LINT,size)
	$(Q)tools/check-size
lint-shell:
	$(call say,LINT,shellcheck)
	$(Q)shellcheck $(LINT_SH)
lint-format:
	$(call say,LINT,clang-format)
	$(Q)clang-format --dry-run -Werror $(LINT_C) $(wildcard bpf/*.c)
lint-cppcheck:
	$(call say,LINT,cppcheck)
	$(Q)cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
		--suppress=missingIncludeSystem --include=ci/cppcheck.h -Iinclude -Isrc -D__x86_64__ \
		$(filter-out %_test.c %.bpf.c,$(filter %.c,$(LINT_C)))
# Bare lines, without those about generated headers; the version is quoted for another shell than this.
TIDY_FLAGS = $(filter-out -DSHUNT_VERSION=%,$(CPPFLAGS)) -DSHUNT_VERSION=__FILE__ $(CFLAGS) -I. -Itools/shuntctl
lint-tidy: $(SKEL) $(BUILD)/bench/wire/fwd.skel.h
	$(call say,LINT,clang-tidy)
	$(Q)printf '%s\n' $(filter-out %_test.c %.bpf.c,$(filter %.c,$(LINT_C))) | xargs -P $$(nproc) -n 4 sh -c \
		'clang-tidy --quiet "$$@" -- $(TIDY_FLAGS) 2>&1 | grep -E "(warning|error): " | { ! grep -v "^build/"; }' -
