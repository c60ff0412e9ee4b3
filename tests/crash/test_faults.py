# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls of the helper that fail in the midst of an operation (strace injects the error): there is the old
state or the new one, the error is a sentence, the helper goes on or is started anew, and nothing is left."""

import collections
import contextlib
import os
import random
import re
import subprocess
import time

from gi.repository import GLib

from lib import bus, crash, domain, proc, tap, vm

SEED = 20261122
# What each may fail with, says its manual. Not close(): it closes whatever it says; not mmap() and brk(): GLib ends
# a program that gets no memory, which is a kill as any other (test_moments.py).
FILES = ("EIO", "ENOMEM")
NEW_FD = ("EMFILE", "ENOMEM")
FAULTS = {
    "openat": (*NEW_FD, "EIO", "ENOSPC", "EINTR"),
    "openat2": (*NEW_FD, "EIO", "EINTR"),
    "mkdirat": (*FILES, "ENOSPC"),
    "renameat": (*FILES, "ENOSPC"),
    "renameat2": (*FILES, "ENOSPC"),
    "unlinkat": FILES,
    "write": ("EIO", "ENOSPC", "EINTR"),
    "pwrite64": ("EIO", "ENOSPC", "EINTR"),
    "fsync": ("EIO", "ENOSPC", "EINTR"),
    "ftruncate": ("EIO", "EINTR"),
    "fallocate": ("EIO", "ENOSPC", "EINTR"),
    "read": ("EIO", "EINTR"),
    "newfstatat": FILES,
    "fstat": FILES,
    "statx": FILES,
    "faccessat": FILES,
    "faccessat2": FILES,
    "getdents64": FILES,
    "fchmod": ("EIO",),
    "fchmodat": FILES,
    "fchownat": FILES,
    "socket": NEW_FD,
    "socketpair": NEW_FD,
    "connect": ("EINTR",),
    "bind": ("ENOMEM", "ENOSPC"),
    "pipe2": NEW_FD,
    "memfd_create": NEW_FD,
    "eventfd2": NEW_FD,
    "pidfd_open": NEW_FD,
    "fcntl": ("EMFILE",),
    "sendmsg": ("ENOMEM", "EINTR"),
    "recvmsg": ("ENOMEM", "EINTR"),
    "poll": ("EINTR", "ENOMEM"),
    "ppoll": ("EINTR",),
}
# strace chooses by the name of the call and not by its arguments. What follows never fails, and GLib takes it so: its
# loops wake each other by an eventfd; g_file_get_contents() forgets the file where fdopen() fails.
IMPOSSIBLE = re.compile(r"(read|write)\(\d+<anon_inode:\[eventfd\]>|fcntl\(\d+<[^>]*>, F_GETFL")
UNNAMED = re.compile(r"\d+")


class Round:
    """A helper with one machine that is off at rest, and the operations on it and others."""

    def __init__(self, made):
        self.made = made
        self.chance = random.Random(SEED)
        self.log = made.path / "strace"
        self.injected = self.impossible = self.restarts = self.late = self.refused = 0
        self.discs = []
        for number in range(2):
            self.discs.append(made.path / f"disc{number}.iso")
            self.discs[-1].write_bytes(bytes(256 * 1024))
        drive = (f"<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{self.discs[0]}'/>"
                 "<target dev='hdb' bus='ide'/><readonly/></disk>")
        xml = vm.real_mode("faults", made).replace("<devices>", "<devices>" + drive, 1)
        self.running = domain.create(made, xml)
        vm.start(made, self.running)
        vm.force_off(made, self.running)
        self.fds = None

    # -- operations: before, the call itself, and whether it has happened --

    def _create(self, name):
        return domain.create(self.made, domain.xml(name, domain.disk("vda")),
                             storage=domain.storage(domain.new_disk("vda")))

    def before_create(self):
        return None

    def create(self, _machine):
        self._create("new")

    def before_apply(self):
        return self._create("edited")

    def apply(self, machine):
        xml = domain.call(self.made, machine, "GetXml")[0]
        xml = xml.replace("</disk>", "</disk>" + domain.disk("vdb"), 1)
        domain.call(self.made, machine, "Apply", GLib.Variant("s", xml), storage=domain.storage(domain.new_disk("vdb")))

    def before_start(self):
        return self.running

    def start(self, machine):
        vm.start(self.made, machine)

    def before_change(self):
        return self.before_stop()

    def change(self, machine):
        """While it runs: another disc is put in, and a disk is limited."""
        xml = domain.call(self.made, machine, "GetXml")[0]
        other = self.discs[str(self.discs[0]) in xml]
        xml = re.sub(r"[^'\"]*/disc\d\.iso", str(other), xml)
        limit = "<iotune><total_bytes_sec>{}</total_bytes_sec></iotune>"
        if "<iotune>" in xml:
            xml = re.sub("<iotune>.*?</iotune>", "", xml, flags=re.S)
        else:
            xml = re.sub("(<target dev=.hda.[^>]*>)", r"\1" + limit.format(1024 * 1024), xml)
        answer = domain.call(self.made, machine, "Apply", GLib.Variant("s", xml))[0]
        late = [f"{name}: {sentence}" for name, when, sentence in answer if when != "live"]
        if late:
            raise AssertionError(", ".join(late))

    def before_reset(self):
        return self.before_stop()

    def reset(self, machine):
        domain.call(self.made, machine, "Reset")

    def before_stop(self):
        vm.start(self.made, self.running)
        return self.running

    def stop(self, machine):
        vm.force_off(self.made, machine)

    def before_delete(self):
        return self._create("deleted")

    def delete(self, machine):
        domain.delete(self.made, machine)

    OPERATIONS = ("create", "apply", "start", "change", "reset", "stop", "delete")

    # -- strace --

    @contextlib.contextmanager
    def traced(self, *options):
        """strace on all threads of the helper; it has no child of its own making."""
        pid = self.made.helper.pid
        process = subprocess.Popen(["strace", "-f", "-qq", "-p", str(pid), *options], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            tap.wait_for(lambda: self._all_traced(pid, process.pid), 10, "strace", 0.005)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # it waits for a helper that has died, all threads of which are zombies
                process.kill()
                process.wait()

    @staticmethod
    def _all_traced(pid, tracer):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status") as status:
                if f"TracerPid:\t{tracer}\n" not in status.read():
                    return False
        return True

    def count(self, operation):
        """{system call: how often one thread makes it} in the operation."""
        machine = getattr(self, "before_" + operation)()
        with self.traced("-e", "trace=" + ",".join(FAULTS), "-o", str(self.log)):
            getattr(self, operation)(machine)
        self.settle()
        counts = collections.Counter(tuple(line.split("(")[0].split()) for line in self.log.read_text().splitlines()
                                     if re.match(r"\d+ +\w+\(", line))
        most = {}
        for (_thread, call), number in counts.items():
            most[call] = max(number, most.get(call, 0))
        return most

    # -- around one fault --

    def settle(self):
        """As it was before the operation: one machine, off."""
        for machine, interfaces in self.made.machines().items():
            if interfaces[domain.MACHINE]["State"] not in ("off", "crashed"):
                vm.force_off(self.made, machine)
            if machine != self.running:
                domain.delete(self.made, machine)

    def rest(self):
        """Remembers which files are open when nothing goes on: those that are open all the time for a second."""
        self.settle()
        self.fds = self.open_files()
        for _ in range(20):
            time.sleep(0.05)
            self.fds &= self.open_files()

    def open_files(self):
        folder = f"/proc/{self.made.helper.pid}/fd"
        links = []
        for fd in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                links.append(UNNAMED.sub("N", os.readlink(f"{folder}/{fd}")))
        return collections.Counter(links)

    def definitions(self):
        return {m: domain.call(self.made, m, "GetXml")[0] for m in self.made.machines()}

    def check_error(self, what, error):
        message = str(error)
        if isinstance(error, GLib.Error):
            name = bus.error_name(error)
            if not self.made.helper.running():
                return
            tap.true(name and name.startswith("org.innkeeper.Error."), f"{what}: {name}: {error.message}")
            message = error.message.removeprefix(f"GDBus.Error:{name}: ")
        self.refused += 1
        tap.true(len(message.split()) >= 3, f"{what}: no sentence: {message!r}")

    def revive(self, what):
        """Whether it had died. By a signal of its own or of GLib's it may; a sanitizer's report is a fault."""
        if self.made.helper.running():
            return False
        self.restarts += 1
        tap.diag(f"{what}: the helper ended with {self.made.helper.popen.returncode}: "
                 f"{self.made.helper.output().strip().splitlines()[-1:]}")
        crash.forget(self.made)
        self.made.start_helper()
        return True

    def check(self, what, failed):
        """Old or new, by this helper and by the next; nothing is left, at the latest by the next."""
        died = self.revive(what)
        told = None if died else self.definitions()
        for machine, interfaces in self.made.machines().items():
            state = interfaces[domain.MACHINE]["State"]
            # Where the helper died just before the first instruction, the guest waits for Resume, and that is told.
            tap.true(state in ("off", "running", "crashed") or (died and what.startswith("start,") and state == "paused"),
                     f"{what}: {state}")
        try:
            crash.check_clean(self.made, what, timeout=2)
        except AssertionError as e:
            tap.diag(e)
            self.late += 1
            crash.replace(self.made)
            died = True
            crash.check_clean(self.made, what)
        if not died and failed:
            crash.replace(self.made)
            died = True
        if told is not None:
            tap.equal(self.definitions(), told, f"{what}: definitions, by the next helper")
        self.settle()
        if died:
            return
        # What a thread still closes is gone in a moment.
        try:
            tap.wait_for(lambda: not self.open_files() - self.fds, 5)
        except AssertionError as e:
            raise AssertionError(f"{what}: files that stay open: {self.open_files() - self.fds}") from e

    def inject(self, operation, call, error, number):
        what = f"{operation}, {call} number {number}: {error}"
        machine = getattr(self, "before_" + operation)()
        failed = None
        with self.traced("-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}", "-y", "-o", str(self.log)):
            try:
                getattr(self, operation)(machine)
            except (GLib.Error, AssertionError) as e:
                failed = e
        injected = [line for line in self.log.read_text().splitlines() if "(INJECTED)" in line]
        if any(IMPOSSIBLE.search(line) for line in injected):
            self.impossible += 1
            crash.replace(self.made)
            self.settle()
            return
        self.injected += bool(injected)
        if failed:
            # One that dies of it is just dying: for some time, where it has left the bus before.
            left = isinstance(failed, GLib.Error) and not (bus.error_name(failed) or "").startswith("org.innkeeper.")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.made.helper.wait(20 if left else 0.05)
            self.check_error(what, failed)
        self.check(what, failed)


@tap.case
def every_call_may_fail():
    """An error from any system call of any operation: the old state or the new, a sentence, and nothing left"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    one = Round(made)
    faults = []
    for operation in Round.OPERATIONS:
        counts = one.count(operation)
        tap.true(sum(counts.values()) > 10, f"{operation}: {counts}: does strace work here?")
        faults += [(operation, call, error, n + 1) for call, most in counts.items() for error in FAULTS[call]
                   for n in range(most)]
    tap.diag(f"{len(faults)} faults there can be")
    one.rest()
    one.chance.shuffle(faults)
    # Each call of each operation with each error once, and then once more, …
    seen = collections.Counter()
    turns = []
    for fault in faults:
        turns.append((seen[fault[:3]], fault))
        seen[fault[:3]] += 1
    faults = [fault for _turn, fault in sorted(turns, key=lambda turn: turn[0])][:tap.count(60, 2500)]
    for fault in faults:
        one.inject(*fault)
    tap.figure("system calls that were made to fail", one.injected)
    tap.diag(f"{one.impossible} more, as they never fail; the others were not made that often this time")
    tap.true(one.injected > len(faults) / 2, f"only {one.injected} of {len(faults)} were injected: does strace work here?")
    tap.figure("of them refused by a sentence", one.refused)
    tap.figure("of them after which a file stayed until the next helper", one.late)
    tap.figure("of them that ended the helper", one.restarts)


tap.main()
