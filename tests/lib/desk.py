# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's desk: a session, a screen, the app on it, and what is to be seen in its console."""

import os
import re
import select
import subprocess
import time
from pathlib import Path

from gi.repository import GLib

from . import bus, env, guest, tap, wizard, xvfb

MACHINE = bus.NAME + ".Machine"
CONSOLE = bus.NAME + ".Console"


class Desk:
    """@session: with its helper running. @name: of the folder for pictures. @size: of the screen,
    or one that is there. @keep: till all cases have run; @end: by itself."""

    def __init__(self, session, name, size="1600x1100", extra_env=None, keep=False, end=True, scale=1,
                 geometry=None):
        self.session = session
        self.geometry = geometry  # of the app on the screen, where it has no X window
        self.scale = scale  # device pixels to one of the app's
        self.name = name
        self.home = Path(session.environ["HOME"])
        self.display = size if isinstance(size, xvfb.Display) else xvfb.Display(session, size)
        self.app = wizard.start_app(session, self.display, extra_env=extra_env)
        if end:
            (tap.cleanup_at_end if keep else tap.cleanup)(wizard.end_app, self.app)
        tap.on_failure(lambda: self.display.screenshot(self.picture("failed")))
        tap.on_failure(session.print_logs)

    def picture(self, name):
        return env.artifacts_dir(self.name) / f"{name}.png"

    def window(self):
        """The X window of the app's main window."""
        return wizard.shown(self.display, "Innkeeper")[-1]

    def place(self, node):
        """(x, y, width, height) of a widget on the X screen."""
        x, y, width, height = (n * self.scale for n in node.extents())
        left, top, outer, _ = self.geometry or self.display.geometry(self.window())
        # Accessible coordinates begin inside the border that the window draws itself.
        border = (outer - self.app.find("frame", name="Innkeeper").extents()[2] * self.scale) // 2
        return left + border + x, top + border + y, width, height

    def screen(self):
        """Where the guest's screen is shown."""
        return self.place(self.app.find("image", contains="Screen of"))

    def crop(self, name):
        """The guest's screen as the window shows it: a crop of the X screen, as a PNG."""
        x, y, width, height = self.screen()
        whole = self.display.screenshot(self.picture("whole"))
        path = self.picture(name)
        subprocess.run(["convert", whole, "-crop", f"{width}x{height}+{x}+{y}", "+repage", path], check=True)
        return path

    def choose_system(self):
        """The machines of the whole computer instead of one's own."""
        self.app.click("My Machines", "push button")
        self.app.find("list item", "My Machines", where=lambda n: n.has_state("focused"))
        self.display.key("Down", "Return")
        self.app.find("push button", "System Machines")

    def close_dialog(self):
        """By the keyboard, and looked for on the screen: GTK 4.8 may crash when its accessible tree is
        walked while a window goes."""
        def windows():
            return self.display.windows(self.app.pid)

        *_, dialog = before = windows()
        x, y, width, height = self.display.geometry(dialog)
        self.display.move(x + width / 2, y + height / 2)  # keys go where the pointer is
        self.display.key("Escape")
        tap.wait_for(lambda: len(windows()) < len(before), 10, "the dialog's end")

    def state(self, path):
        return self.session.get(path, MACHINE, "State")

    def wait_state(self, path, wanted, timeout=60):
        tap.wait_for(lambda: self.state(path) == wanted, timeout, f"the state {wanted}")

    def create_linux(self, name="busybox", cmdline=guest.CMDLINE, initramfs=None):
        """The busybox guest by the wizard, as far as the page with Create."""
        # The guests' files as the user's own, whom /boot may not let read them.
        kernel, initrd = self.home / "vmlinuz", self.home / "initrd.gz"
        kernel.write_bytes(guest.packed_kernel()[0].read_bytes())
        initrd.write_bytes((initramfs or guest.initramfs()).read_bytes())
        self.session.give(kernel)
        self.session.give(initrd)
        wizard.open_from_menu(self.app)
        wizard.press(self.app, "Linux Kernel…")
        wizard.press(self.app, "Choose the Kernel")
        wizard.choose_file(self.display, "Choose a Kernel", kernel)
        self.app.find("label", contains=str(kernel), timeout=20)
        wizard.press(self.app, "Choose the Initial RAM Disk")
        wizard.choose_file(self.display, "Choose an Initial RAM Disk", initrd)
        self.app.find("label", contains=str(initrd), timeout=20)
        wizard.set_entry(self.app, "Kernel options", cmdline)
        wizard.press(self.app, "Continue")
        wizard.wait_for_summary(self.app)
        wizard.set_name(self.app, name)

    def type_in_serial_tab(self, viewer):
        """A command typed in the serial tab is answered: the guest says so, and the window shows it."""
        wizard.choose_tab(self.app, "Serial 1")
        terminal = self.app.find(name="Text line of the machine", timeout=20)
        tap.wait_for(lambda: terminal.extents()[2] > 100, 20, "the terminal's place")
        self.app.mouse(terminal)
        # The answer is not in the question: only the guest's shell makes 42 of it.
        self.display.type("echo answer-$((6*7))-end")
        viewer.wait_for(r"answer-\$\(\(6\*7\)\)-end", 60)
        asked = self.still("asked")
        self.display.key("Return")
        viewer.wait_for("answer-42-end", 60)
        # A line of text and a prompt.
        tap.wait_for(lambda: xvfb.difference(self.display.screenshot(self.picture("answered")), asked) > 0.010,
                     20, "the answer in the window")

    def still(self, name):
        """The screen, once nothing moves but a cursor, whose blinking makes 0.007 of difference."""
        earlier, now = self.picture(f"{name}-earlier"), self.picture(name)
        self.display.screenshot(now)

        def stands():
            now.replace(earlier)
            return xvfb.difference(self.display.screenshot(now), earlier) < 0.008

        tap.wait_for(stands, 20, "a picture that stands still", 0.2)
        return now


class Viewer:
    """Another viewer of a serial line, by D-Bus: what it reads is what the guest said."""

    def __init__(self, session, path, connection=None):
        serials = tap.wait_for(lambda: session.get(path, CONSOLE, "Serials"), 20, "a serial line")
        _, (self.fd,) = bus.call(connection or session.helper_bus, path, CONSOLE, "OpenSerial",
                                 GLib.Variant("(sa{sv})", (serials[0][0], {})))
        self.text = ""
        tap.cleanup(os.close, self.fd)

    def wait_for(self, pattern, timeout):
        end = time.monotonic() + timeout
        while not re.search(pattern, self.text):
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"waited {timeout} s for {pattern} in {self.text[-2000:]!r}")
            data = os.read(self.fd, 65536)
            if not data:
                raise AssertionError(f"the line ended after {self.text[-2000:]!r}")
            self.text += data.decode(errors="replace")

    def wait_for_shell(self):
        self.wait_for("GUEST-UP", 240)
        self.wait_for(re.escape(guest.PROMPT), 60)
