# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines whose memory follows this computer's, seen from inside the guests: MemTotal goes and comes."""


from gi.repository import GLib

from lib import bus, crash, ns, tap, vm
from lib.live import Guest

ns.enter()
session = bus.Session()
tap.cleanup_at_end(session.close)
tap.on_failure(session.print_logs)
PRESSURE = session.path / "pressure"
PRESSURE.mkdir()
session.environ["VMH_PRESSURE_FOLDER"] = str(PRESSURE)


def press(share):
    """As Documentation/accounting/psi.rst has it; at once, as the kernel's."""
    new = PRESSURE / "new"
    new.write_text(f"some avg10={share:.2f} avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
    new.rename(PRESSURE / "memory")


press(0)
session.start_helper()


def automatic(importance, floor, on="yes"):
    return (f"<i:balloon>{on}</i:balloon><i:balloon-floor unit='MiB'>{floor}</i:balloon-floor>"
            f"<i:balloon-importance>{importance}</i:balloon-importance></i:machine>")


def follow(guest, *args, **kwargs):
    answer = guest.apply(r"(?:<i:balloon>.*)?</i:machine>", automatic(*args, **kwargs))
    tap.true(all(when == "live" for when, _ in answer.values()) and answer, answer)


@tap.case
def short():
    """Short: the less important guest gives first, down to its floor and no further, then the other; calm: both get all back; off: at once"""
    low, high = Guest(session, "low", memory=384), Guest(session, "high", memory=384)
    before = {guest: guest.memory() for guest in (low, high)}
    follow(low, "low", 288)
    follow(high, "high", 320)
    press(40)
    tap.wait_for(lambda: low.memory() < before[low] - 20, 30, "the less important one gives", 0.2)
    # Not before the first has given what it can.
    tap.wait_for(lambda: low.memory() <= before[low] - 96, 60, "its floor", 0.2)
    tap.wait_for(lambda: high.memory() <= before[high] - 64, 60, "the other's floor", 0.2)
    tap.diag(f"MemTotal {before[low]} → {low.memory()}, {before[high]} → {high.memory()} MiB")
    tap.equal(low.memory(), before[low] - 96, "no further than the floor")
    # Between the two limits nothing moves.
    press(5)
    given = low.memory()
    # The helper after one that was killed goes on from where they are.
    crash.replace(session)
    for guest in (low, high):
        guest.line.close()
        guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
    tap.equal(low.memory(), given, "held")
    press(0)
    tap.wait_for(lambda: high.memory() == before[high], 90, "the more important one gets its memory", 0.2)
    tap.true(low.memory() < before[low], "the other waits")
    tap.wait_for(lambda: low.memory() == before[low], 90, "the other, too", 0.2)
    press(40)
    tap.wait_for(lambda: low.memory() < before[low] - 20, 30, "it gives again", 0.2)
    follow(low, "low", 288, on="no")
    tap.wait_for(lambda: low.memory() == before[low], 30, "all of it, where it follows no more", 0.2)
    low.end()
    high.end()


tap.main()
