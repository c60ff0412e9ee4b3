# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window with 1,000 machines: frames while it is scrolled and searched and while 100 of them change
in a second; the CPU that such a storm costs. On Xvfb, whose clock ticks 60 times a second."""

import subprocess
import time

from bench import frames, measure
from lib import bus, env, tap

MANY, RUNS = 1000, 5
PROGRAM = env.BUILD / "tests/bench/bench-window"

measure.need_plain_build()


def once(session):
    """{phase: (frames a second, 99th percentile ms, % of a core)}"""
    helper = subprocess.Popen([PROGRAM, "helper", str(MANY)], env=session.environ, stdout=subprocess.PIPE,
                              text=True)
    try:
        tap.equal(helper.stdout.readline(), "ready\n", "the helper")
        told = bus.run([PROGRAM, "window", MANY, helper.pid], env=session.environ, timeout=120)
    finally:
        helper.kill()
        helper.wait()
        helper.stdout.close()
    phases = {}
    for line in told.splitlines():
        name, count, seconds, _worst, late, cpu = line.split()
        phases[name] = (int(count) / float(seconds), float(late), float(cpu))
    time.sleep(0.5)
    return phases


@tap.case
def many():
    """1,000 machines: scroll, search, storms"""
    session = bus.Session()
    tap.cleanup(session.close)
    frames.Screen(session)
    # As at every desk: where there is none, GTK 4 asks the X server for it at each frame.
    session.spawn(["openbox"], name="openbox")
    runs = [once(session) for _ in range(RUNS + 1)][1:]
    measured = {}
    for phase in runs[0]:
        if phase != "storm":
            measured[f"{phase}, frames/s"] = [r[phase][0] for r in runs]
            measured[f"{phase}, 99th percentile between frames, ms"] = [r[phase][1] for r in runs]
    measured["storm of 100 changes/s, % of a core"] = [r["storm"][2] for r in runs]
    measure.show(measured, unit="")
    told = ", ".join(f"{p} {measure.median(measured[f'{p}, frames/s']):.0f}"
                     for p in ("scroll", "search", "storm-scroll"))
    measure.save("window", measured, [
        ("the window with 1,000 machines, frames/s", f"{told} (still {measure.median(measured['still, frames/s']):.0f})",
         "60 kept"),
        ("the window in a storm of 100 changes/s",
         f"{measure.median(measured['storm of 100 changes/s, % of a core']):.1f} % of a core", "< 10 %"),
    ], unit="")


tap.main()
