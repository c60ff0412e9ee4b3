# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCI devices of this computer, and mediated ones, are taken, refused and given back, on a bus of the test's own. No real
device is there, so QEMU refuses the node that it is given; what a guest sees of one tests/systemd/test_pci.py and
test_mdev.py show."""

import os
import stat

from gi.repository import GLib

from lib import bus, crash, domain, ns, pcibus, system, tap, vm

ns.enter()
made = system.make(activated=False)
root = system.Root(made)
tap.on_failure(root.print_logs)
tap.cleanup_at_end(root.close)
ROOT = made.dir / "pci"
os.environ["VMH_USB_ROOT"] = str(ROOT)
FOLDER = ROOT / "dev/innkeeper"

pci = pcibus.Bus(ROOT)
NET, SPARE, DISKS, SCREEN, VIDEO, SOUND, FREE = (f"0000:{a}" for a in (
    "04:00.0", "06:00.0", "00:1f.2", "01:00.0", "05:00.0", "05:00.1", "07:00.0"))
pci.add(NET, "0x8086", "0x1533", "0x020000", "igb", 11)
pci.add(SPARE, "0x8086", "0x1533", "0x020000", "igb", 13)
disks = pci.add(DISKS, "0x8086", "0x2922", "0x010601", "ahci", 3)
pci.add(SCREEN, "0x10de", "0x1c82", "0x030000", "nouveau", 1, boot_vga=1)
pci.add(VIDEO, "0x10de", "0x1c82", "0x030000", "nouveau", 12)
pci.add(SOUND, "0x10de", "0x0fb9", "0x040300", "snd_hda_intel", 12)
pci.add(FREE, "0xabcd", "0x0001", "0xff0000", None, 14)
SHARE, OTHER_SHARE, NO_VFIO, ABSENT = (f"83b8f4f2-509f-382f-3c1e-e6bfe0fa100{n}" for n in range(1, 5))
pci.share(SHARE, "Dual port serial", 31)
pci.share(OTHER_SHARE, None, 32, f"pci0000:00/{VIDEO}", "nouveau-vgpu-4")
pci.share(NO_VFIO, "Single\tport serial", None, kind="mtty-1")
pci.share("not-a-uuid", "Dual port serial", 33)
block = disks / "ata1/block/sda"
block.mkdir(parents=True)
(block / "dev").write_text("8:0\n")
(ROOT / "sys/class/block").mkdir(parents=True)
(ROOT / "sys/class/block/sda").symlink_to(block)
(ROOT / "dev").mkdir()
(ROOT / "proc/self").mkdir(parents=True)
(ROOT / "proc/self/mountinfo").write_text("22 1 8:0 / / rw - ext4 /dev/sda rw\n")
root.start_helper()


def hostdev(address, managed="yes"):
    number, bus_number, rest = address.split(":")
    slot, function = rest.split(".")
    return (f"<hostdev mode='subsystem' type='pci' managed='{managed}'><source><address domain='0x{number}' "
            f"bus='0x{bus_number}' slot='0x{slot}' function='0x{function}'/></source></hostdev>")


def share(uuid):
    return (f"<hostdev mode='subsystem' type='mdev' model='vfio-pci' managed='no' display='off'><source>"
            f"<address uuid='{uuid}'/></source></hostdev>")


def machine_with(name, *addresses, managed="yes"):
    devices = "".join(hostdev(a, managed) if ":" in a else share(a) for a in addresses)
    return domain.create(root, vm.real_mode(name, root).replace("</devices>", devices + "</devices>"))


def start(machine):
    """What it says: no QEMU starts with a device that is not there."""
    return vm.start(root, machine, wanted=None)["ErrorMessage"]


def all_is_given_back():
    tap.wait_for(lambda: not list(FOLDER.glob("*")), 20, "no record to be left")
    tap.equal([pci.driver(a) for a in (NET, SPARE, VIDEO, SOUND, FREE)],
              ["igb", "igb", "nouveau", "snd_hda_intel", None], "drivers")
    tap.true(pci.override(NET) in ("", "(null)"), f"override: {pci.override(NET)}")


@tap.case
def handed_over():
    """Its driver lets go, vfio-pci has it, QEMU opens the group's node in its room; its driver has it back afterwards"""
    pci.log.clear()
    said = start(machine_with("over", NET))
    tap.true("/dev/vfio/11" in said, said)
    all_is_given_back()
    tap.equal(pci.log, [(NET, None), (NET, "vfio-pci"), (NET, None), (NET, "igb")], "what the kernel was told")


@tap.case
def without_driver():
    """A device that no driver had has none again afterwards"""
    pci.log.clear()
    said = start(machine_with("free", FREE))
    tap.true("/dev/vfio/14" in said, said)
    all_is_given_back()
    tap.equal(pci.log, [(FREE, "vfio-pci"), (FREE, None)], "what the kernel was told")


@tap.case
def refused():
    """What is not there, what this computer needs, and what goes only with another is refused by name, and not touched"""
    pci.log.clear()
    for name, addresses, why in (
            ("absent", ["0000:09:00.0"], "This computer has no PCI device 0000:09:00.0."),
            ("disks", [DISKS], "This computer’s disk “sda” is connected to it, and in use."),
            ("screen", [NET, SCREEN], "It shows this computer’s own screen."),
            ("video", [VIDEO], f"The PCI device {VIDEO} goes only together with “Unknown device” ({SOUND})")):
        said = start(machine_with(name, *addresses))
        tap.true(why in said, f"{name}: {said}")
    said = start(machine_with("manual", NET, managed="no"))
    tap.true("does not have the driver “vfio-pci”" in said, said)
    tap.equal(pci.log, [], "what the kernel was told")
    all_is_given_back()


@tap.case
def together():
    """All of a group goes together, and comes back"""
    said = start(machine_with("both", VIDEO, SOUND))
    tap.true("/dev/vfio/12" in said, said)
    all_is_given_back()


@tap.case
def does_not_let_go():
    """A driver that keeps the device is named with the device, and what was taken before it is given back"""
    pci.stuck.add(SPARE)
    said = start(machine_with("stuck", NET, SPARE))
    tap.true(f"This computer does not let go of the PCI device {SPARE}" in said, said)
    pci.stuck.clear()
    all_is_given_back()


@tap.case
def while_it_runs():
    """Into a machine that runs: the node is in its room, what QEMU refuses is told and given back, and it runs on"""
    machine = domain.create(root, vm.real_mode("runs", root))
    vm.start(root, machine)
    (folder,) = FOLDER.glob("*")
    tap.equal((folder.name, stat.S_IMODE(folder.stat().st_mode)), (domain.uuid_of(machine), 0o711), "its folder")
    node = (folder / "vfio").stat()
    tap.equal((os.major(node.st_rdev), os.minor(node.st_rdev), stat.S_IMODE(node.st_mode)), (10, 196, 0o600), "a node")
    tap.true(2001000000 <= node.st_uid <= 2001999999, f"whose it is: {node.st_uid}")
    xml = domain.call(root, machine, "GetXml")[0]
    changes = domain.call(root, machine, "Apply", GLib.Variant(
        "s", xml.replace("</devices>", hostdev(NET) + "</devices>")))[0]
    mine = [c for c in changes if c[0].startswith("hostpci")]
    tap.equal([c[1] for c in mine], ["restart"], f"changes: {changes}")
    tap.true("/dev/vfio/11" in mine[0][2], mine)
    tap.wait_for(lambda: pci.driver(NET) == "igb", 20, "the driver to have it back")
    tap.equal(vm.state(root, machine), "running", "the machine")
    vm.force_off(root, machine)
    all_is_given_back()


@tap.case
def another_has_it():
    """What another machine has on record is refused with its name, in the list too, as is all else of that group"""
    holder = domain.create(root, vm.real_mode("holder", root))
    vm.start(root, holder)
    folder = FOLDER / domain.uuid_of(holder) / SOUND  # as if its QEMU had been given one that is real
    folder.mkdir()
    (folder / "element").symlink_to("hostpci:0x0000:0x05:0x00:0x1")
    (folder / "driver").symlink_to("snd_hda_intel")
    rows = root.call(bus.MANAGER, domain.MANAGER, "ListHostDevices", GLib.Variant("(a{sv})", ({},)))[0]
    row = next(r for r in rows if r.get("address") == SOUND)
    tap.equal((row.get("machine"), row.get("problem")), ("holder", "“holder” has it."), "row")
    said = start(machine_with("wants", VIDEO, SOUND))
    tap.true(f"“holder” has the PCI device {SOUND}." in said, said)
    tap.equal(pci.driver(VIDEO), "nouveau", "of the other")
    vm.force_off(root, holder)
    all_is_given_back()


def rows(session=root):
    """Of the list's mediated devices, by UUID."""
    listed = session.call(bus.MANAGER, domain.MANAGER, "ListHostDevices", GLib.Variant("(a{sv})", ({},)))[0]
    return {row["uuid"]: row for row in listed if row["type"] == "mdev"}


@tap.case
def shares_listed():
    """Mediated devices are listed with their type's name and what they are shares of, and with what is in the way"""
    found = rows()
    tap.equal(sorted(found), sorted([SHARE, OTHER_SHARE, NO_VFIO]), "UUIDs")
    tap.equal(found[SHARE], {"type": "mdev", "name": "Dual port serial", "uuid": SHARE, "parent": "mtty", "group": 31}, "one")
    tap.equal((found[OTHER_SHARE]["name"], found[OTHER_SHARE]["parent"]), ("nouveau-vgpu-4", f"Unknown device ({VIDEO})"),
              "that of a card, whose type has no name")
    tap.equal((found[NO_VFIO]["name"], found[NO_VFIO].get("problem")),
              ("Single port serial", "This computer’s driver of it does not hand it on."), "one without a group")


@tap.case
def share_handed_over():
    """A mediated device keeps its driver: QEMU opens its group's node in its room, beside a card's, and nothing is left"""
    pci.log.clear()
    said = start(machine_with("share", SHARE.upper()))
    tap.true("/dev/vfio/31" in said, said)
    all_is_given_back()
    said = start(machine_with("mixed", NET, SHARE))
    tap.true("/dev/vfio/11" in said or "/dev/vfio/31" in said, said)
    all_is_given_back()
    tap.equal(pci.log, [(NET, None), (NET, "vfio-pci"), (NET, None), (NET, "igb")], "what the kernel was told")


@tap.case
def shares_refused():
    """One that is not there is told with its UUID and the remedy; so is what no driver hands on, one twice, another model"""
    said = start(machine_with("no-share", ABSENT))
    tap.true(f"no mediated device {ABSENT} now. Start it, as with “mdevctl start -u {ABSENT}”" in said, said)
    said = start(machine_with("no-vfio", NO_VFIO))
    tap.true(f"mediated device {NO_VFIO} (Single port serial): This computer’s driver" in said, said)
    said = start(machine_with("twice", SHARE, SHARE))
    tap.true(f"The machine has the mediated device {SHARE} twice." in said, said)
    xml = vm.real_mode("ccw", root).replace("</devices>", share(SHARE).replace("vfio-pci", "vfio-ccw") + "</devices>")
    try:
        domain.create(root, xml)
        said = "taken"
    except Exception as error:
        said = str(error)
    tap.true("vfio-ccw" in said and "vfio-pci" in said, said)
    all_is_given_back()


@tap.case
def share_while_it_runs():
    """A mediated device into a machine that runs: what QEMU refuses is told and given back, as is one that is not there"""
    machine = domain.create(root, vm.real_mode("runs-share", root))
    vm.start(root, machine)
    xml = domain.call(root, machine, "GetXml")[0]
    for uuid, why in ((SHARE, "/dev/vfio/31"), (ABSENT, f"mdevctl start -u {ABSENT}")):
        changes = domain.call(root, machine, "Apply", GLib.Variant(
            "s", xml.replace("</devices>", share(uuid) + "</devices>")))[0]
        (mine,) = [c for c in changes if c[0].startswith("hostmdev") and uuid in c[0]]
        tap.equal(mine[1], "restart", f"changes: {changes}")
        tap.true(why in mine[2], mine)
        xml_now = domain.call(root, machine, "GetXml")[0]
        tap.true(uuid in xml_now, "it waits for the next start")
    tap.wait_for(lambda: not (FOLDER / domain.uuid_of(machine) / SHARE).exists(), 20, "its record to go")
    tap.equal(vm.state(root, machine), "running", "the machine")
    vm.force_off(root, machine)
    all_is_given_back()


@tap.case
def another_has_the_share():
    """What another machine has on record is refused with its name, in the list too; another share of that parent is not"""
    holder = domain.create(root, vm.real_mode("has-share", root))
    vm.start(root, holder)
    folder = FOLDER / domain.uuid_of(holder) / SHARE  # as if its QEMU had been given one that is real
    folder.mkdir()
    (folder / "element").symlink_to(f"hostmdev:{SHARE}")
    (folder / "driver").symlink_to("-")
    row = rows()[SHARE]
    tap.equal((row.get("machine"), row.get("problem")), ("has-share", "“has-share” has it."), "row")
    said = start(machine_with("wants-share", SHARE))
    tap.true(f"“has-share” has the mediated device {SHARE}." in said, said)
    said = start(machine_with("wants-other", OTHER_SHARE))
    tap.true("/dev/vfio/32" in said, said)
    vm.force_off(root, holder)
    all_is_given_back()


@tap.case
def killed():
    """The helper killed at each step of a start: the next one gives back what it had taken"""
    machine = machine_with("killed", NET, VIDEO, SOUND, SHARE)
    taken = 0
    for number in range(crash.tables()["start"] + 1):
        crash.replace(root, VMH_ABORT_AT=f"start:{number}")
        try:
            vm.start(root, machine, wanted=None)
        except GLib.Error:
            crash.died(root)
        else:
            break  # QEMU has refused its device before that step
        taken += pci.driver(NET) == "vfio-pci"
        crash.replace(root)
        vm.wait_state(root, machine, "off", 20)
        all_is_given_back()
    tap.true(taken >= 1, "it was never killed while it had one")


tap.main()
