# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper killed before every step of Create and Delete: then a machine is whole or not there."""

import os

from gi.repository import GLib

from lib import bus, domain, tap

DISKS = domain.disk("vda") + domain.disk("vdb")


def storage():
    return domain.storage(domain.new_disk("vda"), domain.new_disk("vdb"))


def survives(function):
    """Whether the helper has answered to the end: an error is its death, which restart() checks."""
    try:
        function()
    except GLib.Error:
        return False
    return True


def restart(session):
    """Waits for the death that was asked for, then starts a helper that does not die."""
    try:
        session.helper.wait(20)
    except Exception as e:
        raise AssertionError("the helper did not die where it should") from e
    tap.equal(session.helper.popen.returncode, -9, "its end")
    session.start_helper()


def kept(session):
    path = session.path / "data_home" / "innkeeper" / "Kept disks"
    return sorted(os.listdir(path)) if path.exists() else []


def check_whole(session, machine, *more):
    """It can be read, its disks are there, and it can be deleted."""
    tap.equal(session.get(machine, domain.MACHINE, "State"), "off", "state")
    listed = domain.call(session, machine, "ListStorage")[0]
    tap.equal([(s["target"], s["created"]) for s in listed], [("vda", True), ("vdb", True), *more], "storage")
    for entry in listed:
        bus.run(["qemu-img", "check", "-q", entry["path"]])
    domain.delete(session, machine)
    tap.equal(domain.entries(session), [], "folders after the deletion")


def steps(verb):
    """How often @verb can be killed: it dies before each step, and after the last."""
    number = 0
    while True:
        yield number, f"{verb}:{number}"
        number += 1


@tap.case
def create():
    """Killed before every step of Create: nothing, or after the last the whole machine"""
    outcomes = []
    for number, where in steps("create"):
        session = bus.Session()
        session.start_helper(extra_env={"VMH_ABORT_AT": where})
        try:
            if survives(lambda: domain.create(session, domain.xml("a", DISKS), storage=storage())):
                tap.true(number > 3, f"{number} steps are too few: is the hook dead?")
                break
            restart(session)
            machines = list(session.machines())
            tap.equal(len(domain.entries(session)), len(machines), f"folders after {where}")
            outcomes.append(len(machines))
            for machine in machines:
                check_whole(session, machine)
            # and the name is free
            domain.create(session, domain.xml("a", DISKS), storage=storage())
        finally:
            session.close()
    tap.equal(outcomes, [0] * (len(outcomes) - 1) + [1], "machines after each kill")


@tap.case
def delete():
    """Killed before every step of Delete: the whole machine, or nothing and the kept disk safe"""
    outcomes = []
    for number, where in steps("delete"):
        session = bus.Session()
        session.start_helper(extra_env={"VMH_ABORT_AT": where})
        try:
            outside = session.path / "outside.qcow2"
            bus.run(["qemu-img", "create", "-q", "-f", "qcow2", outside, "8M"])
            machine = domain.create(session, domain.xml("a", DISKS + domain.disk("vdc", outside)),
                                    storage=storage())
            if survives(lambda: domain.delete(session, machine, keep=GLib.Variant("as", ["vdb"]),
                                              delete=GLib.Variant("as", ["vdc"]))):
                tap.true(number > 2, f"{number} steps are too few: is the hook dead?")
                break
            restart(session)
            machines = list(session.machines())
            outcomes.append(len(machines))
            if machines:
                tap.equal((kept(session), outside.exists()), ([], True), "kept disks")
                check_whole(session, machine, ("vdc", False))
            else:
                tap.wait_for(lambda: not outside.exists(), 10, f"the deletion of what is elsewhere after {where}")
                tap.wait_for(lambda: domain.entries(session) == [], 10, f"the end of its folder after {where}")
                tap.equal(kept(session), ["a vdb.qcow2"], f"kept disks after {where}")
        finally:
            session.close()
    tap.true(outcomes[0] == 1 and outcomes[-1] == 0 and outcomes == sorted(outcomes, reverse=True),
             f"machines after each kill: {outcomes}")


@tap.case
def apply():
    """Killed before every step of an Apply with a new disk: the old definition or the new, whole"""
    outcomes = []
    for number, where in steps("apply"):
        session = bus.Session()
        session.start_helper(extra_env={"VMH_ABORT_AT": where})
        try:
            machine = domain.create(session, domain.xml("a", domain.disk("vda")),
                                    storage=domain.storage(domain.new_disk("vda")))
            xml, generation = domain.call(session, machine, "GetXml")
            more = xml.replace("</devices>", domain.disk("vdb") + "</devices>")
            if survives(lambda: domain.call(session, machine, "Apply", GLib.Variant("s", more),
                                            storage=domain.storage(domain.new_disk("vdb")))):
                tap.true(number > 2, f"{number} steps are too few: is the hook dead?")
                break
            restart(session)
            now, now_generation = domain.call(session, machine, "GetXml")
            changed = 'dev="vdb"' in now
            tap.true(changed or now == xml, "the old definition or the new")
            tap.true(now_generation > generation or not changed, "a new definition has a new number")
            outcomes.append(int(changed))
            listed = domain.call(session, machine, "ListStorage")[0]
            for entry in listed:
                bus.run(["qemu-img", "check", "-q", entry["path"]])
            # nothing half-made is left, and what is there is known to be ours
            tap.equal([(e["target"], e["created"]) for e in listed],
                      [("vda", True), ("vdb", True)][:1 + changed], f"disks after {where}")
            domain.delete(session, machine)
            tap.equal(domain.entries(session), [], "folders after the deletion")
        finally:
            session.close()
    tap.equal(outcomes, [0] * (len(outcomes) - 1) + [1], "definitions after each kill")


tap.main()
