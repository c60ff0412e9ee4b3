# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a machine that cannot answer, all at once; and a monitor that says only what it is told to."""

import contextlib
import json
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from gi.repository import GLib

from . import bus, domain, vm

# What QEMU itself has to answer. Not Shutdown: another machine would be off by it.
ASKS = ("Pause", "Resume", "Reset", "Screenshot", "OpenDisplay")
CONSOLE = {"Screenshot": (), "OpenDisplay": ("vnc",), "OpenSerial": ("serial0",)}
HANDSHAKE = ("qmp_capabilities", "query-status")
GREETING = {"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}


def ask(session, machine, name):
    """One of ASKS, or OpenSerial: fails as the call does."""
    if name not in CONSOLE:
        return domain.call(session, machine, name)
    arguments = [GLib.Variant("s", word) for word in CONSOLE[name]]
    fds = bus.call(session.connection, machine, vm.CONSOLE, name,
                   GLib.Variant.new_tuple(*arguments, GLib.Variant("a{sv}", {})))[1]
    for fd in fds:
        os.close(fd)
    return fds


@contextlib.contextmanager
def asking(session, machine, names=ASKS):
    """{name: future} of calls to @machine that are under way."""
    with ThreadPoolExecutor(len(names)) as pool:
        yield {name: pool.submit(ask, session, machine, name) for name in names}


class Monitor:
    """In the place of a QEMU's sockets: greets, if it answers anything, answers the commands @answers, and
    reads the others."""

    def __init__(self, folder, answers):
        self.answers, self.asked = answers, []
        self._sockets, self._threads = [], []
        for name in ("monitor", "events"):
            path = folder / name
            path.unlink()
            listener = socket.socket(socket.AF_UNIX)
            # By a short name: the path may be longer than an address.
            here = os.open(folder, os.O_PATH)
            listener.bind(f"/proc/self/fd/{here}/{name}")
            os.close(here)
            listener.listen()
            self._sockets.append(listener)
            self._begin(self._accept, listener)

    def _begin(self, function, *args):
        thread = threading.Thread(target=function, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                one = listener.accept()[0]
                self._sockets.append(one)
                self._begin(self._serve, one)

    def _serve(self, one):
        rest = b""
        with contextlib.suppress(OSError):
            if self.answers:
                one.sendall(json.dumps(GREETING).encode() + b"\r\n")
            while True:
                data, fds, _, _ = socket.recv_fds(one, 65536, 8)
                for fd in fds:
                    os.close(fd)
                if not data:
                    return
                rest += data
                commands, rest = self._split(rest)
                for command in commands:
                    self._answer(one, command)

    @staticmethod
    def _split(text):
        """(the whole JSON values at its beginning, the rest)"""
        values, decoder, text = [], json.JSONDecoder(), text.decode().lstrip()
        while text:
            try:
                value, end = decoder.raw_decode(text)
            except json.JSONDecodeError:
                break
            values.append(value)
            text = text[end:].lstrip()
        return values, text.encode()

    def _answer(self, one, command):
        name = command["execute"]
        self.asked.append(name)
        if name in self.answers:
            says = {"query-status": {"status": "running", "running": True}, "add-fd": {"fdset-id": 7, "fd": 9}}
            one.sendall(json.dumps({"return": says.get(name, {}), "id": command["id"]}).encode() + b"\r\n")

    def close(self):
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)
