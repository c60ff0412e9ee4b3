# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that forgets: a raw image of a QEMU, served over NBD, which keeps for certain only what was flushed.

    disk = Disk(base); tap.cleanup(disk.close); argv += disk.options("disk")
    qemu.kill(); disk.cut(random)

Of each block of 4 KiB that was written since the last flush a power cut leaves the flushed content or any of
those written since, block by block: real disks reorder, and tear what is larger. The log of writes, flushes
and the test's own marks allows for cuts at any moment of the past, too. @base is never written to."""

import os
import socket
import struct
import subprocess
import threading

from . import env

BLOCK = 4096
WRITE, FLUSH, MARK = "write", "flush", "mark"
_IHAVEOPT, _REPLY, _REQUEST, _SIMPLE = b"IHAVEOPT", 0x3E889045565A9, 0x25609513, 0x67446698
_OPT_EXPORT_NAME, _OPT_ABORT, _OPT_INFO, _OPT_GO = 1, 2, 6, 7
_ACK, _INFO, _UNSUPPORTED = 1, 3, 0x80000001
_HAS_FLAGS, _SEND_FLUSH = 1, 4
_READ, _WRITE, _DISC, _FLUSH = range(4)
_EINVAL = 22


class Disk:
    def __init__(self, base, log=False):
        self.base = os.open(base, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.stat(base).st_size
        self.log = [] if log else None
        self.lost = 0  # blocks that cut() has left older than they were
        self._sure = {}  # block → content: what is on the disk for certain
        self._waiting = {}  # block → contents, oldest first: written since the last flush
        self._lock = threading.Lock()
        self._servers = []
        self._dir = env.TempDir("inn-powerdisk-")
        self.path = self._dir.path / "socket"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.path))
        self._socket.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def options(self, name):
        """QEMU's arguments for the node @name."""
        return ["-blockdev", f"driver=nbd,node-name={name},server.type=unix,server.path={self.path}"]

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._socket.close()
        self._dir.remove()
        os.close(self.base)

    # ---- what the test does

    def mark(self, what):
        """Notes in the log that @what is so from here on; answers where."""
        with self._lock:
            self.log.append((MARK, what, None))
            return len(self.log)

    def cut(self, random):
        """The power fails, after QEMU was killed: what it has sent before has arrived."""
        for server in self._servers:
            server.join()
        self._servers = []
        with self._lock:
            chosen, lost = _survivors(self._waiting, random)
            self._sure.update(chosen)
            self._waiting = {}
            self.lost += lost

    def rewind(self, log, end, random):
        """The disk is as after a cut when @log, of a disk with the same base, was @end entries long; answers
        how many blocks were lost."""
        sure, waiting = {}, {}
        for kind, where, data in log[:end]:
            if kind == WRITE:
                waiting.setdefault(where, []).append(data)
            elif kind == FLUSH:
                sure.update((block, contents[-1]) for block, contents in waiting.items())
                waiting = {}
        chosen, lost = _survivors(waiting, random)
        sure.update(chosen)
        with self._lock:
            self._sure, self._waiting = sure, {}
        return lost

    def write_to(self, path):
        """A raw image of what it holds."""
        subprocess.run(["cp", "--sparse=always", f"/proc/self/fd/{self.base}", path], check=True,
                       pass_fds=[self.base])
        with self._lock, open(path, "r+b") as file:
            for block in {*self._sure, *self._waiting}:
                file.seek(block * BLOCK)
                file.write(self._block(block))

    # ---- what it holds

    def _block(self, number):
        if number in self._waiting:
            return self._waiting[number][-1]
        if number in self._sure:
            return self._sure[number]
        return os.pread(self.base, BLOCK, number * BLOCK).ljust(BLOCK, b"\0")

    def _read(self, offset, length):
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        data = b"".join(map(self._block, range(first, last + 1)))
        return data[offset - first * BLOCK:][:length]

    def _write(self, offset, data):
        first = offset // BLOCK
        end = offset + len(data)
        if offset % BLOCK or end % BLOCK:
            data = (self._read(first * BLOCK, offset - first * BLOCK) if offset % BLOCK else b"") + data
            data += self._read(end, -end % BLOCK) if end % BLOCK else b""
        for i in range(0, len(data), BLOCK):
            block, content = first + i // BLOCK, data[i:i + BLOCK]
            self._waiting.setdefault(block, []).append(content)
            if self.log is not None:
                self.log.append((WRITE, block, content))

    def _flush(self):
        self._sure.update((block, contents[-1]) for block, contents in self._waiting.items())
        self._waiting = {}
        if self.log is not None:
            self.log.append((FLUSH, None, None))

    # ---- NBD, as much of it as QEMU speaks (doc/proto.md of NetworkBlockDevice/nbd)

    def _accept(self):
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self._servers.append(threading.Thread(target=self._serve, args=(peer,), daemon=True))
            self._servers[-1].start()

    def _serve(self, peer):
        try:
            with peer, peer.makefile("rb") as source:
                if self._greet(peer, source):
                    self._answer_all(peer, source)
        except (OSError, struct.error):
            pass  # QEMU was killed

    def _greet(self, peer, source):
        flags = _HAS_FLAGS | _SEND_FLUSH
        peer.sendall(b"NBDMAGIC" + _IHAVEOPT + struct.pack(">H", 3))  # fixed newstyle, no zeroes
        source.read(4)
        while True:
            _, option, length = struct.unpack(">8sII", source.read(16))
            source.read(length)

            def reply(kind, data=b"", option=option):
                peer.sendall(struct.pack(">QIII", _REPLY, option, kind, len(data)) + data)

            if option == _OPT_EXPORT_NAME:
                peer.sendall(struct.pack(">QH", self.size, flags))
                return True
            if option in (_OPT_GO, _OPT_INFO):
                reply(_INFO, struct.pack(">HQH", 0, self.size, flags))
                reply(_ACK)
                if option == _OPT_GO:
                    return True
            elif option == _OPT_ABORT:
                reply(_ACK)
                return False
            else:
                reply(_UNSUPPORTED)

    def _answer_all(self, peer, source):
        while True:
            magic, _, kind, handle, offset, length = struct.unpack(">IHHQQI", source.read(28))
            data = source.read(length) if kind == _WRITE else b""
            error = 0
            if magic != _REQUEST or kind == _DISC:
                return
            with self._lock:
                if kind == _READ:
                    data = self._read(offset, length)
                elif kind == _WRITE:
                    self._write(offset, data)
                elif kind == _FLUSH:
                    self._flush()
                else:
                    error = _EINVAL
            peer.sendall(struct.pack(">IIQ", _SIMPLE, error, handle) + (data if kind == _READ else b""))


def _survivors(waiting, random):
    """({block: content}, how many blocks are older than they were) of what was @waiting for a flush."""
    keep = random.choice((0, 0.2, 0.5, 0.8, 1))
    chosen, lost = {}, 0
    for block, contents in waiting.items():
        if random.random() < keep:
            chosen[block] = contents[-1]
            continue
        lost += 1
        # None is what was flushed.
        content = random.choice((None, *contents[:-1]))
        if content is not None:
            chosen[block] = content
    return chosen, lost
