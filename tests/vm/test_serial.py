# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel and its initial RAM disk from the wizard; the guest answers what is typed in its serial tab."""

from gi.repository import GLib

from lib import bus, desk, tap, wizard


@tap.case
def serial():
    """Kernel and initrd → Create: a command typed in the serial tab is answered by the guest"""
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    place = desk.Desk(session, "serial")
    place.create_linux()
    wizard.press(place.app, "Create")
    (path,) = wizard.wait_for_created(place.app, session)
    place.wait_state(path, "running")
    viewer = desk.Viewer(session, path)
    viewer.wait_for_shell()
    place.type_in_serial_tab(viewer)
    session.call(path, desk.MACHINE, "ForceOff", GLib.Variant("(a{sv})", ({},)))


tap.main()
