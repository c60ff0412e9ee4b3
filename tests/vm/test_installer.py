# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's graphical installer, picked in the wizard, in the window: its picture and its keys."""

from gi.repository import GLib

from lib import bus, desk, guest, installer, tap, wizard


@tap.case
def first_screen():
    """New, the ISO, Create: the installer's first screen is in the window, and Down moves its bar"""
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    place = desk.Desk(session, "installer")
    installer.choose(place, guest.installer_iso())
    place.display.key("Return")
    (path,) = wizard.wait_for_created(place.app, session)
    place.wait_state(path, "running")
    installer.watch(place)
    session.call(path, desk.MACHINE, "ForceOff", GLib.Variant("(a{sv})", ({},)))


tap.main()
