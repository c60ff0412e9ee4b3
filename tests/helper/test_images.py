# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that others made to harm: the helper tells or refuses, in time, and stays at everybody's
service meanwhile, also where a file system never answers."""

import os
import re
import subprocess
import time
from pathlib import Path

from gi.repository import GLib

from lib import bus, domain, env, fuse, guest, ns, proc, system, tap, vm
from lib.caller import Caller
from lib.system import prop, quoted, value

ns.enter()

ERROR = "org.innkeeper.Error."
OM = "org.freedesktop.DBus.ObjectManager"

place = system.make(activated=False)


# ---- one's own images, in a session ----

def start():
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    return session


def inspect(session, path, flags=os.O_RDONLY):
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return session.call(bus.MANAGER, domain.MANAGER, "InspectImage",
                            GLib.Variant("(ha{sv})", (0, {})), fds=[fd])[0]
    finally:
        os.close(fd)


def shell(session, script):
    subprocess.run(["sh", "-ec", script], cwd=session.path, check=True)


@tap.case
def facts():
    """Format, sizes and dependencies are told; names inside an image are only told"""
    session = start()
    shell(session, "qemu-img create -q -f qcow2 a.qcow2 3G; qemu-img create -q -f vdi a.vdi 9M\n"
                   "qemu-img create -q -f qcow2 -u -b /etc/passwd -F raw backed.qcow2 1M\n"
                   "qemu-img create -q -f qcow2 -o data_file=d.raw data.qcow2 1M\n"
                   "printf '# Disk DescriptorFile\\nversion=1\\nRW 8 FLAT \"/etc/shadow\" 0\\n' > e.vmdk\n"
                   ": > empty; echo hello > nbd:localhost:1\n")
    tap.equal(inspect(session, session.path / "a.qcow2")["virtual-size"], 3 << 30, "virtual size")
    tap.equal(inspect(session, session.path / "a.vdi")["format"], "vdi", "format")
    tap.equal(inspect(session, session.path / "backed.qcow2")["backing-file"], "/etc/passwd", "backing")
    tap.equal(inspect(session, session.path / "data.qcow2")["data-file"], "d.raw", "data file")
    tap.equal(inspect(session, session.path / "e.vmdk")["data-file"], "/etc/shadow", "extent")
    tap.equal(inspect(session, session.path / "empty")["virtual-size"], 0, "empty")
    tap.equal(inspect(session, session.path / "nbd:localhost:1")["format"], "raw", "nbd:")


@tap.case
def hostile():
    """FIFO, folder, device, 65,536 snapshots, cut off, no fd to read: refused, with a sentence"""
    session = start()
    shell(session, "mkfifo fifo.img; qemu-img create -q -f qcow2 bomb.qcow2 1M\n"
                   "printf '\\000\\001\\000\\000' | dd of=bomb.qcow2 bs=1 seek=60 conv=notrunc status=none\n"
                   "head -c 90 bomb.qcow2 > cut.qcow2\n")
    for name in ("fifo.img", "bomb.qcow2", "cut.qcow2", "."):
        text = bus.refuses(lambda: inspect(session, session.path / name), ERROR + "BadImage")
        tap.true(text.endswith("."), text)
    bus.refuses(lambda: inspect(session, "/dev/null"), ERROR + "BadImage")
    bus.refuses(lambda: inspect(session, session.path / "bomb.qcow2", os.O_WRONLY),
                ERROR + "InvalidArgument")


# ---- another user's, in the system ----

def caller(user):
    one = Caller(user)
    tap.cleanup(one.close)
    return one


def start_helper(*prefix):
    helper = proc.Process([*prefix, env.HELPER, "--system"], log=place.dir / f"helper-{time.monotonic_ns()}.log",
                          name="vmm-helper")
    probe = caller(ns.OTHER)
    tap.wait_for(probe.owned, 20, "the helper")
    return helper


def hang():
    hung = fuse.Hanging(place.dir / f"hung-{time.monotonic_ns()}", place.bus.pid)
    tap.cleanup(hung.close)
    return hung


def send_inspect(one, path):
    return one.send(bus.MANAGER, domain.MANAGER, "InspectImage", "(handle 0, @a{sv} {})", files=[path])


def end_of_job(one, said, timeout=30):
    job = re.findall(r"'(/org/[^']*/jobs/[^']*)'", said)[0]
    tap.wait_for(lambda: "running" not in prop(one, job, domain.JOB, "State"), timeout, "the job's end")
    return prop(one, job, domain.JOB, "State") + prop(one, job, domain.JOB, "ErrorMessage")


def send_create(one, definition, options="{}", files=()):
    return one.send(bus.MANAGER, domain.MANAGER, "Create", f"({quoted(definition)}, @a{{sv}} {options})",
                    files=files)


def work(one, name):
    """What an honest user does, all of it: looks at an image, makes a machine of it, starts it. Answers
    the machine and the seconds that all took."""
    path = place.dir / f"{name}.img"
    path.write_bytes(guest.boot_sector("HELLO\r\n"))
    path.chmod(0o666)
    begin = time.monotonic()
    value(one.result(send_inspect(one, path)))
    disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{path}'/>"
            "<target dev='hda' bus='ide'/></disk>")
    new = ("<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><target dev='vdb' bus='virtio'/>"
           "</disk>")
    definition = vm.definition(name, disk + new + vm.SERIAL, memory=32, machine="pc")
    said = value(one.result(send_create(
        one, definition, "{'storage': <[{'target': <'vdb'>, 'size': <uint64 8388608>}]>}")))
    tap.true("done" in (end := end_of_job(one, said)), end)
    machine = re.findall(r"'(/org/[^']*/machines/[^']*)'", said)[0]
    said = value(one.call(machine, domain.MACHINE, "Start", "(@a{sv} {},)"))
    tap.true("done" in (end := end_of_job(one, said)), end)
    tap.true("running" in prop(one, machine, domain.MACHINE, "State"), "it does not run")
    return machine, time.monotonic() - begin


def inspections():
    return proc.find("vmm-inspect")


@tap.case
def hanging():
    """Files that never answer, in every kind of message: their user is told so, nobody else waits, and
    the helper can be ended"""
    guest.boot_sector("")  # nothing is built once something hangs
    helper = start_helper()
    honest, harmful = caller(ns.OTHER), caller(ns.USER)
    before, unhindered = work(honest, "before")
    hung = hang()
    asked = [send_inspect(harmful, hung.file) for _ in range(3)]
    # Files that nobody wants: with a ping, to nothing, with arguments that are refused, twice.
    for path, interface, method, args in (
            (bus.MANAGER, "org.freedesktop.DBus.Peer", "Ping", "()"),
            ("/nowhere", "org.nothing", "No", "()"),
            (bus.MANAGER, domain.MANAGER, "GetStatistics", "(@a{sv} {},)"),
            (bus.MANAGER, domain.MANAGER, "InspectImage", "(handle 0, {'odd': <1>})")):
        harmful.result(harmful.send(path, interface, method, args, files=[hung.file] * 2))
    copy = domain.xml("copy", domain.disk())
    made = harmful.result(send_create(
        harmful, copy, "{'storage': <[{'target': <'vda'>, 'image': <handle 0>, 'format': <'raw'>}]>}",
        files=[hung.file]))
    named = harmful.result(send_create(harmful, domain.xml("named", domain.disk("vda", hung.file, "raw"))))
    tap.wait_for(lambda: hung.reads and hung.flushes, 10, "somebody who hangs", 0.01)
    tap.true(not any(map(harmful.answered, asked)), "answered already: nothing hung")
    _, hindered = work(honest, "beside")
    tap.diag(f"{unhindered:.2f} s before, {hindered:.2f} s while {hung.reads} reads and {hung.flushes} "
             "closings hang")
    for number in asked:
        answer = harmful.result(number)
        tap.equal(answer.get("error"), ERROR + "Io", answer)
    for job in (made, named):
        tap.true("failed" in (end := end_of_job(harmful, value(job))), end)
    # Nothing answers any more, not even the opening.
    hung.freeze()
    job = harmful.result(send_create(harmful, domain.xml("frozen", domain.disk("vda", hung.file, "raw"))))
    _, hindered = work(honest, "frozen")
    tap.diag(f"{hindered:.2f} s while opening hangs")
    tap.true("failed" in (end := end_of_job(harmful, value(job))), end)
    # It lets go of its name and its machines, whatever hangs; what hangs keeps only its process.
    os.kill(helper.pid, 15)
    tap.wait_for(lambda: not honest.owned(), 20, "its end")
    second = start_helper()
    tap.true("running" in prop(honest, before, domain.MACHINE, "State"), "the machine of before")
    work(honest, "after")
    # Nor can a kill end what hangs, and the kernel keeps all files of such a process open.
    other, harmful = hang(), caller(ns.USER)
    harmful.send("/nowhere", "org.nothing", "No", files=[other.file])
    tap.wait_for(lambda: other.flushes, 20, "a closing that hangs")
    os.kill(second.pid, 9)
    third = start_helper()
    tap.true("running" in prop(honest, before, domain.MACHINE, "State"), "the machine of before")
    work(honest, "killed")
    hung.process.kill()
    other.process.kill()
    tap.wait_for(lambda: not helper.running() and not second.running(), 20, "the processes' end")
    for process in (helper, second, third):
        process.stop()
    for pid in proc.find("qemu-system"):
        os.kill(pid, 9)


@tap.case
def limit():
    """Who has too many files that hang is refused more of them, and nobody else is"""
    helper = start_helper()
    honest, harmful = caller(ns.OTHER), caller(ns.USER)
    hung = hang()
    for _ in range(20):
        harmful.send("/nowhere", "org.nothing", "No", files=[hung.file])
        send_inspect(harmful, hung.file)
    tap.wait_for(lambda: hung.flushes, 10, "a closing that hangs", 0.01)

    def refused():
        answers = [harmful.result(number) for number in [send_inspect(harmful, hung.file) for _ in range(12)]]
        errors = {answer.get("error") for answer in answers}
        tap.true(errors <= {ERROR + "Limit", ERROR + "Io"}, errors)
        too_many.append(sum("at once" in str(answer) for answer in answers))
        return errors == {ERROR + "Limit"} and not too_many[-1]

    too_many = []
    tap.wait_for(refused, 60, "a refusal of everything")
    tap.diag(f"{too_many} of each dozen were too many at once")
    tap.true(too_many[0] >= 12 - 8, "more than 8 at once")
    files = len(os.listdir(f"/proc/{helper.pid}/fd"))
    threads = len(os.listdir(f"/proc/{helper.pid}/task"))
    many = len(inspections())
    for _ in range(10):
        answer = harmful.result(send_inspect(harmful, hung.file))
        tap.equal(answer.get("error"), ERROR + "Limit", answer)
    tap.diag(f"{threads} threads, {files} files, {many} inspections hang")
    tap.true(len(inspections()) <= many, "more inspections")
    tap.true(len(os.listdir(f"/proc/{helper.pid}/task")) <= threads, "more threads")
    value(harmful.call(bus.ROOT, OM, "GetManagedObjects"))
    work(honest, "limit")
    hung.process.kill()
    good = place.dir / "limit.img"
    tap.wait_for(lambda: "value" in harmful.result(send_inspect(harmful, good)), 20, "the limit's end")
    helper.stop()
    for pid in proc.find("qemu-system"):
        os.kill(pid, 9)


@tap.case
def exhausted():
    """Before the helper has no room for another file it begins anew; machines run on"""
    helper = start_helper("prlimit", "--nofile=128:128")
    honest, harmful = caller(ns.OTHER), caller(ns.USER)
    machine, _ = work(honest, "exhausted")
    hung = hang()
    tap.wait_for(lambda: [harmful.send("/nowhere", "org.nothing", "No", files=[hung.file] * 4)
                          for _ in range(4)] and not honest.owned(), 30, "the helper's end")
    again = start_helper()
    tap.true("running" in prop(honest, machine, domain.MACHINE, "State"), "the machine of before")
    work(honest, "anew")
    hung.process.kill()
    tap.wait_for(lambda: not helper.running(), 20, "the process's end")
    tap.true("cannot be closed" in helper.output(), helper.output())
    for process in (helper, again):
        process.stop()
    for pid in proc.find("qemu-system"):
        os.kill(pid, 9)


tap.main()
