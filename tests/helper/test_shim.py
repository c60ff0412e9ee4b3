# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""vmm-shim with a child of our own in QEMU's place: lines, viewers, history, log, exit status."""

import errno
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time

from lib import env, proc, tap

SHIM = env.BUILD / "vmm-helper/vmm-shim"
HISTORY = 256 * 1024
LOG = 1024 * 1024
MAX_CARDS = 96  # SHIM_MAX_NETS
FLAG_HISTORY, FLAG_READ_ONLY, FLAG_NET, FLAG_COUNT, FLAG_LIMIT = 1, 2, 4, 8, 16

# Obeys what comes on its standard line (fd in argv[1]): one command a text line.
CHILD = """
import os, signal, sys, time
line = int(sys.argv[1]); buffer = b''
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.write(line, b'READY\\n')
def out(data):
    # No faster than a console is: some 20 MB/s.
    for at in range(0, len(data), 65536):
        part = data[at:at + 65536]
        while part: part = part[os.write(line, part):]
        if len(data) > 65536: time.sleep(0.003)
while True:
    while b'\\n' not in buffer:
        data = os.read(line, 4096)
        if not data: os._exit(9)
        buffer += data
    word, buffer = buffer.split(b'\\n', 1)
    word = word.decode().split()
    if word[0] == 'exit': os._exit(int(word[1]))
    elif word[0] == 'abort': os.abort()
    elif word[0] == 'last': out(b'LAST WORDS\\n'); os.write(2, b'last log\\n'); os._exit(0)
    elif word[0] == 'flood': out((b'%015d\\n' * (int(word[1]) // 16)) % tuple(range(int(word[1]) // 16)))
    elif word[0] == 'log': [os.write(2, b'%015d\\n' % i) for i in range(int(word[1]) // 16)]
    elif word[0] == 'wait': signal.sigwait([signal.SIGUSR1])
    elif word[0] == 'fds':
        have = []
        for fd in range(3, 1000):
            try: os.fstat(fd); have.append(str(fd))
            except OSError: pass
        out((' '.join(have) + ' FDS\\n').encode())
    else: out(('ECHO ' + ' '.join(word) + '\\n').encode())
"""


# In passt's place: gives back each frame it gets; dies in the middle of one that says so.
NETWORK = """
import os, signal, struct, sys
def take(n):
    data = b''
    while len(data) < n:
        part = os.read(3, n - len(data))
        if not part: sys.exit(0)
        data += part
    return data
print('network started', file=sys.stderr, flush=True)
while True:
    size = struct.unpack('!I', take(4))[0]
    frame = take(size)
    half = frame[14:18] == b'DIE!'
    data = struct.pack('!I', size) + frame
    data = data[:size // 2] if half else data
    while data: data = data[os.write(3, data):]
    if half: os.kill(os.getpid(), signal.SIGKILL)
"""


class Shim:
    def __init__(self, lines=("serial0",), command=None, cards=()):
        self.dir = env.TempDir()
        self.path = self.dir.path
        tap.cleanup(self.close)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(self.path / "shim"))
        listener.listen(8)
        files = {n: os.open(self.path / n, os.O_RDWR | os.O_CREAT, 0o600) for n in ("exit", "log", "log.1")}
        argv = [SHIM, "--control", listener.fileno(), "--peer", os.getuid(), "--exit", files["exit"],
                "--log", files["log"], "--old-log", files["log.1"]]
        pairs = [socket.socketpair() for _ in lines]
        for name, pair in zip(lines, pairs):
            argv += ["--line", name, pair[0].fileno()]
        self.cards = {}
        for name in cards:
            self.cards[name], theirs = socket.socketpair()
            argv += ["--net", name, theirs.fileno()]
            pairs.append((theirs, socket.socket()))
        for word in ("/usr/bin/python3", "-c", NETWORK) if cards else ():
            argv += ["--net-command", word]
        argv += ["--", *(command or ["/usr/bin/python3", "-c", CHILD, pairs[0][1].fileno()])]
        # Kept away from the shim's standard fds, and with one that is only for the child.
        self.extra = os.open("/dev/null", os.O_RDONLY)
        fds = [listener.fileno(), *files.values(), self.extra, *[s.fileno() for p in pairs for s in p]]
        self.extra_number = self.extra
        self.child_fd = pairs[0][1].fileno()
        self.process = subprocess.Popen([str(a) for a in argv], pass_fds=fds, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        for fd in (*files.values(), self.extra):
            os.close(fd)
        for pair in pairs:
            pair[0].close()
            pair[1].close()
        listener.close()
        self.control = self.connect()

    def connect(self):
        control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.connect(str(self.path / "shim"))
        control.settimeout(10)
        return control

    def ask(self, data, fds=()):
        socket.send_fds(self.control, [data], fds)
        return struct.unpack("i", self.control.recv(64))[0]

    def view(self, name="serial0", flags=FLAG_HISTORY, wanted=0, kind=socket.SOCK_STREAM):
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        got = self.ask(struct.pack("I64s", flags, name.encode()), [theirs.fileno()])
        theirs.close()
        tap.equal(got, wanted, f"the shim's answer for {name}")
        return ours

    def exit_status(self):
        tap.equal(self.process.wait(10), 0, f"shim ({self.process.stderr.read()})")
        return (self.path / "exit").read_text().splitlines(keepends=True)[0]

    def tail(self):
        return (self.path / "exit").read_bytes().partition(b"\n")[2]

    def close(self):
        self.control.close()
        for card in self.cards.values():
            card.close()
        for pid in [*proc.descendants(self.process.pid), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        text = self.process.stderr.read().decode()
        self.process.stderr.close()
        self.dir.remove()
        if proc.SANITIZER_REPORT.search(text):
            raise AssertionError(text)


def expect(sock, end, timeout=20):
    """Reads until @end is there; answers all of it."""
    data = bytearray()
    limit = time.monotonic() + timeout
    seen = 0
    while data.find(end, max(0, seen - len(end))) < 0:
        seen = len(data)
        ready, _, _ = select.select([sock], [], [], max(0, limit - time.monotonic()))
        got = sock.recv(65536) if ready else b""
        if not got:
            raise AssertionError(f"{'ended' if ready else 'silent'} at {data[-200:]!r}, waiting for {end!r}")
        data += got
    return bytes(data)


def rest(sock, timeout=20):
    sock.settimeout(timeout)
    data = bytearray()
    while got := sock.recv(65536):
        data += got
    return bytes(data)


@tap.case
def viewers_see_all_and_can_type():
    """Several viewers see the same, with what was said before; each can type; a read-only one cannot"""
    shim = Shim()
    first = shim.view()
    expect(first, b"READY\n")
    first.sendall(b"one\n")
    expect(first, b"ECHO one\n")
    late = shim.view()
    tap.equal(expect(late, b"ECHO one\n"), b"READY\nECHO one\n", "history")
    new = shim.view(flags=0)
    mute = shim.view(flags=FLAG_READ_ONLY)
    mute.sendall(b"mute\n")
    late.sendall(b"two\n")
    for viewer in (first, late, new, mute):
        tap.equal(expect(viewer, b"two\n"), b"ECHO two\n", "what follows")
    first.close()
    late.sendall(b"three\n")
    expect(late, b"ECHO three\n")
    late.sendall(b"exit 3\n")
    tap.equal(shim.exit_status(), "exit 3\n", "exit status")
    tap.equal(rest(new), b"ECHO three\n", "the rest")


@tap.case
def history_is_bounded():
    """History is the last 256 KiB, whole and in order, also around the ring's end"""
    shim = Shim()
    fast = shim.view()
    total = 3 * HISTORY
    fast.sendall(b"flood %d\nmark\n" % total)
    said = expect(fast, b"ECHO mark\n")
    tap.equal(len(said), len(b"READY\nECHO mark\n") + total, "bytes that a live viewer saw")
    late = shim.view()
    got = expect(late, b"ECHO mark\n")
    tap.equal(len(got), HISTORY, "length of history")
    tap.equal(got, said[-HISTORY:], "history")


@tap.case
def slow_viewer_is_dropped():
    """A viewer that does not read is dropped; neither guest nor others wait"""
    shim = Shim()
    fast = shim.view()
    slow = shim.view()
    fast.sendall(b"flood %d\nmark\n" % (8 * 1024 * 1024))
    said = expect(fast, b"ECHO mark\n")
    tap.equal(len(said), 8 * 1024 * 1024 + len(b"READY\nECHO mark\n"), "bytes that the fast viewer saw")
    got = rest(slow)
    tap.true(len(got) < len(said), "the slow viewer got all: its buffer has no bound")
    tap.equal(got, said[:len(got)], "what the slow viewer got has a hole")
    fast.sendall(b"again\n")
    expect(fast, b"ECHO again\n")


@tap.case
def guest_that_does_not_read():
    """A guest that reads nothing: the viewers' input waits, output and other viewers go on"""
    shim = Shim()
    one, two = shim.view(), shim.view()
    expect(one, b"READY\n")
    one.sendall(b"wait\n")
    one.setblocking(False)
    sent = 0
    # Until nobody takes more: a moment is enough, for all is in memory.
    while select.select([], [one], [], 0.3)[1]:
        sent += one.send(b"x\n" * 512)
        tap.true(sent < 4 * 1024 * 1024, f"{sent} bytes went somewhere though nobody read")
    three = shim.view()
    expect(three, b"READY\n")
    one.close()
    (child,) = proc.descendants(shim.process.pid)
    os.kill(child, signal.SIGUSR1)
    two.sendall(b"x\ndone\n")  # what came before may have been cut within a line
    expect(two, b"ECHO done\n")


@tap.case
def requests_are_checked():
    """A request that is too short, names no line, passes no or a wrong socket is refused"""
    shim = Shim(lines=("serial0", "console0"))
    shim.view("nobody", wanted=errno.ENOENT)
    shim.view(flags=32, wanted=errno.EINVAL)
    shim.view("one", flags=FLAG_NET, wanted=errno.ENOTSUP)
    shim.view(kind=socket.SOCK_DGRAM, wanted=errno.ENOTSOCK)
    with open("/dev/null") as file:
        tap.equal(shim.ask(struct.pack("I64s", 0, b"serial0"), [file.fileno()]), errno.ENOTSOCK, "no socket")
    tap.equal(shim.ask(struct.pack("I64s", 0, b"serial0")), errno.EINVAL, "no fd")
    tap.equal(shim.ask(b"x"), errno.EINVAL, "short")
    tap.equal(shim.ask(b"\xff" * 500), errno.EINVAL, "long")
    tap.equal(shim.ask(struct.pack("I64s", 0, b"s" * 64)), errno.EINVAL, "name without end")
    for _ in range(64):
        a, b = socket.socketpair()
        pair = [a.fileno(), b.fileno()]
        tap.equal(shim.ask(struct.pack("I64s", 0, b"serial0"), pair), errno.EINVAL, "two fds")
        a.close()
        b.close()
    fds = len(os.listdir(f"/proc/{shim.process.pid}/fd"))
    tap.true(fds < 20, f"the shim holds {fds} fds: refused ones leak")
    others = [shim.connect() for _ in range(20)]
    viewers = [shim.view("console0") for _ in range(64)]
    shim.view("console0", wanted=errno.EUSERS)
    viewers.pop().close()
    tap.wait_for(lambda: shim.view("serial0") is not None, 5, "a free slot")
    for other in others:
        other.close()


@tap.case
def control_is_the_helpers():
    """Another user cannot use the control socket even where it can reach it"""
    if os.getuid() != 0:
        tap.skip("needs root to become another user")
    shim = Shim()
    os.chmod(shim.path / "shim", 0o666)
    code = ("import socket,sys; s=socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.settimeout(5);"
            "s.connect(sys.argv[1]); sys.exit(s.recv(10) != b'')")
    done = subprocess.run(["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups",
                           "/usr/bin/python3", "-c", code, str(shim.path / "shim")], capture_output=True)
    tap.equal(done.returncode, 0, f"another user's connection is closed ({done.stderr})")
    shim.view()


@tap.case
def last_words():
    """What is said right before the end reaches viewers and log; a signal is told as such"""
    for _ in range(5):
        shim = Shim()
        viewer = shim.view()
        expect(viewer, b"READY\n")
        viewer.sendall(b"last\n")
        tap.equal(shim.exit_status(), "exit 0\n", "exit status")
        tap.equal(rest(viewer), b"LAST WORDS\n", "last words")
        tap.equal(shim.tail(), b"READY\nLAST WORDS\n", "last words in the file")
        tap.equal((shim.path / "log").read_text(), "last log\n", "log")
    shim = Shim()
    shim.view().sendall(b"abort\n")
    tap.equal(shim.exit_status(), f"signal {int(signal.SIGABRT)}\n", "exit status")


@tap.case
def log_is_bounded():
    """The log rotates once at 1 MiB: the newest lines are there, never more than two files"""
    shim = Shim()
    viewer = shim.view()
    viewer.sendall(b"log %d\nmark\n" % (LOG * 3 + LOG // 2))
    expect(viewer, b"ECHO mark\n")
    viewer.sendall(b"exit 0\n")
    shim.exit_status()
    new, old = (shim.path / "log").read_bytes(), (shim.path / "log.1").read_bytes()
    tap.true(len(new) <= LOG and len(old) <= LOG, f"too large: {len(new)}, {len(old)}")
    numbers = [int(line) for line in (old + new).split()]
    last = (LOG * 3 + LOG // 2) // 16
    tap.equal(numbers, list(range(last - len(numbers), last)), "the lines in both files")
    tap.true(len(numbers) * 16 > LOG, "less than 1 MiB is kept")


@tap.case
def fds_are_apart():
    """The child gets only what is its own; the shim keeps nothing of the child's"""
    shim = Shim()
    viewer = shim.view()
    expect(viewer, b"READY\n")
    viewer.sendall(b"fds\n")
    numbers = [int(n) for n in expect(viewer, b"FDS\n").split()[:-1]]
    tap.equal(numbers, sorted((shim.extra_number, shim.child_fd)), "the child's fds")
    links = [os.readlink(f"/proc/{shim.process.pid}/fd/{n}") for n in os.listdir(f"/proc/{shim.process.pid}/fd")
             if int(n) > 2]
    tap.true("/dev/null" not in links, f"the shim holds the child's file: {links}")


@tap.case
def command_that_is_not_there():
    """A command that cannot be run is told in log and status"""
    shim = Shim(command=["/nonexistent/bwrap", "x"])
    tap.equal(shim.exit_status(), "exit 127\n", "exit status")
    tap.true("cannot run /nonexistent/bwrap" in (shim.path / "log").read_text(), "the log says nothing")


def frame(kind, to=b"", body=b""):
    """An Ethernet frame as QEMU sends it; @to the address in an IPv4 or IPv6 packet's place for it."""
    where = {0x0800: 16, 0x86DD: 24}.get(kind, 0)
    packet = bytes(where) + to + body
    data = b"\x52\x55\x0a\0\2\2" + b"\x52\x54\0\1\2\3" + struct.pack("!H", kind) + packet
    return struct.pack("!I", len(data)) + data


def swap(card, data, wanted, timeout=30):
    """Sends @data, without waiting, and reads until @wanted bytes have come back."""
    got = b""
    card.setblocking(False)
    end = time.monotonic() + timeout
    while len(got) < wanted:
        tap.true(time.monotonic() < end, f"{len(got)} of {wanted} bytes came back")
        ready, free, _ = select.select([card], [card] if data else [], [], 1)
        if free:
            data = data[card.send(data[:100003]):]
        if ready:
            got += card.recv(65536)
    return got


@tap.case
def frames_go_through_but_to_the_host():
    """Frames pass both ways, whole and in order, but none to an address that means the host itself"""
    def v4(text, body=b"-"):
        return frame(0x0800, socket.inet_aton(text), body)

    def v6(text, body=b"-"):
        return frame(0x86DD, socket.inet_pton(socket.AF_INET6, text), body)
    shim = Shim(cards=("one",))
    shut = [v4("127.0.0.1"), v4("127.255.255.254", bytes(60000)), v4("0.0.0.0"), v4("0.1.2.3"), v6("::1"), v6("::"),
            v6("::ffff:127.0.0.1"), v6("::ffff:192.0.2.1"), v6("::127.0.0.1")]
    free = [v4("10.0.2.2"), v4("192.0.2.1", bytes(65000)), v4("255.255.255.255"), v4("126.0.0.1"), v6("fe80::1"),
            v6("ff02::1"), v6("2001:db8::1", b"x" * 9000), v6("64:ff9b::1"), frame(0x0806, bytes(28)), frame(0x1234),
            struct.pack("!I", 0), struct.pack("!I", 3) + b"abc", v4("1.2.3.4", b"end")]
    mixed = b"".join(a + b for a, b in zip(shut, free)) + b"".join(free[len(shut):])
    for times in (1, 60):
        back = b"".join(free) * times
        tap.equal(swap(shim.cards["one"], mixed * times, len(back)) == back, True, "what came back is what may pass")
    tap.equal(select.select([shim.cards["one"]], [], [], 0.2)[0], [], "more comes back")


@tap.case
def the_network_is_started_again():
    """When the network's program dies, the log tells, a new one goes on, and no half frame is seen"""
    shim = Shim(cards=("one", "two"))
    whole = frame(0x0800, socket.inet_aton("10.0.0.1"), b"whole")
    one, two = shim.cards["one"], shim.cards["two"]
    tap.equal(swap(one, whole, len(whole)), whole, "before")
    one.sendall(frame(0x0806, b"DIE!" + bytes(1000)))
    log = shim.path / "log"
    tap.wait_for(lambda: "connects one, has ended (signal 9)" in log.read_text(), 10, "what the log says")
    tap.true(proc.alive(shim.process.pid), "the shim has ended")
    tap.equal(swap(two, whole, len(whole)), whole, "the other card")
    one.sendall(whole)  # while there is nobody: lost
    tap.wait_for(lambda: log.read_text().count("network started") == 3, 20, "a new one")
    tap.equal(swap(one, whole, len(whole)), whole, "afterwards")
    shim.view().sendall(b"exit 0\n")
    tap.equal(shim.exit_status(), "exit 0\n", "exit status")
    tap.equal(proc.descendants(shim.process.pid), [], "left over")


@tap.case
def cards_that_come_later():
    """A card that comes while the guest runs is connected, and its place is free when it has gone"""
    shim = Shim(cards=("one",))
    whole = frame(0x0800, socket.inet_aton("10.0.0.1"), b"whole")
    for number in range(3):
        card = shim.view(f"late{number}", flags=FLAG_NET)
        tap.equal(swap(card, whole, len(whole)), whole, f"card {number}")
        children = len(proc.descendants(shim.process.pid))
        card.close()
        tap.wait_for(lambda n=children: len(proc.descendants(shim.process.pid)) == n - 1, 10, "the program's end")
    shim.view("late", flags=FLAG_NET, kind=socket.SOCK_DGRAM, wanted=errno.ENOTSOCK)
    many = [shim.view(f"many{n}", flags=FLAG_NET) for n in range(MAX_CARDS - 1)]
    shim.view("many", flags=FLAG_NET, wanted=errno.EUSERS)
    tap.equal(swap(shim.cards["one"], whole, len(whole)), whole, "the first card")
    for card in many:
        card.close()


def count(shim, name):
    told = shim.view(name, flags=FLAG_COUNT)
    said = told.recv(100)
    tap.equal((len(said), told.recv(1)), (16, b""), "what is told, and that it ends")
    return struct.unpack("=QQ", said)


@tap.case
def frames_are_counted():
    """Bytes of the frames that a card has sent and received are told; what may not pass does not count, nor another card's"""
    shim = Shim(cards=("one", "two"))
    whole, mine = frame(0x0800, socket.inet_aton("10.0.0.1"), b"x" * 1000), frame(0x0800, socket.inet_aton("127.0.0.1"))
    tap.equal(count(shim, "one"), (0, 0), "at first")
    for _ in range(7):
        tap.equal(swap(shim.cards["one"], mine + whole, len(whole)), whole, "what comes back")
    tap.equal(count(shim, "one"), (7 * (len(whole) - 4),) * 2, "after seven frames there and back")
    tap.equal(count(shim, "two"), (0, 0), "the other card")
    shim.view("three", flags=FLAG_COUNT, wanted=errno.ENOENT)


def limit(shim, name, to_guest=0, from_guest=0, size=32, wanted=0):
    """Bytes a second, without more at once than the least."""
    ours, theirs = socket.socketpair()
    ours.send(struct.pack("=QQQQ", to_guest, 0, from_guest, 0)[:size])
    got = shim.ask(struct.pack("I64s", FLAG_LIMIT, name.encode()), [theirs.fileno()])
    tap.equal(got, wanted, f"the shim's answer for {name}")


@tap.case
def as_much_as_is_allowed():
    """What a card sends and is sent is limited, each way alone, within 10 %; frames stay whole; the limit can go again"""
    shim = Shim(cards=("one", "two"))
    data = frame(0x0800, socket.inet_aton("10.0.0.1"), b"x" * 1400) * 1400

    def rate(name, share=1.0):
        """Bytes a second of a card that gets back what it sends."""
        part = data[:int(len(data) * share) // len(data[:len(data) // 1400]) * (len(data) // 1400)]
        begin = time.monotonic()
        tap.true(swap(shim.cards[name], part, len(part)) == part, "what comes back is not what was sent")
        return (len(part) - 65536) / (time.monotonic() - begin)

    for way in ({"from_guest": 500000}, {"to_guest": 500000}, {"from_guest": 500000, "to_guest": 2000000}):
        limit(shim, "one", **way)
        found = rate("one")
        tap.true(abs(found / 500000 - 1) < 0.1, f"{found:.0f} bytes a second with {way}")
        tap.true(rate("two") > 5000000, "the other card is slow, too")
    # A little of it, while the other card keeps the shim busy: no fraction of a byte is lost.
    limit(shim, "one", from_guest=2000)
    busy = threading.Thread(target=lambda: [rate("two") for _ in range(40)])
    busy.start()
    found = rate("one", 0.036)
    busy.join()
    tap.true(abs(found / 2000 - 1) < 0.1, f"{found:.0f} bytes a second beside a busy card")
    limit(shim, "one")
    tap.true(rate("one") > 5000000, "the limit stays")
    limit(shim, "one", 1 << 63, 1 << 63)
    tap.true(rate("one") > 5000000, "a limit that nobody reaches")
    limit(shim, "three", wanted=errno.ENOENT)
    limit(shim, "one", size=16, wanted=errno.EINVAL)


@tap.case
def a_card_that_makes_no_sense():
    """A card that sends no frames but rubbish, or goes, ends its program and nothing else"""
    shim = Shim(cards=("one", "two"))
    tap.wait_for(lambda: (shim.path / "log").read_text().count("network started") == 2, 10, "the programs")
    children = len(proc.descendants(shim.process.pid))
    shim.cards["one"].sendall(b"\xff" * 100)
    tap.equal(shim.cards["one"].recv(10), b"", "the shim's answer")
    shim.cards["two"].close()
    tap.wait_for(lambda: len(proc.descendants(shim.process.pid)) == children - 2, 10, "the programs' end")
    viewer = shim.view()
    viewer.sendall(b"hello\n")
    expect(viewer, b"ECHO hello")
    tap.true("has ended" not in (shim.path / "log").read_text(), "the log tells of what is as it should be")


@tap.case
def idle_costs_nothing():
    """An idle shim uses no CPU, also with a line whose far end is closed and viewers that are gone"""
    shim = Shim(lines=("serial0", "console0"))
    viewers = [shim.view(), shim.view("console0")]
    expect(viewers[0], b"READY\n")
    viewers[1].shutdown(socket.SHUT_WR)

    def ticks():
        return sum(map(int, open(f"/proc/{shim.process.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))

    before = ticks()
    time.sleep(0.3)  # that nothing happens shows in no event; a loop that turns would take 30 ticks
    tap.true(ticks() - before <= 2, f"{ticks() - before} ticks of CPU in 0.3 s")


tap.main()
