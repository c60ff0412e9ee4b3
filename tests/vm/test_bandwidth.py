# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network card keeps to what it may send and receive, as the guest's own clock sees it."""

import re

from gi.repository import GLib

from lib import bus, crash, domain, net, ns, system, tap, vm
from lib.bridges import boot, bridge, card, detours, session, taps
from lib.live import Guest, MAC, NIC

ns.enter(network=True)
made = system.make()
net.outside()


@tap.case
def bandwidth():
    """What a card may send and receive in a second is kept to from its start, changed live, and by one that comes later"""
    def limited(number, received, sent):
        return NIC.format(MAC.format(number)).replace("</interface>", net.band(received, sent) + "</interface>")

    def check(received, sent, what):
        net.keeps_to(guest.line, net.SERVER, received, sent, what)

    home = bus.Session()
    tap.cleanup(home.close)
    tap.on_failure(home.print_logs)
    home.start_helper()
    guest = Guest(home, "bandwidth", limited(1, 400, 200))
    guest.line.shell("yes INNKEEPER | head -c 800000 > /tmp/up")
    net.lease(guest.line)
    check(400, 200, "from the start")
    answer = guest.apply("<inbound average=.400./><outbound average=.200./>",
                         "<inbound average='800'/><outbound average='300'/>")
    tap.equal(set(answer.values()), {("live", "")}, str(answer))
    check(800, 300, "changed")
    # The shim holds it, whichever helper there is; and passt, when it is started again.
    crash.replace(home)
    guest.line.close()
    guest.line = vm.serial(home, guest.machine, history=GLib.Variant("b", False))
    check(800, 300, "with the next helper")
    guest.remove("<interface", "</interface>")
    guest.wait_cards([])
    tap.equal(guest.add(limited(2, 500, 250)), {"interface:" + MAC.format(2): ("live", "")}, "the answer")
    guest.wait_cards([2])
    net.lease(guest.line)
    check(500, 250, "come later")
    guest.end()


@tap.case
def on_a_bridge():
    """What a card on a bridge may get and send is kept to from its start, changed live, taken along, and taken away"""
    far = bridge()
    far.address(f"{net.SERVER}/32", device="lo")  # what serves names there wants it
    far.serve()
    root = session(made)
    machine, line = boot(root, "limited", card("bridge", "br0", 1, net.band(400, 200)), "192.0.2.5")

    def check(received, sent, what):
        net.keeps_to(line, "192.0.2.9", received, sent, what)

    line.shell("yes INNKEEPER | head -c 800000 > /tmp/up")
    check(400, 200, "from the start")
    tap.equal(len(detours()), 1, "ways round")

    def apply(pattern, text):
        xml, generation = domain.call(root, machine, "GetXml")
        changed, count = re.subn(pattern, text, xml, flags=re.S)
        tap.equal(count, 1, xml)
        answer = domain.call(root, machine, "Apply", GLib.Variant("s", changed), generation=GLib.Variant("t", generation))
        tap.equal({when for _, when, _ in answer[0]}, {"live"}, str(answer))

    apply("<bandwidth>.*</bandwidth>", net.band(800, 300))
    check(800, 300, "changed")
    root.helper.kill()
    tap.wait_for(lambda: not bus.has_owner(root.connection, bus.NAME), 10, "the name's end")
    root.start_helper()
    tap.equal(len(detours()), 1, "ways round with the next helper")
    check(800, 300, "with the next helper")
    apply("<outbound [^>]*>", "")
    tap.equal(detours(), [], "ways round where nothing that it sends is limited")
    check(800, None, "one way alone")
    apply("<bandwidth>.*</bandwidth>", "")
    check(None, None, "no more")
    # One that comes later, and goes.
    apply("</interface>", "</interface>" + card("bridge", "br0", 2, net.band(500, 250)))
    tap.wait_for(lambda: "eth1" in line.shell("ls /sys/class/net"), 10, "the card in the guest")
    line.shell("ip address del 192.0.2.5/24 dev eth0; ip link set eth1 up; ip address add 192.0.2.6/24 dev eth1")
    check(500, 250, "come later")
    apply("<interface[^>]*>(?:(?!</interface>).)*ab:cd:02.*?</interface>", "")
    tap.wait_for(lambda: (len(taps()), detours()) == (1, []), 10, "the end of its tap and way round")
    apply("</interface>", net.band(500, 250) + "</interface>")
    tap.equal(len(detours()), 1, "ways round")
    vm.force_off(root, machine)
    tap.wait_for(lambda: (taps(), detours()) == ([], []), 5, "the end of tap and way round", 0.01)


tap.main()
