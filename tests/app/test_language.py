# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Window and helper speak the language of the session."""

from lib import bus, domain, env, tap, wizard, xvfb


@tap.case
def german():
    """In a German session the window is German, and so is what the helper says"""
    session = bus.Session()
    tap.cleanup(session.close)
    # No locale of Debian's need be there: GNU gettext asks for LANGUAGE in C.UTF-8, too.
    session.environ.update(LANGUAGE="de", INNKEEPER_LOCALE_DIR=str(env.BUILD / "po"))
    display = xvfb.Display(session)
    session.start_helper()
    said = bus.refuses(lambda: domain.create(session, "<domain"), "org.innkeeper.Error.InvalidXml")
    tap.true("Zeile 1, Spalte" in said, said)
    app = wizard.start_app(session, display)
    tap.cleanup(wizard.end_app, app)
    app.find("label", "Noch keine Maschinen")
    app.find(name="Neue Maschine", action="click")
    wizard.wait_for_new(app)
    app.activate("win.new")
    tap.wait_for(lambda: wizard.shown(display, "Neue Maschine"), 20, "the wizard")
    wizard.press(app, "Leere Maschine")
    app.find("label", contains="Über das System ist nichts bekannt.")
    display.screenshot(env.artifacts_dir("language") / "summary.png")
    display.key("Escape")
    tap.wait_for(lambda: not wizard.shown(display, "Neue Maschine"), 10, "the wizard's end")


tap.main()
