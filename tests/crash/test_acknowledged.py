# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the helper has answered is there after kill -9: machines that were defined, edited and deleted, while
somebody kills it at random moments."""

import random
import re
import threading
import time

from gi.repository import GLib

from lib import bus, crash, domain, tap

SEED = 20261122
MACHINES = 40
MIB_OF = re.compile(r"<memory unit=.(\w+).>(\d+)<")


class Ledger:
    """What was acknowledged: {uuid: MiB of memory}, and what was under way when the helper died."""

    def __init__(self, made):
        self.made = made
        self.chance = random.Random(SEED)
        self.machines = {}
        self.doubt = None  # (uuid, MiB or None: deleted)
        self.acknowledged = 0
        self.lost = 0
        self.number = 0

    def _job(self, job):
        """Not domain.wait_job(): that waits 20 ms, in which little would be under way."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            properties = self.made.call(job, bus.PROPERTIES, "GetAll", GLib.Variant("(s)", (domain.JOB,)))[0]
            if properties["State"] != "running":
                tap.equal(properties["State"], "done", properties["ErrorMessage"])
                return
        raise AssertionError(f"{job} does not end")

    def define(self):
        uuid, memory = domain.new_uuid(), self.chance.randrange(32, 4096)
        self.number += 1
        self.doubt = (uuid, memory)
        xml = domain.xml(f"machine {self.number}", domain.disk("vda"), machine_uuid=uuid, memory=memory)
        # An image takes long: one in eight has one.
        opts = {"storage": domain.storage(domain.new_disk("vda"))} if self.number % 8 == 0 else {}
        xml = xml if opts else domain.xml(f"machine {self.number}", machine_uuid=uuid, memory=memory)
        job = self.made.call(bus.MANAGER, domain.MANAGER, "Create", GLib.Variant("(sa{sv})", (xml, opts)))[1]
        self._job(job)
        self.machines[uuid] = memory

    def edit(self):
        uuid, memory = self.chance.choice(list(self.machines)), self.chance.randrange(32, 4096)
        xml = domain.call(self.made, domain.path_of(uuid), "GetXml")[0]
        self.doubt = (uuid, memory)
        xml = MIB_OF.sub(f"<memory unit='MiB'>{memory}<", xml)
        xml = re.sub(r"<currentMemory.*?</currentMemory>", "", xml)
        domain.call(self.made, domain.path_of(uuid), "Apply", GLib.Variant("s", xml))
        self.machines[uuid] = memory

    def delete(self):
        uuid = self.chance.choice(list(self.machines))
        self.doubt = (uuid, None)
        job = domain.call(self.made, domain.path_of(uuid), "Delete")[0]
        self._job(job)
        del self.machines[uuid]

    def step(self):
        """One of them, to its acknowledgement. False: the helper has died."""
        few, many = len(self.machines) < MACHINES / 2, len(self.machines) > MACHINES
        verb = self.define if few else self.delete if many else self.chance.choice([self.define, self.edit, self.delete])
        if len(self.machines) >= MACHINES / 4 and self.chance.random() < 0.5:
            verb = self.edit
        try:
            verb()
        except GLib.Error:
            tap.true(not self.made.helper.running() or self._dies(), "an error of a helper that lives")
            return False
        self.doubt = None
        self.acknowledged += 1
        return True

    def _dies(self):
        self.made.helper.wait(10)
        return True

    def check(self):
        """By the next helper: all that was acknowledged, and what was in doubt whole or not at all."""
        found = {domain.uuid_of(path): i[domain.MACHINE] for path, i in self.made.machines().items()}
        memories = {u: p["Memory"] // domain.MIB for u, p in found.items()}
        tap.equal([u for u, p in found.items() if p["State"] != "off"], [], "machines that are not off")
        if self.doubt:
            uuid, memory = self.doubt
            tap.true(memories.get(uuid) in (memory, self.machines.get(uuid)), f"neither old nor new: {memories.get(uuid)}")
            if uuid in memories:
                self.machines[uuid] = memories[uuid]
            else:
                self.machines.pop(uuid, None)
            self.doubt = None
        lost = {u for u in self.machines.keys() | memories.keys() if self.machines.get(u) != memories.get(u)}
        self.lost += len(lost)
        tap.equal(lost, set(), "machines that are not as acknowledged")


@tap.case
def nothing_acknowledged_is_lost():
    """Defines, edits and deletes under kills at random moments: what was answered is there, and nothing else"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    ledger = Ledger(made)
    wanted, kills = tap.count(400, 10000), tap.count(12, 200)
    done = 0
    while ledger.acknowledged < wanted or done < kills:
        # On the way to as many calls for each kill; it comes in the midst of one of them.
        goal = (done + 1) * wanted // kills
        while ledger.acknowledged < goal and done < kills:
            tap.true(ledger.step(), "the helper has died by itself")
        helper = made.helper
        killer = threading.Timer(ledger.chance.random() * 0.05, helper.popen.kill)
        killer.start()
        while ledger.step():
            pass
        killer.join()
        crash.died(made)
        crash.replace(made)
        ledger.check()
        crash.check_clean(made, f"after kill {done}")
        done += 1
    tap.figure("acknowledged defines, edits and deletes", ledger.acknowledged)
    tap.figure(f"of them lost in {done} kills", ledger.lost)
    tap.figure("temporary files and folders left", 0)


tap.main()
