# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a C test of widgets on a screen and a session bus of its own: run_on_screen.py PROGRAM.

With --managed before it there is a window manager, who says which window has the focus."""

import subprocess
import sys

from lib import bus, tap, xvfb


def main():
    session = bus.Session()
    try:
        display = xvfb.Display(session, "1600x1200")
        # "test" is what gtk_test_accessible_*() needs; nothing listens on the accessibility bus here.
        environ = {**display.environ, "GTK_A11Y": "test", "G_MESSAGES_DEBUG": ""}
        command = sys.argv[1:]
        if command[0] == "--managed":
            command = command[1:]
            session.spawn(["openbox"], name="openbox")
            tap.wait_for(display.is_managed, 20, "the window manager")
        return subprocess.run(command, env=environ, timeout=280).returncode
    finally:
        session.close()


sys.exit(main())
