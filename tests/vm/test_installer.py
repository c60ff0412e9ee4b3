# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's graphical installer, picked in the wizard, in the window: its picture and its keys."""

import shutil
import subprocess
from pathlib import Path

from gi.repository import GLib

from lib import bus, env, guest, tap, wizard, xvfb

MACHINE = "org.innkeeper.Helper1.Machine"
# Of the first screen: the banner with the release's logo, which the installer centres whatever the
# screen's width is, and the title "Select a language", which stands at the left.
REGIONS = {"banner": (600, 70, "+0+0", "North"), "title": (190, 26, "+0+82", "NorthWest")}
TOLERANCE = 0.06
# The selection's colour in the list, as QEMU's screen has it.
TEAL = (42, 135, 124)


def place_of(desk):
    """(x, y, width, height) of the guest's screen on the X screen."""
    node = desk.app.find("image", contains="Screen of")
    x, y, width, height = node.extents()
    left, top, outer, _ = desk.display.geometry(wizard.shown(desk.display, "Innkeeper")[-1])
    # Accessible coordinates begin inside the border that the window draws itself.
    border = (outer - desk.app.find("frame", name="Innkeeper").extents()[2]) // 2
    return left + border + x, top + border + y, width, height


def screen_of(desk, name):
    """The guest's screen as the window shows it: a crop of the X screen, as a PNG."""
    x, y, width, height = place_of(desk)
    whole = desk.display.screenshot(env.artifacts_dir("installer") / "whole.png")
    path = env.artifacts_dir("installer") / f"{name}.png"
    subprocess.run(["convert", whole, "-crop", f"{width}x{height}+{x}+{y}", "+repage", path],
                   check=True)
    return path


def pixels(path):
    """(width, height, bytes of RGB)"""
    size = subprocess.run(["identify", "-format", "%w %h", path], check=True, capture_output=True, text=True)
    width, height = map(int, size.stdout.split())
    data = subprocess.run(["convert", path, "-depth", "8", "rgb:-"], check=True, capture_output=True).stdout
    return width, height, data


def selection(path):
    """The vertical middle of the selected row, in pixels of the picture; None: no row is."""
    width, height, data = pixels(path)
    rows = []
    for y in range(height // 5, height):
        line = data[y * width * 3:(y + 1) * width * 3]
        hits = sum(1 for x in range(0, width, 8)
                   if all(abs(line[x * 3 + c] - TEAL[c]) < 24 for c in range(3)))
        if hits > width // 8 // 2:
            rows.append(y)
    return sum(rows) / len(rows) if rows else None


def region(path, name):
    """One region of the installer's screen, as a picture beside it."""
    width, height, offset, gravity = REGIONS[name]
    cut = path.with_name(f"installer-{name}.png")
    subprocess.run(["convert", path, "-gravity", gravity, "-crop", f"{width}x{height}{offset}", "+repage",
                    cut], check=True)
    return cut


def difference(path):
    """How far the regions are from the stored ones, the worst of them: 0 to 1."""
    return max(xvfb.difference(region(path, name), Path(__file__).with_name(f"installer-{name}.png"))
               for name in REGIONS)


class Desk:
    def __init__(self):
        self.session = bus.Session()
        tap.cleanup(self.session.close)
        self.home = Path(self.session.environ["HOME"])
        self.display = xvfb.Display(self.session, "1600x1100")
        self.session.start_helper()
        self.app = wizard.start_app(self.session, self.display)
        tap.cleanup(wizard.end_app, self.app)
        tap.on_failure(lambda: self.display.screenshot(env.artifacts_dir("installer") / "failed.png"))
        tap.on_failure(self.session.print_logs)


@tap.case
def installer():
    """New, the ISO, Create: the installer's first screen is in the window, and Down moves its bar"""
    desk = Desk()
    downloads = desk.home / "Downloads"
    downloads.mkdir()
    iso = downloads / "debian-12-netinst.iso"
    shutil.copy(guest.installer_iso(), iso)
    wizard.open_from_menu(desk.app)
    wizard.press(desk.app, iso.name)
    wizard.wait_for_summary(desk.app)
    tap.true(wizard.says(desk.app, "Debian 1"), "the system is not told")
    desk.display.key("Return")
    (path,) = wizard.wait_for_created(desk.app, desk.session)
    tap.wait_for(lambda: desk.session.get(path, MACHINE, "State") == "running", 60, "its start")

    def appeared():
        picture = screen_of(desk, "first")
        far = difference(picture)
        found = selection(picture)
        tap.diag(f"difference {far:.3f}, selection at {found}")
        return far < TOLERANCE and found and (found,)

    (first,) = tap.wait_for(appeared, 540, "the installer's first screen", 3)
    # It must be able to differ: the same picture upside down is not near.
    flipped = env.artifacts_dir("installer") / "flipped.png"
    subprocess.run(["convert", env.artifacts_dir("installer") / "first.png", "-flip", flipped], check=True)
    tap.true(difference(flipped) > 2 * TOLERANCE, "the comparison takes anything")

    # Into the banner: the keyboard is the guest's then, and the list's selection stays.
    x, y, width, _ = place_of(desk)
    desk.display.click(x + width - 60, y + 30)
    moved = first
    for count in (1, 2):
        before = moved
        desk.display.key("Down")

        def lower():
            found = selection(screen_of(desk, f"down-{count}"))
            return found and found > before + 10 and (found,)

        (moved,) = tap.wait_for(lower, 60, f"the bar lower than {before}", 1)
    desk.display.key("Up", "Up")
    tap.wait_for(lambda: abs((selection(screen_of(desk, "up")) or 0) - first) < 3, 60, "the bar back", 1)
    desk.session.call(path, MACHINE, "ForceOff", GLib.Variant("(a{sv})", ({},)))


tap.main()
