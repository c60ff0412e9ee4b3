# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers that go at once, on a real system bus where everybody may everything: nothing is done for
somebody who is not there any more."""

import contextlib
import os
import socket
import subprocess
import sys

from gi.repository import GLib

from lib import bus, domain, ns, proc, rawbus, system, tap

ns.enter()
room = system.make()
root = system.Root(room)
root.start_helper()
tap.cleanup(root.close)


def create(name, **kwargs):
    return rawbus.message(bus.MANAGER, domain.MANAGER, "Create",
                          GLib.Variant("(sa{sv})", (domain.xml(name), {})), **kwargs)


def all_at_once(text):
    """Says all that it has to say in one breath."""
    it = socket.socket(socket.AF_UNIX)
    it.connect(rawbus.SOCKET)
    it.sendall(rawbus.greeting(os.geteuid()) + text)
    it.close()


def properly(text):
    """Has a name on the bus before it calls."""
    it = rawbus.connect()
    it.sendall(text)
    it.close()


def many(text):
    """Calls often before it goes."""
    it = rawbus.connect()
    it.sendall(text * 8)
    it.close()


def half_closed(text):
    """Says that it will say no more before it goes."""
    it = rawbus.connect()
    it.sendall(text)
    it.shutdown(socket.SHUT_WR)
    it.close()


WAYS = (all_at_once, properly, many, half_closed)


def folders():
    return sorted(os.listdir(f"{ns.STATE}/machines"))


@tap.case
def control():
    """Who stays gets what it asks for"""
    with rawbus.as_user(ns.OTHER):
        it = rawbus.connect()
    it.sendall(create("stays"))
    it.settimeout(20)
    tap.true(b"/machines/" in it.recv(65536) or b"/machines/" in it.recv(65536), "the answer")
    tap.wait_for(lambda: len([f for f in folders() if not f.startswith(".")]) == 1, 20, "the machine")
    it.close()


@tap.case
def gone_at_once():
    """Calls whose sender disconnects at once: none is carried out"""
    before, wanted = folders(), tap.count(1000, 10000)
    for number in range(wanted):
        with rawbus.as_user(ns.OTHER):
            WAYS[number % len(WAYS)](create(f"gone {number}", reply=number % 3 != 0))
    # What was said before is done with when this is answered: the bus keeps the order.
    with rawbus.as_user(ns.OTHER):
        last = rawbus.connect()
    last.sendall(rawbus.call(bus.ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "()"))
    seen = b""
    with contextlib.suppress(TimeoutError):
        while b"stays" not in seen:
            seen += last.recv(1 << 20)
    tap.true(b"stays" in seen and b"gone" not in seen, "machines that are told")
    tap.equal(folders(), before, "folders")
    tap.true(root.helper.running(), "the helper goes on")
    tap.figure("calls whose sender disconnects at once: carried out", f"{len(folders()) - len(before)} of {wanted}")


@tap.case
def killed_in_mid_call():
    """Senders that are killed with hundreds of calls under way do the helper no harm"""
    script = ("import os, sys; sys.path.insert(0, sys.argv[1]); from lib import rawbus, bus, domain\n"
              "it = rawbus.connect(); text = rawbus.call(bus.ROOT, 'org.freedesktop.DBus.ObjectManager',"
              " 'GetManagedObjects', '()') + rawbus.call(bus.MANAGER, domain.MANAGER, 'GetStatistics')\n"
              "it.sendall(text * 200); print('sent', flush=True)\n"
              "while it.recv(1 << 16): it.sendall(text)\n")
    rounds = tap.count(20, 100)
    for _ in range(rounds):
        one = ns.as_user(ns.OTHER, [sys.executable, "-B", "-c", script, str(rawbus.__file__).rsplit("/lib/", 1)[0]],
                         stdout=subprocess.PIPE)
        tap.equal(one.stdout.readline(), b"sent\n", "what it says")
        one.kill()
        one.wait()
        one.stdout.close()
    tap.true(root.machines() is not None and root.helper.running(), "the helper goes on")
    fds = len(os.listdir(f"/proc/{root.helper.pid}/fd"))
    tap.true(fds < 64, f"{fds} files are open")
    tap.figure("senders killed in mid-call: harm", f"0 of {rounds}")


tap.main()
