# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real helper on a session bus: whose images are whose, and that none is lost or given away."""

import os

from gi.repository import GLib

from lib import bus, domain, tap, vm

ERROR = "org.innkeeper.Error."


def start():
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    return session


def with_disks(session, name, *targets):
    return domain.create(session, domain.xml(name, "".join(domain.disk(t) for t in targets)),
                         storage=domain.storage(*(domain.new_disk(t) for t in targets)))


def xml_of(session, machine):
    return domain.call(session, machine, "GetXml")[0]


def apply(session, machine, xml, **opts):
    return domain.call(session, machine, "Apply", GLib.Variant("s", xml), **opts)[0]


def folder_of(session, machine):
    return domain.folder(session) / domain.uuid_of(machine)


@tap.case
def own_folder():
    """Nothing of a machine's folder can be given to its guest but the files in disks/"""
    session = start()
    machine = with_disks(session, "a", "vda")
    folder = folder_of(session, machine)
    (folder / "disks" / "sub").mkdir()
    (folder / "disks" / "sub" / "x").write_bytes(bytes(domain.MIB))
    os.mkfifo(folder / "disks" / "fifo")
    (folder / "disks" / "plain.raw").write_bytes(bytes(domain.MIB))
    xml = xml_of(session, machine)
    for name in ("state", "machine.xml", "disks/../state", "disks/./vda.qcow2", "disks/sub/x", "disks/sub",
                 "disks/fifo", "disks/", "disks"):
        more = xml.replace("</devices>", domain.disk("vdb", f"{folder}/{name}", "raw") + "</devices>")
        bus.refuses(lambda more=more: apply(session, machine, more), ERROR + "Denied")
        kernel = xml.replace("</os>", f"<kernel>{folder}/{name}</kernel></os>")
        bus.refuses(lambda kernel=kernel: apply(session, machine, kernel), ERROR + "Denied")
    apply(session, machine, xml.replace("</devices>", domain.disk("vdb", folder / "disks" / "plain.raw", "raw")
                                        + "</devices>"))
    # and where it has come into the definition by another way
    session.helper.stop()
    (folder / "machine.xml").write_text(xml.replace(str(folder / "disks" / "vda.qcow2"), str(folder / "state"))
                                        .replace("qcow2", "raw"))
    session.start_helper()
    properties = vm.start(session, machine, wanted="failed")
    tap.equal(properties["ErrorName"], ERROR + "Denied", "error of the start")


@tap.case
def generation_of_failed_change():
    """A change that could not be written leaves the number of the definition that is there"""
    session = start()
    machine = with_disks(session, "a", "vda")
    xml, generation = domain.call(session, machine, "GetXml")
    block = folder_of(session, machine) / ".machine.xml.new"
    block.mkdir()
    bus.refuses(lambda: apply(session, machine, xml.replace(">64<", ">96<")), None)
    tap.equal(domain.call(session, machine, "GetXml"), (xml, generation), "definition")
    tap.equal(session.get(machine, domain.MACHINE, "Generation"), generation, "generation")
    block.rmdir()
    apply(session, machine, xml.replace(">64<", ">96<"), generation=GLib.Variant("t", generation))


tap.main()
