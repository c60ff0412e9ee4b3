# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a key to its pixel: a guest whose whole screen changes with each key, in the window, over vmm-screen and, when
that is killed, over VNC. Keys by XTEST; one pixel of the X screen is read again and again."""

import ctypes
import os
import random
import re
import signal
import time

from bench import measure
from lib import bus, desk, domain, proc, tap, vm

measure.need_plain_build()
proc.become_subreaper()

SAMPLES = 60
KEYCODE_A = 38
# Text mode: all of it black on white or white on black, the other way round after each key (int 16h waits for one).
ECHO = bytes([0xB8, 0x00, 0xB8,        # mov ax, 0xb800
              0x8E, 0xC0,              # mov es, ax
              0xBB, 0x20, 0x07,        # mov bx, 0x0720
              0x31, 0xFF,              # again: xor di, di
              0xB9, 0xD0, 0x07,        # mov cx, 2000
              0x89, 0xD8,              # mov ax, bx
              0xF3, 0xAB,              # rep stosw
              0xB4, 0x00, 0xCD, 0x16,  # mov ah, 0; int 0x16
              0x81, 0xF3, 0x00, 0x77,  # xor bx, 0x7700
              0xEB, 0xED])             # jmp again


class X:
    """The X screen, by calls that take no process."""

    def __init__(self, name):
        self.x11, self.xtst = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        self.x11.XOpenDisplay.restype = self.x11.XGetImage.restype = ctypes.c_void_p
        self.x11.XGetPixel.restype = self.x11.XDefaultRootWindow.restype = ctypes.c_ulong
        self.display = ctypes.c_void_p(self.x11.XOpenDisplay(name.encode()))
        self.root = ctypes.c_ulong(self.x11.XDefaultRootWindow(self.display))

    def pixel(self, x, y):
        image = ctypes.c_void_p(self.x11.XGetImage(self.display, self.root, x, y, 1, 1, ctypes.c_ulong(0xffffff), 2))
        value = self.x11.XGetPixel(image, 0, 0)
        self.x11.XDestroyImage(image)
        return value

    def key(self, down):
        self.xtst.XTestFakeKeyEvent(self.display, KEYCODE_A, down, ctypes.c_ulong(0))
        self.x11.XFlush(self.display)


def sample(screen, x, y):
    before = screen.pixel(x, y)
    begin = measure.now()
    screen.key(1)
    while screen.pixel(x, y) == before:
        if measure.now() - begin > 5:
            raise AssertionError("the key changed nothing")
    seconds = measure.now() - begin
    screen.key(0)
    time.sleep(random.uniform(0.14, 0.23))
    return seconds


@tap.case
def key_to_pixel():
    """A key changes the guest's screen in the window"""
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    image = session.path / "echo.img"
    image.write_bytes((ECHO.ljust(510, b"\0") + b"\x55\xAA").ljust(1 << 20, b"\0"))
    image.chmod(0o666)
    xml = re.sub(r"/[^']*\.img", str(image), vm.real_mode("other", session)).replace("other", "echo")
    machine = domain.create(session, xml)
    vm.start(session, machine)
    place = desk.Desk(session, "echo")
    tap.wait_for(lambda: place.screen()[2] > 300, 30, "the screen's place")
    screen = X(place.display.name)
    measured = {}
    for how in ("frames", "VNC"):
        if how == "VNC":
            (program,) = [pid for pid in proc.find("program") if proc.cmdline(pid).startswith("/program ")]
            os.kill(program, signal.SIGKILL)
            time.sleep(3)
        x, y, width, height = place.screen()
        place.display.click(x + width // 2, y + height // 2)
        time.sleep(1)
        x, y = int(x + width // 3), int(y + height // 3)
        sample(screen, x, y)
        measured[f"std VGA, by {how}"] = [sample(screen, x, y) for _ in range(SAMPLES)]
    measure.show(measured)
    one, other = (measure.median(measured[f"std VGA, by {how}"]) * 1000 for how in ("frames", "VNC"))
    measure.save("console", measured, [("key → pixel, std VGA", f"{one:.1f} ms; over VNC {other:.1f} ms", "≤ 20 ms")])
    vm.force_off(session, machine)


tap.main()
