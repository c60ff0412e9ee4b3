# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power of a whole computer is cut while its helper changes machines, again and again: at each next boot
all that was acknowledged is there. Its disk keeps for certain only what was flushed. Many more moments, in a
smaller computer: tests/crash/test_power.py."""

import io
import os
import random
import select
import subprocess
import tarfile
import time
from pathlib import Path

from lib import computer, env, powerdisk, promises, tap

CUTS = tap.count(3, 100)
SECONDS = 40  # of work before a cut, at most
BOOT = 600  # seconds for a boot, on a busy machine: 20 on a quiet one

seed = int(os.environ.get("INN_TEST_SEED", 0)) or random.SystemRandom().getrandbits(32)
chance = random.Random(seed)
disk = powerdisk.Disk(computer.image())
tap.cleanup(disk.close)
pc = computer.Computer(disk=disk, lines=("driver",))
tap.cleanup(pc.close)


def carry(places):
    """Files of the tests into the computer's /opt/tests: {where: what}."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for where, what in places.items():
            archive.add(what, where, filter=lambda info: None if "__pycache__" in info.name else info)
    code, _, err = pc.ask(["sh", "-c", "mkdir -p /opt/tests && tar -x -C /opt/tests && sync"], stdin=data.getvalue())
    tap.equal(code, 0, err)


def hear(line, timeout):
    """The driver's next message; None when it has said nothing for @timeout seconds, or has ended."""
    ready, _, _ = select.select([line.fd], [], [], max(0, timeout))
    message = line.hear() if ready else None
    tap.true(message is None or "error" not in message, f"in the computer: {message}")
    return message


def look():
    """Starts the driver; answers the line to it and what is there."""
    # Machines that start with the computer would be busy: as if a helper had started them already.
    pc.run("mkdir -p /run/innkeeper && cat /proc/sys/kernel/random/boot_id >/run/innkeeper/autostarted")
    pc.run("systemd-run -q --unit=driver python3 -B /opt/tests/power_driver.py")
    line = promises.Line(pc.lines["driver"].fileno())
    tap.true(hear(line, 60), "the driver does not begin")
    line.say()
    answer = hear(line, 120)
    tap.true(answer, "the driver does not tell what is there")
    return line, answer["seen"]


def work_until_cut(line, told):
    end = time.monotonic() + chance.uniform(1, SECONDS)
    line.say(seed=chance.getrandbits(32))
    while time.monotonic() < end:
        message = hear(line, end - time.monotonic())
        if message:
            told.hear(message)
            line.say()
    pc.cut_power(chance)
    while message := hear(line, 0):  # it was told before the power went
        told.hear(message)
    pc.lines["driver"].close()


def fsck():
    """What e2fsck says when the journal has been played back, as at each boot."""
    copy = pc.dir.path / "copy.raw"
    disk.write_to(copy)
    subprocess.run(["e2fsck", "-E", "journal_only", "-p", copy], stdout=subprocess.DEVNULL, check=False)
    done = subprocess.run(["e2fsck", "-f", "-n", copy], capture_output=True, text=True)
    copy.unlink()
    return [] if done.returncode == 0 else [done.stdout[-2000:]]


@tap.case
def power_cuts():
    """Whenever the power is cut, at the next boot what was acknowledged is there and all is readable"""
    tap.diag(f"INN_TEST_SEED={seed}")
    told = promises.Promises()
    wrong, seconds, acknowledged = [], [], 0
    tap.diag(f"up after {pc.boot(BOOT):.0f} s")
    carry({"lib": env.SOURCE / "tests/lib", "power_driver.py": Path(__file__).with_name("power_driver.py")})
    line, _ = look()
    for cut in range(CUTS):
        work_until_cut(line, told)
        acknowledged += sum("old" not in change for change in told.acknowledged())
        bad = fsck()
        seconds.append(pc.boot(BOOT))
        line, seen = look()
        bad += told.check(seen)
        warned = pc.run("journalctl -b -q --no-pager -o cat -p warning _SYSTEMD_UNIT=vmm-helper.service")
        bad += warned.splitlines()
        wrong += [f"cut {cut + 1}: {what}" for what in bad]
        told.settle(seen)
        tap.diag(f"cut {cut + 1}: {len(seen['machines'])} machines; up after {seconds[-1]:.0f} s")
    pc.lines["driver"].close()
    tap.figure("power cuts of a whole computer", CUTS)
    tap.figure("changes acknowledged before them", acknowledged)
    tap.figure("blocks of 4 KiB that were lost with the power", disk.lost)
    tap.figure("promises broken", len(wrong))
    tap.true(not wrong, "\n".join(wrong[:60]))


tap.main()
