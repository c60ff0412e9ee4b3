# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCI devices of a computer in its machines: a whole computer with an IOMMU and spare cards, all emulated, and in it the
helper as it is installed. Its guests tell by their serial lines which devices they see."""

import re

from lib import bus, computer, domain, guest, installed, tap

CARD, SECOND = 0x10D38086, 0x11E81234  # e1000e, which has a driver here, and edu, which has none
DEVICES = ("-nic", "none", "-device", "intel-iommu,intremap=on,caching-mode=on",
           "-device", "pcie-root-port,id=spare,chassis=20", "-device", "e1000e,bus=spare,mac=52:54:00:00:00:77",
           "-device", "pcie-root-port,id=pair,chassis=21",
           "-device", "e1000e,bus=pair,addr=0.0,multifunction=on,mac=52:54:00:00:00:78", "-device", "edu,bus=pair,addr=0.1")

pc = computer.Computer(devices=DEVICES, words="intel_iommu=on", memory=2048)
tap.cleanup(pc.close)
tap.on_failure(lambda: tap.diag(pc.run("journalctl -b -q --no-pager -o short-monotonic -n 60 | cut -c1-300", check=False)))
tap.diag(f"up after {pc.boot(600):.0f} s")
here = installed.Installed(pc)


def addresses(device):
    """Of those in slots of their own, in order."""
    found = pc.run(f"grep -l 0x{device >> 16:04x} /sys/bus/pci/devices/*/device").split()
    return [path.split("/")[5] for path in found]


def driver(address):
    return pc.run(f"basename $(readlink /sys/bus/pci/devices/{address}/driver || echo none)")


def hostdev(address, managed="yes"):
    bus_and, function = address.split(".")
    number, bus_number, slot = bus_and.split(":")
    return (f"<hostdev mode='subsystem' type='pci' managed='{managed}'><source><address domain='0x{number}' "
            f"bus='0x{bus_number}' slot='0x{slot}' function='0x{function}'/></source></hostdev>")


def rows():
    """What the list says of each PCI device, as GVariant prints it."""
    said = here.call(bus.MANAGER, "ListHostDevices", "@a{sv} {}", interface=domain.MANAGER)
    return {m[1]: part for part in said.split("{'type'") if (m := re.search(r"'address': <'([^']+)'>", part))}


def off(path):
    here.call(path, "ForceOff", "@a{sv} {}")
    tap.wait_for(lambda: "'off'" in here.prop(path, "State"), 30, "the machine to be off", 0.2)


def is_back(address, name):
    tap.wait_for(lambda: driver(address) == name, 30, f"{address} to be {name}'s again", 0.3)


def nothing_is_left():
    tap.wait_for(lambda: pc.run("ls /dev/innkeeper 2>/dev/null || true") == "", 20, "/dev/innkeeper to be empty", 0.3)


def apply(path, devices):
    """The definition with these devices of the computer and no others; answers what became of each change."""
    script = ("import re\nfrom gi.repository import Gio, GLib\nbus = Gio.bus_get_sync(Gio.BusType.SYSTEM)\n"
              "def call(method, arguments):\n"
              f"    return bus.call_sync('{bus.NAME}', '{path}', '{domain.MACHINE}', method, arguments, None, 0, 90000, None)\n"
              "xml = call('GetXml', GLib.Variant('(a{sv})', ({},))).unpack()[0]\n"
              "xml = re.sub('<hostdev.*</hostdev>', '', xml, flags=re.S)\n"
              f"xml = xml.replace('</devices>', {devices!r} + '</devices>')\n"
              "print(call('Apply', GLib.Variant('(sa{sv})', (xml, {}))).unpack())\n")
    code, out, err = pc.ask(["python3", "-c", script], port="desk", timeout=120)
    tap.true(code == 0, err)
    return out


card = addresses(CARD)[0]


@tap.case
def listed():
    """The list has the card with its driver and group, and nothing in the way; the disk of the computer is in its own way"""
    found = rows()
    tap.true("'driver': <'e1000e'>" in found[card] and "'group': <uint32" in found[card], found[card])
    tap.true("'problem'" not in found[card], found[card])
    disk = [row for row in found.values() if "disk “" in row]
    tap.true(len(disk) == 1, found)


@tap.case
def from_the_start():
    """A machine is started with the card: the guest sees it, and this computer has it back when the machine is off"""
    path = here.make("cold", guest.pci_sector(CARD), hostdev(card), machine="q35")
    before = pc.run("stat -c '%U %a' /dev/vfio/vfio; ls -A /dev/vfio")
    here.start(path)
    tap.true(here.wait_for_serial(path, "SEEN\r\n") == "SEEN\r\n", "from the first look on")
    tap.equal(driver(card), "vfio-pci", "its driver meanwhile")
    tap.true("“cold” has it." in rows()[card], rows()[card])
    (pid,) = here.qemus()
    tap.true("/vfio" in pc.run(f"ls -l /proc/{pid}/fd"), "QEMU has the group open")
    limit = int(pc.run(f"grep 'Max locked memory' /proc/{pid}/limits").split()[3])
    tap.true(1 << 30 < limit < 16 << 30, f"what it may lock: {limit}")
    tap.diag(f"the host's nodes before: {before}; now: {pc.run('ls -ln /dev/vfio')}")
    tap.true(re.search(r"^crw------- 1 0 0 .* \d+$", pc.run("ls -ln /dev/vfio"), re.M), "the host's node is root's as ever")
    off(path)
    is_back(card, "e1000e")
    nothing_is_left()


@tap.case
def one_at_a_time():
    """What one machine has no other gets, and the sentence says who has it; when that is off it does"""
    first = here.make("first", guest.pci_sector(CARD), hostdev(card), machine="q35")
    second = here.make("second", guest.pci_sector(CARD, 0xAE00), hostdev(card))
    here.start(first)
    said = here.end_of_job(here.call(second, "Start", "@a{sv} {}"))
    tap.true(f"“first” has the PCI device {card}." in said, said)
    off(first)
    here.start(second)  # at once: it waits until the card is this computer's again
    here.wait_for_serial(second, "SEEN\r\n")
    off(second)
    is_back(card, "e1000e")
    nothing_is_left()


@tap.case
def while_it_runs():
    """The card comes into a machine that runs, and goes out of it again, to this computer"""
    path = here.make("live", guest.pci_sector(CARD), machine="q35")
    here.start(path)
    here.wait_for_serial(path, "GONE\r\n")
    said = apply(path, hostdev(card))
    tap.true("'live'" in said and "'restart'" not in said, said)
    here.wait_for_serial(path, "SEEN\r\n")
    tap.equal(driver(card), "vfio-pci", "its driver meanwhile")
    said = apply(path, "")
    tap.true("'live'" in said and "'restart'" not in said, said)
    here.wait_for_serial(path, "GONE\r\nSEEN\r\nGONE\r\n")
    is_back(card, "e1000e")
    tap.true("running" in here.prop(path, "State"), "the machine runs on")
    off(path)
    nothing_is_left()


@tap.case
def killed_helper():
    """kill -9 of the helper while a machine has the card: the guest keeps it, and at its end it goes back"""
    path = here.make("killed", guest.pci_sector(CARD), hostdev(card), machine="q35")
    here.start(path)
    here.wait_for_serial(path, "SEEN\r\n")
    pc.run(f"systemctl kill -s KILL {installed.UNIT}")
    tap.wait_for(lambda: "running" in here.prop(path, "State"), 30, "the next helper", 0.5)
    tap.true("“killed” has it." in rows()[card], rows()[card])
    off(path)
    is_back(card, "e1000e")
    nothing_is_left()
    here.start(path)
    here.wait_for_serial(path, "SEEN\r\n")
    pc.run(f"systemctl stop {installed.UNIT}; kill -9 {' '.join(here.qemus())}")
    tap.equal(driver(card), "vfio-pci", "nobody is there to give it back")
    tap.true("crashed" in here.prop(path, "State"), "the next helper tells of its end")
    is_back(card, "e1000e")
    nothing_is_left()


@tap.case
def group():
    """Two devices of one IOMMU group go together: one alone is refused, with what to add, both are given and come back"""
    one, two = addresses(CARD)[1], addresses(SECOND)[0]
    groups = [pc.run(f"basename $(readlink /sys/bus/pci/devices/{a}/iommu_group)") for a in (one, two)]
    tap.equal(groups[0], groups[1], "their group")
    alone = here.make("alone", guest.pci_sector(SECOND), hostdev(two), machine="q35")
    said = here.end_of_job(here.call(alone, "Start", "@a{sv} {}"))
    tap.true(f"goes only together with" in said and one in said, said)
    tap.equal(driver(one), "e1000e", "the other's driver")
    both = here.make("both", guest.pci_sector(SECOND), hostdev(one) + hostdev(two), machine="q35")
    here.start(both)
    here.wait_for_serial(both, "SEEN\r\n")
    tap.equal([driver(one), driver(two)], ["vfio-pci", "vfio-pci"], "drivers")
    off(both)
    is_back(one, "e1000e")
    is_back(two, "none")
    nothing_is_left()
    live = here.make("together", guest.pci_sector(SECOND), machine="q35")
    here.start(live)
    said = apply(live, hostdev(one) + hostdev(two))
    tap.true("'restart'" not in said, said)
    here.wait_for_serial(live, "GONE\r\nSEEN\r\n")
    said = apply(live, "")
    tap.true("'restart'" not in said, said)
    is_back(one, "e1000e")
    off(live)
    is_back(two, "none")
    nothing_is_left()


@tap.case
def not_managed():
    """Where the device is not to be taken by itself, it has to have its driver already, and keeps it"""
    path = here.make("manual", guest.pci_sector(CARD), hostdev(card, "no"), machine="q35")
    said = here.end_of_job(here.call(path, "Start", "@a{sv} {}"))
    tap.true("does not have the driver “vfio-pci”" in said, said)
    pc.run(f"cd /sys/bus/pci; echo vfio-pci >devices/{card}/driver_override; echo {card} >drivers/e1000e/unbind; "
           f"echo {card} >drivers_probe")
    here.start(path)
    here.wait_for_serial(path, "SEEN\r\n")
    off(path)
    nothing_is_left()
    tap.equal(driver(card), "vfio-pci", "as it was before")
    pc.run(f"cd /sys/bus/pci; echo >devices/{card}/driver_override; echo {card} >drivers/vfio-pci/unbind; "
           f"echo {card} >drivers_probe")
    is_back(card, "e1000e")


@tap.case
def quiet():
    """Nothing of all this is a warning in the journal"""
    tap.equal([line for line in here.warnings() if "has ended unexpectedly" not in line], [], "warnings")


tap.main()
