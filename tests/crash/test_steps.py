# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper killed before every step of every step table, and after the last: a verb has happened or it has
not, nothing is left of it, and the next call works."""

import os
import re
from pathlib import Path

from gi.repository import GLib

from lib import bus, crash, domain, net, ns, proc, system, tap, vm

ns.enter(network=True)

DEVICES = Path("/sys/class/net")
CARDS = ("<interface type='network'><source network='steps'/></interface>"
         "<interface type='bridge'><source bridge='br0'/></interface>")


def session():
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    return made


def at_each_step(made, verb, act, verify, others=()):
    """@act is called on a helper that dies in it, @verify(number) on the next one: it answers whether the verb
    has happened. Answers those answers."""
    steps = crash.tables()[verb]
    tap.true(steps > 2, f"{verb} has {steps} steps: are they counted?")
    outcomes = at_each(made, verb, steps + 1, act, verify, others)
    tap.figure(f"kills of {verb}, one before each step and one after the last", len(outcomes))
    return outcomes


def at_each(made, verb, places, act, verify, others=()):
    outcomes = []
    for number in range(places):
        where = f"{verb}:{number}"
        crash.replace(made, VMH_ABORT_AT=where)
        try:
            act(number)
        except GLib.Error:
            pass  # its death, which is looked at next
        crash.died(made)
        crash.replace(made)
        crash.check_clean(made, where, others)
        try:
            outcomes.append(verify(number))
        except Exception as e:
            raise AssertionError(f"after {where}") from e
        crash.check_clean(made, f"after {where}, and after the next call", others)
    return outcomes


def once(outcomes):
    """Not before a step, and ever after it."""
    outcomes = [int(o) for o in outcomes]
    tap.true(outcomes == sorted(outcomes) and outcomes[0] == 0, f"whether it had happened: {outcomes}")
    return outcomes


def only_after_all(outcomes):
    tap.equal(once(outcomes), [0] * (len(outcomes) - 1) + [1], "whether it had happened")


def check_whole(made, machine, *wanted):
    """It can be read, its disks are there and sound."""
    tap.equal(made.get(machine, domain.MACHINE, "State"), "off", "state")
    listed = domain.call(made, machine, "ListStorage")[0]
    tap.equal([(s["target"], s["created"]) for s in listed], list(wanted), "storage")
    for entry in listed:
        bus.run(["qemu-img", "check", "-q", entry["path"]])


def delete_all(made):
    for machine in made.machines():
        domain.delete(made, machine)


DISKS = domain.disk("vda") + domain.disk("vdb")
NEW_DISKS = domain.storage(domain.new_disk("vda"), domain.new_disk("vdb"))
BOTH = (("vda", True), ("vdb", True))


def killed_create(made, verb, storage, wanted, **more):
    def act(_number):
        domain.create(made, domain.xml("a", DISKS), storage=storage, **more)

    def verify(_number):
        machines = list(made.machines())
        for machine in machines:
            check_whole(made, machine, *wanted)
        delete_all(made)
        # and the name is free
        domain.create(made, domain.xml("a", DISKS), storage=storage, **more)
        delete_all(made)
        return bool(machines)

    return at_each_step(made, verb, act, verify)


# What must bear a kill at each place of its: as people call it, and as the helper's sources do.
OPERATIONS = {"define": "create", "edit": "apply", "start": "start", "stop": "off", "reset": "reset", "delete": "delete",
              "attach": "plug", "detach": "clear", "new disk": "image", "copied disk": "convert", "larger disk": "grow"}


@tap.case
def every_table():
    """Each step table of the helper, and each verb with places of its own, has a case here"""
    known = [*crash.tables(), *crash.marks(), *crash.counted()]
    tap.equal(sorted(known), sorted(OPERATIONS.values()), "verbs that can be killed on their way")


@tap.case
def create():
    """Create with new disks: nothing, or after the last step the whole machine"""
    only_after_all(killed_create(session(), "create", NEW_DISKS, BOTH))


@tap.case
def image():
    """Making an empty disk: the machine it was for is not there"""
    tap.true(not any(killed_create(session(), "image", NEW_DISKS, BOTH)), "a machine with half a disk is there")


@tap.case
def convert():
    """Copying an image: the machine it was for is not there, nor QEMU's process that copies"""
    made = session()
    source = made.path / "source.raw"
    source.write_bytes(os.urandom(domain.MIB))
    with open(source, "rb") as image:
        copied = {"target": GLib.Variant("s", "vdb"), "image": GLib.Variant("h", 0), "format": GLib.Variant("s", "raw")}
        storage = domain.storage(domain.new_disk("vda"), copied)
        tap.true(not any(killed_create(made, "convert", storage, BOTH, fds=[image.fileno()])),
                 "a machine with half a disk is there")


@tap.case
def grow():
    """Making a disk that no guest has larger: its image has the old size or the new one, is sound, and grows then"""
    made = session()
    size = {}

    def ask(method, *args):
        return domain.call(made, size["path"], method, GLib.Variant("s", "vda"), *args)[0]

    def act(_number):
        size["path"] = domain.create(made, domain.xml("a", domain.disk("vda")),
                                     storage=domain.storage(domain.new_disk("vda", size=8 * domain.MIB)))
        ask("GrowDisk", GLib.Variant("t", 16 * domain.MIB))

    def verify(_number):
        found = ask("InspectDisk")["virtual-size"] // domain.MIB
        tap.true(found in (8, 16), f"{found} MiB")
        check_whole(made, size["path"], ("vda", True))
        tap.equal(ask("GrowDisk", GLib.Variant("t", 24 * domain.MIB)), "", "the next call")
        delete_all(made)
        return found == 16

    tap.equal(once(at_each_step(made, "grow", act, verify))[-1], 1, "whether it was larger when all was done")


@tap.case
def apply():
    """Apply with a new disk and without an old one: the old definition or the new, whole"""
    made = session()
    one, two = domain.disk("vda") + domain.disk("vdb"), domain.disk("vda") + domain.disk("vdc")
    before = {}

    def act(_number):
        before["path"] = machine = domain.create(made, domain.xml("a", one), storage=NEW_DISKS)
        before["xml"], before["generation"] = domain.call(made, machine, "GetXml")
        part = before["xml"].index("<disk", before["xml"].index("<disk") + 1)
        end = before["xml"].index("</disk>", part) + len("</disk>")
        xml = before["xml"][:part] + domain.disk("vdc") + before["xml"][end:]
        domain.call(made, machine, "Apply", GLib.Variant("s", xml), storage=domain.storage(domain.new_disk("vdc")))

    def verify(_number):
        machine = before["path"]
        xml, generation = domain.call(made, machine, "GetXml")
        changed = 'dev="vdc"' in xml
        tap.true(changed or xml == before["xml"], "neither the old definition nor the new")
        tap.true(generation > before["generation"] or not changed, "a new definition has a new number")
        unused = domain.folder(made) / domain.uuid_of(machine) / "disks" / "vdb.qcow2"
        tap.true(unused.exists(), "the disk that was taken out is gone")
        listed = domain.call(made, machine, "ListStorage")[0]
        for entry in listed:
            bus.run(["qemu-img", "check", "-q", entry["path"]])
        # nothing half-made is left, and what is there is known to be ours
        tap.true(all(e["created"] for e in listed), f"{listed}")
        tap.equal({e["target"] for e in listed if not e["target"].startswith("disks/")},
                  {"vda", "vdc" if changed else "vdb"}, "disks")
        domain.call(made, machine, "Apply", GLib.Variant("s", xml.replace(">64<", ">65<")))
        delete_all(made)
        tap.equal(crash.kept(made), [], "what was made and is not kept")
        return changed

    tap.true(two != one, "the edit changes nothing")
    only_after_all(at_each_step(made, "apply", act, verify))


@tap.case
def delete():
    """Delete: the whole machine, or nothing and the kept disk safe"""
    made = session()
    outside = made.path / "outside.qcow2"
    before = {}

    def act(_number):
        bus.run(["qemu-img", "create", "-q", "-f", "qcow2", outside, "8M"])
        before["kept"] = crash.kept(made)
        before["path"] = domain.create(made, domain.xml("a", DISKS + domain.disk("vdc", outside)), storage=NEW_DISKS)
        domain.delete(made, before["path"], keep=GLib.Variant("as", ["vdb"]), delete=GLib.Variant("as", ["vdc"]))

    def verify(number):
        if made.machines():
            tap.equal((crash.kept(made), outside.exists()), (before["kept"], True), "kept disks")
            check_whole(made, before["path"], *BOTH, ("vdc", False))
            delete_all(made)
            return False
        tap.wait_for(lambda: not outside.exists(), 10, "the deletion of what is elsewhere")
        tap.equal(len(crash.kept(made)), len(before["kept"]) + 1, "kept disks")
        return True

    tap.true(1 in once(at_each_step(made, "delete", act, verify)), "it never happened")


def killed_start(made, machine, others=()):
    def act(_number):
        domain.call(made, machine, "Start")

    def verify(_number):
        found = vm.state(made, machine)
        tap.true(found in ("off", "running"), f"found {found}: {vm.reason(made, machine)}")
        if found == "off":
            vm.start(made, machine)
        vm.force_off(made, machine)
        return found == "running"

    return once(at_each_step(made, "start", act, verify, others))


@tap.case
def start():
    """Start: the next helper finds the machine off or running, never half-way"""
    made = session()
    made.start_helper()
    machine = domain.create(made, vm.real_mode("steps", made))
    tap.equal(killed_start(made, machine)[-1], 1, "whether it runs when all was done")


@tap.case
def start_with_programs():
    """Start of a machine with a security chip and a shared folder, which are programs: none of them is left"""
    made = session()
    folder = made.path / "shared"
    folder.mkdir()
    made.start_helper()
    programs = ("<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm><filesystem type='mount'>"
                f"<driver type='virtiofs'/><source dir='{folder}'/><target dir='share'/></filesystem>")
    machine = domain.create(made, vm.real_mode("programs", made).replace("</devices>", programs + "</devices>"))
    tap.equal(killed_start(made, machine)[-1], 1, "whether it runs when all was done")


@tap.case
def start_with_networks():
    """Start of a system's machine with cards on a bridge and a network of its own: no device of them is left"""
    made = system.make(activated=False)
    net.ip("link", "add", "br0", "type", "bridge")
    tap.cleanup(net.ip, "link", "del", "br0")
    net.ip("link", "set", "br0", "up")
    root = system.Root(made)
    tap.cleanup(root.close)
    tap.on_failure(root.print_logs)
    before = set(os.listdir(DEVICES))
    root.start_helper()
    machine = domain.create(root, vm.real_mode("networks", root).replace("</devices>", CARDS + "</devices>"))
    # The system bus and polkitd are the namespace's, not the helper's.
    others = set(proc.descendants()) - {root.helper.pid, *proc.descendants(root.helper.pid)}

    def act(_number):
        domain.call(root, machine, "Start")

    def verify(_number):
        found = vm.state(root, machine)
        devices = set(os.listdir(DEVICES)) - before
        tap.equal(len(devices), 3 if found == "running" else 0, f"network devices of a machine that is {found}: {devices}")
        if found == "off":
            vm.start(root, machine)
        tap.equal(len(set(os.listdir(DEVICES)) - before), 3, "network devices of a machine that runs")
        vm.force_off(root, machine)
        tap.wait_for(lambda: set(os.listdir(DEVICES)) == before, 5, "the end of the network devices", 0.01)
        return found == "running"

    tap.equal(once(at_each_step(root, "start", act, verify, others))[-1], 1, "whether it runs when all was done")


def running_again(made, machine):
    if vm.state(made, machine) != "running":
        vm.start(made, machine)


@tap.case
def off_and_reset():
    """Force off and reset, which have no table, at each place of theirs: off and not crashed, or running and obedient"""
    made = session()
    made.start_helper()
    machine = domain.create(made, vm.real_mode("marks", made))
    vm.start(made, machine)
    places = crash.marks()
    tap.equal(sorted(places), ["off", "reset"], "verbs with places of their own")

    def off(number):
        def gone():
            return vm.state(made, machine) == "off"

        if number < 3:  # its picture is taken first: nothing has been done to the guest
            tap.equal(vm.state(made, machine), "running", "state")
        else:
            tap.wait_for(gone, 10, f"the end, state {vm.state(made, machine)}: {vm.reason(made, machine)}")
        had_happened = gone()
        running_again(made, machine)
        return had_happened

    def reset(_number):
        tap.equal(vm.state(made, machine), "running", "state")
        domain.call(made, machine, "Reset")
        tap.equal(vm.state(made, machine), "running", "state, when it was reset again")
        return True

    once(at_each(made, "off", places["off"], lambda _number: domain.call(made, machine, "ForceOff"), off))
    at_each(made, "reset", places["reset"], lambda _number: domain.call(made, machine, "Reset"), reset)
    vm.force_off(made, machine)
    for verb, count in places.items():
        tap.figure(f"kills of {verb}, one at each of its places", count)


# A guest without a system lets USB devices go. With one, and asked what it sees: vm/test_hotplug.py.
USB = domain.disk("sda").replace("bus='virtio'", "bus='usb'")


class Plugs:
    """A machine that runs, and a disk that comes into it and goes."""

    def __init__(self):
        self.made = session()
        self.made.start_helper()
        self.machine = domain.create(self.made, vm.real_mode("plugs", self.made))
        vm.start(self.made, self.machine)
        self.pid = vm.pid(self.made, self.machine)

    def _apply(self, pattern, replacement, **options):
        xml, count = re.subn(pattern, replacement, domain.call(self.made, self.machine, "GetXml")[0], flags=re.S)
        tap.equal(count, 1, f"{pattern} in {xml}")
        answer = domain.call(self.made, self.machine, "Apply", GLib.Variant("s", xml), **options)[0]
        tap.equal(answer, [("disk:sda", "live", "")], "the answer")

    def attach(self):
        self._apply("</devices>", USB + "</devices>", storage=domain.storage(domain.new_disk("sda")))

    def detach(self):
        self._apply("<disk(?:(?!</disk>).)*sda(?:(?!</disk>).)*</disk>", "")

    def check(self, there, what):
        """The definitions and QEMU agree, by now or in a moment."""
        def live():
            xml = domain.call(self.made, self.machine, "GetXml", live=GLib.Variant("b", True))[0]
            return ("sda" in xml) == there and not self.made.get(self.machine, domain.MACHINE, "Pending")

        tap.wait_for(live, 20, f"{what}: the disk {'there' if there else 'gone'}", 0.02)
        tap.equal(vm.pid(self.made, self.machine), self.pid, f"{what}: the guest's process")
        images = [link for link in vm.fds_of(self.pid).values() if link.endswith(".qcow2")]
        # two of its fd set, and what its node has made of them
        tap.equal(len(images), 3 if there else 0, f"{what}: {images} in QEMU")
        tap.true(not (vm.runtime(self.made) / domain.uuid_of(self.machine) / "changes").exists(), f"{what}: under way")
        crash.check_clean(self.made, what)

    def killed(self, verb, act, undo, there):
        """@act, killed at each place of @verb until it has no more. Answers how many there are."""
        for number in range(100):
            where = f"{verb}:{number}"
            crash.replace(self.made, VMH_ABORT_AT=where)
            try:
                act()
                break
            except GLib.Error:
                crash.died(self.made)
            crash.replace(self.made)
            self.check(there, f"after {where}")
            undo()
            self.check(not there, f"after {where}, and after the next call")
        tap.figure(f"kills of {verb}, one at each of its places", number)
        crash.replace(self.made)
        self.check(there, "after all")
        vm.force_off(self.made, self.machine)
        return number


@tap.case
def attach():
    """A device that comes into what runs: the next helper goes on, and the definitions and QEMU agree"""
    plugs = Plugs()
    plugs.attach()
    plugs.detach()  # its controller stays
    tap.equal(plugs.killed("plug", plugs.attach, plugs.detach, True), 8, "two files, three nodes, limits, device, the end")


@tap.case
def detach():
    """A device that goes from what runs: the next helper goes on, and nothing of it is left in QEMU"""
    plugs = Plugs()
    plugs.attach()
    tap.equal(plugs.killed("clear", plugs.detach, plugs.attach, False), 6, "device, limits, two nodes, its files, the end")


tap.main()
