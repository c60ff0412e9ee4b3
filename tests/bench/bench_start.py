# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From "start" to running, and from "force off" to off: QEMU alone, Innkeeper, libvirt, in turn."""

import os

from gi.repository import GLib

from bench import measure, peers
from lib import bus, domain, ns, proc, tap

measure.need_plain_build()
peers.need()
ns.enter()
proc.become_subreaper()


class Innkeeper:
    """One machine of the session helper."""

    def __init__(self, session):
        self.session = session
        xml = peers.domain("bench", None)
        self.path = domain.create(session, xml, storage=domain.storage(domain.new_disk(size=1 << 30)))
        self.loop = GLib.MainLoop()
        self.state = "off"
        session.connection.signal_subscribe(bus.NAME, bus.PROPERTIES, "PropertiesChanged", self.path,
                                            domain.MACHINE, 0, self._on_changed)
        # The helper tells a machine's changes to those who have asked for the objects.
        session.machines()

    def _on_changed(self, _connection, _sender, _path, _interface, _signal, parameters):
        self.state = parameters.unpack()[1].get("State", self.state)
        self.loop.quit()

    def _wait(self, state):
        timeout = GLib.timeout_add_seconds(30, self.loop.quit)
        while self.state != state:
            self.loop.run()
            if self.state not in (state, "starting", "stopping", "off", "running"):
                break
        GLib.source_remove(timeout)
        tap.equal(self.state, state, "state")

    def start(self):
        begin = measure.now()
        domain.call(self.session, self.path, "Start")
        self._wait("running")
        return measure.now() - begin

    def force_off(self):
        begin = measure.now()
        domain.call(self.session, self.path, "ForceOff")
        seconds = measure.now() - begin
        self._wait("off")
        return seconds

    def cycle(self):
        return {"start": self.start(), "force off": self.force_off()}


def cycle_libvirt(machine):
    begin = measure.now()
    machine.create()
    running = measure.now()
    machine.destroy()
    return {"start": running - begin, "force off": measure.now() - running}


@tap.case
def start_and_force_off():
    """Start over D-Bus and force off, beside bare QEMU and libvirt"""
    ns.System()
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    session.start_helper()
    ours = Innkeeper(session)
    libvirt = peers.Libvirt(session.environ)
    disk = f"{session.path}/libvirt.qcow2"
    bus.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1G"])
    theirs = libvirt.define(peers.domain("bench", disk))

    ours.start()
    pid = next(p for p in proc.find("qemu-system") if os.readlink(f"/proc/{p}/exe").endswith("x86_64"))
    bare = peers.BareQemu(pid)
    tap.diag(" ".join(bare.argv))
    ours.force_off()

    measured = measure.rounds({
        "bare QEMU, start": bare.start,
        "Innkeeper": ours.cycle,
        "libvirt": lambda: cycle_libvirt(theirs),
    })
    measure.show(measured)
    base = measure.median(measured["bare QEMU, start"])
    ratio = measure.median(measured["Innkeeper, start"]) / base
    off = measure.median(measured["Innkeeper, force off"]) * 1000
    their_ratio = measure.median(measured["libvirt, start"]) / base
    their_off = measure.median(measured["libvirt, force off"]) * 1000
    measure.save("start", measured, [
        ("Start over D-Bus → running", f"{ratio:.2f} × bare QEMU (libvirt {their_ratio:.2f} ×)",
         "≤ 1.5 × bare QEMU with the same arguments"),
        ("force off", f"{off:.1f} ms (libvirt {their_off:.0f} ms)", "≤ 20 ms"),
    ])


tap.main()
