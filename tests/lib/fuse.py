# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system that hangs: it tells of one file, "image", and never answers who reads or closes it;
when it is frozen, nobody at all.

The kernel's FUSE protocol (include/uapi/linux/fuse.h) by hand, as far as that needs it. Root only.
Whoever has a file of it open may hang for ever, whatever is sent to it, and at its own end, too. So
the test opens none, and this script is a process of its own: when that ends, however it ends, the
kernel cuts the connection and everybody gets an error."""

import ctypes
import os
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, OPENDIR, INTERRUPT, BATCH_FORGET = (
    1, 2, 3, 14, 15, 18, 25, 26, 27, 36, 42)
ENOSYS = 38
SIZE = 1 << 20


class Hanging:
    def __init__(self, folder, spared=0):
        """The process @spared may close files: dbus-daemon does what passes through it, and would hang
        itself, with everybody's bus."""
        from . import env, tap  # not where this runs as a script

        if env.VALGRIND:
            tap.skip("under valgrind no thread runs while one hangs in close()")
        self.folder = Path(folder)
        self.folder.mkdir()
        self.file = self.folder / "image"
        self.reads = self.flushes = 0
        self.process = subprocess.Popen(["/usr/bin/python3", "-B", os.path.abspath(__file__), str(folder),
                                         str(spared)], stdout=subprocess.PIPE)
        if self.process.stdout.read(1) != b"M":
            raise AssertionError("the hanging file system could not be mounted")
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self):
        while letter := os.read(self.process.stdout.fileno(), 1):
            self.reads += letter == b"R"
            self.flushes += letter == b"F"

    def freeze(self):
        self.process.send_signal(signal.SIGUSR1)

    def close(self):
        """Who hangs gets an error: the connection is cut."""
        self.process.kill()
        self.process.wait()
        subprocess.run(["umount", "-l", str(self.folder)], check=True)


def _attributes(node):
    mode = 0o040755 if node == 1 else 0o100666
    return struct.pack("=QQQQQQIIIIIIIIII", node, SIZE, SIZE // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096,
                       0)


def _serve(folder, spared):
    frozen = []
    signal.signal(signal.SIGUSR1, lambda *_: frozen.append(True))
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"hanging", folder.encode(), b"fuse", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    os.write(1, b"M")

    def answer(unique, body=b"", error=0):
        os.write(device, struct.pack("=IiQ", 16 + len(body), -error, unique) + body)

    while True:
        _, code, unique, node, _, _, pid = struct.unpack_from("=IIQQIII", os.read(device, 1 << 20))
        if code == INIT:
            answer(unique, struct.pack("=IIIIHHIIHHI28x", 7, 31, 65536, 0, 12, 9, 65536, 1, 0, 0, 0))
        elif (frozen and code != FLUSH) or code in (FORGET, BATCH_FORGET, INTERRUPT, RELEASE):
            pass
        elif code == FLUSH and pid == spared:
            answer(unique)
        elif code == LOOKUP:
            answer(unique, struct.pack("=QQQQII", 2, 0, 0, 0, 0, 0) + _attributes(2))
        elif code == GETATTR:
            answer(unique, struct.pack("=QII", 0, 0, 0) + _attributes(node))
        elif code in (OPEN, OPENDIR):
            # Direct: who reads cannot be killed; kept cache: to open it again does not wait for a reader.
            answer(unique, struct.pack("=QII", 1, 3, 0))
        elif code in (READ, FLUSH):
            os.write(1, b"R" if code == READ else b"F")
        else:
            answer(unique, error=ENOSYS)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
