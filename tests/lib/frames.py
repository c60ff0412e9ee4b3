# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A viewer of vmm-screen (src/shared/inn-frames.h) that is no window."""

import array
import contextlib
import mmap
import os
import socket
import struct
import time

PICTURE, CHANGED, CURSOR, INPUT = range(1, 5)
LOOK, KEY, TO, BY, BUTTON, SIZE = range(64, 70)


class Viewer:
    def __init__(self, sock, look=True):
        self.socket = sock
        self.size, self.memory, self.input, self.changes, self.open = None, None, None, 0, True
        sock.setblocking(False)
        if look:
            with contextlib.suppress(BrokenPipeError):  # there is no room for it
                self.say(LOOK, 1)

    def say(self, kind, *values):
        self.socket.send(struct.pack(f"I{len(values)}i", kind, *values))

    def take(self):
        """One packet, if there is any: its kind and values; None: none, or the end (open)."""
        try:
            data, fds, _flags, _address = socket.recv_fds(self.socket, 2048, 1)
        except BlockingIOError:
            return None
        except ConnectionResetError:  # what was sent was not read
            data, fds = b"", ()
        if not data:
            self.open = False
            return None
        kind, values = struct.unpack_from("I", data)[0], struct.unpack_from(f"{len(data) // 4 - 1}i", data, 4)
        if kind == PICTURE:
            self.size = values[:2]
            self.memory = mmap.mmap(fds[0], values[1] * values[2], prot=mmap.PROT_READ)
        elif kind == CHANGED:
            self.changes += len(values) // 4
        elif kind == INPUT:
            self.input = values
        for fd in fds:
            os.close(fd)
        return kind, values

    def read(self, seconds, until=lambda viewer: False):
        """What comes for so long, or until that is true."""
        end, came = time.monotonic() + seconds, []
        while time.monotonic() < end and self.open and not until(self):
            packet = self.take()
            if packet:
                came.append(packet)
            else:
                time.sleep(0.005)
        return came

    def pixels(self):
        """Bytes of red, green and blue."""
        words = array.array("I", self.memory[:])
        return b"".join(bytes((word >> 16 & 255, word >> 8 & 255, word & 255)) for word in words)

    def close(self):
        self.socket.close()
