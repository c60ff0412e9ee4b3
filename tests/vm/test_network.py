# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's network card, seen from inside the guest, in networks of the test's own: what it reaches and
what it must not reach."""

import hashlib
import os
import signal
import subprocess
from pathlib import Path

from gi.repository import GLib

from lib import bus, domain, net, ns, proc, tap, vm

ns.enter(network=True)

NIC = "<interface type='user'><mac address='52:54:00:12:34:{:02x}'/><model type='virtio'/></interface>"
PASST = Path("/usr/bin/passt")

internet = net.outside()


def session():
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    return made


def boot(made, name, devices):
    machine = domain.create(made, vm.linux(name, made, vm.SERIAL + devices))
    vm.start(made, machine)
    line = vm.serial(made, machine)
    tap.cleanup(line.close)
    line.expect("GUEST-UP", 120)
    line.expect(vm.guest.PROMPT)
    return machine, line


def asks(line, address, port=net.PORT, seconds=10):
    """What a service says to the guest."""
    host = f"[{address}]" if ":" in address else address
    return line.shell(f"timeout {seconds} wget -q -O - http://{host}:{port}/hello 2>&1")


def log(made, machine):
    return domain.call(made, machine, "GetLog")[0]


def netns(process):
    return os.readlink(f"/proc/{process}/ns/net")


def status(process):
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines()
                if ":\t" in line)


@tap.case
def passt_connects():
    """By passt a guest gets an address and reaches the internet, while its QEMU has no network at all"""
    made = session()
    machine, line = boot(made, "web", NIC.format(1))
    tap.equal(made.get(machine, domain.MACHINE, "UserNetwork"), "passt", "UserNetwork")
    tap.equal([a for a, p in net.listening() if "passt" in p], [], "passt waits for callers")
    tap.true("LEASE 10.0.2.15/24 10.0.2.2" in net.lease(line), "no lease")
    tap.equal(asks(line, net.SERVER), f"HELLO {net.HERE}", "TCP")
    said = line.shell(f"nslookup -type=a name.test {net.SERVER}")
    tap.true(f"Address: {net.HERE}" in said, f"UDP: {said}")
    web = f"http://{net.SERVER}:{net.PORT}"
    tap.equal(line.shell(f"wget -q -O - {web}/big | md5sum", 120).split()[0], hashlib.md5(net.BIG).hexdigest(), "down")
    sums = line.shell(f"head -c 3000000 /dev/urandom | base64 > /tmp/up; md5sum < /tmp/up; "
                      f"wget -q -O - --post-file=/tmp/up {web}", 120).split()
    tap.equal(sums[0], sums[2], "up")
    qemu = vm.pid(made, machine)
    tap.true(netns(qemu) != netns("self"), "QEMU is in the host's network")
    [passt] = proc.find("passt")
    tap.equal(netns(passt), netns("self"), "passt's network")
    facts = status(passt)
    tap.equal(facts["Uid"].split(), status(qemu)["Uid"].split(), "passt's uid")
    tap.equal(int(facts["CapEff"], 16), 0, "passt's capabilities")
    tap.equal(facts["NoNewPrivs"], "1", "passt's NoNewPrivs")
    tap.equal(facts["Seccomp"], "2", "passt's Seccomp")
    tap.equal(os.listdir(f"/proc/{passt}/root"), [], "files that passt sees")
    held = [f for f in vm.fds_of(passt).values() if not f.startswith(("socket:", "anon_inode:", "pipe:", "/dev/null"))]
    tap.equal(held, [], "passt's files")
    vm.force_off(made, machine)
    tap.wait_for(lambda: not proc.alive(passt), 5, "passt's end with the guest", 0.01)
    tap.equal(made.get(machine, domain.MACHINE, "UserNetwork"), "", "UserNetwork when off")


@tap.case
def nothing_of_the_host():
    """A guest reaches no service on this host's loopback, however it writes the address"""
    made = session()
    loopback, loopback6 = net.Listener("127.0.0.1"), net.Listener("::1")
    machine, line = boot(made, "nosy", NIC.format(2))
    tap.true("LEASE" in net.lease(line), "no lease")
    # Its own loopback gone, these addresses lead out of the card.
    line.shell("ip address del 127.0.0.1/8 dev lo; ip -6 address del ::1/128 dev lo; ip link set lo down; "
               "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet; "
               "ip route del local 127.0.0.0/8 table local; ip route add 127.0.0.0/8 via 10.0.2.2; "
               "ip -6 route add ::1/128 dev eth0; ip route")
    packets = "cat /sys/class/net/eth0/statistics/tx_packets"
    for address in ("127.0.0.1", "10.0.2.2", "10.0.2.3", "127.1.2.3"):
        before = int(line.shell(packets))
        asks(line, address, loopback.port, seconds=2)
        tap.true(int(line.shell(packets)) > before, f"nothing went out to {address}: the try is none")
    asks(line, "::1", loopback6.port, seconds=2)
    tap.equal(loopback.callers() + loopback6.callers(), 0, "callers")
    tap.equal(asks(line, net.SERVER), f"HELLO {net.HERE}", "afterwards the internet")


@tap.case
def passt_dies():
    """When passt ends the guest goes on, the log tells, and another passt takes the card up"""
    made = session()
    machine, line = boot(made, "cut", NIC.format(3))
    net.lease(line)
    tap.equal(asks(line, net.SERVER), f"HELLO {net.HERE}", "before")
    [passt] = proc.find("passt")
    qemu = vm.pid(made, machine)
    os.kill(passt, signal.SIGKILL)
    tap.wait_for(lambda: [p for p in proc.find("passt") if p != passt], 15, "another passt", 0.05)
    tap.true(proc.alive(qemu) and vm.state(made, machine) == "running", "the guest has ended")
    said = log(made, machine)
    tap.true("/usr/bin/passt, which connects interface-525400123403, has ended (signal 9)." in said, said)
    tap.wait_for(lambda: asks(line, net.SERVER) == f"HELLO {net.HERE}", 30, "the internet again", 0.5)


@tap.case
def outlives_the_helper():
    """Killing the helper leaves guest, passt and what is under way alive; the next one knows of it"""
    made = session()
    machine, line = boot(made, "stays", NIC.format(4))
    net.lease(line)
    tap.equal(asks(line, net.SERVER), f"HELLO {net.HERE}", "before")
    [passt] = proc.find("passt")
    made.helper.kill()
    line.close()
    tap.wait_for(lambda: not bus.has_owner(made.connection, bus.NAME), 10, "the name's end")
    tap.true(proc.alive(passt), "passt has ended with the helper")
    made.start_helper()
    tap.equal(made.get(machine, domain.MACHINE, "UserNetwork"), "passt", "UserNetwork for the next helper")
    again = vm.serial(made, machine, history=GLib.Variant("b", False))
    tap.cleanup(again.close)
    tap.equal(asks(again, net.SERVER), f"HELLO {net.HERE}", "after the helper's end")
    os.kill(vm.pid(made, machine), signal.SIGKILL)
    tap.wait_for(lambda: not proc.alive(passt), 5, "passt's end with the guest", 0.01)


@tap.case
def before_the_network_is_there():
    """A guest that starts while this host has no network has one as soon as the host does"""
    made = session()
    net.ip("route", "del", "default")
    machine, line = boot(made, "offline", NIC.format(5))
    tap.true("LEASE 10.0.2.15/24 10.0.2.2" in net.lease(line), "no lease without a network")
    net.ip("route", "add", "default", "via", net.GATEWAY)
    tap.equal(asks(line, net.SERVER), f"HELLO {net.HERE}", "the internet")


@tap.case
def two_cards():
    """Each card of a machine has a passt of its own, and a pulled cable carries nothing"""
    made = session()
    pulled = NIC.format(7).replace("</interface>", "<link state='down'/></interface>")
    machine, line = boot(made, "two", NIC.format(6) + pulled)
    tap.equal(len(proc.find("passt")), 2, "passts")
    tap.equal(line.shell("cat /sys/class/net/eth0/address /sys/class/net/eth1/address").split(),
              ["52:54:00:12:34:06", "52:54:00:12:34:07"], "addresses")
    line.shell("ip link set eth0 up; ip link set eth1 up; sleep 1")
    tap.equal(line.shell("cat /sys/class/net/eth0/carrier /sys/class/net/eth1/carrier").split(), ["1", "0"], "carrier")


@tap.case
def without_passt():
    """Where passt is not installed QEMU's own network is used, which the machine's state tells"""
    subprocess.run(["mount", "--bind", "/dev/null", PASST], check=True)
    tap.cleanup(lambda: subprocess.run(["umount", PASST], check=True))
    made = session()
    loopback = net.Listener("127.0.0.1")
    band = "<bandwidth><inbound average='500'/></bandwidth></interface>"
    machine, line = boot(made, "slirp", NIC.format(8).replace("</interface>", band))
    said = domain.call(made, machine, "GetXml")[0].replace('average="500"', 'average="600"')
    [(_, when, sentence)] = domain.call(made, machine, "Apply", GLib.Variant("s", said))[0]
    tap.true(when == "restart" and "passt" in sentence, f"{when}: {sentence}")
    tap.equal(made.get(machine, domain.MACHINE, "UserNetwork"), "slirp", "UserNetwork")
    tap.true("LEASE 10.0.2.15/24 10.0.2.2" in net.lease(line), "no lease")
    tap.equal(asks(line, net.SERVER), f"HELLO {net.HERE}", "TCP")
    tap.equal(netns(vm.pid(made, machine)), netns("self"), "QEMU's network")
    root = Path(f"/proc/{vm.pid(made, machine)}/root")
    tap.true(sorted(os.listdir(root / "etc")) in ([], ["resolv.conf"]), "files in /etc")
    # The listener of nothing_of_the_host can be reached where something lets the guest: this is why.
    asks(line, "10.0.2.2", loopback.port, seconds=2)
    tap.equal(loopback.callers(), 1, "callers by QEMU's own network")


tap.main()
