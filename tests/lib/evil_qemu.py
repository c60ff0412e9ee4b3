# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands where QEMU is and says what no QEMU would, as one that a guest has taken over could. A machine named
“evil WAY” gets it, every other one the real QEMU; install() puts it there, inside of ns.enter().

As a script it is that program, alone in the room with a Python: it imports nothing of ours."""

import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time

PROGRAM, REAL = "/usr/bin/qemu-system-x86_64", "/usr/bin/innkeeper-test-real-qemu"
GREETING = b'{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\r\n'
EVENT = b'{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "%s", "data": {%s}}\r\n'
# What they do; those with "late" behave until they have been told to go on.
WAYS = ("silent", "deaf", "line", "late-line", "deep", "late-deep", "late-objects", "late-events", "late-resets", "late-ids",
        "late-answers", "late-large", "eof", "late-eof", "half", "late-bytes", "late-slow", "late-greetings", "late-text")


def install(folder):
    """@folder: on a file system that can be an overlay's upper one."""
    for name in ("upper", "work"):
        (folder / name).mkdir(parents=True)
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                    f"lowerdir=/usr/bin,upperdir={folder}/upper,workdir={folder}/work", "/usr/bin"], check=True)
    shutil.copy(PROGRAM, REAL)
    os.unlink(PROGRAM)
    with open(__file__, encoding="utf-8") as source, open(PROGRAM, "w", encoding="utf-8") as program:
        program.write("#!/usr/bin/python3 -IS\n" + source.read())
    os.chmod(PROGRAM, 0o755)


def listening(name):
    for word in sys.argv:
        found = re.match(rf"socket,id={name},fd=(\d+),", word)
        if found:
            return socket.socket(fileno=int(found[1]))
    raise SystemExit(f"no {name}")


class Peer:
    """One monitor's connection."""

    def __init__(self, connection, way, main):
        self.connection, self.way, self.main = connection, way, main
        self.buffer = b""
        self.loose = False
        if way == "half":
            self.say(GREETING[:20])
        elif way == "eof":
            self.connection.close()
        elif way in ("line", "deep"):
            self.rage()
        elif way not in ("silent",):
            self.say(GREETING)

    def say(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            raise SystemExit from None  # the helper has closed it: what it had to be told is told

    def hear(self):
        data = self.connection.recv(65536)
        if not data:
            return False
        self.buffer += data
        while b"\n" in self.buffer or self.buffer.endswith(b"}"):
            line, _, self.buffer = self.buffer.partition(b"\n")
            self.answer(line)
        return True

    def answer(self, line):
        for ident in re.findall(rb'"id" ?: ?("[^"]*"|\d+)', line):
            value = b'{"status": "running", "running": true, "singlestep": false}' if b"query-status" in line else b"{}"
            self.say(b'{"return": %s, "id": %s}\r\n' % (value, ident))
        # Only what comes when all is told, that the start succeeds and the worst follows.
        if b'"cont"' in line or not self.main and b"qmp_capabilities" in line:
            self.loose = self.way.startswith("late-")

    def forever(self, data):
        while True:
            self.say(data)

    def rage(self):
        time.sleep(0.3)  # what is told before is taken up first: the start has succeeded
        way = self.way.removeprefix("late-")
        if way == "line":
            self.forever(b"x" * 65536)
        elif way == "text":
            self.forever(b'{"return": "' + b"\\u0041" * 10000)
        elif way == "deep":
            self.forever(b'{"a": [' * 10000)
        elif way == "objects":
            self.forever(b'{"return": {' + b", ".join(b'"%d": {}' % n for n in range(40000)) + b"}}\r\n")
        elif way == "events":
            # 100,000 a second, or as many as are taken
            lot = EVENT % (b"RTC_CHANGE", b'"offset": 1, "qom-path": "/x"') * 1000
            while True:
                end = time.monotonic() + 0.01
                self.say(lot)
                time.sleep(max(0, end - time.monotonic()))
        elif way == "resets":
            names = (b"RESET", b"STOP", b"RESUME", b"GUEST_PANICKED", b"BLOCK_IO_ERROR", b"DEVICE_DELETED", b"x" * 1000)
            self.forever(b"".join(EVENT % (n, b'"guest": true, "device": "\\u0000", "action": "pause"') for n in names) * 100)
        elif way == "ids":
            idents = (b"-1", b"0", b"18446744073709551616", b'"1"', b"null", b"[1]", b"{}", b"1e99", b"true", b"123456")
            self.forever(b"".join(b'{"return": {}, "id": %s}\r\n' % i for i in idents) + b'{"return": {}}\r\n{}\r\n{"error": 1, "id": 5}\r\n')
        elif way == "answers":
            self.forever(b"".join(b'{"return": {}, "id": %d}\r\n' % n for n in range(1000)))
        elif way == "large":
            self.forever(b'{"return": "' + b"x" * 1048000 + b'", "id": 1}\r\n')
        elif way == "bytes":
            self.forever(os.urandom(65536))
        elif way == "greetings":
            self.forever(GREETING * 100)
        elif way == "slow":
            while True:  # a byte now and then of what never ends
                self.say(b" " if int(time.monotonic()) % 2 else b"{")
                time.sleep(0.01)
        elif way == "eof":
            self.connection.close()
            time.sleep(3600)


def main(way):
    sockets = [(listening("monitor"), True), (listening("events"), False)]
    if way == "deaf":
        time.sleep(3600)
    peers = []
    while True:
        ready = select.select([s for s, _ in sockets] + [p.connection for p in peers], [], [])[0]
        for sock, is_main in sockets:
            if sock in ready and os.fork() == 0:
                # One process for each connection: one that blocks does not spare the other.
                peer = Peer(sock.accept()[0], way, is_main)
                while peer.connection.fileno() >= 0 and peer.hear():
                    if peer.loose:
                        peer.rage()
                time.sleep(3600)
            elif sock in ready:
                # The child has taken it; wait until it has.
                while select.select([sock], [], [], 0)[0]:
                    time.sleep(0.001)


if __name__ == "__main__":
    evil = re.search(r"(?:^|\x1f)guest=evil ([a-z-]+)", "\x1f".join(sys.argv))
    if not evil:
        os.execv(REAL, [PROGRAM, *sys.argv[1:]])
    main(evil[1])
