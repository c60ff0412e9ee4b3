# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""1,000 defined machines and 50 running ones, beside libvirt: what the list shows, memory, a restart of
the service, all started and turned off, statistics of all, and how soon a killed guest is known."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gi.repository import Gio, GLib

from bench import measure, peers
from lib import bus, domain, ns, proc, tap

MANY, RUNNING, AT_ONCE, KILLS = 1000, 50, 4, 27
SETTLE = 5  # s: all guests have booted, on both sides; who has started them faster has the last ones still booting

measure.need_plain_build()
peers.need()
ns.enter()
proc.become_subreaper()


def resident(pids):
    """MiB."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1])
    return total / 1024


def timed(function):
    begin = measure.now()
    function()
    return measure.now() - begin


class Innkeeper:
    """The session helper; it tells of states by signals, as it tells the window."""

    def __init__(self):
        self.session = bus.Session()
        tap.cleanup(self.session.close)
        tap.on_failure(self.session.print_logs)
        self.loop = GLib.MainLoop()
        self.states = {}
        self.session.connection.signal_subscribe(bus.NAME, bus.PROPERTIES, "PropertiesChanged", None,
                                                 domain.MACHINE, 0, self._on_changed)

    def _on_changed(self, _connection, _sender, path, _interface, _signal, parameters):
        changed = parameters.unpack()[1]
        if "State" in changed:
            self.states[path] = changed["State"]
            self.loop.quit()

    def start_helper(self):
        self.session.start_helper()

    def begin(self, path, method, done=None):
        self.session.connection.call(bus.NAME, path, domain.MACHINE, method, GLib.Variant("(a{sv})", ({},)), None,
                                     Gio.DBusCallFlags.NONE, 60000, None, done)

    def until(self, function):
        timeout = GLib.timeout_add_seconds(60, self.loop.quit)
        end = measure.now() + 60
        while not function():
            tap.true(measure.now() < end, "waited 60 s")
            self.loop.run()
        GLib.source_remove(timeout)

    def list(self):
        """All that the list shows, every value of it read."""
        rows = domain.list_machines(self.session)
        tap.equal(rows.n_children(), MANY, "machines")
        tap.true(rows.is_normal_form(), "rows")  # which walks through all of them, in C as a window would

    def list_everything(self):
        """As the window asks when it begins: every property of every object."""
        reply = self.session.connection.call_sync(
            bus.NAME, bus.ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None, None, 0, 60000,
            None)
        tap.true(reply.get_child_value(0).n_children() > MANY, "objects")

    def statistics(self):
        reply = self.session.connection.call_sync(bus.NAME, bus.MANAGER, domain.MANAGER, "GetStatistics",
                                                  GLib.Variant("(a{sv})", ({},)), None, 0, 60000, None)
        tap.equal(reply.get_child_value(0).n_children(), RUNNING, "machines with statistics")

    def all(self, paths, method, state):
        """Calls for each, AT_ONCE at a time, until all are in that state."""
        todo, busy = list(paths), set()
        for path in paths:
            self.states.pop(path, None)

        def step():
            for path in [p for p in busy if self.states.get(p) == state]:
                busy.discard(path)
            while todo and len(busy) < AT_ONCE:
                busy.add(todo[0])
                self.begin(todo.pop(0), method)
            return not todo and not busy

        self.until(step)


@tap.case
def defined():
    """1,000 machines: what the list shows, memory, a restart of the service"""
    ours = Innkeeper()
    peers.multiply(ours.session, MANY)
    ours.start_helper()
    libvirt = peers.Libvirt(ours.session.environ)
    for i in range(MANY):
        libvirt.define(peers.domain(f"bench{i:04}", f"{ours.session.path}/bench{i:04}.qcow2"))

    def list_theirs():
        """By its API, as virt-manager asks it: names, states, memory, vCPUs, autostart."""
        found = libvirt.connection.listAllDomains()
        tap.equal(len(found), MANY, "machines of libvirt")
        for machine in found:
            machine.name(), machine.info(), machine.autostart(), machine.isPersistent()

    listed = measure.rounds({"Innkeeper, list": lambda: timed(ours.list),
                             "Innkeeper, list with every property": lambda: timed(ours.list_everything),
                             "libvirt, list": lambda: timed(list_theirs)})
    time.sleep(4)  # what the lists took is given back within two seconds
    memory = resident([ours.session.helper.pid]), resident(libvirt.pids())

    def restart_ours():
        ours.session.helper.kill()
        tap.wait_for(lambda: not bus.has_owner(ours.session.connection, bus.NAME), 10, "the name's release", 0.001)
        begin = measure.now()
        ours.session.helper = ours.session.spawn([ours.session.helper.popen.args[0], "--session"], name="vmm-helper")
        tap.wait_for(lambda: bus.has_owner(ours.session.connection, bus.NAME), 20, "the helper", 0.001)
        ours.list()
        return measure.now() - begin

    def restart_theirs():
        return libvirt.restart(list_theirs)

    restarts = measure.rounds({"Innkeeper, restart → list": restart_ours,
                               "libvirt, restart → list": restart_theirs}, count=5)
    measured = {**listed, **restarts}
    measure.show(measured)
    mine, theirs = (measure.median(listed[f"{n}, list"]) * 1000 for n in ("Innkeeper", "libvirt"))
    again, theirs_again = (measure.median(restarts[f"{n}, restart → list"]) * 1000 for n in ("Innkeeper", "libvirt"))
    measure.save("scale-defined", measured, [
        ("all that the list shows of 1,000 machines", f"{mine:.1f} ms (libvirt {theirs:.0f} ms)", "≤ 15 ms in one call"),
        ("helper resident with 1,000 defined", f"{memory[0]:.1f} MiB (libvirt {memory[1]:.0f})", "≤ 16 MiB"),
        ("helper restart → answering, 1,000 defined",
         f"{again / theirs_again:.2f} × libvirt ({again:.0f} and {theirs_again:.0f} ms)", "≤ 0.3 ×"),
    ])


@tap.case
def running():
    """50 guests: all started, statistics of all, all off; a killed one"""
    ours = Innkeeper()
    ours.start_helper()
    libvirt = peers.Libvirt(ours.session.environ)
    paths, theirs = [], []
    for i in range(RUNNING):
        paths.append(domain.create(ours.session, peers.domain(f"run{i:02}", None, memory=32),
                                   storage=domain.storage(domain.new_disk(size=1 << 30))))
        disk = f"{ours.session.path}/libvirt{i:02}.qcow2"
        bus.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1G"])
        theirs.append(libvirt.define(peers.domain(f"run{i:02}", disk, memory=32)))
    ours.session.machines()  # so that its changes are told to us
    pool = ThreadPoolExecutor(AT_ONCE)
    tap.cleanup(pool.shutdown)

    def cycle_ours():
        start = timed(lambda: ours.all(paths, "Start", "running"))
        time.sleep(SETTLE)
        statistics = [timed(ours.statistics) for _ in range(5)]
        return {"start all": start, "statistics of all": measure.median(statistics),
                "off all": timed(lambda: ours.all(paths, "ForceOff", "off"))}

    def cycle_theirs():
        start = timed(lambda: list(pool.map(lambda d: d.create(), theirs)))
        time.sleep(SETTLE)
        statistics = [timed(libvirt.connection.getAllDomainStats) for _ in range(5)]
        return {"start all": start, "statistics of all": measure.median(statistics),
                "off all": timed(lambda: list(pool.map(lambda d: d.destroy(), theirs)))}

    measured = measure.rounds({"Innkeeper": cycle_ours, "libvirt": cycle_theirs}, count=5)

    def kill_one(number):
        path = paths[number % RUNNING]
        ours.all([path], "Start", "running")
        record = ours.session.path / "runtime_dir" / "innkeeper" / domain.uuid_of(path) / "record"
        pid = int(dict(l.split("=", 1) for l in record.read_text().splitlines() if "=" in l)["qemu"])
        begin = measure.now()
        os.kill(pid, signal.SIGKILL)
        ours.until(lambda: ours.states.get(path) == "crashed")
        return measure.now() - begin

    kills = [kill_one(i) for i in range(KILLS)]
    measured["Innkeeper, QEMU killed → known"] = kills
    measure.show(measured)
    ratio = {}
    for what in ("start all", "statistics of all", "off all"):
        mine, other = (measure.median(measured[f"{n}, {what}"]) for n in ("Innkeeper", "libvirt"))
        ratio[what] = f"{mine / other:.2f} × libvirt ({mine * 1000:.0f} and {other * 1000:.0f} ms)"
    ordered = sorted(kills)
    measure.save("scale-running", measured, [
        ("50 guests, start all, 4 at a time", ratio["start all"], "≤ 0.45 ×"),
        ("50 guests, statistics of all", ratio["statistics of all"], "≤ 0.11 ×"),
        ("50 guests, off all", ratio["off all"], "≤ 0.2 ×"),
        ("QEMU killed → known", f"{measure.median(kills) * 1000:.1f} ms, worst of {KILLS} {ordered[-1] * 1000:.0f} ms",
         "≤ 20 ms, p99 100"),
    ])


ns.System()
tap.main()
