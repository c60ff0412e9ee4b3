# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and stops by the thousand: at the end the helper holds what it held at the beginning."""

import os
import re
import subprocess
import time
from pathlib import Path

from lib import bus, domain, env, proc, tap, vm

JOBS_STAY = 62  # seconds for which an ended job is on the bus, and a bit
GROWTH = 1.05


def ease(session):
    """What the helper holds: {what: how much}."""
    pid = session.helper.pid
    family = [pid, *proc.descendants(pid)]
    return {
        "files": sorted(re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{fd}")) for fd in os.listdir(f"/proc/{pid}/fd")
                        if os.path.lexists(f"/proc/{pid}/fd/{fd}")),
        "threads": len(os.listdir(f"/proc/{pid}/task")),
        "processes": [proc.cmdline(p) for p in family],
        "zombies": proc.zombies(pid),
        "runtime folder": tree(vm.runtime(session)),
        "store": tree(domain.folder(session)),
    }


def tree(folder):
    """Names; how large a file is that is there once is another matter (log, state)."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def memory(session):
    """KiB that are the helper's alone and its spawn server's."""
    total = 0
    for pid in [session.helper.pid, *proc.descendants(session.helper.pid)]:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += sum(int(n) for n in re.findall(r"^Private_\w+: +(\d+)", text, re.M))
    return total


def settle(session):
    """Threads that wait for work go after a while."""
    def calm():
        before = ease(session)
        time.sleep(0.5)  # in which nothing is to happen
        return before if before == ease(session) else None

    return tap.wait_for(calm, 60, "the helper's rest")


def instrumented():
    return "libasan" in subprocess.run(["ldd", str(env.HELPER)], capture_output=True, text=True, check=True).stdout


@tap.case
def starts_and_stops():
    """After as many starts and stops as wanted the helper has the files, threads, memory and folders of before"""
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    session.start_helper()
    nic = "<interface type='user'><model type='virtio'/></interface>"
    xml = vm.real_mode("endurance", session).replace("</devices>", nic + "</devices>")
    machine = domain.create(session, xml)
    wanted, warm = tap.count(60, 10000), tap.count(6, 500)

    def once(number):
        vm.start(session, machine)
        if number % 10 == 3:  # its console was looked at
            vm.serial(session, machine).close()
            os.close(vm.console(session, machine, "Screenshot"))
        if number % 10 == 6:  # it ends by itself
            line = vm.serial(session, machine)
            line.expect("REAL MODE", 60)
            line.send("p")
            vm.wait_state(session, machine, "off", 60)
            line.close()
        elif number % 10 == 9:  # it dies
            os.kill(vm.pid(session, machine), 9)
            vm.wait_state(session, machine, "crashed", 60)
        else:
            vm.force_off(session, machine)

    for number in range(warm):
        once(number)
    if not instrumented():
        time.sleep(JOBS_STAY)
    before, size = settle(session), memory(session)
    for number in range(wanted):
        once(number)
        if number % 100 == 99:
            # What a guest leaves is nobody's child: init's in real life, ours here.
            tap.true(proc.reap("passt", "qemu-system", "vmm-shim") > 50, "are orphans not seen?")
            tap.diag(f"{number + 1}: {memory(session)} KiB, {len(os.listdir(f'/proc/{session.helper.pid}/fd'))} files")
    if vm.state(session, machine) == "crashed":
        vm.force_off(session, machine)
    if not instrumented():
        time.sleep(JOBS_STAY)
    after, grown = settle(session), memory(session)
    for what, value in before.items():
        tap.equal(after[what], value, what)
    tap.equal(after["zombies"], [], "zombies")
    tap.true(not proc.find("qemu-system") and not proc.find("vmm-shim") and not proc.find("passt"), "guests' processes")
    tap.figure("starts and stops: files, threads, processes, zombies, files in the folders more than before", f"0 after {wanted}")
    if instrumented():
        tap.diag(f"memory is not looked at under a sanitizer: {size} KiB, then {grown} KiB")
        return
    tap.true(grown <= size * GROWTH, f"memory: {size} KiB, then {grown} KiB")
    tap.figure("starts and stops: the helper's memory", f"{size} KiB, after {wanted} more {grown} KiB")


@tap.case
def a_zombie_would_be_seen():
    """A process that has ended and nobody has asked for is found"""
    script = "import os, time\nif os.fork() == 0: os._exit(0)\nprint('forked', flush=True)\ntime.sleep(1000)"
    parent = subprocess.Popen(["/usr/bin/python3", "-c", script], stdout=subprocess.PIPE)
    tap.cleanup(parent.stdout.close)
    tap.cleanup(parent.wait)
    tap.cleanup(parent.kill)
    parent.stdout.readline()
    tap.wait_for(lambda: len(proc.zombies(parent.pid)) == 1, 10, "the zombie")


tap.main()
