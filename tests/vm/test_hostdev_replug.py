# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""USB devices that are pulled out and put in while machines run, and machines that want the same one. The sysfs and the
nodes are the test's own, and so is the libusb (fake-libusb.c) with which the real QEMU has one where none is."""

import os
import re
import signal
import subprocess

from gi.repository import GLib

from lib import bus, domain, env, ns, tap, vm

ns.enter()
session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
ROOT = session.path / "usb"
SYS, DEV = ROOT / "sys/bus/usb/devices", ROOT / "dev/bus/usb"
session.environ["VMH_USB_ROOT"] = str(ROOT)
MODEL = "<vendor id='0x0781'/><product id='0x5581'/>"
LIBRARY = "/usr/lib/x86_64-linux-gnu/libusb-1.0.so.0"

subprocess.run(["cc", "-shared", "-fPIC", "-o", session.path / "libusb.so", env.SOURCE / "tests/vm/fake-libusb.c"], check=True)
os.chmod(session.path / "libusb.so", 0o755)
subprocess.run(["mount", "--bind", session.path / "libusb.so", os.path.realpath(LIBRARY)], check=True)
(DEV / "001").mkdir(parents=True)
(DEV / "002").mkdir(parents=True)
SYS.mkdir(parents=True)


def plug(port, number, product="5581"):
    folder = SYS / port
    folder.mkdir()
    busnum = int(port.split("-")[0])
    for name, text in dict(idVendor="0781", idProduct=product, bDeviceClass="00", busnum=busnum, devnum=number).items():
        (folder / name).write_text(f"{text}\n")
    node = DEV / f"{busnum:03}" / f"{number:03}"
    (ROOT / "new").write_text("device")
    os.rename(ROOT / "new", node)  # the kernel makes it whole
    os.chmod(node, 0o666)
    tap.cleanup(lambda: folder.exists() and unplug(folder))
    return folder


def unplug(folder):
    place = [int((folder / name).read_text()) for name in ("busnum", "devnum")]
    (DEV / f"{place[0]:03}" / f"{place[1]:03}").unlink()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def hostdev(source=MODEL, policy=None):
    more = f" startupPolicy='{policy}'" if policy else ""
    return f"<hostdev mode='subsystem' type='usb'><source{more}>{source}</source></hostdev>"


def create(name, device=None):
    machine = domain.create(session, definition(name, device))
    tap.cleanup(lambda: off(machine))
    return machine


def definition(name, device=None):
    return vm.real_mode(name, session).replace(
        "</devices>", (device or "<controller type='usb' model='qemu-xhci'/>") + "</devices>")


def xml(machine):
    return domain.call(session, machine, "GetXml")[0]


def apply(machine, text):
    return domain.call(session, machine, "Apply", GLib.Variant("s", text))[0]


def places(machine):
    """What the machine has, as the helper has written it down."""
    path = vm.runtime(session) / domain.uuid_of(machine) / "usb"
    return sorted(line for line in path.read_text().splitlines()) if path.exists() else []


def live(machine):
    return (vm.runtime(session) / domain.uuid_of(machine) / "live.xml").read_text().count("<hostdev")


def nodes(machine):
    """Nodes of USB devices that its QEMU has open."""
    return sorted({path[len(str(DEV)) + 1:].removesuffix(" (deleted)") for path in vm.fds_of(vm.pid(session, machine)).values()
                   if path.startswith(str(DEV))})


def refused(work):
    try:
        work()
    except (AssertionError, GLib.Error) as e:
        return str(e)
    raise AssertionError("it was done")


def wait_nodes(machine, wanted, why):
    tap.wait_for(lambda: set(nodes(machine)) == set(wanted), 20, f"{why}: {wanted}")


def off(*machines):
    for machine in machines:
        if vm.state(session, machine) not in ("off", "crashed"):
            vm.force_off(session, machine)


session.start_helper()


@tap.case
def pulled_and_put_in():
    """A device that is pulled out goes from the machine, whose definition keeps it, and comes again at any port"""
    stick = plug("1-2", 4)
    machine = create("sticks", hostdev())
    vm.start(session, machine)
    tap.equal((places(machine), live(machine)), (["1 4 hostdev:0x0781:0x5581"], 1), "at the start")
    wait_nodes(machine, ["001/004"], "QEMU has it")
    before = xml(machine)
    unplug(stick)
    wait_nodes(machine, [], "it has gone")
    tap.wait_for(lambda: live(machine) == 0, 10, "the live definition to say so")
    tap.equal((places(machine), xml(machine)), ([], before), "what is kept")
    tap.equal(session.get(machine, domain.MACHINE, "Pending"), [], "no restart is waited for")
    for port, number in (("2-1", 9), ("1-2", 5), ("1-3", 6)):
        stick = plug(port, number)
        node = f"{int(port[0]):03}/{number:03}"
        wait_nodes(machine, [node], "it has come again")
        tap.wait_for(lambda: live(machine) == 1, 10, "the live definition to say so")
        tap.equal(session.get(machine, domain.MACHINE, "Pending"), [], "nothing waits")
        unplug(stick)
        wait_nodes(machine, [], "it has gone again")
    stick = plug("1-2", 10)  # pulled and put in between two looks
    wait_nodes(machine, ["001/010"], "it has come")
    unplug(stick)
    stick = plug("1-2", 11)
    wait_nodes(machine, ["001/011"], "the new one in the place of the old one")
    off(machine)
    tap.equal(places(machine), [], "after its end")
    unplug(stick)


@tap.case
def policies():
    """A machine whose optional device is absent starts and gets it later; others say what is missing"""
    for policy in (None, "mandatory", "requisite"):
        machine = create(f"needs {policy}", hostdev(policy=policy))
        said = refused(lambda: vm.start(session, machine))
        tap.true("The USB device 0781:5581 is not plugged in." in said, said)
    machine = create("optional", hostdev(policy="optional"))
    vm.start(session, machine)
    tap.equal(live(machine), 0, "devices at the start")
    log = domain.call(session, machine, "GetLog")[0]
    tap.true("0x0781:0x5581 is not plugged in. The machine starts without it." in log, log)
    stick = plug("1-2", 4)
    wait_nodes(machine, ["001/004"], "it comes")
    off(machine)
    unplug(stick)
    tap.true("InvalidXml" in (said := refused(lambda: domain.create(session, definition("bad", hostdev(policy="often"))))) or
             "InvalidArgument" in said, said)


@tap.case
def next_helper():
    """What was pulled out or put in while no helper ran is seen by the next one, and who has which is still known"""
    stick, other = plug("1-2", 4), plug("1-3", 5)
    one = create("one", hostdev())
    two = create("two", hostdev())
    vm.start(session, one)
    vm.start(session, two)  # of two alike each gets one
    wait_nodes(one, ["001/004"], "the first")
    wait_nodes(two, ["001/005"], "the second")
    session.helper.kill()
    session.helper.wait(10)
    unplug(stick)
    session.start_helper()
    wait_nodes(one, [], "it has gone meanwhile")
    tap.equal(nodes(two), ["001/005"], "the other one stays")
    session.helper.kill()
    session.helper.wait(10)
    stick = plug("2-2", 7)
    session.start_helper()
    wait_nodes(one, ["002/007"], "it has come meanwhile")
    three = create("three", hostdev())
    said = refused(lambda: vm.start(session, three))
    tap.true(re.search("“(one|two)” has the USB device 0781:5581", said), said)
    os.kill(vm.pid(session, two), signal.SIGKILL)
    vm.wait_state(session, two, "crashed")
    vm.start(session, three)  # what a killed QEMU had is free
    wait_nodes(three, ["001/005"], "it is the third's now")
    off(one, two, three)
    unplug(stick)
    unplug(other)


@tap.case
def start_and_start():
    """Of machines that start at once exactly one gets the device, and the others are told who has it"""
    stick = plug("1-2", 4)
    machines = [create(f"race {i}", hostdev()) for i in range(4)]
    for _ in range(tap.count(3, 20)):
        jobs = [domain.call(session, machine, "Start")[0] for machine in machines]
        ends = [domain.wait_job(session, job) for job in jobs]
        winners = [machine for machine, end in zip(machines, ends) if end["State"] == "done"]
        tap.equal(len(winners), 1, f"winners: {[(e['State'], e['ErrorMessage']) for e in ends]}")
        name = f"race {machines.index(winners[0])}"
        for end in ends:
            tap.true(end["State"] == "done" or f"“{name}” has the USB device 0781:5581." in end["ErrorMessage"],
                     end["ErrorMessage"])
        tap.equal([len(places(m)) for m in machines], [int(m in winners) for m in machines], "what is written down")
        off(*winners)
    unplug(stick)


@tap.case
def plug_and_plug():
    """Of running machines that get it at once exactly one does, and so does one that starts meanwhile or does not"""
    stick = plug("1-2", 4)
    machines = [create(f"run {i}") for i in range(2)]
    starter = create("start", hostdev())
    for machine in machines:
        vm.start(session, machine)
    for starts in (False, True) * tap.count(1, 5):
        plain = [xml(machine) for machine in machines]
        answers, job = {}, None
        for i, machine in enumerate(machines):
            text = plain[i].replace("</devices>", hostdev() + "</devices>")
            session.connection.call(bus.NAME, machine, domain.MACHINE, "Apply", GLib.Variant("(sa{sv})", (text, {})), None, 0,
                                    60000, None, lambda c, r, i: answers.update({i: c.call_finish(r).unpack()[0]}), i)
        if starts:
            job = domain.call(session, starter, "Start")[0]
        tap.wait_for(lambda: GLib.MainContext.default().iteration(False) and False or len(answers) == 2, 30, "both answers")
        end = domain.wait_job(session, job) if job else {"State": "none", "ErrorMessage": ""}
        outcomes = {i: next(c for c in answers[i] if c[0].startswith("hostdev")) for i in answers}
        got = [outcomes[i][1] == "live" for i in range(2)] + [end["State"] == "done"]
        tap.equal(sum(got), 1, f"{outcomes} {end}")
        for i in range(2):
            tap.true(got[i] or "has the USB device 0781:5581." in outcomes[i][2], outcomes[i])
        tap.true(end["State"] != "failed" or "has the USB device 0781:5581." in end["ErrorMessage"], end["ErrorMessage"])
        tap.equal([len(places(m)) for m in (*machines, starter)], [int(g) for g in got], "what is written down")
        off(starter)
        for machine, text in zip(machines, plain):
            apply(machine, text)
        tap.equal([nodes(machine) for machine in machines], [[], []], "all is as before")
    off(*machines)
    unplug(stick)


@tap.case
def failed_on_the_way():
    """What fails while it is plugged in, or at the start, leaves the device free"""
    stick = plug("1-2", 4)
    session.helper.stop()
    session.environ["VMH_FAIL_AT"] = "plug:1"
    session.start_helper()
    machine = create("unlucky")
    vm.start(session, machine)
    change = apply(machine, xml(machine).replace("</devices>", hostdev() + "</devices>"))[-1]
    tap.true(change[1] == "restart" and "VMH_FAIL_AT" in change[2], change)
    tap.equal((places(machine), nodes(machine)), ([], []), "it has nothing")
    other = create("lucky", hostdev())
    vm.start(session, other)
    wait_nodes(other, ["001/004"], "another one gets it")
    off(machine, other)
    session.helper.stop()
    del session.environ["VMH_FAIL_AT"]
    session.start_helper()
    (DEV / "001/004").write_text("nothing")
    said = refused(lambda: vm.start(session, other))
    tap.true("failed to open host usb device" in said and places(other) == [], said)
    (DEV / "001/004").write_text("device")
    vm.start(session, machine)
    wait_nodes(machine, ["001/004"], "it is free")


tap.main()
