# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that run: definitions that boot quickly, their life, consoles and processes."""

import contextlib
import os
import shutil
import time
from pathlib import Path

from gi.repository import GLib

from . import bus, domain, guest, proc, qmp, tap

CONSOLE = bus.NAME + ".Console"
SERIAL = "<serial type='pty'><target type='isa-serial' port='0'/></serial>"
VIDEO = "<video><model type='vga'/></video>"
TCG = ("<metadata><i:machine xmlns:i='https://innkeeper.org/xmlns/machine/1'>"
       "<i:accelerator>{}</i:accelerator></i:machine></metadata>")


def definition(name, devices=SERIAL, memory=128, accelerator="tcg", os_more="", machine="q35", more="", vcpus=1):
    return (f"<domain type='qemu'><name>{name}</name>{TCG.format(accelerator)}"
            f"<memory unit='MiB'>{memory}</memory><vcpu>{vcpus}</vcpu>"
            f"<os><type arch='x86_64' machine='{machine}'>hvm</type>{os_more}</os><features><acpi/></features>"
            f"{more}<devices>{devices}</devices></domain>")


def linux(name, session, devices=SERIAL, initramfs=None, packed=False, **kwargs):
    """The busybox guest; its files are copied to where the caller may read them. @packed: as UEFI wants its kernel;
    and an unpacked one, which begins without any firmware's words, finds no security chip and no VGA screen."""
    image = (guest.packed_kernel if packed or "<tpm " in devices else guest.kernel)()[0]
    kernel, initrd = session.path / image.name, session.path / (initramfs or guest.initramfs()).name
    for source, copy in ((image, kernel), (initramfs or guest.initramfs(), initrd)):
        if not copy.exists():
            shutil.copy(source, copy)
            copy.chmod(0o644)
    return definition(name, devices, os_more=f"<kernel>{kernel}</kernel><initrd>{initrd}</initrd>"
                                             f"<cmdline>{guest.CMDLINE}</cmdline>", **kwargs)


def real_mode(name, session, text="INNKEEPER REAL MODE\r\n", accelerator="tcg", more=""):
    """A boot sector that writes to COM1 and waits for "p" or "r" there: up within a second."""
    image = session.path / f"{name}.img"
    image.write_bytes(guest.boot_sector(text))
    image.chmod(0o666)
    disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/>"
            "<target dev='hda' bus='ide'/></disk>")
    return definition(name, disk + SERIAL + VIDEO, memory=32, accelerator=accelerator, machine="pc",
                      more=more)


def start(session, machine, wanted="done", **opts):
    """Starts it and waits; answers the job's properties."""
    job = domain.call(session, machine, "Start", **opts)[0]
    properties = domain.wait_job(session, job)
    if wanted and properties["State"] != wanted:
        raise AssertionError(f"start: {properties['State']} {properties['ErrorName']}: {properties['ErrorMessage']}")
    return properties


def state(session, machine):
    return session.get(machine, domain.MACHINE, "State")


def reason(session, machine):
    return session.get(machine, domain.MACHINE, "StateReason")


def wait_state(session, machine, wanted, timeout=20):
    tap.wait_for(lambda: state(session, machine) == wanted, timeout, f"state {wanted}", 0.01)


def console(session, machine, method, *args, **opts):
    """A method of Console; answers its socket or file descriptor."""
    import socket

    parameters = GLib.Variant.new_tuple(*args, GLib.Variant("a{sv}", domain.options(**opts)))
    fds = bus.call(session.connection, machine, CONSOLE, method, parameters)[1]
    tap.equal(len(fds), 1, f"fds of {method}")
    return socket.socket(fileno=fds[0]) if method != "Screenshot" else fds[0]


def serial(session, machine, name="serial0", **opts):
    return qmp.Serial(console(session, machine, "OpenSerial", GLib.Variant("s", name), **opts))


def pid(session, machine):
    """Of its QEMU, as the record in the runtime folder says."""
    record = runtime(session) / domain.uuid_of(machine) / "record"
    values = dict(line.split("=", 1) for line in record.read_text().splitlines() if "=" in line)
    return int(values["qemu"])


def runtime(session):
    return Path(session.environ["XDG_RUNTIME_DIR"]) / "innkeeper"


def force_off(session, machine):
    domain.call(session, machine, "ForceOff")


def wait_dead(process, timeout=10):
    tap.wait_for(lambda: not proc.alive(process), timeout, f"the end of process {process}", 0.005)


def now():
    return time.monotonic()


def fds_of(process):
    """{number: what it is}; one may be closed while they are looked at."""
    folder, found = Path(f"/proc/{process}/fd"), {}
    for number in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            found[int(number)] = os.readlink(folder / number)
    return found
