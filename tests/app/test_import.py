# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of libvirt's, imported in the real window before the real session helper: from libvirt's own
folder, from a file, dropped, and what is said of broken ones."""

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from gi.repository import GLib

from lib import bus, env, tap, wizard, xvfb

MACHINE = "org.innkeeper.Helper1.Machine"
TITLE = "Import a Machine"
ASIDE = "{https://innkeeper.org/xmlns/machine/1}aside"

LAB = """<domain type='kvm'>
  <name>lab</name>
  <uuid>04841df5-3f13-49a4-b03f-c65d96549e98</uuid>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <features><acpi/><hyperv><relaxed state='on'/></hyperv></features>
  <devices>
    <disk type='volume' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source pool='lab' volume='lab.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <source file='/nowhere/install.iso'/>
      <target dev='sda' bus='sata'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
    <graphics type='spice' autoport='yes'/>
    <video><model type='virtio'/></video>
    <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
    <redirfilter><usbdev allow='yes'/></redirfilter>
  </devices>
</domain>
"""


class Desk:
    """A session with screen, helper and app: libatspi knows one bus a process, so all cases share it."""

    shared = None

    def __init__(self):
        self.session = bus.Session()
        tap.cleanup_at_end(self.session.close)
        self.home = Path(self.session.environ["HOME"])
        self.config = Path(self.session.environ["XDG_CONFIG_HOME"]) / "libvirt"
        self.display = xvfb.Display(self.session, "1280x1000")
        self.session.start_helper()
        self.app = wizard.start_app(self.session, self.display)
        tap.cleanup_at_end(wizard.end_app, self.app)
        tap.on_failure(self.tell)

    @classmethod
    def fresh(cls):
        """No dialog open, no machine, an empty home."""
        if cls.shared is None:
            cls.shared = cls()
        desk = cls.shared
        if desk.is_open():
            desk.close()
        for path in desk.session.machines():
            desk.session.call(path, MACHINE, "Delete", GLib.Variant("(a{sv})", ({},)))
        tap.wait_for(lambda: not desk.session.machines(), 20, "the machines' removal")
        for folder in (desk.home, desk.config):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        return desk

    def tell(self):
        self.display.screenshot(self.picture("failed"))
        tap.diag(self.app.dump()[-9000:])
        self.session.print_logs()

    def picture(self, name):
        return env.artifacts_dir("import") / f"{name}.png"

    def is_open(self):
        return bool(wizard.shown(self.display, TITLE))

    def open(self):
        wizard.wait_for_new(self.app)
        self.app.activate("win.import")
        tap.wait_for(self.is_open, 20, "the dialog")

    def open_with_file(self, path):
        """innkeeper FILE: the window that is there takes it."""
        second = self.session.spawn([env.APP, path], name="innkeeper-file")
        tap.wait_for(self.is_open, 60, "the dialog")
        second.wait(20)

    def close(self):
        windows = wizard.shown(self.display, TITLE)
        if not windows:  # it has been about to go
            return
        x, y, width, height = self.display.geometry(windows[-1])
        self.display.move(x + width / 2, y + height / 2)  # keys go where the pointer is
        self.display.key("Escape")
        tap.wait_for(lambda: not self.is_open(), 10, "the dialog's end")

    def said(self, text):
        return self.app.find(contains=text, where=lambda n: n.extents()[2] > 0, timeout=20)

    def text(self, text):
        """Of a label, whose text may be its name or its contents."""
        return tap.wait_for(lambda: self.app.find_all(where=lambda n: text in n.name or text in n.text), 20, text)

    def import_button(self):
        return self.app.find("push button", where=lambda n: n.name.split() and n.name.split()[-1] == "Import")

    def made(self):
        return next(iter(tap.wait_for(self.session.machines, 30, "the machine")))

    def xml(self, path):
        text = self.session.call(path, MACHINE, "GetXml", GLib.Variant("(a{sv})", ({},)))[0]
        return ElementTree.fromstring(text)

    def lab(self, text=LAB):
        """A machine of the user's libvirt, with its pool and disk."""
        images = self.home / "images"
        for folder in (images, self.config / "qemu", self.config / "storage"):
            folder.mkdir(parents=True, exist_ok=True)
        disk = images / "lab.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "32M"], check=True)
        (self.config / "storage" / "lab.xml").write_text(
            f"<pool type='dir'><name>lab</name><target><path>{images}</path></target></pool>")
        (self.config / "qemu" / "lab.xml").write_text(text)
        return disk


@tap.case
def from_this_computers_libvirt():
    """A machine of the user's libvirt is found, told of in three groups, and made with its disk in place"""
    desk = Desk.fresh()
    disk = desk.lab()
    before = disk.read_bytes()
    desk.open()
    found = desk.app.find("push button", where=lambda n: "lab" in n.name.split(), timeout=20)
    desk.display.screenshot(desk.picture("choose"))
    found.do("click")
    for text in (str(disk), "TPM", "BitLocker", "USB redirection", "Without Effect", "Adapted",
                 "libvirt’s network “default”", "The drive is empty", "Line 25"):
        desk.text(text)
    desk.display.screenshot(desk.picture("review"))
    tap.true(not desk.session.machines(), "something was made before anybody said so")
    tap.wait_for(lambda: desk.import_button().has_state("sensitive"), 10, "Import can be pressed")
    desk.import_button().do("click")
    path = desk.made()
    tap.wait_for(lambda: not desk.is_open(), 20, "the dialog's end")
    root = desk.xml(path)
    tap.equal(root.find("name").text, "lab")
    tap.equal(root.find("uuid").text, "04841df5-3f13-49a4-b03f-c65d96549e98")
    tap.equal(root.find("devices/disk[@device='disk']/source").attrib, {"file": str(disk)})
    tap.equal(root.find("devices/disk[@device='cdrom']/source"), None, "the medium that is not there")
    tap.equal([e.tag for e in root.iter(ASIDE).__next__()], ["redirfilter"])
    tap.equal([e.tag for e in root.find("devices") if e.tag in ("tpm", "redirfilter")], ["tpm"])
    tap.equal(disk.read_bytes(), before, "the disk is as it was")
    desk.text("lab")
    desk.display.screenshot(desk.picture("imported"))


@tap.case
def again():
    """A machine that is here already gets another name and uuid, and says so"""
    desk = Desk.fresh()
    desk.lab(re.sub("<disk type='volume'.*?</disk>", "", LAB, flags=re.S))
    for n in (1, 2):
        desk.open_with_file(desk.config / "qemu" / "lab.xml")
        tap.wait_for(lambda: desk.import_button().has_state("sensitive"), 20, "Import can be pressed")
        if n == 2:
            desk.text("has it already")
        desk.import_button().do("click")
        tap.wait_for(lambda: len(desk.session.machines()) == n, 30, f"machine {n}")
        tap.wait_for(lambda: not desk.is_open(), 20, "the dialog's end")
    roots = [desk.xml(path) for path in desk.session.machines()]
    tap.equal({root.find("name").text for root in roots}, {"lab", "lab 2"})
    tap.equal(len({root.find("uuid").text for root in roots}), 2)


@tap.case
def missing_disk():
    """A disk that is not there keeps the machine from being made, until it is left out or another is chosen"""
    desk = Desk.fresh()
    disk = desk.lab()
    other = disk.with_name("moved.qcow2")
    disk.rename(other)
    desk.open_with_file(desk.config / "qemu" / "lab.xml")
    desk.text("This file is not there.")
    desk.display.screenshot(desk.picture("missing"))
    tap.true(not desk.import_button().has_state("sensitive"), "it can be imported without its disk")
    wizard.press(desk.app, "Choose another file")
    wizard.choose_file(desk.display, "Choose a Disk Image", other)
    desk.text(str(other))
    tap.wait_for(lambda: desk.import_button().has_state("sensitive"), 10, "Import can be pressed")
    wizard.press(desk.app, "Leave it out")
    tap.wait_for(lambda: not desk.app.find_all(where=lambda n: str(other) in n.text), 10, "the row's end")
    desk.import_button().do("click")
    root = desk.xml(desk.made())
    tap.equal([d.get("device") for d in root.iter("disk")], ["cdrom"])


@tap.case
def broken():
    """What is broken is said with its line, and nothing is made"""
    desk = Desk.fresh()
    file = desk.home / "broken.xml"
    for old, new, says in (("</vcpu>", "</vcpus>", "Line 5, column"), ("x86_64", "aarch64", "Line 6: "),
                           ("<name>lab</name>", "", "Name is missing"), (LAB, "", "Line 1, column 1")):
        file.write_text(LAB.replace(old, new))
        desk.open_with_file(file)
        desk.text(says)
        desk.text("“broken.xml”")
        desk.display.screenshot(desk.picture("broken"))
        desk.close()
    tap.true(not desk.session.machines(), "a machine was made")


@tap.case
def from_a_file_dialog():
    """The main menu's dialog takes a file that is chosen"""
    desk = Desk.fresh()
    desk.lab()
    file = desk.home / "mine.xml"
    file.write_text(LAB)
    desk.open()
    wizard.press(desk.app, "Definition File…")
    wizard.choose_file(desk.display, "Choose a Machine’s Definition", file)
    desk.text("BitLocker")
    desk.close()


@tap.case
def dropped():
    """A definition that is dragged from another window onto this one is told of; nothing is made by that"""
    desk = Desk.fresh()
    desk.lab()
    file = desk.home / "dragged.xml"
    file.write_text(LAB)
    wizard.drop(desk.app, desk.display, desk.session, file)
    tap.wait_for(desk.is_open, 20, "the dialog")
    desk.text("BitLocker")
    desk.display.screenshot(desk.picture("dropped"))
    tap.true(not wizard.is_open(desk.app) and not desk.session.machines(), "more than that is there")
    desk.close()


@tap.case
def from_the_wizard():
    """The wizard has a choice for it, and gives way to it; a definition that it is handed, too"""
    desk = Desk.fresh()
    desk.lab()
    wizard.open_from_menu(desk.app)
    tap.wait_for(lambda: wizard.button(desk.app, "Machine of libvirt…").extents()[2] > 0, 20, "the choices")
    desk.display.screenshot(desk.picture("wizard"))
    wizard.press(desk.app, "Machine of libvirt…")
    tap.wait_for(lambda: desk.is_open() and not wizard.is_open(desk.app), 20, "the import in the wizard's place")
    desk.close()
    wizard.open_from_menu(desk.app)
    second = desk.session.spawn([env.APP, desk.config / "qemu" / "lab.xml"], name="innkeeper-file")
    desk.text("BitLocker")
    second.wait(20)
    tap.wait_for(lambda: not wizard.is_open(desk.app), 10, "the wizard's end")
    desk.close()


@tap.case
def given_back():
    """Export… saves what libvirt takes, with what was set aside"""
    desk = Desk.fresh()
    disk = desk.lab()
    desk.open_with_file(desk.config / "qemu" / "lab.xml")
    tap.wait_for(lambda: desk.import_button().has_state("sensitive"), 20, "Import can be pressed")
    desk.import_button().do("click")
    desk.made()
    tap.wait_for(lambda: not desk.is_open(), 20, "the dialog's end")
    desk.app.activate("win.export")
    file = desk.home / "given back.xml"
    wizard.choose_file(desk.display, "Export for libvirt", file.with_suffix(""))  # what is typed over has none
    desk.text("was exported to")
    desk.display.screenshot(desk.picture("exported"))
    text = file.read_text()
    root = ElementTree.fromstring(text)
    tap.equal([e.tag for e in root.find("devices") if e.tag in ("tpm", "redirfilter")], ["tpm", "redirfilter"])
    tap.equal(root.find("devices/disk[@device='disk']/source").attrib, {"file": str(disk)})
    tap.true("hyperv" in text and "aside" not in text, text)
    done = subprocess.run(["virt-xml-validate", file, "domain"], capture_output=True, text=True)
    tap.true(done.returncode == 0, done.stderr)


tap.main()
