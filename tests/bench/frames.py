# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A screen whose first change is seen at once: Xvfb's frame buffer is a file, mapped and looked at
every millisecond. No program is started to look, so nothing is taken from the one that is measured."""

import mmap
import os
import struct
import time

from lib import tap

from . import measure

# Rows of the screen that are looked at; both windows cover them.
ROWS = (60, 150, 250, 350)
NEEDED = 64  # bytes of a row that differ from the empty screen


class Screen:
    def __init__(self, session, width=1280, height=800):
        reading, writing = os.pipe()
        session.spawn(["Xvfb", "-displayfd", writing, "-screen", "0", f"{width}x{height}x24",
                       "-nolisten", "tcp", "-fbdir", session.path], name="Xvfb", pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        tap.true(number, "Xvfb did not start")
        session.environ.update(DISPLAY=":" + number, GDK_BACKEND="x11", NO_AT_BRIDGE="1",
                               LIBGL_ALWAYS_SOFTWARE="1")
        with open(session.path / "Xvfb_screen0", "rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        # An XWD file (XWDFile.h): big-endian header, its size first; ncolors at 19, bytes a line at 12.
        header = struct.unpack(">25I", self.map[:100])
        self.line = header[12]
        self.start = header[0] + header[19] * 12

    def _row(self, y):
        return self.map[self.start + y * self.line : self.start + (y + 1) * self.line]

    def watch(self):
        """Call while the screen is empty; answers a function: has something been drawn?"""
        empty = [self._row(y) for y in ROWS]

        def drawn():
            for y, before in zip(ROWS, empty):
                row = self._row(y)
                if row != before and sum(a != b for a, b in zip(row, before)) >= NEEDED:
                    return True
            return False

        return drawn

    def wait_empty(self, drawn, timeout=10):
        tap.wait_for(lambda: not drawn(), timeout, "the empty screen", 0.02)


def first_frame(drawn, process, begin, timeout=90):
    while not drawn():
        if process.poll() is not None:
            raise AssertionError(f"the program ended with {process.returncode} before its first frame")
        if measure.now() - begin > timeout:
            raise AssertionError("no first frame")
        time.sleep(0.001)
    return measure.now() - begin


def settled(pids, begin, timeout=30):
    """The moment from which on the processes use at most one tick in half a second; @timeout if
    they never do: virt-manager asks for all its machines every second."""
    last, since = measure.cpu_seconds(pids()), measure.now()
    while measure.now() - begin < timeout:
        time.sleep(0.02)
        used = measure.cpu_seconds(pids())
        if used - last > 0.011:
            last, since = used, measure.now()
        elif measure.now() - since >= 0.5:
            return since - begin
    return timeout
