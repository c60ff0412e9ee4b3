# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Performance tab of a machine with 60 graphs, of which each changes each second, and the same unseen: CPU."""

import subprocess

from bench import frames, measure
from lib import bus, env, tap

PROGRAM = env.BUILD / "tests/bench/bench-window"

measure.need_plain_build()


@tap.case
def graphs():
    """60 graphs of a machine in a window that fills the screen"""
    session = bus.Session()
    tap.cleanup(session.close)
    frames.Screen(session, 1920, 1080)
    session.spawn(["openbox"], name="openbox")
    helper = subprocess.Popen([PROGRAM, "helper", "1"], env=session.environ, stdout=subprocess.PIPE, text=True)
    try:
        tap.equal(helper.stdout.readline(), "ready\n", "the helper")
        told = bus.run([PROGRAM, "graphs", "1", helper.pid], env=session.environ, timeout=300)
    finally:
        helper.kill()
        helper.wait()
        helper.stdout.close()
    measured = {}
    for name, count, seconds, _worst, _late, cpu in (line.split() for line in told.splitlines()):
        measured.setdefault(f"{name}, % of a core", []).append(float(cpu))
        if name == "graphs":
            rate = int(count) / float(seconds)
            tap.true(rate >= 0.8, f"{rate:.1f} frames a second: they are not drawn")
    measure.show(measured, unit="")
    told = " and ".join(f"{measure.median(measured[f'{p}, % of a core']):.2f}" for p in ("graphs", "unseen"))
    measure.save("graphs", measured, [
        ("60 graphs on a page of 1920x1080, each with a new second each second; unseen", f"{told} % of a core",
         "< 3 % of a core")], unit="")


tap.main()
