# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's security chip, asked from inside its guest; its program and its files, looked at from outside."""

import os
import signal
import time
from pathlib import Path

from lib import bus, crash, domain, live, proc, room, tap, vm

CHIP = "<tpm model='{}'><backend type='emulator' version='{}'/></tpm>"

# Of a TPM 2.0, as bytes: eight bytes at 0x01500001 that the owner defines, writes and reads, without a password.
PASSWORD = "00000009" "40000009" "0000" "00" "0000"
DEFINE = "8002" "0000002d" "0000012a" "40000001" + PASSWORD + "0000" "000e" "01500001" "000b" "00040004" "0000" "0008"
WRITE = "8002" "0000002b" "00000137" "01500001" "01500001" + PASSWORD + "0008" "494e4e4b45455052" "0000"
READ = "8002" "00000023" "0000014e" "01500001" "01500001" + PASSWORD + "0008" "0000"
SECRET = "494e4e4b45455052"


def session():
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    return made


class Guest(live.Guest):
    """One with a chip, that may be started again."""

    def __init__(self, made, model="tpm-crb", version="2.0"):
        super().__init__(made, f"chip-{model}-{version}", CHIP.format(model, version))

    def start(self):
        vm.start(self.session, self.machine)
        self.line = vm.serial(self.session, self.machine)
        self.line.expect("G# ", 120)

    def fact(self, name):
        return self.line.shell(f"cat /sys/class/tpm/tpm0/{name}").strip()

    @property
    def folder(self):
        return domain.folder(self.session) / domain.uuid_of(self.machine) / "tpm"


class Small:
    """A machine with a chip, where it does not matter what its guest does."""
    folder = Guest.folder

    def __init__(self, made):
        self.session = made
        self.machine = domain.create(made, vm.real_mode("small", made).replace(
            "</devices>", CHIP.format("tpm-crb", "2.0") + "</devices>"))
        self.start()

    def start(self):
        vm.start(self.session, self.machine)

    def end(self):
        vm.force_off(self.session, self.machine)


def chips():
    return [p for p in proc.descendants() if proc.cmdline(p).startswith("/usr/bin/swtpm ")]


def done(answer):
    """The code of an answer: 0 is success."""
    return int(answer[12:20], 16)


@tap.case
def keeps_what_it_is_given():
    """A TPM 2.0 is there in the guest, and what the guest keeps in it is there again after a restart of all"""
    guest = Guest(session())
    tap.equal(guest.fact("tpm_version_major"), "2", "version")
    tap.true("MSFT0101" in guest.line.shell("ls /sys/bus/acpi/devices"), "the device that Windows looks for")
    tap.equal(done(guest.ask_chip(DEFINE)), 0, "define")
    tap.equal(done(guest.ask_chip(WRITE)), 0, "write")
    tap.true(SECRET in guest.ask_chip(READ), "what was written")
    before = chips()
    tap.equal(len(before), 1, "programs")
    guest.end()
    vm.wait_state(guest.session, guest.machine, "off")
    tap.equal(chips(), [], "programs, when it is told to be off")
    crash.replace(guest.session)
    guest.start()
    tap.true(SECRET in guest.ask_chip(READ), "what was written before")
    tap.equal([oct(p.stat().st_mode & 0o777) for p in (guest.folder, *guest.folder.glob("*.permall"))], ["0o700", "0o600"])
    guest.end()
    vm.wait_state(guest.session, guest.machine, "off")
    job = domain.call(guest.session, guest.machine, "Delete")[0]
    tap.equal(domain.wait_job(guest.session, job)["State"], "done")
    tap.true(not guest.folder.exists(), "its state is gone with the machine")


@tap.case
def every_sort():
    """TIS with 2.0 and with 1.2 are there in the guest, too"""
    made = session()
    for version, major in (("2.0", "2"), ("1.2", "1")):
        guest = Guest(made, "tpm-tis", version)
        tap.equal(guest.fact("tpm_version_major"), major, f"version {version}")
        guest.end()
        vm.wait_state(made, guest.machine, "off")


@tap.case
def a_room_of_its_own():
    """Its program is the guest's uid's, has no rights, sees its state and nothing else, and cannot get out of there"""
    guest = Small(session())
    process = chips()[0]
    tap.equal(room.check_powerless(process), int(room.status(vm.pid(guest.session, guest.machine))["Uid"].split()[0]), "uid")
    for name in ("user", "mnt", "pid", "ipc", "uts", "net", "cgroup"):
        tap.true(os.readlink(f"/proc/{process}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"), f"ns {name}")
    top = Path(f"/proc/{process}/root")
    tap.equal(set(os.listdir(top)) - {"lib", "lib64", "proc"}, {"usr", "dev", "state"}, "the root folder")
    for path, flags in room.mounts(process).items():
        tap.true("ro" in flags or path.startswith(("/dev/", "/proc", "/state")), f"{path} is writable: {flags}")
    for number, target in vm.fds_of(process).items():
        if os.path.isdir(f"/proc/{process}/fd/{number}"):
            above = os.stat(f"/proc/{process}/fd/{number}/..")
            here = os.stat(f"/proc/{process}/fd/{number}")
            tap.equal((above.st_dev, above.st_ino), (here.st_dev, here.st_ino), f"what is above {target}")
    others = [t for t in vm.fds_of(process).values() if not t.startswith(("socket:", "pipe:", "/dev/null", "anon_inode:"))]
    tap.true(all(t in ("/", "/.lock", "/state/.lock") or t.endswith("/tpm/.lock") for t in others), others)
    guest.end()


@tap.case
def killed_helper():
    """kill -9 of the helper leaves the chip to the guest; the next one ends both together"""
    guest = Guest(session())
    process = chips()[0]
    crash.replace(guest.session)
    tap.equal(chips(), [process], "the program")
    tap.equal(done(guest.ask_chip(DEFINE)), 0, "define")
    domain.call(guest.session, guest.machine, "ForceOff")
    vm.wait_state(guest.session, guest.machine, "off")
    tap.equal(chips(), [], "programs, when it is told to be off")
    vm.start(guest.session, guest.machine)
    tap.equal(len(chips()), 1, "programs")
    domain.call(guest.session, guest.machine, "ForceOff")
    vm.wait_state(guest.session, guest.machine, "off")
    crash.check_clean(guest.session, "a machine with a chip")


@tap.case
def program_ends():
    """A chip whose program ends takes nothing along: the machine runs on, and its log says what to do"""
    guest = Guest(session())
    os.kill(chips()[0], signal.SIGKILL)
    log = guest.folder.parent / "log/qemu.log"
    tap.wait_for(lambda: "switched off and on" in log.read_text(), 10, "a line in the log")
    tap.equal(guest.line.shell("echo still here").strip(), "still here")
    guest.end()
    vm.wait_state(guest.session, guest.machine, "off")
    guest.start()
    tap.equal(guest.fact("tpm_version_major"), "2", "version")
    guest.end()


@tap.case
def computers_chip():
    """This computer's own chip is for machines of the whole system, and a session's machine is told so when it starts"""
    made = session()
    chip = "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"
    machine = domain.create(made, vm.real_mode("computers", made).replace("</devices>", chip + "</devices>"))
    said = vm.start(made, machine, wanted=None)
    tap.true("cannot have this computer’s security chip" in said["ErrorMessage"], str(said))
    tap.equal(vm.state(made, machine), "off", "its state")


@tap.case
def stuck_program():
    """One that does not end holds nothing up: it is ended with its guest"""
    guest = Small(session())
    os.kill(chips()[0], signal.SIGSTOP)
    begun = time.monotonic()
    guest.end()
    vm.wait_state(guest.session, guest.machine, "off", 5)
    tap.figure("seconds", f"{time.monotonic() - begun:.2f}")
    tap.wait_for(lambda: not chips(), 5, "its end")
    guest.start()
    guest.end()


tap.main()
