# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A QEMU that a guest has taken over, at the other end of the helper's monitors: whatever it says, the helper stays
whole and small, ends it when it is told to, and goes on answering for the other machines."""

import contextlib
import os
import statistics
import subprocess
import time
from pathlib import Path

from gi.repository import GLib

from lib import domain, evil_qemu, ns, proc, system, tap, vm

MIB = 1024 * 1024
# What one machine may make the helper grow by. A sanitizer keeps what was freed, and surrounds what was not.
PLAIN_LIMIT, SANITIZED_LIMIT = 16 * MIB, 64 * MIB

ns.enter()
room = system.make(activated=False)
evil_qemu.install(room.dir / "bin")
tap.cleanup(subprocess.run, ["umount", "-l", "/usr/bin"], check=True)
root = system.Root(room)
tap.on_failure(root.print_logs)
root.start_helper(extra_env={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"})
tap.cleanup(root.close)
SANITIZED = "asan" in Path(f"/proc/{root.helper.pid}/maps").read_text()


def anonymous():
    """Bytes of the helper's own memory."""
    text = Path(f"/proc/{root.helper.pid}/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) * 1024


class Others:
    """Other machines, with the real QEMU and without one, and how long calls for them take."""

    def __init__(self):
        self.took = []
        self.quiet = domain.create(root, domain.xml("quiet"))
        self.running = domain.create(root, vm.real_mode("running", root))
        vm.start(root, self.running)
        vm.serial(root, self.running).expect("REAL MODE", 30)

    def ask(self):
        for machine, method in ((self.quiet, "GetXml"), (self.running, "Pause"), (self.running, "Resume"),
                                (self.running, "GetLog")):
            before = time.monotonic()
            domain.call(root, machine, method)
            self.took.append(time.monotonic() - before)
        tap.equal(vm.state(root, self.running), "running", "the other machine")

    def watch(self, seconds):
        """Asks all the while; answers the most that the helper has grown to."""
        end, most = time.monotonic() + seconds, anonymous()
        while time.monotonic() < end:
            self.ask()
            most = max(most, anonymous())
            time.sleep(0.01)
        return most

    def p99(self):
        return statistics.quantiles(self.took, n=100)[98] * 1000

    def close(self):
        vm.force_off(root, self.running)
        for machine in (self.running, self.quiet):
            domain.delete(root, machine)


def evil(way):
    return domain.create(root, vm.definition(f"evil {way}", memory=32, machine="pc"))


def end(machine, way):
    """It is off within a moment, whatever it says, and may be deleted."""
    # One that closes its monitors may be gone by now, or just be going.
    if vm.state(root, machine) != "off":
        with contextlib.suppress(GLib.Error):
            vm.force_off(root, machine)
    state = tap.wait_for(lambda: vm.state(root, machine) in ("off", "crashed") and vm.state(root, machine), 20, f"{way}: its end")
    if state == "crashed":
        vm.force_off(root, machine)
    tap.equal(vm.state(root, machine), "off", way)
    domain.delete(root, machine)


def files():
    return len(os.listdir(f"/proc/{root.helper.pid}/fd"))


@tap.case
def one_after_the_other():
    """Each way alone: no growth, no crash, the other machines' calls go on, and it can be ended"""
    others = Others()
    tap.cleanup(others.close)
    others.watch(1)
    open_before, grown = files(), {}
    for way in evil_qemu.WAYS:
        machine = evil(way)
        before = anonymous()
        job = domain.call(root, machine, "Start")[0]
        late = way.startswith("late-")
        if late:
            domain.wait_job(root, job)  # until then it behaves
        most = others.watch(tap.count(0.8, 30))
        tap.true(root.helper.running(), f"{way}: the helper goes on")
        grown[way] = most - before
        end(machine, way)
        state = domain.wait_job(root, job)
        # A start that fails says why; one that was ended meanwhile says that.
        tap.true(state["State"] == "done" if late else state["State"] in ("failed", "cancelled"), f"{way}: {state}")
        tap.true(late or state["ErrorMessage"].endswith("."), f"{way}: {state}")
    tap.diag(", ".join(f"{w} {g / MIB:.1f}" for w, g in grown.items()))
    tap.wait_for(lambda: files() <= open_before, 10, f"files that are left: {files()}, {open_before} before")
    tap.equal([p for p in proc.descendants() if "guest=evil" in proc.cmdline(p)], [], "processes left")
    limit = SANITIZED_LIMIT if SANITIZED else PLAIN_LIMIT
    tap.true(max(grown.values()) <= limit, f"it grows: {grown}")
    tap.figure(f"hostile QMP peers, {len(grown)} ways: growth at most{' (sanitized)' if SANITIZED else ''}",
               f"{max(grown.values()) / MIB:.1f} MiB")
    tap.figure("hostile QMP peers: calls for other machines, p99", f"{others.p99():.1f} ms of {len(others.took)}")


@tap.case
def all_at_once():
    """All ways at the same time: the same"""
    others = Others()
    tap.cleanup(others.close)
    before = anonymous()
    machines = {way: evil(way) for way in evil_qemu.WAYS}
    for machine in machines.values():
        domain.call(root, machine, "Start")
    most = others.watch(tap.count(5, 60))
    tap.true(root.helper.running(), "the helper goes on")
    for way, machine in machines.items():
        end(machine, way)
    limit = len(machines) * (SANITIZED_LIMIT if SANITIZED else PLAIN_LIMIT)
    tap.true(most - before <= limit, f"it grows by {(most - before) / MIB:.1f} MiB")
    tap.figure(f"{len(machines)} hostile QMP peers at once: growth{' (sanitized)' if SANITIZED else ''}",
               f"{(most - before) / MIB:.1f} MiB")
    tap.figure("hostile QMP peers at once: calls for other machines, p99", f"{others.p99():.1f} ms of {len(others.took)}")


@tap.case
def never_greets():
    """A QEMU that never greets: its start can be cancelled, or fails with a sentence after a minute"""
    machine = evil("silent")
    job = domain.call(root, machine, "Start")[0]
    if not tap.count(0, 1):
        tap.wait_for(lambda: root.get(job, domain.JOB, "Step") == "Waiting for QEMU", 20, "the step")
        root.call(job, domain.JOB, "Cancel", GLib.Variant("(a{sv})", ({},)))
    state = domain.wait_job(root, job, 90)
    tap.equal(state["State"], tap.count("cancelled", "failed"), "the start")
    tap.true(state["ErrorMessage"].endswith("."), state)
    tap.wait_for(lambda: not [p for p in proc.descendants() if "guest=evil" in proc.cmdline(p)], 10, "its processes' end")
    domain.delete(root, machine)


tap.main()
