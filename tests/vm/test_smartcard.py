# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smart cards of guests: what one that is made of certificates does with its keys, and what is in this computer's
reader."""

import contextlib
import os
import socket
import subprocess
import threading

from gi.repository import GLib

from lib import bus, crash, domain, guest, live, ns, proc, tap, vm

ns.enter(network=True)

PKI = "00A4040007A0000000790100"  # SELECT of CAC's first certificate
DONE = b"\x90\x00"
SMARTCARD = "<smartcard mode='{}'>{}</smartcard>"
MADE = "".join(f"<certificate>{name}</certificate>" for name in ("sign in", "sign", "decrypt"))


def session():
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    return made


def boot(made, name, devices=""):
    return live.Guest(made, name, devices, initramfs=guest.card_initramfs())


def ask(it, *apdus):
    """What the card says: its ATR, then to each."""
    return it.line.shell("card " + " ".join(apdus), 60).split()


def status(it):
    return it.line.shell("card status", 30).strip()


def programs():
    """Who has a card: bwrap calls it so in every room."""
    return [p for p in proc.descendants() if proc.cmdline(p).startswith("/program ")]


def database(made, password=""):
    """An NSS database with an authority and three certificates, each with a key."""
    folder = made.path / "a database"
    folder.mkdir()
    (made.path / "noise").write_bytes(bytes(range(256)) * 8)
    (made.path / "password").write_text(password + "\n")
    options = ["-d", f"sql:{folder}", "-f", made.path / "password"]
    bus.run(["certutil", "-N", *options])
    ours = ["-z", made.path / "noise", "-k", "rsa", "-g", "2048", "-v", "12"]
    bus.run(["certutil", "-S", *options, *ours, "-n", "authority", "-s", "CN=Authority", "-x", "-t", "CT,CT,CT", "-m", "1"])
    for number, name in enumerate(("sign in", "sign", "decrypt"), 2):
        bus.run(["certutil", "-S", *options, *ours, "-n", name, "-s", f"CN={name}", "-c", "authority", "-t", ",,",
                 "-m", str(number)])
    return folder


def certificate(folder, name):
    """(DER, modulus, exponent)."""
    def run(*argv, data=None):
        return subprocess.run(argv, input=data, capture_output=True, check=True).stdout

    der = run("certutil", "-L", "-d", f"sql:{folder}", "-n", name, "-r")
    said = run("openssl", "x509", "-inform", "DER", "-noout", "-modulus", data=der).decode()
    return der, int(said.strip().split("=")[1], 16), 65537


def read_file(it, kind):
    """What CAC's READ BUFFER gives of a file of the certificate: its length stands before it."""
    whole, size = b"", 2
    while len(whole) < size:
        said = ask(it, PKI, f"8052{len(whole):04x}02{kind:02x}{min(size - len(whole), 128):02x}", "00c0000080")
        data = bytes.fromhex(said[3])
        tap.equal(data[-2:], DONE, f"READ BUFFER, {said}")
        whole += data[:-2]
        size = 2 + int.from_bytes(whole[:2], "little")
    return whole[2:]


def sign(it, block, *before):
    """CAC's SIGN/DECRYPT of a block as long as the key, in two parts; after @before."""
    said = ask(it, *before, PKI, f"80428000{128:02x}{block[:128].hex()}", f"80420000{128:02x}{block[128:].hex()}", "00c0000000")
    return bytes.fromhex(said[-1])


@tap.case
def made_of_certificates():
    """A card made of certificates gives its certificate and signs with its key; neither QEMU nor the guest has that"""
    made = session()
    folder = database(made)
    it = boot(made, "made", SMARTCARD.format("host-certificates", MADE + f"<database>{folder}</database>"))
    tap.wait_for(lambda: status(it) == "card", 20, "a card in the guest")
    der, modulus, exponent = certificate(folder, "sign in")
    tap.true(der in read_file(it, 2), "the certificate is not what the card says")
    # PKCS 1: what the guest would sign, padded; the public key gives it back.
    block = b"\0\1" + b"\xff" * (256 - 3 - 20) + b"\0" + b"twenty bytes to sign"
    said = sign(it, block)
    tap.equal(said[256:], DONE, "SIGN")
    tap.equal(pow(int.from_bytes(said[:256], "big"), exponent, modulus), int.from_bytes(block, "big"), "what was signed")
    qemu = vm.pid(made, it.machine)
    tap.equal([f for f in vm.fds_of(qemu).values() if "database" in f], [], "files of QEMU's")
    tap.equal(len(programs()), 1, "programs with a card")
    vm.force_off(made, it.machine)
    tap.wait_for(lambda: programs() == [], 10, "the program's end")


@tap.case
def with_a_pin():
    """Where the database has a password, the card signs for who says it as its PIN, and for nobody else"""
    made = session()
    folder = database(made, "314159")
    it = boot(made, "pin", SMARTCARD.format("host-certificates", MADE + f"<database>{folder}</database>"))
    tap.wait_for(lambda: status(it) == "card", 20, "a card in the guest")
    block = b"\0\1" + b"\xff" * 233 + b"\0" + b"twenty bytes to sign"

    def verify(pin):
        return f"0020000008{pin.encode().ljust(8, bytes([255])).hex()}"

    tap.true(len(sign(it, block)) == 2, "it signs without a PIN")
    tap.true(len(sign(it, block, verify("271828"))) == 2, "it signs with a wrong PIN")
    tap.equal(sign(it, block, verify("314159"))[256:], DONE, "SIGN with the PIN")
    it.end()


@tap.case
def comes_and_goes():
    """A reader with its card comes while the guest runs, and goes; the next helper knows its program, and it may come again"""
    made = session()
    folder = database(made)
    device = SMARTCARD.format("host-certificates", MADE + f"<database>{folder}</database>")
    it = boot(made, "comes")
    tap.equal(status(it), "no reader")
    for _ in range(2):
        tap.equal(it.add(device), {"smartcard:0": ("live", "")}, "the answer")
        tap.wait_for(lambda: status(it) == "card", 20, "a card in the guest")
        crash.replace(made)
        it.line.close()
        it.line = vm.serial(made, it.machine, history=GLib.Variant("b", False))
        tap.equal(ask(it, PKI)[1], "610d", "SELECT, with the next helper")
        tap.equal(it.remove("<smartcard", "</smartcard>"), {"smartcard:0": ("live", "")}, "the answer")
        tap.wait_for(lambda: status(it) == "no reader", 20, "the reader's end in the guest")
        tap.wait_for(lambda: programs() == [], 10, "the program's end")
    it.end()


@tap.case
def refused():
    """A database that is not there, or in the machines' folder, is refused by a sentence; what it lacks is in the log"""
    made = session()
    it = boot(made, "refused")
    for folder, words in (("/nowhere", "is not there"), (str(domain.folder(made)), "cannot be shared")):
        answer = it.add(SMARTCARD.format("host-certificates", MADE + f"<database>{folder}</database>"))
        tap.true(words in answer["smartcard:0"][1], str(answer))
        it.remove("<smartcard", "</smartcard>")
    empty = made.path / "empty"
    empty.mkdir()
    it.add(SMARTCARD.format("host-certificates", MADE + f"<database>{empty}</database>"))
    tap.wait_for(lambda: "certificates cannot be read" in domain.call(made, it.machine, "GetLog")[0], 10, "the log")
    tap.wait_for(lambda: status(it) == "none", 20, "a reader without a card")
    it.end()


class Card(threading.Thread):
    """One in the reader of vpcd, whose driver is pcscd's: what it heard, and what it answers to all."""

    ATR = bytes.fromhex("3b8f8001804f0ca000000306030001000000006a")

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer, self.heard = answer, []
        self.socket = tap.wait_for(lambda: socket.create_connection(("127.0.0.1", 0x8C7B)), 10, "vpcd")
        self.start()

    def run(self):
        with self.socket:
            while True:
                size = self.socket.recv(2, socket.MSG_WAITALL)
                if len(size) < 2:
                    return
                data = self.socket.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
                if data == b"\x04":
                    self._say(self.ATR)
                elif len(data) > 1:
                    self.heard.append(data.hex())
                    self._say(self.answer)

    def _say(self, data):
        self.socket.sendall(len(data).to_bytes(2, "big") + data)

    def take_out(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.join(5)


@tap.case
def this_computers():
    """What is in this computer's reader answers the guest; it is taken out, and another one put in"""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/pcscd"], check=False) if os.path.isdir("/run/pcscd") else os.mkdir("/run/pcscd")
    service = subprocess.Popen(["pcscd", "--foreground"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    tap.cleanup(service.wait)
    tap.cleanup(service.terminate)
    card = Card(b"first" + DONE)
    made = session()
    it = boot(made, "computer", SMARTCARD.format("host", ""))
    tap.wait_for(lambda: status(it) == "card", 20, "a card in the guest")
    tap.equal(ask(it, "00a4040000")[0], Card.ATR.hex(), "its ATR")
    tap.equal(ask(it, "00b0000005")[1], (b"first" + DONE).hex(), "its answer")
    tap.true("00b0000005" in card.heard, str(card.heard))
    card.take_out()
    tap.wait_for(lambda: status(it) == "none", 20, "no card in the guest")
    Card(b"second" + DONE)
    tap.wait_for(lambda: status(it) == "card", 20, "another card in the guest")
    tap.equal(ask(it, "00b0000006")[1], (b"second" + DONE).hex(), "its answer")
    it.end()


tap.main()
