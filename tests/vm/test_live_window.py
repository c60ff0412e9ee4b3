# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running machine is changed on its details pages; the guest has what the window says."""

import os
import re

from gi.repository import GLib

from lib import bus, desk, tap, wizard

MACHINE = desk.MACHINE


class Place:
    def __init__(self):
        session = bus.Session()
        tap.cleanup(session.close)
        session.start_helper()
        self.desk = desk.Desk(session, "live")
        self.app = self.desk.app
        self.session = session
        self.desk.create_linux()
        self.app.find("spin button", "Processors").set_value(1)
        wizard.press(self.app, "Create")
        (self.path,) = wizard.wait_for_created(self.app, session)
        self.desk.wait_state(self.path, "running")
        self.viewer = desk.Viewer(session, self.path)
        self.viewer.wait_for_shell()

    def choose(self, page):
        """Of the list of hardware."""
        from gi.repository import Atspi

        wizard.choose_tab(self.app, "Details")
        rows = self.app.find("list", "Hardware", timeout=20)
        for i, row in enumerate(rows.children()):
            if any(n.name == page for n in row.walk()):
                Atspi.Selection.select_child(rows.a, i)
                return
        raise AssertionError(f"no {page} in the hardware list")

    def set(self, label, value):
        self.app.find("spin button", label, timeout=20).set_value(value)
        self.app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
        self.app.find("label", contains="Saved.", timeout=20)

    def ask(self, command, pattern):
        """What is typed at the guest; @pattern is not in it."""
        os.write(self.viewer.fd, command.encode() + b"\n")
        self.viewer.wait_for(pattern, 60)


@tap.case
def live():
    """Processors and memory on their pages: the guest has more of them at once, and what waits says why"""
    it = Place()
    it.choose("Processors")
    it.set("Processors", 2)
    it.ask("for c in /sys/devices/system/cpu/cpu[1-9]; do echo 1 > $c/online; done; echo has-$(nproc)-of", "has-2-of")
    tap.equal(it.session.get(it.path, MACHINE, "Pending"), [], "what waits")
    tap.equal(it.session.get(it.path, MACHINE, "Vcpus"), 2, "as it is told")
    it.desk.display.screenshot(it.desk.picture("processors"))
    it.set("Processors", 200)
    it.app.find(contains="It has begun with places for", timeout=20)
    it.desk.display.screenshot(it.desk.picture("waits"))
    tap.equal(it.session.get(it.path, MACHINE, "Pending"), ["cpu/vcpus"], "what waits")
    it.choose("Memory")
    size = it.session.get(it.path, MACHINE, "Memory")
    it.ask("echo 'online_movable' > /sys/devices/system/memory/auto_online_blocks; echo on$((1))line", "on1line")
    it.ask("echo before-$(grep -o 'MemTotal.*[0-9]' /proc/meminfo | tr -dc 0-9)-kB", r"before-\d+-kB")
    it.set("Memory", 2 * it.app.find("spin button", "Memory", timeout=20).value)
    it.ask("echo after-$(grep -o 'MemTotal.*[0-9]' /proc/meminfo | tr -dc 0-9)-kB", r"after-\d+-kB")
    before, after = (int(re.search(w + r"-(\d+)-kB", it.viewer.text).group(1)) for w in ("before", "after"))
    tap.equal(after - before, size // 1024, "kB more")
    it.desk.display.screenshot(it.desk.picture("memory"))
    it.session.call(it.path, MACHINE, "ForceOff", GLib.Variant("(a{sv})", ({},)))


tap.main()
