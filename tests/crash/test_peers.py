# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""polkitd, dbus-daemon and the app, each killed again and again while something is asked of it: nobody hangs,
nothing is done that was not allowed, and all can be used again."""

import os

from gi.repository import GLib

from lib import bus, domain, env, ns, peers, proc, system, tap, ui, vm, wizard, xvfb

ns.enter()

ROUNDS = tap.count(5, 100)
place = system.make()


def check_log():
    """What is started by the bus has the bus's log."""
    report = proc.SANITIZER_REPORT.search(place.log.read_text(errors="replace"))
    tap.true(not report, f"a sanitizer's report: {place.log.read_text(errors='replace')[-6000:]}")


def machine_of(name):
    """(a user, its machine)"""
    one = system.Root(place, ns.USER)
    return one, domain.create(one, small(name))


def remove(one, machine):
    if vm.state(one, machine) in ("running", "paused"):
        vm.force_off(one, machine)
    domain.delete(one, machine)


@tap.case
def polkitd():
    """polkitd killed with questions under way: each is answered, none by a yes, and the next one is allowed"""
    one, machine = machine_of("first")
    refused = 0
    for number in range(ROUNDS):
        answers = peers.polkitd_killed(one, machine, ns.USER)
        refused += len([a for a in answers if a])
        # Who came to ask when it was dead already was answered by the next one.
        tap.equal(one.get(machine, domain.MACHINE, "Autostart"), None in answers, f"what was asked for, round {number}")
        tap.wait_for(lambda: peers.set_autostart(one, machine, True), 10, "the next question's yes")
    # The helper asks for a user two at a time.
    tap.true(refused >= ROUNDS, f"only {refused} calls were under way")
    remove(one, machine)
    check_log()
    tap.figure("polkitd killed with questions under way: calls that hung, or were done without a yes",
               f"0 of {ROUNDS * peers.ASKED} in {ROUNDS} rounds, {refused} of them refused")


@tap.case
def system_bus():
    """The system's dbus-daemon killed in mid-call: guests go on, and on the next bus the next helper has all of them"""
    one, machine = machine_of("second")
    vm.start(one, machine)
    guest = vm.pid(one, machine)
    for number in range(ROUNDS):
        (helper,) = [p for p in proc.find("vmm-helper") if proc.cmdline(p).endswith("--system")][:1]
        asked = peers.ask_much(one, machine, f"round {number}")
        place.bus.kill()
        vm.wait_dead(helper, 30)
        for future in asked:
            future.exception(30)  # answered or not, it has ended
        place.start_bus()
        one = system.Root(place, ns.USER)
        tap.true(vm.state(one, machine) in ("running", "paused"), "the guest's state, asked at once")
        tap.equal(vm.pid(one, machine), guest, "its pid")
        tap.true(proc.alive(guest), "it lives")
        domain.call(one, machine, "Pause")
        domain.call(one, machine, "Resume")
    for path in one.machines():
        if path != machine:
            domain.delete(one, path)
    remove(one, machine)
    left = [n for n in os.listdir(f"{ns.STATE}/machines") if not n.startswith(".lock")]
    tap.equal(left, [], "folders at the end")
    check_log()
    tap.figure("system's dbus-daemon killed in mid-call: guests or machines lost, helpers that hung", f"0 in {ROUNDS} rounds")


def small(name):
    return vm.definition(name, vm.SERIAL, memory=32, machine="pc")


def open_window(session):
    """The app; it is driven by its actions alone: accessibility knows one session bus only."""
    if "DISPLAY" not in session.environ:
        session.display = xvfb.Display(session, "1280x900")
    return session.spawn([env.APP], name="innkeeper", extra_env={"G_DEBUG": "", "ASAN_OPTIONS": wizard.NO_LEAKS})


def start_by_window(session, one, machine):
    """Pressed again where the window did not know yet that the bus was away."""
    def started():
        ui.activate(session, "win.start")
        vm.wait_state(one, machine, "running", 3)
        return True

    tap.wait_for(started, 40, "the machine, started by the window")


@tap.case
def window_and_system_bus():
    """The window reaches the helper again when the system's bus is back, as often as it goes"""
    session = ns.UserSession()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    one, machine = machine_of("third")
    window = open_window(session)
    tap.wait_for(lambda: ui.activate(session, "win.connection", GLib.Variant("s", "system")) is None, 40, "the window")
    for number in range(ROUNDS):
        start_by_window(session, one, machine)
        ui.activate(session, "win.pause")
        place.bus.kill()
        place.start_bus()
        one = system.Root(place, ns.USER)
        tap.true(vm.state(one, machine) in ("running", "paused") and window.running(), f"round {number}")
        vm.force_off(one, machine)
    start_by_window(session, one, machine)
    remove(one, machine)
    check_log()
    tap.figure("system's dbus-daemon killed under the window: windows that did not come back", f"0 in {ROUNDS} rounds")


@tap.case
def window_and_session_bus():
    """Nor does it go with the session's bus: on the next one it has the helper started, which nobody else asks for"""
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    folder = session.path / "data_home/dbus-1/services"
    folder.mkdir(parents=True)
    (folder / f"{bus.NAME}.service").write_text(f"[D-BUS Service]\nName={bus.NAME}\nExec={env.HELPER} --session\n")
    window = open_window(session)
    for number in range(ROUNDS):
        tap.wait_for(lambda: bus.has_owner(session.connection, bus.NAME), 40, "the helper that the window starts")
        (helper,) = [p for p in proc.find("vmm-helper") if proc.cmdline(p).endswith("--session")][:1]
        session.bus.kill()
        vm.wait_dead(helper, 30)
        session.start_bus()
        tap.true(window.running(), f"the window has ended in round {number}: {window.output()[-2000:]}")
    tap.wait_for(lambda: bus.has_owner(session.connection, bus.NAME), 40, "the last helper")
    tap.figure("session's dbus-daemon killed under the window: windows that did not come back", f"0 in {ROUNDS} rounds")


@tap.case
def app():
    """The app killed in mid-call: what it asked for is done, others are answered, and the next window goes on"""
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    session.start_helper()
    machine = domain.create(session, small("fourth"))
    held = []
    for _ in range(ROUNDS + 1):
        window = open_window(session)
        start_by_window(session, session, machine)
        for verb in ("pause", "resume", "pause"):
            tap.wait_for(lambda v=verb: ui.activate(session, f"win.{v}") is None, 20, f"the action {verb}")
        window.kill()
        session.machines()
        vm.force_off(session, machine)
        held.append(len(os.listdir(f"/proc/{session.helper.pid}/fd")))
    tap.true(held[-1] <= held[0], f"files of the helper: {held}")
    tap.figure("app killed in mid-call: calls of others that hung, files of the helper more", f"0 in {ROUNDS} rounds")


tap.main()
