# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window's size is the one it had the last time."""

import time

from lib import bus, env, tap, wizard, xvfb

SIZE = (908, 608)


class Desk:
    """A session whose settings are kept in a file, under a window manager."""

    def __init__(self, schemas=env.BUILD / "data"):
        self.session = bus.Session()
        tap.cleanup(self.session.close)
        self.session.environ.update(GSETTINGS_BACKEND="keyfile", GSETTINGS_SCHEMA_DIR=str(schemas))
        self.display = xvfb.Display(self.session, "1400x1000")
        self.session.spawn(["openbox"], name="openbox")
        self.session.start_helper()

    def start(self):
        """Answers the window."""
        self.process = self.session.spawn([env.APP], name="innkeeper",
                                          extra_env={"ASAN_OPTIONS": wizard.NO_LEAKS})
        return tap.wait_for(lambda: self.display.windows(self.process.pid), 30, "the window")[-1]

    def size(self, window):
        return self.display.geometry(window)[2:]

    def quit(self):
        """As a person does: by the window's close."""
        self.display.key("ctrl+w")
        tap.equal(self.process.wait(20), 0, "exit code")


@tap.case
def size_is_kept():
    """A window that was resized has that size the next time; a maximized one is maximized"""
    desk = Desk()
    window = desk.start()
    first = desk.size(window)
    tap.true(first != SIZE, "the usual size is the one to be tried")
    desk.display.xdotool("windowsize", "--sync", window, *SIZE)
    time.sleep(1)  # GTK takes it with its next frame, and a key at once
    desk.quit()
    window = desk.start()
    tap.equal(desk.size(window), SIZE, "size the next time")
    maximize(desk, window)
    full = desk.size(window)
    desk.quit()
    window = desk.start()
    tap.wait_for(lambda: desk.size(window) == full, 10, "the maximized window")
    desk.quit()


def maximize(desk, window):
    """A double click on the title, as everywhere."""
    x, y, width, _ = desk.display.geometry(window)
    desk.display.move(x + width * 0.7, y + 28)
    desk.display.xdotool("click", "--repeat", 2, "--delay", 60, 1)
    tap.wait_for(lambda: desk.size(window)[0] > 1300, 10, "the maximized window")


@tap.case
def works_without_schema():
    """Where the schema is not installed the window has its usual size"""
    desk = Desk(schemas="/nonexistent")
    window = desk.start()
    tap.true(desk.size(window)[0] > 1000, "width")
    desk.quit()


tap.main()
