# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of guests that do not run any more: the pids in them belong to others by now, the computer has
been restarted since, the file is cut or was never one. Nobody who is not ours gets a signal."""

import itertools
import os
import random
import re
import shutil
import signal
import socket

from lib import bus, crash, domain, proc, tap, vm

STRANGERS = 24
BOOT = open("/proc/sys/kernel/random/boot_id").read().strip()
OTHER_BOOT = "12345678-1234-4123-8123-123456789abc"


class Stranger:
    """A process with a child, as a shim has QEMU, that tells of every signal: those that can be caught it
    writes into a pipe, those that cannot show in how it is."""

    def __init__(self):
        reading, self._writing = os.pipe()
        self.pipe = os.fdopen(reading, "rb", buffering=0)
        os.set_blocking(reading, False)
        self.pids = [self._fork(True)]
        children = f"/proc/{self.pids[0]}/task/{self.pids[0]}/children"
        self.pids.append(int(tap.wait_for(lambda: open(children).read().split(), 10, "its child")[0]))
        os.close(self._writing)

    def _fork(self, parent):
        pid = os.fork()
        if pid:
            return pid
        try:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
            if parent:
                self._fork(False)
            while True:
                os.write(self._writing, f"{signal.sigwait(signal.valid_signals())} ".encode())
        finally:
            os._exit(0)

    def signals(self):
        """What has come, or what is wrong with it."""
        told = (self.pipe.read() or b"").decode().split()
        for pid in self.pids:
            stat = open(f"/proc/{pid}/stat").read() if os.path.exists(f"/proc/{pid}") else ""
            if not re.search(r"\) [SRD] ", stat):
                told.append(f"{pid}: {stat[:40] or 'gone'}")
        return told

    def close(self):
        for pid in reversed(self.pids):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(self.pids[0], 0)
        self.pipe.close()


def start_of(pid):
    return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[19])


def record(pid, start, boot=BOOT, shim=None, shim_start=None, more=""):
    shim = pid if shim is None else shim
    shim_start = start if shim_start is None else shim_start
    check = crash.record_check(boot, shim, shim_start, pid, start)
    return (f"[guest]\nboot={boot}\nshim={shim}\nshim-start={shim_start}\nqemu={pid}\nqemu-start={start}\ncheck={check}\n"
            f"accelerator=tcg\nreason=\nuser-network=passt\n{more}lines=serial0=isa;\ndisplays=vnc;dbus;\n")


def forged(chance, strangers):
    """(what, text) without end: what a record may look like that is not of a guest of ours."""
    for number in itertools.count():
        stranger = strangers[number % len(strangers)]
        pid, child = stranger.pids
        begun, later = start_of(pid), start_of(pid) + chance.randint(1, 10**6)
        unfinished = "starting=true\n"
        good = record(pid, begun, boot=OTHER_BOOT)
        kinds = (
            ("begun later", record(pid, later)),
            ("begun earlier", record(pid, max(0, begun - chance.randint(1, 10**5)))),
            ("begun at 0", record(pid, 0)),
            ("unfinished, begun later", record(pid, later, more=unfinished)),
            ("its child", record(child, later, shim=pid, shim_start=later)),
            ("a shim alone", record(0, 0, shim=pid, shim_start=later)),
            ("another boot, all else right", good),
            ("unfinished, of another boot", record(pid, begun, boot=OTHER_BOOT, more=unfinished)),
            ("no boot", good.replace(f"boot={OTHER_BOOT}\n", "")),
            ("no start", re.sub("(qemu|shim)-start=.*\n", "", record(pid, 0))),
            ("no check", re.sub("check=.*\n", "", record(pid, begun))),
            ("another's check", record(pid, later).replace(f"={later}", f"={begun}")),
            ("start too large", record(pid, 2**64 + begun)),
            ("start below 0", record(pid, -begun)),
            ("start in words", record(pid, "soon")),
            ("nobody's pid", record(2**22 - 7, begun)),
            ("pid too large", record(2**32 + pid, begun)),
            ("pid below 0", record(-pid, begun)),
            ("pid -1", record(-1, begun)),
            ("pid 0", record(0, begun)),
            ("pid 1", record(1, later)),
            ("this test", record(os.getpid(), start_of(os.getpid()) + 1)),
            ("a pid in words", record("init", begun)),
            ("many of one", record(pid, later) * 40),
            ("a list", record(f"{pid};{child}", later)),
            ("cut", record(pid, later)[:chance.randint(0, 180)]),
            ("cut, of another boot", good[:chance.randint(0, 180)]),
            ("nothing", ""),
            ("garbage", chance.randbytes(chance.randint(1, 5000))),
            ("not UTF-8", record(pid, later).encode().replace(b"tcg", b"\xff\xfe\0tcg")),
            ("large", record(pid, later) + "x=" + "y" * 300000),
            ("a hole", bytes(200000)),
            ("bits", _flip(chance, record(pid, later, boot=OTHER_BOOT).encode())),
        )
        yield kinds[number % len(kinds)]


def _flip(chance, text):
    """Some bytes are others now. The boot's id is kept wrong: else it might become right by chance."""
    text = bytearray(text)
    for _ in range(20):
        at = chance.randrange(60, len(text))
        text[at] = chance.randrange(256)
    return bytes(text)


def multiply(session, first, count):
    """@first's folder copied: that makes another machine each time. Answers the uuids of all."""
    idents = [first, *(domain.new_uuid() for _ in range(count - 1))]
    for ident in idents[1:]:
        target = domain.folder(session) / ident
        shutil.copytree(domain.folder(session) / first, target)
        xml = target / "machine.xml"
        xml.write_text(xml.read_text().replace(first, ident))
    return idents


def forge(folder, what, text, chance):
    """A record, and beside it now and then other things that are not what they were."""
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "record").write_bytes(text if isinstance(text, bytes) else text.encode())
    if chance.random() < 0.3:
        (folder / "exit").write_bytes(chance.choice((b"", b"exit 0\n", b"signal 9\n\xff\0", chance.randbytes(3000))))
    if chance.random() < 0.3:
        (folder / "live.xml").write_bytes(chance.choice((b"", b"<domain", chance.randbytes(3000), b"<a>" * 5000)))
    if chance.random() < 0.1:
        with socket.socket(socket.AF_UNIX) as it:
            it.bind(str(folder / "monitor"))


def strangers():
    made = [Stranger() for _ in range(STRANGERS)]
    for one in made:
        tap.cleanup(one.close)
    tap.equal([s.signals() for s in made], [[]] * len(made), "signals before anything")
    return made


def check(session, idents, whats, seen):
    states = {domain.uuid_of(path): facts[domain.MACHINE]["State"] for path, facts in session.machines().items()}
    wrong = {whats[i]: states.get(i) for i in idents if states.get(i) not in ("off", "crashed")}
    tap.equal(wrong, {}, "states")
    tap.equal([s.signals() for s in seen], [[]] * len(seen), "signals that strangers got")


@tap.case
def strangers_are_left_alone():
    """However the records are wrong, every machine is off or crashed, can be started, and no stranger gets a signal"""
    seen, wanted = strangers(), tap.count(155, 1000)
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    chance = random.Random(3)
    session.start_helper()
    machine = domain.create(session, vm.definition("first", vm.SERIAL, memory=32, machine="pc"))
    session.helper.stop()
    idents = multiply(session, domain.uuid_of(machine), wanted)
    whats = {}
    for ident, (what, text) in zip(idents, forged(chance, seen)):
        whats[ident] = what
        forge(vm.runtime(session) / ident, what, text, chance)
    session.start_helper(timeout=60)
    check(session, idents, whats, seen)
    # Whatever is asked of them next does not reach the strangers either.
    for ident in idents:
        path = domain.path_of(ident)
        if vm.state(session, path) == "crashed":
            vm.force_off(session, path)
        else:
            bus.refuses(lambda p=path: vm.force_off(session, p), "org.innkeeper.Error.BadState")
    check(session, idents, whats, seen)
    for ident in idents[:31]:
        vm.start(session, domain.path_of(ident))
        vm.force_off(session, domain.path_of(ident))
    check(session, idents, whats, seen)
    tap.figure("forged records of guests: strangers that got a signal", f"0 of {wanted}")


@tap.case
def strangers_can_tell():
    """A signal to a stranger is told: of one that can be caught, one that stops, one that kills"""
    one = Stranger()
    os.kill(one.pids[0], signal.SIGTERM)
    tap.wait_for(one.signals, 10, "a word of SIGTERM")
    os.kill(one.pids[1], signal.SIGSTOP)
    tap.wait_for(one.signals, 10, "a sign of SIGSTOP")
    os.kill(one.pids[1], signal.SIGCONT)
    tap.wait_for(one.signals, 10, "a word of SIGCONT")
    os.kill(one.pids[1], signal.SIGKILL)
    tap.wait_for(lambda: not proc.alive(one.pids[1]) and one.signals(), 10, "a sign of SIGKILL")
    one.pids.pop()
    one.close()


@tap.case
def no_file_at_all():
    """A record that is a pipe, a folder, a socket or a link holds nobody up"""
    seen = strangers()
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    session.start_helper()
    machine = domain.create(session, vm.definition("first", vm.SERIAL, memory=32, machine="pc"))
    session.helper.stop()
    idents = multiply(session, domain.uuid_of(machine), 6)
    folders = [vm.runtime(session) / ident for ident in idents]
    for folder in folders:
        folder.mkdir(mode=0o700, exist_ok=True)
    os.mkfifo(folders[0] / "record")
    (folders[1] / "record").mkdir()
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(folders[2] / "record"))
    elsewhere = session.path / "elsewhere"
    pid = seen[0].pids[0]
    elsewhere.write_text(record(pid, start_of(pid)))
    (folders[3] / "record").symlink_to(elsewhere)
    (folders[4] / "record").symlink_to("/dev/zero")
    (folders[5] / "record").write_text(record(0, 0, boot=BOOT))
    for name in ("exit", "live.xml"):
        os.mkfifo(folders[5] / name)
    session.start_helper()
    check(session, idents, dict.fromkeys(idents, "no file"), seen)
    for ident in (idents[0], *idents[2:]):
        vm.start(session, domain.path_of(ident))
        vm.force_off(session, domain.path_of(ident))
    check(session, idents, dict.fromkeys(idents, "no file"), seen)


tap.main()
