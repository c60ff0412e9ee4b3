# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's helper where it is at home: a whole computer with systemd as PID 1, logind, the system
bus and polkit, and the unit as it is installed. Guests are emulated within the emulated computer."""

import re

from lib import bus, computer, domain, guest, installed, tap

HOST = bus.NAME + ".Host"
UNIT = installed.UNIT
USER, OTHER = computer.USER, computer.OTHER

pc = computer.Computer()
tap.cleanup(pc.close)
tap.on_failure(lambda: tap.diag(pc.run("journalctl -b -q --no-pager -o short-monotonic -n 40 | cut -c1-300",
                                       check=False)))
tap.diag(f"up after {pc.boot():.0f} s")


here = installed.Installed(pc)
call, prop, end_of_job, make, start = here.call, here.prop, here.end_of_job, here.make, here.start
shows, qemus, warnings = here.shows, here.qemus, here.warnings


@tap.case
def activation():
    """The unit is without fault, and a call by anybody starts it through the bus"""
    tap.equal(pc.run(f"systemd-analyze verify --man=no {UNIT}.service 2>&1"), "", "what systemd says of the unit")
    tap.equal(shows("ActiveState"), "inactive", "before the call")
    facts = call(bus.MANAGER, "GetAll", HOST, interface=bus.PROPERTIES, user=OTHER)
    tap.true("'Cpus'" in facts, facts)
    tap.equal((shows("ActiveState"), shows("NRestarts")), ("active", "0"), "after it")
    seconds = pc.run(f"systemd-analyze security --no-pager {UNIT}.service | tail -1")
    tap.diag(seconds)


@tap.case
def rights():
    """Who sits at the computer may start a machine; others are asked for a password, and see nothing of it"""
    said = call(bus.MANAGER, "Create", '"<domain/>"', "{}", interface=domain.MANAGER, user=OTHER, check=False)
    tap.true("AuthRequired" in said or "Denied" in said, said)
    path = make("mine", guest.boot_sector())
    start(path)
    said = call(path, "ForceOff", "{}", user=OTHER, check=False)
    tap.true("NotFound" in said, said)
    # The very same person, from elsewhere.
    said = call(path, "ForceOff", "{}", user=USER, check=False)
    tap.true("AuthRequired" in said or "Denied" in said, said)
    call(path, "ForceOff", "{}")
    tap.equal(qemus(), [], "QEMUs")


@tap.case
def room():
    """A guest has its room within the unit's limits, and tells by its serial line that it runs"""
    path = make("room", guest.boot_sector("I AM UP\r\n"))
    start(path)
    (pid,) = qemus()
    facts = pc.run(f"cat /proc/{pid}/status")
    uid = int(re.search(r"^Uid:\t(\d+)", facts, re.M)[1])
    tap.true(2001000000 <= uid <= 2001999999, f"uid {uid}")
    for line in (r"CapEff:\t0+", r"CapBnd:\t0+", r"NoNewPrivs:\t1", r"Seccomp:\t2", r"Groups:\t\s*"):
        tap.true(re.search(f"^{line}$", facts, re.M), f"{line}: {facts}")
    here.wait_for_serial(path, "I AM UP\r\n")
    call(path, "ForceOff", "{}")


@tap.case
def locked():
    """A machine whose memory is locked has all of it in this computer's memory; another has none locked"""
    for wanted in (False, True):
        path = make(f"locked{wanted}", guest.boot_sector(), tune="<memoryBacking><locked/></memoryBacking>" if wanted else "")
        start(path)
        (pid,) = qemus()
        kib = int(pc.run(f"grep VmLck /proc/{pid}/status").split()[1])
        tap.diag(f"{kib} KiB are locked")
        tap.true(kib >= 32 << 10 if wanted else kib < 1024, f"{kib} KiB are locked")
        call(path, "ForceOff", "{}")


@tap.case
def no_shaper():
    """A kernel that cannot limit what a card on a bridge sends and receives is told of, with the modules that it lacks"""
    pc.run("echo install sch_tbf /bin/false >/etc/modprobe.d/none.conf; ip link add br9 type bridge && ip link set br9 up")
    card = "<interface type='bridge'><source bridge='br9'/><model type='e1000'/>{}</interface>"
    path = make("shaped", guest.boot_sector(), card.format("<bandwidth><inbound average='100'/></bandwidth>"))
    said = end_of_job(call(path, "Start", "{}"))
    tap.true("failed" in said and "sch_tbf" in said, said)
    tap.equal((qemus(), pc.run("ls /sys/class/net/br9/brif")), ([], ""), "what is left of it")
    path = make("unshaped", guest.boot_sector(), card.format(""))
    start(path)
    call(path, "ForceOff", "{}")
    pc.run("ip link del br9; rm /etc/modprobe.d/none.conf")


@tap.case
def networks():
    """Cards on the internet and on a bridge work in the unit"""
    pc.run("ip link add br0 type bridge && ip link set br0 up && ip link set lo up")
    user = make("user", guest.boot_sector(), "<interface type='user'><model type='e1000'/></interface>")
    start(user)
    tap.true("passt" in prop(user, "UserNetwork"), prop(user, "UserNetwork"))
    tap.true(pc.run("pgrep passt"), "no passt runs")
    bridged = make("bridged", guest.boot_sector(),
                   "<interface type='bridge'><source bridge='br0'/><model type='e1000'/></interface>")
    start(bridged)
    tap.true("inn" in pc.run("ls /sys/class/net/br0/brif"), "no tap is on the bridge")
    call(user, "ForceOff", "{}")
    call(bridged, "ForceOff", "{}")


@tap.case
def outlives():
    """Guests outlive the helper's restart, its stop and its death, and the next helper knows them"""
    paths = [make(name, guest.boot_sector()) for name in ("one", "two")]
    for path in paths:
        start(path)
    before = qemus()
    tap.equal(len(before), 2, "QEMUs")
    for pid in before:
        scope = pc.run(f"cat /proc/{pid}/cgroup")
        tap.true(re.search(r"/machine\.slice/innkeeper-.*\.scope$", scope), f"control group: {scope}")
    for what in ("restart", "stop", "kill --kill-whom=main -s KILL"):
        main = shows("MainPID")
        pc.run(f"systemctl {what} {UNIT}")
        tap.wait_for(lambda: shows("MainPID") != main, 30, f"the helper's end after {what}")
        for path in paths:
            tap.true("running" in prop(path, "State"), f"not running after {what}: {prop(path, 'StateReason')}")
        tap.equal(qemus(), before, f"QEMUs after {what}")
    tap.equal(shows("ActiveState"), "active", "the unit")
    for path in paths:
        call(path, "ForceOff", "{}")
    tap.equal(qemus(), [], "QEMUs")


@tap.case
def share():
    """A machine has its share of the computer from systemd: in the kernel's words, and as its unit has it"""
    path = make("shared", guest.boot_sector(), tune="<cputune><shares>2048</shares><global_quota>30000</global_quota></cputune>")
    start(path)
    (pid,) = qemus()
    group = "/sys/fs/cgroup" + pc.run(f"cat /proc/{pid}/cgroup").strip().removeprefix("0::")
    tap.true(re.search(r"/machine\.slice/innkeeper-.*\.scope$", group), f"control group: {group}")
    tap.equal(pc.run(f"cat {group}/cpu.max").split(), ["30000", "100000"], "its limit")
    tap.equal(pc.run(f"cat {group}/cpu.weight").strip(), "200", "its weight, where others have 100")
    # Changed while it runs: the scope is there already.
    change = ("import re\nfrom gi.repository import Gio, GLib\nbus = Gio.bus_get_sync(Gio.BusType.SYSTEM)\n"
              "def call(method, arguments):\n"
              f"    return bus.call_sync('{bus.NAME}', '{path}', '{domain.MACHINE}', method, arguments, None, 0, 60000, None)\n"
              "xml, generation = call('GetXml', GLib.Variant('(a{sv})', ({},))).unpack()\n"
              "xml = re.sub('<cputune>.*</cputune>', '<cputune><global_quota>70000</global_quota></cputune>', xml, flags=re.S)\n"
              "print(call('Apply', GLib.Variant('(sa{sv})', (xml, {'generation': GLib.Variant('t', generation)}))))\n")
    code, out, err = pc.ask(["python3", "-c", change], port="desk", timeout=90)
    tap.true(code == 0 and out.count("'live'") == 2, f"{code} {out} {err}")
    tap.equal(pc.run(f"cat {group}/cpu.max").split(), ["70000", "100000"], "its limit")
    tap.equal(pc.run(f"cat {group}/cpu.weight").strip(), "100", "its weight")
    call(path, "ForceOff", "{}")


@tap.case
def quiet():
    """The journal holds no warning of ours or about us"""
    tap.equal(warnings(), [], "warnings")


@tap.case
def goes_down():
    """When the computer is turned off its guests are asked to shut down, and nothing waits for those that do not"""
    polite, stubborn = make("polite", guest.button_sector()), make("stubborn", guest.boot_sector())
    for path in (polite, stubborn):
        call(path, "SetAutostart", "true", "{}")
        start(path)
    pc.run(f"systemctl preset {UNIT} 2>&1 && systemctl is-enabled {UNIT}")
    seconds = pc.power_off()
    tap.diag(f"off after {seconds:.0f} s")
    pc.boot()
    written = pc.read(f"/home/{USER}/polite.img")
    tap.equal(written[512:1024], written[:512], "what the polite guest wrote when the button was pressed")
    said = pc.run(f"journalctl -b -1 -q --no-pager -o cat -u {UNIT}")
    tap.true("“stubborn” has not shut down and is forced off" in said, said)
    tap.true("“polite” has not shut down" not in said, said)
    # systemd's patience was not needed: it warns where it has run out.
    tap.equal(warnings(-1), [], "warnings")


@tap.case
def comes_up():
    """Machines that start with the computer do, with nobody there to ask for them"""
    tap.wait_for(lambda: len(qemus()) == 2, 60, "two guests", 1)
    tap.equal(pc.run("busctl --system list --no-pager | grep -c gdbus || true"), "0", "callers")


@tap.case
def power_cut():
    """After a power cut the machines are there, and start with the computer"""
    pc.cut_power()
    pc.boot()
    tap.wait_for(lambda: len(qemus()) == 2, 60, "two guests", 1)
    tap.equal(warnings(), [], "warnings")


tap.main()
