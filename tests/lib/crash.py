# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A helper that is killed, the next one, and what must not be left between the two."""

import hashlib
import os
import re
import time
from pathlib import Path

from . import bus, domain, env, proc, tap, vm

FLOW = re.compile(r'vmh_flow_run_async \("(\w+)", steps')
TABLE = re.compile(r"static const VmhStep steps\[\] = \{\n(.*?)\n  \{ (?:0|NULL) \},\n\};", re.S)

MARK = re.compile(r'vmh_flow_mark \("(\w+)", (\d+)\)')
COUNTED = re.compile(r'vmh_flow_mark \("(\w+)", [^\d]')

# What a machine's folder may hold, and the store around the machines.
IN_MACHINE = {"machine.xml", "state", "disks", "nvram", "tpm", "snapshots", "log", "screenshot.ppm", "history"}
IN_STORE = re.compile(r"lock|machines|Kept disks|caps-[a-z0-9_-]+")


def tables():
    """{verb: number of steps} of all step tables in the helper's sources."""
    found = {}
    for source in sorted((env.SOURCE / "vmm-helper").rglob("*.c")):
        text = source.read_text()
        calls = text.count("vmh_flow_run_async (") if source.name != "vmh-flow.c" else 0
        verbs = FLOW.findall(text)
        tap.equal(len(verbs), calls, f"step tables in {source.name} that this test understands")
        for verb in verbs:
            found[verb] = len(re.findall(r"^  \{ ", TABLE.search(text).group(1), re.M))
    return found


def marks():
    """{verb: how many places} of the verbs without a table that can be killed at places of their own."""
    found = {}
    for source in sorted((env.SOURCE / "vmm-helper/machine").glob("*.c")):
        for verb, number in MARK.findall(source.read_text()):
            found.setdefault(verb, set()).add(int(number))
    for verb, numbers in found.items():
        tap.equal(sorted(numbers), list(range(len(numbers))), f"places of {verb}")
    return {verb: len(numbers) for verb, numbers in found.items()}


def counted():
    """The verbs that count their places while they go, for they have as many as what they do has parts."""
    sources = (env.SOURCE / "vmm-helper").rglob("*.c")
    return {verb for source in sources for verb in COUNTED.findall(source.read_text())}


def wait_name_free(session):
    """The bus may still take the dead one for the owner, and hand calls to it."""
    tap.wait_for(lambda: not bus.has_owner(session.helper_bus, bus.NAME), 10, "the name's release", 0.005)


def forget(session):
    """What the dead helper has said is looked at, and then it is not the session's any more. Not a leak of which the
    sanitizer itself says that it may have taken a thread's memory for lost."""
    said = session.helper.output()
    if "False leaks are possible" not in said or "ERROR: AddressSanitizer" in said or "runtime error" in said:
        session.helper.check()
    else:
        session.helper.log.write_text("")  # the next one writes on there, and is looked at as well
    if session.helper in getattr(session, "_processes", ()):
        session._processes.remove(session.helper)
    wait_name_free(session)


def kill(session):
    session.helper.kill()
    forget(session)


def replace(session, **extra_env):
    """kill -9, if it lives, and the next helper. Answers the seconds until it is on the bus."""
    if session.helper:
        kill(session)
    begun = time.monotonic()
    session.start_helper(extra_env=extra_env)
    return time.monotonic() - begun


def died(session, timeout=30):
    """Waits for the death that was asked for."""
    try:
        session.helper.wait(timeout)
    except Exception as e:
        raise AssertionError("the helper did not die where it should") from e
    tap.equal(session.helper.popen.returncode, -9, "its end")


def is_system(session):
    return session.environ["XDG_RUNTIME_DIR"] == "/run"


def store(session):
    return Path("/var/lib/innkeeper") if is_system(session) else domain.folder(session).parent


def kept(session):
    folder = store(session) / "Kept disks"
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _stray_files(session, machines):
    found = [str(p) for p in store(session).iterdir() if not IN_STORE.fullmatch(p.name)]
    for folder in (store(session) / "machines").iterdir():
        if folder.name not in machines:
            found.append(str(folder))
            continue
        found += [str(p) for p in folder.iterdir() if p.name not in IN_MACHINE]
        said = (folder / "machine.xml").read_text() + (folder / "state").read_text()
        found += [str(p) for p in (folder / "disks").iterdir() if p.name not in said]
        found += [str(p) for p in (folder / "log").iterdir() if not re.fullmatch(r"qemu\.log(\.1)?", p.name)]
    for entry in vm.runtime(session).iterdir():
        if entry.name == "autostarted":
            continue
        if entry.name not in machines:
            found.append(str(entry))
        elif machines[entry.name] in ("off", "crashed"):
            found += [str(p) for p in entry.iterdir()]
    return found


def _family(pid, children):
    return {pid, *proc.descendants(pid, children)}


def _stray_processes(session, machines, others):
    running = [m for m, state in machines.items() if state not in ("off", "crashed", "broken")]
    records = {machine: (vm.runtime(session) / machine / "record").read_text() for machine in running}
    children = proc.children_of_all()
    mine = set(others)
    for process in getattr(session, "_processes", [session.helper]):
        mine |= _family(process.pid, children)
    found = []
    for machine, record in records.items():
        values = dict(line.split("=", 1) for line in record.splitlines() if "=" in line)
        family = _family(int(values["shim"]), children)
        if int(values["qemu"]) not in family or not proc.alive(int(values["qemu"])):
            found.append(f"{machine} has no QEMU")
        mine |= family
        for share in filter(None, values.get("shares", "").split(";")):
            mine |= _family(int(share.split()[0]), children)
    return found + [f"{p} {proc.cmdline(p)[:100]}" for p in proc.descendants(None, children) if p not in mine]


def strays(session, others=()):
    """Files, folders and processes that no machine accounts for; @others: processes of the test's own."""
    machines = {domain.uuid_of(path): interfaces[domain.MACHINE]["State"]
                for path, interfaces in session.machines().items()}
    return _stray_files(session, machines) + _stray_processes(session, machines, others)


def check_clean(session, what, others=(), timeout=10):
    """Nothing stray is left, within a moment."""
    left = []

    def clean():
        left[:] = strays(session, others)
        return not left

    try:
        tap.wait_for(clean, timeout, "the end of what is left", 0.02)
    except AssertionError as e:
        raise AssertionError(f"{what}: left behind: {left}") from e


def record_check(boot, shim, shim_start, qemu, qemu_start):
    """Of a guest's record, as vmm-helper/qemu/vmh-record.c has it, of the numbers that GKeyFile reads there."""
    def number(text, bits):
        # strtoull() takes a minus sign; what is too large, or no number, is none.
        value = int(text) if re.fullmatch(r"-?\d+", str(text)) else 0
        if bits == 31:
            return value if -2**31 <= value < 2**31 else 0
        return value % 2**64 if -2**64 < value < 2**64 else 0

    pids = [number(shim, 31), number(shim_start, 64), number(qemu, 31), number(qemu_start, 64)]
    return hashlib.sha256(" ".join(map(str, [boot, *pids])).encode()).hexdigest()
