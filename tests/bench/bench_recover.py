# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the exec of a new helper to its right answer about five guests that the killed one has left."""

from gi.repository import GLib

from bench import measure
from lib import bus, crash, domain, env, proc, tap, vm

measure.need_plain_build()
proc.become_subreaper()

GUESTS = 5
GOAL_MS = 250


@tap.case
def known_again():
    """kill -9 with five guests: how soon the next helper tells of all that they run"""
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    session.start_helper()
    machines = [domain.create(session, vm.real_mode(f"guest{i}", session)) for i in range(GUESTS)]
    for machine in machines:
        vm.start(session, machine)

    def once():
        crash.kill(session)
        begin = measure.now()
        session.helper = session.spawn([env.HELPER, "--session"], name="vmm-helper")
        while True:
            try:
                found = session.machines()
                break
            except GLib.Error:  # not on the bus yet
                tap.true(session.helper.running(), "the helper has ended")
        seconds = measure.now() - begin
        tap.equal([found[m][domain.MACHINE]["State"] for m in machines], ["running"] * GUESTS, "states")
        return seconds

    measured = measure.rounds({"known again": once}, count=30)
    measure.show(measured)
    median = measure.median(measured["known again"]) * 1000
    tap.figure("ms from the start of a helper to its answer about 5 guests, median", f"{median:.0f}")
    measure.save("recover", measured, [("helper killed → all 5 guests known again", f"{median:.0f} ms",
                                        f"≤ {GOAL_MS} ms (median)")])


tap.main()
