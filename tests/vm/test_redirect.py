# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""USB devices that a viewer hands on: the real program with a libusb of the test's own (usb-device.c), which has one
device, and what a Linux guest sees of it."""

import concurrent.futures
import os
import subprocess
import time

from gi.repository import GLib

from lib import bus, crash, desk, env, guest, live, ns, tap, vm, wizard

ns.enter()
session = bus.Session()
tap.cleanup_at_end(session.close)
tap.on_failure(session.print_logs)
PROGRAM = env.BUILD / "src/usb/innkeeper-usb"
LIBRARY = "/usr/lib/x86_64-linux-gnu/libusb-1.0.so.0"
DONE, FAILED, GONE, DENIED, BUSY, REJECTED = range(6)
PORTS = 8

subprocess.run(["cc", "-shared", "-fPIC", "-o", session.path / "libusb.so", env.SOURCE / "tests/vm/usb-device.c",
                *subprocess.run(["pkg-config", "--cflags", "libusb-1.0"], capture_output=True, text=True, check=True).stdout.split()],
               check=True)
os.chmod(session.path / "libusb.so", 0o755)
subprocess.run(["mount", "--bind", session.path / "libusb.so", os.path.realpath(LIBRARY)], check=True)
NODE = session.path / "dev/bus/usb/001/007"
NODE.parent.mkdir(parents=True)
session.environ["VMH_USB_ROOT"] = session.environ["INN_USB_ROOT"] = os.environ["INN_USB_ROOT"] = str(session.path)
session.start_helper()


def plug_in():
    NODE.touch()
    tap.cleanup(lambda: NODE.unlink(missing_ok=True))


def open_port(machine):
    return vm.console(session, machine, "OpenUsb")


class Hand:
    """The program, which hands the device on."""

    def __init__(self, machine, number=7):
        handed = open_port(machine)
        self.process = subprocess.Popen(["bash", "-c", f"exec 3<&{handed.fileno()} {handed.fileno()}<&-; exec {PROGRAM} 1 {number}"],
                                        stdin=subprocess.PIPE, pass_fds=[handed.fileno()])
        handed.close()
        tap.cleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            return self.process.wait(10)
        return self.process.returncode


def boot(name):
    return live.Guest(session, name, initramfs=guest.card_initramfs())


def serials(it):
    return it.line.shell("cat /sys/bus/usb/devices/*/serial 2>/dev/null | grep SERIAL").split()


@tap.case
def in_the_guest():
    """The guest has the device while its program runs: by name and number; a killed helper takes nothing; then it is gone"""
    plug_in()
    it = boot("one")
    hand = Hand(it.machine)
    tap.wait_for(lambda: serials(it) == ["SERIAL-31415"], 30, "the device in the guest")
    tap.equal(it.line.shell("cat /sys/bus/usb/devices/*/product | grep Redirected"), "Redirected device", "its name")
    tap.true("cafe" in it.line.shell("cat /sys/bus/usb/devices/*/idVendor"), "its vendor")
    crash.replace(session)
    it.line.close()
    it.line = vm.serial(session, it.machine, history=GLib.Variant("b", False))
    tap.equal(serials(it), ["SERIAL-31415"], "after the helper was killed")
    tap.equal(hand.end(), DONE, "its end")
    tap.wait_for(lambda: serials(it) == [], 20, "that the guest has it no more")
    # The same port again.
    hand = Hand(it.machine)
    tap.wait_for(lambda: serials(it) == ["SERIAL-31415"], 30, "the device in the guest, once more")
    tap.equal(sorted(p.name for p in vm.runtime(session).rglob("usb-*")), ["usb-0"], "ports")
    vm.force_off(session, it.machine)
    tap.equal(hand.process.wait(10), DONE, "its end with the guest's")
    tap.wait_for(lambda: not list(vm.runtime(session).rglob("usb-*")), 10, "the ports' end")


@tap.case
def how_it_ends():
    """A device that is not there, or is pulled out, is told as that; nothing is left"""
    it = boot("two")
    tap.equal(Hand(it.machine).process.wait(20), GONE, "one that is not there")
    plug_in()
    hand = Hand(it.machine)
    tap.wait_for(lambda: serials(it) == ["SERIAL-31415"], 30, "the device in the guest")
    NODE.unlink()
    tap.equal(hand.process.wait(20), GONE, "one that is pulled out")
    tap.wait_for(lambda: serials(it) == [], 20, "that the guest has it no more")
    it.end()


@tap.case
def so_many():
    """There are eight ports; who has one in vain gives it back; a machine that is off, and bad options, are refused"""
    it = boot("many")
    handed = [open_port(it.machine) for _ in range(PORTS)]
    said = bus.refuses(lambda: open_port(it.machine), "org.innkeeper.Error.Limit")
    tap.true("8 USB devices" in said, said)
    handed.pop().close()
    tap.wait_for(lambda: handed.append(open_port(it.machine)) or True, 10, "a port that has become free")
    for one in handed:
        one.close()
    vm.force_off(session, it.machine)
    bus.refuses(lambda: open_port(it.machine), "org.innkeeper.Error.BadState")


@tap.case
def at_the_same_time():
    """Who ask at the same time get a port each: each hears of QEMU, once they are new and once they are free again"""
    def get(_):
        """New ones come one after the other, as all changes do, and who is to wait is told so."""
        while True:
            try:
                return open_port(it.machine)
            except GLib.Error as e:
                tap.equal(bus.error_name(e), "org.innkeeper.Error.BadState", e.message)
                time.sleep(0.02)

    it = boot("together")
    for _ in range(2):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            handed = list(pool.map(get, range(4)))
        for one in handed:
            one.settimeout(20)
            tap.true(one.recv(1), "nobody is at the other end")
            one.close()
        time.sleep(3)  # those who have just been given are not free yet
    tap.equal(len(list(vm.runtime(session).rglob("usb-*"))), 4, "ports")
    it.end()


@tap.case
def in_the_window():
    """The machine's menu hands the device on by its name, and tells when it is pulled out"""
    plug_in()
    ports = session.path / "sys/bus/usb/devices/1-1"
    ports.mkdir(parents=True)
    for name, text in dict(idVendor="cafe", idProduct="f00d", manufacturer="Inn", product="Redirected <device>", busnum="1",
                           devnum="7", bDeviceClass="ff").items():
        (ports / name).write_text(text + "\n")
    it = boot("window")
    place = desk.Desk(session, "redirect")
    place.app.choose("Machines", "window")

    def open_dialog():
        place.app.activate("win.usb")
        return place.app.find("check box", contains="Inn Redirected <device>", timeout=20)

    toggle = open_dialog()
    place.display.screenshot(place.picture("offered"))
    toggle.do("toggle")
    tap.wait_for(lambda: serials(it) == ["SERIAL-31415"], 30, "the device in the guest")
    place.display.screenshot(place.picture("switched on"))
    place.display.key("Escape")
    tap.equal(serials(it), ["SERIAL-31415"], "the device, without the dialog")
    open_dialog()
    NODE.unlink()
    place.app.find("label", "The USB device was taken back", timeout=20)
    place.display.screenshot(place.picture("pulled out"))
    tap.wait_for(lambda: serials(it) == [], 20, "that the guest has it no more")
    it.end()


tap.main()
