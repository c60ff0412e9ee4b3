# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs as the only program of test_power.py's guest, whose root is the host's, to be read only. Asks the
test what to do next: to change machines on the disk /dev/vda, or to tell what is on it."""

import os
import random
import subprocess
import sys
import time
import traceback
from pathlib import Path

DISK, PLACE = "/dev/vda", Path("/mnt")
STORE, OUTSIDE = PLACE / "innkeeper", PLACE / "outside"


def port():
    for _ in range(100):
        for name in Path("/sys/class/virtio-ports").glob("*/name"):
            if name.read_text().strip() == "test":
                return os.open(f"/dev/{name.parent.name}", os.O_RDWR | os.O_CLOEXEC)
        time.sleep(0.05)
    raise AssertionError("no virtio port")


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def must(*argv):
    code, said = run(*argv)
    if code:
        raise AssertionError(f"{argv}: exit {code}: {said}")


class Room:
    """The disk's file system and a helper on it."""

    def __init__(self, bus):
        # Not every file system helps those who forget to sync what they rename.
        must("mount", "-t", "ext4", "-o", "noauto_da_alloc", DISK, str(PLACE))
        OUTSIDE.mkdir(exist_ok=True)
        self.session = bus
        bus.start_helper(timeout=120)

    def close(self):
        self.session.helper.stop(60)
        must("umount", str(PLACE))
        must("blockdev", "--flushbufs", DISK)


def record(session, line, order):
    room = Room(session)
    driver = promises.Driver(session, STORE, OUTSIDE, random.Random(order["seed"]), line.ask)
    for _ in range(order["changes"]):
        driver.step()
    room.close()
    return {}


def check(session, line, order):
    """What a helper finds, and what fsck says of the file system when it has been mounted."""
    room = Room(session)
    seen = promises.look(session, STORE, OUTSIDE)
    log = session.helper.output()
    room.close()
    return {"seen": seen, "fsck": run("e2fsck", "-f", "-n", DISK), "log": log[-3000:]}


def main():
    line = promises.Line(port())
    order = line.ask(at="ready")
    os.environ.update(order["environment"])
    from lib import bus

    session = bus.Session()
    session.environ["XDG_DATA_HOME"] = str(PLACE)
    answer = {}
    while order := line.ask(at="idle", **answer):
        try:
            answer = {"record": record, "check": check}[order["do"]](session, line, order)
        except Exception:
            answer = {"error": traceback.format_exc() + (session.helper.output()[-3000:] if session.helper else "")}


os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lib import promises  # noqa: E402

try:
    main()
except BaseException:
    traceback.print_exc()
    time.sleep(1)
os.sync()
