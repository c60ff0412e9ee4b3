# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""polkitd and dbus-daemon, each killed again and again while something is asked of it: nobody hangs, nothing
is done that was not allowed, and all can be used again."""

import os

from lib import domain, ns, peers, proc, system, tap, vm

ns.enter()

ROUNDS = tap.count(5, 100)
place = system.make()


def check_log():
    """What is started by the bus has the bus's log."""
    report = proc.SANITIZER_REPORT.search(place.log.read_text(errors="replace"))
    tap.true(not report, f"a sanitizer's report: {place.log.read_text(errors='replace')[-6000:]}")


def machine_of(name):
    """(a user, its machine)"""
    one = system.Root(place, ns.USER)
    return one, domain.create(one, vm.definition(name, vm.SERIAL, memory=32, machine="pc"))


def remove(one, machine):
    if vm.state(one, machine) in ("running", "paused"):
        vm.force_off(one, machine)
    domain.delete(one, machine)


@tap.case
def polkitd():
    """polkitd killed with questions under way: each is answered, none by a yes, and the next one is allowed"""
    one, machine = machine_of("first")
    refused = 0
    for number in range(ROUNDS):
        answers = peers.polkitd_killed(one, machine)
        refused += len([a for a in answers if a])
        # Who came to ask when it was dead already was answered by the next one.
        tap.equal(one.get(machine, domain.MACHINE, "Autostart"), None in answers, f"what was asked for, round {number}")
        tap.wait_for(lambda: peers.set_autostart(one, machine, True), 10, "the next question's yes")
    # The helper asks for a user two at a time.
    tap.true(refused >= ROUNDS, f"only {refused} calls were under way")
    remove(one, machine)
    check_log()
    tap.figure("polkitd killed with questions under way: calls that hung, or were done without a yes",
               f"0 of {ROUNDS * peers.ASKED} in {ROUNDS} rounds, {refused} of them refused")


@tap.case
def system_bus():
    """The system's dbus-daemon killed in mid-call: guests go on, and on the next bus the next helper has all of them"""
    one, machine = machine_of("second")
    vm.start(one, machine)
    guest = vm.pid(one, machine)
    for number in range(ROUNDS):
        (helper,) = [p for p in proc.find("vmm-helper") if proc.cmdline(p).endswith("--system")][:1]
        asked = peers.ask_much(one, machine, f"round {number}")
        place.bus.kill()
        vm.wait_dead(helper, 30)
        for future in asked:
            future.exception(30)  # answered or not, it has ended
        place.start_bus()
        one = system.Root(place, ns.USER)
        tap.true(vm.state(one, machine) in ("running", "paused"), "the guest's state, asked at once")
        tap.equal(vm.pid(one, machine), guest, "its pid")
        tap.true(proc.alive(guest), "it lives")
        domain.call(one, machine, "Pause")
        domain.call(one, machine, "Resume")
    for path in one.machines():
        if path != machine:
            domain.delete(one, path)
    remove(one, machine)
    left = [n for n in os.listdir(f"{ns.STATE}/machines") if not n.startswith(".lock")]
    tap.equal(left, [], "folders at the end")
    check_log()
    tap.figure("system's dbus-daemon killed in mid-call: guests or machines lost, helpers that hung", f"0 in {ROUNDS} rounds")


tap.main()
