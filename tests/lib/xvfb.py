# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A screen of the test's own: Xvfb, its keys and mouse, its screenshots."""

import ctypes
import os
import random
import subprocess
from pathlib import Path

from . import tap


class Display:
    """Starts Xvfb on a free display and puts it into the session's environment."""

    def __init__(self, session, size="1280x960"):
        # Not the first free one: of tests in namespaces side by side each would find the same, and clients
        # reach by the abstract socket whose network they share.
        for _ in range(5):
            number = str(random.SystemRandom().randrange(100, 30000))
            reading, writing = os.pipe()
            session.spawn(["Xvfb", f":{number}", "-displayfd", writing, "-screen", "0", f"{size}x24", "-nolisten", "tcp",
                           "-noreset"],  # who comes while the last one goes would find nobody
                          name="Xvfb", pass_fds=[writing])
            os.close(writing)
            with os.fdopen(reading) as pipe:
                if pipe.readline().strip() == number:
                    break
        else:
            raise AssertionError("Xvfb did not start")
        self.name = ":" + number
        # cairo: the quick renderer without a GPU; gl-disable: Mesa leaks what LSan would report.
        session.environ.update(DISPLAY=self.name, GDK_BACKEND="x11", GSK_RENDERER="cairo",
                               GDK_DEBUG="gl-disable")
        self.environ = session.environ

    def xdotool(self, *args):
        done = subprocess.run(["xdotool", *map(str, args)], env=self.environ, capture_output=True,
                              text=True, timeout=30)
        if done.returncode != 0:
            raise AssertionError(f"xdotool {args}: {done.stderr}")
        return done.stdout.strip()

    def is_managed(self):
        """Whether a window manager is there."""
        return subprocess.run(["xdotool", "get_num_desktops"], env=self.environ,
                              capture_output=True).returncode == 0

    def key(self, *names):
        """Presses and releases: key("ctrl+n", "Return")."""
        for name in names:
            self.xdotool("key", "--delay", "30", name)

    def type(self, text):
        self.xdotool("type", "--delay", "20", text)

    def move(self, x, y):
        self.xdotool("mousemove", int(x), int(y))

    def click(self, x, y, button=1):
        self.move(x, y)
        self.xdotool("click", button)

    def drag(self, start, end, steps=15):
        """From a point to another with the first button down, as slowly as a person would."""
        self.move(*start)
        self.xdotool("mousedown", 1)
        for i in range(1, steps + 1):
            self.move(*(a + (b - a) * i / steps for a, b in zip(start, end)))
            self.xdotool("sleep", 0.05)
        self.xdotool("mouseup", 1)

    def windows(self, pid=None):
        """Ids of the windows that can be seen, of process @pid."""
        args = ["search", "--onlyvisible"] + (["--pid", pid] if pid else ["--name", "."])
        done = subprocess.run(["xdotool", *map(str, args)], env=self.environ, capture_output=True,
                              text=True, timeout=30)
        return done.stdout.split()

    def geometry(self, window):
        """(x, y, width, height) of a window on the screen."""
        text = self.xdotool("getwindowgeometry", "--shell", window)
        values = dict(line.split("=") for line in text.splitlines())
        return tuple(int(values[k]) for k in ("X", "Y", "WIDTH", "HEIGHT"))

    def cursor(self):
        """What the pointer looks like now: (width, height, hot x, hot y, function of x, y: ARGB)."""
        class Image(ctypes.Structure):
            _fields_ = [(n, ctypes.c_short) for n in ("x", "y")] + [
                (n, ctypes.c_ushort) for n in ("width", "height", "xhot", "yhot")] + [
                ("serial", ctypes.c_ulong), ("pixels", ctypes.POINTER(ctypes.c_ulong))]

        x11, xfixes = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXfixes.so.3")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        xfixes.XFixesGetCursorImage.restype = ctypes.POINTER(Image)
        display = ctypes.c_void_p(x11.XOpenDisplay(self.name.encode()))
        major, minor = ctypes.c_int(), ctypes.c_int()
        xfixes.XFixesQueryExtension(display, ctypes.byref(major), ctypes.byref(minor))
        image = xfixes.XFixesGetCursorImage(display).contents
        width, height = image.width, image.height
        pixels = [image.pixels[i] & 0xffffffff for i in range(width * height)]
        answer = width, height, image.xhot, image.yhot, lambda x, y: pixels[y * width + x]
        x11.XCloseDisplay(display)
        return answer

    def screenshot(self, path):
        """The whole screen as PNG."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["import", "-window", "root", str(path)], env=self.environ, check=True,
                       capture_output=True, timeout=60)
        return path


def colors(path, crop=None):
    """Number of different colours in a picture, or in a part of it ("WIDTHxHEIGHT+X+Y")."""
    part = ["-crop", crop] if crop else []
    out = subprocess.run(["convert", str(path), *part, "-format", "%k", "info:"], check=True,
                         capture_output=True, text=True)
    return int(out.stdout)


def difference(path, wanted, metric="RMSE"):
    """How far two pictures are from each other: 0 (same) to 1; other sizes are as far as can be."""
    done = subprocess.run(["compare", "-metric", metric, str(path), str(wanted), "null:"],
                          capture_output=True, text=True)
    if "(" not in done.stderr:
        tap.diag(done.stderr)
        return 1.0
    return float(done.stderr.split("(")[1].split(")")[0])
