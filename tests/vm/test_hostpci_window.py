# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PCI device of this computer, and a mediated one, is added in the window to a machine of the whole system."""

import os

from lib import desk, domain, ns, pcibus, system, tap, vm, wizard

ns.enter()
made = system.make(activated=False)
ROOT = made.dir / "pci"
os.environ["VMH_USB_ROOT"] = str(ROOT)
helper = system.Root(made)
tap.cleanup_at_end(helper.close)
pci = pcibus.Bus(ROOT)
pci.add("0000:04:00.0", "0x8086", "0x1533", "0x020000", "igb", 11)
pci.add("0000:04:00.1", "0x8086", "0x1533", "0x020000", "igb", 11)
pci.add("0000:01:00.0", "0x10de", "0x1c82", "0x030000", "nouveau", 1, boot_vga=1)
(ROOT / "usr/share/misc").mkdir(parents=True)
(ROOT / "usr/share/misc/pci.ids").write_text("# list\n10de  NVIDIA\n\t1c82  GTX\n8086  Intel Corporation\n\t1533  I210\n")
helper.start_helper()
user = system.Root(made, ns.USER)
session = ns.UserSession()
tap.cleanup_at_end(session.close)
place = desk.Desk(session, "hostpci", keep=True)
app = place.app
SHARE = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"


def add_hardware(kind):
    app.click("_Add Hardware… Add Hardware…", "push button")
    search = app.find("entry", "Search hardware", timeout=20)
    place.display.move(200, 300)
    place.display.type(kind)
    tap.wait_for(lambda: any(kind in n.text for n in search.walk()), 10, "the typed text")
    place.display.key("Return")
    tap.wait_for(lambda: not app.find_all("entry", "Search hardware"), 10, "the dialog to go")


@tap.case
def added_by_name():
    """Add Hardware offers what can be given with what it goes together with; the one that is chosen is in the definition"""
    machine = domain.create(user, vm.real_mode("cards", user))
    place.choose_system()
    app.find("label", "cards", timeout=20)
    wizard.choose_tab(app, "Details")
    app.find("list", "Hardware", timeout=20)
    add_hardware("pci device")
    card = app.find("label", "0000:04:00.0, only together with 0000:04:00.1", timeout=20)
    screen = app.find("label", "It shows this computer’s own screen.", timeout=20)
    place.display.screenshot(place.picture("offered"))
    app.mouse(card)
    app.mouse(screen)  # which cannot be chosen
    app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
    tap.wait_for(lambda: "<hostdev" in domain.call(user, machine, "GetXml")[0], 20, "the device in the definition")
    part = domain.call(user, machine, "GetXml")[0].replace("'", '"').split("<hostdev")[1]
    for word in ('managed="yes"', 'type="pci"', 'domain="0x0000"', 'bus="0x04"', 'slot="0x00"', 'function="0x0"'):
        tap.true(word in part, f"{word}: {part}")
    app.find("label", "0000:04:00.0", timeout=20)
    place.display.screenshot(place.picture("chosen"))


@tap.case
def share_added():
    """Without any mediated device it is said who makes one; one that comes is offered by its type's name and its parent"""
    (machine,) = user.machines()
    add_hardware("mediated")
    app.find("label", "This computer has no mediated device. Where a card of it can be shared, an administrator makes one "
                      "with “mdevctl”.", timeout=20)
    pci.share(SHARE, "Dual <port> serial", 31, "pci0000:00/0000:04:00.0")
    pci.share(SHARE[:-1] + "2", "Single port serial")
    card = app.find("label", f"{SHARE}, a share of Intel Corporation I210 (0000:04:00.0)", timeout=20)
    app.find("label", "Dual <port> serial", timeout=20)
    other = app.find("label", "This computer’s driver of it does not hand it on.", timeout=20)
    place.display.screenshot(place.picture("shares"))
    app.mouse(card)
    app.mouse(other)  # which cannot be chosen
    app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
    tap.wait_for(lambda: SHARE in domain.call(user, machine, "GetXml")[0], 20, "the device in the definition")
    part = domain.call(user, machine, "GetXml")[0].replace("'", '"').split('type="mdev"')[1].split("</hostdev>")[0]
    for word in ('model="vfio-pci"', f'uuid="{SHARE}"'):
        tap.true(word in part, f"{word}: {part}")


tap.main()
