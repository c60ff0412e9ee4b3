# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a running Linux guest and of its definition, from the question to the answer, beside virsh on a libvirtd of
the same run. Our answer says what the guest has; virsh's that QEMU was told."""

import os
import re
import subprocess
import time

from gi.repository import GLib

from bench import measure, peers
from lib import bus, domain, guest as guests, ns, proc, tap, vm
from lib.live import Guest

measure.need_plain_build()
peers.need()
ns.enter()
proc.become_subreaper()

ROUNDS = 9
PLACES = 2 * ROUNDS + 4  # for processors, of which one comes each time, and one before
MAC = "52:54:00:bb:cc:{:02x}"
NIC = "<interface type='user'><mac address='{}'/><model type='virtio'/></interface>"
DISK = ("<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>{}<target dev='{}' bus='virtio'/></disk>")
DRIVE = ("<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{}'/><target dev='sda' bus='sata'/>"
         "<readonly/></disk>")
BALLOON = "<memballoon model='virtio'/>"
PORTS = "<controller type='pci' index='0' model='pcie-root'/>" + "".join(
    f"<controller type='pci' index='{n}' model='pcie-root-port'/>" for n in range(1, 13))


QUIET = 0.5  # seconds: a guest that has just been given a device is busy with it, and QEMU's monitor waits for that


def timed(function):
    """Alone: whoever is quick is not to wait for the guest's work on what came before, which the other did not see."""
    time.sleep(QUIET)
    begin = measure.now()
    function()
    return measure.now() - begin


class Ours:
    def __init__(self, session, discs):
        self.session, self.discs, self.round = session, discs, 0
        self.guest = Guest(session, "live", DISK.format("", "vda") + DRIVE.format(discs[0]) + BALLOON, vcpus=PLACES,
                           current=1, memory=256, storage=domain.storage(domain.new_disk("vda", size=64 << 20)))

    def edited(self, pattern, replacement):
        """What the Apply button does: the page had the definition before."""
        xml = domain.call(self.session, self.guest.machine, "GetXml")[0]
        wanted = GLib.Variant("s", re.sub(pattern, lambda match: match.expand(replacement), xml, count=1, flags=re.S))

        def apply():
            answer = domain.call(self.session, self.guest.machine, "Apply", wanted)[0]
            tap.true(answer and all(when == "live" for _name, when, _sentence in answer), str(answer))
        return apply

    def added(self, device):
        return self.edited("</devices>", device + "</devices>")

    def all(self):
        self.round += 1
        disk = f"{self.session.path}/ours.qcow2"
        size = f"</memory><currentMemory unit='MiB'>{255 - self.round}</currentMemory>"
        tune = f"<iotune><total_bytes_sec>{(20 + self.round) << 20}</total_bytes_sec></iotune>"
        seconds = {
            "attach disk": timed(self.added(DISK.format(f"<source file='{disk}'/>", "vdb"))),
            "attach NIC": timed(self.added(NIC.format(MAC.format(self.round)))),
            "set vCPUs": timed(self.edited("current=.[0-9]+.", f"current='{self.round + 1}'")),
            "set memory": timed(self.edited("</memory>(\\s*<currentMemory[^/]*</currentMemory>)?", size)),
            "change medium": timed(self.edited("[^'\"]*disc[01].iso", str(self.discs[self.round % 2]))),
            "change I/O limit": timed(self.edited("(<target dev=.vda.[^>]*>)(\\s*<iotune>.*?</iotune>)?", r"\1" + tune)),
        }
        self.edited("<disk(?:(?!</disk>).)*vdb(?:(?!</disk>).)*</disk>", "")()
        self.edited("<interface.*</interface>", "")()
        return seconds


class Virsh:
    def __init__(self, session, discs):
        self.session, self.discs, self.round = session, discs, 0
        self.libvirt = peers.Libvirt(session.environ)
        disk = f"{session.path}/libvirt.qcow2"
        bus.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"])
        xml = vm.linux("live", session, devices="<serial type='null'/>"
                       + DISK.format(f"<source file='{disk}'/>", "vda") + DRIVE.format(discs[0]) + BALLOON + PORTS,
                       memory=256, vcpus=PLACES)
        xml = re.sub("<innkeeper:.*?/>", "", xml).replace("<vcpu>", "<vcpu current='1'>")
        self.domain = self.libvirt.define(xml)
        self.domain.create()
        for name, text in (("disk", DISK.format(f"<source file='{session.path}/theirs.qcow2'/>", "vdb")),):
            (session.path / f"{name}.xml").write_text(text)

    def call(self, *argv):
        done = subprocess.run(["/usr/bin/virsh", "-q", "-c", "qemu:///system", *argv], env=self.session.environ,
                              capture_output=True, text=True)
        tap.equal(done.returncode, 0, f"{argv}: {done.stderr}")

    def all(self, *how):
        """@how: --live, and --config where the definition, too, shall have it at the end, as ours has."""
        self.round += 1
        card = self.session.path / "card.xml"
        card.write_text(NIC.format(MAC.format(self.round)))
        disk = str(self.session.path / "disk.xml")
        seconds = {
            "attach disk": timed(lambda: self.call("attach-device", "live", disk, *how)),
            "attach NIC": timed(lambda: self.call("attach-device", "live", str(card), *how)),
            "set vCPUs": timed(lambda: self.call("setvcpus", "live", str(self.round + 1), *how)),
            "set memory": timed(lambda: self.call("setmem", "live", f"{255 - self.round}M", *how)),
            "change medium": timed(lambda: self.call("change-media", "live", "sda", str(self.discs[self.round % 2]),
                                                     "--update", "--force", *how)),
            "change I/O limit": timed(lambda: self.call("blkdeviotune", "live", "vda", "--total-bytes-sec",
                                                        str((20 + self.round) << 20), *how)),
        }
        self.call("detach-device", "live", disk, *how)
        self.call("detach-device", "live", str(card), *how)
        return seconds


@tap.case
def changes():
    """A disk, a card, processors, memory, a medium, a limit: set in a running guest, beside virsh"""
    ns.System()
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    session.start_helper()
    discs = []
    for number in range(2):
        discs.append(session.path / f"disc{number}.iso")
        discs[-1].write_bytes(bytes(1 << 20))
    for name in ("ours", "theirs"):
        bus.run(["qemu-img", "create", "-q", "-f", "qcow2", f"{session.path}/{name}.qcow2", "64M"])
    theirs = Virsh(session, discs)
    ours = Ours(session, discs)
    ours.guest.line.shell("true")
    measured = measure.rounds({"Innkeeper": ours.all, "virsh": lambda: theirs.all("--live", "--config"),
                               "virsh --live": lambda: theirs.all("--live")}, count=ROUNDS)
    measure.show(measured)
    goals = []
    for what in ("attach disk", "attach NIC", "set vCPUs", "set memory", "change medium", "change I/O limit"):
        mine, other, less = (measure.median(measured[f"{n}, {what}"]) for n in ("Innkeeper", "virsh", "virsh --live"))
        goals.append((what, f"{mine / other:.2f} × virsh ({mine * 1000:.0f} and {other * 1000:.0f} ms; {less * 1000:.0f} ms "
                            "where it leaves the definition as it is)", "≤ 0.5 ×"))
    measure.save("live", measured, goals)
    ours.guest.end()


tap.main()
