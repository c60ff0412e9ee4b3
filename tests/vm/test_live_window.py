# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running machine is changed on its details pages; the guest has what the window says."""

import os
import re

from gi.repository import GLib

from lib import bus, desk, guest, tap, wizard

MACHINE = desk.MACHINE


class Place:
    def __init__(self):
        session = bus.Session()
        tap.cleanup(session.close)
        session.start_helper()
        self.desk = desk.Desk(session, "live")
        self.app = self.desk.app
        self.session = session
        self.disc = self.desk.home / "disc.iso"
        self.disc.write_bytes(b"DISC" * 4096)
        session.give(self.disc)
        self.desk.create_linux(initramfs=guest.initramfs_of(
            "drives", (*guest.MODULES, "ahci", "sr_mod"), guest.INIT))
        self.app.find("spin button", "Processors").set_value(1)
        wizard.press(self.app, "Create")
        (self.path,) = wizard.wait_for_created(self.app, session)
        self.desk.wait_state(self.path, "running")
        self.viewer = desk.Viewer(session, self.path)
        self.viewer.wait_for_shell()

    def choose(self, page):
        """Of the list of hardware."""
        wizard.choose_tab(self.app, "Details")
        self.app.choose("Hardware", page, timeout=20)

    def add(self, help_text):
        self.app.click("_Add Hardware… Add Hardware…", "push button")
        search = self.app.find("entry", "Search hardware")
        self.desk.display.move(200, 300)  # without a window manager keys go where the pointer is
        self.desk.display.type(help_text.lower())
        tap.wait_for(lambda: any(help_text.lower() in n.text for n in search.walk()), 10, "the typed text")
        self.desk.display.key("Return")
        tap.wait_for(lambda: not self.app.find_all("entry", "Search hardware"), 10, "the dialog to go")

    def set(self, label, value):
        self.app.find("spin button", label, timeout=20).set_value(value)
        self.apply()

    def apply(self):
        """Until the page is as it was before, but for the value."""
        before = self.session.get(self.path, MACHINE, "Generation")
        self.app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
        tap.wait_for(lambda: self.session.get(self.path, MACHINE, "Generation") > before, 20, "a new definition")
        tap.wait_for(lambda: not self.app.find_all("label", contains="Applying"), 20, "the end of it")

    def ask(self, command, pattern):
        """What is typed at the guest; @pattern is not in it."""
        os.write(self.viewer.fd, command.encode() + b"\n")
        self.viewer.wait_for(pattern, 60)


@tap.case
def live():
    """Each on its page, processors, memory, cable, disc and a disk's limit: the guest has it at once; what waits says why"""
    it = Place()
    it.choose("Processors")
    it.set("Processors", 2)
    it.ask("for c in /sys/devices/system/cpu/cpu[1-9]; do echo 1 > $c/online; done; echo has-$(nproc)-of", "has-2-of")
    tap.equal(it.session.get(it.path, MACHINE, "Pending"), [], "what waits")
    tap.equal(it.session.get(it.path, MACHINE, "Vcpus"), 2, "as it is told")
    it.desk.display.screenshot(it.desk.picture("processors"))
    it.set("Processors", 200)
    it.app.find(contains="It has begun with places for", timeout=20)
    it.desk.display.screenshot(it.desk.picture("waits"))
    tap.equal(it.session.get(it.path, MACHINE, "Pending"), ["cpu/vcpus"], "what waits")
    it.set("Processors", 2)
    it.choose("Memory")
    size = it.session.get(it.path, MACHINE, "Memory")
    it.ask("echo 'online_movable' > /sys/devices/system/memory/auto_online_blocks; echo on$((1))line", "on1line")
    it.ask("echo before-$(grep -o 'MemTotal.*[0-9]' /proc/meminfo | tr -dc 0-9)-kB", r"before-\d+-kB")
    it.set("Memory", 2 * it.app.find("spin button", "Memory", timeout=20).value)
    before = int(re.search(r"before-(\d+)-kB", it.viewer.text).group(1))
    wanted = before + size // 1024
    it.ask(f"while [ $(grep -o 'MemTotal.*[0-9]' /proc/meminfo | tr -dc 0-9) != {wanted} ]; do sleep 1; done; "
           f"echo after-$(({wanted} - {before}))-kB", f"after-{size // 1024}-kB")
    given = f"{2 * size >> 20} MiB" if 2 * size < 1 << 30 else f"{2 * size >> 30} GiB"
    it.app.find("label", where=lambda n: re.match(rf"{given}, .* of it used$", n.text), timeout=20)
    it.desk.display.screenshot(it.desk.picture("memory"))
    it.choose("Network")
    it.ask("ip link set eth0 up; sleep 1; echo carrier-$(cat /sys/class/net/eth0/carrier)-now", "carrier-1-now")
    it.app.click("Cable plugged in")
    it.apply()
    it.ask("echo carrier-$(cat /sys/class/net/eth0/carrier)-then", "carrier-0-then")
    it.choose("CD or DVD drive sda")
    it.app.find("text", "Image", timeout=20).set_text(str(it.disc))
    it.apply()
    tap.true(str(it.disc) in it.session.call(it.path, MACHINE, "GetXml", GLib.Variant(
        "(a{sv})", ({"live": GLib.Variant("b", True)},)))[0], "the disc in what runs")
    it.ask("for i in 1 2 3 4 5 6 7 8; do sleep 1; dd if=/dev/sr0 bs=4 count=1 2>/dev/null; done; echo en''ded", "ended")
    tap.true("DISCDISC" in it.viewer.text, it.viewer.text[-300:])
    it.choose("Disk vda")
    it.app.click("Speed limits")
    it.desk.display.screenshot(it.desk.picture("disk"))
    it.set("Limit", 4 << 20)
    now = "$(cut -d' ' -f1 /proc/uptime)"
    it.ask(f"a={now}; dd if=/dev/zero of=/dev/vda bs=64k oflag=direct count=384 2>/dev/null; b={now}; "
           "echo took-$(echo $b $a | awk '{print $1-$2}')-s", r"took-[0-9.]+-s")
    rate = 24 / float(re.search(r"took-([0-9.]+)-s", it.viewer.text).group(1))
    tap.true(abs(rate - 4) < 0.5, f"{rate} MiB/s of 4")  # the first tenth of a second comes at once
    it.desk.display.screenshot(it.desk.picture("limit"))
    tap.equal(it.session.get(it.path, MACHINE, "Pending"), [], "what waits")
    grow(it)
    devices(it)
    it.session.call(it.path, MACHINE, "ForceOff", GLib.Variant("(a{sv})", ({},)))


def grow(it):
    """A disk gets larger: its page says how large it is, and the guest has the new size at once."""
    it.choose("Disk vda")
    it.app.find("label", contains="Takes up", timeout=20)
    it.ask("echo sectors-$(cat /sys/block/vda/size)-before", r"sectors-\d+-before")
    size = int(re.search(r"sectors-(\d+)-before", it.viewer.text).group(1)) * 512
    it.desk.display.screenshot(it.desk.picture("size"))
    it.app.click("_Grow… Grow…", "push button")
    editor = it.app.find("spin button", "New size", timeout=20)
    tap.true(editor.value > size, f"{editor.value} is suggested, of {size}")
    it.desk.display.screenshot(it.desk.picture("grow"))
    editor.set_value(size + (3 << 30))
    it.app.click("_Make Larger Make Larger", "push button")
    it.ask(f"sleep 2; echo sectors-$(cat /sys/block/vda/size)-grown", f"sectors-{(size + (3 << 30)) // 512}-grown")
    it.app.find("label", f"{(size >> 30) + 3} GiB", timeout=20)
    it.desk.display.screenshot(it.desk.picture("grown"))
    # What a card may send and receive, in a fold as the disk's.
    it.choose("Network")
    it.app.mouse(it.app.find_all("list item", "Speed limits")[-1])
    it.set("Sends at most", 250)
    it.desk.display.screenshot(it.desk.picture("bandwidth"))
    tap.true('<outbound average="250"/>' in it.session.call(it.path, MACHINE, "GetXml", GLib.Variant(
        "(a{sv})", ({"live": GLib.Variant("b", True)},)))[0], "the limit in what runs")


def devices(it):
    """What is added is there at once, what is removed is gone; what the guest keeps stays in the list, and says so."""
    it.add("A network card.")
    it.desk.display.screenshot(it.desk.picture("new-card"))
    it.apply()
    it.ask("sleep 1; echo cards-$(ls /sys/class/net | wc -l)-now", "cards-3-now")
    it.desk.display.screenshot(it.desk.picture("card"))
    it.app.click("_Remove Remove", "push button", where=lambda n: n.has_state("sensitive"))
    it.apply()
    it.ask("sleep 1; echo cards-$(ls /sys/class/net | wc -l)-then", "cards-2-then")
    it.add("Room for a system")
    it.app.find("spin button", "Size of the new image").set_value(64 << 20)
    it.apply()
    it.ask("sleep 1; echo sectors-$(cat /sys/block/vdb/size)-now", "sectors-131072-now")
    tap.equal(it.session.get(it.path, MACHINE, "Pending"), [], "what waits")
    # A guest that stands still cannot let it go.
    it.session.call(it.path, MACHINE, "Pause", GLib.Variant("(a{sv})", ({},)))
    it.app.click("_Remove Remove", "push button", where=lambda n: n.has_state("sensitive"))
    it.apply()
    it.app.find(contains="has not let it go", timeout=20)
    it.desk.display.screenshot(it.desk.picture("kept"))
    it.session.call(it.path, MACHINE, "Resume", GLib.Variant("(a{sv})", ({},)))
    tap.wait_for(lambda: not it.app.find_all(contains="has not let it go"), 20, "the row to go")
    it.ask("echo disks-$(ls /sys/block | grep -c vd)-then", "disks-1-then")
    tap.equal(it.session.get(it.path, MACHINE, "Pending"), [], "what waits")
    # What cannot come while it runs.
    it.add("A serial port")
    it.apply()
    it.app.find(contains="There after the next restart", timeout=20)
    it.desk.display.screenshot(it.desk.picture("later"))


tap.main()
