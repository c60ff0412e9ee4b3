# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel and its initial RAM disk from the wizard; the guest answers what is typed in its serial tab."""

import subprocess

from gi.repository import GLib

from lib import bus, desk, tap, wizard


def find_and_save(place):
    """By the line's keys, while it has the focus."""
    display = place.display
    display.key("ctrl+shift+f")
    entry = place.app.find("entry", "Find in the text line", where=lambda n: n.has_state("focused"))
    display.type("no such thing")
    place.app.find("label", "Not found")
    display.screenshot(place.picture("not-found"))
    display.key("ctrl+a")
    display.type("guest-up")
    place.app.gone("label", "Not found")
    display.screenshot(place.picture("found"))
    display.key("Escape")
    tap.wait_for(lambda: not entry.has_state("focused"), 10, "the end of the search")
    display.key("ctrl+shift+a", "ctrl+shift+c")
    tap.wait_for(lambda: "GUEST-UP" in subprocess.run(["xclip", "-o", "-selection", "clipboard"], env=display.environ,
                                                      capture_output=True, text=True).stdout, 10, "what was copied")
    saved = place.home / "said.txt"
    before = len(display.windows(place.app.pid))
    display.key("ctrl+shift+s")
    tap.wait_for(lambda: len(display.windows(place.app.pid)) > before, 10, "the question where")
    *_, dialog = display.windows(place.app.pid)
    x, y, width, height = display.geometry(dialog)
    display.move(x + width / 2, y + height / 2)  # keys go where the pointer is
    display.key("ctrl+a")
    display.type(str(saved))
    display.screenshot(place.picture("save"))
    display.key("Return")
    tap.wait_for(lambda: saved.exists() and "GUEST-UP" in saved.read_text(), 10, "what the line has said, in a file")


@tap.case
def serial():
    """Kernel and initrd → Create: a command typed in the serial tab is answered by the guest; what it said is found and saved"""
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
    find_and_save(place)
    session.call(path, desk.MACHINE, "ForceOff", GLib.Variant("(a{sv})", ({},)))


tap.main()
