# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every method of the contract × who calls it and what polkit says. The methods come from the
contract: one that SCENARIO does not call, or that names no action, fails here."""

import hashlib
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from lib import bus, domain, env, guest, ns, proc, system, tap, vm
from lib.agent import Agent
from lib.caller import Caller

ns.enter()

ERROR = "org.innkeeper.Error."
CONSOLE = bus.NAME + ".Console"
GUEST = bus.NAME + ".Guest"
DONE = "(<'done'>,)(<''>,)"
JOB_PATH = re.compile(bus.ROOT + "/jobs/[0-9]+")
# Who is in this group may everything: that is when the machines are made. (polkit.spawn() in a rule
# would be simpler, and hung polkitd 122 now and then.)
OPEN = "innkeeper-test"
RULES = """
polkit.addRule(function(action, subject) {
  if (action.id.indexOf("org.innkeeper.helper.") != 0) return;
  if (subject.isInGroup("%s") || subject.user == "%s") return polkit.Result.YES;
  if (subject.user == "%s") return polkit.Result.NO;
  return polkit.Result.AUTH_ADMIN;
});
""" % (OPEN, ns.OTHER, ns.ADMIN)
ALLOWED, DENIED, ASKED = ns.OTHER, ns.ADMIN, ns.USER

NONE = "@a{sv} {}"
MACHINE, MANAGER, JOB = domain.MACHINE, domain.MANAGER, domain.JOB


def contract():
    """{(interface, method): action}"""
    found = {}
    for path in sorted((env.SOURCE / "data/dbus").glob("*.xml")):
        interface = ElementTree.parse(path).getroot().find("interface")
        for method in interface.findall("method"):
            found[interface.get("name"), method.get("name")] = [
                a.get("value") for a in method.findall("annotation") if a.get("name") == "org.innkeeper.Action"]
    return found


class User:
    """A user, its machine, and what it would ask of the helper: arguments that can be carried out."""

    def __init__(self, room, name):
        self.name = name
        self.image = room.dir / f"{name}.img"
        self.image.write_bytes(guest.boot_sector("MATRIX\r\n"))
        self.image.chmod(0o666)
        self.ident = domain.new_uuid()
        self.machine = domain.path_of(self.ident)
        self.caller = self.connect()
        disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{self.image}'/>"
                "<target dev='hda' bus='ide'/></disk>")
        self.text = vm.definition(f"of {name}", disk + vm.SERIAL + vm.VIDEO + "<controller type='usb' model='qemu-xhci'/>", memory=32, machine="pc").replace(
            "</name>", f"</name><uuid>{self.ident}</uuid>")
        self.job = ""

    def connect(self):
        return Caller(self.name)

    def arguments(self, method):
        return {
            (MANAGER, "Create"): f"({system.quoted(domain.xml('new of ' + self.name))}, {NONE})",
            (MANAGER, "InspectImage"): f"(@h 0, {NONE})",
            (MACHINE, "Apply"): f"({system.quoted(self.text.replace('<vcpu>1<', '<vcpu>2<'))}, {NONE})",
            (MACHINE, "SetAutostart"): f"(true, {NONE})",
            (MACHINE, "InspectDisk"): f"('hda', {NONE})",
            (MACHINE, "GetHistory"): f"(uint32 3600, {NONE})",
            (MACHINE, "GrowDisk"): f"('hda', uint64 {1 << 22}, {NONE})",
            (GUEST, "SetPassword"): f"('root', 'secret', {NONE})",
            (CONSOLE, "OpenDisplay"): f"('vnc', {NONE})",
            (CONSOLE, "OpenSerial"): f"('serial0', {NONE})",
        }.get(method, f"({NONE},)")

    def path(self, method):
        return {MANAGER: bus.MANAGER, JOB: self.job}.get(method[0], self.machine)

    def files(self, method):
        return [self.image] if method == (MANAGER, "InspectImage") else []

    def send(self, method, arguments=None, interactive=False, caller=None):
        return (caller or self.caller).send(self.path(method), *method, arguments or self.arguments(method),
                                            interactive=interactive, files=self.files(method))

    def call(self, method, *args, caller=None, **kwargs):
        return (caller or self.caller).result(self.send(method, *args, caller=caller, **kwargs))


# In an order in which each can be carried out.
SCENARIO = (
    (MANAGER, "ListMachines"), (MANAGER, "ListHostDevices"), (MANAGER, "GetStatistics"), (MANAGER, "InspectImage"),
    (MANAGER, "ShowOthers"), (MANAGER, "Create"),
    (JOB, "Cancel"), (MACHINE, "GetXml"), (MACHINE, "ListStorage"), (MACHINE, "InspectDisk"), (MACHINE, "GrowDisk"),
    (MACHINE, "GetLog"), (MACHINE, "Apply"),
    (MACHINE, "SetAutostart"), (MACHINE, "Start"), (MACHINE, "GetPerformance"), (MACHINE, "GetHistory"),
    (CONSOLE, "OpenDisplay"), (CONSOLE, "OpenSerial"), (CONSOLE, "OpenUsb"),
    (CONSOLE, "Screenshot"), (GUEST, "GetInfo"), (GUEST, "SetPassword"), (GUEST, "SetTime"), (GUEST, "Trim"),
    (GUEST, "PowerOff"), (MACHINE, "Pause"), (MACHINE, "Resume"), (MACHINE, "Reset"),
    (MACHINE, "Shutdown"), (MACHINE, "ForceOff"), (MACHINE, "Delete"),
)

# A boot sector has no agent: it is asked, and that it is silent is told. tests/vm/test_guest_agent.py has one.
SILENT = {(GUEST, name) for name in ("SetPassword", "SetTime", "Trim", "PowerOff")}

room = ns.System(policies=[env.BUILD / "data/system/org.innkeeper.helper.policy"],
                 bus_configs=[env.SOURCE / "data/system/org.innkeeper.Helper1.conf"],
                 services={bus.NAME: f"{env.HELPER} --system"}, rules=RULES)
subprocess.run(["groupadd", OPEN], check=True)
helper = None


def allow_all(one, allowed):
    subprocess.run(["gpasswd", "-a" if allowed else "-d", one.name, OPEN], check=True, capture_output=True)


def start_helper():
    global helper
    if helper is None:
        helper = proc.Process([env.HELPER, "--system"], log=room.dir / "helper.log", name="vmm-helper")
        probe = ns.connect()
        tap.wait_for(lambda: bus.has_owner(probe, bus.NAME), 20, "the helper")
        tap.cleanup_at_end(helper.stop)


def user(name, running=False):
    """A user with a machine, which was made while everybody might everything."""
    start_helper()
    one = User(room, name)
    tap.cleanup(one.caller.close)
    allow_all(one, True)
    made = one.caller.call(bus.MANAGER, MANAGER, "Create", f"({system.quoted(one.text)}, {NONE})")
    one.job = JOB_PATH.search(system.value(made))[0]
    tap.cleanup(remove, one)
    tap.equal(system.wait_job(one.caller, one.job), DONE, "the machine")
    if running:
        tap.equal(system.start(one.caller, one.machine), DONE, "its start")
    allow_all(one, False)
    # Of groups polkit does not tell, so what it has said to a connection counts on (VMH_ANSWER_SECONDS).
    one.caller.close()
    one.caller = one.connect()
    return one


def remove(one):
    allow_all(one, True)
    one.caller = one.connect()
    for method in ((MACHINE, "ForceOff"), (MACHINE, "Delete")):
        one.call(method)
    tap.wait_for(lambda: one.ident not in os.listdir(f"{ns.STATE}/machines"), 20, "the machine's end")
    one.caller.close()
    allow_all(one, False)


def machines(one):
    text = system.value(one.caller.call(bus.ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"))
    return sorted(set(re.findall(bus.ROOT + "/machines/[0-9a-f_]+(?=': )", text)))


def standing(one):
    """All that a refused call could have changed: folders and their files, guests, what is told of the
    machine. Its log and its guest's memory live on by themselves."""
    files = {}
    for path in sorted(Path(ns.STATE).rglob("*")):
        if path.is_file() and "/log/" not in str(path):
            files[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    told = system.value(one.caller.call(one.machine, bus.PROPERTIES, "GetAll", f"('{MACHINE}',)"))
    return files, machines(one), sorted(proc.find("qemu-system")), told


def complain(problems):
    tap.true(not problems, "\n" + "\n".join(problems))


def refused_all(one, name, interactive=False):
    """Each method is refused with that error, whatever its arguments, and nothing changes."""
    before, problems = standing(one), []
    for method in SCENARIO:
        answer = one.call(method, interactive=interactive)
        if answer.get("error") != ERROR + name:
            problems.append(f"{method}: {answer}")
        nonsense = re.sub(r"@a\{sv\} \{\}", "{'nonsense': <1>}", one.arguments(method))
        answer = one.call(method, nonsense, interactive=interactive)
        if answer.get("error") != ERROR + name:
            problems.append(f"{method} was looked at before it was allowed: {answer}")
    complain(problems)
    tap.equal(standing(one), before, "what there is")
    tap.figure(f"methods refused as {name}", f"{len(SCENARIO)} of {len(SCENARIO)}")


def carried_out(one):
    problems = []
    for method in SCENARIO:
        answer = one.call(method)
        if method in SILENT and answer.get("error") == ERROR + "Guest":
            continue
        if "value" not in answer:
            problems.append(f"{method}: {answer}")
            continue
        job = JOB_PATH.search(answer["value"])
        if job:
            one.job = job[0]
            done = system.wait_job(one.caller, one.job)
            if done != DONE:
                problems.append(f"{method}: {done}")
    complain(problems)
    tap.true(one.machine not in machines(one), "its machine is deleted")


@tap.case
def complete():
    """The scenario calls every method of the contract, and each names one action"""
    methods = contract()
    tap.equal(sorted(SCENARIO), sorted(methods), "methods")
    tap.equal({m: a for m, a in methods.items() if len(a) != 1}, {}, "actions")


@tap.case
def root():
    """root: all is carried out"""
    one = user("root")
    carried_out(one)


@tap.case
def allowed():
    """Who is allowed: all is carried out"""
    one = user(ALLOWED)
    carried_out(one)


@tap.case
def denied():
    """Who is denied: Denied, before the arguments are looked at, and nothing changes"""
    one = user(DENIED, running=True)
    refused_all(one, "Denied", interactive=True)


@tap.case
def no_agent():
    """Where nobody can be asked: AuthRequired, and nothing changes"""
    one = user(ASKED, running=True)
    refused_all(one, "AuthRequired", interactive=True)


@tap.case
def dismissed():
    """Who closes the question: Dismissed, and nothing changes"""
    one = user(ASKED, running=True)
    asked = Agent(ASKED, str(one.caller.pid), "cancel", room.dir / "dismissed.log")
    tap.cleanup(asked.close)
    refused_all(one, "Dismissed", interactive=True)
    tap.equal(len(asked.asked()), 2 * len(SCENARIO), "questions")


@tap.case
def gone():
    """Whose caller goes while the question is open: it is withdrawn, and nothing changes"""
    one = user(ASKED, running=True)
    before = standing(one)
    # The job first: it stays for a minute.
    for method in sorted(SCENARIO, key=lambda m: m[0] != JOB):
        caller = one.connect()
        asked = Agent(ASKED, str(caller.pid), "wait", room.dir / f"gone-{method[1]}.log")
        one.send(method, interactive=True, caller=caller)
        tap.wait_for(asked.asked, 20, f"the question of {method}")
        caller.kill()
        tap.wait_for(lambda a=asked: "cancelled" in a.output(), 20, f"the end of the question of {method}")
        asked.close()
    tap.equal(standing(one), before, "what there is")
    tap.figure("methods whose caller went away: carried out", f"0 of {len(SCENARIO)}")


@tap.case
def too_large():
    """What is too large is refused before anybody is asked"""
    one = user(ASKED, running=True)
    before = standing(one)
    asked = Agent(ASKED, str(one.caller.pid), ns.PASSWORD, room.dir / "large.log")
    tap.cleanup(asked.close)
    text = system.quoted("x" * (2 * 1024 * 1024))
    for method in ((MANAGER, "Create"), (MACHINE, "Apply")):
        answer = one.call(method, f"({text}, {NONE})", interactive=True)
        tap.equal(answer.get("error"), ERROR + "Limit", f"{method}: {str(answer)[:300]}")
    tap.equal(asked.asked(), [], "questions")
    tap.equal(standing(one), before, "what there is")


tap.main()
