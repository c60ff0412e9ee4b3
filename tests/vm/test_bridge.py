# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cards on a bridge of the computer, and networks that machines have between them, by the system helper, in
a network of the test's own; seen from inside the guests."""

import os
import re
from pathlib import Path

from gi.repository import GLib

from lib import bus, domain, net, ns, proc, system, tap, vm
from lib.bridges import DEVICES, boot, bridge, card, networks, session, taps
from lib.caller import Caller

ns.enter(network=True)
made = system.make()


def pings(line, address, count=3):
    return "0% packet loss" in line.shell(f"ping -c {count} -W 2 {address}").replace("100%", "all")


def counted(root, machine, line, device):
    """What GetPerformance tells of the card is what the host's device counts, and within 2 % what the guest does."""
    card_of = "interface:52:54:00:ab:cd:01"

    def told():
        values = {what: value for of, what, value in domain.call(root, machine, "GetPerformance")[1] if of == card_of}
        return values["received-bytes"], values["sent-bytes"]

    def by_host():
        return tuple(int((DEVICES / device / "statistics" / n).read_text()) for n in ("tx_bytes", "rx_bytes"))

    def by_guest():
        return tuple(int(n) for n in line.shell("cat /sys/class/net/eth0/statistics/?x_bytes").split())

    before, guest_before = told(), by_guest()
    line.shell("ping -c 5 -s 4000 192.0.2.9")
    tap.wait_for(lambda: told() == by_host(), 20, "what the host's device counts")
    after, guest_after = told(), by_guest()
    for way in range(2):
        grown = after[way] - before[way]
        tap.true(grown > 5 * 4000, f"{before}, then {after}")
        tap.true(abs(guest_after[way] - guest_before[way] - grown) <= 0.02 * grown,
                 f"{grown} of {'sent' if way else 'received'} bytes; the guest: {guest_before}, then {guest_after}")


@tap.case
def on_a_bridge():
    """A card on a bridge reaches the computer and what else is there; QEMU has no network and makes nothing"""
    bridge()
    root = session(made)
    tap.equal(dict(root.get(bus.MANAGER, domain.MANAGER, "Networks")),
              {"user": "", "network": "", "bridge": "", "direct": ""}, "what the system's machines may have")
    address = (DEVICES / "br0/address").read_text()
    machine, line = boot(root, "bridged", card("bridge", "br0", 1), "192.0.2.5")
    tap.true(pings(line, "192.0.2.9"), "the far host does not answer")
    tap.true(pings(line, "192.0.2.1"), "the computer does not answer")
    tap.equal((DEVICES / "br0/address").read_text(), address, "the bridge's own address")
    [device] = taps()
    tap.equal(os.path.basename(os.readlink(DEVICES / device / "master")), "br0", "where the tap is")
    tap.equal((DEVICES / device / "address").read_text().strip(), "fe:54:00:ab:cd:01", "the tap's address")
    tap.true(int((DEVICES / device / "tun_flags").read_text(), 16) & 0x4000, "no vnet_hdr")
    tap.true(not int((DEVICES / device / "tun_flags").read_text(), 16) & 0x0800, "the tap is persistent")
    counted(root, machine, line, device)
    qemu = vm.pid(root, machine)
    tap.true(os.readlink(f"/proc/{qemu}/ns/net") != os.readlink("/proc/self/ns/net"), "QEMU is in the host's network")
    tap.equal(root.get(machine, domain.MACHINE, "UserNetwork"), "", "UserNetwork")
    tap.equal(proc.find("passt"), [], "passts")
    holders = [p for p in [root.helper.pid, *proc.descendants()] if "/dev/net/tun" in vm.fds_of(p).values()]
    tap.equal(holders, [qemu], "who holds the tap")
    root.helper.kill()
    tap.wait_for(lambda: not bus.has_owner(root.connection, bus.NAME), 10, "the name's end")
    root.start_helper()
    tap.true(pings(line, "192.0.2.9"), "after the helper's end")
    vm.force_off(root, machine)
    tap.wait_for(lambda: not taps(), 5, "the tap's end", 0.01)


@tap.case
def pulled_and_large():
    """Cards with the cable pulled, a large MTU and another model are what they say, each on its bridge"""
    bridge()
    root = session(made)
    net.ip("link", "set", "br0", "mtu", "4000")
    machine, line = boot(root, "cards", card("bridge", "br0", 3, "<link state='down'/>") +
                         card("bridge", "br0", 4, "<mtu size='4000'/>"), "192.0.2.6")
    tap.equal(len(taps()), 2, "taps")
    tap.equal([(DEVICES / t / "mtu").read_text().strip() for t in taps()], ["4000"] * 2, "the taps' MTU")
    line.shell("ip link set eth1 up; sleep 1")
    tap.equal(line.shell("cat /sys/class/net/eth0/carrier /sys/class/net/eth1/carrier").split(), ["0", "1"], "carrier")
    tap.equal(line.shell("cat /sys/class/net/eth1/mtu /sys/class/net/eth1/address").split(),
              ["4000", "52:54:00:ab:cd:04"], "the second card")
    tap.true(not pings(line, "192.0.2.9", 1), "a pulled cable carries")


@tap.case
def no_such_bridge():
    """What is no bridge is refused by a sentence with a remedy, and nothing is left behind"""
    root = session(made)
    for number, name in enumerate(("br7", "lo", "..", "a/../lo")):
        xml = vm.real_mode(f"none{number}", root).replace("</devices>", card("bridge", name, 9) + "</devices>")
        try:
            machine = domain.create(root, xml)
        except Exception as error:  # the schema knows what a name is
            tap.true("ridge" in str(error), error)
            continue
        said = vm.start(root, machine, wanted="failed")["ErrorMessage"]
        tap.true(said.startswith(f"This computer has no bridge “{name}”."), said)
        tap.true("Make it first, or connect" in said, said)
    tap.equal(taps(), [], "taps")
    # The first card's network was made for nothing.
    two = card("network", "lab", 1) + card("bridge", "br7", 2)
    machine = domain.create(root, vm.real_mode("two", root).replace("</devices>", two + "</devices>"))
    for _ in range(3):
        vm.start(root, machine, wanted="failed")
        tap.equal((taps(), networks()), ([], []), "taps and networks after a failed start")


@tap.case
def between_machines():
    """Machines of one user on a network see each other, neither the computer nor other users' network sees them"""
    root = session(made)
    first, line1 = boot(root, "first", card("network", "lab 1", 11), "192.0.2.11")
    second, line2 = boot(root, "second", card("network", "lab 1", 12), "192.0.2.12")
    tap.true(pings(line1, "192.0.2.12") and pings(line2, "192.0.2.11"), "they do not see each other")
    [mine] = networks()
    tap.equal(net.ip("-o", "address", "show", "dev", mine), "", "the computer's addresses there")
    tap.equal((DEVICES / mine / "ifalias").read_text().strip(), "Innkeeper: the network “lab 1” of user 0", "alias")
    # Not by IPv6 either, which hosts give themselves: all that answer are the guests.
    said = line1.shell("ping -c 3 -W 1 ff02::1%eth0; ip -6 neigh")
    tap.true((DEVICES / mine / "address").read_text().strip() not in said, f"the computer answers: {said}")
    user = Caller(ns.USER)
    tap.cleanup(user.close)
    home = Path(f"{made.dir}/home-{ns.USER}")
    home.chmod(0o755)
    definition = vm.definition("other", vm.SERIAL + card("network", "lab 1", 13), memory=32, machine="pc")
    other, told = system.create(user, definition)
    tap.true("done" in told, told)
    told = system.start(user, other)
    tap.true("done" in told, told)
    tap.equal(len(networks()), 2, "networks: another user's of the same name is another")
    system.value(user.call(other, domain.MACHINE, "ForceOff", "(@a{sv} {},)"))
    tap.wait_for(lambda: networks() == [mine], 5, "the end of the other user's network", 0.01)
    vm.force_off(root, first)
    tap.equal(networks(), [mine], "networks while one is on it")
    # Who ends while there is no helper leaves an empty one, which the next helper removes.
    qemu = vm.pid(root, second)
    root.helper.kill()
    os.kill(qemu, 9)
    tap.wait_for(lambda: not taps(), 5, "the tap's end", 0.01)
    tap.equal(networks(), [mine], "networks without a helper")
    tap.wait_for(lambda: not bus.has_owner(root.connection, bus.NAME), 10, "the name's end")
    root.start_helper()
    tap.wait_for(lambda: networks() == [], 5, "the network's end", 0.01)


def change(root, machine, kind, source):
    """The card leads elsewhere from now on. {field: (when, sentence)}"""
    xml, generation = domain.call(root, machine, "GetXml")
    changed, count = re.subn(r'<interface type="\w+">(.*?)<source [^>]*/>',
                             rf'<interface type="{kind}">\1<source {kind}="{source}"/>', xml, flags=re.S)
    tap.equal(count, 1, xml)
    answer = domain.call(root, machine, "Apply", GLib.Variant("s", changed), generation=GLib.Variant("t", generation))
    return {name.split("/")[1]: (when, sentence) for name, when, sentence in answer[0]}


@tap.case
def moved():
    """A running machine's card goes to another network, to a bridge and back; its guest sees the cable pulled meanwhile"""
    bridge()
    root = session(made)
    first, line = boot(root, "moving", card("network", "one", 31), "192.0.2.31")
    second, other = boot(root, "staying", card("network", "two", 32), "192.0.2.32")
    live = ("live", "")

    def pending():
        return root.machines()[first][domain.MACHINE]["Pending"]

    def pulls():
        return int(line.shell("cat /sys/class/net/eth0/carrier_changes"))

    tap.true(not pings(line, "192.0.2.32", 1), "they see each other at first")
    before = pulls()
    tap.equal(change(root, first, "network", "two"), {"network": live}, "the answer")
    tap.wait_for(lambda: pulls() >= before + 2, 10, "the cable's way")
    tap.true(pings(line, "192.0.2.32") and pings(other, "192.0.2.31"), "they do not see each other")
    tap.equal(len(networks()), 1, "networks: the one that it left is gone")
    tap.equal(change(root, first, "bridge", "br0"), {"type": live, "network": live, "bridge": live}, "to a bridge")
    tap.true(pings(line, "192.0.2.9"), "the far host on the bridge does not answer")
    tap.true(not pings(line, "192.0.2.32", 1), "they see each other still")
    # A helper that comes later finds it where it is now.
    root.helper.kill()
    tap.wait_for(lambda: not bus.has_owner(root.connection, bus.NAME), 10, "the name's end")
    root.start_helper()
    tap.equal(change(root, first, "network", "two"), {"type": live, "network": live, "bridge": live}, "and back")
    tap.true(pings(other, "192.0.2.31"), "they do not see each other again")
    tap.equal(pending(), [], "what waits")
    # What cannot be done says so, and the card stays where it is.
    (when, sentence) = change(root, first, "bridge", "br7")["bridge"]
    tap.true(when == "restart" and "no bridge “br7”" in sentence, f"{when}: {sentence}")
    tap.true(pings(other, "192.0.2.31"), "it has gone")
    (when, sentence) = change(root, first, "network", "default")["network"]
    tap.true(when == "restart" and "with the next restart" in sentence, f"{when}: {sentence}")
    tap.true("network" in " ".join(pending()), f"what waits: {pending()}")
    tap.true(pings(other, "192.0.2.31"), "it has gone")
    for machine in (first, second):
        vm.force_off(root, machine)
    tap.wait_for(lambda: (taps(), networks()) == ([], []), 5, "the end of taps and networks", 0.01)


@tap.case
def moved_without_an_address():
    """A card that Apply brings without an address gets one, and moves; from and to the internet it waits and says so"""
    bridge()
    root = session(made)
    xml = vm.real_mode("bare", root).replace("</devices>", "<interface type='user'><model type='virtio'/></interface></devices>")
    machine = domain.create(root, xml)
    said, _ = domain.call(root, machine, "GetXml")
    bare, count = re.subn(r"<interface .*?</interface>", "<interface type='bridge'><source bridge='br0'/></interface>",
                          said, flags=re.S)
    tap.equal(count, 1, said)
    domain.call(root, machine, "Apply", GLib.Variant("s", bare))
    tap.equal(domain.call(root, machine, "GetXml")[0].count("<mac address="), 1, "addresses of the card")
    vm.start(root, machine)
    tap.equal(change(root, machine, "network", "lab")["network"], ("live", ""), "to a network")
    tap.equal(len(networks()), 1, "networks")
    answer = change(root, machine, "network", "default")
    tap.true(answer["network"][0] == "restart" and "with the next restart" in answer["network"][1], str(answer))
    for one in ("user", "bridge"):
        said, _ = domain.call(root, machine, "GetXml")
        source = "<source bridge='br0'/>" if one == "bridge" else ""
        text = re.sub(r'<interface type="[a-z]+">(.*?)<source [^>]*/>', rf'<interface type="{one}">\1{source}', said,
                      flags=re.S) if "<source network" in said else said.replace(
                          '<interface type="user">', f'<interface type="{one}">{source}')
        answer = {n.split("/")[1]: (w, s) for n, w, s in domain.call(root, machine, "Apply", GLib.Variant("s", text))[0]}
        tap.true(answer["type"][0] == ("restart" if one == "user" else "live"), f"{one}: {answer}")
    vm.force_off(root, machine)
    tap.wait_for(lambda: (taps(), networks()) == ([], []), 5, "the end of taps and networks", 0.01)


@tap.case
def default_is_the_internet():
    """libvirt's network "default", which imported machines name, is the internet through this computer"""
    net.outside()
    root = session(made)
    machine, line = boot(root, "imported", card("network", "default", 21), "10.0.2.15")
    tap.equal(root.get(machine, domain.MACHINE, "UserNetwork"), "passt", "UserNetwork")
    tap.equal(networks(), [], "networks")
    said = line.shell(f"ip route add default via 10.0.2.2; wget -q -O - http://{net.SERVER}:{net.PORT}/hello")
    tap.equal(said, f"HELLO {net.HERE}", "what the internet says")


tap.main()
