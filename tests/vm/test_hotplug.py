# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices come into a running machine and go out of it, and the guest says which it has."""

import os
import random
import re
import time

from gi.repository import GLib

from lib import bus, crash, domain, guest as guests, net, ns, proc, tap, vm
from lib.live import Guest, MAC, NIC

ns.enter(network=True)
net.outside()
session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
session.start_helper()

LINUX = guests.initramfs_of("plugs", (*guests.MODULES, "virtio_scsi", "sd_mod", "xhci_pci", "usb_storage", "virtio_rng", "i6300esb", "e1000"),
                            guests.INIT)
RNG = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
PLACES = 6  # VMH_PLAN_SPARE_PORTS
OPEN = 3    # files of one image in QEMU: two of its set, and the one that its node has made of them


def boot(name, devices="", **kwargs):
    return Guest(session, name, devices, initramfs=LINUX, **kwargs)


def disk(target, bus_name="virtio", source=None):
    return domain.disk(target, source=source).replace("bus='virtio'", f"bus='{bus_name}'")


def new(target, mib=8):
    return {"storage": domain.storage(domain.new_disk(target, size=mib << 20))}


def sizes(guest, pattern="[sv]d?"):
    """{name: MiB} of the guest's disks."""
    said = guest.line.shell(f"for d in /sys/block/{pattern}; do [ -e $d ] && echo $(basename $d) $(cat $d/size); done")
    return {name: int(sectors) // 2048 for name, sectors in (line.split() for line in said.splitlines() if " " in line)}


def wait_sizes(guest, wanted):
    tap.wait_for(lambda: sizes(guest) == wanted, 20, f"disks {wanted}", 0.3)


def files(guest):
    """What QEMU has open, with the numbers of sockets and the like left out."""
    folder = f"/proc/{vm.pid(session, guest.machine)}/fd"
    return sorted(re.sub(r"\d+", "N", os.readlink(f"{folder}/{fd}")) for fd in os.listdir(folder))


def images(guest):
    folder = f"/proc/{vm.pid(session, guest.machine)}/fd"
    links = [os.path.basename(os.readlink(f"{folder}/{fd}")) for fd in os.listdir(folder)]
    return sorted(link for link in links if link.endswith(".qcow2"))


@tap.case
def disks():
    """A disk comes and goes while the guest runs; what it wrote is there when the disk comes again"""
    guest = boot("disks")
    before = files(guest)
    tap.equal(guest.add(disk("vda"), **new("vda")), {"disk:vda": ("live", "")}, "the answer")
    wait_sizes(guest, {"vda": 8})
    tap.true("dev=\"vda\"" in guest.live() or "dev='vda'" in guest.live(), guest.live())
    tap.equal(guest.pending(), [], "what waits")
    guest.line.shell("echo INNKEEPER | dd of=/dev/vda conv=fsync 2>/dev/null")
    xml = domain.call(session, guest.machine, "GetXml")[0]
    source = re.search("file=['\"]([^'\"]*vda[^'\"]*)", xml).group(1)
    tap.equal(guest.remove("<disk", "</disk>"), {"disk:vda": ("live", "")}, "the answer")
    wait_sizes(guest, {})
    tap.true("<disk" not in guest.live(), guest.live())
    tap.equal(files(guest), before, "QEMU's files")
    tap.equal(guest.add(disk("vdb", source=source)), {"disk:vdb": ("live", "")}, "the answer")
    wait_sizes(guest, {"vda": 8})
    tap.true("INNKEEPER" in guest.line.shell("head -c 9 /dev/vda"), "what was written before")
    guest.end()


@tap.case
def other_buses():
    """A SCSI disk brings its controller along, a USB disk too; what cannot come before a restart says so"""
    guest = boot("buses")
    tap.equal(guest.add(disk("sda", "scsi"), **new("sda", 9)), {"disk:sda": ("live", "")}, "the answer")
    wait_sizes(guest, {"sda": 9})
    tap.equal(guest.add(disk("sdb", "scsi"), **new("sdb", 10)), {"disk:sdb": ("live", "")}, "the answer")
    wait_sizes(guest, {"sda": 9, "sdb": 10})
    tap.equal(guest.remove("<disk", "</disk>(?=.*sdb)"), {"disk:sda": ("live", "")}, "the answer")
    wait_sizes(guest, {"sdb": 10})
    tap.equal(guest.add(disk("sdc", "usb"), **new("sdc", 11)), {"disk:sdc": ("live", "")}, "the answer")
    tap.wait_for(lambda: sorted(sizes(guest).values()) == [10, 11], 20, "the USB disk", 0.3)
    answer = guest.add(disk("sdd", "sata"), **new("sdd"))
    tap.equal(answer["disk:sdd"][0], "restart", str(answer))
    tap.true("off" in answer["disk:sdd"][1], str(answer))
    tap.equal(guest.pending(), ["disk:sdd"], "what waits")
    guest.end()
    # The next start is as it was wanted.
    vm.start(session, guest.machine)
    guest.line = vm.serial(session, guest.machine)
    guest.line.expect("G# ", 120)
    tap.true("sdd" in guest.live(), guest.live())
    guest.end()


WATCHDOG = "<watchdog model='i6300esb' action='{}'/>"


@tap.case
def rest():
    """A watchdog comes, its action is changed, and it barks; sound cards and old network cards come and go"""
    guest = boot("rest")
    tap.equal(guest.add("<sound model='usb'/>"), {"sound:0": ("live", "")}, "the answer")
    guest.wait(lambda: guest.line.shell("cat /sys/bus/usb/devices/*/product"), lambda said: "QEMU USB Audio" in said, "the sound card")
    tap.equal(guest.add("<sound model='ac97'/>"), {"sound:1": ("live", "")}, "the answer")
    guest.wait(lambda: guest.line.shell("cat /sys/bus/pci/devices/*/device"), lambda said: "0x2415" in said, "the second one")
    answer = guest.add("<sound model='ich9'/>")
    tap.true(answer["sound:2"][0] == "restart" and "off" in answer["sound:2"][1], str(answer))
    tap.equal(guest.remove("<sound model=.ich9", "/>"), {"sound:2": ("live", "")}, "the answer")
    tap.equal(guest.remove("<sound model=.ac97", "/>"), {"sound:1": ("live", "")}, "the answer")
    guest.wait(lambda: guest.line.shell("cat /sys/bus/pci/devices/*/device"), lambda said: "0x2415" not in said, "its end")
    tap.equal(guest.add(NIC.format(MAC.format(7)).replace("virtio", "e1000")), {"interface:" + MAC.format(7): ("live", "")}, "the answer")
    guest.wait(lambda: guest.line.shell("cat /sys/bus/pci/devices/*/device"), lambda said: "0x100e" in said, "the e1000")
    tap.equal(guest.add(WATCHDOG.format("none")), {"watchdog:0": ("live", "")}, "the answer")
    guest.wait(lambda: guest.line.shell("ls /dev/watchdog0"), lambda said: said == "/dev/watchdog0", "the watchdog")
    bark = "timeout 10 watchdog -F -T 2 -t 60 /dev/watchdog0"  # fed once
    guest.line.shell(bark)
    tap.equal(session.machines()[guest.machine][domain.MACHINE]["State"], "running", "its state")
    tap.equal(guest.apply("action=.none.", "action='pause'"), {"watchdog:0/action": ("live", "")}, "the answer")
    guest.line.send(bark + "\n")
    vm.wait_state(session, guest.machine, "paused")
    guest.end()


@tap.case
def places():
    """There are so many places for devices while it runs; the next one waits, and comes when one is free"""
    guest = boot("places")
    for number in range(PLACES):
        target = "vd" + chr(ord("a") + number)
        tap.equal(guest.add(disk(target), **new(target, 8 + number))[f"disk:{target}"], ("live", ""), target)
    answer = guest.add(disk("vdz"), **new("vdz"))
    tap.equal(answer["disk:vdz"][0], "restart", str(answer))
    tap.true("place" in answer["disk:vdz"][1], str(answer))
    wait_sizes(guest, {"vd" + chr(ord("a") + n): 8 + n for n in range(PLACES)})
    tap.equal(guest.pending(), ["disk:vdz"], "what waits")
    guest.end()


@tap.case
def cards():
    """A network card comes while the guest runs, gets an address, reaches the internet, and goes"""
    guest = boot("cards")
    passt = len(proc.find("passt"))
    tap.equal(guest.add(NIC.format(MAC.format(1))), {"interface:" + MAC.format(1): ("live", "")}, "the answer")
    guest.wait_cards([1])
    tap.equal(session.get(guest.machine, domain.MACHINE, "UserNetwork"), "passt", "UserNetwork")
    crash.replace(session)
    tap.equal(session.get(guest.machine, domain.MACHINE, "UserNetwork"), "passt", "UserNetwork, by the next helper")
    guest.line.close()
    guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
    said = net.lease(guest.line)
    tap.true("LEASE 10.0.2.15/24 10.0.2.2" in said, f"no lease: {said}")
    said = guest.line.shell(f"timeout 10 wget -q -O - http://{net.SERVER}:{net.PORT}/hello 2>&1")
    tap.equal(said, f"HELLO {net.HERE}", "TCP")
    tap.equal(guest.remove("<interface", "</interface>"), {"interface:" + MAC.format(1): ("live", "")}, "the answer")
    guest.wait_cards([])
    tap.wait_for(lambda: len(proc.find("passt")) == passt, 10, "the end of the card's program")
    # and once more, in the same place
    tap.equal(guest.add(NIC.format(MAC.format(2))), {"interface:" + MAC.format(2): ("live", "")}, "the answer")
    guest.wait_cards([2])
    guest.end()


@tap.case
def rolled_back():
    """Where any of a device's parts fails, those before it are taken back, and then the same device comes"""
    guest = boot("back")
    before = files(guest)
    for number in range(20):
        crash.replace(session, VMH_FAIL_AT=f"plug:{number}")
        answer = guest.add(disk("vda"), **new("vda"))
        if answer["disk:vda"][0] == "live":
            break
        tap.true("VMH_FAIL_AT" in answer["disk:vda"][1], str(answer))
        tap.equal(files(guest), before, f"QEMU's files after the fault at {number}")
        tap.true("<disk" not in guest.live(), guest.live())
        guest.remove("<disk", "</disk>")
    tap.figure("parts of a disk that were made to fail", number)
    tap.equal(number, 7, "parts of a disk: two files, three nodes, its limits, the device")
    wait_sizes(guest, {"vda": 8})
    crash.replace(session)
    guest.line.close()
    guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
    tap.equal(sizes(guest), {"vda": 8}, "disks")
    guest.remove("<disk", "</disk>")
    wait_sizes(guest, {})
    guest.end()


@tap.case
def killed():
    """A helper that is killed amid it: the next one goes on, and QEMU, the definition and the guest agree"""
    guest = boot("killed")
    for number in range(8):
        crash.replace(session, VMH_ABORT_AT=f"plug:{number}")
        try:
            guest.add(disk("vda"), **new("vda"))
            raise AssertionError(f"it was not killed at {number}")
        except GLib.Error:
            pass
        crash.died(session)
        crash.replace(session)
        tap.wait_for(lambda: "<disk" in guest.live() and not guest.pending(), 20, "the disk", 0.1)
        guest.line.close()
        guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
        wait_sizes(guest, {"vda": 8})
        tap.equal(len(images(guest)), OPEN, f"the image in QEMU, after the kill at {number}: {images(guest)}")
        tap.true(not (vm.runtime(session) / domain.uuid_of(guest.machine) / "changes").exists(), "something under way")
        tap.equal(guest.remove("<disk", "</disk>"), {"disk:vda": ("live", "")}, "the answer")
        wait_sizes(guest, {})
        tap.equal(images(guest), [], "images in QEMU")
    tap.figure("kills amid a device that comes", 8)
    guest.end()


@tap.case
def killed_as_it_goes():
    """A helper that is killed amid a device's end: the next one goes on, and nothing of it is left"""
    guest = boot("going", disk("vda"), **new("vda"))
    number = 0
    while True:
        crash.replace(session, VMH_ABORT_AT=f"clear:{number}")
        try:
            guest.remove("<disk", "</disk>")
            break
        except GLib.Error:
            pass
        crash.died(session)
        crash.replace(session)
        tap.wait_for(lambda: "<disk" not in guest.live() and not guest.pending(), 20, "the disk's end", 0.1)
        guest.line.close()
        guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
        wait_sizes(guest, {})
        tap.equal(images(guest), [], f"images in QEMU, after the kill at {number}")
        tap.equal(guest.add(disk("vda"), **new("vda")), {"disk:vda": ("live", "")}, f"after the kill at {number}")
        wait_sizes(guest, {"vda": 8})
        number += 1
    tap.figure("kills amid a device that goes", number)
    tap.equal(number, 6, "a device's end: the device, its limits, two nodes, the set of its files, the last word")
    crash.replace(session)
    guest.line.close()
    guest.line = vm.serial(session, guest.machine)
    guest.end()


@tap.case
def killed_while_it_waits():
    """A helper that is killed while a guest is waited for: the next one goes on, and its next call is not kept waiting"""
    guest = boot("waits")
    without, _ = domain.call(session, guest.machine, "GetXml")
    renamed = without.replace(">waits<", ">waited<")
    for method, args in (("SetAutostart", GLib.Variant("b", True)), ("Apply", GLib.Variant("s", renamed))):
        guest.add(disk("vda"), **new("vda"))
        wait_sizes(guest, {"vda": 8})
        domain.call(session, guest.machine, "Pause")
        parameters = GLib.Variant("(sa{sv})", (without, {}))
        session.helper_bus.call(bus.NAME, guest.machine, domain.MACHINE, "Apply", parameters, None, 0, 1000, None, None)
        tap.wait_for((vm.runtime(session) / domain.uuid_of(guest.machine) / "changes").exists, 5, "the change")
        time.sleep(0.5)
        crash.replace(session)
        begun = time.monotonic()
        domain.call(session, guest.machine, method, args)
        tap.true(time.monotonic() - begun < 1, f"{method} took {time.monotonic() - begun:.1f} s")
        tap.equal(guest.pending(), ["disk:vda"], "what waits")
        domain.call(session, guest.machine, "Resume")
        tap.wait_for(lambda: "<disk" not in guest.live() and not guest.pending(), 10, "the definition of what runs")
        tap.equal(images(guest), [], "images in QEMU")
        guest.line.close()
        guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
        wait_sizes(guest, {})
    tap.equal(session.get(guest.machine, domain.MACHINE, "Name"), "waited", "what was told last")
    guest.end()


@tap.case
def who_does_not_let_go():
    """A guest that does not answer keeps its device, and is told of; when it lets go later, that is seen"""
    guest = boot("late", disk("vda"), **new("vda"))
    domain.call(session, guest.machine, "Pause")
    begun = time.monotonic()
    answer = guest.remove("<disk", "</disk>")
    tap.true(time.monotonic() - begun < 10, "it hung")
    tap.equal(answer["disk:vda"][0], "restart", str(answer))
    tap.true("not let it go" in answer["disk:vda"][1], str(answer))
    tap.equal(guest.pending(), ["disk:vda"], "what waits")
    tap.true("<disk" in guest.live(), guest.live())
    domain.call(session, guest.machine, "Resume")
    wait_sizes(guest, {})
    tap.wait_for(lambda: "<disk" not in guest.live(), 10, "the definition of what runs")
    tap.equal(guest.pending(), [], "what waits")
    tap.equal(images(guest), [], "images in QEMU")
    guest.end()


@tap.case
def random_plugs():
    """Whatever comes and goes in whatever order: QEMU, the definition and the guest agree"""
    chance = random.Random(20261129)
    guest = boot("random")
    there, done = set(), 0
    for _ in range(tap.count(24, 300)):
        what = chance.choice(["vda", "vdb", "vdc", "sda", "sdb", 1, 2])
        name = f"interface:{MAC.format(what)}" if isinstance(what, int) else f"disk:{what}"
        if what in there:
            inside = MAC.format(what) if isinstance(what, int) else f"dev=.{what}."
            tag = "interface" if isinstance(what, int) else "disk"
            answer = guest.apply(f"<{tag} (?:(?!</{tag}>).)*{inside}(?:(?!</{tag}>).)*</{tag}>", "")
            there.discard(what)
        elif isinstance(what, int):
            answer = guest.add(NIC.format(MAC.format(what)))
            there.add(what)
        else:
            answer = guest.add(disk(what, "scsi" if what[0] == "s" else "virtio"), **new(what, 8 + ord(what[2])))
            there.add(what)
        tap.equal(answer, {name: ("live", "")}, f"{done}: {there}")
        done += 1
        disks_there = {w for w in there if isinstance(w, str)}
        wanted = sorted(8 + ord(w[2]) for w in disks_there)
        tap.wait_for(lambda w=wanted: sorted(sizes(guest).values()) == w, 20, f"{done}: disks {disks_there}", 0.2)
        guest.wait_cards([w for w in there if isinstance(w, int)])
        live = guest.live()
        tap.equal({*re.findall(r"<target dev=.(\w+).", live)}, disks_there, "disks of the definition")
        # A new image beside a kept one of that name: vda-2.qcow2.
        tap.equal({image[:3] for image in images(guest)}, disks_there, "images in QEMU")
    tap.equal(guest.pending(), [], "what waits")
    tap.figure("random plugs in one guest's life, after which QEMU, XML and guest agreed", done)
    guest.end()


tap.main()
