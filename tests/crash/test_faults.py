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
        self.outside = made.path / "outside.qcow2"
        self.sizes = self.wanted = None
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

    def before_copy(self):
        return None

    def copy(self, _machine):
        """A disk that is a copy of an image."""
        with open(self.discs[0], "rb") as image:
            copied = {"target": GLib.Variant("s", "vda"), "image": GLib.Variant("h", 0), "format": GLib.Variant("s", "raw")}
            domain.create(self.made, domain.xml("copied", domain.disk("vda")), storage=domain.storage(copied),
                          fds=[image.fileno()])

    def before_grow(self):
        return self._create("grown")

    def grow(self, machine):
        self._grow(machine, "vda")

    def before_grow_running(self):
        return self.before_stop()

    def grow_running(self, machine):
        self._grow(machine, "hda")

    def _size(self, machine, target):
        return domain.call(self.made, machine, "InspectDisk", GLib.Variant("s", target))[0]["virtual-size"]

    def _grow(self, machine, target):
        self.sizes = None  # where the next call fails there is nothing to hold it against
        before = self._size(machine, target)
        try:
            domain.call(self.made, machine, "GrowDisk", GLib.Variant("s", target), GLib.Variant("t", before + domain.MIB))
        finally:
            self.sizes = (before, before + domain.MIB)

    def after_grow(self, failed):
        self._check_size("vda", failed)

    def after_grow_running(self, failed):
        self._check_size("hda", failed)

    def _check_size(self, target, failed):
        """The old one or the new; the new one where no error was told. A call that failed before has left none."""
        for machine in self.made.machines():
            if self.sizes and target in domain.call(self.made, machine, "GetXml")[0]:
                tap.true(self._size(machine, target) in self.sizes[0 if failed else 1:], f"{target} after {self.sizes}")
        self.sizes = None

    def before_inspect(self):
        return self._create("inspected")

    def inspect(self, machine):
        """What there is behind its disks, and behind an image that it might have."""
        domain.call(self.made, machine, "ListStorage")
        domain.call(self.made, machine, "InspectDisk", GLib.Variant("s", "vda"))
        with open(self.discs[0], "rb") as image:
            self.made.call(bus.MANAGER, domain.MANAGER, "InspectImage", GLib.Variant("(ha{sv})", (0, {})),
                           fds=[image.fileno()])

    def before_autostart(self):
        return self.running

    def autostart(self, machine):
        self.wanted = not self.made.get(machine, domain.MACHINE, "Autostart")
        domain.call(self.made, machine, "SetAutostart", GLib.Variant("b", self.wanted))

    def after_autostart(self, failed):
        if not failed:
            tap.equal(self.made.get(self.running, domain.MACHINE, "Autostart"), self.wanted, "Autostart")

    def before_delete_kept(self):
        """One disk of its own is to be kept, and one elsewhere is to go."""
        for path in (crash.store(self.made) / "Kept disks").rglob("*"):
            if path.is_file():
                path.unlink()
        bus.run(["qemu-img", "create", "-q", "-f", "qcow2", self.outside, "8M"])
        return domain.create(self.made, domain.xml("kept", domain.disk("vda") + domain.disk("vdc", self.outside)),
                             storage=domain.storage(domain.new_disk("vda")))

    def delete_kept(self, machine):
        domain.delete(self.made, machine, keep=GLib.Variant("as", ["vda"]), delete=GLib.Variant("as", ["vdc"]))

    def after_delete_kept(self, failed):
        """Whether it was deleted or not, the disk to be kept is there; the other one is as long as the machine is."""
        there = len(self.made.machines()) > 1
        tap.equal(len(crash.kept(self.made)), int(not there), "kept disks")
        tap.true(self.outside.exists() or not there, "the image of a machine that is there is gone")
        tap.true(there or failed or not self.outside.exists(), "the image of a deleted machine is there")

    # A guest without a system lets USB devices go, and no others.
    USB = domain.disk("sda").replace("bus='virtio'", "bus='usb'")
    CARD = "<interface type='user'><mac address='52:54:00:aa:bb:01'/><model type='e1000'/>{}</interface>"
    LIMIT = "<bandwidth><inbound average='{0}'/><outbound average='{0}'/></bandwidth>"

    def _run(self, name, devices="", **opts):
        xml = vm.real_mode(name, self.made).replace("</devices>", devices + "</devices>")
        machine = domain.create(self.made, xml, **opts)
        vm.start(self.made, machine)
        return machine

    def _apply_live(self, machine, pattern, replacement, **opts):
        xml = domain.call(self.made, machine, "GetXml")[0]
        xml, count = re.subn(pattern, replacement, xml, flags=re.S)
        tap.equal(count, 1, f"{pattern} in {xml}")
        answer = domain.call(self.made, machine, "Apply", GLib.Variant("s", xml), **opts)[0]
        late = [f"{name}: {sentence}" for name, when, sentence in answer if when != "live"]
        if late:
            raise AssertionError(", ".join(late))

    def before_attach(self):
        return self._run("attached")

    def attach(self, machine):
        self._apply_live(machine, "</devices>", self.USB + "</devices>", storage=domain.storage(domain.new_disk("sda")))

    def before_detach(self):
        return self._run("detached", self.USB, storage=domain.storage(domain.new_disk("sda")))

    def detach(self, machine):
        self._apply_live(machine, "<disk(?:(?!</disk>).)*sda(?:(?!</disk>).)*</disk>", "")

    def before_attach_card(self):
        return self._run("card")

    def attach_card(self, machine):
        self._apply_live(machine, "</devices>", self.CARD.format("") + "</devices>")

    def before_bandwidth(self):
        return self._run("limited", self.CARD.format(self.LIMIT.format(400)))

    def bandwidth(self, machine):
        self._apply_live(machine, "<bandwidth>.*</bandwidth>", self.LIMIT.format(500))

    def before_look(self):
        return self.before_stop()

    def look(self, machine):
        """What a window asks of a machine that runs."""
        for method in ("Screenshot", "OpenSerial", "OpenDisplay"):
            names = {"OpenSerial": ("serial0",), "OpenDisplay": ("vnc",)}.get(method, ())
            handed = vm.console(self.made, machine, method, *(GLib.Variant("s", n) for n in names))
            os.close(handed if method == "Screenshot" else handed.detach())
        domain.call(self.made, machine, "GetPerformance")
        domain.call(self.made, machine, "GetLog")
        self.made.call(bus.MANAGER, domain.MANAGER, "GetStatistics", GLib.Variant("(a{sv})", ({},)))
        domain.list_machines(self.made)

    def before_hand_on(self):
        return self._run("handed", "<controller type='usb' model='qemu-xhci'/>")

    def hand_on(self, machine):
        """A port for a USB device of a viewer's, and the same once more."""
        for _ in range(2):
            vm.console(self.made, machine, "OpenUsb").close()

    def before_pause(self):
        return self.before_stop()

    def pause(self, machine):
        domain.call(self.made, machine, "Pause")
        domain.call(self.made, machine, "Resume")

    def before_shutdown(self):
        return self.before_stop()

    def shutdown(self, machine):
        """The guest takes no notice."""
        domain.call(self.made, machine, "Shutdown")

    OPERATIONS = ("create", "copy", "apply", "start", "change", "reset", "stop", "delete", "grow", "grow_running", "inspect",
                  "autostart", "delete_kept", "attach", "detach", "attach_card", "bandwidth", "look", "hand_on", "pause", "shutdown")
    # What the operation itself leads to, and what it may where the helper died in its midst.
    STATES = {"shutdown": ("stopping",), "pause": ("paused",)}
    STATES_AFTER_DEATH = {"start": ("paused",)}

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
        """[(system call, n)] of the operation: any thread's n-th such call is one that can fail."""
        machine = getattr(self, "before_" + operation)()
        with self.traced("-e", "trace=" + ",".join(FAULTS), "-y", "-o", str(self.log)):
            getattr(self, operation)(machine)
        self.settle()
        made, found = collections.Counter(), set()
        for line in self.log.read_text().splitlines():
            call = re.match(r"(\d+) +(\w+)\(", line)
            if call:
                made[call.groups()] += 1
                if not IMPOSSIBLE.search(line):
                    found.add((call[2], made[call.groups()]))
        return sorted(found)

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

    def check(self, operation, what, failed):
        """Old or new, by this helper and by the next; nothing is left, at the latest by the next."""
        died = self.revive(what)
        try:
            told = None if died else self.definitions()
        except GLib.Error:  # it answered, and then died of it: for some time it is there without its bus
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.made.helper.wait(20)
            told, died = None, self.revive(what)
            if not died:
                raise
        # Where the helper died just before the first instruction, the guest waits for Resume, and that is told.
        others = (*self.STATES.get(operation, ()), *(self.STATES_AFTER_DEATH.get(operation, ()) if died else ()))
        for machine, interfaces in self.made.machines().items():
            state = interfaces[domain.MACHINE]["State"]
            tap.true(state in ("off", "running", "crashed", *others), f"{what}: {state}")
        try:
            crash.check_clean(self.made, what, timeout=2)
        except AssertionError as e:
            tap.diag(e)
            self.late += 1
            crash.replace(self.made)
            died = True
            crash.check_clean(self.made, what)
        # What was acknowledged in spite of it is looked for by the next one, or what is open by this one.
        if not died and (failed or self.chance.random() < 0.5):
            crash.replace(self.made)
            died = True
        if told is not None:
            tap.equal(self.definitions(), told, f"{what}: definitions, by the next helper")
        try:
            getattr(self, "after_" + operation, lambda _failed: None)(failed)
        except AssertionError as e:
            raise AssertionError(f"{what}: {e}") from e
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
        self.check(operation, what, failed)


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
        calls = one.count(operation)
        tap.true(len(calls) > 5, f"{operation}: {calls}: does strace work here?")
        faults += [(operation, call, error, number) for call, number in calls for error in FAULTS[call]]
    tap.diag(f"{len(faults)} faults there can be")
    one.rest()
    one.chance.shuffle(faults)
    # Each call of each operation with each error once, and then once more, …
    seen = collections.Counter()
    turns = []
    for fault in faults:
        turns.append((seen[fault[:3]], fault))
        seen[fault[:3]] += 1
    faults = [fault for _turn, fault in sorted(turns, key=lambda turn: turn[0])][:tap.count(60, 2300)]
    wrong = []
    for number, fault in enumerate(faults):
        if number % 20 == 0:  # hundreds of them would be in the way of who looks for processes
            proc.reap("qemu-system", "vmm-shim", "vmm-spawn", "bwrap", "passt")
        if number % 200 == 199:
            tap.diag(f"{number + 1} of {len(faults)}")
        try:
            one.inject(*fault)
        except AssertionError as e:
            # All that there is to mend is told by one round.
            wrong.append(str(e))
            tap.diag(f"wrong: {e}")
            crash.replace(made)
            one.settle()
    tap.figure("system calls that were made to fail", one.injected)
    tap.diag(f"{one.impossible} more, as they never fail; the others were not made that often this time")
    tap.true(one.injected > len(faults) / 2, f"only {one.injected} of {len(faults)} were injected: does strace work here?")
    tap.figure("of them refused by a sentence", one.refused)
    tap.figure("of them after which a file stayed until the next helper", one.late)
    tap.figure("of them that ended the helper", one.restarts)
    tap.equal(wrong, [], "what was wrong")


tap.main()
