# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The app's widgets in process (C, GTest): each program gets a bus and a screen of its own."""

from lib import bus, env, tap, xvfb


def run(name):
    session = bus.Session()
    tap.cleanup(session.close)
    xvfb.Display(session)
    process = session.spawn([env.BUILD / "tests" / "app" / f"test-{name}"], name=name,
                            extra_env={"GTK_A11Y": "test", "G_DEBUG": "fatal-criticals"})
    code = process.wait(120)
    text = process.output()
    tap.diag(text)
    tap.equal(code, 0, "exit code")
    tap.true("\nok " in text and "not ok" not in text, "no test was run")


@tap.case
def create():
    """The wizard makes a machine of each source, cancels, and loses nothing when that fails"""
    run("create")


@tap.case
def create_pages():
    """The wizard says what is wrong with a file, and takes other values"""
    run("create-pages")


@tap.case
def details():
    """The details pages have a row for every field, and rows and document agree"""
    run("details")


tap.main()
