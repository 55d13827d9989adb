# Benchmarks. In memory: bench-path, bench-flow, bench-maglev; their results go to build/bench/*.json.
# BENCH_ARGS='-c 1k -r 3' narrows them down.

BENCH := $(BUILD)/bench
bench_export = BENCH_COMMIT=$$(git describe --always --dirty 2>/dev/null) BENCH_CFLAGS='$(CFLAGS)'
bench_model  := $(patsubst %,src/mgmt/%.c,model model_edit model_read model_flows apply roster peer reach slots)
bench_table  := $(patsubst %,src/table/%.c,encap flow snap sched conns maglev quota state persist frag)
bench_base   := $(patsubst %,src/base/%.c,hash addr advert csum counters log dataplane)
bench_stages := $(patsubst %,src/path/%.c,parse classify tag tuple lookup schedule special answer reset icmp_error rewrite ether tunnel rx tx port)
bench_common := bench/record.c bench/events.c

$(BUILD)/bench/%.o: CPPFLAGS += -I.

$(BENCH)/bench-path: $(call objs,$(wildcard bench/path/*.c) $(bench_common) $(bench_stages) $(bench_table) $(bench_base))
$(BENCH)/bench-flow: $(call objs,$(wildcard bench/flow/*.c) $(bench_common) src/table/flow.c src/base/addr.c)
$(BENCH)/bench-maglev: $(call objs,$(wildcard bench/maglev/*.c) $(bench_common) $(bench_model) $(bench_table) $(bench_base))
$(BENCH)/bench-path $(BENCH)/bench-flow $(BENCH)/bench-maglev:
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lm

.PHONY: bench-path bench-flow bench-maglev bench-path-callgrind bench-memory
bench-path bench-flow bench-maglev: bench-%: $(BENCH)/bench-%
	$(Q)$(bench_export) $< -o $(BENCH)/$*.json $(BENCH_ARGS)

# Instructions per packet, the same on every run; fails if they grew over bench/baseline.json.
bench-path-callgrind: $(BENCH)/bench-path
	$(Q)$(bench_export) bench/path/callgrind $(BENCH_ARGS) $< $(BENCH)

bench-memory: bench-path-callgrind bench-path bench-flow bench-maglev

# On a wire: bench/wire/run makes its own namespaces; root. fwd is what shunt is measured against.
$(BENCH)/wire/fwd: $(call objs,bench/wire/fwd.c src/base/cpu.c)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(BENCH)/wire/fwd.o: $(BENCH)/wire/fwd.skel.h
BENCH_ROOT := $(if $(filter 0,$(shell id -u)),,sudo -E)
.PHONY: bench-wire bench-scale bench-scale-wire bench bench-smoke bench-report
wire := $(BENCH)/wire/fwd $(BUILD)/shuntd $(BUILD)/shuntctl $(BUILD)/flowgen
bench-wire: $(wire)
	$(Q)$(bench_export) $(BENCH_ROOT) bench/wire/run -o $(BENCH)/wire.json $(BENCH_ARGS)

# Cost against flows, services, servers: in bench-path, bench-flow and bench-maglev; against queues,
# start-up and reload under load: on the wire.
bench-scale: bench-memory
	+$(Q)$(MAKE) --no-print-directory bench-scale-wire
bench-scale-wire: $(wire)
	$(Q)$(bench_export) $(BENCH_ROOT) bench/wire/run --name scale -o $(BENCH)/scale.json queues reload start

# Everything, in less than 15 minutes on two cores.
bench:
	+$(Q)$(MAKE) --no-print-directory bench-memory
	+$(Q)$(MAKE) --no-print-directory bench-wire
	+$(Q)$(MAKE) --no-print-directory bench-report
bench-report:
	$(Q)bench/report $(BENCH)

# A minute and a half: does everything run, and have instructions per packet grown? Its figures are worth nothing.
SMOKE := $(BENCH)/smoke
bench-smoke: $(addprefix $(BENCH)/,bench-path bench-flow bench-maglev) $(wire)
	$(Q)mkdir -p $(SMOKE)
	$(Q)$(bench_export) bench/path/callgrind $(BENCH)/bench-path $(SMOKE)
	$(Q)$(bench_export) $(BENCH)/bench-path -c '1k flows' -r 1 -b 20 -o $(SMOKE)/path.json
	$(Q)$(bench_export) $(BENCH)/bench-flow -r 1 -o $(SMOKE)/flow.json
	$(Q)$(bench_export) $(BENCH)/bench-maglev -r 1 -o $(SMOKE)/maglev.json
	$(Q)$(bench_export) $(BENCH_ROOT) bench/wire/run --smoke -o $(SMOKE)/wire.json
	$(Q)bench/report $(SMOKE)
