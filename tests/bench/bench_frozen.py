# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine's QEMU stands still: what calls for the others take meanwhile, how soon its own fail, and
how soon it is forced off."""

import os
import signal

from gi.repository import GLib

from bench import measure
from lib import bus, domain, flood, frozen, proc, tap, vm

OTHERS = 9
ROUNDS = 9
ASKED = 12  # of each of the others in a round, while the frozen one's calls wait

measure.need_plain_build()
proc.become_subreaper()


def timed(function, *args):
    begin = measure.now()
    try:
        function(*args)
    except GLib.Error:
        pass
    return measure.now() - begin


@tap.case
def frozen_qemu():
    """QEMU stopped: calls for others, its own, and its end"""
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    session.start_helper()
    machines = [domain.create(session, vm.real_mode(f"m{i}", session)) for i in range(OTHERS + 1)]
    for machine in machines:
        vm.start(session, machine)
    stuck, *others = machines
    calls = {"state": lambda m: vm.state(session, m), "XML": lambda m: domain.call(session, m, "GetXml"),
             "pause and resume": lambda m: (domain.call(session, m, "Pause"), domain.call(session, m, "Resume")),
             "screenshot": lambda m: frozen.ask(session, m, "Screenshot")}
    measured = {f"{name} of another machine": [] for name in calls} | {"its own call, until it fails": [], "force off": []}
    for _ in range(ROUNDS):
        os.kill(vm.pid(session, stuck), signal.SIGSTOP)
        begin = measure.now()
        with frozen.asking(session, stuck) as under_way:
            ends = []
            for future in under_way.values():
                future.add_done_callback(lambda _: ends.append(measure.now() - begin))
            for number in range(ASKED):
                for name, call in calls.items():
                    measured[f"{name} of another machine"].append(timed(call, others[number % OTHERS]))
            tap.equal(ends, [], "its own calls that have ended meanwhile")
        measured["its own call, until it fails"] += ends
        measured["force off"].append(timed(vm.force_off, session, stuck))
        tap.equal(vm.state(session, stuck), "off", "state")
        vm.start(session, stuck)
    measure.show(measured)
    all_others = [t for name, times in measured.items() if "another" in name for t in times]
    measure.save("frozen", measured, [
        ("calls for other machines while one QEMU stands still, p99",
         f"{flood.percentile(all_others, 0.99) * 1000:.1f} ms of {len(all_others)}", "< 100 ms"),
        ("its own calls fail, the last one", f"{max(measured['its own call, until it fails']):.2f} s", "< 5 s"),
        ("it is forced off, the slowest", f"{max(measured['force off']) * 1000:.0f} ms", "< 1 s"),
    ])


tap.main()
