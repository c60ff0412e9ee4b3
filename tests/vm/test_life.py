# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real guests through the real session helper: their life, their consoles, their end."""

import os
import re
import signal
import socket

from gi.repository import GLib

from lib import bus, domain, guest, proc, tap, vm, xvfb

ERROR = bus.NAME.replace("Helper1", "Error") + "."


def session():
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    return made


def ended_by(made, machine, line, letter):
    """Whether the letter turns the guest off, or it is there again."""
    line.send(letter)
    tap.wait_for(lambda: vm.state(made, machine) == "off" or line.sees("REAL MODE"), 30, "what comes of it")
    return vm.state(made, machine) == "off"


def succeeds(function, *args):
    try:
        function(*args)
    except GLib.Error:
        return False
    return True


def started(made, definition, **opts):
    machine = domain.create(made, definition)
    vm.start(made, machine, **opts)
    return machine


@tap.case
def linux_answers_on_its_line():
    """A busybox guest boots, answers a typed command, is paused, resumed, reset, and turns itself off"""
    made = session()
    machine = started(made, vm.linux("linux", made))
    tap.equal(vm.state(made, machine), "running", "state")
    tap.equal(made.get(machine, domain.MACHINE, "Accelerator"), "tcg", "accelerator")
    tap.equal(made.get(machine, vm.CONSOLE, "Serials"), [("serial0", "serial")], "lines")
    line = vm.serial(made, machine)
    line.expect(guest.PROMPT, 120)
    tap.equal(line.shell("echo $((6*7))"), "42", "what the guest computed")
    tap.true("innkeeper" not in line.shell("cat /proc/cmdline"), "the kernel's options are the machine's own")
    domain.call(made, machine, "Pause")
    vm.wait_state(made, machine, "paused")
    late = vm.serial(made, machine)
    late.expect("42", 5)
    domain.call(made, machine, "Resume")
    vm.wait_state(made, machine, "running")
    tap.equal(line.shell("echo again"), "again", "after resume")
    domain.call(made, machine, "Shutdown")
    domain.call(made, machine, "Reset")
    line.expect("GUEST-UP", 120)
    line.expect(guest.PROMPT, 60)
    line.send("poweroff -f\n")
    vm.wait_state(made, machine, "off", 60)
    tap.equal(vm.reason(made, machine), "", "reason")
    tap.equal(sorted(os.listdir(vm.runtime(made) / domain.uuid_of(machine))), [], "left in the runtime folder")
    tap.equal(made.get(machine, vm.CONSOLE, "Serials"), [], "lines of a machine that is off")


@tap.case
def off_means_gone():
    """ForceOff during a start answers when QEMU is gone; what is started then is not touched by the one before"""
    made = session()
    machine = domain.create(made, vm.real_mode("quick", made))
    folder = vm.runtime(made) / domain.uuid_of(machine)
    vm.start(made, machine)
    vm.force_off(made, machine)
    for i in range(12):
        job = domain.call(made, machine, "Start")[0]
        tap.wait_for(lambda: proc.find("qemu-system"), 20, "QEMU's process", 0.002)
        vm.force_off(made, machine)
        tap.equal((vm.state(made, machine), proc.find("qemu-system")), ("off", []), f"{i}: what is left")
        tap.true(domain.wait_job(made, job)["State"] in ("cancelled", "failed", "done"), "the job's end")
        vm.start(made, machine)
        tap.wait_for(lambda: len(proc.find("vmm-shim")) == 1, 5, "the first shim's end")
        for name in ("record", "monitor", "events", "shim", "screen", "screen-qemu", "live.xml"):
            tap.true((folder / name).exists(), f"{i}: the running machine's “{name}” is gone")
        vm.force_off(made, machine)


@tap.case
def restart_is_preserved():
    """A guest that asks for a restart where the XML says preserve stays, says why, and goes on when it is reset"""
    made = session()
    machine = started(made, vm.real_mode("kept", made, more="<on_reboot>preserve</on_reboot>"))
    line = vm.serial(made, machine)
    line.expect("REAL MODE", 60)
    line.send("r")
    vm.wait_state(made, machine, "paused", 60)
    tap.equal(vm.reason(made, machine), "It has asked for a restart.", "reason")
    domain.call(made, machine, "Reset")
    tap.wait_for(lambda: succeeds(domain.call, made, machine, "Resume"), 10, "the reset")
    line.expect("REAL MODE", 60)
    tap.equal(vm.state(made, machine), "running", "state")
    vm.force_off(made, machine)


@tap.case
def reset_is_not_the_guests():
    """Where a guest's restart turns the machine off, Reset still resets it, and a shutdown may start it again"""
    made = session()
    events = "<on_poweroff>restart</on_poweroff><on_reboot>destroy</on_reboot>"
    machine = started(made, vm.real_mode("reset", made, more=events))
    process = vm.pid(made, machine)
    line = vm.serial(made, machine)
    line.expect("REAL MODE", 60)
    domain.call(made, machine, "Reset")
    line.expect("REAL MODE", 60)
    line.send("p")
    line.expect("REAL MODE", 60)
    tap.equal((vm.state(made, machine), vm.pid(made, machine)), ("running", process), "state, process")
    # A while after a reset it may restart, for the BIOS does so itself.
    tap.wait_for(lambda: ended_by(made, machine, line, "r"), 120, "an end by a restart")
    tap.equal(vm.reason(made, machine), "", "reason")


@tap.case
def memory_as_the_xml_says():
    """A machine with private memory, and less of it now than it has, starts so"""
    made = session()
    more = "<currentMemory unit='MiB'>24</currentMemory><memoryBacking><access mode='private'/></memoryBacking>"
    machine = started(made, vm.real_mode("memory", made, more=more))
    vm.serial(made, machine).expect("REAL MODE", 60)
    tap.true('"share":false' in proc.cmdline(vm.pid(made, machine)), "the memory is shared")
    vm.force_off(made, machine)


@tap.case
def what_is_not_done_is_said():
    """Parts of the XML that are kept and do nothing stand in the machine's log; a machine without has none"""
    made = session()
    for name, more, said in (("tuned", "<cputune><shares>100</shares></cputune>", True), ("plain", "", False)):
        machine = started(made, vm.real_mode(name, made, more=more))
        log = domain.folder(made) / domain.uuid_of(machine) / "log" / "qemu.log"
        tap.equal("does not act upon them yet: <cputune>\n" in log.read_text(), said, f"the log of {name}")
        vm.force_off(made, machine)


@tap.case
def several_disks_and_lines():
    """Disks and CD drives on all buses are seen in the guest, and its console by the shim"""
    made = session()
    for name in ("a.img", "b.img", "c.img", "d.iso"):
        (made.path / name).write_bytes(name.encode().ljust(1 << 20, b"\0"))
        (made.path / name).chmod(0o666)
    disks = (domain.disk("vda", made.path / "a.img", "raw", "<serial>THE-ONE</serial>")
             + domain.disk("vdb", made.path / "b.img", "raw", "<readonly/>")
             + "<console type='pty'><target type='virtio' port='0'/></console>" + vm.SERIAL)
    machine = started(made, vm.linux("disks", made, disks, memory=192, vcpus=2))
    tap.equal(made.get(machine, vm.CONSOLE, "Serials"), [("serial0", "serial"), ("console0", "console")], "lines")
    line = vm.serial(made, machine)
    line.expect(guest.PROMPT, 120)
    tap.equal(line.shell("head -c 5 /dev/vda; head -c 5 /dev/vdb; cat /sys/block/vda/serial"),
              "a.imgb.imgTHE-ONE", "what the disks hold")
    tap.equal(line.shell("nproc; cat /sys/block/vda/ro /sys/block/vdb/ro"), "2\n0\n1", "CPUs, read-only")
    line.shell("echo written > /dev/vda; sync")
    console = vm.serial(made, machine, "console0")
    line.shell("echo through-virtio > /dev/hvc0")
    console.expect("through-virtio", 20)
    vm.force_off(made, machine)
    tap.equal((made.path / "a.img").read_bytes()[:7], b"written", "what the guest wrote")


@tap.case
def kvm_runs_real_mode():
    """A real-mode guest runs under the real /dev/kvm where it opens, with acceleration forced"""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as e:
        tap.skip(f"/dev/kvm does not open: {e.strerror}")
    made = session()
    machine = started(made, vm.real_mode("kvm", made, "HELLO FROM KVM\r\n", "kvm"))
    tap.equal(made.get(machine, domain.MACHINE, "Accelerator"), "kvm", "accelerator")
    vm.serial(made, machine).expect("HELLO FROM KVM", 30)
    process = vm.pid(made, machine)
    kvm = [fd for fd in vm.fds_of(process).values() if "kvm" in fd]
    tap.true("/dev/kvm" in kvm and "anon_inode:kvm-vm" in kvm, f"QEMU's fds of KVM: {kvm}")
    vm.force_off(made, machine)


@tap.case
def tcg_runs_real_mode():
    """The same guest runs emulated, and auto says why it chose what it chose"""
    made = session()
    machine = started(made, vm.real_mode("tcg", made))
    vm.serial(made, machine).expect("INNKEEPER REAL MODE", 30)
    tap.true(made.get(machine, domain.MACHINE, "AcceleratorReason").endswith("."), "no sentence")


@tap.case
def screens():
    """VNC and D-Bus screens come as sockets, a screenshot as a sealed picture"""
    made = session()
    machine = started(made, vm.real_mode("screen", made))
    vm.serial(made, machine).expect("REAL MODE", 30)
    tap.equal(made.get(machine, vm.CONSOLE, "Displays"), ["frames", "vnc"], "displays")
    for _ in range(3):
        viewer = vm.console(made, machine, "OpenDisplay", GLib.Variant("s", "vnc"))
        viewer.settimeout(10)
        tap.equal(viewer.recv(12), b"RFB 003.008\n", "VNC's greeting")
    bus.refuses(lambda: vm.console(made, machine, "OpenDisplay", GLib.Variant("s", "dbus")), ERROR + "NotFound")
    fd = vm.console(made, machine, "Screenshot")
    data = os.pread(fd, 1 << 26, 0)
    match = re.match(rb"P6\n(\d+) (\d+)\n255\n", data)
    tap.true(match, f"no picture: {data[:40]!r}")
    tap.equal(len(data), match.end() + 3 * int(match[1]) * int(match[2]), "length of the picture")
    tap.true(len(set(data[match.end():])) > 1, "the picture is of one colour")
    for attempt in (lambda: os.pwrite(fd, b"x", 0), lambda: os.ftruncate(fd, 1)):
        try:
            attempt()
        except OSError:
            continue
        raise AssertionError("the picture is not sealed")
    os.close(fd)
    bus.refuses(lambda: vm.console(made, machine, "OpenDisplay", GLib.Variant("s", "spice")), ERROR + "NotFound")
    bus.refuses(lambda: vm.serial(made, machine, "serial1"), ERROR + "NotFound")
    bus.refuses(lambda: vm.serial(made, machine, "serial0=serial"), ERROR + "NotFound")
    sockets = [f for f in vm.fds_of(made.helper.pid).values() if f.startswith("socket")]
    for _ in range(20):
        vm.console(made, machine, "OpenDisplay", GLib.Variant("s", "vnc")).close()
        vm.serial(made, machine).close()
        os.close(vm.console(made, machine, "Screenshot"))
    after = [f for f in vm.fds_of(made.helper.pid).values() if f.startswith("socket")]
    tap.true(len(after) <= len(sockets), f"the helper keeps sockets: {len(sockets)} became {len(after)}")


def picture(made, machine, name):
    """What Screenshot gives, as a file."""
    fd = vm.console(made, machine, "Screenshot")
    path = made.path / f"{name}.ppm"
    path.write_bytes(os.pread(fd, 1 << 26, 0))
    os.close(fd)
    return path


def shows(made, machine):
    """The mean brightness of its screen, 0 to 1."""
    path = picture(made, machine, "now")
    return float(bus.run(["convert", path, "-format", "%[fx:mean]", "info:"]))


@tap.case
def last_picture():
    """What a guest's screen showed before it was told to end is kept with the machine"""
    made = session()
    machine = domain.create(made, vm.linux("pictured", made, vm.SERIAL + vm.VIDEO, packed=True))
    kept = domain.folder(made) / domain.uuid_of(machine) / "screenshot.ppm"

    def boot(text):
        vm.start(made, machine)
        line = vm.serial(made, machine)
        line.expect(guest.PROMPT, 120)
        line.shell("printf '\\033[2J\\033[H\\033[?25l' > /dev/tty0")
        tap.wait_for(lambda: shows(made, machine) == 0, 10, "a black screen")
        line.shell(f"for i in 1 2 3 4 5; do echo {text * 60}; done > /dev/tty0")
        if text:
            tap.wait_for(lambda: shows(made, machine) > 0, 10, "text on the screen")
        return line

    bus.refuses(lambda: vm.console(made, machine, "Screenshot"), ERROR + "NotFound")
    # What was asked for is kept, too, but not every time: only the end can have kept this one.
    boot("O").shell("for i in 1 2 3 4 5 6; do echo WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW; done > /dev/tty0")
    live = picture(made, machine, "live")
    vm.force_off(made, machine)
    first = picture(made, machine, "first")
    tap.equal(first.read_bytes(), kept.read_bytes(), "what is kept")
    tap.equal(oct(kept.stat().st_mode), oct(0o100600), "its mode")
    tap.true(len(first.read_bytes()) <= 640 * 480 * 3 + 20, "its size")
    near = {}
    for name, path, how in (("live", live, []), ("kept", first, []), ("flipped", first, ["-flip"])):
        near[name] = made.path / f"{name}.png"
        bus.run(["convert", path, *how, "-resize", "128x80!", "-blur", "0x2", near[name]])
    far = [xvfb.difference(near["live"], near[name]) for name in ("kept", "flipped")]
    tap.true(far[0] < 0.03 < far[1], f"it is not what the screen showed: {far}")
    boot("")
    vm.force_off(made, machine)
    tap.equal(picture(made, machine, "again").read_bytes(), first.read_bytes(), "a black screen was kept")
    line = boot(".")
    dots = kept.read_bytes()
    tap.true(dots != first.read_bytes(), "what was asked for was not kept")
    line.shell("echo MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM > /dev/tty0")
    domain.call(made, machine, "Shutdown")
    tap.wait_for(lambda: kept.read_bytes() != dots, 10, "the picture from before the guest shuts down")
    before = kept.read_bytes()
    line.send("poweroff -f\n")
    vm.wait_state(made, machine, "off", 60)
    tap.equal(picture(made, machine, "second").read_bytes(), before, "the last picture")


@tap.case
def force_off_is_quick():
    """ForceOff answers when QEMU is dead, also a stopped one, and within 20 ms most times"""
    made = session()
    machine = domain.create(made, vm.real_mode("off", made))
    times = []
    for i in range(7):
        vm.start(made, machine)
        process = vm.pid(made, machine)
        if i == 0:
            os.kill(process, signal.SIGSTOP)
        begin = vm.now()
        vm.force_off(made, machine)
        times.append(1000 * (vm.now() - begin))
        tap.true(not proc.alive(process), "it answered before QEMU was dead")
        tap.equal(vm.state(made, machine), "off", "state")
        tap.equal(vm.reason(made, machine), "", "reason")
    tap.diag("force off, ms: " + " ".join(f"{t:.1f}" for t in times))


@tap.case
def killed_guest_is_seen():
    """A QEMU that is killed is seen at once, as a crash; then it starts again"""
    made = session()
    machine = started(made, vm.real_mode("crash", made))
    begin = vm.now()
    os.kill(vm.pid(made, machine), signal.SIGKILL)
    vm.wait_state(made, machine, "crashed", 5)
    tap.diag(f"seen after {1000 * (vm.now() - begin):.0f} ms")
    tap.true("ended unexpectedly" in vm.reason(made, machine), vm.reason(made, machine))
    bus.refuses(lambda: domain.call(made, machine, "Pause"), ERROR + "BadState")
    vm.start(made, machine)
    vm.serial(made, machine).expect("REAL MODE", 30)
    vm.force_off(made, machine)
    vm.start(made, machine)
    # The shim alone: the guest goes on, only its line is lost.
    process = vm.pid(made, machine)
    shim = proc.find("vmm-shim")
    tap.equal(len(shim), 1, "shims")
    os.kill(shim[0], signal.SIGKILL)
    tap.wait_for(lambda: not proc.alive(shim[0]), 5, "the shim's end")
    tap.true(proc.alive(process), "the guest died with its shim")
    tap.equal(vm.state(made, machine), "running", "state")
    vm.force_off(made, machine)


@tap.case
def failed_start_leaves_nothing():
    """A start that QEMU refuses tells QEMU's words; what was begun is undone; the next start works"""
    made = session()
    machine = domain.create(made, vm.real_mode("bad", made))
    # 40 bits of address are all that the plainest processor has.
    xml, _ = domain.call(made, machine, "GetXml")
    more = xml.replace("<memory", "<maxMemory slots='16' unit='TiB'>8</maxMemory><memory").replace(
        ">pc<", ">q35<").replace('machine="pc"', 'machine="q35"').replace("hda", "sda").replace('"ide"', '"sata"')
    domain.call(made, machine, "Apply", GLib.Variant("s", more))
    properties = vm.start(made, machine, wanted="failed")
    tap.equal(properties["ErrorName"], ERROR + "Qemu", "error")
    tap.true("phys-bits too low" in properties["ErrorMessage"], properties["ErrorMessage"])
    tap.equal(vm.state(made, machine), "off", "state")
    tap.equal(proc.find("qemu-system") + proc.find("bwrap") + proc.find("vmm-shim"), [], "processes")
    tap.equal(os.listdir(vm.runtime(made) / domain.uuid_of(machine)), [], "left in the runtime folder")
    tap.true("phys-bits" in domain.call(made, machine, "GetLog")[0], "the log says nothing")
    domain.call(made, machine, "Apply", GLib.Variant("s", xml))
    vm.start(made, machine)
    vm.serial(made, machine).expect("REAL MODE", 30)


@tap.case
def two_machines_one_disk():
    """A disk that a running machine writes to is not given to another one"""
    made = session()
    first = started(made, vm.real_mode("one", made))
    second = domain.create(made, vm.real_mode("two", made))
    xml, _ = domain.call(made, second, "GetXml")
    stolen = xml.replace(str(made.path / "two.img"), str(made.path / "one.img"))
    try:
        domain.call(made, second, "Apply", GLib.Variant("s", stolen))
    except GLib.Error as e:
        tap.equal(bus.error_name(e), ERROR + "InUse", "error")
    else:
        properties = vm.start(made, second, wanted="failed")
        tap.equal(properties["ErrorName"], ERROR + "InUse", "error")
    # Behind the helper's back QEMU's own lock still holds.
    os.link(made.path / "one.img", made.path / "other-name.img")
    tap.equal(vm.state(made, first), "running", "the first machine's state")


@tap.case
def cancelled_start():
    """A start can be cancelled or forced off while it is under way; the machine is off then"""
    made = session()
    machine = domain.create(made, vm.real_mode("cancel", made))
    for way in ("Cancel", "ForceOff"):
        job = domain.call(made, machine, "Start")[0]
        if way == "Cancel":
            made.call(job, domain.JOB, "Cancel", GLib.Variant("(a{sv})", ({},)))
        else:
            vm.force_off(made, machine)
        domain.wait_job(made, job)
        if vm.state(made, machine) != "off":  # it was quicker
            vm.force_off(made, machine)
        tap.wait_for(lambda: not proc.find("qemu-system"), 5, "the end of QEMU")
    vm.start(made, machine)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []  # it has ended


@tap.case
def cancelled_questions():
    """A start that is cancelled while QEMU is asked what it can do leaves nothing of that QEMU"""
    made = session()
    machine = domain.create(made, vm.real_mode("asked", made))
    spawner, = children(made.helper.pid)
    early = 0
    for i in range(30):
        for cache in domain.folder(made).parent.rglob("caps-*"):
            cache.unlink()
        job = domain.call(made, machine, "Start")[0]
        # bubblewrap is held as soon as it has a child, which then cannot have asked to die with it yet.
        for _ in range(100000):
            inside = [(room, child) for room in children(spawner) for child in children(room)]
            if inside:
                os.kill(inside[0][0], signal.SIGSTOP)
                early += "bwrap" in proc.cmdline(inside[0][1])
                break
        made.call(job, domain.JOB, "Cancel", GLib.Variant("(a{sv})", ({},)))
        domain.wait_job(made, job)
        if vm.state(made, machine) != "off":
            vm.force_off(made, machine)
        tap.wait_for(lambda: not proc.find("qemu-system") and not proc.find("bwrap"), 5, f"{i}: QEMU's end")
    tap.true(early > 3, f"{early} of 30 were held early: too few")


@tap.case
def uefi_has_its_own_variables():
    """A UEFI machine starts with variables of its own, which the firmware writes and no other machine has"""
    made = session()
    template = "/usr/share/OVMF/OVMF_VARS_4M.fd"
    if not os.path.exists(template):
        tap.skip("ovmf is not installed")
    machines = []
    for name in ("one", "two"):
        xml = vm.definition(name, vm.SERIAL + vm.VIDEO, memory=256).replace("<os>", "<os firmware='efi'>")
        machines.append(domain.create(made, xml))
    vm.start(made, machines[0])
    nvram = domain.folder(made) / domain.uuid_of(machines[0]) / "nvram"
    with open(template, "rb") as file:
        fresh = file.read()
    tap.equal(nvram.stat().st_mode & 0o777, 0o600, "rights of the variables")
    tap.equal(nvram.stat().st_size, len(fresh), "size of the variables")
    tap.wait_for(lambda: nvram.read_bytes() != fresh, 90, "the firmware's first write", 0.2)
    vm.force_off(made, machines[0])
    kept = nvram.read_bytes()
    vm.start(made, machines[0], paused=GLib.Variant("b", True))
    tap.equal(nvram.read_bytes(), kept, "variables after another start")
    vm.start(made, machines[1], paused=GLib.Variant("b", True))
    other = domain.folder(made) / domain.uuid_of(machines[1]) / "nvram"
    tap.equal(other.read_bytes(), fresh, "another machine's variables")


@tap.case
def panic_is_told():
    """A guest that tells of its crash: crashed with the reason, or kept paused, as on_crash says"""
    made = session()
    image = made.path / "panic.img"
    # mov al, 1; mov dx, 0x505 (pvpanic); out dx, al; hlt; jmp -3
    image.write_bytes(bytes([0xB0, 1, 0xBA, 5, 5, 0xEE, 0xF4, 0xEB, 0xFD]).ljust(510, b"\0") + b"\x55\xAA"
                      + bytes((1 << 20) - 512))
    image.chmod(0o666)
    disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/>"
            "<target dev='hda' bus='ide'/><shareable/></disk>")
    for action, wanted in (("destroy", "crashed"), ("preserve", "paused")):
        machine = domain.create(made, vm.definition(action, disk + vm.VIDEO, memory=32, machine="pc",
                                                    more=f"<on_crash>{action}</on_crash>"))
        vm.start(made, machine)
        vm.wait_state(made, machine, wanted, 30)
        tap.true("The system in it has crashed." in vm.reason(made, machine), vm.reason(made, machine))
        vm.force_off(made, machine)
        tap.equal(vm.state(made, machine), "off", "state")


@tap.case
def paused_start_and_events():
    """A machine starts paused on demand; on_poweroff and on_reboot are obeyed"""
    made = session()
    more = "<on_poweroff>preserve</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>"
    machine = domain.create(made, vm.linux("events", made, more=more))
    vm.start(made, machine, paused=GLib.Variant("b", True))
    tap.equal(vm.state(made, machine), "paused", "state")
    domain.call(made, machine, "Resume")
    line = vm.serial(made, machine)
    line.expect(guest.PROMPT, 120)
    line.send("poweroff -f\n")
    vm.wait_state(made, machine, "paused", 60)
    tap.equal(vm.reason(made, machine), "It has shut down.", "reason")
    vm.force_off(made, machine)
    vm.start(made, machine)
    line = vm.serial(made, machine)
    line.expect(guest.PROMPT, 120)
    line.send("reboot -f\n")
    vm.wait_state(made, machine, "off", 60)


tap.main()
