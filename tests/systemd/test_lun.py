# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SCSI disk of a computer with systemd, handed to a machine whole, which starts from it and writes to it."""

import hashlib
import re
import struct

from lib import bus, computer, domain, env, guest, tap, vm

UNIT, USER = "vmm-helper", computer.USER
MIB = 1 << 20
images = env.TempDir("inn-lun-")
tap.cleanup(images.remove)
more = ["-device", "virtio-scsi-pci,id=bus"]
SECTOR = guest.button_sector()[:512]
(images.path / "plain").write_bytes(bytes(MIB))
for number, name in enumerate(("FIRST", "SECOND", "THIRD")):
    (images.path / name).write_bytes(f"I AM THE {name} DISK".encode().ljust(512, b"\0").ljust(64 * MIB, b"\0"))
    more += ["-drive", f"file={images.path / name},if=none,id=real{number},format=raw", "-device",
             f"scsi-hd,bus=bus.0,scsi-id={number},drive=real{number},vendor=INNKEEP,product={name} DISK,serial=REAL{number}"]
more += ["-drive", f"file={images.path / 'plain'},if=none,id=plain,format=raw", "-device",
         "virtio-blk-pci,drive=plain,serial=plain"]

with open(images.path / "THIRD", "r+b") as third:
    third.write(SECTOR)

pc = computer.Computer(devices=more)
tap.cleanup(pc.close)
tap.on_failure(lambda: tap.diag(pc.run("journalctl -b -q --no-pager -o short-monotonic -n 40 | cut -c1-300; lsblk -S",
                                       check=False)))
tap.diag(f"up after {pc.boot(timeout=420):.0f} s")
desk = computer.Desk(pc)
desk.prop(bus.MANAGER, "Version", domain.MANAGER)  # gdbus wants to hear of its types
_, SECOND, THIRD = (f"/dev/disk/by-id/scsi-0INNKEEP_{name}_DISK_REAL{number}" for number, name in enumerate(("FIRST", "SECOND", "THIRD")))


def lun(path, target="sda", more=""):
    return (f"<disk type='block' device='lun'><driver name='qemu' type='raw'/><source dev='{path}'/>"
            f"<target dev='{target}' bus='scsi'/>{more}</disk>")


def fails(name, devices, *parts):
    """At Create, or at Start."""
    answer = desk.call("/org/innkeeper/Helper1/Manager", "Create", f'"{vm.definition(name, vm.SERIAL + devices, memory=32)}"',
                       "{}", interface=domain.MANAGER)
    said = desk.job(answer)
    if "done" in said:
        path = re.search(r"'(/org/innkeeper/Helper1/machines/\w+)'", answer)[1]
        said = desk.start(path, "failed")
        desk.call(path, "Delete", "{}")  # its definition alone has the disk
        tap.wait_for(lambda: "NotFound" in desk.call(path, "Get", domain.MACHINE, "State", interface=bus.PROPERTIES, check=False),
                     60, "the machine's end", 1)
    for part in parts:
        tap.true(part in said, said)


def name_of(path):
    return pc.run(f"basename $(readlink -f {path})")


@tap.case
def starts_from_it():
    """A guest starts from it and writes to it; nobody else has it meanwhile; then it is as the guest has left it"""
    tap.true("INNKEEP" in pc.run("lsblk -S -n -o VENDOR,MODEL"), pc.run("lsblk -S"))
    path = desk.create(vm.definition("third", vm.SERIAL + lun(THIRD, more="<boot order='1'/>"), memory=32))
    desk.start(path)
    read = ("import sys\nfrom gi.repository import Gio, GLib\nimport os, select\nbus = Gio.bus_get_sync(Gio.BusType.SYSTEM)\n"
            f"fds = bus.call_with_unix_fd_list_sync('{bus.NAME}', '{path}', '{vm.CONSOLE}', 'OpenSerial',\n"
            "    GLib.Variant('(sa{sv})', ('serial0', {})), None, 0, 60000, None, None)[1].steal_fds()\n"
            "text = b''\n"
            "while b'U' not in text and select.select(fds, [], [], 100)[0]:\n"
            "    text += os.read(fds[0], 4096)\n"
            "print(text)\n")
    code, out, err = pc.ask(["python3", "-c", read], port="desk", timeout=120)
    tap.true(code == 0 and "b'U'" in out, f"{code} {out} {err}")
    # The kernel gives it to nobody else: not to this computer, and not to another machine.
    said = pc.run(f"mkfs.ext4 -q {THIRD} 2>&1; swapon {THIRD} 2>&1; mount -t ext4 {THIRD} /mnt 2>&1", check=False)
    tap.true(said.lower().count("in use") + said.lower().count("busy") >= 2, said)
    fails("again", lun(THIRD), "taken by another machine")
    fails("plainly", f"<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='{THIRD}'/>"
                     "<target dev='vda' bus='virtio'/></disk>", f"“{THIRD}”")
    desk.call(path, "Shutdown", "{}")
    tap.wait_for(lambda: "off" in desk.prop(path, "State"), 60, "the machine's end", 0.5)
    second = pc.ask(["sh", "-c", f"dd if={THIRD} bs=512 skip=1 count=1 2>/dev/null | md5sum"])[1].split()[0]
    tap.equal(second, hashlib.md5(SECTOR).hexdigest(), "the second sector, as the computer reads it")
    tap.equal((images.path / "THIRD").read_bytes()[512:1024], SECTOR, "the second sector of the disk itself")


@tap.case
def refused():
    """What this computer uses, what is no whole SCSI disk, and what is no disk, is refused by a sentence"""
    disk = name_of(SECOND)
    pc.run(f"mkfs.ext4 -q -F {SECOND} && mount {SECOND} /mnt")
    fails("mounted", lun(SECOND), "This computer uses", f"“{disk}”", "Unmount it")
    pc.run("umount /mnt")
    pc.run(f"mkswap {SECOND} && swapon {SECOND}")
    fails("swap", lun(SECOND), "This computer uses")
    pc.run(f"swapoff {SECOND} && wipefs -qa {SECOND}")
    table = bytes(446) + struct.pack("<B3xB3xII", 0, 0x83, 2048, 32768) + bytes(48) + b"\x55\xaa"
    pc.ask(["sh", "-c", f"dd of={SECOND} conv=notrunc 2>/dev/null && /sbin/blockdev --rereadpt {SECOND} && udevadm settle"], stdin=table)
    fails("part", lun(f"/dev/{disk}1"), "a part of a disk", "whole disk")
    pc.run(f"mkfs.ext4 -q -F /dev/{disk}1 && mount /dev/{disk}1 /mnt")
    fails("parted", lun(SECOND), "This computer uses", f"“{disk}1”")
    pc.run("umount /mnt")
    fails("virtio", lun("/dev/disk/by-id/virtio-plain"), "takes no SCSI commands")
    fails("nothing", lun("/dev/sdzz"), "no disk “/dev/sdzz”")
    # By no other way than this computer's own names: a user's link, and one out of the folder of devices.
    pc.run(f"ln -sf {SECOND} /home/{USER}/link && ln -sf ../home/{USER}/link /dev/shm/link && ln -sf /dev/{disk} /dev/shm/disk")
    for name in (f"/home/{USER}/link", "/dev/shm/link", "/dev/shm/disk", f"/dev/../dev/{disk}", "/dev/null", "/dev/"):
        fails("way" + re.sub(r"\W", "", name), lun(name), "no disk")


@tap.case
def quiet():
    """The journal holds no warning of ours"""
    said = pc.run(f"journalctl -b -q --no-pager -o cat -p warning _SYSTEMD_UNIT={UNIT}.service")
    tap.equal(said, "", "warnings")


tap.main()
