# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SCSI disk of a computer with systemd, handed to a machine whole: the guest asks the disk itself who it is, and
writes to it."""

import re

from lib import computer, domain, env, guest, tap, vm

UNIT, USER = "vmm-helper", computer.USER
MIB = 1 << 20
FILES = {"vmlinuz": guest.kernel()[0],
         "initrd": guest.initramfs_of("lun", ("virtio_pci", "virtio_scsi", "sd_mod"), guest.INIT)}
images = env.TempDir("inn-lun-")
tap.cleanup(images.remove)
more = ["-device", "virtio-scsi-pci,id=bus"]
for number, name in enumerate(("FIRST", "SECOND")):
    (images.path / name).write_bytes(f"I AM THE {name} DISK".encode().ljust(512, b"\0").ljust(64 * MIB, b"\0"))
    more += ["-drive", f"file={images.path / name},if=none,id=real{number},format=raw", "-device",
             f"scsi-hd,bus=bus.0,scsi-id={number},drive=real{number},vendor=INNKEEP,product={name} DISK,serial=REAL{number}"]
more += ["-drive", f"file={images.path / 'FIRST'},if=none,id=plain,format=raw,read-only=on", "-device",
         "virtio-blk-pci,drive=plain,serial=plain"]

pc = computer.Computer(devices=[*computer.carries(FILES), *more])
tap.cleanup(pc.close)
tap.on_failure(lambda: tap.diag(pc.run("journalctl -b -q --no-pager -o short-monotonic -n 40 | cut -c1-300; lsblk -S",
                                       check=False)))
tap.diag(f"up after {pc.boot():.0f} s")
desk = computer.Desk(pc)
for one, source in FILES.items():
    pc.unpack(one, source, f"/home/{USER}/{one}")
FIRST, SECOND = (f"/dev/disk/by-id/scsi-0INNKEEP_{name}_DISK_REAL{number}" for number, name in enumerate(("FIRST", "SECOND")))


def lun(path, target="sda", more=""):
    return (f"<disk type='block' device='lun'><driver name='qemu' type='raw'/><source dev='{path}'/>"
            f"<target dev='{target}' bus='scsi'/>{more}</disk>")


def small(name, devices):
    return desk.create(vm.definition(name, vm.SERIAL + devices, memory=32))


def fails(name, devices, *parts):
    """At Create, or at Start."""
    answer = desk.call("/org/innkeeper/Helper1/Manager", "Create", f'"{vm.definition(name, vm.SERIAL + devices, memory=32)}"',
                       "{}", interface=domain.MANAGER)
    said = desk.job(answer)
    if "done" in said:
        said = desk.start(re.search(r"'(/org/innkeeper/Helper1/machines/\w+)'", answer)[1], "failed")
    for part in parts:
        tap.true(part in said, said)


def name_of(path):
    return pc.run(f"basename $(readlink -f {path})")


@tap.case
def its_own_words():
    """The guest hears from the disk who it is, reads and writes it; nobody else has it meanwhile; then it is as it was left"""
    tap.true("INNKEEP" in pc.run("lsblk -S -n -o VENDOR,MODEL"), pc.run("lsblk -S"))
    path = desk.create(vm.definition("whole", vm.SERIAL + lun(FIRST), memory=128, accelerator="kvm", os_more=(
        f"<kernel>/home/{USER}/vmlinuz</kernel><initrd>/home/{USER}/initrd</initrd><cmdline>{guest.CMDLINE}</cmdline>")))
    desk.start(path)
    desk.line(path, None, 300)
    disk = "/sys/block/sda/device"
    tap.equal(desk.line(path, f"cat {disk}/vendor {disk}/model").split(), ["INNKEEP", "FIRST", "DISK"], "what it is called")
    tap.true("REAL0" in desk.line(path, f"tail -c +5 {disk}/vpd_pg80"), "its serial number")
    tap.true("I AM THE FIRST DISK" in desk.line(path, "head -c 19 /dev/sda; echo"), "what is on it")
    # The kernel gives it to nobody else: not to this computer, and not to another machine.
    said = pc.run(f"mkfs.ext4 -q {FIRST} 2>&1; mount {FIRST} /mnt 2>&1", check=False)
    tap.true(said.lower().count("use") + said.lower().count("busy") >= 2, said)
    fails("twice", lun(FIRST), "is used by the machine “whole”")
    fails("other", f"<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='{FIRST}'/>"
                   "<target dev='vda' bus='virtio'/></disk>", f"“{FIRST}”")
    desk.line(path, "echo WRITTEN BY THE GUEST | dd of=/dev/sda bs=512 seek=100 conv=sync,fsync 2>/dev/null; sync")
    desk.call(path, "ForceOff", "{}")
    tap.equal(pc.run(f"dd if={FIRST} bs=512 skip=100 count=1 2>/dev/null | tr -d '\\0'"), "WRITTEN BY THE GUEST",
              "what the computer reads afterwards")
    tap.true(b"WRITTEN BY THE GUEST" in (images.path / "FIRST").read_bytes()[100 * 512:101 * 512], "what the disk has")


@tap.case
def comes_and_goes():
    """One comes into a running machine and goes out of it; then this computer has it again"""
    path = desk.create(vm.definition("running", vm.SERIAL + "<controller type='scsi' model='virtio-scsi'/>", memory=128,
                                     accelerator="kvm", os_more=(
        f"<kernel>/home/{USER}/vmlinuz</kernel><initrd>/home/{USER}/initrd</initrd><cmdline>{guest.CMDLINE}</cmdline>")))
    desk.start(path)
    desk.line(path, None, 300)
    answer = desk.change(path, "</devices>", lun(SECOND) + "</devices>")
    tap.equal(answer, {"lun:sda": ("live", "")}, "plugged")
    tap.wait_for(lambda: "sda" in desk.line(path, "ls /sys/block"), 30, "the disk in the guest", 1)
    tap.true("I AM THE SECOND DISK" in desk.line(path, "head -c 20 /dev/sda; echo"), "what is on it")
    tap.true("busy" in pc.run(f"mount {SECOND} /mnt 2>&1", check=False).lower() + "", "this computer has it as well")
    answer = desk.change(path, "<disk type=\"block\" device=\"lun\">.*?</disk>", "")
    tap.equal(answer, {"lun:sda": ("live", "")}, "unplugged")
    tap.true("sda" not in desk.line(path, "ls /sys/block"), "the guest has it still")
    pc.run(f"mkfs.ext4 -q -F {SECOND}")
    desk.call(path, "ForceOff", "{}")


@tap.case
def refused():
    """What this computer uses, what is no whole SCSI disk, and what is no disk, is refused by a sentence"""
    disk = name_of(SECOND)
    pc.run(f"mkfs.ext4 -q -F {SECOND} && mount {SECOND} /mnt")
    fails("mounted", lun(SECOND), "This computer uses", f"“{disk}”", "Unmount it")
    pc.run("umount /mnt")
    pc.run(f"mkswap {SECOND} && swapon {SECOND}")
    fails("swap", lun(SECOND), "This computer uses")
    pc.run(f"swapoff {SECOND} && wipefs -qa {SECOND} && echo ',16M' | sfdisk -q {SECOND} && udevadm settle")
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
