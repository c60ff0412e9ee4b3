# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""This computer's own security chip in machines of the whole system, asked from inside a guest and from outside. A real
chip answers (swtpm); the kernel's device is a terminal here, and shows itself in tests/systemd/test_kvm.py."""

import os
from pathlib import Path

from lib import crash, domain, live, ns, system, tap, tpm, vm

ns.enter()
made = system.make(activated=False)
root = system.Root(made)
tap.on_failure(root.print_logs)
tap.cleanup_at_end(root.close)
ROOT = made.dir / "computer"
os.environ["VMH_USB_ROOT"] = str(ROOT)
chip = tpm.Device(ROOT)
tap.cleanup_at_end(chip.close)
root.start_helper()


def holders(place):
    """Who has the device open, but for the test itself."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) != os.getpid() and any(target == str(place) for target in vm.fds_of(folder.name).values()):
            found.append(int(folder.name))
    return found


def nobody_has(place=chip.place):
    tap.wait_for(lambda: holders(place) == [], 10, "that nobody has the chip")


def refused(name, device, *parts, model="tpm-tis"):
    xml = vm.real_mode(name, root).replace("</devices>", tpm.DEVICE.format(model, device) + "</devices>")
    machine = domain.create(root, xml)
    said = vm.start(root, machine, wanted=None)
    tap.equal((said["State"], vm.state(root, machine)), ("failed", "off"), str(said))
    for part in parts:
        tap.true(part in said["ErrorMessage"], said["ErrorMessage"])
    return machine


@tap.case
def measured_together():
    """What a guest adds to a register this computer finds there; its room is closed, and ends with the chip let go"""
    before, state = tpm.register(chip.ask(tpm.read(16))), chip.ask(tpm.read_state())
    guest = live.Guest(root, "measures", tpm.DEVICE.format("tpm-tis", "/dev/tpm0"))
    tap.equal(guest.line.shell("cat /sys/class/tpm/tpm0/tpm_version_major").strip(), "2", "version")
    tap.equal(tpm.register(chip.ask(tpm.read(16))), before, "the register, when nobody has touched it")
    digest = os.urandom(32)
    tap.equal(tpm.code(guest.ask_chip(tpm.extend(16, digest))), 0, "what the chip says to the guest")
    wanted = tpm.extended(digest, before)
    tap.equal(tpm.register(chip.ask(tpm.read(16))), wanted, "the register, as the computer reads it")
    tap.equal(tpm.register(guest.ask_chip(tpm.read(16))), wanted, "the register, as the guest reads it")
    process = vm.pid(root, guest.machine)
    tap.equal(holders(chip.place), [process], "who has the chip")
    tap.equal(set(os.listdir(f"/proc/{process}/root/dev")) - {"kvm"}, {"null", "urandom", "zero"}, "devices in its room")
    tap.true(not os.path.exists(f"/proc/{process}/root/sys"), "its room has a /sys")
    guest.end()
    nobody_has()
    tap.equal(chip.ask(tpm.read_state()), state, "what of the chip is on: no guest's firmware turns it off")


@tap.case
def killed_helper():
    """kill -9 of the helper leaves the chip to the guest; the next one ends both together"""
    guest = live.Guest(root, "outlives", tpm.DEVICE.format("tpm-tis", "/dev/tpm0"))
    process = vm.pid(root, guest.machine)
    crash.replace(root)
    tap.equal(holders(chip.place), [process], "who has the chip")
    tap.equal(tpm.code(guest.ask_chip(tpm.extend(16, os.urandom(32)))), 0, "what the chip says to the guest")
    guest.end()
    nobody_has()


@tap.case
def not_there():
    """A chip that the kernel does not know, one that is mute or takes too much is told of by a sentence; nobody has it then"""
    refused("none", "/dev/tpm1", "This computer has no security chip “/dev/tpm1”", "firmware", "a chip of its own")
    unknown = tpm.Device(ROOT, "tpm2", known=False)
    tap.cleanup(unknown.close)
    refused("unknown", "/dev/tpm2", "This computer has no security chip “/dev/tpm2”")
    tap.equal(unknown.asked, 0, "commands that it got")
    nobody_has(unknown.place)
    mute = tpm.Device(ROOT, "tpm3", answers=False)
    tap.cleanup(mute.close)
    refused("mute", "/dev/tpm3", "security chip does not answer")
    nobody_has(mute.place)
    refused("small", "/dev/tpm0", "Choose TIS", model="tpm-crb")
    nobody_has()


@tap.case
def fails_later():
    """A start that fails after the chip was opened lets go of it"""
    stick = ("<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0x5678'/></source></hostdev>")
    xml = vm.real_mode("later", root).replace("</devices>", tpm.DEVICE.format("tpm-tis", "/dev/tpm0") + stick + "</devices>")
    said = vm.start(root, domain.create(root, xml), wanted=None)
    tap.true("1234:5678 is not plugged in" in said["ErrorMessage"], str(said))
    nobody_has()


tap.main()
