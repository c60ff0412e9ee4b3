# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device of this computer is added by its name in the window, and the machine's definition has its numbers."""

import shutil

from lib import bus, desk, domain, pcibus, tap, vm, wizard

session = bus.Session()
tap.cleanup_at_end(session.close)
ROOT = session.path / "usb"
session.environ["VMH_USB_ROOT"] = str(ROOT)
PORTS = ROOT / "sys/bus/usb/devices"


def plug_in(port, number, *facts):
    folder = ROOT / "coming"
    folder.mkdir(parents=True)
    for name, text in zip(("idVendor", "idProduct", "manufacturer", "product", "busnum", "devnum", "bDeviceClass"),
                          (*facts, "1", str(number), "00")):
        (folder / name).write_text(text + "\n")
    PORTS.mkdir(parents=True, exist_ok=True)
    folder.rename(PORTS / port)


plug_in("1-1", 4, "0781", "5581", "SanDisk", "Ultra <USB> 3.0")
plug_in("1-2", 5, "046d", "c52b", "Logitech", "USB Receiver")
pci = pcibus.Bus(ROOT)
pci.add("0000:04:00.0", "0x8086", "0x1533", "0x020000", "igb", 11)
(ROOT / "usr/share/misc").mkdir(parents=True)
(ROOT / "usr/share/misc/pci.ids").write_text("# list\n8086  Intel Corporation\n\t1533  I210 <Network>\n")
session.start_helper()


def add(place, machine, words):
    """What Add Hardware finds by @words, to the @machine that is shown."""
    app = place.app
    app.find("label", machine, timeout=20)
    wizard.choose_tab(app, "Details")
    app.find("list", "Hardware", timeout=20)
    app.click("_Add Hardware… Add Hardware…", "push button")
    search = app.find("entry", "Search hardware")
    place.display.move(200, 300)
    place.display.type(words)
    tap.wait_for(lambda: any(words in n.text for n in search.walk()), 10, "the typed text")
    place.display.key("Return")
    tap.wait_for(lambda: not app.find_all("entry", "Search hardware"), 10, "the dialog to go")


@tap.case
def added_by_name():
    """Add Hardware offers what is plugged in by name; the one that is chosen is in the definition"""
    machine = domain.create(session, vm.real_mode("usb", session))
    place = desk.Desk(session, "hostdev")
    app = place.app
    add(place, "usb", "usb stick")
    app.find("label", "SanDisk Ultra <USB> 3.0", timeout=20)
    place.display.screenshot(place.picture("offered"))
    # What comes and goes meanwhile does so here.
    plug_in("1-0", 6, "1050", "0407", "Yubico", "Security Key")
    app.find("label", "Yubico Security Key", timeout=20)
    shutil.rmtree(PORTS / "1-0")
    tap.wait_for(lambda: not app.find_all("label", "Yubico Security Key"), 20, "its end", 0.2)
    choice = app.find_all("radio button") or app.find_all("check box")
    app.mouse(choice[-1])
    app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
    tap.wait_for(lambda: '"0xc52b"' in domain.call(session, machine, "GetXml")[0] or
                 "'0xc52b'" in domain.call(session, machine, "GetXml")[0], 20, "the device in the definition")
    xml = domain.call(session, machine, "GetXml")[0]
    tap.true("0x046d" in xml and "<hostdev" in xml and "<address bus" not in xml.split("<hostdev")[1], xml)
    place.display.screenshot(place.picture("chosen"))


@tap.case
def pci_with_its_reason():
    """PCI devices of this computer are offered by name, and what no machine of the session can have says why"""
    domain.create(session, vm.real_mode("pci", session))
    place = desk.Desk(session, "hostdev-pci")
    app = place.app
    add(place, "pci", "pci device")
    app.find("label", "Intel Corporation I210 <Network>", timeout=20)
    app.find("label", "Only a machine of the whole system can have it.", timeout=20)
    place.display.screenshot(place.picture("offered"))
    choice = app.find_all("radio button") or app.find_all("check box")
    app.mouse(choice[-1])
    app.find("label", "Not chosen yet")


tap.main()
