# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Innkeeper as it is installed in a computer.Computer: calls of the person at its desk, and her machines."""

import re

from . import bus, computer, domain, tap, vm

UNIT = "vmm-helper"


class Installed:
    def __init__(self, pc):
        self.pc = pc

    def call(self, path, method, *args, user=None, check=True, interface=domain.MACHINE):
        """By somebody at the desk, or by @user without a session."""
        argv = ["gdbus", "call", "--system", "--timeout", "60", "-d", bus.NAME, "-o", path, "-m",
                f"{interface}.{method}", "--", *args]
        if user:
            argv = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", *argv]
        code, out, err = self.pc.ask(argv, port="root" if user else "desk", timeout=90)
        tap.true(code == 0 or not check, f"{method}: {err}")
        return (out if code == 0 else err).strip()

    def prop(self, path, name, interface=domain.MACHINE, **kwargs):
        return self.call(path, "Get", interface, name, interface=bus.PROPERTIES, **kwargs)

    def end_of_job(self, answer):
        """Waits for the job an answer names; answers its state and error."""
        job = re.search(r"'(/org/innkeeper/Helper1/jobs/\d+)'", answer)[1]
        tap.wait_for(lambda: "running" not in self.prop(job, "State", domain.JOB), 120, "the job's end", 0.2)
        return self.prop(job, "State", domain.JOB) + self.prop(job, "ErrorMessage", domain.JOB)

    def make(self, name, sector, more="", tune="", machine="pc"):
        """A machine of the person at the desk, with a boot sector in her home; answers its path."""
        user, bus_name = computer.USER, "ide" if machine == "pc" else "sata"
        image = f"/home/{user}/{name}.img"
        self.pc.write(image, sector, 0o600, f"{user}:{user}")
        disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/>"
                f"<target dev='{'hda' if machine == 'pc' else 'sda'}' bus='{bus_name}'/></disk>")
        definition = vm.definition(name, disk + vm.SERIAL + more, memory=32, machine=machine).replace(
            "</vcpu>", "</vcpu>" + tune)
        answer = self.call(bus.MANAGER, "Create", f'"{definition}"', "@a{sv} {}", interface=domain.MANAGER)
        tap.true("done" in self.end_of_job(answer), answer)
        return re.search(r"'(/org/innkeeper/Helper1/machines/\w+)'", answer)[1]

    def start(self, path):
        said = self.end_of_job(self.call(path, "Start", "@a{sv} {}"))
        tap.true("done" in said, said)
        tap.true("running" in self.prop(path, "State"), "it does not run")

    def shows(self, name):
        """A property of the unit."""
        return self.pc.run(f"systemctl show -P {name} {UNIT}")

    def qemus(self):
        return self.pc.run("pgrep -x qemu-system-x86 || true").split()

    def warnings(self, boot=0):
        """What the journal has of us that a person should look at, but for the helper's death that we brought about."""
        text = self.pc.run(f"journalctl -b {boot} -q --no-pager -o cat -p warning _SYSTEMD_UNIT={UNIT}.service "
                           f"+ UNIT={UNIT}.service + UNIT='innkeeper-*'")
        return [line for line in text.splitlines() if "status=9/KILL" not in line and "'signal'" not in line]

    def wait_for_serial(self, path, wanted, seconds=60):
        """What the guest has said on its first line, from its beginning on, until it ends with @wanted."""
        read = ("import gi, os, select, time\nfrom gi.repository import Gio, GLib\n"
                "bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)\n"
                f"fds = bus.call_with_unix_fd_list_sync('{bus.NAME}', '{path}', '{vm.CONSOLE}', 'OpenSerial',\n"
                "    GLib.Variant('(sa{sv})', ('serial0', {})), None, 0, 60000, None, None)[1].steal_fds()\n"
                f"text, until = b'', time.monotonic() + {seconds}\n"
                f"while not text.endswith({wanted.encode()!r}) and time.monotonic() < until:\n"
                "    if select.select(fds, [], [], 1)[0]: text += os.read(fds[0], 4096)\n"
                "print(text.decode('latin-1'), end='')\n")
        code, out, err = self.pc.ask(["python3", "-c", read], port="desk", timeout=seconds + 30)
        tap.true(code == 0 and out.endswith(wanted), f"the serial line: {code} {out!r} {err}")
        return out
