# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a lib/computer.py: types a line into a guest's shell, and prints what that says.

    computer_line.py MACHINE-PATH SECONDS [LINE]      without a line: waits for the shell"""

import os
import re
import select
import sys
import time

from gi.repository import Gio, GLib

NAME = "org.innkeeper.Helper1"


def main(machine, seconds, line=None):
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    fds = bus.call_with_unix_fd_list_sync(NAME, machine, NAME + ".Console", "OpenSerial",
                                          GLib.Variant("(sa{sv})", ("serial0", {})), None, 0, 60000, None, None)[1].steal_fds()
    end = time.monotonic() + float(seconds)
    mark = f"{os.getpid()}-{int(end * 1000)}"
    text = b""
    # The shell asks where its cursor is, and repeats the line, as which this is not taken for the answer.
    wanted = re.compile(rb"G# (\x1b\[6n)?$") if line is None else re.compile(b"END-" + mark.encode() + rb" (\d+)")
    if line is not None:
        os.write(fds[0], f"echo BE''GIN-{mark}; {line}; echo E''ND-{mark} $?\n".encode())
    while not (found := wanted.search(text)):
        left = end - time.monotonic()
        if left <= 0 or not select.select(fds, [], [], left)[0]:
            sys.exit(f"it does not answer; the end of what it says: {text[-2000:]}")
        text += os.read(fds[0], 65536)
    said = text[:found.start()].decode(errors="replace").replace("\r", "")
    print(said if line is None else said.rpartition(f"BEGIN-{mark}\n")[2], end="")
    sys.exit(0 if line is None else int(found[1]))


main(*sys.argv[1:])
