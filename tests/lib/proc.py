# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of a test: every one is known by its pid and ended by it.

Guests outlive the helper and so have no parent of ours: the test is their subreaper, finds them
among its descendants, and leaves none."""

import ctypes
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from . import env

PR_SET_CHILD_SUBREAPER = 36
SANITIZER_REPORT = re.compile(
    r"ERROR: (Address|Leak|UndefinedBehavior)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer"
    # memcheck's, with -q
    r"|^==\d+== (?:Invalid |Conditional jump|Use of uninit|Syscall param|Mismatched free|Source and destination"
    r"|Argument |Process terminating|[\d,]+ (?:\([^)]*\) )?bytes in .* lost in)",
    re.M,
)


def become_subreaper():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _stat(pid):
    """(name, state, parent) or None."""
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    rest = text[text.rindex(")") + 2 :].split()
    return name, rest[0], int(rest[1])


def alive(pid):
    """A zombie is not alive."""
    stat = _stat(pid)
    return stat is not None and stat[1] not in "ZX"


def cmdline(pid):
    try:
        data = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return data.replace(b"\0", b" ").decode(errors="replace").strip()


def children_of_all():
    """{pid: (pid, state) of each of its children}, of all processes now."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat:
                children.setdefault(stat[2], []).append((int(entry), stat[1]))
    return children


def _family(pid, children=None):
    """(pid, state) of all below @pid, parents first."""
    children = children or children_of_all()
    todo = [pid or os.getpid()]
    while todo:
        for child, state in children.get(todo.pop(0), []):
            todo.append(child)
            yield child, state


def descendants(pid=None, children=None):
    """Living pids below @pid (this process), parents first; who asks more often at a time has children_of_all()."""
    return [child for child, state in _family(pid, children) if state not in "ZX"]


def zombies(pid=None):
    """Those below @pid that have ended and nobody has asked for."""
    return [child for child, state in _family(pid) if state in "ZX"]


def find(word, pid=None):
    """Pids of descendants whose program name (comm or argv[0]'s last part) contains @word."""
    result = []
    for child in descendants(pid):
        stat = _stat(child)
        command = cmdline(child)
        if stat and stat[0].startswith("memcheck"):  # valgrind, whose program stands behind its options
            command = command.partition(" -- ")[2]
        program = os.path.basename(command.split(" ")[0])
        if stat and (word in stat[0] or word in program):
            result.append(child)
    return result


def end_descendants():
    """Kills what is left of this process's descendants; answers what they were."""
    left = []
    for _ in range(50):
        pids = descendants()
        if not pids:
            break
        for pid in pids:
            text = f"{pid} {cmdline(pid)[:120]}"
            if text not in left:
                left.append(text)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
        _reap()
    _reap()
    return left


def reap(*commands):
    """Asks for the ends of those orphans of ours whose names begin so: nobody else does, and a user has only so many
    processes. Answers how many there were."""
    gone = [child for child, state in _family(None) if state == "Z" and (_stat(child) or [""])[0].startswith(commands)]
    return sum(_wait(child) for child in gone)


def _wait(pid):
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # another's child
        return False


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def as_user(user):
    """What stands before a command that an unprivileged user runs. It is replaced by the command: polkit
    knows the caller's very pid."""
    return ["setpriv", "--reuid", user, "--regid", user, "--init-groups"]


class Process:
    """A child with its output in a file; stop() fails when a sanitizer had something to say."""

    def __init__(self, argv, env=None, log=None, name=None, **kwargs):
        self.name = name or os.path.basename(str(argv[0]))
        self.log = Path(log) if log else None
        out = open(log, "ab") if log else subprocess.DEVNULL
        self.popen = subprocess.Popen(
            [str(a) for a in argv],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT if log else None,
            **kwargs,
        )
        self.pid = self.popen.pid
        if log:
            out.close()

    def running(self):
        return self.popen.poll() is None

    def output(self):
        return self.log.read_text(errors="replace") if self.log and self.log.exists() else ""

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def wait(self, timeout):
        return self.popen.wait(timeout)

    def stop(self, timeout=20, sig=signal.SIGTERM):
        """Ends it politely. Answers its exit code."""
        if self.running():
            self.popen.send_signal(sig)
        try:
            code = self.popen.wait(timeout * env.SLOWER)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {timeout} s after {sig.name}")
        self.check()
        return code

    def check(self):
        text = self.output()
        report = SANITIZER_REPORT.search(text)
        if report:
            start = max(0, report.start() - 200)
            raise AssertionError(f"{self.name}: {text[start:start + 6000]}")
