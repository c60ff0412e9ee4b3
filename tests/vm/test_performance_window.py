# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Performance tab of a guest that is busy: what it says, draws, and saves as a table."""

import csv
import os
import re
import subprocess
import time
from datetime import datetime
from pathlib import Path

from lib import bus, desk, domain, tap, vm, wizard
from lib.live import Guest

TICK = os.sysconf("SC_CLK_TCK")
BLUE = "#3584E4"
DISK = ("<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><target dev='vda' bus='virtio'/>"
        "<iotune><total_bytes_sec>4194304</total_bytes_sec></iotune></disk>")


def ticks(folder):
    fields = Path(folder, "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def thread(pid, number):
    """Of that processor, by the name that QEMU gives it."""
    return next(t for t in Path(f"/proc/{pid}/task").iterdir()
                if (t / "comm").read_text().startswith(f"CPU {number}/"))


def highest(picture, x, y, width, height, colour):
    """The row of the first pixel of that colour."""
    text = subprocess.run(["convert", picture, "-crop", f"{width}x{height}+{x}+{y}", "+repage", "txt:"],
                          check=True, capture_output=True, text=True).stdout.upper()
    return int(re.search(rf"^\d+,(\d+): .*{colour}", text, re.M)[1])


def between(samples, when, what):
    """What a counter was then."""
    for one, other in zip(samples, samples[1:]):
        if one[0] <= when <= other[0]:
            return one[what] + (other[what] - one[what]) * (when - one[0]) / (other[0] - one[0])
    raise AssertionError(f"{when} is not within")


def when(row):
    return datetime.fromisoformat(row["Time"].replace("Z", "+00:00")).timestamp()


def mean(rows, column):
    return sum(float(r[column]) for r in rows) / len(rows)


@tap.case
def busy():
    """A processor and a disk that are busy: the graphs say so and draw it, a second can be pointed at, the table agrees with /proc within 2 %"""
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    guest = Guest(session, "busy", DISK, vcpus=2, memory=256,
                  storage=domain.storage(domain.new_disk(size=256 << 20)))
    it = desk.Desk(session, "performance")
    app, pid = it.app, vm.pid(session, guest.machine)
    guest.line.shell("taskset 2 sh -c 'while :; do :; done' & "
                     "(while :; do dd if=/dev/zero of=/dev/vda bs=64k count=1000 oflag=direct 2>/dev/null; done) & sleep 1")
    processor = thread(pid, 1)
    wizard.choose_tab(app, "Performance")
    app.find("image", contains="Processor 1: ", timeout=20)
    app.find("image", contains="Memory in the Machine: Used ", timeout=20)
    time.sleep(3)
    own = []  # often, for on a busy computer no second is as the one before it
    while not own or own[-1][0] < own[0][0] + 10:
        own.append((time.time(), ticks(f"/proc/{pid}"), ticks(processor)))
        time.sleep(0.05)
    graph = app.find("image", contains="Processor 1: ")
    it.display.screenshot(it.picture("busy"))
    # The line is blue: the busy one's is higher than the other's.
    rows = {}
    for number in (0, 1):
        x, y, width, height = it.place(app.find("image", contains=f"Processor {number}: "))
        rows[number] = highest(it.picture("busy"), x + width - 30, y, 30, height, BLUE)
    tap.true(rows[1] < rows[0] - 10, f"first blue row of each processor: {rows}")
    x, y, width, height = it.place(graph)
    # A second of before: its time, and its value.
    it.display.move(x + width - 10, y + height / 2)
    app.find("image", where=lambda n: re.match(r"Processor 1, \d+:\d+:\d+.*: [\d.]+ %$", n.name))
    it.display.screenshot(it.picture("pointed-at"))
    it.display.move(x + width / 2, y + height + 200)
    app.find("image", contains="Processor 1: ")
    # What cannot be counted is said.
    app.find("label", contains="no network card whose traffic is counted")
    for _ in range(20):
        it.display.click(x + width / 2, y + height + 20, button=5)  # the wheel
    time.sleep(2)  # so that the picture is of a later sample
    it.display.screenshot(it.picture("below"))
    # The table.
    wizard.press(app, "Export…")
    # What is typed takes the place of the name that is offered, but for its end.
    wizard.choose_file(it.display, "Save What Was Measured", it.home / "measured")
    (path,) = tap.wait_for(lambda: [p for p in it.home.glob("measured*") if p.stat().st_size], 10, "the table")
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    first, *within = [r for r in rows if own[0][0] < when(r) < own[-1][0]]
    tap.true(7 <= len(within) <= 10, f"{len(within)} rows of ten seconds")
    begin, end = when(first), when(within[-1])

    def share(what):
        return (between(own, end, what) - between(own, begin, what)) / (end - begin) * 100

    for column, wanted in (("All Processors (%)", share(1)), ("Processor 1 (%)", share(2)),
                           ("Data of vda: Written (B/s)", 4 << 20)):
        value = mean(within, column)
        tap.diag(f"{column}: {value:.1f}, {wanted:.1f} by itself")
        tap.true(abs(value - wanted) < 0.02 * wanted, f"{column}: {value}, {wanted} is so")
    tap.true(float(rows[-1]["Data of vda: Read (B/s)"]) == 0, rows[-1])
    # Off: nothing is measured, and the page says so.
    guest.end()
    app.find("label", contains="This is what it used before", timeout=20)
    it.display.screenshot(it.picture("off"))


tap.main()
