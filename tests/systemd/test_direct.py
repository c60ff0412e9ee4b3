# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests' cards on a card of the computer (macvtap), which the kernel of the tests' own computer need not have: in
a computer with systemd, whose card “wire0” has its other end in a network of its own, at 192.0.2.9."""

import re

from lib import bus, computer, domain, guest, tap, vm

UNIT, USER = "vmm-helper", computer.USER
FAR, HERE = "192.0.2.9", "192.0.2.1"

FILES = {"vmlinuz": guest.packed_kernel()[0], "initrd": guest.initramfs()}

pc = computer.Computer(devices=computer.carries(FILES))
tap.cleanup(pc.close)
tap.on_failure(lambda: tap.diag(pc.run("journalctl -b -q --no-pager -o short-monotonic -n 40 | cut -c1-300; ip -d link",
                                       check=False)))
tap.diag(f"up after {pc.boot(timeout=420):.0f} s")
desk = computer.Desk(pc)
desk.prop(bus.MANAGER, "Version", domain.MANAGER)  # gdbus wants to hear of its types

pc.run("ip netns add far && ip link add wire0 type veth peer name far0 netns far && ip link set lo up && "
       f"ip -n far address add {FAR}/24 dev far0 && ip -n far link set far0 up && ip -n far link set lo up && "
       f"ip address add {HERE}/24 dev wire0 && ip link set wire0 up")
pc.run("ip netns exec far sh -c 'mkdir -p /tmp/far && cd /tmp/far && head -c 1000000 /dev/urandom >big && "
       "python3 -m http.server 8080 >/dev/null 2>&1 &'")
for name, source in FILES.items():
    pc.unpack(name, source, f"/home/{USER}/{name}")


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


def small(name, devices):
    """A machine that does nothing, and is soon on."""
    path = desk.create(vm.definition(name, vm.SERIAL + devices, memory=32))
    desk.start(path)
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


@tap.case
def changed():
    """Its speed is limited and a second card plugged while it runs, as the kernel has it; it cannot be moved"""
    path = small("limited", card(21))
    answer = desk.change(path, "</interface>", "<bandwidth><inbound average='200'/><outbound average='100'/></bandwidth></interface>")
    tap.equal({when for when, _ in answer.values()}, {"live"}, str(answer))
    tap.equal(macvtaps(), ["innmfb0", "innmvt0"], "the device and its way round")
    # What the guest sends waits at the device itself, what it gets at the other.
    tap.true("rate 800Kbit" in pc.run("/sbin/tc qdisc show dev innmvt0"), pc.run("/sbin/tc qdisc show dev innmvt0"))
    tap.true("rate 1600Kbit" in pc.run("/sbin/tc qdisc show dev innmfb0"), pc.run("/sbin/tc qdisc show dev innmfb0"))
    desk.change(path, "<bandwidth>.*</bandwidth>", "")
    tap.equal(macvtaps(), ["innmvt0"], "the way round is gone")
    answer = desk.change(path, "</devices>", card(22, mode="private") + "</devices>")
    tap.equal(answer, {"interface:52:54:00:ab:cd:16": ("live", "")}, "plugged")
    tap.equal(macvtaps(), ["innmvt0", "innmvt1"], "devices")
    tap.true("macvtap mode private" in pc.run("ip -d link show innmvt1"), pc.run("ip -d link show innmvt1"))
    (when, sentence) = list(desk.change(path, "</devices>", card(23, "eth7") + "</devices>").values())[0]
    tap.true(when == "restart" and "no network card “eth7”" in sentence, f"{when}: {sentence}")
    tap.equal(macvtaps(), ["innmvt0", "innmvt1"], "devices after one that cannot be")
    (when, sentence) = desk.change(path, "type=.direct.>(<mac address=.52:54:00:ab:cd:15./>)<source [^>]*/>",
                                   r'type="bridge">\1<source bridge="br0"/>')["interface:52:54:00:ab:cd:15/type"]
    tap.true(when == "restart" and "next restart" in sentence, f"{when}: {sentence}")
    desk.call(path, "ForceOff", "{}")
    tap.wait_for(lambda: not macvtaps(), 10, "the devices' end", 0.2)


@tap.case
def without_a_helper():
    """A helper's death does not touch it; who ends while there is none leaves a device, which the next helper removes"""
    path = small("three", card(3))
    new_helper()
    tap.equal(macvtaps(), ["innmvt0"], "devices with the next helper")
    # What a killed one has not finished is nobody's; nor is what is of a machine that has ended with the helper.
    pc.run("ip link add link wire0 name innmvt5 type macvtap mode bridge")
    pc.run(f"kill -9 $(systemctl show -P MainPID {UNIT}) $(pgrep -x qemu-system-x86)")
    tap.wait_for(lambda: "off" in desk.prop(path, "State") or "crashed" in desk.prop(path, "State"), 60, "the machine's end", 1)
    tap.equal(macvtaps(), [], "devices with the next one")


@tap.case
def refused():
    """What cannot be is refused by a sentence with a remedy, and leaves nothing behind"""
    pc.run("ip link add br0 type bridge && ip link add wire1 type veth peer name far1 && ip link set wire1 master br0 && "
           "ip link set wire1 up")

    def fails(number, device, mode, *parts):
        path = desk.create(vm.definition(f"refused{number}", vm.SERIAL + card(9, device, mode), memory=32, machine="pc"))
        said = desk.start(path, "failed")
        for part in parts:
            tap.true(part in said, said)

    fails(1, "eth7", "bridge", "no network card “eth7”", "Connect the machine")
    fails(2, "wire1", "bridge", "“wire1” is taken", "to that bridge")
    fails(3, "lo", "bridge", "“lo” is no Ethernet card", "Connect the machine")
    tap.equal(macvtaps(), [], "devices")
    # One that has the card for itself leaves nothing for a second; then the computer's card is as it was.
    before = pc.run("cat /sys/class/net/wire0/address")
    alone = small("alone", card(10, mode="passthrough"))
    tap.equal(pc.run("cat /sys/class/net/wire0/address"), "52:54:00:ab:cd:0a", "the card has the guest's address")
    fails(4, "wire0", "bridge", "“wire0” is taken")
    tap.equal(macvtaps(), ["innmvt0"], "devices")
    desk.call(alone, "ForceOff", "{}")
    tap.wait_for(lambda: not macvtaps(), 10, "the device's end", 0.2)
    tap.equal(pc.run("cat /sys/class/net/wire0/address"), before, "the card's own address")
    # Two machines with one address cannot both be on it.
    first = small("first", card(11))
    path = desk.create(vm.definition("second", vm.SERIAL + card(11), memory=32, machine="pc"))
    tap.true("Another card on “wire0” has the address" in desk.start(path, "failed"), "the second of one address")
    tap.equal(macvtaps(), ["innmvt0"], "devices: the first one's")
    desk.call(first, "ForceOff", "{}")


@tap.case
def quiet():
    """The journal holds no warning of ours"""
    said = pc.run(f"journalctl -b -q --no-pager -o cat -p warning _SYSTEMD_UNIT={UNIT}.service")
    tap.equal(said, "", "warnings")


tap.main()
