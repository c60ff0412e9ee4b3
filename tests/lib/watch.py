# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file that a process and its descendants open, and with whose rights, as the kernel tells it (fanotify):
whatever the name was and wherever links led. Inside of ns.enter(), whose mounts are its own.

As a script it is the watcher, a process of its own: each open waits until it has looked at who opens, so that
nobody is gone before. As a module: Watch starts one."""

import collections
import ctypes
import json
import os
import re
import signal
import struct
import subprocess
import sys

INIT = 0x4 | 0x1 | 0x10 | 0x20 | 0x100  # FAN_CLASS_CONTENT, CLOEXEC, UNLIMITED_QUEUE, UNLIMITED_MARKS, REPORT_TID
EVENTS = 0x10000 | 0x40000000  # FAN_OPEN_PERM, ONDIR
ADD_MOUNT = 0x1 | 0x10
EVENT = struct.Struct("=IBBHQii")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What is no place for anybody's file.
OTHER_KINDS = {"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "devtmpfs", "securityfs", "debugfs", "bpf",
               "tracefs", "pstore", "configfs", "fusectl", "hugetlbfs", "autofs", "nsfs"}


class Watch:
    """Of process @pid. In what it tells a uuid is "UUID", but for those in @keep."""

    def __init__(self, pid, keep=()):
        self.process = subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__), str(pid), *keep],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError("no fanotify")

    def end(self):
        """{(path, uid): how often}"""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        out = self.process.communicate(timeout=60)[0]
        if self.process.returncode:
            raise AssertionError(f"the watcher ended: {self.process.returncode}")
        return {(path, uid): often for path, uid, often in json.loads(out)}


def _status(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def _belongs(status, root):
    """Whether the process is @root or below it."""
    while True:
        if status["Tgid"] == root:
            return True
        parent = status["PPid"]
        if parent in ("0", "1"):
            return False
        status = _status(parent)


def _main():
    root, keep = sys.argv[1], set(sys.argv[2:])
    libc = ctypes.CDLL(None, use_errno=True)
    group = libc.fanotify_init(INIT, os.O_RDONLY | os.O_LARGEFILE | os.O_CLOEXEC | os.O_NONBLOCK)
    seen = collections.Counter()
    done = []
    if group < 0:
        sys.exit(1)
    signal.signal(signal.SIGTERM, lambda *_: done.append(True))
    signal.siginterrupt(signal.SIGTERM, True)
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = [(line.split()[4], line.split(" - ")[1].split()[0]) for line in file]
    for place, kind in mounts:
        # What is mounted over cannot be marked, and cannot be opened either.
        if kind not in OTHER_KINDS and not re.match("/(dev|proc|sys)(/|$)", place):
            libc.fanotify_mark(group, ADD_MOUNT, ctypes.c_uint64(EVENTS), -100, os.fsencode(place.encode().decode("unicode_escape")))
    print("ready", flush=True)

    def note(fd, tid):
        try:
            status = _status(tid)
            if not _belongs(status, root):
                return
            path = os.fsencode(os.readlink(f"/proc/self/fd/{fd}")).decode(errors="replace")
        except (OSError, KeyError):
            return
        path = UUID.sub(lambda m: m[0] if m[0] in keep else "UUID", path)
        seen[path, int(status["Uid"].split()[3])] += 1

    # A signal interrupts a read; a short wait closes the gap before it.
    import select

    while not done:
        try:
            if not select.select([group], [], [], 0.2)[0]:
                continue
            data = os.read(group, 1 << 16)
        except (InterruptedError, BlockingIOError):
            continue
        at = 0
        while at < len(data):
            length, _, _, _, _, fd, tid = EVENT.unpack_from(data, at)
            at += length
            if fd >= 0:
                try:
                    note(fd, tid)
                finally:
                    os.write(group, struct.pack("=iI", fd, 1))  # FAN_ALLOW
                    os.close(fd)
    os.close(group)
    print(json.dumps([[path, uid, often] for (path, uid), often in seen.items()]))


if __name__ == "__main__":
    _main()
