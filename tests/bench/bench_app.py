# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the program's start to its first frame, without machines and with 1,000, beside virt-manager;
what both use of the CPU when nothing happens."""

import os
import subprocess

from bench import frames, measure, peers
from lib import bus, env, ns, proc, tap

MANY = 1000
SETTLE_SECONDS = 3  # after the first frame; who is busy for longer counts as settled then
IDLE_SECONDS = int(os.environ.get("INN_BENCH_IDLE", "15"))

measure.need_plain_build()
peers.need()
ns.enter()
proc.become_subreaper()


class Program:
    """A program with a window that is started again and again."""

    def __init__(self, session, screen, argv, helpers=lambda: []):
        self.session, self.screen, self.argv, self.helpers = session, screen, argv, helpers

    def open(self):
        drawn = self.screen.watch()
        begin = measure.now()
        process = subprocess.Popen([str(a) for a in self.argv], env=self.session.environ,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        first = frames.first_frame(drawn, process, begin)
        return process, drawn, begin, first

    def pids(self, process):
        return [process.pid, *proc.descendants(process.pid)]

    def close(self, process, drawn):
        for pid in reversed(self.pids(process)):
            try:
                os.kill(pid, 15)
            except ProcessLookupError:
                pass
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.screen.wait_empty(drawn)

    def once(self):
        process, drawn, begin, first = self.open()
        done = frames.settled(lambda: self.pids(process), begin, first + SETTLE_SECONDS)
        self.close(process, drawn)
        return {"first frame": first, "settled": done}

    def idle(self):
        """Per cent of one core: the program's, its service's."""
        process, drawn, begin, _ = self.open()
        frames.settled(lambda: self.pids(process), begin)
        share = measure.cpu_share([*self.pids(process), *self.helpers()], IDLE_SECONDS)
        self.close(process, drawn)
        return share


def start(count, libvirt):
    """(session, {name: Program}) with that many machines in both."""
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    screen = frames.Screen(session)
    if count:
        peers.multiply(session, count)
    session.start_helper()
    tap.equal(len(session.machines()), count, "machines of the helper")
    for i in range(count):
        libvirt.define(peers.domain(f"bench{i:04}", f"{session.path}/bench{i:04}.qcow2"))
    tap.equal(len(libvirt.connection.listAllDomains()), count, "machines of libvirt")
    return {
        "Innkeeper": Program(session, screen, [env.APP], lambda: [session.helper.pid]),
        "virt-manager": Program(session, screen, ["/usr/bin/virt-manager", "--connect",
                                                  "qemu:///system", "--no-fork"], libvirt.pids),
    }


def run(name, count, goal):
    ns_session = bus.Session()
    tap.cleanup(ns_session.close)
    libvirt = peers.Libvirt(ns_session.environ)
    programs = start(count, libvirt)
    measured = measure.rounds({f"{n}, {count} machines": p.once for n, p in programs.items()})
    measure.show(measured)
    ours = measure.median(measured[f"Innkeeper, {count} machines, first frame"])
    theirs = measure.median(measured[f"virt-manager, {count} machines, first frame"])
    goals = [(f"app: process start → first frame, {count} machines",
              f"{ours / theirs:.3f} × virt-manager ({ours * 1000:.0f} and {theirs * 1000:.0f} ms)", goal)]
    if count:
        ours, theirs = programs["Innkeeper"].idle(), programs["virt-manager"].idle()
        goals.append((f"idle CPU with {count} machines, window and service",
                      f"{ours:.2f} % of a core (virt-manager and libvirt {theirs:.2f} %)", "< 1 %"))
    measure.save(name, measured, goals)


@tap.case
def empty():
    """The window without machines"""
    run("app-empty", 0, "≤ 0.5 × virt-manager")


@tap.case
def many():
    """The window with 1,000 machines"""
    run("app-many", MANY, "≤ 0.08 × virt-manager")


ns.System()
tap.main()
