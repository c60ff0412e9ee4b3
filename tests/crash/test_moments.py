# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper killed at random moments of every verb, stop and reset too, which have no steps: nothing is wedged,
nothing is left, and the next call works."""

import os
import random
import signal
import time

from gi.repository import GLib

from lib import bus, crash, domain, proc, tap, vm

SEED = 20261122
NEW = domain.storage(domain.new_disk("vdb"))


class Moments:
    """One machine, off or running as the next verb wants it, and one more that comes and goes."""

    def __init__(self, made):
        self.made = made
        self.chance = random.Random(SEED)
        self.machine = domain.create(made, vm.real_mode("moments", made))
        self.slowest = 0

    def call(self, machine, method, *args, **opts):
        """Sent, and not waited for."""
        parameters = GLib.Variant.new_tuple(*args, GLib.Variant("a{sv}", domain.options(**opts)))
        interface = domain.MANAGER if machine == bus.MANAGER else domain.MACHINE
        self.made.helper_bus.call(bus.NAME, machine, interface, method, parameters, None, 0, 1000, None, None)
        self.made.helper_bus.flush_sync()

    def be(self, wanted):
        state = vm.state(self.made, self.machine)
        if wanted == "off" and state not in ("off", "crashed"):
            vm.force_off(self.made, self.machine)
        elif wanted == "running" and state in ("off", "crashed"):
            vm.start(self.made, self.machine)
        elif wanted == "running" and state == "paused":
            domain.call(self.made, self.machine, "Resume")

    def create(self):
        self.call(bus.MANAGER, "Create", GLib.Variant("s", domain.xml("new", domain.disk("vdb"))), storage=NEW)

    def apply(self):
        xml = domain.call(self.made, self.machine, "GetXml")[0]
        if 'dev="vdb"' in xml:
            start = xml.index("<disk", xml.index("</disk>"))
            xml = xml[:start] + xml[xml.index("</disk>", start) + len("</disk>"):]
            self.call(self.machine, "Apply", GLib.Variant("s", xml))
        else:
            xml = xml.replace("</disk>", "</disk>" + domain.disk("vdb"), 1)
            self.call(self.machine, "Apply", GLib.Variant("s", xml), storage=NEW)

    def start(self):
        self.be("off")
        self.call(self.machine, "Start")

    def force_off(self):
        self.be("running")
        self.call(self.machine, "ForceOff")

    def shutdown(self):
        self.be("running")
        self.call(self.machine, "Shutdown")

    def reset(self):
        self.be("running")
        self.call(self.machine, "Reset")

    def pause(self):
        self.be("running")
        self.call(self.machine, "Pause")

    def delete(self):
        for machine in self.made.machines():
            if machine != self.machine:
                self.call(machine, "Delete")
                return
        self.call(domain.create(self.made, domain.xml("new", domain.disk("vdb")), storage=NEW), "Delete")

    # How long each takes on a quiet machine, with sanitizers: a kill after that is after the verb.
    VERBS = {create: 0.2, apply: 0.2, start: 0.6, force_off: 0.1, shutdown: 0.05, reset: 0.05, pause: 0.05, delete: 0.1}

    def round(self, verb):
        before = vm.state(self.made, self.machine)
        pid = vm.pid(self.made, self.machine) if before in ("running", "paused") else None
        verb(self)
        after = self.chance.random() * self.VERBS[verb]
        time.sleep(after)
        crash.replace(self.made)
        what = f"{verb.__name__}, killed after {after * 1000:.1f} ms"
        begun = time.monotonic()
        state = vm.state(self.made, self.machine)
        # The next call, which takes the machine as it was found.
        domain.call(self.made, self.machine, "SetAutostart", GLib.Variant("b", False))
        self.slowest = max(self.slowest, time.monotonic() - begun)
        tap.true(state in ("off", "running", "paused"), f"{what}: {state}: {vm.reason(self.made, self.machine)}")
        if pid and verb in (Moments.create, Moments.apply, Moments.delete, Moments.reset, Moments.pause):
            tap.equal(vm.pid(self.made, self.machine), pid, f"{what}: the guest's process")
        crash.check_clean(self.made, what)
        for machine in self.made.machines():
            for entry in domain.call(self.made, machine, "ListStorage")[0]:
                if entry["path"].endswith(".qcow2") and state == "off":
                    bus.run(["qemu-img", "check", "-q", entry["path"]])
        if verb in (Moments.start, Moments.force_off):
            self.be("running" if state == "off" else "off")


@tap.case
def random_moments():
    """A kill at any moment of any verb: a guest is off or runs, what is there is whole, nothing is left"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    moments = Moments(made)
    verbs = list(Moments.VERBS)
    count = tap.count(24, 500)
    for number in range(count):
        # each as often, in an order of chance
        if number % len(verbs) == 0:
            moments.chance.shuffle(verbs)
        moments.round(verbs[number % len(verbs)])
    moments.be("off")
    tap.figure("kills at random moments", count)
    tap.figure("ms until the first calls after such a kill were answered, at most", f"{moments.slowest * 1000:.0f}")


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []  # it has ended


def hold_early(made):
    """Stops bubblewrap as soon as it has a child, which then cannot have asked to die with it. Whether it did."""
    spawner, = children(made.helper.pid)
    for _ in range(100000):
        for room in children(spawner):
            inside = children(room)
            if inside:
                os.kill(room, signal.SIGSTOP)
                return "bwrap" in proc.cmdline(inside[0])
    return False


@tap.case
def rooms():
    """A kill just when bubblewrap has a child: nobody is left who asks QEMU what it can do, or copies an image"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    machine = domain.create(made, vm.real_mode("asked", made))
    source = made.path / "source.raw"
    source.write_bytes(bytes(domain.MIB))

    def ask():
        for cache in domain.folder(made).parent.rglob("caps-*"):
            cache.unlink()
        domain.call(made, machine, "Start")

    def copy():
        with open(source, "rb") as image:
            copied = {"target": GLib.Variant("s", "vda"), "image": GLib.Variant("h", 0), "format": GLib.Variant("s", "raw")}
            xml = domain.xml("copied", domain.disk("vda"))
            made.call(bus.MANAGER, domain.MANAGER, "Create",
                      GLib.Variant("(sa{sv})", (xml, {"storage": domain.storage(copied)})), fds=[image.fileno()])

    for act in (ask, copy):
        early, count = 0, tap.count(10, 50)
        for number in range(count):
            act()
            early += hold_early(made)
            crash.replace(made)
            tap.wait_for(lambda: not proc.find("qemu-system") and not proc.find("bwrap"), 5,
                         f"{act.__name__}, {number}: the end of {proc.find('bwrap')}, {proc.find('qemu-system')}")
            crash.check_clean(made, f"{act.__name__}, {number}")
        tap.figure(f"kills beside bubblewrap as its child begins, of {act.__name__}", early)
        tap.true(early > count / 10, f"{early} of {count} were held early: too few")


tap.main()
