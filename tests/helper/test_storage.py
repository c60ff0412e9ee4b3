# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real helper on a session bus: whose images are whose, and that none is lost or given away."""

import os
import re

from gi.repository import Gio, GLib

from lib import bus, domain, tap, vm

ERROR = "org.innkeeper.Error."


def start():
    session = bus.Session()
    tap.cleanup(session.close)
    session.start_helper()
    return session


def with_disks(session, name, *targets):
    return domain.create(session, domain.xml(name, "".join(domain.disk(t) for t in targets)),
                         storage=domain.storage(*(domain.new_disk(t) for t in targets)))


def xml_of(session, machine):
    return domain.call(session, machine, "GetXml")[0]


def apply(session, machine, xml, **opts):
    return domain.call(session, machine, "Apply", GLib.Variant("s", xml), **opts)[0]


def folder_of(session, machine):
    return domain.folder(session) / domain.uuid_of(machine)


def strv(*words):
    return GLib.Variant("as", words)


@tap.case
def own_folder():
    """Nothing of a machine's folder can be given to its guest but the files in disks/"""
    session = start()
    machine = with_disks(session, "a", "vda")
    folder = folder_of(session, machine)
    (folder / "disks" / "sub").mkdir()
    (folder / "disks" / "sub" / "x").write_bytes(bytes(domain.MIB))
    os.mkfifo(folder / "disks" / "fifo")
    (folder / "disks" / "plain.raw").write_bytes(bytes(domain.MIB))
    xml = xml_of(session, machine)
    for name in ("state", "machine.xml", "disks/../state", "disks/./vda.qcow2", "disks/sub/x", "disks/sub",
                 "disks/fifo", "disks/", "disks"):
        more = xml.replace("</devices>", domain.disk("vdb", f"{folder}/{name}", "raw") + "</devices>")
        bus.refuses(lambda more=more: apply(session, machine, more), ERROR + "Denied")
        kernel = xml.replace("</os>", f"<kernel>{folder}/{name}</kernel></os>")
        bus.refuses(lambda kernel=kernel: apply(session, machine, kernel), ERROR + "Denied")
    apply(session, machine, xml.replace("</devices>", domain.disk("vdb", folder / "disks" / "plain.raw", "raw")
                                        + "</devices>"))
    # and where it has come into the definition by another way
    session.helper.stop()
    (folder / "machine.xml").write_text(xml.replace(str(folder / "disks" / "vda.qcow2"), str(folder / "state"))
                                        .replace("qcow2", "raw"))
    session.start_helper()
    properties = vm.start(session, machine, wanted="failed")
    tap.equal(properties["ErrorName"], ERROR + "Denied", "error of the start")


@tap.case
def generation_of_failed_change():
    """A change that could not be written leaves the number of the definition that is there"""
    session = start()
    machine = with_disks(session, "a", "vda")
    xml, generation = domain.call(session, machine, "GetXml")
    block = folder_of(session, machine) / ".machine.xml.new"
    block.mkdir()
    bus.refuses(lambda: apply(session, machine, xml.replace(">64<", ">96<")), ERROR + "Exists")
    tap.equal(domain.call(session, machine, "GetXml"), (xml, generation), "definition")
    tap.equal(session.get(machine, domain.MACHINE, "Generation"), generation, "generation")
    block.rmdir()
    apply(session, machine, xml.replace(">64<", ">96<"), generation=GLib.Variant("t", generation))


def kept(session):
    path = session.path / "data_home" / "innkeeper" / "Kept disks"
    return sorted(os.listdir(path)) if path.exists() else []


def without(xml, target):
    """The definition without one of its disks."""
    return re.sub(rf'<disk (?:(?!</disk>).)*dev="{target}".*?</disk>', "", xml, flags=re.DOTALL)


def take_out(session, machine, target):
    xml = xml_of(session, machine)
    less = without(xml, target)
    tap.true(less != xml, f"{target} is there")
    apply(session, machine, less)


def outside_image(session, name="outside.qcow2"):
    path = session.path / name
    bus.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "8M"])
    return path


@tap.case
def forgotten():
    """What no device has is listed for the question; by default only what we have made is deleted"""
    session = start()

    def make(name):
        machine = with_disks(session, name, "vda", "vdb")
        take_out(session, machine, "vdb")
        disks = folder_of(session, machine) / "disks"
        (disks / "mine.qcow2").write_bytes(b"mine")
        (disks / "sub").mkdir()
        (disks / "sub" / "old").write_bytes(b"old")
        (disks / "b\xe4h".encode("latin-1").decode("utf-8", "surrogateescape")).write_bytes(b"no text")
        return machine

    machine = make("a")
    folder = folder_of(session, machine)
    listed = {s["target"]: s for s in domain.call(session, machine, "ListStorage")[0]}
    tap.equal({t: (s["device"], s["created"], s["inside"], s["path"]) for t, s in listed.items()},
              {"vda": ("disk", True, True, f"{folder}/disks/vda.qcow2"),
               "disks/vdb.qcow2": ("none", True, True, f"{folder}/disks/vdb.qcow2"),
               "disks/mine.qcow2": ("none", False, True, f"{folder}/disks/mine.qcow2"),
               "disks/sub": ("none", False, True, f"{folder}/disks/sub")}, "storage")
    tap.true(listed["disks/vdb.qcow2"]["file-size"] > 0, "its size is told")
    bus.refuses(lambda: domain.call(session, machine, "Delete", keep=strv("disks/other")), ERROR + "InvalidArgument")
    domain.delete(session, machine)
    left = ["a mine.qcow2", "a sub", "a b\udce4h"]
    tap.equal(kept(session), sorted(left), "kept disks")
    tap.equal((session.path / "data_home" / "innkeeper" / "Kept disks" / "a sub" / "old").read_bytes(), b"old",
              "what is in it")
    # and the other way
    domain.delete(session, make("c"), keep=strv("vda", "disks/vdb.qcow2"), delete=strv("disks/mine.qcow2"))
    tap.equal(kept(session), sorted([*left, "c vda.qcow2", "c vdb.qcow2", "c sub", "c b\udce4h"]), "kept disks")
    tap.equal(domain.entries(session), [], "folders")


@tap.case
def broken_keeps_all():
    """Where nobody knows which images matter, a deletion keeps all that is there"""
    session = start()
    machine = with_disks(session, "a", "vda")
    folder = folder_of(session, machine)
    (folder / "disks" / "mine.qcow2").write_bytes(b"mine")
    session.helper.stop()
    (folder / "machine.xml").write_text("<domain")
    session.start_helper()
    tap.equal(vm.state(session, machine), "broken", "state")
    domain.delete(session, machine)
    name = domain.uuid_of(machine)
    tap.equal(kept(session), [f"{name} mine.qcow2", f"{name} vda.qcow2"], "kept disks")


@tap.case
def disk_of_running_machine():
    """A disk that was taken out of a machine that runs on is in use until it ends"""
    session = start()
    image, shared = outside_image(session), outside_image(session, "shared.qcow2")
    both = domain.disk("vdb", shared, extra="<shareable/>")
    other = domain.create(session, domain.xml("b", both))
    machine = domain.create(session, domain.xml("a", domain.disk("vda", image) + both))
    vm.start(session, machine)
    take_out(session, machine, "vda")
    take_out(session, machine, "vdb")
    tap.equal(session.get(machine, domain.MACHINE, "Pending"), ["disk:vda", "disk:vdb"], "pending")
    try:
        domain.create(session, domain.xml("c", domain.disk("vda", image)))
        raise RuntimeError("it was made")
    except AssertionError as e:
        tap.true("Error.InUse" in str(e) and "“a”" in str(e), e)
    tap.equal(domain.call(session, other, "ListStorage")[0][0]["shared-with"], ["a"], "shared-with")
    bus.refuses(lambda: domain.call(session, other, "Delete", delete=strv("vdb")), ERROR + "InUse")
    vm.force_off(session, machine)
    domain.delete(session, other, delete=strv("vdb"))
    domain.create(session, domain.xml("c", domain.disk("vda", image)))
    tap.equal((image.exists(), shared.exists()), (True, False), "images")


@tap.case
def deleted_under_another_name():
    """An image that another machine has under another name is not deleted"""
    session = start()
    image = outside_image(session)
    link = session.path / "link.qcow2"
    os.link(image, link)
    share = "<shareable/>"
    for number, name in enumerate((f"{session.path}/./outside.qcow2", str(link))):
        first = domain.create(session, domain.xml("a", domain.disk("vda", image, extra=share)))
        second = domain.create(session, domain.xml("b", domain.disk("vda", name, extra=share)))
        listed = domain.call(session, second, "ListStorage")[0]
        tap.equal(listed[0]["shared-with"], ["a"], "shared-with")
        job = domain.call(session, second, "Delete", delete=strv("vda"))[0]
        properties = domain.wait_job(session, job)
        tap.equal((properties["State"], properties["ErrorName"]), ("failed", ERROR + "InUse"), f"name {number}")
        tap.equal((vm.state(session, second), image.exists(), link.exists()), ("off", True, True), "what is there")
        domain.delete(session, first)
        domain.delete(session, second)
    # one inside another machine's folder
    first = with_disks(session, "a", "vda")
    inside = folder_of(session, first) / "disks" / "vda.qcow2"
    xml = xml_of(session, first)
    apply(session, first, xml.replace("</disk>", share + "</disk>"))
    alias = f"{inside.parent}/../disks/vda.qcow2"
    domain.create(session, domain.xml("b", domain.disk("vda", alias, extra=share)))
    properties = domain.wait_job(session, domain.call(session, first, "Delete")[0])
    tap.equal(properties["ErrorName"], ERROR + "InUse", "its folder")
    tap.true(inside.exists(), "the image")


@tap.case
def one_cannot_be_erased():
    """An image that cannot be deleted is told, and what comes after it is deleted all the same"""
    session = start()
    first, second = outside_image(session), outside_image(session, "second.qcow2")
    link = session.path / "link.qcow2"
    link.symlink_to(first)  # a link is not deleted
    machine = domain.create(session, domain.xml("a", domain.disk("vda", link) + domain.disk("vdb", second)))
    properties = domain.wait_job(session, domain.call(session, machine, "Delete", delete=strv("vda", "vdb"))[0])
    tap.equal(properties["State"], "failed", "state")
    tap.true(str(link) in properties["ErrorMessage"], properties["ErrorMessage"])
    tap.equal((first.exists(), second.exists()), (True, False), "images")
    tap.equal((session.machines(), domain.entries(session)), ({}, []), "machines")


@tap.case
def raw_bytes():
    """What a guest writes on its raw disk never keeps the machine from starting"""
    session = start()
    machine = domain.create(session, domain.xml("a", domain.disk(fmt="raw")),
                            storage=domain.storage(domain.new_disk()))
    image = folder_of(session, machine) / "disks" / "vda.raw"
    contents = {"gzip": (0, b"\x1f\x8b"), "tar": (257, b"ustar"), "qcow2": (0, b"QFI\xfb\0\0\0\x09"),
                "vhd": (8 * domain.MIB - 512, b"conectix" + bytes(500))}
    for what, (offset, data) in contents.items():
        image.write_bytes(b"")
        with open(image, "r+b") as f:
            f.truncate(8 * domain.MIB)
            f.seek(offset)
            f.write(data)
        try:
            vm.start(session, machine)
        except AssertionError as e:
            raise AssertionError(f"with {what} on it") from e
        vm.force_off(session, machine)
    # What comes for the first time is looked at, for it may be no image yet.
    packed = session.path / "packed.raw"
    packed.write_bytes(b"\x1f\x8b\x08" + bytes(domain.MIB))
    xml = xml_of(session, machine)
    more = xml.replace("</devices>", domain.disk("vdb", packed, "raw") + "</devices>")
    bus.refuses(lambda: apply(session, machine, more), ERROR + "BadImage")


@tap.case
def huge_kernel():
    """A kernel is copied into memory, so its size has a limit, whenever it grows"""
    session = start()
    kernel, initrd = session.path / "vmlinuz", session.path / "initrd"
    for path in (kernel, initrd):
        path.write_bytes(bytes(1024))
    text = domain.xml("a").replace("</os>", f"<kernel>{kernel}</kernel><initrd>{initrd}</initrd></os>")
    machine = domain.create(session, text)
    os.truncate(initrd, 257 * domain.MIB)
    properties = vm.start(session, machine, wanted="failed")
    tap.equal(properties["ErrorName"], ERROR + "Limit", "error of the start")
    # One that is named anew is looked at when it is, one that stays at the next start.
    other = session.path / "other"
    other.write_bytes(b"")
    os.truncate(other, 257 * domain.MIB)
    xml = xml_of(session, machine)
    bus.refuses(lambda: apply(session, machine, xml.replace(str(initrd), str(other))), ERROR + "Limit")
    apply(session, machine, xml.replace(">64<", ">96<"))


@tap.case
def unreadable_variables():
    """UEFI variables that are there and cannot be read are never replaced by empty ones"""
    session = start()
    if not os.path.exists("/usr/share/OVMF"):
        tap.skip("needs ovmf")
    named = session.path / "vars.fd"
    text = domain.xml("a").replace("<os>", "<os firmware='efi'>").replace("</os>", f"<nvram>{named}</nvram></os>")
    machine = domain.create(session, text)
    nvram = folder_of(session, machine) / "nvram"
    os.mkfifo(named)
    properties = vm.start(session, machine, wanted="failed")
    tap.true(str(named) in properties["ErrorMessage"], properties["ErrorMessage"])
    tap.true(not nvram.exists(), "empty variables took their place")
    named.unlink()
    nvram.symlink_to("/nowhere")
    vm.start(session, machine, wanted="failed")
    tap.true(nvram.is_symlink(), "what was there is gone")
    nvram.unlink()
    vm.start(session, machine)  # not there yet: they begin empty
    tap.true(nvram.stat().st_size > 1024, "its variables")
    vm.force_off(session, machine)


def call_later(session, machine, method, parameters, answers, fds=()):
    """Calls and goes on; the answer or the error's name is appended to @answers."""
    def on_done(connection, result):
        try:
            answers.append(connection.call_with_unix_fd_list_finish(result)[0].unpack())
        except GLib.Error as e:
            answers.append(bus.error_name(e))

    session.connection.call_with_unix_fd_list(bus.NAME, machine, domain.MACHINE, method, parameters, None,
                                              Gio.DBusCallFlags.NONE, 60000, Gio.UnixFDList.new_from_array(
                                                  [os.dup(fd) for fd in fds]), None, on_done)


@tap.case
def one_name_for_two():
    """Of two machines that take one name at once, one is refused; a second change meanwhile is, too"""
    session = start()
    first, second = (with_disks(session, n, "vda") for n in ("a", "b"))
    answers = []
    changed = {}
    for machine in (first, second):
        xml = re.sub("<name>.*</name>", "<name>same</name>", xml_of(session, machine))
        changed[machine] = xml.replace("</devices>", domain.disk("vdb") + "</devices>")
    for machine in (first, second, first):
        more = {"storage": domain.storage(domain.new_disk("vdb", 64 * domain.MIB))}
        call_later(session, machine, "Apply", GLib.Variant("(sa{sv})", (changed[machine], more)), answers)
    context = GLib.MainContext.default()
    tap.wait_for(lambda: (context.iteration(False), len(answers) == 3)[1], 30, "the answers", 0.001)
    errors = sorted(a for a in answers if isinstance(a, str))
    tap.equal(errors, [ERROR + "BadState", ERROR + "Exists"], "errors")
    tap.equal(sorted(session.get(m, domain.MACHINE, "Name") for m in (first, second)), ["b", "same"], "names")
    # The name is free again, also that of before.
    apply(session, first, xml_of(session, first).replace(">same<", ">c<"))
    apply(session, second, xml_of(session, second).replace(">b<", ">same<"))


@tap.case
def one_image_for_two():
    """Of a machine that gets an image while its other disks are made and one that is made with it, one has it"""
    session = start()
    image = outside_image(session)
    big = session.path / "big.raw"
    with open(big, "wb") as f:
        for _ in range(24):
            f.write(os.urandom(8 * domain.MIB))
    machine = with_disks(session, "a", "vda")
    copy = {"target": GLib.Variant("s", "vdb"), "image": GLib.Variant("h", 0), "format": GLib.Variant("s", "raw")}
    xml = xml_of(session, machine).replace("</devices>", domain.disk("vdb") + domain.disk("vdc", image) + "</devices>")
    answers = []
    with open(big, "rb") as f:
        call_later(session, machine, "Apply", GLib.Variant("(sa{sv})", (xml, {"storage": domain.storage(copy)})),
                   answers, [f.fileno()])
    _, job = session.call(bus.MANAGER, domain.MANAGER, "Create",
                          GLib.Variant("(sa{sv})", (domain.xml("b", domain.disk("vda", image)), {})))
    created = domain.wait_job(session, job)
    context = GLib.MainContext.default()
    tap.wait_for(lambda: (context.iteration(False), answers)[1], 60, "the answer", 0.001)
    tap.diag(f"{created['State']}, {answers}")
    tap.equal([created["ErrorName"], answers[0]].count(ERROR + "InUse"), 1, "refused")
    named = [str(image) in (folder / "machine.xml").read_text() for folder in domain.folder(session).iterdir()]
    tap.equal(named.count(True), 1, "machines that have it")
    disks = os.listdir(folder_of(session, machine) / "disks")
    tap.equal(len(disks), 2 if answers[0] != ERROR + "InUse" else 1, f"disks {disks}")


@tap.case
def one_image_twice():
    """A machine has an image once, under whatever name; what nothing writes to it may have twice"""
    session = start()
    image, other = session.path / "image.raw", session.path / "other.raw"
    for path in (image, other):
        path.write_bytes(bytes(domain.MIB))
    link, hard = session.path / "link.raw", session.path / "hard.raw"
    link.symlink_to(image)
    os.link(image, hard)
    readonly = {"fmt": "raw", "extra": "<readonly/>"}

    def refused(call):
        words = str(bus.refuses(call, ERROR + "InUse"))
        tap.true("“vda” and “vdb”" in words and "one and the same image" in words, words)

    for second in (image, link, hard):
        for kind in ({"fmt": "raw"}, readonly):
            text = domain.xml("a", domain.disk("vda", image, "raw") + domain.disk("vdb", second, **kind))
            machine, job = session.call(bus.MANAGER, domain.MANAGER, "Create", GLib.Variant("(sa{sv})", (text, {})))
            properties = domain.wait_job(session, job)
            tap.equal(properties["ErrorName"], ERROR + "InUse", f"{second} twice, in a new machine")
            tap.true("“vda” and “vdb”" in properties["ErrorMessage"], properties["ErrorMessage"])
    machine = domain.create(session, domain.xml("a", domain.disk("vda", image, "raw")))
    xml = xml_of(session, machine)
    for second in (image, link, hard):
        refused(lambda second=second: apply(session, machine, xml.replace(
            "</devices>", domain.disk("vdb", second, "raw") + "</devices>")))
    apply(session, machine, xml.replace("</devices>", domain.disk("vdb", other, "raw") + "</devices>"))
    # One that was there cannot be told any more: it is not in the way of another.
    other.unlink()
    third = session.path / "third.raw"
    third.write_bytes(bytes(domain.MIB))
    xml = xml_of(session, machine)
    apply(session, machine, xml.replace("</devices>", domain.disk("vdc", third, "raw") + "</devices>"))
    medium = session.path / "medium.raw"
    medium.write_bytes(bytes(domain.MIB))
    domain.create(session, domain.xml("reader", domain.disk("vda", medium, **readonly)
                                      + domain.disk("vdb", medium, **readonly)))
    # A definition that has come into the store in another way does not start.
    session.helper.stop()
    definition = folder_of(session, machine) / "machine.xml"
    definition.write_text(definition.read_text().replace(str(third), str(hard)).replace(str(other), str(third)))
    session.start_helper()
    properties = vm.start(session, machine, wanted="failed")
    tap.true("“vda” and “vdc”" in properties["ErrorMessage"], properties["ErrorMessage"])


@tap.case
def comments():
    """A comment is no change, and is kept"""
    session = start()
    machine = with_disks(session, "a", "vda")
    xml, generation = domain.call(session, machine, "GetXml")
    tap.equal(apply(session, machine, xml.replace("<devices>", "<!-- my note --><devices>")), [], "changes")
    xml, now = domain.call(session, machine, "GetXml")
    tap.true("my note" in xml and now > generation, f"{now}: {xml}")
    apply(session, machine, xml)
    tap.equal(domain.call(session, machine, "GetXml")[1], now, "generation after nothing new")
    tap.true("my note" in (folder_of(session, machine) / "machine.xml").read_text(), "the file")


@tap.case
def secrets():
    """A password is not told, and not lost by who changes what was told"""
    session = start()
    graphics = "<graphics type='vnc' passwd='s3cret'/>"
    machine = domain.create(session, domain.xml("a", graphics))
    stored = folder_of(session, machine) / "machine.xml"
    xml = xml_of(session, machine)
    tap.true("vnc" in xml and "s3cret" not in xml and "passwd" not in xml, xml)
    apply(session, machine, xml.replace(">64<", ">96<"))
    tap.true('passwd="s3cret"' in stored.read_text(), "it is lost")
    vm.start(session, machine)
    live = domain.call(session, machine, "GetXml", live=GLib.Variant("b", True))[0]
    tap.true("s3cret" not in live, live)
    vm.force_off(session, machine)
    apply(session, machine, xml_of(session, machine).replace('type="vnc"', 'type="vnc" passwd="other"'))
    tap.true('passwd="other"' in stored.read_text() and "s3cret" not in stored.read_text(), "the new one")
    domain.call(session, machine, "SetAutostart", GLib.Variant("b", True))
    tap.true('passwd="other"' in stored.read_text(), "it is lost by another change")
    # With the display it goes for good.
    bare = re.sub("<graphics.*?/>", "", xml_of(session, machine))
    apply(session, machine, bare)
    apply(session, machine, bare.replace("</devices>", "<graphics type='vnc'/></devices>")
          .replace("<devices/>", "<devices><graphics type='vnc'/></devices>"))
    tap.true("passwd" not in stored.read_text(), "an old password comes back")


tap.main()
