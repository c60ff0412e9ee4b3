# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls under way while those die without whom they cannot be answered."""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from gi.repository import Gio, GLib

from . import bus, domain, ns, proc, tap

ASKED = 8
MOMENT = 0.03  # seconds in which something of what was asked is under way
_pool = ThreadPoolExecutor(2 * ASKED)


def set_autostart(session, machine, on):
    session.call(machine, domain.MACHINE, "SetAutostart", GLib.Variant("(ba{sv})", (on, {})))
    return True


def polkitd_killed(session, machine, user):
    """Kills polkitd when @user has asked it; answers what becomes of the calls: an error, or None for a yes."""
    set_autostart(session, machine, False)  # so that there is a polkitd
    (polkitd,) = proc.find("polkitd")
    # Each by a connection of its own, for polkit's answer to one counts for a while; known to the helper.
    callers = [ns.connect(user) for _ in range(ASKED)]
    for caller in callers:
        caller.call_sync(bus.NAME, machine, bus.PROPERTIES, "GetAll", GLib.Variant("(s)", (domain.MACHINE,)), None,
                         Gio.DBusCallFlags.NONE, 20000, None)
    os.kill(polkitd, signal.SIGSTOP)
    answers = []

    def on_answer(connection, result):
        try:
            connection.call_finish(result)
            answers.append(None)
        except GLib.Error as e:
            answers.append(e)

    for caller in callers:
        caller.call(bus.NAME, machine, domain.MACHINE, "SetAutostart", GLib.Variant("(ba{sv})", (True, {})), None,
                    Gio.DBusCallFlags.NONE, 60000, None, on_answer)
        caller.flush_sync(None)
    # The bus keeps the order: when this is answered the helper has them, and soon it has asked. It is
    # answered though polkit stands still: who only looks does not wait for it.
    for _ in range(5):
        session.call(bus.ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", timeout=20)
    os.kill(polkitd, signal.SIGKILL)
    tap.wait_for(lambda: not proc.alive(polkitd), 10, "polkitd's end", 0.002)

    def all_answered():
        while GLib.MainContext.default().iteration(False):
            pass
        return len(answers) == ASKED

    tap.wait_for(all_answered, 30, "the answers", 0.005)
    for caller in callers:
        caller.close_sync(None)
    return answers


def ask_much(session, machine, name):
    """Futures of calls of all sorts; some are under way when this returns."""
    asked = [
        *(_pool.submit(domain.call, session, machine, verb) for verb in ("Pause", "Resume", "GetXml", "ListStorage")),
        *(_pool.submit(domain.create, session, domain.xml(f"{name}, {i}", domain.disk()),
                       storage=domain.storage(domain.new_disk())) for i in range(2)),
        *(_pool.submit(session.machines) for _ in range(2)),
    ]
    time.sleep(random.uniform(0, MOMENT))
    return asked
