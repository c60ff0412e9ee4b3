# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is secret by the schema is in the machine's own files and in the helper's memory, for as long as the machine
has it, and nowhere else: no command line, environment, log, file, message, other process, or core."""

import contextlib
import os
import re
import resource
import signal
import subprocess
import threading
import time
from pathlib import Path

from gi.repository import GLib

from lib import bus, domain, env, ns, proc, schema, system, tap, vm

ns.enter()
room = system.make(activated=False)
root = system.Root(room)
tap.on_failure(root.print_logs)
# As much as it can say; all it says is searched.
root.start_helper(extra_env={"G_MESSAGES_DEBUG": "all"})
tap.cleanup(root.close)

SECRETS = {schema.name_of(f): f for f in schema.fields(("string", "path", "uint", "enum", "size", "mac", "uuid")) if f["secret"]}
CANARY = "Kanarie" + os.urandom(8).hex()
BESIDE = {"graphics": {"@type": "vnc"}}
CONSOLE = bus.NAME + ".Console"


class Scan:
    """Command lines and environments of the helper and all below it, looked at all the while."""

    def __init__(self):
        self.found, self.looked = set(), 0
        self._done = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._done:
            for pid in [root.helper.pid, *proc.descendants(root.helper.pid)]:
                for name in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        text = Path(f"/proc/{pid}/{name}").read_bytes()
                        self.looked += 1
                        if CANARY.encode() in text:
                            self.found.add(f"{name} of {text[:200]}")
            time.sleep(0.01)

    def end(self):
        self._done = True
        self._thread.join()


class Bus:
    """All that the helper says on the bus, to anybody, polkit too."""

    def __init__(self):
        self.file = room.dir / "bus.log"
        with open(self.file, "wb") as out:
            self.process = subprocess.Popen(["dbus-monitor", "--system", "--binary", f"sender='{bus.NAME}'"], stdout=out)
        # It sees what is said from when it sees anything.
        tap.wait_for(lambda: root.machines() is not None and self.file.stat().st_size > 200, 10, "the monitor")

    def end(self):
        self.process.terminate()
        self.process.wait()
        said = self.file.read_bytes()
        self.file.unlink()
        return said


def definition(secret=CANARY, name="secretive", **kwargs):
    it = schema.domain(name, **kwargs)
    for field in SECRETS.values():
        at = schema.device(it, field, BESIDE[field["kind"]]) if field["device"] else it
        at.put(field["path"], secret)
    return it.xml().replace("</devices>", vm.VIDEO + "</devices>")


def memory_has(pid):
    """Whether a core of the process would have it."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            # A sanitizer's shadow is terabytes of nothing.
            if not line.split()[1].startswith("rw") or end - start > 1 << 30:
                continue
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(start)
                if CANARY.encode() in memory.read(end - start):
                    return True
    return False


def files_with():
    """Files of the store, the runtime folders and the test's own system that have it, but the monitor's."""
    found = []
    for top in (Path(ns.STATE), Path("/run"), room.dir):
        for path in top.rglob("*"):
            with contextlib.suppress(OSError):
                if path != room.dir / "bus.log" and path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 24 and CANARY.encode() in path.read_bytes():
                    found.append(path)
    return found


def refused(xml, machine=None, **options):
    """Whatever is wrong about a definition, nobody is told the secret."""
    try:
        if machine:
            domain.call(root, machine, "Apply", GLib.Variant("s", xml), **options)
        else:
            domain.create(root, xml, **options)
    except (GLib.Error, AssertionError) as e:
        tap.true(CANARY not in str(e), f"the error tells it: {e}")
        return
    raise AssertionError(f"not refused: {xml}")


def wrong_ones(machine, ident):
    good = definition()
    for number, bad in enumerate((
            good.replace(CANARY, CANARY * 40), good.replace(CANARY, CANARY + "\x01"), good.replace(CANARY, CANARY + "&#10;x"),
            good.replace(f'"{CANARY}"', f'"{CANARY}" passwd="{CANARY}"'), good.replace(f'"{CANARY}"', f'"{CANARY}'),
            good.replace(f'"{CANARY}"', CANARY), good.replace(f'"{CANARY}"', f'"{CANARY}&{CANARY};"'),
            good.replace('type="vnc"', 'type="none"'), good.replace("</domain>", ""), good + good,
            good.replace("<vcpu>1", "<vcpu>x"), good.replace("hvm", "xen"))):
        refused(bad)
        if number != 7:
            refused(bad.replace("</name>", f"</name><uuid>{ident}</uuid>"), machine)
    refused(good.replace("</name>", f"</name><uuid>{ident}</uuid>"), machine, generation=GLib.Variant("t", 999))
    refused(good, nonsense=GLib.Variant("b", True))


def life():
    """All that may happen to a machine that has a secret; answers it while it runs."""
    machine = domain.create(root, definition())
    ident = domain.uuid_of(machine)
    xml = domain.call(root, machine, "GetXml")[0]
    tap.true("graphics" in xml and CANARY not in xml, xml)
    stored = Path(ns.STATE) / "machines" / ident / "machine.xml"
    tap.true(CANARY in stored.read_text(), "it is not kept")
    wrong_ones(machine, ident)
    # Set anew, changed, taken out of what is told and put back by who changes something else.
    for changed in (xml.replace(">64<", ">96<"), definition(CANARY + "2").replace("</name>", f"</name><uuid>{ident}</uuid>"),
                    definition().replace("</name>", f"</name><uuid>{ident}</uuid>")):
        changes = domain.call(root, machine, "Apply", GLib.Variant("s", changed))
        tap.true(CANARY not in str(changes), changes)
    vm.start(root, machine)
    for live in (False, True):
        tap.true(CANARY not in domain.call(root, machine, "GetXml", live=GLib.Variant("b", live))[0], "GetXml")
    domain.call(root, machine, "Apply", GLib.Variant("s", definition(CANARY + "3").replace("</name>", f"</name><uuid>{ident}</uuid>")))
    # A user's in the guest goes there and nowhere else; here nobody is there to take it.
    for user in ("root", "a:b"):
        try:
            root.call(machine, bus.NAME + ".Guest", "SetPassword", GLib.Variant("(ssa{sv})", (user, CANARY, {})))
        except GLib.Error as e:
            tap.true(CANARY not in str(e), f"the error tells it: {e}")
    for method in ("ListStorage", "GetLog", "Pause", "Resume", "Reset"):
        tap.true(CANARY not in str(domain.call(root, machine, method)), method)
    domain.call(root, machine, "SetAutostart", GLib.Variant("b", True))
    vm.console(root, machine, "OpenDisplay", GLib.Variant("s", "vnc")).close()
    for interface in (domain.MACHINE, CONSOLE):
        told = root.call(machine, bus.PROPERTIES, "GetAll", GLib.Variant("(s)", (interface,)))
        tap.true(CANARY not in str(told), told)
    tap.true(CANARY not in str(root.call(bus.ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")), "objects")
    return machine


@tap.case
def schema_has_some():
    """The schema has secrets, and this test knows how to say each"""
    tap.true(SECRETS and {f["kind"] for f in SECRETS.values()} <= set(BESIDE), f"{SECRETS.keys()}")


@tap.case
def nowhere_else():
    """A secret is in its machine's machine.xml and live.xml, 0600, and in the helper's memory: in nothing else"""
    scan, said = Scan(), Bus()
    try:
        machine = life()
        family = {p: proc.cmdline(p) for p in proc.descendants(root.helper.pid)}
        tap.true(any("qemu-system" in line for line in family.values()) and len(family) >= 4, f"processes: {family}")
        tap.equal([line[:100] for pid, line in family.items() if memory_has(pid)], [], "processes that have it in memory")
        tap.true(memory_has(root.helper.pid), "the scan of memory finds nothing where it is")
        files = files_with()
        tap.equal(sorted({p.name for p in files}), ["live.xml", "machine.xml"], "files that have it")
        tap.equal([oct(p.stat().st_mode & 0o777) for p in files], ["0o600"] * 2, f"their rights: {files}")
        vm.force_off(root, machine)
        domain.delete(root, machine)
        tap.equal(files_with(), [], "files that have it when the machine is deleted")
    finally:
        scan.end()
        told = said.end()
    tap.true(b"PropertiesChanged" in told and b"InvalidXml" in told, "the monitor has seen nothing")
    tap.true(CANARY.encode() not in told, "it is in a message")
    tap.equal(scan.found, set(), "command lines and environments")
    tap.true(scan.looked > 100, f"only {scan.looked} were looked at")
    log = root.helper.log.read_bytes()
    tap.true(CANARY.encode() not in log, "it is in the log")
    tap.figure("a canary secret outside of machine.xml, live.xml and the helper's memory",
               f"0 of {scan.looked} command lines and environments, {len(told)} bytes of messages, {len(log)} of log")


@tap.case
def can_see():
    """The scans see a secret where there is one"""
    scan, said = Scan(), Bus()
    other = subprocess.Popen(["/bin/sh", "-c", "sleep 100", CANARY])
    tap.cleanup(other.wait)
    tap.cleanup(other.kill)
    shown = domain.create(root, domain.xml(CANARY))
    told = tap.wait_for(lambda: CANARY.encode() in said.file.read_bytes(), 10, "its name in a message")
    scan.end()
    said.end()
    tap.true(told and memory_has(other.pid), "its name is seen")
    tap.true(any(p.name == "machine.xml" for p in files_with()), "files")
    domain.delete(root, shown)


def dumped(argv, **kwargs):
    """Whether the kernel writes a core of it."""
    folder = room.dir / "core"
    folder.mkdir(exist_ok=True)
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    try:
        one = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.RLIM_INFINITY))
    return one


def ended_with_core(one):
    one.send_signal(signal.SIGQUIT)
    status = os.waitpid(one.pid, 0)[1]
    one.returncode = 1
    tap.equal(os.WTERMSIG(status), signal.SIGQUIT, "what ended it")
    return os.WCOREDUMP(status)


@tap.case
def no_core():
    """The kernel writes no core of the helper, however it dies and whatever the limits are"""
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # a shell's job in the background ignores it
    control = dumped(["sleep", "100"])
    tap.wait_for(lambda: proc.cmdline(control.pid).startswith("sleep"), 5, "sleep")
    if not ended_with_core(control):
        tap.skip("this computer writes no cores at all")
    session = bus.Session()
    tap.cleanup(session.close)
    options = os.environ.get("ASAN_OPTIONS", "") + ":disable_coredump=0"
    helper = dumped([env.HELPER, "--session"], env={**session.environ, "ASAN_OPTIONS": options})
    tap.wait_for(lambda: bus.has_owner(session.connection, bus.NAME), 20, "the helper")
    tap.true(not ended_with_core(helper), "there is a core of the helper")
    for file in (room.dir / "core").iterdir():
        file.unlink()


tap.main()
