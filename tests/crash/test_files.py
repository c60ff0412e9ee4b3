# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that the helper reads back, cut at every byte and mutated: the other machines are there, the broken one is
shown and can be deleted without its disks, nobody's process is touched, and the helper lives."""

import contextlib
import hashlib
import random
import re
import shutil
import subprocess

from gi.repository import GLib

from lib import bus, crash, domain, proc, tap, vm

SEED = 20261122
BATCH = 250
RECORD = """[guest]
boot={boot}
shim={pid}
shim-start=7
qemu={pid}
qemu-start=7
check={check}
accelerator=tcg
reason=This computer has no KVM.
user-network=passt
lines=serial0=serial;
displays=dbus;vnc;
"""


def a_record(pid, boot):
    return RECORD.format(pid=pid, boot=boot, check=crash.record_check(boot, pid, 7, pid, 7)).encode()


# Each is mutated by itself; the others of its machine stay whole.
KINDS = ("machine.xml", "state", "trash", "record", "exit", "live.xml")
NUMBERS = (b"0", b"-1", b"4294967295", b"18446744073709551615", b"99999999999999999999", b"1e999", b"")


def mutate(chance, data):
    """As file systems, editors and people damage a file."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 8, 64, 512)))
        kind = chance.randrange(8)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at:end] = chance.randbytes(end - at)
        elif kind == 2:
            data[at:end] = b""
        elif kind == 3:
            data[at:at] = data[at:end] * chance.choice((1, 2, 100))
        elif kind == 4:
            data[at:end] = bytes(end - at)
        elif kind == 5:
            lines = bytes(data).split(b"\n")
            chance.shuffle(lines)
            data = bytearray(b"\n".join(lines))
        elif kind == 6:
            found = list(re.finditer(rb"\d+", bytes(data)))
            if found:
                number = chance.choice(found)
                data[number.start():number.end()] = chance.choice(NUMBERS)
        else:
            data[at:at] = chance.randbytes(chance.choice((1, 16, 300))) + chance.choice((b"", b"\n", b"<", b";", b"%"))
    return bytes(data)


class Store:
    """A store of many machines that one was the model of."""

    def __init__(self, made):
        self.made = made
        self.chance = random.Random(SEED)
        self.folder, self.runtime = domain.folder(made), vm.runtime(made)
        self.bystander = subprocess.Popen(["sleep", "100000"])
        tap.cleanup(self.bystander.wait)
        tap.cleanup(self.bystander.kill)
        self.good = domain.create(made, domain.xml("good", domain.disk("vda")),
                                  storage=domain.storage(domain.new_disk("vda")))
        self.uuid = domain.uuid_of(self.good)
        model = self.folder / self.uuid
        with open("/proc/sys/kernel/random/boot_id") as boot:
            record = a_record(self.bystander.pid, boot.read().strip())
        self.model = {"machine.xml": (model / "machine.xml").read_bytes(), "state": (model / "state").read_bytes(),
                      "record": record, "exit": b"exit 1\nlast words\r\n"}
        self.model["live.xml"] = domain.call(made, self.good, "GetXml")[0].encode()
        self.model["trash"] = self._deleted()
        self.reasons = set()

    def _deleted(self):
        """The state of a machine that was deleted, before its kept disk was moved."""
        crash.replace(self.made, VMH_ABORT_AT="delete:3")
        machine = domain.create(self.made, domain.xml("gone", domain.disk("vda")),
                                storage=domain.storage(domain.new_disk("vda")))
        with contextlib.suppress(GLib.Error):
            domain.delete(self.made, machine, keep=GLib.Variant("as", ["vda"]))
        crash.died(self.made)
        uuid = domain.uuid_of(machine)
        state = (self.folder / f".trash-{uuid}" / "state").read_bytes()
        shutil.rmtree(self.folder / f".trash-{uuid}")
        self.made.start_helper()
        return state.replace(uuid.encode(), self.uuid.encode())

    def whole(self, kind, uuid):
        """What the file of that machine would be."""
        data = self.model[kind].replace(self.uuid.encode(), uuid.encode())
        if kind in ("state", "trash"):
            text = data[:data.rindex(b"check=")]
            data = text + b"check=" + hashlib.sha256(text).hexdigest()[:16].encode() + b"\n"
        return data.replace(b"good", uuid[:8].encode()) if kind.endswith(".xml") else data

    def damaged(self, count):
        """(kind, what damages it): first all cuts, then mutations, @count of them."""
        for kind in KINDS:
            for at in range(0, len(self.whole(kind, self.uuid)), tap.count(29 if kind.endswith(".xml") else 3, 1)):
                yield kind, lambda data, at=at: data[:at]
        for _ in range(count):
            yield self.chance.choice(KINDS), lambda data: mutate(self.chance, data)

    def add(self, kind, damage):
        """A machine with one damaged file; answers its uuid and what the file holds."""
        uuid = domain.new_uuid()
        data = damage(self.whole(kind, uuid))
        folder = self.folder / (f".trash-{uuid}" if kind == "trash" else uuid)
        (folder / "disks").mkdir(parents=True)
        for name in ("machine.xml", "state"):
            (folder / name).write_bytes(self.whole(name, uuid))
        (folder / "disks/vda.qcow2").write_text(uuid)
        if kind in ("record", "exit", "live.xml"):
            (self.runtime / uuid).mkdir()
            for name in ("record", "exit", "live.xml"):
                (self.runtime / uuid / name).write_bytes(data if name == kind else self.whole(name, uuid))
        else:
            (folder / ("state" if kind == "trash" else kind)).write_bytes(data)
        return uuid, data

    def is_there(self, uuid):
        """Its disk, wherever."""
        places = [self.folder / uuid / "disks/vda.qcow2", self.folder / f".trash-{uuid}" / "disks/vda.qcow2",
                  *(crash.store(self.made) / "Kept disks").glob("*")]
        return any(p.exists() and p.read_text(errors="replace") == uuid for p in places if p.is_file())

    def check(self, kind, uuid, data, properties):
        what = f"{kind} {data!r}"
        tap.true(self.is_there(uuid), f"the disk is gone: {what}")
        if kind == "trash":
            tap.true(properties is None, f"a deleted machine is back: {what}")
            return
        tap.true(properties is not None, f"a machine is missing: {what}")
        state, reason = properties["State"], properties["StateReason"]
        tap.true(state in (("off", "broken") if kind == "machine.xml" else ("off", "crashed", "broken")), f"{state}: {what}")
        if state == "broken":
            tap.true(re.fullmatch(r".{10,}", reason, re.S) and " " in reason and "assert" not in reason,
                     f"no sentence: {reason!r}: {what}")
            self.reasons.add(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|/tmp/[^/]*|\d+", "…", reason)[:160])

    def delete(self, uuid):
        machine = domain.path_of(uuid)
        bus.refuses(lambda: domain.call(self.made, machine, "Start"), "org.innkeeper.Error.BadState")
        domain.delete(self.made, machine)
        tap.true(not (self.folder / uuid).exists(), "the folder of a deleted machine")
        tap.true(self.is_there(uuid), "its disk was not kept")

    def batch(self, damaged):
        self.made.helper.kill()
        crash.forget(self.made)
        added = {}
        for kind, damage in damaged:
            uuid, data = self.add(kind, damage)
            added[uuid] = (kind, data)
        (crash.store(self.made) / "caps-qemu-system-x86_64").write_bytes(mutate(self.chance, b"2 /usr/bin/qemu 1\nisa-serial\n"))
        self.made.start_helper(timeout=60)
        found = {domain.uuid_of(p): i[domain.MACHINE] for p, i in self.made.machines().items()}
        tap.equal(found[self.uuid]["State"], "off", "the good machine's state")
        tap.equal(set(found) - set(added), {self.uuid}, "machines that nobody made")
        broken = []
        for uuid, (kind, data) in added.items():
            self.check(kind, uuid, data, found.get(uuid))
            if uuid in found and found[uuid]["State"] == "broken":
                broken.append(uuid)
        for uuid in self.chance.sample(broken, min(len(broken), 8)):
            self.delete(uuid)
        tap.true(proc.alive(self.bystander.pid), "another process was killed")
        tap.true(self.made.helper.running(), "the helper has ended")
        for entry in self.folder.iterdir():
            if entry.name != self.uuid:
                shutil.rmtree(entry)
        for folder in (self.runtime, crash.store(self.made) / "Kept disks"):
            for entry in folder.iterdir() if folder.exists() else ():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        return len(added), len(broken)


@tap.case
def damaged_files():
    """Cut and mutated files: the other machines load, the broken one is set aside, shown, and deleted with its disks kept"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    store = Store(made)
    damaged = list(store.damaged(tap.count(500, 100000)))
    files = broken = 0
    for start in range(0, len(damaged), BATCH):
        done = store.batch(damaged[start:start + BATCH])
        files, broken = files + done[0], broken + done[1]
    for reason in sorted(store.reasons):
        tap.diag(reason)
    tap.figure("files cut and mutated that a helper has read", files)
    tap.figure("of them machines set aside as broken", broken)


@tap.case
def broken_while_it_runs():
    """A machine whose definition or state is damaged while it runs: it runs on, is forced off, and deleted"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    for name in ("machine.xml", "state"):
        machine = domain.create(made, vm.real_mode(f"running-{name}", made))
        vm.start(made, machine)
        pid = vm.pid(made, machine)
        damaged = domain.folder(made) / domain.uuid_of(machine) / name
        damaged.write_bytes(damaged.read_bytes()[:20])
        crash.replace(made)
        tap.equal(vm.state(made, machine), "broken", "state")
        tap.true(proc.alive(pid), "the guest was ended")
        message = bus.refuses(lambda: domain.call(made, machine, "Delete"), "org.innkeeper.Error.BadState")
        tap.true("Force it off" in message, message)
        vm.force_off(made, machine)
        vm.wait_dead(pid)
        tap.equal(vm.state(made, machine), "broken", "state when it is off")
        bus.refuses(lambda: vm.force_off(made, machine), "org.innkeeper.Error.BadState")
        domain.delete(made, machine)
        crash.check_clean(made, f"a broken {name}")


@tap.case
def unreadable_record():
    """A guest whose record is damaged: it is not left behind, wherever the record was cut"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    machine = domain.create(made, vm.real_mode("record", made))
    record = vm.runtime(made) / domain.uuid_of(machine) / "record"
    chance = random.Random(SEED)
    for _ in range(tap.count(4, 100)):
        vm.start(made, machine)
        whole = record.read_bytes()
        record.write_bytes(whole[:chance.randrange(len(whole))])
        crash.replace(made)
        state = vm.state(made, machine)
        if state in ("running", "paused"):
            vm.force_off(made, machine)
        crash.check_clean(made, f"with a record of {record}")
        vm.start(made, machine)
        vm.force_off(made, machine)


tap.main()
