# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's graphical installer in the window: picked in the wizard, known by its first screen, moved by
its keys. Or a boot menu in its place, which is there within seconds."""

import shutil
import subprocess

from . import env, guest, tap, wizard, xvfb

# Of the first screen: the banner with the release's logo, which the installer centres whatever the
# screen's width is, and the title "Select a language", which stands at the left.
REGIONS = {"banner": (600, 70, "+0+0", "North"), "title": (190, 26, "+0+82", "NorthWest")}
TOLERANCE = 0.06
# The selection's colour as QEMU's screen has it: in the installer's list, and in GRUB's menu.
TEAL, GREY = (42, 135, 124), (170, 170, 170)


def choose(desk, made):
    """From “New” to the page with Create. @made: the disc, labelled like Debian's."""
    downloads = desk.home / "Downloads"
    downloads.mkdir()
    desk.session.give(downloads)
    iso = downloads / "debian-12-netinst.iso"
    shutil.copy(made, iso)
    desk.session.give(iso)
    wizard.open_from_menu(desk.app)
    wizard.press(desk.app, iso.name)
    wizard.wait_for_summary(desk.app)
    tap.true(wizard.says(desk.app, "Debian 1"), "the system is not told")


def watch(desk):
    """The first screen is in the window, and the arrow keys move its bar."""
    def appeared():
        picture = desk.crop("first")
        far = _difference(picture)
        found = _selection(picture, TEAL)
        tap.diag(f"difference {far:.3f}, selection at {found}")
        return far < TOLERANCE and found and (found,)

    (first,) = tap.wait_for(appeared, 540, "the installer's first screen", 3)
    # It must be able to differ: the same picture upside down is not near.
    flipped = desk.picture("flipped")
    subprocess.run(["convert", desk.picture("first"), "-flip", flipped], check=True)
    tap.true(_difference(flipped) > 2 * TOLERANCE, "the comparison takes anything")
    _move(desk, first, TEAL)


def watch_menu(desk):
    """The menu's bar is in the window, and the arrow keys move it."""
    (first,) = tap.wait_for(lambda: (found := _selection(desk.crop("menu"), GREY)) and (found,), 120,
                            "the menu's bar", 1)
    _move(desk, first, GREY)


def _move(desk, first, colour):
    # Into the banner: the keyboard is the guest's then, and the list's selection stays.
    x, y, width, _ = desk.screen()
    desk.display.click(x + width - 60, y + 30)
    moved = first
    for count in (1, 2):
        before = moved
        desk.display.key("Down")

        def lower():
            found = _selection(desk.crop(f"down-{count}"), colour)
            return found and found > before + 10 and (found,)

        (moved,) = tap.wait_for(lower, 60, f"the bar lower than {before}", 1)
    desk.display.key("Up", "Up")
    tap.wait_for(lambda: abs((_selection(desk.crop("up"), colour) or 0) - first) < 3, 60, "the bar back", 1)


def _pixels(path):
    """(width, height, bytes of RGB)"""
    size = subprocess.run(["identify", "-format", "%w %h", path], check=True, capture_output=True, text=True)
    width, height = map(int, size.stdout.split())
    data = subprocess.run(["convert", path, "-depth", "8", "rgb:-"], check=True, capture_output=True).stdout
    return width, height, data


def _selection(path, colour):
    """The vertical middle of the row that has the @colour, in pixels of the picture; None: none has."""
    width, height, data = _pixels(path)
    rows = []
    for y in range(height // 10, height):
        line = data[y * width * 3:(y + 1) * width * 3]
        hits = sum(1 for x in range(0, width, 8)
                   if all(abs(line[x * 3 + c] - colour[c]) < 24 for c in range(3)))
        if hits > width // 8 // 2:
            rows.append(y)
    return sum(rows) / len(rows) if rows else None


def _region(path, name):
    """One region of the installer's screen, as a picture beside it."""
    width, height, offset, gravity = REGIONS[name]
    cut = path.with_name(f"installer-{name}.png")
    subprocess.run(["convert", path, "-gravity", gravity, "-crop", f"{width}x{height}{offset}", "+repage",
                    cut], check=True)
    return cut


def _difference(path):
    """How far the regions are from the stored ones, the worst of them: 0 to 1."""
    return max(xvfb.difference(_region(path, name), env.SOURCE / f"tests/vm/installer-{name}.png")
               for name in REGIONS)
