# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mediated devices of a computer in its machines: the kernel's example of a driver (mtty), whose devices are PCI cards
with two serial ports that answer what they are told. Linux in the machines finds the ports and talks to them."""

import re

from lib import bus, computer, domain, guest, installed, mtty, tap, vm

USER = computer.USER
ONE, TWO = (f"83b8f4f2-509f-382f-3c1e-e6bfe0fa100{n}" for n in (1, 2))
PARENT = "/sys/devices/virtual/mtty/mtty"
FILES = {"vmlinuz": guest.packed_kernel()[0], "initrd": guest.initramfs(), "mtty": mtty.module()}

pc = computer.Computer(devices=computer.carries(FILES), memory=2048)
tap.cleanup(pc.close)
tap.on_failure(lambda: tap.diag(pc.run("journalctl -b -q --no-pager -o short-monotonic -n 60 | cut -c1-300", check=False)))
tap.diag(f"up after {pc.boot(600):.0f} s")
here, desk = installed.Installed(pc), computer.Desk(pc)
desk.prop(bus.MANAGER, "Version", domain.MANAGER)  # gdbus wants to hear of its types
for file, source in FILES.items():
    pc.unpack(file, source, f"/home/{USER}/{file}" if file != "mtty" else "/opt/mtty.ko")
pc.run("modprobe vfio && modprobe mdev && insmod /opt/mtty.ko")


def make(uuid):
    pc.run(f"echo {uuid} >{PARENT}/mdev_supported_types/mtty-2/create")


def share(uuid):
    return (f"<hostdev mode='subsystem' type='mdev' model='vfio-pci' managed='no' display='off'><source>"
            f"<address uuid='{uuid}'/></source></hostdev>")


def create(name, devices="", machine="q35"):
    # Debian's kernel has four serial ports, if it is not told that there are more.
    return desk.create(vm.definition(name, vm.SERIAL + devices, memory=128, accelerator="kvm", machine=machine, os_more=(
        f"<kernel>/home/{USER}/vmlinuz</kernel><initrd>/home/{USER}/initrd</initrd><cmdline>{guest.CMDLINE} 8250.nr_uarts=8</cmdline>")))


def small(name, devices=""):
    """A machine that does nothing, and is soon on."""
    return desk.create(vm.definition(name, vm.SERIAL + devices, memory=32))


def boot(path):
    desk.start(path)
    desk.line(path, None, 300)


def rows():
    said = desk.call(bus.MANAGER, "ListHostDevices", "{}", interface=domain.MANAGER)
    return {m[1]: part for part in said.split("{'type'") if (m := re.search(r"'uuid': <'([^']+)'>", part))}


def apply(path, devices):
    """The definition with these devices of the computer and no others; answers what became of each change."""
    return desk.change(path, "(<hostdev.*</hostdev>)?\\s*</devices>", devices + "</devices>")


def off(path):
    desk.call(path, "ForceOff", "{}")
    tap.wait_for(lambda: "'off'" in desk.prop(path, "State"), 30, "the machine to be off", 0.2)


def nothing_is_left():
    tap.wait_for(lambda: pc.run("ls /dev/innkeeper 2>/dev/null || true") == "", 20, "/dev/innkeeper to be empty", 0.3)


def ports(path):
    """The guest's serial ports that are the card's, with what is the card's place: {"ttyS1": "0000:02:00.0"}."""
    said = desk.line(path, "for t in /sys/class/tty/ttyS*; do d=$(readlink -f $t/device); [ -e $d/vendor ] && "
                           "echo ${t##*/} ${d##*/} $(cat $d/vendor $d/device); done; true")
    return {line.split()[0]: line.split()[1] for line in said.splitlines() if line.endswith("0x4348 0x3253")}


def echoes(path, port):
    """What is written to a port of the card comes back from it."""
    word = f"hello-{port}"
    said = desk.line(path, f"stty -F /dev/{port} raw -echo min 0 time 50; exec 7<>/dev/{port}; printf {word} >&7; "
                           f"echo GOT $(head -c {len(word)} <&7); exec 7>&-", 90)
    tap.true(f"GOT {word}" in said, f"{port}: {said!r}")


@tap.case
def later():
    """A machine that was started before there was any share gets one while it runs"""
    path = small("early")
    desk.start(path)
    make(ONE)
    said = apply(path, share(ONE))
    tap.equal([when for name, (when, _) in said.items() if name.startswith("hostmdev")], ["live"], f"{said}")
    off(path)
    nothing_is_left()
    pc.run(f"echo 1 >/sys/bus/mdev/devices/{ONE}/remove")
    tap.equal(rows(), {}, "the list when there is none")


@tap.case
def listed():
    """The list has each with its type's name and what it is a share of, and nothing in the way"""
    make(ONE)
    make(TWO)
    found = rows()
    tap.equal(sorted(found), [ONE, TWO], "UUIDs")
    for part in ("'name': <'Dual port serial'>", "'parent': <'mtty'>", "'group': <uint32"):
        tap.true(part in found[ONE], f"{part}: {found[ONE]}")
    tap.true("'problem'" not in found[ONE], found[ONE])


@tap.case
def from_the_start():
    """A machine is started with one: Linux in it finds a card with two serial ports, which answer; nothing is left of it"""
    path = create("cold", share(ONE))
    boot(path)
    found = ports(path)
    tap.equal(len(found), 2, f"ports: {found}")
    for port in found:
        echoes(path, port)
    tap.true("“cold” has it." in rows()[ONE] and "'problem'" not in rows()[TWO], rows())
    (pid,) = here.qemus()
    tap.true("/vfio" in pc.run(f"ls -l /proc/{pid}/fd"), "QEMU has the group open")
    limit = int(pc.run(f"grep 'Max locked memory' /proc/{pid}/limits").split()[3])
    tap.true(1 << 30 < limit < 16 << 30, f"what it may lock: {limit}")
    tap.true(re.search(r"^crw------- 1 0 0 .* \d+$", pc.run("ls -ln /dev/vfio"), re.M), "the host's node is root's as ever")
    tap.true("mtty" in pc.run(f"readlink /sys/bus/mdev/devices/{ONE}/driver"), "its driver is the same")
    off(path)
    nothing_is_left()
    tap.true("'problem'" not in rows()[ONE], rows()[ONE])


@tap.case
def one_at_a_time():
    """What one machine has no other gets, and the sentence says who has it; when that is off it does"""
    first, second = small("first", share(ONE)), small("second", share(ONE))
    desk.start(first)
    said = desk.start(second, "failed")
    tap.true(f"“first” has the mediated device {ONE}." in said, said)
    off(first)
    desk.start(second)
    off(second)
    nothing_is_left()


@tap.case
def while_it_runs():
    """One comes into a machine that runs, beside another that it has: its ports answer; it goes again, and the other stays"""
    path = create("live", share(ONE))
    boot(path)
    before = ports(path)
    said = apply(path, share(ONE) + share(TWO))
    tap.equal([when for name, (when, _) in said.items() if TWO in name], ["live"], f"{said}")
    tap.wait_for(lambda: len(ports(path)) == 4, 60, "the ports of the second one", 1)
    for port in sorted(set(ports(path)) - set(before)):
        echoes(path, port)
    tap.true("“live” has it." in rows()[TWO], rows()[TWO])
    said = apply(path, share(ONE))
    tap.equal([when for name, (when, _) in said.items() if TWO in name], ["live"], f"{said}")
    tap.wait_for(lambda: ports(path) == before, 60, "its ports to go", 1)
    tap.true("'problem'" not in rows()[TWO], rows()[TWO])
    echoes(path, sorted(before)[0])
    other = small("other", share(TWO))  # it is free at once
    desk.start(other)
    off(other)
    off(path)
    nothing_is_left()


tap.main()
