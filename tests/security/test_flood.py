# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user who floods the helper: it stays whole and goes on answering. How fast it answers another user,
and how much it grows, is measured without sanitizers: tests/bench/bench_flood.py."""

import os

from lib import bus, domain, flood, ns, proc, rawbus, system, tap
from lib.caller import Caller

ns.enter()
room = system.make()
root = system.Root(room)
tap.on_failure(root.print_logs)
root.start_helper()
tap.cleanup(root.close)


def victim(name="quiet"):
    one = Caller(ns.USER)
    tap.cleanup(one.close)
    return system.create(one, domain.xml(name))[0]


def ease():
    """What the helper holds: threads, processes, files but for one of each machine's folder."""
    pid = root.helper.pid
    files = len(os.listdir(f"/proc/{pid}/fd")) - len(os.listdir(f"{ns.STATE}/machines"))
    return len(os.listdir(f"/proc/{pid}/task")), len(proc.descendants(pid)), files


@tap.case
def flooded():
    """While one user asks all it can in five ways, another one is answered, and nothing is left of it"""
    path = victim()
    before = ease()
    it = flood.Flood(ns.OTHER, tap.count(10, 60))
    took = flood.watch(it, ns.USER, path)
    asked = it.end()
    tap.true(all(asked.values()), f"nothing was asked: {asked}")
    tap.diag(f"asked: {asked}")
    took = took["helper"]
    tap.true(len(took) > 5 and root.helper.running(), f"{len(took)} answers")

    def calm():
        threads, processes, files = ease()
        return threads <= before[0] + 4 and processes <= before[1] and files <= before[2] + 8

    tap.wait_for(calm, 60, f"the end of it all: {before}, now {ease()}")
    tap.figure("calls, 1 MiB messages, connections, jobs, 20,000-device definitions in the flood",
               ", ".join(str(asked[w]) for w in flood.WAYS))


def asked(it, path):
    """The definition, or that it is too much."""
    it.sendall(rawbus.call(path, domain.MACHINE, "GetXml"))
    seen = b""
    while b"</domain>" not in seen and b"Too many requests at once" not in seen:
        seen += it.recv(1 << 20)  # or a timeout
    return seen


@tap.case
def unanswered():
    """Calls that want no answer, by the hundred, keep nobody from asking afterwards"""
    path = victim("asked")
    with rawbus.as_user(ns.USER):
        it = rawbus.connect()
    for _ in range(100):
        it.sendall(rawbus.call(bus.ROOT, flood.OBJECTS, "GetManagedObjects", "()", reply=False) +
                   rawbus.call(path, domain.MACHINE, "GetXml", reply=False) +
                   rawbus.call(bus.ROOT + "/machines/none", domain.MACHINE, "Start", reply=False))
    # While they are under way it is one of too many (256 of a connection may be), and is told so.
    tap.wait_for(lambda: b"</domain>" in asked(it, path), 20, "an answer when they are done", 0.1)
    it.close()


tap.main()
