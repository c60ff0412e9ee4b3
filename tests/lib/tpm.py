# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security chips (TPM 2.0) of the test's own, by swtpm, and what can be said to one, in hexadecimal."""

import hashlib
import os
import socket
import subprocess
import threading
import tty

from . import env, tap

PASSWORD = "00000009" "40000009" "0000" "00" "0000"  # an empty one
SHA256 = "000b"
BUSY = ("is in use", "Turn that machine off", "/dev/tpmrm0")
DEVICE = "<tpm model='{}'><backend type='passthrough'><device path='{}'/></backend></tpm>"


def _command(tag, code, rest):
    return f"{tag}{10 + len(rest) // 2:08x}{code}{rest}"


def extend(pcr, digest):
    """Adds the 32 bytes of @digest to the measurements in a register."""
    return _command("8002", "00000182", f"{pcr:08x}{PASSWORD}00000001{SHA256}{digest.hex()}")


def read(pcr):
    return _command("8001", "0000017e", f"00000001{SHA256}03" + (1 << pcr).to_bytes(3, "little").hex())


def read_state():
    """The answer ends with TPM_PT_STARTUP_CLEAR: which hierarchies, of keys and rights, are on."""
    return _command("8001", "0000017a", "000000060000020100000001")


def set_platform(password):
    """As a computer's firmware does before it starts a system."""
    return _command("8002", "00000129", f"4000000c{PASSWORD}{len(password):04x}{password.hex()}")


def register(answer):
    """What read() has been answered: a digest."""
    return answer[-64:]


def extended(digest, before):
    """What extend() makes of a register."""
    return hashlib.sha256(bytes.fromhex(before) + digest).hexdigest()


def code(answer):
    """0 is success."""
    return int(answer[12:20], 16)


def _swtpm(folder, *options, fds=()):
    # One that nobody has connected to would outlive a test that is killed.
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "swtpm", "socket", "--tpm2", "--terminate",
                             "--tpmstate", f"dir={folder}", *options], pass_fds=fds, stderr=subprocess.DEVNULL)


def of_computer():
    """More for a computer.Computer, which then has a chip: /dev/tpm0."""
    folder = env.TempDir("inn-chip-")
    path = folder.path / "socket"
    process = _swtpm(folder.path, "--ctrl", f"type=unixio,path={path}")
    tap.cleanup(folder.remove)
    tap.cleanup(process.wait)
    tap.cleanup(process.kill)
    tap.wait_for(path.exists, 20, "swtpm")
    return ("-chardev", f"socket,id=chip,path={path}", "-tpmdev", "emulator,id=chip,chardev=chip",
            "-device", "tpm-tis,tpmdev=chip")


class Device:
    """A chip of this computer below @root, which VMH_USB_ROOT names: the kernel's device is a terminal, and who writes
    a command there is answered by a real chip. In a mount namespace of the test's own. @known: the kernel tells of it."""

    def __init__(self, root, name="tpm0", known=True, answers=True):
        self.folder = env.TempDir("inn-chip-")
        self.place = root / "dev" / name
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self.place.touch()
        subprocess.run(["mount", "--bind", os.ttyname(self.slave), self.place], check=True)
        if known:
            number = os.fstat(self.slave).st_rdev
            facts = root / "sys/class" / name.rstrip("0123456789") / name
            facts.mkdir(parents=True)
            (facts / "dev").write_text(f"{os.major(number)}:{os.minor(number)}\n")
        self._chip, theirs = socket.socketpair()
        with theirs:
            self._process = _swtpm(self.folder.path, "--fd", str(theirs.fileno()), "--flags", "not-need-init,startup-clear",
                                   fds=[theirs.fileno()])
        self._turn = threading.Lock()
        self.asked = 0
        tap.equal(code(self.ask(set_platform(os.urandom(20)))), 0, "what the chip says to the firmware")
        if answers:
            threading.Thread(target=self._serve, daemon=True).start()

    def ask(self, command):
        """As the kernel itself may, whoever has the device."""
        return self._ask(bytes.fromhex(command)).hex()

    def _ask(self, command):
        with self._turn:
            self._chip.sendall(command)
            return self._chip.recv(4096)

    def _serve(self):
        said = b""
        while True:
            try:
                said += os.read(self.master, 4096)
            except OSError:
                return
            while len(said) >= 10 and len(said) >= (size := max(int.from_bytes(said[2:6], "big"), 10)):
                os.write(self.master, self._ask(said[:size]))  # at once, or it would be read in parts
                said = said[size:]
                self.asked += 1

    def close(self):
        subprocess.run(["umount", "-l", self.place], check=True)
        self._chip.close()
        self._process.wait()
        for fd in (self.slave, self.master):
            os.close(fd)
        self.folder.remove()
