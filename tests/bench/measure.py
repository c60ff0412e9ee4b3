# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contenders in turn, round by round, so that a busy moment of the machine hits all alike; medians;
what was measured, kept as JSON in the build folder for tests/bench/report."""

import json
import os
import statistics
import subprocess
import sys
import time

from lib import env, tap

ROUNDS = int(os.environ.get("INN_BENCH_ROUNDS", "9"))


def now():
    return time.monotonic()


def rounds(contenders, count=ROUNDS, warm=1):
    """{name: callable that answers seconds, or {part: seconds}} → {name or "name, part": [seconds]}."""
    measured = {}
    for i in range(count + warm):
        for name, function in contenders.items():
            answer = function()
            if i < warm:
                continue
            parts = answer if isinstance(answer, dict) else {"": answer}
            for part, seconds in parts.items():
                measured.setdefault(f"{name}, {part}" if part else name, []).append(seconds)
    return measured


def median(values):
    return statistics.median(values)


def show(measured, unit="ms"):
    factor = 1000 if unit == "ms" else 1
    for name, values in measured.items():
        tap.diag(f"{name:58s} median {median(values) * factor:9.2f} {unit}  min "
                 f"{min(values) * factor:9.2f}  max {max(values) * factor:9.2f}  n={len(values)}")


def save(name, measured, goals, unit="ms"):
    """@goals: [(what, measured value, goal)], the value and the goal in words."""
    folder = env.BUILD / "tests" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "load": os.getloadavg()[0],
        "unit": unit,
        "measured": measured,
        "goals": goals,
    }
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1))
    for what, value, goal in goals:
        tap.diag(f"{what}: {value} (goal {goal})")


def need_plain_build():
    """The sanitizers make everything several times slower: nothing to compare."""
    os.environ["INN_BENCH"] = "1"
    done = subprocess.run(["ldd", str(env.HELPER)], capture_output=True, text=True)
    if "libasan" in done.stdout or done.returncode != 0:
        print(f"1..0 # SKIP {env.BUILD} is built with sanitizers, or has no helper; benchmarks need "
              "a build of its own: meson setup _build-bench")
        sys.exit(0)


def cpu_seconds(pids):
    """CPU that these processes have used so far, all threads. To the nanosecond: the ticks of /proc/PID/stat
    are 0.1 % of a core in 10 s, as much as some of what is measured."""
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime(~pid << 3 | 2)  # as clock_getcpuclockid(3) has it
        except OSError:
            pass  # it has ended
    return total


def cpu_share(pids, seconds):
    """Per cent of one core over that time."""
    before, start = cpu_seconds(pids), now()
    time.sleep(seconds)
    return (cpu_seconds(pids) - before) / (now() - start) * 100
