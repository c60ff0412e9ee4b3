# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of the helper, again and again, with five guests running: none is lost, and the next helper has them
all in its hand. How soon is measured without sanitizers, by tests/bench/bench_recover.py."""

import random

from lib import bus, crash, domain, tap, vm

GUESTS = 5
SEED = 20261122


@tap.case
def five_guests():
    """Five guests outlive every helper: same processes, right states, all obey"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    chance = random.Random(SEED)
    machines = [domain.create(made, vm.real_mode(f"guest{i}", made, f"I AM GUEST {i}\r\n")) for i in range(GUESTS)]
    for number, machine in enumerate(machines):
        vm.start(made, machine)
        vm.serial(made, machine).expect(f"I AM GUEST {number}", 30)
    pids = [vm.pid(made, m) for m in machines]
    wanted = {m: "running" for m in machines}
    rounds = tap.count(15, 500)
    for number in range(rounds):
        crash.replace(made)
        # Asked once: who finds the name finds every guest.
        found = {m: i[domain.MACHINE]["State"] for m, i in made.machines().items()}
        tap.equal(found, wanted, f"states after kill {number}")
        tap.equal([vm.pid(made, m) for m in machines], pids, f"processes after kill {number}")
        one = chance.choice(machines)
        method, after = ("Pause", "paused") if wanted[one] == "running" else ("Resume", "running")
        domain.call(made, one, method)
        vm.wait_state(made, one, after)
        wanted[one] = after
    crash.check_clean(made, "after all kills")
    for number, machine in enumerate(machines):
        if wanted[machine] == "paused":
            domain.call(made, machine, "Resume")
        line = vm.serial(made, machine)
        line.expect(f"I AM GUEST {number}", 30)  # from before all kills
        line.send("r")
        line.expect(f"I AM GUEST {number}", 30)
        line.close()
        vm.force_off(made, machine)
    crash.check_clean(made, "after the end of all")
    tap.figure(f"guests lost of {GUESTS}, in {rounds} kills of the helper", 0)


tap.main()
