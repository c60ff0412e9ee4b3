# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Guest tab of a Linux guest: without an agent it says how to get one; with Debian's it shows what the guest says, and sets a password;
it sets its clock, and ends it where its power button is not heeded."""

import time

from lib import bus, desk, domain, guest, tap, vm, wizard
from lib.live import Guest

DISK = "<disk type='file' device='disk'><driver name='qemu' type='raw'/><target dev='vda' bus='virtio'/></disk>"
NIC = "<interface type='user'><mac address='52:54:00:aa:bb:cc'/><model type='virtio'/></interface>"


def shown(node):
    """All pages of a stack are in the tree."""
    return node.extents()[2] > 0


@tap.case
def tab():
    """No agent: what to install; then name, addresses, file systems; a password set by keys is another one in the guest"""
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    it = Guest(session, "told", DISK + NIC, initramfs=guest.agent_initramfs(), memory=192,
               storage=domain.storage(domain.new_disk(size=64 << 20)))
    at = desk.Desk(session, "guest", size="1200x900")
    app = at.app
    wizard.choose_tab(app, "Guest")
    app.find("label", name="No Guest Agent Answers", timeout=20, where=shown)
    at.display.screenshot(at.picture("silent"))
    it.line.shell("hostname innkeeper-guest; ip link set eth0 up; ip address add 10.0.2.15/24 dev eth0")
    it.line.shell("mke2fs /dev/vda >/dev/null 2>&1; mkdir /data; mount /dev/vda /data; dd if=/dev/zero of=/data/f bs=1M count=20 2>/dev/null; agent")
    app.find("label", name="innkeeper-guest", timeout=40)
    app.find("label", contains="10.0.2.15/24")
    app.find("label", name="Nobody is logged in")
    app.find("label", contains="of 58.8")
    at.display.screenshot(at.picture("told"))
    before = it.line.shell("grep ^guest: /etc/shadow")
    wizard.press(app, "Set a Password…")
    app.find("label", name="Set a Password", timeout=10)
    at.display.type("guest")
    at.display.key("Tab")
    at.display.type("Kanarie 1")
    at.display.screenshot(at.picture("password"))
    at.display.key("Tab", "Tab")
    at.display.type("Kanarie 1")
    at.display.screenshot(at.picture("password-again"))
    # By the keyboard, for GTK 4.8 may crash when its accessible tree is walked while a window goes.
    windows = len(at.display.windows(app.pid))
    at.display.key("Return")
    tap.wait_for(lambda: len(at.display.windows(app.pid)) < windows, 10, "the dialog's end", 0.1)
    app.find("label", contains="has another password", timeout=20)
    at.display.screenshot(at.picture("set"))
    after = it.line.shell("grep ^guest: /etc/shadow")
    tap.true(before != after, after)
    hashed, salt = after.split(":")[1], after.split("$")[2]
    tap.equal(it.line.shell(f"mkpasswd -m sha512 -S {salt} 'Kanarie 1'"), hashed, "the password")
    it.line.shell("date -s 2001-01-01")
    wizard.press(app, "Set the Clock")
    app.find("label", contains="clock is set", timeout=20)
    at.display.screenshot(at.picture("clock"))
    tap.true(abs(int(it.line.shell("date +%s")) - time.time()) < 5, "its clock")
    domain.call(session, it.machine, "Pause")
    app.find("label", name="Nobody to Ask", timeout=20, where=shown)
    at.display.screenshot(at.picture("paused"))
    # Its system does not heed the power button; the agent is asked in its stead.
    domain.call(session, it.machine, "Resume")
    app.find("label", name="innkeeper-guest", timeout=40, where=shown)
    it.line.close()
    app.activate("win.shut-down")
    vm.wait_state(session, it.machine, "off")


tap.main()
