# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An unprivileged user who asks the system helper for more than anybody needs, in five ways at once.

As a script: flood.py WAY SECONDS, one process of that user; it prints how often it asked, when the time
is over or on SIGTERM. As a module: Flood starts them all, watch() is what another user sees meanwhile."""

import signal
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib import bus, domain, rawbus  # noqa: E402 (the path is needed first)

WAYS = ("calls", "bytes", "connections", "jobs", "devices")
OBJECTS = "org.freedesktop.DBus.ObjectManager"
# system.conf: max_connections_per_user is 256
CONNECTIONS = 200


class Flood:
    def __init__(self, user, seconds, ways=WAYS):
        from . import ns

        self.processes = {
            way: ns.as_user(user, ["/usr/bin/python3", "-B", __file__, way, seconds], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
            for way in ways}

    def running(self):
        return any(p.poll() is None for p in self.processes.values())

    def end(self):
        """{way: how often}"""
        told = {}
        for way, process in self.processes.items():
            process.terminate()
            out, errors = process.communicate(timeout=60)
            if process.returncode != 0:
                raise AssertionError(f"{way}: {errors[-2000:]}")
            told[way] = int(out)
        return told


def watch(flood, user, path):
    """What @user waits while the flood lasts, seconds each, asked in turn: for the helper, about its
    machine; and for the bus itself, which everybody else waits for as well."""
    with rawbus.as_user(user):
        it = rawbus.connect(timeout=60)
    asks = {"helper": (rawbus.call(path, domain.MACHINE, "GetXml"), b"</domain>"),
            "bus": (rawbus.call("/org/freedesktop/DBus", "org.freedesktop.DBus.Peer", "GetMachineId", "()",
                                to="org.freedesktop.DBus"), b"g\0\1s\0")}
    took = {who: [] for who in asks}
    while flood.running():
        for who, (call, end) in asks.items():
            before = time.monotonic()
            it.sendall(call)
            seen = b""
            while end not in seen:
                seen += it.recv(1 << 20)
                if b"org.innkeeper.Error" in seen:
                    raise AssertionError(f"another user is refused: {seen!r}")
            took[who].append(time.monotonic() - before)
        time.sleep(0.05)
    it.close()
    return took


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def _drain(it):
    """Reads what has been answered; 0 where nothing is."""
    try:
        return len(it.recv(1 << 20))
    except BlockingIOError:
        return 0


def _ask(it, text, seconds):
    """As fast as the bus takes it; answers are read and thrown away."""
    it.setblocking(False)
    number, rest, end = 0, b"", time.monotonic() + seconds
    while time.monotonic() < end and not _ask.over:
        try:
            rest = rest or text
            rest = rest[it.send(rest):]
            number += not rest
        except BlockingIOError:
            if not _drain(it):
                time.sleep(0.001)
        except (BrokenPipeError, ConnectionResetError):  # the bus has had enough
            it = rawbus.connect()
            it.setblocking(False)
            rest = b""
        _drain(it)
    it.close()
    return number


_ask.over = False


def _calls(seconds):
    text = b"".join((rawbus.call(bus.ROOT, OBJECTS, "GetManagedObjects", "()"),
                     rawbus.call(bus.MANAGER, domain.MANAGER, "GetStatistics"),
                     rawbus.call(bus.MANAGER, bus.PROPERTIES, "GetAll", f"('{bus.NAME}.Host',)"),
                     rawbus.call(bus.ROOT + "/machines/none", domain.MACHINE, "Start")))
    return 4 * _ask(rawbus.connect(), text, seconds)


def _bytes(seconds):
    from gi.repository import GLib

    return _ask(rawbus.connect(), rawbus.message(bus.MANAGER, domain.MANAGER, "Create", GLib.Variant(
        "(sa{sv})", ("<domain>" + "x" * (1 << 20) + "</domain>", {}))), seconds)


def _connections(seconds):
    number, held, end = 0, [], time.monotonic() + seconds
    call = rawbus.call(bus.ROOT, OBJECTS, "GetManagedObjects", "()")
    while time.monotonic() < end and not _ask.over:
        try:
            it = rawbus.connect()
            it.sendall(call)
            held.append(it)
            number += 1
        except (AssertionError, OSError):  # too many
            time.sleep(0.001)
        if len(held) >= CONNECTIONS:
            held.pop(0).close()
    return number


def _jobs(seconds):
    from gi.repository import GLib

    text = b"".join(rawbus.message(bus.MANAGER, domain.MANAGER, "Create", GLib.Variant(
        "(sa{sv})", (domain.xml(f"flood {i}"), {}))) for i in range(50))
    return 50 * _ask(rawbus.connect(), text, seconds)


def _devices(seconds):
    from gi.repository import GLib

    rng = "<rng model='virtio'/>" * 20000
    return _ask(rawbus.connect(), rawbus.message(bus.MANAGER, domain.MANAGER, "Create", GLib.Variant(
        "(sa{sv})", (domain.xml("large", rng), {}))), seconds)


def _main():
    def over(*_):
        _ask.over = True

    signal.signal(signal.SIGTERM, over)
    print({"calls": _calls, "bytes": _bytes, "connections": _connections, "jobs": _jobs,
           "devices": _devices}[sys.argv[1]](float(sys.argv[2])))


if __name__ == "__main__":
    _main()
