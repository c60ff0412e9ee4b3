# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's machines on bridges and networks of the test's own, and what there is of devices for them."""

from pathlib import Path

from . import domain, guest, net, system, tap, vm

DEVICES = Path("/sys/class/net")


def card(kind, source, number, more="", model="virtio"):
    return (f"<interface type='{kind}'><mac address='52:54:00:ab:cd:{number:02x}'/><source {kind}='{source}'/>"
            f"<model type='{model}'/>{more}</interface>")


def session(made):
    """@made: system.make(), in a network of the test's own."""
    root = system.Root(made)
    tap.on_failure(root.print_logs)
    root.start_helper()
    tap.cleanup(root.close)
    return root


def boot(root, name, devices, address):
    """A guest with this address on its card."""
    machine = domain.create(root, vm.linux(name, root, vm.SERIAL + devices))
    vm.start(root, machine)
    tap.cleanup(lambda: vm.state(root, machine) == "off" or vm.force_off(root, machine))
    line = vm.serial(root, machine)
    tap.cleanup(line.close)
    line.expect("GUEST-UP", 120)
    line.expect(guest.PROMPT)
    line.shell(f"ip link set eth0 up; ip address add {address}/24 dev eth0")
    return machine, line


def taps():
    return sorted(d.name for d in DEVICES.iterdir() if (d / "tun_flags").exists())


def networks():
    return sorted(d.name for d in DEVICES.iterdir() if d.name.startswith("inn-"))


def detours():
    return sorted(d.name for d in DEVICES.iterdir() if d.name.startswith("innifb"))


def bridge():
    """br0, with a far host on it at 192.0.2.9; the computer itself is 192.0.2.1 there."""
    net.ip("link", "add", "br0", "type", "bridge")
    tap.cleanup(net.ip, "link", "del", "br0")
    far = net.Namespace("far")
    far.address("192.0.2.9/24")
    net.ip("link", "set", "far", "master", "br0")
    net.ip("address", "add", "192.0.2.1/24", "dev", "br0")
    net.ip("link", "set", "br0", "up")
    return far
