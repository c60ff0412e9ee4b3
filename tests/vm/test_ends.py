# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest does to itself and what its definition wants then; a guest that may only run what is signed."""

import os
import signal
import threading
import time

from gi.repository import GLib

from lib import bus, domain, guest, proc, tap, vm

# What a guest says of its end, by the letter that makes the boot sector do it.
ENDS = {"on_poweroff": ("p", "It has shut down."), "on_reboot": ("r", "It has asked for a restart."),
        "on_crash": ("c", "The system in it has crashed.")}


def session():
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    return made


def each_end(made, action):
    """(field, sentence, machine, its line), the guest having ended itself."""
    for field, (letter, sentence) in ENDS.items():
        xml = vm.real_mode(f"{field}-{action}", made, more=f"<{field}>{action}</{field}>")
        machine = domain.create(made, xml)
        vm.start(made, machine)
        line = vm.serial(made, machine)
        line.expect("REAL MODE", 60)
        line.send(letter)
        yield field, sentence, machine, line


@tap.case
def destroy():
    """destroy: who powers off or restarts is off, who crashes has crashed, and its QEMU is gone"""
    made = session()
    for field, sentence, machine, _ in each_end(made, "destroy"):
        crash = field == "on_crash"
        vm.wait_state(made, machine, "crashed" if crash else "off", 30)
        tap.true(vm.reason(made, machine).startswith(sentence if crash else ""), vm.reason(made, machine))
        tap.wait_for(lambda: not proc.find("qemu-system"), 5, "QEMU's end")
        if crash:
            said = vm.reason(made, machine)
            tap.true(said.startswith(f"{sentence} Its last words:\nINNKEEPER REAL MODE"), said)
            tap.true("warning" not in said, said)


@tap.case
def at_the_start():
    """A QEMU that ends at its start is told by its own words, however late its shim writes them down"""
    made = session()
    kernel = made.path / "kernel"
    kernel.write_bytes(b"none")
    kernel.chmod(0o644)
    machine = domain.create(made, vm.definition("short", os_more=f"<kernel>{kernel}</kernel>"))
    frozen, said = [], None

    def freeze():
        """The shim, as soon as it has a QEMU; it goes on a while after that has ended."""
        while not stop.is_set() and not (frozen and not proc.find("qemu-system")):
            if not frozen and proc.find("qemu-system"):
                frozen.extend(proc.find("vmm-shim"))
                for pid in frozen:
                    os.kill(pid, signal.SIGSTOP)
            time.sleep(0.002)
        time.sleep(0.3)
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)

    for _ in range(5):  # this QEMU is soon over: on a busy computer before it is seen
        stop = threading.Event()
        freezer = threading.Thread(target=freeze)
        freezer.start()
        try:
            said = vm.start(made, machine, wanted=None)["ErrorMessage"]
        finally:
            stop.set()
            freezer.join()
        if frozen:
            break
    tap.true(frozen, "the shim stood still")
    tap.equal(said, "QEMU, the program that runs it, has ended at once. Its last words:\nqemu: invalid kernel header", "why")


@tap.case
def crashed():
    """A crash and its words are still told by the next helper, until the machine is started or switched off"""
    made = session()
    xml = vm.real_mode("crash", made, more="<on_crash>destroy</on_crash>")
    machine = domain.create(made, xml)

    def crash():
        vm.start(made, machine)
        line = vm.serial(made, machine)
        line.expect("REAL MODE", 60)
        line.send("c")
        vm.wait_state(made, machine, "crashed", 30)
        return vm.reason(made, machine)

    def next_helper():
        made.helper.stop()
        made.start_helper()
        return vm.state(made, machine), vm.reason(made, machine)

    said = crash()
    tap.equal(next_helper(), ("crashed", said), "after the next helper's start")
    vm.force_off(made, machine)
    tap.equal(next_helper(), ("off", ""), "switched off")
    crash()
    next_helper()
    vm.start(made, machine)
    tap.equal(vm.state(made, machine), "running", "started again")
    vm.force_off(made, machine)
    tap.equal(next_helper(), ("off", ""), "after a start that ended well")


@tap.case
def restart():
    """restart: who powers off, restarts or crashes begins again, in the same QEMU"""
    made = session()
    for field, _, machine, line in each_end(made, "restart"):
        qemu = vm.pid(made, machine)
        line.expect("REAL MODE", 30)
        tap.wait_for(lambda: vm.state(made, machine) == "running", 10, f"{field}: running")
        tap.equal(vm.pid(made, machine), qemu, f"{field}: the process")
        vm.force_off(made, machine)


@tap.case
def preserve():
    """preserve: the machine stands still as it was and says why"""
    made = session()
    for field, sentence, machine, line in each_end(made, "preserve"):
        vm.wait_state(made, machine, "paused", 30)
        tap.true(vm.reason(made, machine).startswith(sentence), f"{field}: {vm.reason(made, machine)}")
        tap.true(b"REAL MODE" not in line.buffer, "it began again")
        vm.force_off(made, machine)


@tap.case
def secure_boot():
    """A machine with Secure Boot starts; the system in it sees that it is on, and the firmware keeps its variables"""
    made = session()
    xml = vm.linux("secure", made, memory=256, packed=True).replace(
        "<os>", "<os firmware='efi'><firmware><feature enabled='yes' name='secure-boot'/></firmware>")
    machine = domain.create(made, xml)
    vm.start(made, machine)
    # What the firmware protects it protects from the guest by system management mode.
    argv = proc.cmdline(vm.pid(made, machine))
    tap.true("smm=on" in argv and "property=secure,value=on" in argv, argv)
    line = vm.serial(made, machine)
    line.expect(guest.PROMPT, 240)
    said = line.shell("dmesg | grep -i 'secure boot'")
    tap.true("Secure boot enabled" in said, f"the guest says {said!r}")
    vm.force_off(made, machine)
    nvram = domain.folder(made) / domain.uuid_of(machine) / "nvram"
    kept = nvram.read_bytes()
    # Microsoft's keys came with the template; the firmware has written what it starts from.
    tap.true(b"M\0i\0c\0r\0o\0s\0o\0f\0t\0" in kept or b"Microsoft Corporation" in kept, "no keys in it")
    vm.start(made, machine, paused=GLib.Variant("b", True))
    tap.equal(nvram.read_bytes(), kept, "the variables after another start")
    vm.force_off(made, machine)


tap.main()
