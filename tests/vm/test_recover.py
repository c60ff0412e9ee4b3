# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of the helper: the guests go on, and the next helper knows them all."""

import os
import signal
import subprocess

from gi.repository import GLib

from lib import bus, crash, domain, env, guest, proc, tap, vm


def session():
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    return made


@tap.case
def five_guests():
    """Five guests outlive the helper: states, accelerator, consoles and pids are right again"""
    made = session()
    machines = [domain.create(made, vm.real_mode(f"guest{i}", made, f"I AM GUEST {i}\r\n")) for i in range(4)]
    machines.append(domain.create(made, vm.linux("linux", made)))
    for machine in machines:
        vm.start(made, machine)
    line = vm.serial(made, machines[4])
    line.expect(guest.PROMPT, 120)
    for i in range(4):
        vm.serial(made, machines[i]).expect(f"I AM GUEST {i}", 30)
    domain.call(made, machines[1], "Pause")
    vm.wait_state(made, machines[1], "paused")
    pids = [vm.pid(made, m) for m in machines]
    crash.kill(made)
    tap.equal(line.shell("echo still here"), "still here", "a viewer's line while there is no helper")
    made.start_helper()
    tap.equal([vm.state(made, m) for m in machines], ["running", "paused", "running", "running", "running"],
              "states, asked at once")
    tap.equal([vm.pid(made, m) for m in machines], pids, "pids")
    tap.true(all(proc.alive(p) for p in pids), "a guest died")
    for i in range(4):
        tap.equal(made.get(machines[i], domain.MACHINE, "Accelerator"), "tcg", "accelerator")
        vm.serial(made, machines[i]).expect(f"I AM GUEST {i}", 10)  # history from before
        viewer = vm.console(made, machines[i], "OpenDisplay", GLib.Variant("s", "vnc"))
        viewer.settimeout(10)
        tap.equal(viewer.recv(12), b"RFB 003.008\n", "VNC's greeting")
    again = vm.serial(made, machines[4], history=GLib.Variant("b", False))
    tap.equal(again.shell("echo typed anew"), "typed anew", "the new helper's line")
    tap.true("live" in domain.call(made, machines[0], "GetXml", live=GLib.Variant("b", True))[0]
             or "guest0" in domain.call(made, machines[0], "GetXml", live=GLib.Variant("b", True))[0], "live XML")
    domain.call(made, machines[1], "Resume")
    vm.wait_state(made, machines[1], "running")
    os.kill(pids[2], signal.SIGKILL)
    vm.wait_state(made, machines[2], "crashed", 5)
    line.send("poweroff -f\n")
    vm.wait_state(made, machines[4], "off", 60)
    for machine in (machines[0], machines[1], machines[3]):
        vm.force_off(made, machine)
    tap.wait_for(lambda: not proc.find("qemu-system") and not proc.find("vmm-shim"), 5, "the end of all")


@tap.case
def ended_while_nobody_looked():
    """What ended while there was no helper is told: off by itself, crashed by a kill"""
    made = session()
    quiet = domain.create(made, vm.linux("quiet", made))
    loud = domain.create(made, vm.real_mode("loud", made))
    vm.start(made, quiet)
    vm.start(made, loud)
    line = vm.serial(made, quiet)
    line.expect(guest.PROMPT, 120)
    pids = [vm.pid(made, quiet), vm.pid(made, loud)]
    crash.kill(made)
    line.send("poweroff -f\n")
    os.kill(pids[1], signal.SIGKILL)
    for process in pids:
        vm.wait_dead(process, 60)
    tap.wait_for(lambda: not proc.find("vmm-shim"), 5, "the shims' end")
    made.start_helper()
    tap.equal((vm.state(made, quiet), vm.state(made, loud)), ("off", "crashed"), "states")
    tap.true("ended unexpectedly" in vm.reason(made, loud), vm.reason(made, loud))
    vm.start(made, loud)


@tap.case
def reused_pid_is_not_touched():
    """A record whose pid belongs to another process now: that one is left alone, the machine is not running"""
    made = session()
    machine = domain.create(made, vm.real_mode("reuse", made))
    vm.start(made, machine)
    record = vm.runtime(made) / domain.uuid_of(machine) / "record"
    process = vm.pid(made, machine)
    shim = proc.find("vmm-shim")[0]
    crash.kill(made)
    text = record.read_text()
    os.kill(process, signal.SIGKILL)
    vm.wait_dead(process)
    vm.wait_dead(shim)
    bystander = subprocess.Popen(["sleep", "1000"])
    tap.cleanup(bystander.wait)
    tap.cleanup(bystander.kill)
    says = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    tap.equal((says["qemu"], says["shim"]), (str(process), str(shim)), "the record")
    says["qemu"] = says["shim"] = bystander.pid
    says["check"] = crash.record_check(says["boot"], says["shim"], says["shim-start"], says["qemu"], says["qemu-start"])
    record.write_text("[guest]\n" + "".join(f"{name}={value}\n" for name, value in says.items()))
    made.start_helper()
    tap.equal(vm.state(made, machine), "crashed", "state")
    vm.force_off(made, machine)
    tap.true(bystander.poll() is None, "another process was killed")


@tap.case
def autostart_goes_on():
    """A helper killed while it starts the computer's machines: the next one starts them"""
    made = session()
    machine = domain.create(made, vm.real_mode("early", made))
    made.call(machine, domain.MACHINE, "SetAutostart", GLib.Variant("(ba{sv})", (True, {})))
    made.helper.stop()
    crash.wait_name_free(made)
    (vm.runtime(made) / "autostarted").unlink()
    dying = made.spawn([env.HELPER, "--session"], name="vmm-helper", extra_env={"VMH_ABORT_AT": "start:0"})
    dying.wait(30)
    crash.wait_name_free(made)
    made.start_helper()
    vm.wait_state(made, machine, "running", 30)
    vm.force_off(made, machine)


tap.main()
