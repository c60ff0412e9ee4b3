# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many guests of several owners, all running: none has anything of another's, whether it is a program in
QEMU's place or one beside it as its uid, and nobody can reach any of them by a network."""

import os
import pwd
import socket
from pathlib import Path

from lib import domain, guest, ns, proc, room, system, tap, vm

ns.enter()

OWNERS = ("root", ns.USER, ns.OTHER)
NIC = "<interface type='user'><model type='virtio'/></interface>"
place = system.make()
helper = None


class Guest:
    """A machine of @owner's that runs, with a boot disk that only the owner may open, one that the helper has
    made, and a network card."""

    def __init__(self, number, owner):
        self.owner = owner
        self.session = system.Root(place, owner)
        folder = place.dir / f"images-{owner}"
        folder.mkdir(exist_ok=True)
        self.image = folder / f"{number}.img"
        self.image.write_bytes(guest.boot_sector(f"I AM {number}\r\n"))
        for path, mode in ((folder, 0o700), (self.image, 0o600)):
            os.chown(path, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(owner).pw_gid)
            path.chmod(mode)
        disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{self.image}'/>"
                "<target dev='hda' bus='ide'/></disk>")
        self.path = domain.create(
            self.session, vm.definition(f"guest {number}", disk + domain.disk() + vm.SERIAL + vm.VIDEO + NIC,
                                        memory=32, machine="pc"), storage=domain.storage(domain.new_disk()))
        ident = domain.uuid_of(self.path)
        self.folders = [Path(ns.STATE) / "machines" / ident, vm.runtime(self.session) / ident]
        self.disks = {str(self.image), str(self.folders[0] / "disks/vda.qcow2")}

    def start(self):
        vm.start(self.session, self.path)
        self.qemu = vm.pid(self.session, self.path)
        self.shim = int(next(line for line in (self.folders[1] / "record").read_text().splitlines()
                             if line.startswith("shim=")).split("=")[1])
        self.network = [p for p in proc.descendants(self.shim) if "passt" in os.path.basename(proc.cmdline(p).split()[0])]
        tap.equal(len(self.network), 1, "passt of each card")
        self.processes = [self.qemu, self.shim, *self.network]
        self.uid = room.check_powerless(self.qemu)

    def wishes(self):
        """What a neighbour could want of it: all its files, folders, sockets and processes."""
        files = [self.image]
        for folder in self.folders:
            files += [folder, *sorted(folder.rglob("*"))]
        # The memory of the guest and the disks it has open, by its process.
        return [*map(str, files), *(f"process={p}" for p in self.processes)]


def start():
    """All guests, which stay until the last case has run."""
    global helper
    if helper is None:
        helper = system.Root(place)
        tap.on_failure(helper.print_logs)
        helper.start_helper()
        tap.cleanup_at_end(helper.close)
        start.guests = [Guest(i, OWNERS[i % len(OWNERS)]) for i in range(tap.count(6, 20))]
        for one in start.guests:
            one.start()
            tap.cleanup_at_end(vm.force_off, one.session, one.path)
    tap.true(all(proc.alive(p) for g in start.guests for p in g.processes), "all run")
    return start.guests


@tap.case
def powerless():
    """Each has a uid of its own, no groups, no capabilities, no new privileges, seccomp and just its files"""
    guests = start()
    tap.equal(len({g.uid for g in guests}), len(guests), "uids")
    for one in guests:
        for process in one.processes:
            facts = room.status(process)
            tap.equal(set(facts["Uid"].split()), {str(one.uid)}, f"uids of {proc.cmdline(process)[:60]}")
            tap.equal(facts["Groups"].strip(), "", "groups")
            tap.equal(facts["NoNewPrivs"], "1", "NoNewPrivs")
        room.check_files(one.qemu, one.disks, cards=1)
        room.check_shim_files(one.shim, cards=1)
        own = [f for f in vm.fds_of(helper.helper.pid).values() if f in one.disks]
        tap.equal(own, [], "the helper's own fds of its disks")
    tap.figure("guests with a uid, and no more, of their own", f"{len(guests)} of {len(guests)}")


def cross(who, probe):
    """@probe: (guest, wishes of all the others) → what the probe said. None of it may have been allowed."""
    guests, tries = start(), 0
    for one in guests:
        wishes = [w for other in guests if other is not one for w in other.wishes()]
        said = probe(one, wishes)
        tap.equal(room.allowed(said), [], f"what guest {one.uid} could do to others")
        tries += sum(line.count(": ") == 1 for line in said.splitlines())
    tap.true(tries > 50 * len(guests) * (len(guests) - 1), f"only {tries} tries")
    tap.true(all(proc.alive(p) for g in guests for p in g.processes), "all run")
    tap.figure(f"tries of {len(guests)} guests for each other's disks, sockets, monitors, memory and processes, {who}: allowed",
               f"0 of {tries}")


@tap.case
def apart_inside():
    """A program in QEMU's place gets at no disk, socket, monitor, memory or process of another guest, nor at its own shim"""
    cross("inside", lambda one, wishes: room.probe_inside(one.qemu, place.dir, [*wishes, f"process={one.shim}"]))


@tap.case
def apart_outside():
    """Nor does a program on the host that has got out and has nothing but the guest's uid"""
    cross("outside", lambda one, wishes: room.probe_outside(one.uid, place.dir, wishes))


@tap.case
def probe_can_fail():
    """What is refused there the probe says it could do where it may: as root, and to a process of its own uid"""
    one = start()[0]
    said = room.allowed(room.probe_outside(0, place.dir, one.wishes()))
    for wanted in (f"open {one.image} 2: ", f"open /proc/{one.qemu}/mem 2: ", f"trace {one.qemu}: ", f"read {one.qemu}: ",
                   f"signal CONT {one.shim}: ", f"signal by pidfd {one.qemu}: ", f"take fd {one.qemu}: ",
                   f"connect {one.folders[1] / 'monitor'} 1: ", f"connect {one.folders[1] / 'shim'} 5: "):
        tap.true(any(line.startswith(wanted) for line in said), f"{wanted} is not among {said}")
    memory = [fd for fd, target in vm.fds_of(one.qemu).items() if target.startswith("/memfd:")]
    tap.true(not memory or f"open /proc/{one.qemu}/fd/{memory[0]} 0: OPENED" in said, "its memory")
    own = room.allowed(room.probe_outside(one.uid, place.dir, [f"process={one.shim}"]))
    tap.true(f"signal 0 {one.shim}: DONE" in own, own)


@tap.case
def nobody_listens():
    """No TCP, UDP or raw socket and no abstract one is open for others: of helper, shim, QEMU or passt"""
    guests = start()
    helpers = [helper.helper.pid, *proc.find("vmm-spawn", helper.helper.pid)]
    for process in helpers + [p for g in guests for p in g.processes]:
        tap.equal(room.listeners(process), [], f"of {proc.cmdline(process)[:80]}")
    for one in guests:
        tap.equal(room.listeners(one.qemu, all_of_namespace=True), [], "in QEMU's network")
    # It is seen where there is one.
    for kind, address in ((socket.SOCK_STREAM, ("127.0.0.1", 0)), (socket.SOCK_DGRAM, ("127.0.0.1", 0))):
        with socket.socket(socket.AF_INET, kind) as it:
            it.bind(address)
            if kind == socket.SOCK_STREAM:
                it.listen()
            tap.equal(len(room.listeners(os.getpid())), 1, "listeners of this test")
    with socket.socket(socket.AF_UNIX) as it:
        it.bind("\0innkeeper-test")
        tap.equal(len(room.listeners(os.getpid())), 1, "abstract sockets of this test")
    tap.figure("processes of guests and helper that can be reached by a network or an abstract socket",
               f"0 of {len(helpers) + sum(len(g.processes) for g in guests)}")


tap.main()
