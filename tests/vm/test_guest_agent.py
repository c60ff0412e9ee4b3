# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guest: what Debian's agent in a Linux guest tells and does, seen from inside; and agents that say what none would."""

import time

from gi.repository import GLib

from lib import bus, crash, domain, guest, ns, tap, vm
from lib.live import Guest

ns.enter()
session = bus.Session()
tap.cleanup_at_end(session.close)
tap.on_failure(session.print_logs)
session.start_helper()

ERROR = "org.innkeeper.Error."
GUEST = bus.NAME + ".Guest"
DISK = ("<disk type='file' device='disk'><driver name='qemu' type='raw'/><target dev='vda' bus='virtio'/></disk>")
NIC = "<interface type='user'><mac address='52:54:00:aa:bb:cc'/><model type='virtio'/></interface>"


def call(it, method, *args, timeout=30):
    parameters = GLib.Variant.new_tuple(*args, GLib.Variant("a{sv}", {}))
    return bus.call(session.connection, it.machine, GUEST, method, parameters, timeout=timeout)[0]


def text(value):
    return GLib.Variant("s", value)


def info(it):
    return call(it, "GetInfo")[0]


def with_agent(name, devices="", **kwargs):
    return Guest(session, name, devices, initramfs=guest.agent_initramfs(), memory=192, **kwargs)


@tap.case
def debian():
    """Debian's agent: not there, then there; name, system, addresses, file systems; password, time and trimming, all looked at inside"""
    it = with_agent("debian", DISK + NIC, storage=domain.storage(domain.new_disk(size=64 << 20)))
    tap.equal(info(it), {"present": False}, "before the agent runs")
    bus.refuses(lambda: call(it, "SetPassword", text("guest"), text("secret")), ERROR + "Guest")
    it.line.shell("hostname innkeeper-guest; ip link set eth0 up; ip address add 10.0.2.15/24 dev eth0")
    it.line.shell("mke2fs /dev/vda >/dev/null 2>&1; mkdir /data; mount /dev/vda /data; dd if=/dev/zero of=/data/file bs=1M count=20 2>/dev/null")
    it.line.shell("agent")
    told = tap.wait_for(lambda: (lambda i: i if i["present"] else None)(info(it)), 30, "the agent")
    tap.diag(str(told))
    tap.equal([told[k] for k in ("hostname", "os-id", "os-name", "os-version")],
              ["innkeeper-guest", "innkeeper", "Innkeeper Test 1.0", "1.0"], "names")
    tap.equal(told["kernel"], it.line.shell("uname -r"), "its kernel")
    tap.true(told["version"][0].isdigit(), told["version"])
    cards = {name: (mac, addresses) for name, mac, addresses in told["cards"]}
    tap.equal(cards["eth0"][0], "52:54:00:aa:bb:cc", "its card")
    tap.true("10.0.2.15/24" in cards["eth0"][1], cards)
    (disk,) = [d for d in told["disks"] if d[0] == "/data"]
    used, total = (int(n) * 1024 for n in it.line.shell("df -k /data | tail -1").split()[2:0:-1])
    tap.true(disk[1].startswith("ext") and abs(disk[2] - used) < 4 << 20 and abs(disk[3] - total) <= total * 0.1, f"{disk}, {used} of {total}")
    tap.equal(told["users"], [], "users")
    # The password is another one than before, and not its own text.
    before = it.line.shell("grep ^guest: /etc/shadow")
    call(it, "SetPassword", text("guest"), text("Kanarie: \"x\" ü"))
    after = it.line.shell("grep ^guest: /etc/shadow")
    tap.true(after != before and "$" in after and "Kanarie" not in after, after)
    hashed, salt = after.split(":")[1], after.split("$")[2]
    tap.equal(it.line.shell(f"mkpasswd -m sha512 -S {salt} 'Kanarie: \"x\" ü'"), hashed, "the hash of that password")
    bus.refuses(lambda: call(it, "SetPassword", text("a:b"), text("x")), ERROR + "InvalidArgument")
    bus.refuses(lambda: call(it, "SetPassword", text("guest"), text("x\nroot:y")), ERROR + "InvalidArgument")
    bus.refuses(lambda: call(it, "SetPassword", text("guest"), text("")), ERROR + "InvalidArgument")
    tap.equal(it.line.shell("grep ^guest: /etc/shadow"), after, "after what was refused")
    # The clock.
    it.line.shell("date -s 2001-01-01")
    call(it, "SetTime")
    tap.true(abs(int(it.line.shell("date +%s")) - time.time()) < 5, "its clock")
    it.line.shell("date -s 2001-01-01")
    domain.call(session, it.machine, "Pause")
    domain.call(session, it.machine, "Resume")
    tap.wait_for(lambda: abs(int(it.line.shell("date +%s")) - time.time()) < 5, 20, "its clock after a pause")
    # The next helper asks the same agent.
    crash.replace(session)
    it.line.close()
    it.line = vm.serial(session, it.machine, history=GLib.Variant("b", False))
    tap.equal(info(it)["hostname"], "innkeeper-guest", "what the next helper is told")
    call(it, "Trim")
    it.end()


@tap.case
def processors():
    """Processors that are plugged in are switched on by the agent, in a guest that does not do so by itself; it turns it off, too"""
    it = with_agent("processors", vcpus=4, current=1)
    it.line.shell("agent")
    tap.wait_for(lambda: info(it)["present"], 30, "the agent")
    tap.equal(it.line.shell("nproc"), "1", "at the start")
    tap.equal(it.apply("current=.1.", "current='3'"), {"cpu/current": ("live", "")}, "the answer")
    tap.wait_for(lambda: it.line.shell("nproc") == "3", 30, "processors that it uses", 0.5)
    it.line.close()
    call(it, "PowerOff")
    vm.wait_state(session, it.machine, "off")


@tap.case
def hostile():
    """A guest that floods its channel without end: nobody is there, the helper answers all others meanwhile, and once an agent runs it is heard"""
    it = with_agent("hostile")
    port = it.line.shell("for p in /sys/class/virtio-ports/*; do [ $(cat $p/name) = org.qemu.guest_agent.0 ] && echo ${p##*/}; done")
    it.line.shell(f"tr '\\0' '\\377' </dev/zero >/dev/{port} & sleep 1")
    started = time.monotonic()
    replies = [GLib.Variant("(a{sv})", ({},)) for _ in range(4)]
    pending, longest = [], 0
    for parameters in replies:
        session.connection.call(bus.NAME, it.machine, GUEST, "GetInfo", parameters, None, 0, 60000, None,
                                lambda c, r: pending.append(c.call_finish(r).unpack()[0]))
    while len(pending) < len(replies):
        before = time.monotonic()
        domain.call(session, it.machine, "GetXml")
        longest = max(longest, time.monotonic() - before)
        GLib.MainContext.default().iteration(False)
        tap.true(time.monotonic() < started + 60, f"{len(pending)} answers")
    tap.equal(pending, [{"present": False}] * len(replies), "what is told of it")
    tap.diag(f"another call took {longest * 1000:.0f} ms at most, {time.monotonic() - started:.1f} s in all")
    tap.true(longest < 2, "others waited for it")
    it.line.shell("killall tr; agent")
    tap.wait_for(lambda: info(it)["present"], 30, "the agent")
    # Bytes of its own, and then the agent, at once: as many questions as may wait are answered, one is too many.
    pending.clear()
    for _ in range(9):
        session.connection.call(bus.NAME, it.machine, GUEST, "GetInfo", replies[0], None, 0, 60000, None, lambda c, r: pending.append(answer_of(c, r)))
    tap.wait_for(lambda: [GLib.MainContext.default().iteration(False) for _ in range(20)] and len(pending) == 9, 60, "nine answers", 0.01)
    tap.equal(sorted(pending, key=str), [True] * 8 + [ERROR + "Limit"], "answers")
    it.end()


def answer_of(connection, result):
    try:
        return connection.call_finish(result).unpack()[0]["present"]
    except GLib.Error as e:
        return bus.error_name(e)


tap.main()
