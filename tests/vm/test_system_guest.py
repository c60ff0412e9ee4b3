# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests of the system helper: root's process, a user's machine, the machine's own uid."""

import os
import pwd
import re
import subprocess
from pathlib import Path

from lib import bus, domain, env, guest, ns, proc, system, tap, vm
from lib.caller import Caller
from lib.system import create, prop, quoted, start, value, wait_job

ns.enter()


made = system.make()
helper = None


def start_helper():
    global helper
    helper = proc.Process([env.HELPER, "--system"], log=made.dir / "helper.log", name="vmm-helper")
    one = Caller(ns.USER)
    tap.cleanup(one.close)
    tap.wait_for(one.owned, 10, "the helper")
    return one


def image(name, user, mode=0o600):
    """A boot sector in the user's own home, for nobody else to read."""
    home = Path(pwd.getpwnam(user).pw_dir)
    home.chmod(0o700)
    path = home / f"{name}.img"
    path.write_bytes(guest.boot_sector(f"I AM {name}\r\n"))
    os.chown(path, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    path.chmod(mode)
    return path


def definition(name, path):
    disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{path}'/>"
            "<target dev='hda' bus='ide'/></disk>")
    return vm.definition(name, disk + vm.SERIAL, memory=32, machine="pc")


@tap.case
def users_machine():
    """A user's machine runs as its own uid with the user's private disk, and outlives the helper"""
    one = start_helper()
    machine, said = create(one, definition("mine", image("mine", ns.USER)))
    tap.true("done" in said, said)
    said = start(one, machine)
    tap.true("done" in said, said)
    pids = proc.find("qemu-system")
    tap.equal(len(pids), 1, "QEMUs")
    facts = Path(f"/proc/{pids[0]}/status").read_text()
    uid = int(re.search(r"^Uid:\t(\d+)", facts, re.M)[1])
    tap.true(2001000000 <= uid <= 2001999999, f"uid {uid}")
    tap.true(re.search(r"^CapEff:\t0+$", facts, re.M) and re.search(r"^Seccomp:\t2$", facts, re.M), facts)
    disks = [f for f in vm.fds_of(pids[0]).values() if f.endswith("mine.img")]
    tap.true(disks, "it does not hold its disk")
    helper.kill()
    one.close()
    again = start_helper()
    tap.true("running" in prop(again, machine, domain.MACHINE, "State"), "not running for the next helper")
    value(again.call(machine, domain.MACHINE, "ForceOff", "(@a{sv} {},)"))
    tap.true(not proc.alive(pids[0]), "QEMU is still there")
    helper.stop()


# Writes a file into the folder "share" as soon as it runs.
WRITES = guest.INIT.replace("cd /; while", "mkdir /a; mount -t virtiofs share /a; echo from the guest > /a/written; cd /; while")
FOLDER = "<filesystem type='mount'><driver type='virtiofs'/><source dir='{}'/><target dir='share'/></filesystem>"
CHIP = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"


def folder_of(user):
    """In the user's own home, for nobody else to look at."""
    person = pwd.getpwnam(user)
    path = Path(person.pw_dir) / "shared"
    path.mkdir(mode=0o700)
    os.chown(path, person.pw_uid, person.pw_gid)
    Path(person.pw_dir).chmod(0o700)
    return path


@tap.case
def users_folder():
    """A user's folder is shared as the user, another's is not, and the chip's state is the guest's uid's alone"""
    one = start_helper()
    folder, theirs = folder_of(ns.USER), folder_of(ns.OTHER)
    os.chmod(made.dir, 0o755)
    initramfs = guest.initramfs_of("share-writes", (*guest.MODULES, "virtiofs"), WRITES)

    class Place:  # where vm.linux() copies the kernel to
        path = Path(pwd.getpwnam(ns.USER).pw_dir)

    machine, said = create(one, vm.linux("sharing", Place, vm.SERIAL + CHIP + FOLDER.format(folder), initramfs=initramfs))
    tap.true("done" in said, said)
    said = start(one, machine)
    tap.true("done" in said, said)
    written = folder / "written"
    tap.wait_for(lambda: written.exists() and written.read_text(), 120, "what the guest writes")
    tap.equal((written.read_text(), written.stat().st_uid, written.stat().st_gid),
              ("from the guest\n", pwd.getpwnam(ns.USER).pw_uid, pwd.getpwnam(ns.USER).pw_gid), "the file")
    sharing = [p for p in proc.descendants() if "virtiofsd" in proc.cmdline(p).split(" ")[0]]
    uids = {int(re.search(r"^Uid:\t(\d+)", Path(f"/proc/{p}/status").read_text(), re.M)[1])
            for p in sharing}
    tap.equal(uids, {pwd.getpwnam(ns.USER).pw_uid}, "uids of what shares it")
    chip = next(p for p in proc.descendants() if proc.cmdline(p).startswith("/usr/bin/swtpm "))
    uid = int(re.search(r"^Uid:\t(\d+)", Path(f"/proc/{chip}/status").read_text(), re.M)[1])
    tap.true(2001000000 <= uid <= 2001999999, f"uid {uid}")
    state = Path("/var/lib/innkeeper/machines", domain.uuid_of(machine), "tpm")
    tap.equal({(p.stat().st_uid, oct(p.stat().st_mode & 0o777)) for p in (state, *state.glob("*.permall"))},
              {(uid, "0o700"), (uid, "0o600")}, "whose its state is")
    value(one.call(machine, domain.MACHINE, "ForceOff", "(@a{sv} {},)"))
    tap.wait_for(lambda: not any(proc.alive(p) for p in (*sharing, chip)), 10, "their end")
    machine, said = create(one, definition("thief", image("thief", ns.USER)).replace("</devices>", FOLDER.format(theirs) + "</devices>"))
    tap.true("done" in said, said)
    said = start(one, machine)
    tap.true("may not" in said and str(theirs) in said, said)
    one.close()
    helper.stop()


@tap.case
def locked_memory():
    """A machine whose memory is locked has all of it in this computer's memory, or is not started; another has none locked"""
    one = start_helper()
    # A container's root may not have the right to more than a few MiB.
    able = not subprocess.run(["prlimit", "--memlock=unlimited", "true"], stderr=subprocess.DEVNULL).returncode
    for locked in (False, True):
        text = definition(f"locked{locked}", image(f"locked{locked}", ns.USER))
        text = text.replace("</memory>", "</memory><memoryBacking><locked/></memoryBacking>") if locked else text
        machine, said = create(one, text)
        tap.true("done" in said, said)
        said = start(one, machine)
        if locked and not able:
            tap.true("failed" in said and "locking memory failed" in said, said)
            tap.diag("this computer lets nobody lock memory: it is said")
            break
        tap.true("done" in said, said)
        facts = Path(f"/proc/{proc.find('qemu-system')[0]}/status").read_text()
        kib = int(re.search(r"^VmLck:\s+(\d+)", facts, re.M)[1])
        tap.true(kib >= 32 * 1024 if locked else kib < 1024, f"{kib} KiB are locked")
        value(one.call(machine, domain.MACHINE, "ForceOff", "(@a{sv} {},)"))
    one.close()
    helper.stop()


@tap.case
def anothers_disk():
    """A machine is not started with a disk that its owner may not open, though root could"""
    one = start_helper()
    path = image("theirs", ns.OTHER)
    answer = one.call(bus.MANAGER, domain.MANAGER, "Create",
                      f"({quoted(definition('thief', path))}, @a{{sv}} {{}})")
    if "value" in answer:
        machine, job = re.findall(r"'(/org[^']*)'", answer["value"])
        said = wait_job(one, job)
        tap.true("failed" in said, f"it was made: {said}")
    # Theirs afterwards: it was the user's own when the machine was made.
    mine = image("swap", ns.USER)
    machine, said = create(one, definition("swap", mine))
    tap.true("done" in said, said)
    mine.unlink()
    mine.symlink_to(path)
    said = start(one, machine)
    tap.true("failed" in said, f"started with another's disk: {said}")
    tap.equal(proc.find("qemu-system"), [], "QEMUs")
    helper.stop()


tap.main()
