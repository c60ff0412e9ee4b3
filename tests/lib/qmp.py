# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A QEMU that a test starts by itself, without the helper: QMP and a serial line on socket pairs."""

import json
import re
import select
import socket
import subprocess
import time


class Qemu:
    """QEMU with @args; ends with kill(). @serial: the first serial line is ours to read and write."""

    def __init__(self, args, binary="qemu-system-x86_64", serial=False, pass_fds=(), base=True):
        ours, theirs = socket.socketpair()
        argv = [binary]
        if base:
            argv += ["-nodefaults", "-no-user-config", "-display", "none"]
        argv += ["-chardev", f"socket,id=qmp,fd={theirs.fileno()},server=off",
                 "-mon", "chardev=qmp,mode=control"]
        fds = [theirs.fileno(), *pass_fds]
        self.serial = None
        if serial:
            line, far = socket.socketpair()
            argv += ["-chardev", f"socket,id=line,fd={far.fileno()},server=off",
                     "-serial", "chardev:line"]
            fds.append(far.fileno())
            self.serial = Serial(line)
        argv += args
        self.argv = argv
        self.process = subprocess.Popen(argv, pass_fds=fds, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        theirs.close()
        if serial:
            far.close()
        self._socket = ours
        self._buffer = b""
        self._number = 0
        self.events = []
        greeting = self._message(time.monotonic() + 20)
        if "QMP" not in greeting:
            raise AssertionError(f"no QMP greeting but {greeting}")
        self.command("qmp_capabilities")

    def _message(self, end):
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._socket], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError("QMP says nothing")
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                self.process.kill()
                text = self.process.stdout.read().decode(errors="replace")
                raise AssertionError(f"QEMU ended: {text}")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    def command(self, execute, arguments=None, fds=None, timeout=30):
        """Answers what QEMU returns; its error is an AssertionError."""
        self._number += 1
        message = {"execute": execute, "id": self._number}
        if arguments:
            message["arguments"] = arguments
        data = json.dumps(message).encode() + b"\n"
        if fds:
            socket.send_fds(self._socket, [data], fds)
        else:
            self._socket.sendall(data)
        end = time.monotonic() + timeout
        while True:
            reply = self._message(end)
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise AssertionError(f"{execute}: {reply['error']['desc']}")
            else:
                return reply["return"]

    def quit(self, timeout=10):
        self.command("quit")
        self._end(timeout)

    def kill(self):
        self.process.kill()
        self._end(10)

    def _end(self, timeout):
        self.process.wait(timeout)
        self.process.stdout.close()
        self._socket.close()
        if self.serial:
            self.serial.close()


# The shell asks where its cursor is. Where the window's terminal answers late, the tty echoes the answer.
ANSWERED = r"(?:\^\[\[[\d;]*R)*"


class Serial:
    """A text line of a guest, over any stream socket; knows the busybox guest's shell."""

    def __init__(self, sock):
        self.socket = sock
        self.buffer = b""
        self._number = 0

    def send(self, text):
        self.socket.sendall(text.encode())

    def expect(self, pattern, timeout=60):
        """Waits for a regular expression; answers its match and forgets what came before."""
        expression = re.compile(pattern.encode(), re.S)
        end = time.monotonic() + timeout
        while True:
            match = expression.search(self.buffer)
            if match:
                self.buffer = self.buffer[match.end():]
                return match
            ready, _, _ = select.select([self.socket], [], [], max(0, end - time.monotonic()))
            data = self.socket.recv(65536) if ready else b""
            if not data:
                why = "ended" if ready else f"silent for {timeout} s"
                raise AssertionError(f"line {why}, waiting for {pattern!r}; it said {self.buffer[-800:]!r}")
            self.buffer += data

    def sees(self, text):
        """Whether @text has come; then it and what came before is forgotten."""
        try:
            self.expect(text, 0)
        except AssertionError:
            return False
        return True

    def shell(self, command, timeout=60):
        """Runs a command in the busybox guest's shell and answers what it printed."""
        self._number += 1
        # The quotes keep the tty's echo of the command from looking like its output.
        begin, end = f"B{self._number}B", f"E{self._number}E"
        self.send(f"echo B''{self._number}B; {command}; echo E''{self._number}E\n")
        self.expect(f"{begin}{ANSWERED}\r?\n", timeout)
        match = self.expect(f"(.*?){end}{ANSWERED}\r?\n", timeout)
        return re.sub(ANSWERED, "", match.group(1).decode(errors="replace")).replace("\r", "").strip()

    def close(self):
        self.socket.close()
