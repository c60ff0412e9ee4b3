# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of the system's helper have shares of this computer's processors, as the kernel counts their time."""

import os
import signal
import time
from pathlib import Path

from gi.repository import GLib

from lib import domain, ns, system, tap, vm

ns.enter()
made = system.make()
root = system.Root(made)
tap.on_failure(root.print_logs)
root.start_helper()
tap.cleanup(root.close)

BUSY = "for i in 1 2; do (while :; do :; done) & done; echo busy"


def hierarchy():
    """Where the kernel has its cpu controller: (folder, whether it is cgroup 2)."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, (kind, _, options) = line.split()[4], line.split(" - ")[1].split()[:3]
        if kind == "cgroup" and "cpu" in options.split(","):
            return Path(place), False
        if kind == "cgroup2" and "cpu" in (Path(place) / "cgroup.controllers").read_text().split():
            return Path(place), True
    raise LookupError("no cpu controller")


TOP, SECOND = hierarchy()


def group(machine):
    return TOP / "innkeeper" / machine.rsplit("/", 1)[1].replace("_", "-")


def limit(machine):
    """µs of 100 ms, or None."""
    if SECOND:
        quota, period = (group(machine) / "cpu.max").read_text().split()
    else:
        quota, period = ((group(machine) / f"cpu.cfs_{n}_us").read_text().strip() for n in ("quota", "period"))
    tap.equal(period, "100000", "the period")
    return None if quota in ("max", "-1") else int(quota)


def boot(name, more="", vcpus=2):
    xml = vm.linux(name, root, vcpus=vcpus).replace("</vcpu>", "</vcpu>" + more)
    machine = domain.create(root, xml)
    vm.start(root, machine)
    line = vm.serial(root, machine)
    line.expect("G# ", 120)
    return machine, line


def change(machine, old, new):
    xml, generation = domain.call(root, machine, "GetXml")
    tap.equal(xml.count(old), 1, f"{old} in {xml}")
    answer = domain.call(root, machine, "Apply", GLib.Variant("s", xml.replace(old, new)),
                         generation=GLib.Variant("t", generation))[0]
    return {name: (when, sentence) for name, when, sentence in answer}


def used(machine):
    """Its QEMU's processor time, s."""
    fields = Path(f"/proc/{vm.pid(root, machine)}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rates(*machines, seconds=3):
    begin, before = time.monotonic(), [used(m) for m in machines]
    time.sleep(seconds)  # it is measured
    took = time.monotonic() - begin
    return [(used(m) - b) / took for m, b in zip(machines, before)]


def throttled(machine):
    return int((group(machine) / "cpu.stat").read_text().split("nr_throttled ")[1].split()[0])


@tap.case
def limited():
    """A busy machine takes no more than its limit: at once, after the helper was killed, from the start on, until it has none"""
    machine, line = boot("limited")
    tap.true(not group(machine).exists(), "a machine without a share has a group")
    line.shell(BUSY)
    tap.equal(change(machine, "</vcpu>", "</vcpu><cputune><global_quota>40000</global_quota></cputune>"),
              {"cpu/limit": ("live", "")}, "the answer")
    tap.equal(limit(machine), 40000, "the kernel's limit")
    rate, = rates(machine)
    tap.true(rate < 0.4 * 1.1, f"it takes {rate:.3f} of a processor, of 0.4")
    tap.true(throttled(machine) > 0, "nothing has held it")
    os.kill(root.helper.pid, signal.SIGKILL)
    root.helper.stop()
    root.start_helper()
    vm.wait_state(root, machine, "running")
    tap.equal(limit(machine), 40000, "the kernel's limit after the helper's end")
    tap.equal(change(machine, "<global_quota>40000<", "<global_quota>80000<"), {"cpu/limit": ("live", "")}, "the answer")
    rate, = rates(machine)
    tap.true(rate < 0.8 * 1.1, f"it takes {rate:.3f} of a processor, of 0.8")
    line.close()
    vm.force_off(root, machine)
    tap.wait_for(lambda: not group(machine).exists(), 10, "its group goes with it")
    # All of its processes are in it before the first instruction.
    vm.start(root, machine)
    tap.equal(limit(machine), 80000, "the kernel's limit from the start on")
    inside = (group(machine) / "cgroup.procs").read_text().split()
    tap.true(str(vm.pid(root, machine)) in inside and len(inside) >= 2, f"its group has {inside}")
    tap.equal(change(machine, "<cputune>", "<cputune><!-- free -->").get("cpu/limit"), None, "nothing changed")
    tap.equal(change(machine, "<global_quota>80000</global_quota>", ""), {"cpu/limit": ("live", "")}, "the answer")
    tap.equal(limit(machine), None, "the kernel's limit")
    vm.force_off(root, machine)


@tap.case
def weighed():
    """Where two machines want the same processor, each gets what its weight says"""
    heavy, first = boot("heavy", "<cputune><shares>3072</shares><vcpupin vcpu='0' cpuset='1'/></cputune>", vcpus=1)
    light, second = boot("light", "<cputune><shares>1024</shares><vcpupin vcpu='0' cpuset='1'/></cputune>", vcpus=1)
    for line in (first, second):
        line.shell(BUSY)
    mine, its = rates(heavy, light, seconds=5)
    tap.true(2.2 < mine / its < 4, f"three times as heavy, it takes {mine:.3f} and the other {its:.3f} of a processor")
    tap.equal(change(heavy, "<shares>3072<", "<shares>1024<"), {"cpu/shares": ("live", "")}, "the answer")
    mine, its = rates(heavy, light, seconds=5)
    tap.true(0.75 < mine / its < 1.33, f"as heavy, it takes {mine:.3f} and the other {its:.3f} of a processor")
    for machine, line in ((heavy, first), (light, second)):
        line.close()
        vm.force_off(root, machine)
    tap.wait_for(lambda: not (TOP / "innkeeper").exists(), 10, "nothing is left of the groups")


tap.main()
