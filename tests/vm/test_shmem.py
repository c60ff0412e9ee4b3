# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory that machines have in common: what one guest writes there, another reads."""

import os
import stat

from lib import bus, domain, guest, tap, vm
from lib.live import Guest

session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
session.start_helper()


def memory(name="common", size=4):
    return f"<shmem name='{name}'><model type='ivshmem-plain'/><size unit='M'>{size}</size></shmem>"


def make(name, devices):
    image = session.path / f"{name}.img"
    image.write_bytes(guest.memory_sector())
    disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/>"
            "<target dev='hda' bus='ide'/></disk>")
    return domain.create(session, vm.definition(name, disk + vm.SERIAL + devices, memory=32, machine="pc"))


def boot(name, devices, says="U"):
    machine = make(name, devices)
    vm.start(session, machine)
    tap.cleanup(lambda: vm.state(session, machine) == "off" or vm.force_off(session, machine))
    line = vm.serial(session, machine)
    tap.cleanup(line.close)
    line.expect(says, 30)
    return machine, line


def read(line):
    line.send("?")
    return line.expect("([^\n]*)\n", 10).group(1).decode()


def files():
    folder = vm.runtime(session) / "shmem"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


@tap.case
def in_common():
    """Two machines have one memory, a third with another name has its own; it is there until the last is off"""
    one, line1 = boot("one", memory())
    two, line2 = boot("two", memory())
    _, other = boot("other", memory("elsewhere"))
    boot("without", "", says="N")
    line1.send("WRITTEN BY ONE")
    tap.wait_for(lambda: read(line2) == "WRITTEN BY ONE", 10, "what the second reads")
    tap.equal(read(other), "", "what another memory has")
    tap.equal(files(), [f"{os.getuid()}-common", f"{os.getuid()}-elsewhere"], "files")
    folder = vm.runtime(session) / "shmem"
    tap.equal(stat.S_IMODE(folder.stat().st_mode), 0o700, "who may look for it")
    tap.equal((folder / f"{os.getuid()}-common").stat().st_size, 4 * domain.MIB, "its size")
    # One that comes later finds what is there; so does one that the next helper starts.
    vm.force_off(session, one)
    session.helper.kill()
    tap.wait_for(lambda: not bus.has_owner(session.connection, bus.NAME), 10, "the name's end")
    session.start_helper()
    tap.equal(len(files()), 2, "files with the next helper")
    _, line3 = boot("three", memory())
    tap.equal(read(line3), "WRITTEN BY ONE", "what the third reads")
    vm.force_off(session, two)
    vm.wait_state(session, two, "off")
    tap.equal(len(files()), 2, "files while one has it")
    # Who ends while there is no helper leaves a file, which the next helper removes.
    for machine in list(session.machines()):
        if vm.state(session, machine) == "running":
            vm.force_off(session, machine)
    tap.wait_for(lambda: files() == [], 5, "their end when all are off")


@tap.case
def left_behind():
    """What is nobody's any more goes when the next helper begins"""
    machine, _ = boot("left", memory("left"))
    qemu = vm.pid(session, machine)
    session.helper.kill()
    os.kill(qemu, 9)
    vm.wait_dead(qemu)
    tap.wait_for(lambda: not bus.has_owner(session.connection, bus.NAME), 10, "the name's end")
    tap.equal(files(), [f"{os.getuid()}-left"], "files without a helper")
    session.start_helper()
    tap.wait_for(lambda: files() == [], 10, "the file's end", 0.05)


@tap.case
def of_one_size():
    """Two sizes of one name do not go together; the first machine has its own on, and nothing is left behind"""
    first, line = boot("first", memory("sized", 1))
    line.send("KEPT")
    said = vm.start(session, make("second", memory("sized", 2)), wanted="failed")["ErrorMessage"]
    tap.true("“sized” is there already, with 1.0 MiB" in said.replace("\u00a0", " "), said)
    tap.equal(read(line), "KEPT", "what the first has")
    vm.force_off(session, first)
    tap.wait_for(lambda: files() == [], 5, "the end of it")
    said = str(vm.start(session, make("third", memory("sized", 2)), wanted="done")["ErrorMessage"])
    tap.equal(files(), [f"{os.getuid()}-sized"], f"files: {said}")
    for bad in ("../up", "", ".", "a/b", "x" * 65):
        try:
            domain.create(session, vm.definition("bad", vm.SERIAL + memory(bad), memory=32))
        except Exception as error:
            tap.true("InvalidXml" in str(error), error)
            continue
        raise AssertionError(f"{bad!r} is taken for a name")


@tap.case
def plugged():
    """It comes into a running machine and goes out of it; that guest writes what the other reads"""
    _, line = boot("reader", memory("live", 2))
    runs = Guest(session, "runs", memory("first"))
    tap.cleanup(runs.end)
    there = runs.line.shell("ls /sys/bus/pci/devices").split()
    tap.equal(runs.add(memory("live", 2)), {"shmem:live": ("live", "")}, "plugged")
    found = "grep -l 0x1af4 /sys/bus/pci/devices/*/vendor | while read v; do d=${v%/vendor}; " \
            "[ $(cat $d/device) = 0x1110 ] && echo $d; done"
    tap.wait_for(lambda: len(runs.line.shell(found).split()) == 2, 20, "the device in the guest", 0.2)
    [place] = [p for p in runs.line.shell(found).split() if os.path.basename(p) not in there]
    runs.line.shell(f"echo 1 > {place}/enable")
    address = int(runs.line.shell(f"sed -n 3p {place}/resource").split()[0], 16)
    tap.true(address > 0, "it has no place in the guest")
    for number, letter in enumerate(b"LINUX\0"):
        tap.equal(runs.line.shell(f"devmem {address + number:#x} 8 {letter}"), "", "what it says")
    tap.equal(runs.line.shell(f"devmem {address:#x} 8"), f"0x{ord('L'):02X}", "what the guest reads itself")
    tap.wait_for(lambda: read(line) == "LINUX", 10, "what the other reads")
    tap.equal(runs.remove("<shmem name=.live.", "</shmem>"), {"shmem:live": ("live", "")}, "unplugged")
    tap.equal(len(runs.line.shell(found).split()), 1, "what the guest has left")
    tap.equal(read(line), "LINUX", "what the other has")
    tap.true(f"{os.getuid()}-live" in files(), f"files: {files()}")
    (when, sentence) = runs.add(memory("large", 4))["shmem:large"]
    tap.true(when == "restart" and "2 MiB" in sentence, f"{when}: {sentence}")
    # A room that was made without it has no way to it.
    bare = Guest(session, "bare")
    tap.cleanup(bare.end)
    (when, sentence) = bare.add(memory("live", 2))["shmem:live"]
    tap.true(when == "restart" and "comes with the next start" in sentence, f"{when}: {sentence}")


tap.main()
