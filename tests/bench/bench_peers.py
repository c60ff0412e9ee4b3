# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's dbus-daemon and polkitd killed under the real window: whether it stalls, by its own frame
clock, and how soon the helper can be used again."""

import array
import os
import subprocess

from gi.repository import GLib

from bench import measure
from lib import bus, domain, env, flood, ns, peers, proc, system, tap, ui, vm, xvfb

ROUNDS = int(os.environ.get("INN_BENCH_ROUNDS", "100"))

measure.need_plain_build()
ns.enter()
proc.become_subreaper()


def library(folder):
    path = folder / "frame-clock.so"
    flags = subprocess.run(["pkg-config", "--cflags", "gtk4"], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", *flags, "-o", path,
                    env.SOURCE / "tests/bench/frame-clock.c"], check=True)
    return path


def gaps(path, since=0):
    values = array.array("d")
    values.frombytes(path.read_bytes()[since * 8:])
    return list(values)


@tap.case
def window():
    """Frames of the window, and the first answer after each kill"""
    place = system.make()
    session = bus.Session()
    tap.cleanup(session.close)
    one = system.Root(place)
    machine = domain.create(one, vm.definition("small", vm.SERIAL, memory=32, machine="pc"))
    xvfb.Display(session, "1280x900")
    frames = session.path / "frames"
    app = session.spawn([env.APP], name="innkeeper", extra_env={"G_DEBUG": "", "LD_PRELOAD": str(library(session.path)), "INN_FRAMES": str(frames)})
    tap.wait_for(lambda: ui.activate(session, "win.connection", GLib.Variant("s", "system")) is None, 40, "the window")
    ui.activate(session, "win.start")
    vm.wait_state(one, machine, "running")
    calm = len(gaps(frames))
    tap.wait_for(lambda: len(gaps(frames)) > calm + 120, 30, "a calm moment's frames")
    measured = {"between two frames, nothing happens": gaps(frames, calm), "dbus-daemon killed: usable again": [],
                "polkitd killed: usable again": []}
    begun, since = len(gaps(frames)), measure.now()
    for _ in range(ROUNDS):
        asked = peers.ask_much(one, machine, "round")
        place.bus.kill()
        for future in asked:
            future.exception(30)
        place.start_bus()
        begin = measure.now()
        one = system.Root(place)
        one.machines()
        measured["dbus-daemon killed: usable again"].append(measure.now() - begin)
        for path in one.machines():
            if path != machine:
                domain.delete(one, path)
        peers.polkitd_killed(one, machine, "root")
        begin = measure.now()
        peers.set_autostart(one, machine, False)
        measured["polkitd killed: usable again"].append(measure.now() - begin)
    measured["between two frames, all the while"] = gaps(frames, begun)
    shown, lasted = sum(measured["between two frames, all the while"]), measure.now() - since
    tap.true(shown > 0.8 * lasted, f"frames for {shown:.1f} of {lasted:.1f} s")
    tap.true(app.running(), f"the window has ended: {app.output()[-3000:]}")
    vm.force_off(one, machine)
    measure.show(measured)
    worst = max(measured["between two frames, all the while"])
    measure.save("peers", measured, [
        (f"the window's longest stall while dbus-daemon and polkitd are killed {ROUNDS} times each",
         f"{worst * 1000:.0f} ms (with nothing happening {max(measured['between two frames, nothing happens']) * 1000:.0f} ms)", "≤ 100 ms"),
        *((f"{name}, p99", f"{flood.percentile(measured[name], 0.99) * 1000:.0f} ms", "≤ 1 s")
          for name in ("dbus-daemon killed: usable again", "polkitd killed: usable again"))])


tap.main()
