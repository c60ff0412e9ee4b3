# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has used in the last day: measured by itself, kept in its folder, and never in anybody's way."""

import hashlib
import math
import os
import signal
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
DISK = "<disk type='file' device='disk'><driver name='qemu' type='raw'/><target dev='vda' bus='virtio'/></disk>"
NIC = "<interface type='user'><mac address='52:54:00:aa:bb:cc'/><model type='virtio'/></interface>"
EVERY = {"VMH_HISTORY_EVERY": "1"}  # s, in place of ten
session.start_helper(extra_env=EVERY)

ERROR = "org.innkeeper.Error."
DAY = 24 * 60 * 60
WAYS = ("read-bytes", "written-bytes", "received-bytes", "sent-bytes")
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def history(machine, span=600):
    """[(s since 1970, s, {column: value, or None: not known})]"""
    columns, rows = domain.call(session, machine, "GetHistory", GLib.Variant("u", span))
    tap.equal(columns, ["cpu", "memory", "read-bytes", "written-bytes", "received-bytes", "sent-bytes"], "columns")
    return [(end, seconds, {column: None if math.isnan(value) else value for column, value in zip(columns, values)})
            for end, seconds, values in rows]


def file_of(machine):
    return domain.folder(session) / domain.uuid_of(machine) / "history"


def write(path, rows):
    """As helpers did that counted no traffic: (s since 1970, s, thousandths, KiB)."""
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

    def told():
        """The rows of some seconds, where they are what /proc says: no second of one is a second of the other, and who
        shares the computer with others gets more in one than in the next."""
        begin, before = time.time(), ticks(pid)
        time.sleep(8)
        took, used = time.time() - begin, ticks(pid) - before
        rows = [row for row in history(guest.machine) if begin < row[0] - row[1] / 2 and row[0] <= begin + took]
        mean = sum(row[1] * row[2]["cpu"] for row in rows) / sum(row[1] for row in rows)
        tap.diag(f"{mean:.3f} processors are told, {used / took:.3f} by /proc")
        right = abs(mean - used / took) <= 0.05 * used / took and mean > 0.05
        return 5 <= len(rows) <= 9 and right and rows

    rows = next((rows for rows in (told() for _ in range(3)) if rows), None)
    tap.true(rows, "processors")
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    tap.true(abs(rows[-1][2]["memory"] - resident) <= 0.02 * resident, f"{rows[-1]}, {resident}")
    now = time.time()
    few = history(guest.machine, 3)
    tap.true(1 <= len(few) <= 4 and all(row[0] >= now - 4 for row in few), few)
    for span in (0, DAY + 1, 2**32 - 1):
        bus.refuses(lambda: history(guest.machine, span), ERROR + "InvalidArgument")
    guest.end()


@tap.case
def traffic():
    """Of disks and network cards, all together: the bytes that the guest has written, read and sent, within 5 %"""
    guest = Guest(session, "traffic", DISK + NIC, storage=domain.storage(domain.new_disk(size=64 << 20)))
    guest.line.shell("ip link set eth0 up; ip address add 10.0.2.15/24 dev eth0; sleep 3")
    begin = int(time.time())  # as rows are
    guest.line.shell("dd if=/dev/zero of=/dev/vda bs=1M count=24 conv=fsync 2>/dev/null; sleep 2")
    guest.line.shell("echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/vda of=/dev/null bs=1M count=12 iflag=direct 2>/dev/null")
    sent = int(guest.line.shell("cat /sys/class/net/eth0/statistics/tx_bytes"))
    guest.line.shell("ping -q -c 200 -i 0.01 -s 1400 10.0.2.2 >/dev/null")
    sent = int(guest.line.shell("cat /sys/class/net/eth0/statistics/tx_bytes")) - sent
    time.sleep(3)
    rows = [row for row in history(guest.machine) if row[0] >= begin]

    def total(way):
        return sum(row[1] * (row[2][way] or 0) for row in rows)

    told = {way: total(way) for way in WAYS}
    tap.diag(f"{told}, sent by the guest: {sent}")
    for way, wanted in (("written-bytes", 24 << 20), ("read-bytes", 12 << 20), ("sent-bytes", sent)):
        # A row's seconds are whole ones.
        tap.true(abs(told[way] - wanted) <= 0.05 * wanted, f"{way}: {told[way]}, {wanted} by the guest; {rows}")
    tap.true(told["received-bytes"] > 0, str(told))
    # What stands still has rows, too.
    count = len(history(guest.machine))
    os.kill(vm.pid(session, guest.machine), signal.SIGSTOP)
    try:
        tap.wait_for(lambda: len(history(guest.machine)) >= count + 4, 20, "rows of a QEMU that stands still", 0.5)
    finally:
        os.kill(vm.pid(session, guest.machine), signal.SIGCONT)
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
    tap.equal([(row[2]["cpu"], row[2]["memory"]) for row in (told[1], told[-1])], [(0.5, 2 << 20), (0.25, 1 << 20)], "values")
    tap.true(all(told[-1][2][way] is None for way in WAYS), f"traffic that nobody has counted: {told[-1]}")
    tap.true(len(history(machine, 7200)) >= 680, len(history(machine, 7200)))
    vm.start(session, machine)
    time.sleep(4)
    vm.force_off(session, machine)
    tap.true(60 < (file_of(machine).stat().st_size - 44) / 32 < 2100, file_of(machine).stat().st_size)
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
