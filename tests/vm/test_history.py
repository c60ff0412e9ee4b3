# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has used in the last day: measured by itself, kept in its folder, and never in anybody's way."""

import hashlib
import os
import struct
import time
from pathlib import Path

from gi.repository import GLib

from lib import bus, crash, domain, ns, tap, vm
from lib.live import Guest

ns.enter()
session = bus.Session()
tap.cleanup_at_end(session.close)
tap.on_failure(session.print_logs)
EVERY = {"VMH_HISTORY_EVERY": "1"}  # s, in place of ten
session.start_helper(extra_env=EVERY)

ERROR = "org.innkeeper.Error."
DAY = 24 * 60 * 60
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def history(machine, span=600):
    """[(s since 1970, s, {column: value})]"""
    columns, rows = domain.call(session, machine, "GetHistory", GLib.Variant("u", span))
    tap.equal(columns, ["cpu", "memory"], "columns")
    return [(end, seconds, dict(zip(columns, values))) for end, seconds, values in rows]


def file_of(machine):
    return domain.folder(session) / domain.uuid_of(machine) / "history"


def write(path, rows):
    """As the helper does: (s since 1970, s, thousandths, KiB)."""
    data = b"INNHIST1" + struct.pack("<I", len(rows)) + b"".join(struct.pack("<4I", *row) for row in rows)
    path.write_bytes(data + hashlib.sha256(data).digest())


def ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def start(name):
    machine = domain.create(session, vm.real_mode(name, session))
    vm.start(session, machine)
    return machine


@tap.case
def measured():
    """Without anybody's asking: processors within 5 % of /proc's and memory within 2 %; a span is from 1 s to a day"""
    guest = Guest(session, "busy")
    pid = vm.pid(session, guest.machine)
    guest.line.shell("(while :; do :; done) & sleep 1")
    begin, before = time.time(), ticks(pid)
    time.sleep(8)
    took, used = time.time() - begin, ticks(pid) - before
    rows = [row for row in history(guest.machine) if begin < row[0] - row[1] / 2 and row[0] <= begin + took]
    tap.true(5 <= len(rows) <= 9, rows)
    mean = sum(row[1] * row[2]["cpu"] for row in rows) / sum(row[1] for row in rows)
    tap.diag(f"{mean:.3f} processors are told, {used / took:.3f} by /proc")
    tap.true(abs(mean - used / took) <= 0.05 * used / took and mean > 0.3, f"{mean}, {used / took}")
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    tap.true(abs(rows[-1][2]["memory"] - resident) <= 0.02 * resident, f"{rows[-1]}, {resident}")
    now = time.time()
    few = history(guest.machine, 3)
    tap.true(1 <= len(few) <= 4 and all(row[0] >= now - 4 for row in few), few)
    for span in (0, DAY + 1, 2**32 - 1):
        bus.refuses(lambda: history(guest.machine, span), ERROR + "InvalidArgument")
    guest.end()


@tap.case
def survives():
    """kill -9 of the helper takes at most what was not yet written; a machine that is off still tells"""
    machine = start("survivor")
    tap.wait_for(lambda: file_of(machine).exists(), 60, "the file", 1)
    kept = history(machine)
    tap.true(len(kept) >= 25, kept)
    crash.replace(session, **EVERY)
    after = history(machine)
    tap.true(len(after) >= 25 and after[0] == kept[0], f"{kept}\n{after}")
    tap.wait_for(lambda: len(history(machine)) >= len(after) + 3, 20, "more", 0.5)
    rows = history(machine)
    vm.force_off(session, machine)
    off = history(machine)
    tap.true(off[:len(rows)] == rows, f"{rows}\n{off}")
    tap.equal([p.name for p in file_of(machine).parent.iterdir() if "history" in p.name], ["history"], "files")
    crash.replace(session, **EVERY)
    tap.equal(history(machine), off, "after a kill while it is off")


@tap.case
def thinned():
    """A day of rows becomes one a minute but of the last two hours; what is older goes; an answer has some 720 rows"""
    machine = start("old")
    vm.force_off(session, machine)
    now = int(time.time())
    first = now - DAY - 3600
    write(file_of(machine), [(first + i * 60, 60, 500, 2048) for i in range((DAY - 3600) // 60)] +
          [(now - 7000 + i * 10, 10, 250, 1024) for i in range(690)])
    told = history(machine, DAY)
    tap.true(all(now - DAY <= row[0] for row in told), told[0])
    tap.true(660 <= len(told) <= 722, len(told))
    tap.equal((told[1][2], told[-1][2]), ({"cpu": 0.5, "memory": 2 << 20}, {"cpu": 0.25, "memory": 1 << 20}), "values")
    tap.true(len(history(machine, 7200)) >= 680, len(history(machine, 7200)))
    vm.start(session, machine)
    time.sleep(4)
    vm.force_off(session, machine)
    tap.true(60 < (file_of(machine).stat().st_size - 44) / 16 < 2100, file_of(machine).stat().st_size)
    tap.true(len(history(machine, 7200)) >= 680, "the fine ones are still there")
    tap.true(history(machine)[-1][2]["memory"] > 2 << 20, "and new ones")


@tap.case
def damaged():
    """What is no history is set aside, whatever it is; the machine runs, and a new one begins"""
    machine = start("damaged")
    vm.force_off(session, machine)
    path = file_of(machine)
    aside = path.with_name("history.damaged")
    secret = session.path / "secret"
    secret.write_text("not the machine's")

    def flip():
        write(path, [(int(time.time()), 10, 1, 1)])
        path.write_bytes(path.read_bytes()[:-1] + b"\0")

    def huge():
        with open(path, "wb") as file:
            file.truncate(1 << 40)

    for damage in (flip, lambda: path.write_bytes(b""), lambda: path.write_bytes(b"x" * 5000), huge,
                   lambda: path.symlink_to(secret)):
        path.unlink(missing_ok=True)
        aside.unlink(missing_ok=True)
        damage()
        tap.equal(history(machine), [], "rows")
        tap.true(aside.is_symlink() or aside.exists(), "set aside")
        tap.true(not path.exists(), "gone")
    tap.equal(secret.read_text(), "not the machine's", "a file elsewhere")
    path.mkdir()
    vm.start(session, machine)
    tap.wait_for(lambda: len(history(machine)) >= 2, 20, "new rows", 0.5)
    vm.force_off(session, machine)
    tap.true(path.is_file() and len(history(machine)) >= 2, "a new one")


@tap.case
def switched_off():
    """innkeeper:history “no”: nothing is measured any more, and what was kept is gone at once"""
    guest = Guest(session, "private")
    tap.wait_for(lambda: len(history(guest.machine)) >= 2, 20, "rows", 0.5)
    crash.replace(session, **EVERY)
    tap.wait_for(lambda: len(history(guest.machine)) >= 2, 20, "rows", 0.5)
    file_of(guest.machine).touch()
    answer = guest.apply("<i:accelerator>", "<i:history>no</i:history><i:accelerator>")
    tap.equal(answer["general/history"][0], "live", answer)
    tap.equal(history(guest.machine), [], "rows")
    tap.true(not file_of(guest.machine).exists(), "no file")
    time.sleep(3)
    tap.equal(history(guest.machine), [], "rows")
    guest.apply("<i:history>no</i:history>", "<i:history>yes</i:history>")
    tap.wait_for(lambda: len(history(guest.machine)) >= 2, 20, "rows again", 0.5)
    guest.end()


tap.main()
