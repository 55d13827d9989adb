# Unit tests sit beside their module and link only the sources they name here.
# A test runs without root unless its name is in ROOT_TESTS.

TESTS :=
define unit
TESTS += $(BUILD)/test/$(1)
$(BUILD)/test/$(1): $(call objs,$(2)) $(if $(filter src/mgmt/steer.c,$(2)),$(SKEL))
endef

$(eval $(call unit,addr_test,src/base/addr_test.c src/base/addr.c))

$(BUILD)/test/%:
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS) -lcmocka
