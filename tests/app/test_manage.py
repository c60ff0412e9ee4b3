# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real window and the real session helper: a machine is seen, renamed, edited as XML, deleted."""

import re
from pathlib import Path

from gi.repository import GLib

from lib import bus, env, tap, ui, xvfb

MACHINE = bus.NAME + ".Machine"
XML = """<domain type='kvm'>
  <name>first</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <unknown colour='blue'/>
  </devices>
</domain>"""


# One session for both cases: libatspi connects to its bus once in a process.
session = bus.Session()
tap.cleanup(session.close)
display = xvfb.Display(session, "1280x1600")
app = None


def start():
    global app
    if app is None:
        session.start_helper()
        app = ui.App(session, display)
        tap.on_failure(lambda: tap.diag(app.dump()))
        tap.on_failure(lambda: display.screenshot(env.artifacts_dir("manage") / "failed.png"))
        tap.on_failure(session.print_logs)


def create():
    storage = [{"target": GLib.Variant("s", "vda"), "size": GLib.Variant("t", 1 << 28)}]
    path, _job = session.call(bus.MANAGER, bus.NAME + ".Manager", "Create", GLib.Variant(
        "(sa{sv})", (XML, {"storage": GLib.Variant("aa{sv}", storage)})))
    tap.wait_for(lambda: path in session.machines(), 30, "the machine on the bus")
    return path


def get_xml(path):
    return session.call(path, MACHINE, "GetXml", GLib.Variant("(a{sv})", ({},)))[0]


@tap.case
def life_of_a_machine():
    """Made over D-Bus it is listed; renamed, edited as XML and deleted in the window, on the bus it is so"""
    start()
    app.find(name="No Machines Yet")
    path = create()
    app.find(contains="first, Off")

    app.click("Details", "page tab")
    app.find("text", "Name", where=lambda n: n.text == "first").set_text("renamed")
    app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
    tap.wait_for(lambda: session.get(path, MACHINE, "Name") == "renamed", 20, "the new name")
    app.find(contains="renamed, Off")
    tap.true("<unknown colour=" in get_xml(path), "what is not known is lost")

    app.choose("Hardware", "XML")
    text = app.find("text", "The machine’s XML", where=lambda n: "<name>renamed</name>" in n.text)
    # What does not parse is told with its place, and nothing is lost.
    broken = text.text.replace("</name>", "</nam>")
    text.set_text(broken)
    app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
    app.find("label", contains="Line 2, column")
    tap.equal(text.text, broken, "the text")
    tap.true("<name>renamed</name>" in get_xml(path), "a broken text was applied")
    text.set_text(broken.replace("</nam>", "</name>").replace(">64<", ">96<"))
    app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
    tap.wait_for(lambda: session.get(path, MACHINE, "Memory") == 96 << 20, 20, "the new memory")
    display.screenshot(env.artifacts_dir("manage") / "xml.png")

    # A new disk: its image is made when the changes are applied.
    app.click("_Add Hardware… Add Hardware…", "push button")
    search = app.find("entry", "Search hardware")
    display.move(200, 300)  # without a window manager keys go where the pointer is
    display.type("room for a system")
    tap.wait_for(lambda: any("system" in n.text for n in search.walk()), 10, "the typed text")
    display.key("Return")
    app.find("spin button", "Size of the new image").set_value(64 << 20)
    app.click("_Apply Apply", "push button", where=lambda n: n.has_state("sensitive"))
    tap.wait_for(lambda: "vdb" in get_xml(path), 20, "the new disk")
    storage = session.call(path, MACHINE, "ListStorage", GLib.Variant("(a{sv})", ({},)))[0]
    tap.equal([s["created"] for s in storage], [True, True], "disks made by the helper")

    storage = session.call(path, MACHINE, "ListStorage", GLib.Variant("(a{sv})", ({},)))[0]
    disk, forgotten = Path(storage[0]["path"]), Path(storage[1]["path"])
    tap.true(disk.exists(), f"{disk} is not there")
    # One disk is taken out, and somebody puts a file beside it.
    less = re.sub(r'<disk (?:(?!</disk>).)*dev="vdb".*?</disk>', "", get_xml(path), flags=re.DOTALL)
    session.call(path, MACHINE, "Apply", GLib.Variant("(sa{sv})", (less, {})))
    (disk.parent / "mine.qcow2").write_bytes(b"mine")
    app.activate("win.delete")
    app.find(contains="Delete “renamed”?")
    tap.true(app.find("check box", disk.name).has_state("checked"), "our own disk is not marked")
    tap.true(app.find("check box", forgotten.name).has_state("checked"), "our forgotten disk is not marked")
    tap.true(not app.find("check box", "mine.qcow2").has_state("checked"), "another's file is marked")
    display.screenshot(env.artifacts_dir("manage") / "delete.png")
    app.click("_Delete Delete", "push button")
    tap.wait_for(lambda: not session.machines(), 30, "the machine to go")
    tap.true(not disk.exists(), f"{disk} is still there")
    kept = disk.parents[3] / "Kept disks"
    # It is gone at once; what is kept of it is moved then.
    tap.wait_for(lambda: [p.name for p in kept.iterdir()] == ["renamed mine.qcow2"], 10, "the kept disk")
    app.find(name="No Machines Yet")


@tap.case
def helper_dies():
    """While the helper is gone the window says so and keeps its list; it connects again by itself"""
    start()
    create()
    app.find(contains="first, Off")
    session.helper.kill()
    app.find("label", contains="connects again by itself")
    tap.true(app.find_all(contains="first, Off"), "the list is lost")
    session.start_helper()
    app.gone("push button", "Try Now", where=lambda n: n.has_state("showing"))
    app.activate("win.delete")
    app.find(contains="Delete “first”?")
    app.click("_Cancel Cancel", "push button")
    app.gone("dialog")
    tap.equal(len(session.machines()), 1, "machines after Cancel")


@tap.case
def closes():
    """The window closes without a question, and the program ends well"""
    # Not the one that was looked at: GTK 4.8 complains when AT-SPI asks about what is just closing.
    if app is not None:
        app.process.kill()
    process = session.spawn([env.APP], name="innkeeper", extra_env={"GTK_A11Y": "none"})
    tap.wait_for(lambda: display.windows(process.pid), 30, "the window")
    display.move(100, 400)  # without a window manager keys go where the pointer is
    display.key("ctrl+w")
    tap.equal(process.wait(20), 0, "exit code")


tap.main()
