# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel and its initial RAM disk from the wizard; the guest answers what is typed in its serial tab."""

import os
import re
import select
import time
from pathlib import Path

from gi.repository import GLib

from lib import bus, env, guest, tap, wizard, xvfb

MACHINE = "org.innkeeper.Helper1.Machine"
CONSOLE = "org.innkeeper.Helper1.Console"


class Viewer:
    """Another viewer of the line, by D-Bus: what it reads is what the guest said."""

    def __init__(self, session, path):
        serials = tap.wait_for(lambda: session.get(path, CONSOLE, "Serials"), 20, "a serial line")
        _, (self.fd,) = bus.call(session.connection, path, CONSOLE, "OpenSerial",
                                 GLib.Variant("(sa{sv})", (serials[0][0], {})))
        self.text = ""

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

    def close(self):
        os.close(self.fd)


@tap.case
def serial():
    """Kernel and initrd → Create: a command typed in the serial tab is answered by the guest"""
    session = bus.Session()
    tap.cleanup(session.close)
    display = xvfb.Display(session, "1600x1100")
    session.start_helper()
    app = wizard.start_app(session, display)
    tap.cleanup(wizard.end_app, app)
    tap.on_failure(lambda: display.screenshot(env.artifacts_dir("serial") / "failed.png"))
    tap.on_failure(session.print_logs)
    # The guests' files as the user's own, whom /boot may not let read them.
    home = Path(session.environ["HOME"])
    kernel, initrd = home / "vmlinuz", home / "initrd.gz"
    kernel.write_bytes(guest.kernel()[0].read_bytes())
    initrd.write_bytes(guest.initramfs().read_bytes())

    wizard.open_from_menu(app)
    wizard.press(app, "Linux Kernel…")
    wizard.press(app, "Choose the Kernel")
    wizard.choose_file(display, "Choose a Kernel", kernel)
    app.find("label", contains=str(kernel), timeout=20)
    wizard.press(app, "Choose the Initial RAM Disk")
    wizard.choose_file(display, "Choose an Initial RAM Disk", initrd)
    app.find("label", contains=str(initrd), timeout=20)
    wizard.set_entry(app, "Kernel options", guest.CMDLINE)
    wizard.press(app, "Continue")
    wizard.wait_for_summary(app)
    wizard.set_name(app, "busybox")
    wizard.press(app, "Create")
    (path,) = wizard.wait_for_created(app, session)
    tap.wait_for(lambda: session.get(path, MACHINE, "State") == "running", 60, "its start")

    viewer = Viewer(session, path)
    tap.cleanup(viewer.close)
    viewer.wait_for("GUEST-UP", 240)
    viewer.wait_for(re.escape(guest.PROMPT), 60)
    wizard.choose_tab(app, "Serial 1")
    terminal = app.find(name="Text line of the machine", timeout=20)
    tap.wait_for(lambda: terminal.extents()[2] > 100, 20, "the terminal's place")
    app.mouse(terminal)
    # The answer is not in the question: only the guest's shell makes 42 of it.
    display.type("echo answer-$((6*7))-end")
    viewer.wait_for(r"answer-\$\(\(6\*7\)\)-end", 60)
    time.sleep(1)
    asked = display.screenshot(env.artifacts_dir("serial") / "asked.png")
    display.key("Return")
    viewer.wait_for("answer-42-end", 60)
    # A line of text and a prompt; the cursor's blinking alone makes 0.007.
    tap.wait_for(lambda: xvfb.difference(display.screenshot(env.artifacts_dir("serial") / "answered.png"),
                                         asked) > 0.010, 20, "the answer in the window")
    session.call(path, MACHINE, "ForceOff", GLib.Variant("(a{sv})", ({},)))


tap.main()
