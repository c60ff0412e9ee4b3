# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of the app suite work: a GTK 4 window on a screen of its own is found, read and pressed."""

from lib import bus, tap, ui, xvfb

WINDOW = """
import gi
gi.require_version("Gtk", "4.0")
from gi.repository import Gtk
def activate(app):
    button = Gtk.Button(label="Press me")
    button.connect("clicked", lambda b: b.set_label("Pressed"))
    window = Gtk.ApplicationWindow(application=app, title="Probe", child=button)
    window.set_default_size(300, 200)
    window.present()
app = Gtk.Application(application_id="org.innkeeper.Probe")
app.connect("activate", activate)
app.run()
"""


@tap.case
def button_is_pressed():
    """A button is found by its name, pressed by accessibility and by the mouse"""
    session = bus.Session()
    tap.cleanup(session.close)
    display = xvfb.Display(session, "640x480")
    app = ui.App(session, display, ["/usr/bin/python3", "-c", WINDOW], name="probe")
    app.click("Press me", "push button")
    button = app.find("push button", "Pressed")
    app.mouse(button)
    picture = display.screenshot(session.path / "screen.png")
    tap.true(xvfb.colors(picture) > 20, "the screen is empty")


tap.main()
