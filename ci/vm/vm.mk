# Real drivers in guests under software emulation: kernels and QEMU from Debian's packages, below build/vm.
# NAMES='newest: igb' runs those whose names have these parts; `ci/vm/vm list` shows them. check-vm-ci: those that
# run for every change, in less than 15 minutes. SHUNT_VM_CACHE=DIR keeps the packages elsewhere.
VM = $(SUDO) $(if $(SHUNT_VM_CACHE),env SHUNT_VM_CACHE=$(SHUNT_VM_CACHE)) ci/vm/vm
.PHONY: check-vm check-vm-ci
check-vm: all $(BUILD)/bench/wire/fwd
	$(Q)$(VM) check $(NAMES)
check-vm-ci: all $(BUILD)/bench/wire/fwd
	$(Q)$(VM) ci
