# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk gets larger: what is in it stays, and a guest that runs says how large it is."""

import subprocess

from gi.repository import GLib

from lib import bus, domain, guest as guests, tap, vm
from lib.live import Guest

session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
session.start_helper()

LINUX = guests.initramfs_of("grow", (*guests.MODULES, "virtio_scsi", "sd_mod"), guests.INIT)
MIB = domain.MIB


def disk(target, bus_name="virtio", source=None, image="qcow2"):
    text = domain.disk(target, source=source).replace("bus='virtio'", f"bus='{bus_name}'")
    return text.replace("type='qcow2'", f"type='{image}'")


def grow(machine, target, size):
    return domain.call(session, machine, "GrowDisk", GLib.Variant("s", target), GLib.Variant("t", size))[0]


def size_of(machine, target):
    return domain.call(session, machine, "InspectDisk", GLib.Variant("s", target))[0]["virtual-size"]


def refused(error, words, machine, target, size):
    state = {t: size_of(machine, t) for t in ("vda", "vdb")}
    try:
        grow(machine, target, size)
    except GLib.Error as e:
        tap.true(f"Error.{error}:" in e.message, f"{target} {size}: {e.message}")
        tap.true(words in e.message, f"{target} {size}: {e.message}")
    else:
        raise AssertionError(f"{target} {size} was not refused")
    tap.equal({t: size_of(machine, t) for t in state}, state, "sizes after a refusal")


def path_of(machine, target):
    return next(e["path"] for e in domain.call(session, machine, "ListStorage")[0] if e["target"] == target)


@tap.case
def running():
    """While it runs: the guest sees the new size at once on virtio; on SCSI a sentence says when; what was written stays"""
    devices = disk("vda") + disk("vdb", image="raw") + disk("sda", "scsi")
    guest = Guest(session, "grows", devices, initramfs=LINUX, storage=domain.storage(
        *(domain.new_disk(t, size=8 * MIB) for t in ("vda", "vdb", "sda"))))

    def sectors(name):
        return int(guest.line.shell(f"cat /sys/block/{name}/size"))

    for name in ("vda", "vdb"):
        guest.line.shell(f"echo INNKEEPER-{name} | dd of=/dev/{name} conv=fsync 2>/dev/null")
        tap.equal(sectors(name), 8 * 2048, name)
        tap.equal(grow(guest.machine, name, 20 * MIB), "", "there is no more to say")
        tap.wait_for(lambda n=name: sectors(n) == 20 * 2048, 10, f"{name} in the guest")
        guest.line.shell(f"echo END-{name} | dd of=/dev/{name} bs=1M seek=19 conv=fsync 2>/dev/null")
        tap.equal(size_of(guest.machine, name), 20 * MIB, "InspectDisk")
    tap.true("looks at the disk again" in grow(guest.machine, "sda", 20 * MIB), "of SCSI there is something to say")
    guest.line.shell("echo 1 > /sys/block/sda/device/rescan")
    tap.wait_for(lambda: sectors("sda") == 20 * 2048, 10, "sda in the guest")
    refused("InvalidArgument", "20 MiB", guest.machine, "vda", 20 * MIB)
    guest.end()
    for name, kind in (("vda", "qcow2"), ("vdb", "raw"), ("sda", "qcow2")):
        tap.equal(size_of(guest.machine, name), 20 * MIB, f"{name} when it is off")
        if kind == "qcow2":
            bus.run(["qemu-img", "check", "-q", path_of(guest.machine, name)])
    vm.start(session, guest.machine)
    guest.line = vm.serial(session, guest.machine)
    guest.line.expect("G# ", 120)
    for name in ("vda", "vdb"):
        tap.true(f"INNKEEPER-{name}" in guest.line.shell(f"head -c 14 /dev/{name}"), f"what was written to {name}")
        tap.true(f"END-{name}" in guest.line.shell(f"dd if=/dev/{name} bs=1M skip=19 2>/dev/null | head -c 8"),
                 f"what was written to {name}'s new part")
    guest.end()


@tap.case
def off():
    """While it is off: qcow2 and raw, in its folder and elsewhere; what is in it stays"""
    outside = session.path / "outside.raw"
    outside.write_bytes(b"INNKEEPER" + bytes(2 * MIB - 9))
    machine = domain.create(session, domain.xml("off", disk("vda") + disk("vdb", source=outside, image="raw")),
                            storage=domain.storage(domain.new_disk("vda", size=8 * MIB)))
    image = path_of(machine, "vda")
    bus.run(["qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 4M 64k", image])
    for target in ("vda", "vdb"):
        tap.equal(grow(machine, target, 40 * MIB), "", target)
        tap.equal(size_of(machine, target), 40 * MIB, target)
    bus.run(["qemu-img", "check", "-q", image])
    said = bus.run(["qemu-io", "-f", "qcow2", "-c", "read -P 0x5a 4M 64k", image])
    tap.true("verification failed" not in said and "65536/65536" in said, said)
    tap.equal((outside.stat().st_size, outside.read_bytes()[:9]), (40 * MIB, b"INNKEEPER"), "the raw file")
    # A file that is larger than the computer's disk is only as large as what is in it.
    tap.equal(grow(machine, "vda", 1 << 40), "", "1 TiB")
    tap.equal(size_of(machine, "vda"), 1 << 40, "1 TiB")


@tap.case
def refusals():
    """Smaller, as large, no multiple of 512, too large, no such disk, a CD, read-only, a damaged image: a sentence, nothing changed"""
    devices = disk("vda") + disk("vdb") + "<disk type='file' device='cdrom'><target dev='sdc' bus='sata'/></disk>"
    machine = domain.create(session, domain.xml("refused", devices), storage=domain.storage(
        domain.new_disk("vda", size=8 * MIB), domain.new_disk("vdb", size=8 * MIB)))
    for size in (0, 1, 512, 8 * MIB - 512, 8 * MIB):
        refused("InvalidArgument", "8 MiB" if size % 512 == 0 else "512", machine, "vda", size)
    for size in (8 * MIB + 1, (1 << 46) + 512, (1 << 64) - 512, (1 << 64) - 1):
        refused("InvalidArgument", "64 TiB", machine, "vda", size)
    for target in ("", "vdz", "sdc", "../vda", "vda,size=1", "disk:vda", "x" * 4096):
        refused("NotFound", "no disk", machine, target, 16 * MIB)
    xml, _ = domain.call(session, machine, "GetXml")
    first = xml.index("</disk>")
    domain.call(session, machine, "Apply", GLib.Variant("s", xml[:first] + "<readonly/>" + xml[first:]))
    refused("Unsupported", "read-only", machine, "vda", 16 * MIB)
    image = path_of(machine, "vdb")
    # Written by another program: one that holds its lock.
    holder = subprocess.Popen(["qemu-io", "-f", "qcow2", image], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    tap.cleanup(holder.kill)
    holder.stdin.write(b"read 0 512\n")
    holder.stdin.flush()
    holder.stdout.readline()
    refused("InUse", "another program", machine, "vdb", 16 * MIB)
    holder.communicate(b"quit\n")
    tap.equal(grow(machine, "vdb", 16 * MIB), "", "when it is free")
    with open(image, "r+b") as f:
        f.write(b"QFI\xfb\xff\xff\xff\xff")
    try:
        grow(machine, "vdb", 32 * MIB)
    except GLib.Error as e:
        tap.true("BadImage" in e.message, e.message)
    else:
        raise AssertionError("a damaged image grew")


tap.main()
