# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""USB devices of this computer: listed, refused, and handed to QEMU, with a sysfs of the test's own. No real device is
there, so what one does in a guest is not shown here: QEMU's libusb refuses the plain files, after it was given them."""

import ctypes
import os
import re

from gi.repository import GLib

from lib import bus, domain, tap, vm

session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
ROOT = session.path / "usb"
SYS, DEV = ROOT / "sys/bus/usb/devices", ROOT / "dev/bus/usb"
session.environ["VMH_USB_ROOT"] = str(ROOT)
ERROR = "org.innkeeper.Error."
STICK = "<source><vendor id='0x0781'/><product id='0x5581'/></source>"


def plug(port, id_vendor, id_product, place, kind="00", **strings):
    folder = SYS / port
    folder.mkdir(parents=True)
    busnum, number = place
    for name, text in dict(idVendor=id_vendor, idProduct=id_product, bDeviceClass=kind, busnum=busnum, devnum=number,
                           **strings).items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else f"{text}\n".encode())
    node = DEV / f"{busnum:03}" / f"{number:03}"
    node.parent.mkdir(parents=True, exist_ok=True)
    node.write_bytes(b"no usbfs")
    return folder


def unplug(folder):
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


plug("usb1", "1d6b", "0002", (1, 1), "09", manufacturer="Linux", product="xHCI Host Controller")
plug("1-1", "05e3", "0610", (1, 2), "09", product="USB2.1 Hub")
plug("1-1.1", "046d", "c52b", (1, 10), manufacturer="Logitech", product="USB Receiver")
stick = plug("1-2", "0781", "5581", (1, 4))
plug("2-1", "ffff", "fffe", (2, 3), manufacturer=b"", product=b"\xff<b>\x1b[2J" + b"A" * 4000)
(SYS / "1-2:1.0").mkdir()
ids = ROOT / "usr/share/misc/usb.ids"
ids.parent.mkdir(parents=True)
ids.write_text("# list\n0780  Other\n\t5581  Wrong\n0781  SanDisk Corp.\n\t0001  x\n\t5581  Ultra\n0782  y\n\t5581  No\n")
session.start_helper()


def hostdev(source):
    return f"<hostdev mode='subsystem' type='usb'>{source}</hostdev>"


def with_usb(name, source=None):
    """A machine with a hostdev, or only a USB controller."""
    device = hostdev(source) if source else "<controller type='usb' model='qemu-xhci'/>"
    return vm.real_mode(name, session).replace("</devices>", device + "</devices>")


def listed():
    return session.call(bus.MANAGER, domain.MANAGER, "ListHostDevices", GLib.Variant("(a{sv})", ({},)))[0]


def refused(work):
    try:
        work()
    except (AssertionError, GLib.Error) as e:
        return str(e)
    raise AssertionError("it was done")


@tap.case
def what_is_plugged_in():
    """Devices are told by their own names or the list's, hubs are left out, and no name is more than a line"""
    rows = listed()
    tap.equal([(r["type"], r["vendor"], r["product"], r["bus"], r["device"]) for r in rows],
              [("usb", 0x781, 0x5581, 1, 4), ("usb", 0x46d, 0xc52b, 1, 10), ("usb", 0xffff, 0xfffe, 2, 3)], "devices")
    tap.equal([r["name"] for r in rows[:2]], ["SanDisk Corp. Ultra", "Logitech USB Receiver"], "names")
    tap.true(len(rows[2]["name"]) <= 80 and "A" in rows[2]["name"] and rows[2]["name"].isprintable(), rows[2]["name"])
    tap.true(all("problem" not in r and "machine" not in r for r in rows), f"nobody has any: {rows}")
    bus.refuses(lambda: session.call(bus.MANAGER, domain.MANAGER, "ListHostDevices",
                                     GLib.Variant("(a{sv})", ({"path": GLib.Variant("s", "/")},))),
                ERROR + "InvalidArgument")


def add_pci(address, vendor, device, kind, driver=None, group=None, **more):
    folder = ROOT / "sys/devices/pci0000:00" / address
    folder.mkdir(parents=True)
    for name, text in dict(vendor=vendor, device=device, **{"class": kind}, **more).items():
        (folder / name).write_text(f"{text}\n")
    if driver:
        (folder / "driver").symlink_to(f"../../../bus/pci/drivers/{driver}")
    if group is not None:
        (folder / "iommu_group").symlink_to(f"../../../kernel/iommu_groups/{group}")
    link = ROOT / "sys/bus/pci/devices" / address
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(f"../../../devices/pci0000:00/{address}")
    return folder


def add_disk(folder, name, number, inside=""):
    block = folder / "ata1/block" / inside / name
    block.mkdir(parents=True)
    (block / "dev").write_text(number + "\n")
    (block / "holders").mkdir()
    link = ROOT / "sys/class/block" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(block)
    return block


@tap.case
def pci_devices():
    """PCI devices are listed with driver and group, bridges are not, and each says why no machine can have it"""
    whole = ROOT / "sys/bus/pci"
    tap.cleanup(lambda: whole.rename(ROOT / "no-pci"))
    lists = ROOT / "usr/share/misc/pci.ids"
    lists.write_text("# list\n8086  Intel Corporation\n\t2922  SATA Controller\n\t1533  I210 Network\x1b[2J\n10de  NVIDIA\n\t1c82  GTX\n")
    add_pci("0000:00:1f.0", "0x8086", "0x2918", "0x060100")
    disks = add_pci("0000:00:1f.2", "0x8086", "0x2922", "0x010601", "ahci", 3)
    spare = add_pci("0000:03:00.0", "0x8086", "0x2922", "0x010601", "ahci", 9)
    add_pci("0000:01:00.0", "0x10de", "0x1c82", "0x030000", "nouveau", 1, boot_vga=1)
    add_pci("0000:04:00.0", "0x8086", "0x1533", "0x020000", "igb", 11)
    add_pci("0000:05:00.0", "0x10de", "0x1c82", "0x030000", "vfio-pci", 12, boot_vga=0)
    add_pci("0000:05:00.1", "0x10de", "0x9999", "0x040300", "snd_hda_intel", 12)
    add_pci("0000:06:00.0", "0xabcd", "0x0001", "0x020000")
    add_pci("0000:07:00.0", "0x8086", "0x1533", "0x020000", "igb", 3)
    add_pci("not an address", "0x8086", "0x1533", "0x020000")
    add_disk(disks, "sda", "8:0")
    add_disk(disks, "sda2", "8:2", "sda")
    other = add_disk(spare, "sdb", "8:16")
    (ROOT / "proc/self").mkdir(parents=True)
    (ROOT / "proc/self/mountinfo").write_text("22 1 8:2 / / rw - ext4 /dev/sda2 rw\n")
    (ROOT / "proc/cpuinfo").write_text("vendor_id\t: GenuineIntel\n")
    rows = {r["address"]: r for r in listed() if r["type"] == "pci"}
    tap.equal(sorted(rows), ["0000:00:1f.2", "0000:01:00.0", "0000:03:00.0", "0000:04:00.0", "0000:05:00.0", "0000:05:00.1",
                             "0000:06:00.0", "0000:07:00.0"], "addresses")
    tap.equal([rows[a]["name"] for a in ("0000:04:00.0", "0000:01:00.0", "0000:05:00.1", "0000:06:00.0")],
              ["Intel Corporation I210 Network [2J", "NVIDIA GTX", "Device by NVIDIA", "Unknown device"], "names")
    network = rows["0000:04:00.0"]
    tap.equal((network["vendor"], network["product"], network["class"], network["driver"], network["group"]),
              (0x8086, 0x1533, 0x0200, "igb", 11), "what is told")
    tap.equal(rows["0000:05:00.0"]["sharing"], ["0000:05:00.1"], "who is in the same group")
    problems = {a: r.get("problem", "") for a, r in rows.items()}
    own = "Only a machine of the whole system can have it."
    tap.equal(problems["0000:00:1f.2"], "This computer’s disk “sda2” is connected to it, and in use.", "the boot disk")
    tap.equal(problems["0000:01:00.0"], "It shows this computer’s own screen.", "the screen")
    tap.equal([problems["0000:05:00.0"], problems["0000:05:00.1"]], [own, own], "a card that can go with its sound")
    tap.true(problems["0000:07:00.0"].startswith("It goes only together with “Intel Corporation SATA Controller” "
                                                 "(0000:00:1f.2), which this computer uses"), problems)
    tap.true("intel_iommu=on" in problems["0000:06:00.0"], problems)
    tap.equal([problems["0000:03:00.0"], problems["0000:04:00.0"]], [own, own], "of this session")
    tap.true("driver" not in rows["0000:06:00.0"] and "group" not in rows["0000:06:00.0"], rows["0000:06:00.0"])
    (other / "holders" / "md0").mkdir()
    tap.true("disk “sdb”" in {r.get("address"): r.get("problem", "") for r in listed()}["0000:03:00.0"], "a disk of a RAID")
    (other / "holders" / "md0").rmdir()
    (ROOT / "proc/swaps").write_text("Filename Type Size Used Priority\n/dev/sdb partition 1 0 -2\n")
    tap.true("disk “sdb”" in {r.get("address"): r.get("problem", "") for r in listed()}["0000:03:00.0"], "swap")
    (ROOT / "proc/cpuinfo").write_text("vendor_id\t: AuthenticAMD\n")
    tap.true("AMD-Vi" in {r.get("address"): r.get("problem", "") for r in listed()}["0000:06:00.0"], "an AMD computer")


@tap.case
def what_is_no_device():
    """Only numbers name a device: neither a path nor half of a number makes a machine"""
    for source in ("<source><vendor id='../../etc'/><product id='0x1'/></source>",
                   "<source><vendor id='0x0781'/></source>", "<source/>",
                   "<source><vendor id='0x10781'/><product id='0x1'/></source>",
                   "<source><address bus='../1' device='4'/></source>", "<source><address bus='1' device='128'/></source>",
                   "<source><address bus='1'/></source>"):
        said = refused(lambda: domain.create(session, with_usb("bad", source)))
        tap.true("InvalidXml" in said or "InvalidArgument" in said, f"{source}: {said}")


@tap.case
def not_plugged_in():
    """A machine whose device is not there says which, and starts when it was removed"""
    machine = domain.create(session, with_usb("absent", "<source><vendor id='0x1234'/><product id='0x5678'/></source>"))
    tap.true("The USB device 1234:5678 is not plugged in." in refused(lambda: vm.start(session, machine)), "by model")
    other = domain.create(session, with_usb("place", "<source><address bus='1' device='9'/></source>"))
    tap.true("There is no USB device 9 on bus 1." in refused(lambda: vm.start(session, other)), "by place")
    hub = domain.create(session, with_usb("hub", "<source><address bus='1' device='2'/></source>"))
    tap.true("There is no USB device 2 on bus 1." in refused(lambda: vm.start(session, hub)), "a hub")
    xml = domain.call(session, machine, "GetXml")[0]
    domain.call(session, machine, "Apply", GLib.Variant("s", re.sub("<hostdev.*</hostdev>", "", xml, flags=re.S)))
    vm.start(session, machine)
    vm.force_off(session, machine)


@tap.case
def handed_over():
    """QEMU is given the very file, at the start and while it runs: what it says of it is libusb's own refusal"""
    machine = domain.create(session, with_usb("stick", STICK))
    said = refused(lambda: vm.start(session, machine))
    tap.true(re.search(r"failed to open host usb device /dev/fdset/\d+", said), said)
    live = domain.create(session, with_usb("live"))
    vm.start(session, live)
    xml = domain.call(session, live, "GetXml")[0]
    for source, why in ((STICK, r"failed to open host usb device"),
                        ("<source><address bus='2' device='77'/></source>", r"There is no USB device 77 on bus 2\.")):
        changes = domain.call(session, live, "Apply", GLib.Variant(
            "s", xml.replace("</devices>", hostdev(source) + "</devices>")))[0]
        mine = [c for c in changes if c[0].startswith("hostdev")]
        tap.equal([c[1] for c in mine], ["restart"], f"changes: {changes}")
        tap.true(re.search(why, mine[0][2]), mine)
        domain.call(session, live, "Apply", GLib.Variant("s", xml))
    tap.equal(vm.state(session, live), "running", "the machine")
    vm.force_off(session, live)


@tap.case
def taken():
    """What a running machine has is told so in the list, and no other machine gets it"""
    holder = domain.create(session, vm.real_mode("holder", session))
    vm.start(session, holder)
    session.helper.kill()
    session.helper.wait(10)
    path = vm.runtime(session) / domain.uuid_of(holder) / "live.xml"  # as if QEMU had been given one that is real
    path.write_text(path.read_text().replace("</devices>", hostdev(STICK) + "</devices>"))
    session.start_helper()
    vm.wait_state(session, holder, "running", 20)
    row = next(r for r in listed() if r["vendor"] == 0x781)
    tap.equal((row.get("machine"), row.get("problem")), ("holder", "“holder” has it."), "row")
    wants = domain.create(session, with_usb("wants", STICK))
    said = refused(lambda: vm.start(session, wants))
    tap.true("“holder” has the USB device 0781:5581." in said, said)
    plug("3-1", "0781", "5581", (3, 7))  # a second one of the model is not told from it, and is not given by model
    said = refused(lambda: vm.start(session, wants))
    tap.true("“holder” has the USB device 0781:5581." in said, said)
    vm.force_off(session, holder)
    tap.true(all("problem" not in r for r in listed()), f"after its end: {listed()}")
    tap.true("failed to open host usb device" in refused(lambda: vm.start(session, wants)), "it is tried again")


@tap.case
def not_allowed():
    """A device that this user may not use is refused by a sentence"""
    os.chmod(DEV / "001" / "010", 0)
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: root without them is a user like any other
        tap.equal(libc.prctl(24, capability, 0, 0, 0), 0, "PR_CAPBSET_DROP")
    session.helper.stop()
    session.start_helper()
    machine = domain.create(session, with_usb(
        "receiver", "<source><vendor id='0x046d'/><product id='0xc52b'/></source>"))
    said = refused(lambda: vm.start(session, machine))
    tap.true("You may not use the USB device 046d:c52b (/dev/bus/usb/001/010)." in said, said)


tap.main()
