# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What helper and window use of the CPU while 20 guests run and do nothing."""

import os
import subprocess

from bench import frames, measure, peers
from lib import bus, domain, env, ns, proc, tap

GUESTS = 20
SECONDS = 30
RUNS = 9

measure.need_plain_build()
peers.need()
ns.enter()
proc.become_subreaper()


def definition(name, disk):
    return peers.domain(name, disk, memory=32)


@tap.case
def idle_guests():
    """20 idle guests: CPU of helper and app, beside libvirt and virt-manager"""
    ns.System()
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    screen = frames.Screen(session)
    # As at every desk: where there is none, GTK 4 asks the X server for it at each frame.
    session.spawn(["openbox"], name="openbox")
    helper = session.start_helper()
    libvirt = peers.Libvirt(session.environ)
    windows = []

    def show(argv):
        drawn = screen.watch()
        begin = measure.now()
        process = subprocess.Popen([str(a) for a in argv], env=session.environ,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tap.cleanup(process.wait)
        tap.cleanup(process.kill)
        windows.append(process)
        frames.first_frame(drawn, process, begin)
        return process

    measured = {}

    def measure_with(name, process, service):
        pids = [process.pid, *proc.descendants(process.pid), *service()]
        shares = [measure.cpu_share(pids, SECONDS / 3) for _ in range(RUNS + 1)][1:]
        measured[name] = shares
        return measure.median(shares)

    for i in range(GUESTS):
        path = domain.create(session, definition(f"idle{i:02}", None),
                             storage=domain.storage(domain.new_disk(size=1 << 30)))
        job = domain.call(session, path, "Start")[0]
        properties = domain.wait_job(session, job)
        tap.equal(properties["State"], "done", properties["ErrorMessage"])
    ours = measure_with("Innkeeper, helper + app", show([env.APP]), lambda: [helper.pid])
    running = [p for p, i in session.machines().items() if i[domain.MACHINE]["State"] == "running"]
    tap.equal(len(running), GUESTS, "running guests")
    for path in running:
        domain.call(session, path, "ForceOff")
    windows[0].kill()
    windows[0].wait()

    for i in range(GUESTS):
        disk = f"{session.path}/libvirt{i:02}.qcow2"
        bus.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1G"])
        libvirt.define(definition(f"idle{i:02}", disk)).create()
    theirs = measure_with(
        "libvirt, daemons + virt-manager",
        show(["/usr/bin/virt-manager", "--connect", "qemu:///system", "--no-fork"]),
        lambda: [p for p in libvirt.pids() if "qemu-system" not in os.path.basename(
            os.readlink(f"/proc/{p}/exe"))])
    measure.show(measured, unit="%")
    measure.save("idle", measured, [
        ("20 idle guests running, helper + app",
         f"{ours:.2f} % of a core (libvirt + virt-manager {theirs:.2f} %)", "< 0.5 % of one core"),
    ], unit="% of a core")


tap.main()
