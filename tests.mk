# Unit tests sit beside their module and link only the sources they name here.
# A test runs without root unless its name is in ROOT_TESTS.

TESTS :=
define unit
TESTS += $(BUILD)/test/$(1)
$(BUILD)/test/$(1): $(call objs,$(2)) $(if $(filter src/mgmt/steer.c,$(2)),$(SKEL))
endef

$(eval $(call unit,addr_test,src/base/addr_test.c src/base/addr.c))
$(eval $(call unit,cpu_test,src/base/cpu_test.c src/base/cpu.c))
$(eval $(call unit,hash_test,src/base/hash_test.c src/base/hash.c))
$(eval $(call unit,csum_test,src/base/csum_test.c src/base/csum.c))
$(eval $(call unit,quota_test,src/table/quota_test.c src/table/quota.c))
$(eval $(call unit,maglev_test,src/table/maglev_test.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,sched_test,src/table/sched_test.c src/table/sched.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,state_test,src/table/state_test.c src/table/state.c src/base/hash.c))
$(eval $(call unit,flow_test,src/table/flow_test.c src/table/flow.c))
$(eval $(call unit,snap_test,src/table/snap_test.c src/table/snap.c src/table/sched.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,parse_test,src/path/parse_test.c src/path/parse.c src/table/flow.c src/base/hash.c src/base/addr.c))
$(eval $(call unit,lookup_test,src/path/lookup_test.c src/path/lookup.c src/path/parse.c src/table/flow.c src/table/snap.c src/base/addr.c src/table/sched.c src/table/maglev.c src/table/quota.c src/base/hash.c))
$(eval $(call unit,rewrite_test,src/path/rewrite_test.c src/path/rewrite.c src/path/parse.c src/table/flow.c src/base/csum.c src/base/hash.c src/base/addr.c))
$(eval $(call unit,audit_test,src/path/audit_test.c src/path/audit.c src/path/port.c src/path/rx.c src/path/tx.c))

$(BUILD)/test/%:
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS) -lcmocka
