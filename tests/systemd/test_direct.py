# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests' cards on a card of the computer (macvtap), which the kernel of the tests' own computer need not have: in
a computer with systemd, whose card “wire0” has its other end in a network of its own, at 192.0.2.9."""

import re

from lib import bus, computer, domain, guest, tap, vm

UNIT, USER = "vmm-helper", computer.USER
FAR, HERE = "192.0.2.9", "192.0.2.1"

pc = computer.Computer()
tap.cleanup(pc.close)
tap.on_failure(lambda: tap.diag(pc.run("journalctl -b -q --no-pager -o short-monotonic -n 40 | cut -c1-300; ip -d link",
                                       check=False)))
tap.diag(f"up after {pc.boot():.0f} s")
desk = computer.Desk(pc)

pc.run("ip netns add far && ip link add wire0 type veth peer name far0 netns far && ip link set lo up && "
       f"ip -n far address add {FAR}/24 dev far0 && ip -n far link set far0 up && ip -n far link set lo up && "
       f"ip address add {HERE}/24 dev wire0 && ip link set wire0 up")
pc.run("ip netns exec far sh -c 'mkdir -p /tmp/far && cd /tmp/far && head -c 1000000 /dev/urandom >big && "
       "python3 -m http.server 8080 >/dev/null 2>&1 &'")
for source, name in ((guest.kernel()[0], "vmlinuz"), (guest.initramfs(), "initrd")):
    pc.put(source, f"/home/{USER}/{name}", 0o644, USER)


def card(number, device="wire0", mode="bridge", more=""):
    return (f"<interface type='direct'><mac address='52:54:00:ab:cd:{number:02x}'/>"
            f"<source dev='{device}' mode='{mode}'/><model type='virtio'/>{more}</interface>")


def macvtaps():
    return sorted(pc.run("ls -d /sys/class/net/innm* 2>/dev/null | sed 's,.*/,,'", check=False).split())


def shell(path, line, timeout=60, check=True):
    return desk.line(path, line, timeout, check)


def pings(path, address, count=2):
    return "0% packet loss" in shell(path, f"ping -c {count} -W 2 {address}", check=False).replace("100%", "all")


def boot(name, devices, address):
    path = desk.create(vm.definition(name, vm.SERIAL + devices, memory=128, accelerator="kvm", os_more=(
        f"<kernel>/home/{USER}/vmlinuz</kernel><initrd>/home/{USER}/initrd</initrd><cmdline>{guest.CMDLINE}</cmdline>")))
    desk.start(path)
    desk.line(path, None, 300)
    shell(path, f"ip link set eth0 up; ip address add {address}/24 dev eth0")
    return path


def new_helper():
    main = pc.run(f"systemctl show -P MainPID {UNIT}")
    pc.run(f"systemctl kill --kill-whom=main -s KILL {UNIT}")
    tap.wait_for(lambda: pc.run(f"systemctl show -P MainPID {UNIT}") not in (main, "0"), 60, "the next helper", 0.5)
    desk.prop(bus.MANAGER, "Version", domain.MANAGER)


@tap.case
def shares_a_card():
    """A guest on the computer's card reaches what is beyond it, by its own address, and not the computer; all is as it is said"""
    tap.true("('direct', '')" in desk.prop(bus.MANAGER, "Networks", domain.MANAGER), "Networks")
    path = boot("one", card(1), "192.0.2.5")
    tap.equal(macvtaps(), ["innmvt0"], "devices")
    facts = pc.run("ip -d link show innmvt0")
    tap.true("innmvt0@wire0" in facts and "macvtap mode bridge" in facts and "52:54:00:ab:cd:01" in facts, facts)
    tap.true(f"of machine {desk.uuid(path)}" in pc.run("cat /sys/class/net/innmvt0/ifalias"), "alias")
    tap.equal(pc.run("ip address show innmvt0 | grep inet", check=False), "", "this computer's addresses on it")
    tap.true(pings(path, FAR), "the far host does not answer")
    tap.true("52:54:00:ab:cd:01" in pc.run(f"ip -n far neighbour show 192.0.2.5"), "the address on the wire")
    tap.true(not pings(path, HERE), "the computer answers")
    index = pc.run("cat /sys/class/net/innmvt0/ifindex")
    holders = pc.run(f"ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c ' /dev/tap{index}$'")
    tap.equal(holders, "1", "who holds its device")
    # The guest's sending is this device's.
    shell(path, f"ping -c 5 -s 8000 -W 2 {FAR}")
    told = desk.call(path, "GetPerformance", "{}")
    counts = [int(re.search(rf"ab:cd:01', '{way}-bytes', (?:uint64 )?(\d+)", told)[1]) for way in ("received", "sent")]
    here = [int(n) for n in pc.run("cat /sys/class/net/innmvt0/statistics/[rt]x_bytes").split()]
    tap.true(all(n > 40000 for n in counts) and all(0 <= h - c < 5000 for c, h in zip(counts, here)), f"{counts}, {here}")
    desk.call(path, "ForceOff", "{}")
    tap.wait_for(lambda: not macvtaps(), 10, "the device's end", 0.2)


tap.main()
