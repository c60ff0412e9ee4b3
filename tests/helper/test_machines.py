# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real helper on a session bus: machines are made, told, changed and deleted."""

import os
import shutil
import signal
import subprocess

from gi.repository import Gio, GLib

from lib import bus, domain, proc, tap

ERROR = "org.innkeeper.Error."


def start():
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    return session


def with_disk(session, name="test", **kwargs):
    return domain.create(session, domain.xml(name, domain.disk(), **kwargs),
                         storage=domain.storage(domain.new_disk()))


def xml_of(session, machine, **opts):
    return domain.call(session, machine, "GetXml", **opts)


def apply(session, machine, xml, **opts):
    return domain.call(session, machine, "Apply", GLib.Variant("s", xml), **opts)[0]


def uint64(value):
    return GLib.Variant("t", value)


@tap.case
def life():
    """A machine is created with a disk, listed, read, changed, and deleted with its disk"""
    session = start()
    machine = with_disk(session)
    folder = domain.folder(session) / domain.uuid_of(machine)
    tap.equal(sorted(session.machines()), [machine], "machines")
    properties = session.machines()[machine][domain.MACHINE]
    for key, value in dict(Name="test", State="off", Owner=os.getuid(), Memory=64 * domain.MIB, Vcpus=1,
                           Folder=str(folder), Autostart=False, Pending=[]).items():
        tap.equal(properties[key], value, key)
    image = folder / "disks" / "vda.qcow2"
    info = bus.run(["qemu-img", "info", "--output=json", image])
    tap.true('"format": "qcow2"' in info and f'"virtual-size": {8 * domain.MIB}' in info, info)
    for path in [folder, *folder.rglob("*")]:
        tap.equal(path.stat().st_mode & 0o077, 0, f"rights of {path}")

    xml, generation = xml_of(session, machine)
    tap.true(f"<source file=\"{image}\"/>" in xml, xml)
    changes = apply(session, machine, xml.replace("<name>test", "<name>other").replace(">64<", ">96<"),
                    generation=uint64(generation))
    tap.equal({c[0]: c[1] for c in changes}, {"general/name": "live", "memory/size": "live"}, "changes")
    tap.equal(session.get(machine, domain.MACHINE, "Name"), "other", "name")
    tap.equal(session.get(machine, domain.MACHINE, "Memory"), 96 * domain.MIB, "memory")
    later = session.get(machine, domain.MACHINE, "Generation")
    tap.true(later > generation > 0, f"generation {later} after {generation}")
    session.helper.stop()
    session.start_helper()
    tap.equal(session.get(machine, domain.MACHINE, "Generation"), later, "generation for the next helper")

    listed = domain.call(session, machine, "ListStorage")[0]
    tap.equal(len(listed), 1, "storage")
    size = listed[0].pop("file-size")
    tap.true(size > 0, "the size of its file is told")
    tap.equal(listed[0], {"target": "vda", "path": str(image), "device": "disk", "format": "qcow2",
                          "created": True, "inside": True, "shared-with": []}, "storage")
    domain.delete(session, machine)
    tap.equal(session.machines(), {}, "machines")
    tap.equal(domain.entries(session), [], "folders")


@tap.case
def conflict():
    """Who changes what has been changed meanwhile is told so, and nothing happens"""
    session = start()
    machine = with_disk(session)
    xml, generation = xml_of(session, machine)
    apply(session, machine, xml.replace(">64<", ">96<"), generation=uint64(generation))
    bus.refuses(lambda: apply(session, machine, xml.replace(">64<", ">128<"), generation=uint64(generation)),
                ERROR + "Conflict")
    tap.equal(session.get(machine, domain.MACHINE, "Memory"), 96 * domain.MIB, "memory")
    bus.refuses(lambda: apply(session, machine, xml.replace(domain.uuid_of(machine), domain.new_uuid())),
                ERROR + "InvalidArgument")
    bus.refuses(lambda: apply(session, machine, "<domain"), ERROR + "InvalidXml")
    # An Apply of what is there already is no change.
    now, generation = xml_of(session, machine)
    tap.equal(apply(session, machine, now), [], "changes")
    tap.equal(session.get(machine, domain.MACHINE, "Generation"), generation, "generation")


@tap.case
def unknown_options():
    """An option that the helper does not know is refused, wherever it is"""
    session = start()
    machine = with_disk(session)
    odd = {"colour": GLib.Variant("s", "red")}
    for method in ("GetXml", "ListStorage", "GetLog", "GetPerformance", "Delete"):
        bus.refuses(lambda: domain.call(session, machine, method, **odd), ERROR + "InvalidArgument")
    bus.refuses(lambda: apply(session, machine, "<domain/>", **odd), ERROR + "InvalidArgument")
    bus.refuses(lambda: domain.call(session, machine, "SetAutostart", GLib.Variant("b", True), **odd),
                ERROR + "InvalidArgument")
    bus.refuses(lambda: domain.create(session, domain.xml("b"), **odd), ERROR + "InvalidArgument")
    entry = {**domain.new_disk(), **odd}
    bus.refuses(lambda: domain.create(session, domain.xml("b", domain.disk()), storage=domain.storage(entry)),
                ERROR + "InvalidArgument")
    bus.refuses(lambda: session.call(bus.MANAGER, domain.MANAGER, "GetStatistics",
                                     GLib.Variant("(a{sv})", (odd,))), ERROR + "InvalidArgument")
    tap.equal(len(session.machines()), 1, "machines")


@tap.case
def names_and_uuids():
    """Two machines have neither one name nor one uuid; bad definitions make nothing"""
    session = start()
    ident = domain.new_uuid()
    domain.create(session, domain.xml("a", machine_uuid=ident.upper()))
    tap.equal(domain.entries(session), [ident], "folders")
    bus.refuses(lambda: domain.create(session, domain.xml("b", machine_uuid=ident)), ERROR + "Exists")
    bus.refuses(lambda: domain.create(session, domain.xml("a")), ERROR + "Exists")
    bus.refuses(lambda: domain.create(session, domain.xml("..")), ERROR + "InvalidXml")
    bus.refuses(lambda: domain.create(session, domain.xml("b", machine_uuid="../../x")), ERROR + "InvalidXml")
    bus.refuses(lambda: domain.create(session, domain.xml("b", domain.disk("vdb")),
                                      storage=domain.storage(domain.new_disk("vda"))),
                ERROR + "InvalidArgument")
    bus.refuses(lambda: domain.create(session, domain.xml("b", domain.disk()),
                                      storage=domain.storage(domain.new_disk(size=1))),
                ERROR + "InvalidArgument")
    tap.equal(domain.entries(session), [ident], "folders")


@tap.case
def images_of_others():
    """Images are checked: not there, another format, a foreign backing file, used by another machine"""
    session = start()
    base, top, raw = (session.path / n for n in ("base.qcow2", "top.qcow2", "plain.raw"))
    bus.run(["qemu-img", "create", "-q", "-f", "qcow2", base, "8M"])
    bus.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top])
    bus.run(["qemu-img", "create", "-q", "-f", "raw", raw, "8M"])

    def refused(source, fmt="qcow2", name="x"):
        try:
            domain.create(session, domain.xml(name, domain.disk(source=source, fmt=fmt)))
        except AssertionError as e:
            tap.equal(domain.entries(session), known, "folders")
            return str(e)
        raise AssertionError("it was made")

    known = []
    tap.true("Error.NotFound" in refused(session.path / "absent"), "absent")
    tap.true("Error.BadImage" in refused(raw), "raw that is said to be qcow2")
    tap.true("Error.ForeignBacking" in refused(top), "backing file")
    tap.true("Error.BadImage" in refused("/dev/null"), "no image at all")
    fifo = session.path / "fifo"
    os.mkfifo(fifo)
    tap.true("Error.BadImage" in refused(fifo), "a fifo")

    domain.create(session, domain.xml("first", domain.disk(source=base)))
    known = domain.entries(session)
    text = refused(base)
    tap.true("Error.InUse" in text and "first" in text, text)
    link = session.path / "link.qcow2"
    link.symlink_to(base)
    hard = session.path / "hard.qcow2"
    os.link(base, hard)
    tap.true("Error.InUse" in refused(link), "by another name")
    tap.true("Error.InUse" in refused(hard), "by a hard link")
    # Two at once: the second learns it at the latest when it would be there.
    other = session.path / "other.qcow2"
    bus.run(["qemu-img", "create", "-q", "-f", "qcow2", other, "8M"])
    begun = [session.call(bus.MANAGER, domain.MANAGER, "Create",
                          GLib.Variant("(sa{sv})", (domain.xml(n, domain.disk(source=other)), {})))[1]
             for n in ("one", "two")]
    ends = [domain.wait_job(session, job) for job in begun]
    tap.equal(sorted(e["State"] for e in ends), ["done", "failed"], "two at once")
    tap.equal([e["ErrorName"] for e in ends if e["State"] == "failed"], [ERROR + "InUse"], "two at once")
    with open(base, "rb") as f:
        facts = session.call(bus.MANAGER, domain.MANAGER, "InspectImage", GLib.Variant("(ha{sv})", (0, {})),
                             fds=[f.fileno()])[0]
    tap.equal(facts["used-by"], "first", "used-by")
    tap.equal(facts["format"], "qcow2", "format")


@tap.case
def copies():
    """An image is copied into the machine's folder, converted on the way; a cancelled one is gone"""
    session = start()
    source = session.path / "source.raw"
    source.write_bytes(os.urandom(4 * domain.MIB) + bytes(60 * domain.MIB))
    with open(source, "rb") as f:
        entry = {"target": GLib.Variant("s", "vda"), "image": GLib.Variant("h", 0),
                 "format": GLib.Variant("s", "raw")}
        machine = domain.create(session, domain.xml("copy", domain.disk()), fds=[f.fileno()],
                                storage=domain.storage(entry))
        image = domain.folder(session) / domain.uuid_of(machine) / "disks" / "vda.qcow2"
        bus.run(["qemu-img", "compare", "-f", "raw", "-F", "qcow2", source, image])
        # a handle that is not there
        entry["image"] = GLib.Variant("h", 7)
        bus.refuses(lambda: domain.create(session, domain.xml("b", domain.disk()), fds=[f.fileno()],
                                          storage=domain.storage(entry)), ERROR + "InvalidArgument")
    big = session.path / "big.raw"
    with open(big, "wb") as f:
        for _ in range(40):
            f.write(os.urandom(8 * domain.MIB))
    with open(big, "rb") as f:
        entry["image"] = GLib.Variant("h", 0)
        _, job = session.call(bus.MANAGER, domain.MANAGER, "Create",
                              GLib.Variant("(sa{sv})", (domain.xml("big", domain.disk()),
                                                        {"storage": domain.storage(entry)})),
                              fds=[f.fileno()])
        session.call(job, domain.JOB, "Cancel", GLib.Variant("(a{sv})", ({},)))
        properties = domain.wait_job(session, job)
    tap.equal(properties["State"], "cancelled", "state")
    tap.equal(properties["ErrorName"], ERROR + "Cancelled", "error")
    tap.equal(domain.entries(session), [domain.uuid_of(machine)], "folders")


@tap.case
def list_machines():
    """ListMachines tells of all machines what their properties tell, also after they have rested"""
    session = start()
    paths = {domain.create(session, domain.xml(f"list {i}", memory=64 + i, more=f"<title>Number {i}</title>"))
             for i in range(3)}
    domain.call(session, min(paths), "SetAutostart", GLib.Variant("b", True))

    def listed():
        return {m[0]: m[1:] for m in domain.list_machines(session).unpack()}

    names = ("Name", "Title", "State", "OsId", "Owner", "Vcpus", "Memory", "Autostart")
    for _ in range(2):
        told = session.machines()
        tap.equal(listed(), {p: tuple(told[p][domain.MACHINE][n] for n in names) for p in paths}, "the list")
        tap.equal(sorted(m[6] >> 20 for m in listed().values()), [64, 65, 66], "MiB")
        tap.equal([m[7] for p, m in sorted(listed().items())].count(True), 1, "those that start by themselves")
        texts = [domain.call(session, p, "GetXml")[0] for p in sorted(paths)]
        session.helper.kill()
        session.start_helper()
        # a definition that rests is the same when it is asked for
        tap.equal([domain.call(session, p, "GetXml")[0] for p in sorted(paths)], texts, "definitions")


@tap.case
def jobs():
    """A job is told while it runs and after its end; its object tells what it worked on"""
    session = start()
    seen = []
    session.call(bus.ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    session.connection.signal_subscribe(
        bus.NAME, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", bus.ROOT, None,
        Gio.DBusSignalFlags.NONE, lambda *a: seen.append(a[5].unpack()[0]))
    machine, job = session.call(bus.MANAGER, domain.MANAGER, "Create",
                                GLib.Variant("(sa{sv})", (domain.xml("a"), {})))
    properties = domain.wait_job(session, job)
    for key, value in dict(Operation="create", Machine=machine, MachineName="a", Owner=os.getuid(),
                           State="done", Progress=1.0, ErrorName="", ErrorMessage="").items():
        tap.equal(properties[key], value, key)
    context = GLib.MainContext.default()
    tap.wait_for(lambda: (context.iteration(False), {job, machine} <= set(seen))[1], 5, "the signals")
    session.call(job, domain.JOB, "Cancel", GLib.Variant("(a{sv})", ({},)))  # ended: no error
    bus.refuses(lambda: session.get(job + "99", domain.JOB, "State"), ERROR + "NotFound")


@tap.case
def kept_disks():
    """Delete keeps what is asked for and what was not made here; both can be chosen the other way"""
    session = start()
    outside = session.path / "outside.qcow2"
    bus.run(["qemu-img", "create", "-q", "-f", "qcow2", outside, "8M"])
    kept = session.path / "data_home" / "innkeeper" / "Kept disks"

    def make(name):
        return domain.create(session,
                             domain.xml(name, domain.disk() + domain.disk("vdb", outside)),
                             storage=domain.storage(domain.new_disk()))

    strv = lambda *a: GLib.Variant("as", a)  # noqa: E731
    machine = make("Debian")
    listed = {s["target"]: s for s in domain.call(session, machine, "ListStorage")[0]}
    tap.equal([(listed[t]["inside"], listed[t]["created"], listed[t]["file-size"] > 0) for t in ("vda", "vdb")],
              [(True, True, True), (False, False, True)], "storage")
    bus.refuses(lambda: domain.call(session, machine, "Delete", keep=strv("vdz")), ERROR + "InvalidArgument")
    bus.refuses(lambda: domain.call(session, machine, "Delete", keep=strv("vda"), delete=strv("vda")),
                ERROR + "InvalidArgument")
    domain.delete(session, machine, keep=strv("vda"))
    tap.true(outside.exists(), "what we did not make is left alone")
    tap.equal([p.name for p in kept.iterdir()], ["Debian vda.qcow2"], "kept disks")
    domain.delete(session, make("Debian"), keep=strv("vda"))
    tap.equal(len(list(kept.iterdir())), 2, "kept disks, the second of the same name")
    domain.delete(session, make("c"), delete=strv("vdb"))
    tap.true(not outside.exists(), "what is to be deleted goes")
    tap.equal(len(list(kept.iterdir())), 2, "kept disks")
    tap.equal(domain.entries(session), [], "folders")


@tap.case
def new_disks_by_apply():
    """Apply makes new disks; a failed one leaves nothing of them"""
    session = start()
    machine = with_disk(session)
    disks = domain.folder(session) / domain.uuid_of(machine) / "disks"
    xml, _ = xml_of(session, machine)
    more = xml.replace("</devices>", domain.disk("vdb") + "</devices>")
    changes = apply(session, machine, more, storage=domain.storage(domain.new_disk("vdb")))
    tap.equal([c[1] for c in changes], ["live"], "changes")
    tap.equal(sorted(os.listdir(disks)), ["vda.qcow2", "vdb.qcow2"], "disks")
    bad = more.replace("</devices>", domain.disk("vdc") + domain.disk("vdd", "/nowhere") + "</devices>")
    bus.refuses(lambda: apply(session, machine, bad, storage=domain.storage(domain.new_disk("vdc"))),
                ERROR + "NotFound")
    tap.equal(sorted(os.listdir(disks)), ["vda.qcow2", "vdb.qcow2"], "disks")
    # Taken out and put in again: the old image is not touched.
    apply(session, machine, xml)
    apply(session, machine, more, storage=domain.storage(domain.new_disk("vdb")))
    tap.equal(sorted(os.listdir(disks)), ["vda.qcow2", "vdb-2.qcow2", "vdb.qcow2"], "disks")


@tap.case
def autostart():
    """SetAutostart is told and survives the helper"""
    session = start()
    machine = domain.create(session, domain.xml("a"))
    domain.call(session, machine, "SetAutostart", GLib.Variant("b", True))
    tap.equal(session.get(machine, domain.MACHINE, "Autostart"), True, "autostart")
    session.helper.stop()
    session.start_helper()
    tap.equal(session.get(machine, domain.MACHINE, "Autostart"), True, "autostart")
    # What has never run leaves nothing among what runs, however many helpers look for it.
    tap.equal(sorted(os.listdir(session.path / "runtime_dir" / "innkeeper")), ["autostarted"], "runtime folder")


@tap.case
def starts():
    """A machine is started when it is made, if asked, and with the computer, but not with each helper"""
    session = start()
    machine = domain.create(session, domain.xml("a"), start=GLib.Variant("b", True))

    def state():
        return session.get(machine, domain.MACHINE, "State")

    tap.wait_for(lambda: state() == "running", 30, "the start")
    bus.refuses(lambda: domain.call(session, machine, "Delete"), ERROR + "BadState")
    statistics = session.call(bus.MANAGER, domain.MANAGER, "GetStatistics", GLib.Variant("(a{sv})", ({},)))[0]
    tap.equal([s[0] for s in statistics], [machine], "statistics")
    tap.true(statistics[0][1]["resident"] > domain.MIB, statistics)
    monotonic, values = domain.call(session, machine, "GetPerformance")
    measured = {(of, what): value for of, what, value in values}
    tap.true(measured["memory", "resident"] > domain.MIB, measured)
    tap.true(measured["cpu", "time"] >= statistics[0][1]["cpu-time"], measured)
    tap.true(monotonic > statistics[0][1]["monotonic"], monotonic)
    # What says nothing to the guest takes effect at once, the rest waits.
    xml, _ = xml_of(session, machine)
    changes = apply(session, machine, xml.replace("<name>a<", "<name>b<").replace(">64<", ">96<"))
    tap.equal({c[0]: c[1] for c in changes}, {"general/name": "live", "memory/size": "restart"}, "changes")
    tap.equal(session.get(machine, domain.MACHINE, "Pending"), ["memory/size"], "pending")
    tap.equal(session.get(machine, domain.MACHINE, "Name"), "b", "name")
    tap.true(">64<" in xml_of(session, machine, live=GLib.Variant("b", True))[0], "what runs")
    tap.true(">96<" in xml_of(session, machine)[0], "what is desired")
    domain.call(session, machine, "SetAutostart", GLib.Variant("b", True))
    domain.call(session, machine, "ForceOff")
    tap.equal(session.get(machine, domain.MACHINE, "Pending"), [], "pending")
    session.helper.stop()
    session.start_helper()
    tap.equal(state(), "off", "state after the helper's restart")
    session.helper.stop()
    os.unlink(session.path / "runtime_dir" / "innkeeper" / "autostarted")  # as if the computer had
    session.start_helper()
    tap.wait_for(lambda: state() == "running", 30, "the start with the computer")
    # A crash is remembered, and no reason to stay off when the computer begins again.
    for qemu in proc.find("qemu-system"):
        os.kill(qemu, signal.SIGKILL)
    tap.wait_for(lambda: state() == "crashed", 30, "the crash")
    session.helper.stop()
    session.start_helper()
    tap.equal(state(), "crashed", "state after the helper's restart")
    session.helper.stop()
    os.unlink(session.path / "runtime_dir" / "innkeeper" / "autostarted")
    session.start_helper()
    tap.wait_for(lambda: state() == "running", 30, "the start with the computer, after a crash")
    domain.call(session, machine, "ForceOff")
    domain.delete(session, machine)


@tap.case
def restart():
    """Killed and started again the helper has all its machines, and the broken ones say why"""
    session = start()
    machines = [with_disk(session, n) for n in ("a", "b", "c", "d")]
    before = {m: xml_of(session, m) for m in machines}
    session.helper.kill()
    folder = domain.folder(session)
    (folder / domain.uuid_of(machines[1]) / "machine.xml").write_text("<domain")
    (folder / domain.uuid_of(machines[2]) / "state").write_text("x")
    os.unlink(folder / domain.uuid_of(machines[3]) / "machine.xml")
    os.symlink("/etc/passwd", folder / domain.uuid_of(machines[3]) / "machine.xml")
    session.start_helper()
    told = session.machines()
    tap.equal(sorted(told), sorted(machines), "machines")
    tap.equal(told[machines[0]][domain.MACHINE]["State"], "off", "state")
    tap.equal(xml_of(session, machines[0]), before[machines[0]], "definition")
    for broken in machines[1:]:
        tap.equal(told[broken][domain.MACHINE]["State"], "broken", "state")
        tap.true(told[broken][domain.MACHINE]["StateReason"], "a reason is told")
        bus.refuses(lambda: xml_of(session, broken), ERROR + "BadState")
    # A broken one can be deleted, also where its state is unreadable, and its disks are kept.
    domain.delete(session, machines[1])
    kept = session.path / "data_home" / "innkeeper" / "Kept disks"
    tap.equal(len(list(kept.iterdir())), 1, "kept disks")
    domain.delete(session, machines[2])
    tap.equal(len(list(kept.iterdir())), 2, "kept disks")


@tap.case
def moved():
    """A machine whose folder was moved to another store works there: its paths follow"""
    session = start()
    machine = with_disk(session)
    session.helper.stop()
    other = session.path / "elsewhere"
    shutil.move(session.path / "data_home" / "innkeeper", other / "innkeeper")
    session.environ["XDG_DATA_HOME"] = str(other)
    session.start_helper()
    xml, _ = xml_of(session, machine)
    tap.true(f"{other}/innkeeper/machines/{domain.uuid_of(machine)}/disks/vda.qcow2" in xml, xml)
    tap.true("data_home" not in xml, xml)
    tap.equal(domain.call(session, machine, "ListStorage")[0][0]["inside"], True, "inside")


@tap.case
def one_helper_a_store():
    """A second helper does not touch machines that another helper has"""
    session = start()
    second = subprocess.run([bus.env.HELPER, "--session"], env=session.environ, capture_output=True,
                            text=True, timeout=60, check=False)
    tap.true(second.returncode != 0 and "helper" in second.stderr, second.stderr)


@tap.case
def options_of_the_program():
    """--version and --help answer, nonsense is refused"""
    tap.true("vmm-helper" in bus.run([bus.env.HELPER, "--version"]), "--version")
    tap.true("--session" in bus.run([bus.env.HELPER, "--help"]), "--help")
    for bad in (["--nonsense"], ["--session", "--system"], ["word"]):
        tap.true(subprocess.run([bus.env.HELPER, *bad], capture_output=True, check=False).returncode != 0, bad)


@tap.case
def no_leak_by_calls():
    """10,000 calls leave the helper as large as it was"""
    session = bus.Session()
    tap.cleanup(session.close)
    # ASan keeps what is freed for a while, 256 MiB of it if it is let.
    asan = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    session.start_helper(extra_env={"ASAN_OPTIONS": asan})
    machine = with_disk(session)

    def resident():
        with open(f"/proc/{session.helper.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * 4096

    def burst(n):
        for _ in range(n // 2):
            xml_of(session, machine)
            bus.refuses(lambda: domain.call(session, machine, "GetXml", odd=GLib.Variant("b", True)),
                        ERROR + "InvalidArgument")

    burst(1000)
    before = resident()
    burst(10000)
    grown = resident() - before
    tap.diag(f"grown by {grown // 1024} KiB")
    tap.true(grown < 8 * domain.MIB, f"grown by {grown} bytes")


@tap.case
def networks():
    """A session's helper tells what it would refuse at the start, and refuses just that"""
    session = start()
    said = dict(session.get(bus.MANAGER, domain.MANAGER, "Networks"))
    tap.equal(sorted(said), ["bridge", "direct", "network", "user"], "what is told of")
    tap.equal(said["user"], "", "the internet")
    for kind in ("bridge", "direct", "network"):
        tap.true(said[kind].endswith("."), f"no sentence for {kind}: {said[kind]}")
        card = f"<interface type='{kind}'><source {'dev' if kind == 'direct' else kind}='br0'/></interface>"
        machine = domain.create(session, domain.xml(kind, card))
        ended = domain.wait_job(session, domain.call(session, machine, "Start")[0])
        tap.equal((ended["State"], ended["ErrorName"]), ("failed", ERROR + "Unsupported"), f"start with a {kind}")


tap.main()
