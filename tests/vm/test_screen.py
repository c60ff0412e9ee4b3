# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""vmm-screen reads QEMU's D-Bus display for all who look at a guest's screen."""

import concurrent.futures
import os
import random
import re
import signal
import socket
import struct
import time

from gi.repository import GLib

from lib import bus, crash, domain, frames, guest, proc, room, tap, vm

session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
session.start_helper()

# Writes all of the screen's letters again and again, each time another one.
BUSY = bytes([0xB8, 0x00, 0xB8,  # mov ax, 0xb800
              0x8E, 0xC0,        # mov es, ax
              0x31, 0xDB,        # xor bx, bx
              0x31, 0xFF,        # again: xor di, di
              0xB9, 0xD0, 0x07,  # mov cx, 2000
              0x89, 0xD8,        # mov ax, bx
              0xF3, 0xAB,        # rep stosw
              0x43,              # inc bx
              0xEB, 0xF4])       # jmp again


def busy(name):
    image = session.path / f"{name}.img"
    image.write_bytes((BUSY.ljust(510, b"\0") + b"\x55\xAA").ljust(1 << 20, b"\0"))
    image.chmod(0o666)
    xml = re.sub(r"/[^']*\.img", str(image), vm.real_mode(f"{name}-other", session)).replace(f"{name}-other", name)
    machine = domain.create(session, xml)
    vm.start(session, machine)
    tap.wait_for(screens, 10, "vmm-screen")
    return machine


def view(machine, **kwargs):
    return frames.Viewer(vm.console(session, machine, "OpenDisplay", GLib.Variant("s", "frames")), **kwargs)


def sees_on(viewer, what):
    """Changes come to it."""
    viewer.changes = 0
    viewer.read(5, lambda v: v.memory and v.changes > 3)
    tap.true(viewer.open and viewer.changes > 3, what)


def screens():
    """Pids of vmm-screen."""
    return [pid for pid in proc.find("program") if proc.cmdline(pid).startswith("/program ")]


def memory(pid):
    """Bytes that it has for itself, without what it shares."""
    return int(room.status(pid)["RssAnon"].split()[0]) * 1024


def read_bytes(pid):
    with open(f"/proc/{pid}/io") as file:
        return int(re.search(r"rchar: (\d+)", file.read())[1])


@tap.case
def pictures():
    """Whoever looks has the picture that QEMU has, all of them the same memory, to be read alone"""
    machine = domain.create(session, vm.real_mode("pictures", session))
    vm.start(session, machine)
    vm.serial(session, machine).expect("REAL MODE", 30)
    viewers = [view(machine) for _ in range(3)]
    tap.equal(len(screens()), 1, "programs")
    for viewer in viewers:
        viewer.read(10, lambda v: v.memory and v.size == (720, 400))

    def same(viewer):
        """A letter blinks."""
        fd = vm.console(session, machine, "Screenshot")
        ppm = os.pread(fd, 1 << 26, 0)
        os.close(fd)
        viewer.read(0.05)
        return len(set(viewer.pixels())) > 1 and ppm.endswith(viewer.pixels())

    for viewer in viewers:
        tap.equal(viewer.size, (720, 400), "size")
        tap.wait_for(lambda v=viewer: same(v), 10, "the picture that QEMU has")
    tap.equal(viewers[0].input[0], 0, "a pointer that goes by steps")
    (pid,) = screens()
    facts = room.status(pid)
    tap.equal((facts["NoNewPrivs"], int(facts["CapEff"], 16), facts["Seccomp"]), ("1", 0, "2"), "rights of vmm-screen")
    files = [name for name in vm.fds_of(pid).values() if not name.startswith(("socket:", "/memfd:screen", "pipe:", "/dev/null"))]
    tap.equal(files, [], "what vmm-screen has open")
    vm.force_off(session, machine)
    tap.wait_for(lambda: not screens(), 5, "the end of vmm-screen")
    for viewer in viewers:
        viewer.read(2, lambda v: not v.open)
        tap.true(not viewer.open, "the viewer is told of the end")


@tap.case
def together():
    """Many who come at once, and first, have it all"""
    for number in range(tap.count(2, 5)):
        machine = busy(f"together{number}")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            viewers = list(pool.map(lambda _: view(machine), range(8)))
        for viewer in viewers:
            sees_on(viewer, f"the {number}. time")
        vm.force_off(session, machine)


@tap.case
def hangs():
    """A viewer that takes nothing costs nobody anything: QEMU, vmm-screen and the others go on"""
    machine = busy("hangs")
    idle, other = view(machine), view(machine)
    other.read(10, lambda v: v.memory and v.changes)
    idle.read(2, lambda v: v.memory)
    (pid,) = screens()
    before, own = memory(vm.pid(session, machine)), memory(pid)
    other.changes = 0
    seconds = tap.count(5, 10)
    other.read(seconds)
    grown = memory(vm.pid(session, machine)) - before
    tap.figure(f"QEMU's growth in {seconds} s beside a viewer that hangs", f"{grown >> 10} KiB")
    tap.true(grown < 20 << 20, f"QEMU has grown by {grown} bytes")
    tap.true(memory(pid) - own < 1 << 20, "vmm-screen has grown")
    tap.true(other.changes > 50, f"{other.changes} changes came to the other one")
    waiting = len(idle.read(1, lambda v: not v.take()))
    tap.true(waiting < 1000, f"{waiting} packets waited")
    idle.read(2)
    tap.true(idle.open and idle.changes, "it goes on when it takes them")
    vm.force_off(session, machine)


@tap.case
def hidden():
    """When nobody looks nothing comes from QEMU; whoever looks again, at once or later, has the picture"""
    machine = busy("hidden")
    viewer = view(machine)
    viewer.read(10, lambda v: v.memory and v.changes)
    (pid,) = screens()
    viewer.say(frames.LOOK, 0)
    viewer.read(0.3)
    begin = read_bytes(pid)
    tap.equal([kind for kind, _ in viewer.read(1.5)], [], "packets")
    came = read_bytes(pid) - begin
    tap.figure("bytes that vmm-screen reads in 1.5 s when nobody looks", came)
    tap.true(came < 4096, f"{came} bytes were read")
    for number in range(tap.count(15, 40)):
        viewer.say(frames.LOOK, 1)
        sees_on(viewer, f"nothing comes the {number}. time")
        viewer.say(frames.LOOK, 0)
        if number % 2:
            viewer.read(0.1)
    viewer.close()
    sees_on(view(machine), "a new viewer")
    vm.force_off(session, machine)


@tap.case
def sizes():
    """A guest that changes its screen's size again and again is seen whole, and as it is"""
    devices = vm.SERIAL + "<video><model type='virtio'/></video>"
    machine = domain.create(session, vm.linux("sizes", session, devices, guest.desk_initramfs(), memory=256))
    vm.start(session, machine)
    line = vm.serial(session, machine)
    line.expect(guest.PROMPT, 240)
    viewer = view(machine)
    line.send("probe\n")
    line.expect(r"READY \d+", 60)
    seed = random.Random(20261201)

    def same():
        fd = vm.console(session, machine, "Screenshot")
        ppm = os.pread(fd, 1 << 26, 0)
        os.close(fd)
        viewer.read(0.05)
        return viewer.size == wanted and ppm.endswith(viewer.pixels())

    for number in range(tap.count(30, 500)):
        for _ in range(seed.choice((1, 1, 2, 5))):
            wanted = seed.randrange(40, 200) * 8, seed.randrange(300, 1200)
            viewer.say(frames.SIZE, *wanted, 0, 0)
            viewer.read(seed.choice((0, 0.01, 0.03, 0.1, 0.3)))
        tap.wait_for(same, 15, f"the {number}. size, {wanted}, as it is")
        if seed.random() < 0.2:
            viewer.close()
            viewer = view(machine)
    line.close()
    vm.force_off(session, machine)


@tap.case
def killed():
    """A helper that is killed is not missed, and the next one finds vmm-screen; when that is killed, there is VNC"""
    machine = busy("killed")
    viewer = view(machine)
    viewer.read(10, lambda v: v.memory and v.changes)
    (pid,) = screens()
    crash.replace(session)
    sees_on(viewer, "it goes on without the helper")
    second = view(machine)
    for one in (viewer, second):
        sees_on(one, "the next helper finds it")
    tap.equal(screens(), [pid], "the same")
    tap.wait_for(lambda: viewer.read(0.05) and viewer.size == second.size, 5, "the same size for both")
    os.kill(pid, signal.SIGKILL)
    viewer.read(5, lambda v: not v.open)
    tap.true(not viewer.open, "the viewer is told")
    bus.refuses(lambda: view(machine), "org.innkeeper.Error.Io")
    vnc = vm.console(session, machine, "OpenDisplay", GLib.Variant("s", "vnc"))
    vnc.settimeout(10)
    tap.equal(vnc.recv(12), b"RFB 003.008\n", "VNC's greeting")
    tap.equal(vm.state(session, machine), "running", "the machine")
    vm.force_off(session, machine)


@tap.case
def stopped():
    """A vmm-screen that hangs is told of, and QEMU goes on"""
    machine = busy("stopped")
    (pid,) = screens()
    os.kill(pid, signal.SIGSTOP)
    begin = time.monotonic()
    bus.refuses(lambda: view(machine), "org.innkeeper.Error.Timeout")
    tap.true(time.monotonic() - begin < 5, "it was waited for too long")
    machine_too = domain.call(session, machine, "GetXml", live=GLib.Variant("b", True))[0]
    tap.true("stopped" in machine_too, "the machine answers")
    os.kill(pid, signal.SIGCONT)
    sees_on(view(machine), "it goes on")
    vm.force_off(session, machine)


@tap.case
def hostile():
    """Whatever a viewer says, the others see on, QEMU runs, and no more than so many come in"""
    machine = busy("hostile")
    good = view(machine)
    good.read(10, lambda v: v.memory and v.changes)
    (pid,) = screens()
    seed = random.Random(20261130)
    kinds = (0, 1, 5, *range(frames.LOOK, frames.SIZE + 2), 0xFFFFFFFF)
    values = (0, 1, -1, 2, 7, 255, 256, 16384, 16385, 65536, -(1 << 31), (1 << 31) - 1)
    bad, sent = view(machine, look=False), 0
    while sent < tap.count(5000, 20000):
        data = struct.pack("I", seed.choice(kinds)) + b"".join(
            struct.pack("i", seed.choice(values)) for _ in range(seed.randrange(6)))
        if seed.random() < 0.02:
            data = data[:seed.randrange(len(data) + 1)] + bytes(seed.randrange(3)) + b"x"
        try:
            if seed.random() < 0.05:
                socket.send_fds(bad.socket, [data], [bad.socket.fileno()])
            else:
                bad.socket.send(data)
            sent += 1
        except BlockingIOError:
            bad.read(0.01)
        except OSError:
            bad = view(machine, look=False)
        if sent % 50 == 0:
            bad.read(0.001)
    tap.equal(screens(), [pid], "vmm-screen")
    sees_on(good, "the other viewer")
    bad.close()
    many = []
    for _ in range(20):
        many.append(view(machine))
        many[-1].read(5, lambda v: v.memory)
    tap.equal(len([v for v in many if v.open]), 15, "viewers beside the first")
    for viewer in many:
        viewer.close()
    tap.equal(vm.state(session, machine), "running", "the machine")
    vm.force_off(session, machine)


tap.main()
