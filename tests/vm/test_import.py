# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that virt-install wrote (tests/golden/libvirt) are imported, made by the real helper, started, and
given back. Their disk has a boot sector that writes to the serial line, one of them has a Linux kernel. What
the others would be started with shows tests/golden/test_import.py."""

import os
import re
import shutil
import subprocess
from xml.etree import ElementTree

from gi.repository import GLib

from lib import bus, domain, env, guest, tap, vm

LIBVIRT = env.SOURCE / "tests" / "golden" / "libvirt"
TOOL = env.BUILD / "tests" / "golden" / "import-tool"
OURS = "https://innkeeper.org/xmlns/machine/1"
ElementTree.register_namespace("innkeeper", OURS)
ElementTree.register_namespace("libosinfo", "http://libosinfo.org/xmlns/libvirt/domain/1.0")


def make_disks(folder):
    raw = folder / "data.raw"
    raw.write_bytes(guest.boot_sector())
    os.truncate(raw, 1 << 20)
    for name in ("web.qcow2", "db.qcow2"):
        subprocess.run(["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", raw, folder / name], check=True)
    for path, copy in ((guest.packed_kernel()[0], "vmlinuz"), (guest.initramfs(), "initrd.img")):
        shutil.copy(path, folder / copy)
    for path in folder.iterdir():
        path.chmod(0o666)


def localized(name, folder):
    """The machine with its files in @folder: what a person has on another computer."""
    text = (LIBVIRT / f"{name}.xml").read_text()
    return text.replace("/var/lib/libvirt/images", str(folder)).replace("/boot/", f"{folder}/")


def tool(folder, text, *options):
    """The import's, or the export's, text of @text."""
    source, target = folder / "in.xml", folder / "out"
    target.mkdir(exist_ok=True)
    source.write_text(text)
    done = subprocess.run([TOOL, *options, target, source], capture_output=True, text=True, check=True,
                          env={**os.environ, "INN_TEST_IMAGES": str(folder), "LC_ALL": "C.UTF-8"})
    tap.true("refused" not in done.stdout, done.stdout)
    return (target / "in.xml").read_text()


def emulated(text):
    """Always by TCG, which a test may not leave to the computer."""
    root = ElementTree.fromstring(text)
    metadata = root.find("metadata")
    machine = metadata.find(f"{{{OURS}}}machine")
    if machine is None:
        machine = ElementTree.SubElement(metadata, f"{{{OURS}}}machine")
    word = ElementTree.SubElement(machine, f"{{{OURS}}}accelerator")
    word.text = "tcg"
    return ElementTree.tostring(root, encoding="unicode")


def parts(text):
    """What libvirt reads of a machine, without order and our own words."""
    root = ElementTree.fromstring(text)
    for ours in root.findall(f"metadata/{{{OURS}}}machine"):
        root.find("metadata").remove(ours)
    found = []
    for element in [*(e for e in root if e.tag != "devices"), *root.find("devices")]:
        found.append(ElementTree.canonicalize(ElementTree.tostring(element), strip_text=True))
    return sorted(found)


def boots(name, says, different=()):
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    tap.on_failure(session.print_logs)
    folder = session.path / "images"
    folder.mkdir()
    make_disks(folder)
    original = localized(name, folder)
    machine = domain.create(session, emulated(tool(folder, original)))
    vm.start(session, machine)
    line = vm.serial(session, machine)
    line.expect(says, 120)
    tap.equal(vm.state(session, machine), "running")
    vm.force_off(session, machine)
    vm.wait_state(session, machine, "off")
    text = session.call(machine, domain.MACHINE, "GetXml", GLib.Variant("(a{sv})", ({},)))[0]
    given, had = parts(tool(folder, text, "--export")), parts(original)
    changed = {re.match("<([a-z]+)", part)[1] for part in set(given) ^ set(had)}
    tap.equal(sorted(changed), sorted(different), "what differs once it is given back")


BOOTED = "INNKEEPER REAL MODE"


@tap.case
def debian():
    """virt-install's Debian machine starts from its disk, and is given back as it was"""
    boots("debian", BOOTED)


@tap.case
def debian_dumped():
    """So does the same in libvirt's own words, with an address for each device"""
    boots("debian-dumped", BOOTED)


@tap.case
def old():
    """A machine with i440FX and an IDE disk"""
    boots("i440fx", BOOTED)


@tap.case
def windows():
    """A machine for Windows, whose enlightenments and redirection come back"""
    boots("winxp", BOOTED)


@tap.case
def disks():
    """A machine with three disks, an I/O thread, a read-only disk on SCSI"""
    boots("disks-dumped", BOOTED)


@tap.case
def pool():
    """A machine whose disk is a volume of a pool: only that is written otherwise"""
    text = (LIBVIRT / "volume.xml").read_text()
    tap.true("pool=" in text, text)
    boots("volume", BOOTED, ["disk"])


@tap.case
def uefi():
    """A machine with UEFI: the firmware starts"""
    boots("uefi-dumped", "BdsDxe")


@tap.case
def linux():
    """A machine with a kernel of its own, no screen and no disk: Linux answers"""
    boots("kernel", "GUEST-UP")


tap.main()
