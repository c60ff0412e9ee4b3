# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wizard in the real window before the real session helper, by accessibility and keys."""

import os
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from gi.repository import GLib

from lib import bus, env, proc, tap, wizard, xvfb

MACHINE = "org.innkeeper.Helper1.Machine"

class Desk:
    """A session with screen, helper and app, as one person has it: libatspi knows one bus a process,
    so all cases share it."""

    shared = None

    def __init__(self):
        self.session = bus.Session()
        tap.cleanup_at_end(self.session.close)
        self.home = Path(self.session.environ["HOME"])
        self.display = xvfb.Display(self.session, "1280x1000")
        self.session.start_helper()
        self.app = wizard.start_app(self.session, self.display)
        tap.cleanup_at_end(wizard.end_app, self.app)
        tap.on_failure(self.tell)

    @classmethod
    def fresh(cls):
        """No wizard open, no machine, an empty home."""
        if cls.shared is None:
            cls.shared = cls()
        desk = cls.shared
        if wizard.is_open(desk.app):
            wizard.close(desk.app, desk.display)
        for path in desk.session.machines():
            if desk.session.get(path, MACHINE, "State") != "off":
                desk.session.call(path, MACHINE, "ForceOff", GLib.Variant("(a{sv})", ({},)))
            desk.session.call(path, MACHINE, "Delete", GLib.Variant("(a{sv})", ({},)))
        tap.wait_for(lambda: not desk.session.machines(), 20, "the machines' removal")
        for entry in desk.home.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        return desk

    def tell(self):
        self.display.screenshot(env.artifacts_dir("wizard") / "failed.png")
        tap.diag(self.app.dump()[-9000:])
        self.session.print_logs()

    def xml(self, path):
        text = self.session.call(path, MACHINE, "GetXml", GLib.Variant("(a{sv})", ({},)))[0]
        return ElementTree.fromstring(text)

    def leftovers(self):
        """Files of machines in the helper's folders."""
        found = []
        for folder in ("XDG_DATA_HOME", "XDG_STATE_HOME"):
            for root, _, names in os.walk(self.session.environ[folder]):
                found += [os.path.join(root, n) for n in names if n.endswith((".qcow2", "machine.xml"))]
        return found


def image(path, *arguments):
    subprocess.run(["qemu-img", "create", "-q", *arguments[:-1], path, *arguments[-1:]], check=True)
    return path


def source_of(root, target_kind):
    for disk in root.iter("disk"):
        if disk.get("device") == target_kind:
            return disk.find("source")
    return None


@tap.case
def three_clicks():
    """New → the ISO that was found → Create: the machine is there, as it was proposed"""
    desk = Desk.fresh()
    iso = wizard.make_iso(desk.home / "Downloads" / "debian-11.5.0-amd64-netinst.iso",
                          "Debian 11.5.0 amd64 n")
    app = desk.app
    wizard.open_from_menu(app)
    desk.display.screenshot(env.artifacts_dir("wizard") / "source.png")
    wizard.press(app, iso.name)
    wizard.wait_for_summary(app)
    tap.true(wizard.says(app, "Debian 11"), "the system is not told")
    tap.equal(desk.session.machines(), {}, "machines before Create")
    tap.equal(desk.leftovers(), [], "files before Create")
    wizard.toggle(app, "Start when created")
    desk.display.screenshot(env.artifacts_dir("wizard") / "summary.png")
    wizard.press(app, "Create")
    (path,) = wizard.wait_for_created(app, desk.session)
    root = desk.xml(path)
    tap.equal(root.findtext("name"), "Debian 11", "name")
    tap.equal(root.find("os/type").get("machine"), "q35", "chipset")
    tap.equal(source_of(root, "cdrom").get("file"), str(iso), "medium")
    disk = Path(source_of(root, "disk").get("file"))
    tap.true(disk.exists(), "the disk is not there")
    told = subprocess.run(["qemu-img", "info", disk], capture_output=True, text=True, check=True).stdout
    tap.true("20 GiB" in told and "qcow2" in told, told)
    tap.equal([b.get("dev") for b in root.findall("os/boot")], ["hd", "cdrom"], "boot order")
    tap.equal(desk.session.get(path, MACHINE, "State"), "off", "state")
    app.find(contains="Debian 11", timeout=10)


@tap.case
def by_keys_only():
    """innkeeper FILE, then Return: made"""
    desk = Desk.fresh()
    iso = wizard.make_iso(desk.home / "d.iso", "Debian 11.5.0 amd64 n")
    app = desk.app
    wizard.open_with_file(app, desk.session, iso)
    wizard.wait_for_summary(app)
    desk.display.key("Return")
    (path,) = wizard.wait_for_created(app, desk.session)
    tap.equal(desk.xml(path).findtext("name"), "Debian 11", "name")


@tap.case
def file_dialog():
    """The medium is chosen in the file dialog by typing its path"""
    desk = Desk.fresh()
    iso = wizard.make_iso(desk.home / "media" / "tools.iso", "TOOLS")
    app = desk.app
    wizard.open_from_menu(app)
    wizard.press(app, "Installation Medium…")
    wizard.choose_file(desk.display, "Choose an ISO File", iso)
    wizard.wait_for_summary(app)
    tap.true(wizard.says(app, "does not know the system on this medium"), "the generic profile is not told")
    tap.true(app.find_all(where=lambda n: "tools" in n.text), "the name is not proposed")
    wizard.close(app, desk.display)
    tap.equal(desk.session.machines(), {}, "machines")


@tap.case
def dropped():
    """A file that is dragged from another window onto this one opens the wizard with it"""
    desk = Desk.fresh()
    disk = image(desk.home / "dragged.qcow2", "-f", "qcow2", "32M")
    wizard.drop(desk.app, desk.display, desk.session, disk)
    tap.wait_for(lambda: wizard.is_open(desk.app), 20, "the wizard")
    wizard.wait_for_summary(desk.app)
    tap.true(desk.app.find_all(where=lambda n: n.text == "dragged"), "the name is not proposed")
    wizard.close(desk.app, desk.display)


@tap.case
def second_file():
    """innkeeper FILE while the wizard is open: it takes the new file"""
    desk = Desk.fresh()
    first = image(desk.home / "first.qcow2", "-f", "qcow2", "32M")
    second = image(desk.home / "second.qcow2", "-f", "qcow2", "32M")
    app = desk.app
    wizard.open_with_file(app, desk.session, first)
    wizard.wait_for_summary(app)
    wizard.open_with_file(app, desk.session, second)
    tap.wait_for(lambda: app.find_all(where=lambda n: n.text == "second"), 20, "the second file's name")
    tap.equal(len(wizard.shown(desk.display, "New Machine")), 1, "wizards")
    wizard.close(app, desk.display)


@tap.case
def image_copied_and_in_place():
    """A disk image is converted into the machine, or used where it is; the file stays as it was"""
    desk = Desk.fresh()
    vmdk = image(desk.home / "old.vmdk", "-f", "vmdk", "32M")
    subprocess.run(["qemu-io", "-f", "vmdk", "-c", "write -P 0x5a 1M 64k", vmdk], check=True,
                   capture_output=True)
    before = vmdk.read_bytes()
    app = desk.app
    wizard.open_with_file(app, desk.session, vmdk)
    wizard.wait_for_summary(app)
    wizard.toggle(app, "Start when created")
    wizard.press(app, "Create")
    (path,) = wizard.wait_for_created(app, desk.session)
    copy = Path(source_of(desk.xml(path), "disk").get("file"))
    tap.true(copy != vmdk and copy.suffix == ".qcow2", f"the machine's disk is {copy}")
    subprocess.run(["qemu-img", "compare", "-f", "vmdk", "-F", "qcow2", vmdk, copy], check=True,
                   capture_output=True)
    tap.equal(vmdk.read_bytes() == before, True, "the image is as it was")


@tap.case
def cancel_leaves_nothing():
    """Cancel while the image is copied: no machine, no file; all values are still there"""
    desk = Desk.fresh()
    raw = desk.home / "big.img"
    with open(raw, "wb") as file:
        block = os.urandom(4 << 20)
        for _ in range(160):
            file.write(block)
    app = desk.app
    wizard.open_with_file(app, desk.session, raw)
    wizard.wait_for_summary(app)
    wizard.set_name(app, "Never made")
    wizard.press(app, "Create")

    def copiers():
        """A QEMU makes the copy; others may run, guests and those that are asked what they can."""
        return [pid for pid in proc.find("qemu-system") if "set=2" in proc.cmdline(pid)]

    def freeze():
        """The copy is stopped in the middle, however quick this computer is."""
        for pid in copiers():
            os.kill(pid, signal.SIGSTOP)
            return pid
        return None

    pid = tap.wait_for(freeze, 20, "the copy", 0.002)
    desk.display.screenshot(env.artifacts_dir("wizard") / "copying.png")
    node = wizard.press(app, "Cancel")
    tap.wait_for(lambda: not node.has_state("sensitive"), 10, "the cancel's arrival")
    if proc.alive(pid):
        os.kill(pid, signal.SIGCONT)
    wizard.wait_for_summary(app)
    tap.wait_for(lambda: not desk.leftovers(), 10, "the removal of what was made")
    tap.equal(desk.session.machines(), {}, "machines")
    tap.wait_for(lambda: not copiers(), 10, "the copy's end")
    tap.true(app.find_all(where=lambda n: n.text == "Never made"), "the name is lost")
    wizard.close(app, desk.display)


@tap.case
def unhappy_paths():
    """Each file that cannot be used is told in a sentence, and nothing is made"""
    desk = Desk.fresh()
    home = desk.home
    (home / "text.iso").write_text("This is no ISO.\n")
    (home / "empty.iso").write_bytes(b"")
    (home / "letter.txt").write_text("Dear sir,\n")
    os.mkfifo(home / "fifo.iso")
    (home / "folder.iso").mkdir()
    whole = wizard.make_iso(home / "cut.iso", "Debian 11.5.0 amd64 n")
    with open(whole, "ab") as file:
        file.write(bytes(1 << 20))
    size = (5 << 20) // 2048
    with open(whole, "r+b") as file:
        file.seek(16 * 2048 + 80)
        file.write(size.to_bytes(4, "little") + size.to_bytes(4, "big"))
    image(home / "base.img", "-f", "raw", "1M")
    image(home / "child.qcow2", "-f", "qcow2", "-b", str(home / "base.img"), "-F", "raw", "1M")
    (home / "broken.vmdk").write_bytes(b"KDMV" + b"\xff" * 2048)
    app = desk.app
    for name, words in {
        "text.iso": "no CD or DVD image",
        "empty.iso": "is empty",
        "letter.txt": "neither a CD image nor a disk image",
        "fifo.iso": "not an ordinary file",
        "folder.iso": "is a folder",
        "cut.iso": "cut short",
        "missing.iso": "is not there",
        "child.qcow2": "needs the file",
        "broken.vmdk": "broken.vmdk",
    }.items():
        wizard.open_with_file(app, desk.session, home / name)
        try:
            app.find("label", contains=words, timeout=20)
        except AssertionError as e:
            raise AssertionError(f"{name}: no “{words}” among "
                                 f"{[n.name for n in app.find_all('label') if len(n.name) > 30]}") from e
        wizard.close(app, desk.display)
    tap.equal(desk.session.machines(), {}, "machines")
    tap.equal(desk.leftovers(), [], "files")


@tap.case
def image_in_use():
    """An image of another machine is said to be that machine's"""
    desk = Desk.fresh()
    disk = image(desk.home / "shared.qcow2", "-f", "qcow2", "32M")
    app = desk.app
    wizard.open_with_file(app, desk.session, disk)
    wizard.wait_for_summary(app)
    wizard.toggle(app, "Start when created")
    combo = app.find(contains="Disk image", where=lambda n: n.role in ("combo box", "list item", "table row"))
    app.mouse(combo)
    desk.display.key("Down", "Return")
    wizard.press(app, "Create")
    (path,) = wizard.wait_for_created(app, desk.session)
    tap.equal(source_of(desk.xml(path), "disk").get("file"), str(disk), "the machine's disk")
    wizard.open_with_file(app, desk.session, disk)
    wizard.wait_for_summary(app)
    tap.true(wizard.says(app, "belongs to the machine “shared”"), "the owner is not told")
    wizard.close(app, desk.display)


@tap.case
def no_room():
    """Without room on the disk the helper's sentence stands above the values, and nothing is left"""
    desk = Desk.fresh()
    machines = Path(desk.session.environ["XDG_DATA_HOME"])
    if os.geteuid() != 0:
        tap.skip("needs root for a small file system")
    raw = desk.home / "big.img"
    with open(raw, "wb") as file:
        for _ in range(8):
            file.write(os.urandom(4 << 20))
    app = desk.app
    desk.session.helper.stop()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8M,mode=700", "tmpfs", machines], check=True)
    tap.cleanup(subprocess.run, ["umount", "-l", machines], check=True)
    desk.session.start_helper()
    wizard.wait_for_new(app)
    wizard.open_with_file(app, desk.session, raw)
    wizard.wait_for_summary(app)
    wizard.press(app, "Create")
    app.find("label", contains="Free some space", timeout=30)
    wizard.wait_for_summary(app)
    tap.equal(desk.session.machines(), {}, "machines")
    tap.equal(desk.leftovers(), [], "files")
    wizard.close(app, desk.display)


tap.main()
