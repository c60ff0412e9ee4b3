# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user floods the system helper for a minute: how long another user waits, how much the helper grows."""

from pathlib import Path

from bench import measure
from lib import domain, flood, ns, proc, system, tap
from lib.caller import Caller

SECONDS = 60

measure.need_plain_build()
ns.enter()
proc.become_subreaper()


def resident(pid):
    """KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(l for l in lines if l.startswith("VmRSS")).split()[1])


@tap.case
def flooded():
    """60 s of flooding: another user's calls, and the helper's memory"""
    root = system.Root(system.make())
    root.start_helper()
    tap.cleanup(root.close)
    one = Caller(ns.USER)
    tap.cleanup(one.close)
    path = system.create(one, domain.xml("quiet"))[0]
    warm = flood.Flood(ns.OTHER, 2, ways=("calls", "bytes"))
    flood.watch(warm, ns.USER, path)
    warm.end()
    before = resident(root.helper.pid)
    it = flood.Flood(ns.OTHER, SECONDS)
    took = flood.watch(it, ns.USER, path)
    asked = it.end()
    grown = (resident(root.helper.pid) - before) / 1024
    tap.diag(f"asked: {asked}")
    measured = {"another user's call, helper": took["helper"], "another user's call, the bus itself": took["bus"]}
    measure.show(measured)
    measure.save("flood", measured, [
        ("another user's calls while one floods the helper, p99",
         f"{flood.percentile(took['helper'], 0.99) * 1000:.0f} ms (the bus itself "
         f"{flood.percentile(took['bus'], 0.99) * 1000:.0f} ms)", "< 100 ms"),
        ("helper's growth in 60 s of it", f"{grown:.1f} MiB", "≤ 8 MiB"),
    ])


tap.main()
