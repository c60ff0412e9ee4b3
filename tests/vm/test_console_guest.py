# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does at the embedded screen, as the drivers of a Linux guest see it (guest-probe.c)."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from lib import bus, desk, domain, guest, proc, tap, vm, wizard, xvfb

DEVICES = (vm.SERIAL + "<video><model type='virtio'/></video><input type='tablet' bus='usb'/>"
           "<input type='keyboard' bus='ps2'/>")
# All keys of a PC's keyboard by evdev's codes, but those that Linux' own console would act on.
KEYS = [*range(2, 84), 86, 87, 88, 96, 97, 98, 100, *range(102, 112), 125, 126, 127]
NUM_LOCK, CAPS_LOCK, KEY_A, KEY_Y = 69, 58, 30, 21
LEFT = 272
SHIFTS = (42, 54)
# Of a US keyboard: what the keys of evdev's codes type, without and with Shift.
US = {first + i: pair for first, plain, shifted in (
    (2, "1234567890-=", "!@#$%^&*()_+"), (15, "\t", "\t"), (16, "qwertyuiop[]\n", "QWERTYUIOP{}\n"),
    (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"), (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"), (57, " ", " "))
    for i, pair in enumerate(zip(plain, shifted))}
X_OFFSET = 8  # an X keycode is evdev's and 8
# What the pointer of the guest's own is made of: probe's show_cursor().
GREEN, MAGENTA = 0xff00ff00, 0xffff00ff

session = bus.Session()
runtime = Path(session.environ["XDG_RUNTIME_DIR"])
tap.cleanup_at_end(session.close)
tap.on_failure(session.print_logs)
tap.on_failure(lambda: place and tap.diag(place.app.dump()))
display = xvfb.Display(session, "2400x1600")
place = machine = line = None


def close_desk():
    global place
    if place is not None:
        wizard.end_app(place.app)
    place = None


def open_desk(name, **kwargs):
    """The app, one at a time, with the guest's screen."""
    global place
    close_desk()
    place = desk.Desk(session, name, display, end=False, **kwargs)
    tap.wait_for(lambda: place.screen()[2] > 100, 20, "the screen's place")


def press(*codes):
    """Keys by evdev's codes, one after the other."""
    # xdotool would take a number of one digit for the key with that digit.
    display.key(*("Escape" if code == 1 else str(code + X_OFFSET) for code in codes))


def hear(pattern, timeout=20):
    return line.expect(pattern + r"\r?\n", timeout)


def heard_keys(last):
    """(code, value) of all that came until the key @last was let go."""
    match = line.expect(rf"(.*?KEY {last} 0)\r?\n", 30)
    return [tuple(map(int, pair)) for pair in re.findall(r"KEY (\d+) (\d+)", match[1].decode())]


def strokes(codes):
    return [(code, value) for code in codes for value in (1, 0)]


def capture():
    """The keyboard is the guest's after a click into its screen."""
    x, y, width, height = place.screen()
    display.click(x + width // 2, y + height // 2)
    hear(f"KEY {LEFT} 1")
    hear(f"KEY {LEFT} 0")


def wait_for_mode():
    """The guest's screen is as large as its place in the window; answers that size."""
    def same():
        width, height = place.screen()[2:]
        hear(f"MODE {width} {height}", 1)
        return width, height

    return tap.wait_for(same, 20, "the guest's mode to follow the window")


def check_pattern(name, size):
    """Each pixel in the window is the one that the guest has drawn."""
    width, height = size
    rows = bytearray()
    for y in range(height):
        for x in range(width):
            rows += bytes((x & 255, y & 255, 255 if ((x >> 3) ^ (y >> 3)) & 1 else 0))
    raw = place.picture(name).with_suffix(".rgb")
    raw.write_bytes(rows)
    wanted = place.picture(name + "-wanted")
    subprocess.run(["convert", "-size", f"{width}x{height}", "-depth", "8", f"rgb:{raw}", wanted], check=True)
    raw.unlink()
    tap.wait_for(lambda: xvfb.difference(place.crop(name), wanted) == 0, 20, "the very pixels", 0.5)


def choose_view(name, menu="Size and screenshots"):
    """In the menu of the screen's size, or another."""
    place.app.click(menu, "push button")
    item = tap.wait_for(lambda: [n for n in place.app.find_all(where=wizard.named(name))
                                 if n.role.endswith("menu item") and n.extents()[2] > 0], 10, name)[0]
    item.do("click")


def check_pointer(guest_size, scale=None):
    """The guest's pointer is where ours is, at several places."""
    x0, y0, width, height = place.screen()
    scale = scale or min(width / guest_size[0], height / guest_size[1])
    left = x0 + (width - guest_size[0] * scale) / 2
    top = y0 + (height - guest_size[1] * scale) / 2
    for fx, fy in ((0.02, 0.03), (0.5, 0.5), (0.98, 0.04), (0.03, 0.97), (0.77, 0.91)):
        x, y = int(left + fx * guest_size[0] * scale), int(top + fy * guest_size[1] * scale)
        display.move(x, y)
        wanted = (x - left) / scale, (y - top) / scale

        def there():
            match = hear(r"AT (\d+) (\d+)", 2)
            got = [int(match[i]) * guest_size[i - 1] / 32767 for i in (1, 2)]
            # What is between two of the guest's pixels is either.
            return all(abs(g - w) <= 1 + 1 / scale for g, w in zip(got, wanted)) or tap.diag(f"{got}, {wanted}")

        tap.wait_for(there, 10, f"the pointer at {wanted}")


@tap.case
def keys():
    """Every key is the guest's by its place on the keyboard, also with a German layout of ours"""
    global machine, line
    session.start_helper()
    machine = domain.create(session, vm.linux("desk", session, DEVICES, guest.desk_initramfs(), memory=256))
    vm.start(session, machine)
    line = vm.serial(session, machine)
    line.expect(guest.PROMPT, 240)
    # What is plugged into USB is found a moment later.
    line.send("until grep -q Tablet /proc/bus/input/devices; do sleep 0.1; done; probe\n")
    tap.true(int(hear(r"READY (\d+)", 60)[1]) >= 3, "input devices")
    open_desk("console")
    capture()
    press(*KEYS)
    got = heard_keys(KEYS[-1])
    tap.equal(got, strokes(KEYS), "keys in the guest")
    press(NUM_LOCK, CAPS_LOCK)  # off again
    tap.equal(heard_keys(CAPS_LOCK), strokes([NUM_LOCK, CAPS_LOCK]), "keys in the guest")
    subprocess.run(["setxkbmap", "-layout", "de"], env=display.environ, check=True)
    tap.cleanup(subprocess.run, ["setxkbmap", "-layout", "us"], env=display.environ, check=True)
    display.key("z")  # it is where the American Y is
    tap.equal(heard_keys(KEY_Y), strokes([KEY_Y]), "the German z")


@tap.case
def locks():
    """Num and Caps Lock that were pressed elsewhere are the guest's before its first key"""
    display.xdotool("keydown", "Control_L", "keydown", "Alt_L", "keyup", "Alt_L", "keyup", "Control_L")
    hear("KEY 29 0")
    press(NUM_LOCK, CAPS_LOCK)
    capture()
    press(KEY_A)
    tap.equal(heard_keys(KEY_A), strokes([NUM_LOCK, CAPS_LOCK, KEY_A]), "keys in the guest")
    press(NUM_LOCK, CAPS_LOCK)
    tap.equal(heard_keys(CAPS_LOCK), strokes([NUM_LOCK, CAPS_LOCK]), "keys in the guest")


@tap.case
def typed():
    """The clipboard's text is typed, each letter of a US keyboard's, in order; a key stops it; what has no key is named"""
    text = "".join(map(chr, range(32, 127))) + "\t\n"
    text = text * tap.count(3, 11)
    clip = session.path / "clip"

    def copy(what):
        clip.write_text(what)
        return session.spawn(["xclip", "-quiet", "-selection", "clipboard", str(clip)], extra_env=dict(display.environ))

    owner = copy(text)
    capture()
    choose_view("Type the Clipboard’s Text", "Send keys")
    got, shift = "", False
    while len(got) < len(text):
        code, value = map(int, hear(r"KEY (\d+) (\d+)", 10).groups())
        if code in SHIFTS:
            shift = value > 0
        elif value == 1:
            got += US[code][shift]
    tap.equal(got, text, "what was typed")
    hear("KEY 28 0")
    tap.wait_for(lambda: not place.app.find_all("label", contains="being typed"), 10, "the end of the hint")
    choose_view("Type the Clipboard’s Text", "Send keys")
    place.app.find("label", contains="Any key stops that")
    display.screenshot(place.picture("typing"))
    press(KEY_A)
    tap.wait_for(lambda: not place.app.find_all("label", contains="being typed"), 5, "it is stopped")
    press(KEY_Y)
    tap.equal(heard_keys(KEY_Y)[-2:], strokes([KEY_Y]), "keys in the guest")
    owner.stop()
    owner = copy("10 €")
    choose_view("Type the Clipboard’s Text", "Send keys")
    place.app.find("label", contains="no key for “€”")
    display.screenshot(place.picture("no-key"))
    place.close_dialog()
    owner.stop()
    capture()


@tap.case
def unseen():
    """While a text line is looked at nothing of the screen comes from QEMU; then it is there again"""
    (screen,) = [pid for pid in proc.find("program") if proc.cmdline(pid).startswith("/program ")]
    looked = len(vm.fds_of(screen))
    wizard.choose_tab(place.app, "Serial 1")
    tap.wait_for(lambda: len(vm.fds_of(screen)) < looked, 10, "that vmm-screen lets QEMU's display go")
    wizard.choose_tab(place.app, "Screen")
    tap.wait_for(lambda: len(vm.fds_of(screen)) == looked, 10, "that it listens again")
    capture()


@tap.case
def resize():
    """The guest's screen follows the window's size, and each of its pixels is shown as it is"""
    display.xdotool("windowsize", place.window(), 1391, 903)
    size = wait_for_mode()
    tap.true(size[0] > 1000, f"the screen's size is {size}")
    x, y, width, height = place.screen()
    display.move(x - 30, y + height // 2)  # the pointer is not in the picture
    check_pattern("resized", size)
    # QEMU pads the lines of such a picture, which the helper mends.
    tap.true(size[0] % 4, f"a width of {size[0]} pads no lines")
    picture = place.picture("resized").with_suffix(".ppm")
    fd = vm.console(session, machine, "Screenshot")
    picture.write_bytes(os.pread(fd, 1 << 26, 0))
    os.close(fd)
    tap.equal(xvfb.difference(picture, place.picture("resized-wanted")), 0, "the screenshot")
    check_pointer(size)


@tap.case
def scaled():
    """A guest's screen that keeps its size is scaled to the window or shown as it is; the pointer is right"""
    size = place.screen()[2:]
    choose_view("Resize the Screen with the Window")
    display.xdotool("windowsize", place.window(), 1990, 1400)
    tap.wait_for(lambda: place.screen()[2] > size[0] * 1.3, 10, "a larger place")
    check_pointer(size)
    display.screenshot(place.picture("fit"))
    choose_view("Actual Size")
    check_pointer(size, 1)
    display.screenshot(place.picture("actual"))
    choose_view("Fit to Window")
    choose_view("Resize the Screen with the Window")
    wait_for_mode()


@tap.case
def cursor():
    """The guest's own pointer is what is seen over its screen"""
    x, y, width, height = place.screen()
    display.move(x + width // 2, y + height // 2)

    def shown():
        cursor_width, cursor_height, hot_x, hot_y, pixel = display.cursor()
        return (cursor_width >= 20 and cursor_height >= 20 and (hot_x, hot_y) == (5, 5)
                and pixel(2, 2) == GREEN and pixel(10, 10) == MAGENTA
                and pixel(cursor_width - 1, cursor_height - 1) in (0, MAGENTA))

    tap.wait_for(shown, 10, "the guest's pointer")
    display.move(20, 20)
    tap.wait_for(lambda: not shown(), 10, "our own pointer beside it")


@tap.case
def without_frames():
    """Where vmm-screen ends, the same screen and keys go on over VNC"""
    (screen,) = [pid for pid in proc.find("program") if proc.cmdline(pid).startswith("/program ")]
    x, y, width, height = place.screen()
    display.move(x + width // 2, y + height // 2)
    os.kill(screen, signal.SIGKILL)
    time.sleep(2)
    display.screenshot(place.picture("vnc"))
    capture()
    press(KEY_A)
    tap.equal(heard_keys(KEY_A), strokes([KEY_A]), "keys in the guest")
    check_pattern("vnc", place.screen()[2:])


@tap.case
def hidpi():
    """On a screen of double density a pixel of the guest's is one of the screen's, and the pointer is right"""
    open_desk("console-hidpi", extra_env={"GDK_SCALE": "2"}, scale=2)
    size = wait_for_mode()
    capture()
    x, y, width, height = place.screen()
    display.move(x - 30, y + height // 2)
    check_pattern("double", size)
    check_pointer(size)


@tap.case
def wayland():
    """Under a Wayland compositor the keys, the pointer and the screen's size reach the guest just so"""
    weston = session.spawn(["weston", "--backend=x11-backend.so", "--shell=kiosk-shell.so", "--no-config",
                            "--idle-time=0", "--socket=inn-wayland", "--use-pixman", "--width=1280",
                            "--height=900"],
                           name="weston")
    close_desk()
    tap.wait_for(lambda: (runtime / "inn-wayland").exists(), 20, "weston")
    open_desk("console-wayland", extra_env={"GDK_BACKEND": "wayland", "WAYLAND_DISPLAY": "inn-wayland"},
              geometry=(0, 0, 1280, 900))  # the kiosk's only program has its whole screen
    size = wait_for_mode()
    capture()
    press(*KEYS)
    tap.equal(heard_keys(KEYS[-1]), strokes(KEYS), "keys in the guest")
    press(NUM_LOCK, CAPS_LOCK)
    heard_keys(CAPS_LOCK)
    check_pointer(size)
    display.screenshot(place.picture("wayland"))
    close_desk()
    weston.stop()


@tap.case
def shutdown():
    """Shut Down presses the guest's power button; it obeys and the window says that it is off"""
    open_desk("console")
    place.app.activate("win.shut-down")
    hear("POWER")
    vm.wait_state(session, machine, "off", 60)
    place.app.find("label", "This machine is off.")


@tap.case
def panic():
    """A guest's crash is told in the window, with the machine's name and what the log ended with"""
    place.app.activate("win.start")
    vm.wait_state(session, machine, "running", 30)
    again = vm.serial(session, machine)
    again.expect(guest.PROMPT, 240)
    again.send("echo c > /proc/sysrq-trigger\n")
    vm.wait_state(session, machine, "crashed", 60)
    tap.diag(vm.reason(session, machine))
    place.app.find("label", contains="“desk” has crashed")
    place.app.find("label", contains="The system in it has crashed.")
    display.screenshot(place.picture("panic"))


tap.cleanup_at_end(close_desk)
tap.main()
