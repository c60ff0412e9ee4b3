# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's screen in the window, over vmm-screen and, when that is killed, over VNC, beside other viewers of the same
guest: from a key to its pixel, and how much of what the guest draws is seen. Keys by XTEST; one pixel of the X screen is
read again and again."""

import ctypes
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time

from bench import measure
from lib import bus, desk, domain, env, guest, proc, qmp, tap, vm, xvfb

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
    """Seconds from a key to the other colour of this place."""
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


def seen(screen, x, y, pids, seconds=4):
    """(colours of this place in a second, CPU seconds of each of @pids for one of them), the processes that draw it; the
    second while nobody looks at the place, which costs the X server as much as the picture."""
    count, last, begin = 0, screen.pixel(x, y), measure.now()
    while measure.now() - begin < seconds:
        time.sleep(0.001)
        now = screen.pixel(x, y)
        count += now != last
        last = now
    rate = count / (measure.now() - begin)
    before, begin = [measure.cpu_seconds([pid]) for pid in pids], measure.now()
    time.sleep(seconds)
    shown = max(rate, 0.1) * (measure.now() - begin)
    return rate, [(measure.cpu_seconds([pid]) - b) / shown for pid, b in zip(pids, before)]


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


WIDTH, HEIGHT = 1920, 1080
CARDS = {"virtio-gpu": "virtio", "std VGA": "vga"}


def draw(line, *words):
    """The guest draws so from now on."""
    line.send("\x03")
    line.expect(guest.PROMPT, 20)
    line.send(f"draw {WIDTH} {HEIGHT} {' '.join(map(str, words))}\n")
    line.expect(r"READY \d+", 60)
    time.sleep(1.5)


def look(screen, line, place, programs, name, measured, figures):
    """All that is measured of one viewer. @place: where its picture begins; @programs: {name: pid}."""
    x, y = place
    for load in ([], [30]):
        draw(line, "echo", *load)
        sample(screen, x + 40, y + 40)
        measured[f"key → pixel, {name}" + (", drawing 30 times a second" if load else "")] = [
            sample(screen, x + 40, y + 40) for _ in range(SAMPLES // 2)]
    measure.show({key: values for key, values in measured.items() if key.startswith(f"key → pixel, {name}")})
    for what, place in (("full", (x + 300, y + 300)), ("tile", (x + WIDTH // 2 + 20, y + HEIGHT // 2 + 20))):
        draw(line, what, 60)
        rate, costs = seen(screen, *place, list(programs.values()))
        figures[what, name] = rate, dict(zip(programs, costs))
        tap.diag(f"{name}, {what} 60: {rate:.1f} a second; ms each: "
                 + ", ".join(f"{program} {cost * 1000:.2f}" for program, cost in zip(programs, costs)))


@tap.case
def screens():
    """Keys, whole pictures and small changes at 1920x1080, in the window and in other viewers"""
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    display = xvfb.Display(session, "2600x1500")
    screen = X(display.name)
    (xserver,) = [pid for pid in proc.find("Xvfb")]
    measured, figures = {}, {}
    for card, model in CARDS.items():
        if os.environ.get("INN_BENCH_CARD", card) != card:
            continue
        machine = domain.create(session, vm.linux(f"draw {model}", session, vm.SERIAL + (
            f"<video><model type='{model}'/></video><input type='tablet' bus='usb'/>"), guest.draw_initramfs(), memory=512))
        vm.start(session, machine)
        line = vm.serial(session, machine)
        line.expect(guest.PROMPT, 240)
        place = desk.Desk(session, model, display, end=False)
        window = place.window()
        tap.wait_for(lambda: place.screen()[2] > 300, 30, "the screen's place")
        for _ in range(5):
            width, height = display.geometry(window)[2:]
            _, _, w, h = place.screen()
            if (w, h) == (WIDTH, HEIGHT):
                break
            display.xdotool("windowsize", window, width + WIDTH - w, height + HEIGHT - h)
            time.sleep(1)
        x, y, w, h = place.screen()
        tap.equal((w, h), (WIDTH, HEIGHT), "the screen's place")
        draw(line, "echo")
        display.click(x + 500, y + 500)
        (program,) = [pid for pid in proc.find("program") if proc.cmdline(pid).startswith("/program ")]
        programs = {"QEMU": vm.pid(session, machine), "vmm-screen": program, "window": place.app.pid, "X": xserver}
        look(screen, line, (x, y), programs, f"{card}, Innkeeper", measured, figures)
        os.kill(program, signal.SIGKILL)
        time.sleep(3)
        draw(line, "echo")
        display.click(x + 500, y + 500)
        del programs["vmm-screen"]
        look(screen, line, (x, y), programs, f"{card}, Innkeeper over VNC", measured, figures)
        place.app.close()
        line.close()
        vm.force_off(session, machine)
        for viewer in PEERS:
            if shutil.which(viewer):
                beside(session, display, screen, xserver, card, viewer, measured, figures)
    measure.show(measured)
    goals = []
    for (what, name), (rate, costs) in figures.items():
        goals.append((f"{what} at 60 Hz, {name}", f"{rate:.1f} a second, {sum(costs.values()) * 1000:.1f} ms each: "
                      + ", ".join(f"{program} {cost * 1000:.1f}" for program, cost in costs.items()),
                      GOALS.get((what, name), "–")))
    measure.save("console-screens", measured, goals)


GOALS = {("full", "virtio-gpu, Innkeeper"): "≥ 45, ≤ 34 ms", ("full", "std VGA, Innkeeper"): "≥ 31",
         ("tile", "virtio-gpu, Innkeeper"): "60; window and X ≤ 0.9 ms"}
PEERS = {"gvncviewer": [], "xtigervncviewer": ["-RemoteResize=0", "-Shared"]}


def beside(session, display, screen, xserver, card, viewer, measured, figures):
    """The same guest of a QEMU of the test's own, in another viewer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kernel, _ = guest.kernel()
    # The size that the window asks of a machine of ours.
    device = f"virtio-vga,xres={WIDTH},yres={HEIGHT}" if card == "virtio-gpu" else f"VGA,xres={WIDTH},yres={HEIGHT}"
    machine = qmp.Qemu(["-machine", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "512", "-vga", "none", "-device", device,
                        "-device", "qemu-xhci", "-device", "usb-tablet", "-kernel", str(kernel), "-initrd", str(guest.draw_initramfs()),
                        "-append", guest.CMDLINE, "-vnc", f"127.0.0.1:{port - 5900}"], serial=True, base=False)
    tap.cleanup(machine.kill)
    line = machine.serial
    line.expect(guest.PROMPT, 240)
    draw(line, "echo")
    shown = session.spawn([viewer, *PEERS[viewer], f"127.0.0.1::{port}" if viewer == "xtigervncviewer" else f"127.0.0.1:{port - 5900}"], name=viewer, extra_env=dict(display.environ))
    window = tap.wait_for(lambda: [w for w in display.windows(shown.pid) if display.geometry(w)[2] >= WIDTH], 20, viewer)[-1]
    display.xdotool("windowmove", window, 10, 10)
    time.sleep(2)
    display.xdotool("windowfocus", window)
    x, y, w, h = display.geometry(window)
    x, y = x + (w - WIDTH) // 2, y + h - HEIGHT
    display.click(x + 500, y + 500)
    time.sleep(1)
    look(screen, line, (x, y), {"QEMU": machine.process.pid, viewer: shown.pid, "X": xserver}, f"{card}, {viewer}", measured, figures)
    shown.stop()
    machine.kill()


tap.main()
