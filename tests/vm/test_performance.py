# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GetPerformance tells of a Linux guest is what the kernel, QEMU and the guest count themselves."""

import json
import os
import re
import socket
import time
from pathlib import Path

from gi.repository import GLib

from lib import bus, crash, domain, ns, tap, vm
from lib.live import Guest

ns.enter()
session = bus.Session()
tap.cleanup_at_end(session.close)
tap.on_failure(session.print_logs)
session.start_helper()

SHARE = 0.02  # that two measures of the same may differ by
SECONDS = 6
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
DISK = ("<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><target dev='vda' bus='virtio'/>"
        "<iotune><total_bytes_sec>4194304</total_bytes_sec></iotune></disk>"
        "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>")


def measure(guest):
    """(s, {(of, what): value})"""
    monotonic, values = domain.call(session, guest.machine, "GetPerformance")
    told = {(of, what): value for of, what, value in values}
    tap.equal(len(told), len(values), "values told once")
    return monotonic / 1e9, told


def ticks(path):
    """utime + stime of a process or thread, s: proc(5)."""
    fields = Path(path, "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def processors(pid):
    """{number: its thread's folder}, by the names that QEMU gives them."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = re.fullmatch(r"CPU (\d+)/\w+", (task / "comm").read_text().strip())
        if name:
            found[int(name[1])] = task
    return found


def pressure():
    """s that something has waited for a processor."""
    return int(re.search(r"some .*total=(\d+)", Path("/proc/pressure/cpu").read_text())[1]) / 1e6


class Monitor:
    """QEMU's own word, once no helper is there to listen to it."""

    def __init__(self, machine):
        folder = os.open(vm.runtime(session) / domain.uuid_of(machine), os.O_PATH)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(f"/proc/self/fd/{folder}/monitor")
        os.close(folder)
        self._lines = self._socket.makefile("r")
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self._socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
        for line in self._lines:
            said = json.loads(line)
            if "return" in said:
                return said["return"]
            tap.true("error" not in said, said)
        raise AssertionError("the monitor ended")

    def close(self):
        self._lines.close()
        self._socket.close()


def near(value, wanted, what, at_least=0.0):
    """Within 2 %, and of something."""
    tap.diag(f"{what}: {value:.4g}, {wanted:.4g} by itself")
    tap.true(wanted > at_least, f"{what}: {wanted}")
    tap.true(abs(value - wanted) <= SHARE * wanted, f"{what}: {value} is told, {wanted} is so")


@tap.case
def processors_and_memory():
    """CPU time in all and of each processor, memory and waiting: within 2 % of /proc's, of a guest with one busy processor"""
    guest = Guest(session, "busy", vcpus=2)
    pid = vm.pid(session, guest.machine)
    tap.equal(guest.line.shell("nproc"), "2", "processors")
    guest.line.shell("taskset 2 sh -c 'while :; do :; done' & sleep 1")
    threads = processors(pid)
    tap.equal(sorted(threads), [0, 1], "threads by name")

    def own():
        return time.monotonic(), ticks(f"/proc/{pid}"), {n: ticks(t) for n, t in threads.items()}, pressure()

    begin, first = own(), measure(guest)
    time.sleep(SECONDS)
    end, last = own(), measure(guest)
    took, took_own = last[0] - first[0], end[0] - begin[0]

    def rate(of, what):
        return (last[1][of, what] - first[1][of, what]) / 1e9 / took

    near(rate("cpu", "time"), (end[1] - begin[1]) / took_own, "processors' time a second", 0.3)
    near(rate("vcpu:1", "time"), (end[2][1] - begin[2][1]) / took_own, "the second's", 0.3)
    tap.true(rate("vcpu:0", "time") < rate("vcpu:1", "time") / 2, f"{rate('vcpu:0', 'time')}: the first one rests")
    tap.equal([of for of, what in last[1] if of.startswith("vcpu:")], ["vcpu:0", "vcpu:1"], "processors")
    near(rate("pressure", "cpu") + 1, (end[3] - begin[3]) / took_own + 1, "1 + waiting")
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    near(last[1]["memory", "resident"], resident, "memory here", 32 << 20)
    tap.equal(last[1]["memory", "size"], 128 << 20, "memory that it has been given")
    tap.equal(last[1]["memory", "given"], 128 << 20, "what the balloon leaves")
    # A machine that stands still uses no processor.
    domain.call(session, guest.machine, "Pause")
    first = measure(guest)
    time.sleep(1)
    last = measure(guest)
    tap.true(rate("vcpu:1", "time") < 0.01, f"{rate('vcpu:1', 'time')} while it is paused")
    domain.call(session, guest.machine, "Resume")
    guest.end()


@tap.case
def memory_of_the_guest():
    """What the guest says of its memory comes while somebody looks: used and caches within 2 % of the guest's own count"""
    guest = Guest(session, "memory", memory=256)

    def told():
        return measure(guest)[1]

    tap.wait_for(lambda: ("memory", "guest-total") in told(), 30, "the guest's word", 1)
    # A file in its memory is a cache.
    guest.line.shell("dd if=/dev/zero of=/tmp/file bs=1M count=32 2>/dev/null")

    def own():
        return {name: int(kib) * 1024 for name, kib in
                re.findall(r"(\w+): +(\d+) kB", guest.line.shell("cat /proc/meminfo"))}

    wanted = own()
    tap.wait_for(lambda: told()["memory", "guest-caches"] > 32 << 20, 30, "the cache", 1)
    now = told()
    near(now["memory", "guest-total"], wanted["MemTotal"], "in all", 64 << 20)
    near(now["memory", "guest-caches"], wanted["Cached"] + wanted["Buffers"], "caches", 32 << 20)
    near(now["memory", "guest-total"] - now["memory", "guest-available"],
         wanted["MemTotal"] - wanted["MemAvailable"], "used", 16 << 20)
    # Some seconds later nobody looks any more, and the guest is left alone.
    monitor_of(guest, lambda monitor: tap.equal(monitor.command(
        "qom-get", path="/machine/peripheral/balloon", property="guest-stats-polling-interval"), 2, "period"))
    # The helper after one that was killed meanwhile does not leave it on.
    monitor_of(guest, lambda monitor: tap.equal(monitor.command(
        "qom-get", path="/machine/peripheral/balloon", property="guest-stats-polling-interval"), 0, "period"))
    told()
    time.sleep(12)
    monitor_of(guest, lambda monitor: tap.equal(monitor.command(
        "qom-get", path="/machine/peripheral/balloon", property="guest-stats-polling-interval"), 0, "period"))
    guest.end()


def monitor_of(guest, function):
    """While no helper runs."""
    session.helper.kill()
    monitor = Monitor(guest.machine)
    try:
        return function(monitor)
    finally:
        monitor.close()
        session.start_helper()


@tap.case
def disks():
    """A disk that is written to at 4 MiB a second is told so within 2 %; its counters are QEMU's, and the guest's"""
    guest = Guest(session, "disk", DISK, storage=domain.storage(domain.new_disk(size=256 << 20)))
    guest.line.send("dd if=/dev/zero of=/dev/vda bs=64k count=1000 oflag=direct 2>/dev/null; echo wri''tten\n")
    time.sleep(2)  # the first tenth of a second comes at once
    first = measure(guest)
    time.sleep(SECONDS)
    last = measure(guest)

    def growth(what):
        return last[1]["disk:vda", what] - first[1]["disk:vda", what]

    near(growth("write-bytes") / (last[0] - first[0]), 4 << 20, "bytes a second")
    near(growth("write-operations") / (last[0] - first[0]), 64, "requests a second")
    # One request after the other, each a 64th of a second, but for what the guest takes from one to the next.
    delay = growth("write-time") / growth("write-operations") / 1e9
    tap.true(0.5 / 64 < delay < 1.02 / 64, f"{delay} s for each")
    tap.equal(growth("read-bytes"), 0, "bytes read")
    guest.line.expect("written", 60)
    guest.line.shell("dd if=/dev/vda of=/dev/null bs=64k count=16 iflag=direct 2>/dev/null; sync")
    told = measure(guest)[1]
    tap.equal([of for of, what in told if what == "read-bytes"], ["disk:vda"], "drives: the empty one says nothing")
    sectors = [int(n) for n in guest.line.shell("cat /sys/block/vda/stat").split()]
    tap.equal(told["disk:vda", "write-bytes"], sectors[6] * 512, "bytes written, as the guest counts")
    tap.equal(told["disk:vda", "write-bytes"], 1000 << 16, "bytes that were to be written")

    def ask(monitor):
        (stats,) = (n["stats"] for n in monitor.command("query-blockstats") if "disk-vda" in n.get("qdev", ""))
        return stats

    stats = monitor_of(guest, ask)
    for ours, theirs in (("read-bytes", "rd_bytes"), ("write-bytes", "wr_bytes"), ("read-operations", "rd_operations"),
                         ("write-operations", "wr_operations"), ("read-time", "rd_total_time_ns"),
                         ("write-time", "wr_total_time_ns")):
        tap.equal(told["disk:vda", ours], stats[theirs], ours)
    # The next helper tells the same.
    told_again = measure(guest)[1]
    tap.equal({k: v for k, v in told_again.items() if k[0] == "disk:vda"},
              {k: v for k, v in told.items() if k[0] == "disk:vda"}, "what the next helper tells")
    guest.end()


@tap.case
def cards():
    """Bytes of a user-mode card are what the guest has counted, by each helper and for each card alone"""
    nic = "<interface type='user'><mac address='52:54:00:aa:bb:{:02x}'/><model type='virtio'/></interface>"
    guest = Guest(session, "cards", nic.format(1) + nic.format(2))
    guest.line.shell("ip link set eth0 up; ip address add 10.0.2.15/24 dev eth0")
    guest.line.shell("for i in 1 2 3; do arping -c 2 -w 2 -I eth0 10.0.2.9; done; ping -c 4 -s 1200 10.0.2.9")

    def compare():
        told = measure(guest)[1]
        for number, card in ((1, "eth0"), (2, "eth1")):
            said = guest.line.shell(f"cd /sys/class/net/{card}/statistics; echo $(cat tx_bytes rx_bytes)").split()
            name = f"interface:52:54:00:aa:bb:{number:02x}"
            tap.equal([told[name, "sent-bytes"], told[name, "received-bytes"]], [int(n) for n in said], card)
        return told["interface:52:54:00:aa:bb:01", "sent-bytes"]

    # The guest may send something by itself just in between.
    def agreed():
        try:
            return compare()
        except AssertionError:
            return None

    sent = tap.wait_for(agreed, 20, "the same count here and in the guest", 0.5)
    tap.true(sent > 500, f"{sent} bytes")
    crash.replace(session)
    guest.line.close()
    guest.line = vm.serial(session, guest.machine, history=GLib.Variant("b", False))
    tap.true(tap.wait_for(agreed, 20, "the same count, by the next helper", 0.5) >= sent, "less than before")
    guest.end()


tap.main()
