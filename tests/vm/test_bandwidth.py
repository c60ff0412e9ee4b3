# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network card keeps to what it may send and receive, as the guest's own clock sees it."""

import re

from gi.repository import GLib

from lib import bus, crash, net, ns, tap, vm
from lib.live import Guest, MAC, NIC

ns.enter(network=True)
net.outside()
session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
session.start_helper()


@tap.case
def bandwidth():
    """What a card may send and receive in a second is kept to from its start, changed live, and by one that comes later"""
    def limited(number, received, sent):
        band = f"<bandwidth><inbound average='{received}'/><outbound average='{sent}'/></bandwidth>"
        return NIC.format(MAC.format(number)).replace("</interface>", band + "</interface>")

    guest = Guest(session, "bandwidth", limited(1, 400, 200))
    guest.line.shell("yes INNKEEPER | head -c 1200000 > /tmp/up")
    net.lease(guest.line)
    url = f"http://{net.SERVER}:{net.PORT}"

    def seconds(command):
        """By the guest's clock, less what goes at once."""
        now = "$(cut -d' ' -f1 /proc/uptime)"
        said = guest.line.shell(f"a={now}; {command}; b={now}; echo took $(echo $a $b | awk '{{print $2-$1}}')")
        return float(re.search(r"took ([0-9.]+)", said).group(1))

    def rate(size, command, limit, what):
        """Of @limit in kB/s within 10 %. A guest can be slow for a while: one of three is not; none is ever too fast."""
        rates = []
        for _ in range(3):
            # 64 KiB at once; a few per cent more for the frames' heads.
            rates.append((size - 65) * 1.04 / seconds(command) / limit)
            tap.true(rates[-1] < 1.1, f"{what}: {rates} of {limit} kB/s")
            if rates[-1] > 0.9:
                return
        raise AssertionError(f"{what}: {rates} of {limit} kB/s")

    def check(received, sent, what):
        rate(2000, f"wget -q -O - {url}/big | head -c 2000000 > /dev/null", received, f"{what}: receives")
        rate(1200, f"wget -q -O /dev/null --post-file=/tmp/up {url}", sent, f"{what}: sends")

    check(400, 200, "from the start")
    answer = guest.apply("<inbound average=.400./><outbound average=.200./>",
                         "<inbound average='800'/><outbound average='300'/>")
    tap.equal(set(answer.values()), {("live", "")}, str(answer))
    check(800, 300, "changed")
    # The shim holds it, whichever helper there is; and passt, when it is started again.
    crash.replace(session)
    guest.line.close()
    guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
    check(800, 300, "with the next helper")
    guest.remove("<interface", "</interface>")
    guest.wait_cards([])
    tap.equal(guest.add(limited(2, 500, 250)), {"interface:" + MAC.format(2): ("live", "")}, "the answer")
    guest.wait_cards([2])
    net.lease(guest.line)
    check(500, 250, "come later")
    guest.end()


tap.main()
