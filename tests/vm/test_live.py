# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running machine is changed, and the guest says what it has: processors, memory, the cable."""

import os
import re
import signal
from pathlib import Path

from gi.repository import GLib

from lib import bus, domain, guest as guests, ns, tap, vm
from lib.live import Guest

ns.enter()
session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
session.start_helper()

ERROR = "org.innkeeper.Error."
MAC = "52:54:00:12:34:56"
NIC = f"<interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>"
SIZE = "<memory unit=.[KM]iB.>[0-9]+"
BALLOON = "<memballoon model='virtio' autodeflate='{}'/>"
# What Debian's udev does not do: the guest puts online what it is given.
ONLINE = "echo online_movable > /sys/devices/system/memory/auto_online_blocks"
FIRST_ONLINE = "for s in $(grep -l offline /sys/devices/system/memory/memory*/state); do echo online_movable > $s; done"
CPUS = "for c in /sys/devices/system/cpu/cpu[1-9]; do echo 1 > $c/online; done; nproc"


def counts(guest, wanted):
    """A guest hears of a processor a moment after it has come."""
    guest.wait(lambda: guest.line.shell(CPUS), lambda n: n == wanted, f"the guest's count of {wanted}")


@tap.case
def processors():
    """Processors are plugged in while it runs, up to as many as it has places for; the guest counts them"""
    guest = Guest(session, "cpus", vcpus=4, current=1)
    tap.equal(guest.line.shell("nproc"), "1", "at the start")
    tap.equal(guest.apply("current=.1.", "current='3'"), {"cpu/current": ("live", "")}, "the answer")
    counts(guest, "3")
    tap.true(re.search("<vcpu current=.3.>4</vcpu>", guest.live()), guest.live())
    tap.equal(guest.pending(), [], "what waits")
    # What it cannot be given.
    answer = guest.apply("current=.3.>4", "current='6'>8")
    tap.equal(answer["cpu/vcpus"][0], "restart", str(answer))
    tap.equal(answer["cpu/current"][0], "restart", str(answer))
    tap.true("places for 4 processors" in answer["cpu/current"][1], str(answer))
    tap.equal(sorted(guest.pending()), ["cpu/current", "cpu/vcpus"], "what waits")
    tap.equal(guest.apply("current=.6.>8", "current='4'>4")["cpu/current"], ("live", ""), "the answer")
    counts(guest, "4")
    answer = guest.apply("current=.4.", "current='2'")
    tap.equal(answer["cpu/current"][0], "restart", str(answer))
    tap.true("emulated" in answer["cpu/current"][1], str(answer))
    tap.equal(guest.line.shell("nproc"), "4", "the guest's count")
    # The next helper knows what runs.
    session.helper.kill()
    session.start_helper()
    tap.true(re.search("<vcpu current=.4.>4</vcpu>", guest.live()), guest.live())
    tap.equal(guest.pending(), ["cpu/current"], "what waits")
    guest.line.close()
    guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
    tap.equal(guest.line.shell("nproc"), "4", "the guest's count")
    guest.end()
    # The next start is as it was wanted.
    vm.start(session, guest.machine)
    guest.line = vm.serial(session, guest.machine)
    guest.line.expect("cpus=2", 120)
    guest.end()


@tap.case
def as_many_as_here():
    """Where the machine says only how many it has, it can have as many as this computer while it runs"""
    guest = Guest(session, "some", vcpus=1)
    tap.equal(guest.apply("<vcpu>1</vcpu>", "<vcpu>2</vcpu>"), {"cpu/vcpus": ("live", "")}, "the answer")
    counts(guest, "2")
    tap.true("<vcpu>2</vcpu>" in guest.live(), guest.live())
    guest.end()


def allowed(guest):
    """Which processors its threads may run on: all alike."""
    folder = Path(f"/proc/{vm.pid(session, guest.machine)}/task")
    said = {re.search(r"Cpus_allowed_list:\s*(\S+)", (t / "status").read_text()).group(1) for t in folder.iterdir()}
    tap.equal(len(said), 1, f"where its threads may run: {said}")
    return said.pop()


@tap.case
def pinned():
    """A machine is kept to some of this computer's processors, now and from its next start on, with all its threads"""
    guest = Guest(session, "pinned", vcpus=2, current=1)
    every = allowed(guest)
    tap.equal(guest.apply("<vcpu ", "<vcpu cpuset='1' "), {"cpu/cpuset": ("live", "")}, "the answer")
    tap.equal(allowed(guest), "1", "where it may run")
    # What comes later is kept there as well, and is there.
    tap.equal(guest.apply("current=.1.", "current='2'"), {"cpu/current": ("live", "")}, "the answer")
    guest.line.shell(CPUS + "; (while :; do :; done) & (while :; do :; done) & true")
    tap.equal(allowed(guest), "1", "where it may run")
    stats = [(t / "stat").read_text() for t in Path(f"/proc/{vm.pid(session, guest.machine)}/task").iterdir()]
    busy = [s.rsplit(")", 1)[1].split() for s in stats if re.search(r"CPU \d/TCG", s)]
    tap.equal({fields[36] for fields in busy}, {"1"}, "where its processors run")
    answer = guest.apply("cpuset=.1.", "cpuset='300-302'")
    tap.equal(answer["cpu/cpuset"][0], "restart", str(answer))
    tap.true("300-302" in answer["cpu/cpuset"][1], str(answer))
    tap.equal(allowed(guest), "1", "where it may run")
    guest.end()
    failed = vm.start(session, guest.machine, None)
    tap.true("300-302" in failed["ErrorMessage"], str(failed))
    guest.apply("cpuset=.300-302.", "cpuset='0-9,^1'")
    vm.start(session, guest.machine)
    tap.equal(allowed(guest), "0", "where it may run from the start on")
    tap.equal(guest.apply(" cpuset=.0-9,.1.", ""), {"cpu/cpuset": ("live", "")}, "the answer")
    tap.equal(allowed(guest), every, "where it may run")
    bus.refuses(lambda: guest.apply("<vcpu ", "<vcpu cpuset='all' "), ERROR + "InvalidXml")
    vm.force_off(session, guest.machine)


def where(guest):
    """{thread's name: its processors}, of those that are the machine's."""
    tasks = [t for t in Path(f"/proc/{vm.pid(session, guest.machine)}/task").iterdir()]
    said = {(t / "comm").read_text().strip(): re.search(r"Cpus_allowed_list:\s*(\S+)", (t / "status").read_text()).group(1)
            for t in tasks}
    return {name: list for name, list in said.items() if name.startswith(("CPU ", "qemu-system"))}


@tap.case
def pinned_one_by_one():
    """Each processor of a machine, and the rest of QEMU, has its place: now, where one is plugged in, from the start on"""
    guest = Guest(session, "places", vcpus=2, current=1)
    every = allowed(guest)
    pins = "<cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='0'/></cputune>"
    tap.equal(guest.apply("</vcpu>", "</vcpu>" + pins), {"cpu/pins": ("live", "")}, "the answer")
    tap.equal(where(guest), {"CPU 0/TCG": "1", "qemu-system-x86": every}, "where they run")
    tap.equal(guest.apply("<emulatorpin.*?>|</cputune>", "<emulatorpin cpuset='0'/></cputune>"),
              {"cpu/emulator-cpuset": ("live", "")}, "the answer")
    tap.equal(guest.apply("current=.1.", "current='2'"), {"cpu/current": ("live", "")}, "the answer")
    places = {"CPU 0/TCG": "1", "CPU 1/TCG": "0", "qemu-system-x86": "0"}
    tap.equal(where(guest), places, "where they run")
    answer = guest.apply("vcpu=.1. cpuset=.0.", "vcpu='1' cpuset='300'")
    tap.true(answer["cpu/pins"][0] == "restart" and "300" in answer["cpu/pins"][1], str(answer))
    tap.equal(where(guest), places, "where they run")
    guest.end()
    tap.true("300" in vm.start(session, guest.machine, None)["ErrorMessage"], "the start names the processor")
    guest.apply("cpuset=.300.", "cpuset='0'")
    vm.start(session, guest.machine)
    tap.equal(where(guest), places, "where they run from the start on")
    tap.equal(guest.apply("<cputune>.*</cputune>", ""),
              {"cpu/pins": ("live", ""), "cpu/emulator-cpuset": ("live", "")}, "the answer")
    tap.equal(set(where(guest).values()), {every}, "where they run")
    for wrong in ("vcpu='0' cpuset='1'/><vcpupin vcpu='0' cpuset='1'", "vcpu='a' cpuset='1'", "cpuset='1'"):
        bus.refuses(lambda: guest.apply("</vcpu>", f"</vcpu><cputune><vcpupin {wrong}/></cputune>"), ERROR + "InvalidXml")
    # What only the system's machines can have.
    answer = guest.apply("</vcpu>", "</vcpu><cputune><shares>2048</shares></cputune>")
    tap.true(answer["cpu/shares"][0] == "restart" and "system" in answer["cpu/shares"][1], str(answer))
    vm.force_off(session, guest.machine)
    vm.start(session, guest.machine)
    tap.true("<cputune>" in domain.call(session, guest.machine, "GetLog")[0], "its log says that it has no effect")
    vm.force_off(session, guest.machine)


@tap.case
def memory():
    """Memory is plugged in and out, and the balloon takes and gives: MemTotal follows"""
    guest = Guest(session, "memory", BALLOON.format("off"), memory=256)
    guest.line.shell(ONLINE)
    before = guest.memory()
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>768"), {"memory/size": ("live", "")}, "the answer")
    tap.equal(guest.memory() - before, 512, "MiB more")
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>512"), {"memory/size": ("live", "")}, "the answer")
    tap.equal(guest.memory() - before, 256, "MiB more")
    # What is no multiple of 2 MiB: the live XML says what is so, and the rest comes with the next start.
    answer = guest.apply(SIZE, "<memory unit='MiB'>515")
    tap.equal(answer["memory/size"][0], "restart", str(answer))
    tap.true("514 MiB" in answer["memory/size"][1], str(answer))
    tap.true(re.search(f"<memory unit=.[KM]iB.>({514 * 1024}|514)<", guest.live()), guest.live())
    tap.equal(guest.pending(), ["memory/size"], "what waits")
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>512"), {"memory/size": ("live", "")}, "the answer")
    # Less than it has begun with is for the balloon.
    answer = guest.apply(SIZE, "<memory unit='MiB'>128")
    tap.equal(answer["memory/size"][0], "restart", str(answer))
    tap.true("256 MiB" in answer["memory/size"][1], str(answer))
    tap.equal(guest.memory() - before, 256, "MiB more")
    tap.equal(guest.pending(), ["memory/size"], "what waits")
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>512")["memory/size"][0], "live", "as it was")
    tap.equal(guest.pending(), [], "what waits")
    answer = guest.apply("</memory>", f"</memory><currentMemory>{384 * 1024}</currentMemory>")
    tap.equal(answer, {"memory/current": ("live", "")}, "the answer")
    tap.equal(guest.memory() - before, 128, "MiB more")
    tap.equal(guest.apply("<currentMemory.*</currentMemory>", ""), {"memory/current": ("live", "")}, "the answer")
    tap.equal(guest.memory() - before, 256, "MiB more")
    guest.end()


@tap.case
def memory_refused():
    """A guest that takes only some of the memory: that is said, nothing comes later, and the XML says what is true"""
    guest = Guest(session, "refuses", memory=128)
    guest.line.shell("for d in /sys/bus/virtio/drivers/virtio_mem/virtio*; do basename $d > "
                     "/sys/bus/virtio/drivers/virtio_mem/unbind; done")
    before = guest.memory()
    answer = guest.apply(SIZE, "<memory unit='MiB'>256")
    tap.equal(answer["memory/size"][0], "restart", str(answer))
    tap.true("128 MiB" in answer["memory/size"][1] and "virtio-mem" in answer["memory/size"][1], str(answer))
    tap.equal(guest.memory(), before, "MiB")
    tap.true(re.search("<memory unit=.MiB.>128<", guest.live()), guest.live())
    tap.equal(guest.pending(), ["memory/size"], "what waits")
    guest.end()


def modular(name, devices="", **kwargs):
    """A machine whose memory grows by modules."""
    guest = Guest(session, name, devices, **kwargs)
    guest.line.shell(ONLINE + "; " + FIRST_ONLINE)
    return guest


def in_slots(guest):
    """MiB of each of QEMU's memory modules, as the guest's firmware tables and its kernel have them."""
    return guest.line.shell("cat /sys/bus/acpi/devices/PNP0C80:*/status | grep -c 15")


@tap.case
def memory_modules():
    """Where the machine has modules, more memory comes and goes in whole ones: MemTotal follows"""
    module = "<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target></memory>"
    guest = modular("modules", module, memory=384)
    before = guest.memory()
    tap.true(before > 250, f"MiB at the start, a module among them: {before}")
    tap.equal(in_slots(guest), "1", "modules that the guest has")
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>896"), {"memory/size": ("live", "")}, "the answer")
    guest.wait(guest.memory, lambda n: n - before == 512, "512 MiB more")
    tap.equal(in_slots(guest), "4", "modules that the guest has")
    tap.equal(guest.pending(), [], "what waits")
    # What is no whole module.
    answer = guest.apply(SIZE, "<memory unit='MiB'>900")
    tap.equal(answer["memory/size"][0], "restart", str(answer))
    tap.true("896 MiB now" in answer["memory/size"][1] and "128 MiB" in answer["memory/size"][1], str(answer))
    tap.true(re.search(f"<memory unit=.[KM]iB.>({896 * 1024}|896)<", guest.live()), guest.live())
    tap.equal(guest.pending(), ["memory/size"], "what waits")
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>640"), {"memory/size": ("live", "")}, "the answer")
    guest.wait(guest.memory, lambda n: n - before == 256, "256 MiB more")
    # The next helper goes on from there.
    session.helper.kill()
    session.start_helper()
    guest.line.close()
    guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
    answer = guest.apply(SIZE, "<memory unit='MiB'>600")
    tap.true("none as small" in answer["memory/size"][1], str(answer))
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>384"), {"memory/size": ("live", "")}, "the answer")
    guest.wait(guest.memory, lambda n: n == before, "as it has begun")
    answer = guest.apply(SIZE, "<memory unit='MiB'>256")
    tap.true("384 MiB" in answer["memory/size"][1], str(answer))
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>640"), {"memory/size": ("live", "")}, "the answer")
    guest.end()
    # The next start has as much, and the one module of the XML.
    vm.start(session, guest.machine)
    guest.line = vm.serial(session, guest.machine)
    guest.line.expect("G# ", 120)
    guest.line.shell(FIRST_ONLINE)
    tap.true(240 < guest.memory() - before < 270, f"MiB after the next start: {guest.memory()}, {before} before")
    tap.equal(in_slots(guest), "1", "modules that the guest has")
    answer = guest.remove("<memory model=.dimm", "</memory>")
    tap.equal([when for when, _ in answer.values()], ["restart"], str(answer))
    tap.true("changes with the next start" in list(answer.values())[0][1], str(answer))
    guest.end()


@tap.case
def modules_refused():
    """A guest that uses its modules lets none go, and no more come than there are slots: both are said, and what is true"""
    module = "<memory model='dimm'><target><size unit='MiB'>128</size></target></memory>"
    guest = modular("slots", module, memory=384)
    guest.end()
    guest.apply("</metadata>", "</metadata><maxMemory slots='2' unit='MiB'>4096</maxMemory>")
    vm.start(session, guest.machine)
    guest.line = vm.serial(session, guest.machine)
    guest.line.expect("G# ", 120)
    guest.line.shell("echo online_kernel > /sys/devices/system/memory/auto_online_blocks")
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>512"), {"memory/size": ("live", "")}, "the answer")
    answer = guest.apply(SIZE, "<memory unit='MiB'>640")
    tap.equal(answer["memory/size"][0], "restart", str(answer))
    tap.true("512 MiB now" in answer["memory/size"][1] and "slots" in answer["memory/size"][1], str(answer))
    # Kernel's own memory, for the pages that this needs are nowhere else: it cannot be given back.
    guest.line.shell("mkdir -p /big; mount -t ramfs none /big; dd if=/dev/zero of=/big/file bs=1M count=400; echo $?")
    answer = guest.apply(SIZE, "<memory unit='MiB'>384")
    tap.equal(answer["memory/size"][0], "restart", str(answer))
    tap.true("512 MiB now" in answer["memory/size"][1] and "let a memory module go" in answer["memory/size"][1], str(answer))
    tap.true(re.search(f"<memory unit=.[KM]iB.>({512 * 1024}|512)<", guest.live()), guest.live())
    tap.equal(guest.pending(), ["memory/size"], "what waits")
    guest.end()


@tap.case
def media():
    """A disc goes out of its drive and another one in, while the guest reads it or has it locked"""
    discs = []
    for word in ("ONE", "TWO"):
        path = session.path / f"{word}.iso"
        path.write_bytes((word * 700)[:2048] .encode() * 512)
        discs.append(path)
    drive = (f"<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{discs[0]}'/>"
             "<target dev='sda' bus='scsi'/><readonly/></disk>")
    guest = Guest(session, "media", drive, initramfs=guests.initramfs_of("discs", (*guests.MODULES, "virtio_scsi", "sr_mod"), guests.INIT))
    read = "dd if=/dev/sr0 bs=3 count=1 2>/dev/null; echo"
    tap.equal(guest.line.shell(read), "ONE", "the first disc")
    source = "cdrom:sda/source"
    tap.equal(guest.apply("ONE.iso", "TWO.iso"), {source: ("live", "")}, "the answer")
    guest.wait(lambda: guest.line.shell(read), lambda t: t == "TWO", "the second disc")
    held = [os.readlink(f"/proc/{vm.pid(session, guest.machine)}/fd/{f}") for f in
            os.listdir(f"/proc/{vm.pid(session, guest.machine)}/fd")]
    tap.equal({f for f in held if f.endswith(".iso")}, {str(discs[1])}, "files that QEMU has open")
    tap.equal(guest.apply("<source file=.[^>]*TWO.iso./>", ""), {source: ("live", "")}, "the answer")
    guest.wait(lambda: guest.line.shell(read), lambda t: t == "", "no disc")
    tap.equal(guest.apply("<target dev=.sda.", f"<source file='{discs[0]}'/><target dev='sda'"), {source: ("live", "")},
              "the answer")
    guest.wait(lambda: guest.line.shell(read), lambda t: t == "ONE", "the first disc again")
    # A guest that has it open holds the drive.
    guest.line.shell("exec 5</dev/sr0")
    answer = guest.apply("ONE.iso", "TWO.iso")
    tap.true(answer[source][0] == "restart" and "holds the drive" in answer[source][1], str(answer))
    tap.equal(guest.line.shell("dd bs=3 count=1 <&5 2>/dev/null; echo"), "ONE", "the disc that is held")
    tap.true("ONE.iso" in guest.live(), guest.live())
    tap.equal(guest.pending(), [source], "what waits")
    guest.end()


@tap.case
def cable():
    """The card's cable is pulled out and put in: the guest sees its carrier"""
    guest = Guest(session, "cable", NIC)
    guest.line.shell("ip link set eth0 up")
    carrier = "cat /sys/class/net/eth0/carrier"
    guest.wait(lambda: guest.line.shell(carrier), lambda c: c == "1", "a carrier")
    link = f"interface:{MAC}/link"
    tap.equal(guest.apply("<model type=.virtio./>", "<model type='virtio'/><link state='down'/>"), {link: ("live", "")},
              "the answer")
    guest.wait(lambda: guest.line.shell(carrier), lambda c: c == "0", "no carrier")
    tap.equal(guest.apply("<link state=.down./>", ""), {link: ("live", "")}, "the answer")
    guest.wait(lambda: guest.line.shell(carrier), lambda c: c == "1", "a carrier again")
    guest.end()


@tap.case
def silent():
    """A QEMU that does not answer: what was to change waits, with a sentence, and nobody waits for it twice"""
    guest = Guest(session, "silent", NIC)
    stopped = vm.pid(session, guest.machine)
    os.kill(stopped, signal.SIGSTOP)
    try:
        begun = vm.now()
        answer = guest.apply("<vcpu>1</vcpu>(.*)<model type=.virtio./>",
                             "<vcpu>2</vcpu>\\1<model type='virtio'/><link state='down'/>")
        tap.true(vm.now() - begun < 8, "it was waited for twice")  # once is 4 s
    finally:
        os.kill(stopped, signal.SIGCONT)
    tap.equal({when for when, _ in answer.values()}, {"restart"}, str(answer))
    tap.true("does not answer" in answer["cpu/vcpus"][1], str(answer))
    tap.equal(sorted(guest.pending()), ["cpu/vcpus", f"interface:{MAC}/link"], "what waits")
    tap.equal(guest.line.shell("nproc"), "1", "the guest's count")
    guest.end()


tap.main()
