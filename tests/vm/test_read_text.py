# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a guest's screen, read from its picture."""

import subprocess

from lib import bus, desk, domain, tap, vm, wizard

session = bus.Session()
tap.cleanup_at_end(session.close)
tap.on_failure(session.print_logs)
session.start_helper()
machine = None


def ask(place):
    tap.wait_for(lambda: place.screen()[2] > 100, 20, "the screen's place")
    place.app.click("Size and screenshots", "push button")
    item = tap.wait_for(lambda: [n for n in place.app.find_all(where=wizard.named("Copy the Screen’s Text"))
                                 if n.role.endswith("menu item") and n.extents()[2] > 0], 10, "the menu's row")[0]
    item.do("click")


@tap.case
def read():
    """Copy the Screen's Text: what a machine's firmware has written there is in the clipboard"""
    global machine
    machine = domain.create(session, vm.real_mode("text", session))
    vm.start(session, machine)
    vm.serial(session, machine).expect("REAL MODE", 30)
    place = desk.Desk(session, "read-text")
    ask(place)
    tap.wait_for(lambda: place.app.find_all("label", contains="text is in the clipboard"), 30, "that it is there")
    place.display.screenshot(place.picture("done"))
    said = subprocess.run(["xclip", "-o", "-selection", "clipboard"], env=place.display.environ, capture_output=True,
                          text=True).stdout
    tap.diag(said)
    tap.true("SeaBIOS" in said and "Booting from Hard Disk" in said, said)


@tap.case
def without():
    """Where tesseract is not there, that is said, and what to install"""
    place = desk.Desk(session, "read-text-without", extra_env={"PATH": "/nowhere"})
    ask(place)
    place.app.find("label", contains="tesseract-ocr")
    place.display.screenshot(place.picture("without"))
    place.close_dialog()
    vm.force_off(session, machine)


tap.main()
