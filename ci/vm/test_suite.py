# SPDX-License-Identifier: BSD-2-Clause
"""ci/e2e's own tests on every kernel, on virtio-net in copy mode: client and servers as there, the director a guest."""
import importlib

from bed import Nic, vm
from lab import server_mac

KERNELS = ("6.1", "6.12", "newest")
ONE = dict(kernels=KERNELS, nics=(Nic("virtio", 2),), servers=4, lab=(("ipv6", True),))
TWO = dict(kernels=KERNELS, nics=(Nic("virtio", 2), Nic("virtio", 2)), servers=2, lab=(("two_arm", True),))

# Left out is what reaches into the director's namespace or processes past the daemon's own interface: lab, badinput,
# nic, kill_engine (copy.kill_engine is its like), passthrough (zerocopy.host_traffic is); and the negative controls,
# which guard the tests, not the kernels. The uploads of `upload` are in copy.upload.
SUITE = {
    "seed": ("curl_prints_nginx1", "wrr_shares", "rr_shares", "mh_shares"),
    "churn": ("churn_wrr", "churn_mh"),
    "ipv6": ("ipv6", "ipv6_udp"),
    "kill_all": ("kill_all", "kill_all_three_servers", "kill_all_script", "on_exit_drop"),
    "macs": ("macs", "payload", "vlan", "ttl", "foreign_frames"),
    "modes": ("skb", "poll_adaptive", "poll_busy"),
    "queues": ("two_queues",),
    "shuntctl": ("verbs", "stats", "drain", "show", "dead_neighbour", "mac_change"),
    "udp": ("udp",),
    "twoarm": ("two_arms",),
}


def as_found(t):
    """Some change a server's MAC address; the next test finds the lab as it was."""
    t.lab.run("server1", "ip", "link", "set", "eth0", "address", server_mac(1))
    t.lab.run("client", "ip", "neigh", "flush", "all")
    t.guest.run("ip neigh flush all")


def in_guest(function):
    def test(t):
        plain = t.shuntd
        t.shuntd = lambda *args, **kw: plain(*copying(args), **kw)
        t.san = True  # as patient as with an instrumented build
        try:
            function(t)
        finally:
            as_found(t)
    test.__doc__ = function.__doc__
    return test


def copying(args):
    args = args or ("-i", "eth0")
    return args if "--mode" in args else (*args, "--mode", "copy")


for module, names in SUITE.items():
    for name in names:
        found = getattr(importlib.import_module(f"test_{module}"), f"test_{name}")
        globals()[f"test_{module}_{name}"] = vm(**(TWO if module == "twoarm" else ONE))(in_guest(found))
