# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of an unprivileged user, the system's helper, and a real polkit that asks for a password."""

import os
import signal
import subprocess
from pathlib import Path

from gi.repository import GLib

from lib import bus, desk, env, guest, installer, ns, proc, tap, wizard
from lib.agent import Agent

ns.enter()

EDIT, USE = "org.innkeeper.helper.edit", "org.innkeeper.helper.use"
MACHINES = Path(ns.STATE) / "machines"
DISMISSED = "The password question was dismissed"

system = ns.System(policies=[env.BUILD / "data/system/org.innkeeper.helper.policy"],
                   bus_configs=[env.SOURCE / "data/system/org.innkeeper.Helper1.conf"])
session = ns.UserSession()
tap.cleanup_at_end(session.close)
place = desk.Desk(session, "system", keep=True)
tap.on_failure(lambda: tap.diag(place.app.dump()))
root = ns.connect()
agents = 0


def agent(password):
    """Who is asked for the password of the administrator, on behalf of the app."""
    global agents
    agents += 1
    it = Agent(ns.USER, str(place.app.pid), password, system.dir / f"agent-{agents}.log")
    tap.cleanup(it.close)
    return it


def says(words):
    """On what is shown: pages of a stack that are not have no size."""
    return any(n.extents()[2] > 0 for n in place.app.find_all("label", contains=words))


def forget_password():
    """As when the minutes are over for which polkit remembers that it was given: it knows that by
    itself only, and the bus starts it again."""
    (polkitd,) = proc.find("polkitd")
    os.kill(polkitd, signal.SIGTERM)
    tap.wait_for(lambda: not proc.alive(polkitd), 10, "polkitd's end")


def force_off():
    """The window's own action; its question is answered."""
    place.app.activate("win.force-off")
    wizard.press(place.app, "Force Off")


@tap.case
def not_installed():
    """Without a helper for the whole system the window says so, and connects when there is one"""
    place.choose_system()
    place.app.find("label", contains="Innkeeper is not installed for the whole system")
    session.start_helper()
    # It looks again by itself, every 30 s at last.
    tap.wait_for(lambda: says("need an administrator’s password to be made"), 60, "the connection")


@tap.case
def imported():
    """A machine of libvirt's is made for the whole system, with the password; its disk in the user's home stays in place"""
    images = place.home / "images"
    images.mkdir()
    disk = images / "lab.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "32M"], check=True)
    definition = place.home / "lab.xml"
    definition.write_text(
        "<domain type='qemu'><name>lab</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
        "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
        f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>"
        "<target dev='vda' bus='virtio'/></disk></devices></domain>")
    for path in (images, disk, definition):
        session.give(path)
    wizard.wait_for_new(place.app)
    wizard.drop(place.app, place.display, session, definition)
    tap.wait_for(lambda: wizard.shown(place.display, "Import a Machine"), 20, "the dialog")
    asked = agent(ns.PASSWORD)
    tap.wait_for(lambda: place.app.find("push button", where=lambda n: n.name.split()[-1:] == ["Import"]).has_state(
        "sensitive"), 20, "Import can be pressed")
    place.display.screenshot(place.picture("import"))
    place.app.find("push button", where=lambda n: n.name.split()[-1:] == ["Import"]).do("click")
    (path,) = tap.wait_for(session.machines, 30, "the machine")
    tap.equal(asked.asked(), [EDIT], "questions")
    place.display.screenshot(place.picture("imported"))
    xml = session.call(path, desk.MACHINE, "GetXml", GLib.Variant("(a{sv})", ({},)))[0]
    tap.true(f"'{disk}'" in xml.replace('"', "'"), xml)
    # By who may without a question, once it is shown to him.
    bus.call(root, bus.MANAGER, bus.NAME + ".Manager", "ShowOthers", GLib.Variant("(a{sv})", ({},)))
    bus.call(root, path, desk.MACHINE, "Delete", GLib.Variant("(a{sv})", ({},)))
    tap.wait_for(lambda: not session.machines(), 20, "the machine's removal")
    tap.true(disk.exists(), "the disk has gone with the machine")
    asked.close()
    forget_password()


@tap.case
def questions():
    """Create asks for a password; dismissed, wrong or with nobody to ask, it says so and nothing is made"""
    installer.choose(place, guest.menu_iso())
    tap.true(says("making it needs an administrator’s password"), "no word of the password to come")
    for password, sentence in (("cancel", None), ("nonsense", "password was not given, so nothing was done"),
                               (None, "nobody could be asked for it")):
        asked = agent(password) if password else None
        place.display.key("Return")
        if sentence:
            tap.wait_for(lambda: says(sentence), 20, sentence)
        else:
            tap.wait_for(asked.asked, 20, "the question")
        wizard.wait_for_summary(place.app)
        place.display.screenshot(place.picture(f"refused-{password}"))
        tap.true(not says(DISMISSED), "a dismissed question is told")
        tap.equal(os.listdir(MACHINES) + proc.find("qemu-system"), [], "machines")
        if asked:
            tap.equal(asked.asked(), [EDIT], "questions")
            asked.close()


@tap.case
def with_password():
    """With the right password it is made and started, and its screen and keys are the window's"""
    asked = agent(ns.PASSWORD)
    place.display.key("Return")
    (path,) = wizard.wait_for_created(place.app, session)
    place.wait_state(path, "running")
    (qemu,) = proc.find("qemu-system")
    uid = os.stat(f"/proc/{qemu}").st_uid
    tap.true(2001000000 <= uid <= 2001999999, f"the guest's uid is {uid}")
    installer.watch_menu(place)
    tap.wait_for(lambda: asked.asked() == [EDIT, USE], 20, "the questions of making it and of its screen")
    force_off()
    place.wait_state(path, "off")
    tap.equal(asked.asked(), [EDIT, USE], "questions at the end")


@tap.case
def serial_with_password():
    """The busybox guest answers what is typed in its serial tab; its screen stays closed to who gives no password"""
    forget_password()
    asked = agent(ns.PASSWORD)
    place.create_linux()
    wizard.press(place.app, "Create")
    old = set(session.machines())
    tap.wait_for(lambda: not wizard.is_open(place.app), 60, "the wizard's end")
    (path,) = tap.wait_for(lambda: set(session.machines()) - old, 20, "the machine")
    place.wait_state(path, "running")
    tap.wait_for(lambda: asked.asked() == [EDIT, USE], 20, "the questions of making it and of its screen")
    asked.close()

    forget_password()
    dismissing = agent("cancel")
    place.app.activate("win.tab", GLib.Variant("s", "details"))
    place.app.activate("win.tab", GLib.Variant("s", "console"))
    tap.wait_for(lambda: says("The screen is not connected"), 20, "the veil")
    tap.true(says(DISMISSED), "no word why")
    tap.equal(dismissing.asked(), [USE], "questions")
    place.display.screenshot(place.picture("veil"))
    dismissing.close()
    wrong = agent("nonsense")
    place.app.activate("win.pause")
    place.app.find("label", contains="could not be paused")
    tap.true(says("password was not given"), "no word why")
    place.display.screenshot(place.picture("denied"))
    tap.equal(place.state(path), "running", "state")
    place.close_dialog()
    wrong.close()

    asked = agent(ns.PASSWORD)
    wizard.press(place.app, "Connect Again")
    tap.wait_for(lambda: not says("The screen is not connected"), 20, "the veil's end")
    # Another look at the line, by who may look at all machines.
    bus.call(root, bus.MANAGER, bus.NAME + ".Manager", "ShowOthers", GLib.Variant("(a{sv})", ({},)))
    viewer = desk.Viewer(session, path, root)
    viewer.wait_for_shell()
    place.type_in_serial_tab(viewer)
    tap.equal(asked.asked(), [USE], "questions")
    place.display.type("poweroff -f\n")
    place.wait_state(path, "off")


tap.main()
