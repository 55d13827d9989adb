# Real drivers in guests under software emulation: kernels and QEMU from Debian's packages, below build/vm.
# NAMES='newest: igb' runs those whose names have these parts; `ci/vm/vm list` shows them.
.PHONY: check-vm
check-vm: all
	$(Q)$(SUDO) ci/vm/vm check $(NAMES)
