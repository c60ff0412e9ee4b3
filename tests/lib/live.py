# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Linux guest whose machine is changed while it runs."""

import re

from gi.repository import GLib

from . import bus, domain, tap, vm


NIC = "<interface type='user'><mac address='{}'/><model type='virtio'/></interface>"
MAC = "52:54:00:aa:bb:{:02x}"


class Guest:
    def __init__(self, session, name, devices="", current=None, storage=None, patience=120, **kwargs):
        self.session = session
        xml = vm.linux(name, session, devices=vm.SERIAL + devices, **kwargs)
        if current:
            xml = xml.replace("<vcpu>", f"<vcpu current='{current}'>")
        self.machine = domain.create(session, xml, **({"storage": storage} if storage else {}))
        vm.start(self.session, self.machine)
        self.line = vm.serial(self.session, self.machine)
        self.line.expect("G# ", patience)

    def apply(self, pattern, replacement, **options):
        """{field: (when, sentence)}"""
        xml, generation = domain.call(self.session, self.machine, "GetXml")
        changed, count = re.subn(pattern, replacement, xml, flags=re.S)
        tap.equal(count, 1, f"{pattern} in {xml}")
        answer = domain.call(self.session, self.machine, "Apply", GLib.Variant("s", changed),
                             generation=GLib.Variant("t", generation), **options)[0]
        return {name: (when, sentence) for name, when, sentence in answer}

    def add(self, device, **options):
        return self.apply("</devices>", device + "</devices>", **options)

    def remove(self, begin, end):
        """The one device that begins with @begin, has no end of its sort in it, and ends with @end."""
        return self.apply(f"{begin}(?:(?!{end}).)*{end}", "")

    def live(self):
        return domain.call(self.session, self.machine, "GetXml", live=GLib.Variant("b", True))[0]

    def ask_chip(self, command):
        """The answer of its security chip to the bytes of @command, in hexadecimal."""
        shown = "".join(f"\\x{command[i:i + 2]}" for i in range(0, len(command), 2))
        said = self.line.shell(f"exec 3<>/dev/tpm0; printf '{shown}' >&3; dd bs=4096 count=1 <&3 2>/dev/null | "
                               "hexdump -v -e '1/1 \"%02x\"'; exec 3>&-; echo")
        found = re.search(r"[0-9a-f]{20,}", said)
        tap.true(found, f"the chip did not answer: {said!r}")
        return found[0]

    def pending(self):
        return self.session.machines()[self.machine][domain.MACHINE]["Pending"]

    def memory(self):
        """MiB."""
        return int(self.line.shell("grep MemTotal /proc/meminfo").split()[1]) // 1024

    def wait(self, question, wanted, what):
        tap.wait_for(lambda: wanted(question()), 20, what, 0.2)

    def wait_cards(self, numbers):
        """It has the network cards whose MAC has these numbers."""
        wanted = sorted(MAC.format(n) for n in numbers)
        tap.wait_for(lambda: sorted(self.line.shell("cat /sys/class/net/eth*/address 2>/dev/null").split()) == wanted, 20,
                     f"cards {wanted}", 0.3)

    def end(self):
        self.line.close()
        vm.force_off(self.session, self.machine)
