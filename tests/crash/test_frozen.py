# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A QEMU that stands still, a monitor that never answers, a shim that is stopped: it is that machine's
trouble alone, it is told by a sentence, and the machine can be forced off. How fast all that is, is
measured without sanitizers: tests/bench/bench_frozen.py."""

import contextlib
import os
import signal

from gi.repository import GLib

from lib import bus, domain, frozen, proc, tap, vm

TIMEOUT, QEMU, IO = (f"org.innkeeper.Error.{name}" for name in ("Timeout", "Qemu", "Io"))
NO_ANSWER = "does not answer. The machine can only be forced off."


def session(count=2):
    """(session, machines that run)"""
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    machines = [domain.create(made, vm.real_mode(f"m{i}", made, f"I AM {i}\r\n")) for i in range(count)]
    for machine in machines:
        vm.start(made, machine)
    return made, machines


def stop(process):
    os.kill(process, signal.SIGSTOP)
    tap.cleanup(go_on, process)


def go_on(process):
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGCONT)


def others_meanwhile(made, stuck, well, error, asks=frozen.ASKS):
    """Everything is asked of @stuck; while all of that waits, @well answers everything."""
    with frozen.asking(made, stuck, asks) as under_way:
        for name in frozen.ASKS:
            frozen.ask(made, well, name)
        made.machines()
        made.call(bus.MANAGER, domain.MANAGER, "GetStatistics", GLib.Variant("(a{sv})", ({},)))
        ended = [name for name, future in under_way.items() if future.done()]
        tap.equal(ended, [], "calls that have ended meanwhile: was anything stuck?")
        for name, future in under_way.items():
            failure = future.exception(60)
            tap.true(failure is not None, f"{name} was done")
            tap.equal(bus.error_name(failure), error, f"error of {name} ({failure.message})")
            tap.true(NO_ANSWER in failure.message and "m0" in failure.message, f"{name}: {failure.message}")


def can_be_forced_off(made, machine, process):
    vm.force_off(made, machine)
    tap.equal(vm.state(made, machine), "off", "state")
    vm.wait_dead(process)
    vm.start(made, machine)
    vm.force_off(made, machine)


@tap.case
def stopped():
    """A stopped QEMU: its calls fail by a sentence while the others answer; it goes on, or is forced off"""
    made, (machine, well) = session()
    process = vm.pid(made, machine)
    stop(process)
    tap.true(frozen.ask(made, machine, "OpenSerial") is not None, "its line is the shim's")
    others_meanwhile(made, machine, well, TIMEOUT)
    # The kernel knows something of it all the same.
    measured = {of for of, what, value in domain.call(made, machine, "GetPerformance")[1]}
    tap.true(measured >= {"cpu", "memory"} and "vcpu:0" not in measured, measured)
    tap.true("vcpu:0" in {of for of, what, value in domain.call(made, well, "GetPerformance")[1]}, "the other one's")
    go_on(process)
    tap.wait_for(lambda: frozen.ask(made, machine, "Screenshot") is not None, 20, "an answer when it goes on")
    stop(process)
    can_be_forced_off(made, machine, process)


@tap.case
def stopped_in_mid_call():
    """Forced off while calls to it are under way: they fail, and nothing is left of them"""
    made, (machine, well) = session()
    process = vm.pid(made, machine)
    files = len(os.listdir(f"/proc/{made.helper.pid}/fd"))
    stop(process)
    with frozen.asking(made, machine) as under_way:
        vm.force_off(made, machine)
        tap.equal(vm.state(made, machine), "off", "state")
        for name, future in under_way.items():
            tap.true(future.exception(60) is not None, f"{name} was done")
    frozen.ask(made, well, "Screenshot")
    tap.wait_for(lambda: len(os.listdir(f"/proc/{made.helper.pid}/fd")) < files, 20, "the end of its files")
    vm.start(made, machine)


@tap.case
def while_there_was_no_helper():
    """Stopped when the next helper comes: that one is there for the others, knows it, and can force it off"""
    made, (machine, well) = session()
    process = vm.pid(made, machine)
    made.helper.kill()
    stop(process)
    made.start_helper()
    tap.equal([vm.state(made, m) for m in (machine, well)], ["running", "running"], "states")
    frozen.ask(made, well, "Screenshot")
    # It has never said a word to this helper: there is nothing to wait for.
    for name in frozen.ASKS:
        said = bus.refuses(lambda n=name: frozen.ask(made, machine, n), QEMU)
        tap.true(NO_ANSWER in said, f"{name}: {said}")
    can_be_forced_off(made, machine, process)


@tap.case
def silent():
    """A monitor that greets and never answers: the same"""
    made, (machine, well) = session()
    process = vm.pid(made, machine)
    made.helper.kill()
    dumb = frozen.Monitor(vm.runtime(made) / domain.uuid_of(machine), answers=frozen.HANDSHAKE)
    tap.cleanup(dumb.close)
    made.start_helper()
    tap.equal(vm.state(made, machine), "running", "state")
    others_meanwhile(made, machine, well, TIMEOUT)
    tap.true("screendump" not in dumb.asked and "add-fd" in dumb.asked, dumb.asked)
    can_be_forced_off(made, machine, process)


@tap.case
def half_silent():
    """One that takes what it is passed, and then falls silent"""
    made, (machine, well) = session()
    process = vm.pid(made, machine)
    made.helper.kill()
    dumb = frozen.Monitor(vm.runtime(made) / domain.uuid_of(machine), answers=(*frozen.HANDSHAKE, "add-fd", "getfd"))
    tap.cleanup(dumb.close)
    made.start_helper()
    others_meanwhile(made, machine, well, TIMEOUT)
    tap.true({"screendump", "add_client"} <= set(dumb.asked), dumb.asked)
    can_be_forced_off(made, machine, process)


@tap.case
def mute():
    """One that does not even greet"""
    made, (machine, well) = session()
    process = vm.pid(made, machine)
    made.helper.kill()
    dumb = frozen.Monitor(vm.runtime(made) / domain.uuid_of(machine), answers=())
    tap.cleanup(dumb.close)
    made.start_helper()
    frozen.ask(made, well, "Screenshot")
    tap.true(NO_ANSWER in bus.refuses(lambda: frozen.ask(made, machine, "Pause"), QEMU), "its own")
    can_be_forced_off(made, machine, process)


@tap.case
def shim_stopped():
    """A stopped shim: its lines cannot be shown, which is said; all else goes on, of its machine, too"""
    made, (machine, well) = session()
    record = (vm.runtime(made) / domain.uuid_of(machine) / "record").read_text()
    (shim,) = [p for p in proc.find("vmm-shim") if f"shim={p}\n" in record]
    process = vm.pid(made, machine)
    stop(shim)
    with frozen.asking(made, machine, ("OpenSerial",)) as under_way:
        for name in (*frozen.ASKS, "OpenSerial"):
            frozen.ask(made, well, name)
        frozen.ask(made, machine, "Screenshot")
        tap.true(not under_way["OpenSerial"].done(), "was it stuck?")
        failure = under_way["OpenSerial"].exception(60)
        tap.equal(bus.error_name(failure), IO, f"error ({failure.message})")
        tap.true("cannot be shown" in failure.message, failure.message)
    vm.force_off(made, machine)
    tap.equal(vm.state(made, machine), "off", "state")
    vm.wait_dead(process)


tap.main()
