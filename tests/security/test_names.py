# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and paths made to harm, through every field and argument that names something, while the machine's owner
swaps files, links and folders all the while. Every open of the helper and of its children is seen (lib/watch.py),
and so is what was changed anywhere."""

import contextlib
import os
import pwd
import random
import re
import stat
import subprocess
import sys
from pathlib import Path

from gi.repository import GLib

from lib import bus, domain, env, guest, ns, proc, rawbus, schema, system, tap, vm, watch

ns.enter()
room = system.make(activated=False)
root = system.Root(room)
tap.on_failure(root.print_logs)
root.start_helper()
tap.cleanup(root.close)

UID = pwd.getpwnam(ns.OTHER).pw_uid
PLAY = room.dir / "play"  # the attacker's own folder
VAULT = room.dir / "vault"  # root's, for all to look into
CANARY = b"INNKEEPER-CANARY-" + os.urandom(12).hex().encode()
RANDOM = random.Random(20261122)
CONSOLE = bus.NAME + ".Console"

# Runs as the machine's owner until it is ended: what stands in its folder is now this, now that.
ATTACKER = r"""
import itertools, os, random, sys, time
play, vault, state, victim = sys.argv[1:]
os.chdir(play)
kinds = ["file", vault + "/secret.img", "/etc/shadow", victim, "../" * 9 + "etc/shadow", "/proc/self/mem",
         "/proc/1/environ", "swap.img", state, "fifo", "/dev/zero", "none"]
def place(name, kind):
    if kind == "file":
        os.link("own.img", name)
    else:
        os.symlink(kind, name)
print("ready", flush=True)
for number in itertools.count():
    new = "new"
    place(new, random.choice(kinds) if number % 3 else "file")
    os.rename(new, "swap.img")
    if os.path.lexists(new):  # renaming a link to the very same file does nothing
        os.unlink(new)
    os.symlink(random.choice([vault, "folder-own", "/etc", state, "."]) if number % 3 else "folder-own", "new-folder")
    os.rename("new-folder", "folder")
    time.sleep(0.0005)
"""

def prepare():
    """The attacker's folder, what it aims at, and a machine of somebody else's; answers that one's uuid."""
    PLAY.mkdir()
    (PLAY / "folder-own").mkdir()
    for path in (PLAY / "own.img", PLAY / "folder-own/swap.img", PLAY / "own,a=b.img"):
        path.write_bytes(guest.boot_sector("NAMES\r\n"))
    os.mkfifo(PLAY / "fifo")
    for path in (PLAY, *PLAY.rglob("*")):
        os.chown(path, UID, UID)
    VAULT.mkdir(mode=0o755)
    for name in ("secret.img", "swap.img"):
        (VAULT / name).write_bytes(CANARY + bytes(8192))
        (VAULT / name).chmod(0o600)
    victim = domain.create(root, domain.xml("victim", domain.disk()), storage=domain.storage(domain.new_disk()))
    return domain.uuid_of(victim)


VICTIM = prepare()
IMAGE = str(PLAY / "own.img")

FIXED = ["..", ".", "-x", "--help", "a,b", 'a"b', "a'b", "a\nb", "a\rb", "%n", "%s%n%d", "x" * 255, "x" * 256, "ü" * 256,
         "", " ", "/", "//", "/..", "../..", "../../../../etc/shadow", "a/../../b", "/etc/shadow", "/etc/passwd",
         "/proc/self/mem", "/proc/self/environ", "/proc/self/fd/3", "/proc/self/root/etc/shadow", "/proc/1/root/etc/shadow",
         "/dev/mem", "/dev/stdin", "/dev/fd/0", "file:///etc/shadow", "nbd:localhost:1", 'json:{"driver":"null-co"}',
         "fd:3", "$(touch /x)", "`id`", "a\\b", "a\tb", "a\u2028b", "\u202egnp", "\ufeff", "\ud7ff", "\U0010ffff", "a\x7fb",
         "a\x01b", "x" * 70000, f"{ns.STATE}/machines/{VICTIM}/machine.xml", f"{ns.STATE}/machines/{VICTIM}/disks/vda.qcow2",
         f"{ns.STATE}/machines/../lock", f"{VAULT}/secret.img", f"{PLAY}/../vault/secret.img", f"{PLAY}/swap.img",
         f"{PLAY}/folder/swap.img", f"{PLAY}/folder/../swap.img", f"{PLAY}/folder/secret.img", f"{PLAY}/fifo",
         f"{PLAY}/own,a=b.img", str(PLAY), "/run/dbus/system_bus_socket", "/run/innkeeper", "inn-00000000000", "lo"]
CHARACTERS = "ab/.-,\"'%n\\ :=;$&<>\n\t\x01\x7fü\u2028\U0001f600" + "../" * 3
STEPS = ["..", ".", "", "etc", "shadow", "proc", "self", "fd", "root", "machines", VICTIM, "disks", "vda.qcow2", "swap.img",
         "folder", "own.img", "secret.img", "machine.xml", "state", "x" * 255, "-x", "a,b", "%n", '"']
STARTS = ["", "/", "/etc/", "/proc/self/", f"{PLAY}/", f"{PLAY}/folder/", f"{VAULT}/", f"{ns.STATE}/",
          f"{ns.STATE}/machines/", f"{ns.STATE}/machines/{VICTIM}/", "/run/innkeeper/"]


def some_name():
    if RANDOM.random() < 0.5:
        return RANDOM.choice(STARTS) + "/".join(RANDOM.choices(STEPS, k=RANDOM.randrange(1, 6)))
    return "".join(RANDOM.choices(CHARACTERS, k=RANDOM.choice([1, 2, 3, 8, 15, 16, 64, 255, 256])))


# What a device of the kind needs beside the field, and a value of the field that is taken.
DISK = {"@type": "file", "driver/@type": "raw", "source/@file": IMAGE, "target/@dev": "sda", "target/@bus": "sata"}
EFI = {"os/@firmware": "efi"}
BESIDE = {
    "shmem": {"@name": "shared", "model/@type": "ivshmem-plain", "size": "1024"},
    "lun": {"@type": "block", "driver/@type": "raw", "source/@dev": "/dev/sdq", "target/@dev": "sda", "target/@bus": "scsi"},
    "disk": DISK, "cdrom": DISK, "floppy": {**DISK, "target/@dev": "fda", "target/@bus": "fdc"},
    "disk/block": {k: v for k, v in DISK.items() if k != "source/@file"} | {"@type": "block"},
    "cdrom/block": {k: v for k, v in DISK.items() if k != "source/@file"} | {"@type": "block"},
    "floppy/block": {k: v for k, v in DISK.items() if k != "source/@file"}
    | {"@type": "block", "target/@dev": "fda", "target/@bus": "fdc"},
    "floppy/target": {**DISK, "target/@bus": "fdc"},
    "interface": {"@type": "user"}, "interface/network": {"@type": "network"}, "interface/bridge": {"@type": "bridge"},
    "interface/direct": {"@type": "direct"},
    "graphics": {"@type": "vnc"}, "graphics/render-node": {"@type": "egl-headless"},
    "graphics/listen-network": {"@type": "vnc", "listen/@type": "network"},
    "channel": {"@type": "unix", "target/@type": "virtio", "target/@name": "org.test.0"},
    "firmware/loader": {}, "firmware/nvram": EFI, "firmware/nvram-template": EFI,
    "kernel/initrd": {"os/kernel": IMAGE}, "kernel/cmdline": {"os/kernel": IMAGE},
    "filesystem": {"driver/@type": "virtiofs", "source/@dir": str(PLAY), "target/@dir": "share"},
    "smartcard": {"@mode": "host-certificates", **{f"certificate[{n}]": "sign" for n in (1, 2, 3)}},
    "tpm": {"backend/@type": "emulator"}, "tpm/device": {"backend/@type": "passthrough"},
    "hostdev": {"@mode": "subsystem", "source/vendor/@id": "0x046d", "source/product/@id": "0xc52b"},
    "hostpci": {"@mode": "subsystem", "source/address/@bus": "0x03", "source/address/@slot": "0x00",
                "source/address/@function": "0x0"},
    "hostmdev": {"@mode": "subsystem", "@model": "vfio-pci"},
    **{f"disk/{name}": {**DISK, "target/@bus": "scsi"} for name in ("vendor", "product", "wwn")},
    **{f"numa/cpus-{cell}": {f"cpu/numa/cell[@id='{n}']/@memory": str((64 << 10) // (cell + 1)) for n in range(cell + 1)}
       for cell in (0, 1, 3)},
    "numa/cpus-2": {"cpu/numa/cell[@id='0']/@memory": "32768", "cpu/numa/cell[@id='1']/@memory": "16384",
                    "cpu/numa/cell[@id='2']/@memory": "16384"},
    "pstore": {"@backend": "acpi-erst"}, "rng": {"@model": "virtio", "backend/@model": "random"}, "cpu/model": {"cpu/@mode": "custom"},
}


def definition(field, text, name="names"):
    """A machine that says @text in @field and nothing else that is wrong."""
    it = schema.domain(name)
    beside = BESIDE.get(schema.name_of(field), BESIDE.get(field["kind"], {}))
    if field["device"]:
        schema.device(it, field, beside).put(field["path"], text)
    else:
        for path, value in beside.items():
            it.put(path, value)
        it.put(field["path"], text)
    return it.xml()


FIELDS = {schema.name_of(f): f for f in schema.fields(("string", "path"))}
COUNTS = {"tried": 0, "taken": 0, "started": 0}
user = ns.connect(ns.OTHER)


def ask(path, interface, method, *args, **options):
    """What the helper answers the owner: a tuple, or the error's name."""
    args = GLib.Variant.new_tuple(*args, GLib.Variant("a{sv}", options))
    try:
        answer, fds = bus.call(user, path, interface, method, args)
    except GLib.Error as e:
        tap.true(CANARY.decode() not in e.message, e.message)
        name = bus.error_name(e) or ""
        tap.true(name.startswith("org.innkeeper.Error.") or "InvalidArgs" in name, f"{method}: {e.message}")
        return name
    for fd in fds:
        os.close(fd)
    return answer


def finish(job):
    """Waits for the end of a job that is the owner's."""
    def state():
        got = bus.call(user, job, bus.PROPERTIES, "GetAll", GLib.Variant("(s)", (domain.JOB,)))[0][0]
        return got if got["State"] != "running" else None
    return tap.wait_for(state, 60, job, 0.002)


def make(xml, start=False, **options):
    """One try: made, where it is taken, started, and deleted. Answers whether it was made."""
    COUNTS["tried"] += 1
    answer = ask(bus.MANAGER, domain.MANAGER, "Create", GLib.Variant("s", xml), **options)
    if isinstance(answer, str):
        return False
    machine, job = answer
    done = finish(job)
    if done["State"] != "done":
        tap.true(CANARY.decode() not in done["ErrorMessage"], done)
        return False
    COUNTS["taken"] += 1
    if start:
        ask(machine, domain.MACHINE, "InspectDisk", GLib.Variant("s", "vda"))
        ask(machine, domain.MACHINE, "GrowDisk", GLib.Variant("s", "vda"), GLib.Variant("t", 1 << 24))
        begun = ask(machine, domain.MACHINE, "Start")
        if not isinstance(begun, str):
            COUNTS["started"] += finish(begun[0])["State"] == "done"
        ask(machine, domain.MACHINE, "ForceOff")
    ask(machine, domain.MACHINE, "GetXml")
    ask(machine, domain.MACHINE, "ListStorage")
    remove(machine)
    return True


def remove(machine, **options):
    """Whether it is gone. An image that could not be deleted fails the job, and the machine goes all the same."""
    answer = ask(machine, domain.MACHINE, "Delete", **options)
    if isinstance(answer, str):
        return False
    return finish(answer[0])["State"] == "done" or machine not in machines()


def machines():
    """The owner's."""
    objects = bus.call(user, bus.ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0][0]
    return [path for path in objects if "/machines/" in path]


# The helper's own, and where each X server that begins on this computer writes.
OTHERS = (ns.STATE, "/run/innkeeper", "/var/lib/xkb")


def standing():
    """Everything outside of the helper's own folders, as it is: who made, removed, renamed, wrote or changed a
    file anywhere would change this."""
    found = {}
    for top in ("/etc", "/var/lib", "/run", VAULT, room.dir / f"home-{ns.USER}", "/usr/share/dbus-1"):
        for folder, folders, files in os.walk(top):
            folders[:] = [f for f in folders if os.path.join(folder, f) not in OTHERS]
            for path in (folder, *(os.path.join(folder, f) for f in files)):
                it = os.lstat(path)
                found[path] = (it.st_ino, it.st_mode, it.st_uid, it.st_gid, it.st_size, it.st_mtime_ns, it.st_ctime_ns,
                               it.st_nlink)
    return found


def store():
    """Of the other user's machine and of the store itself."""
    found = {}
    for path in sorted((Path(ns.STATE) / "machines" / VICTIM).rglob("*")):
        it = path.lstat()
        found[str(path)] = (it.st_ino, it.st_mode, it.st_size, it.st_mtime_ns, it.st_ctime_ns)
    return found


# With root's rights the helper opens its own folders, the system's files, and its own program.
ROOTS = re.compile(rf"({ns.STATE}(/|$)|/run(/innkeeper(/.*)?)?$|/usr/|/lib|/bin/|/etc(/|$)|/$|/var/lib$|"
                   rf"{re.escape(str(env.BUILD))}/|/memfd:)")
# Who starts gets a uid that owns no file of any machine: folders are listed for that (vmh-bundle-uid.c), no more.
NEVER = re.compile(rf"/etc/g?shadow|{re.escape(str(VAULT))}|{re.escape(str(PLAY))}|"
                   rf"{VICTIM}/(?!(disks|log|snapshots|tpm)$)")


def judge(opens):
    """What of all that was opened should not have been."""
    wrong = []
    for (path, uid), often in sorted(opens.items()):
        if uid == 0:
            bad = not ROOTS.match(path) or NEVER.search(path)
        else:
            # With its owner's rights what that one may open itself; never the store.
            bad = path.startswith((ns.STATE, "/run/innkeeper/")) and uid == UID or CANARY.decode() in path
            bad = bad or re.search(r"/etc/g?shadow|/vault/\w+\.img", path)
        if bad:
            wrong.append(f"uid {uid} opened {path} ({often} times)")
    return wrong


@contextlib.contextmanager
def attacked():
    """The attacker at work, and all that is opened meanwhile looked at."""
    before, kept = standing(), store()
    watcher = watch.Watch(root.helper.pid, [VICTIM])
    victim = f"{ns.STATE}/machines/{VICTIM}/machine.xml"
    attacker = ns.as_user(ns.OTHER, ["/usr/bin/python3", "-c", ATTACKER, PLAY, VAULT, ns.STATE, victim],
                          stdout=subprocess.PIPE, text=True)
    tap.equal(attacker.stdout.readline(), "ready\n", "the attacker")
    try:
        yield
        tap.true(attacker.poll() is None, "the attacker has ended")
    finally:
        attacker.kill()
        attacker.wait()
        attacker.stdout.close()
        opens = watcher.end()
    tap.true(root.helper.running(), "the helper goes on")
    tap.equal(machines(), [], "machines that are left")
    tap.true(make(definition(FIELDS["disk/source"], IMAGE)), "a sound machine is made afterwards")
    wrong = judge(opens)
    tap.true(not wrong, "\n".join(wrong[:40]))
    # The watch can see: the machine's folder with root's rights, the image with the owner's.
    tap.true(any(uid == 0 and "/machines/.new-UUID" in path or "/machines/UUID" in path for path, uid in opens), opens)
    tap.diag(f"{sum(opens.values())} opens of {len(opens)} paths were looked at")
    tap.equal({p: v for p, v in standing().items() if before.get(p) != v}, {}, "what was changed outside")
    tap.equal(sorted(before.keys() - standing().keys()), [], "what was removed outside")
    tap.equal(store(), kept, "the other user's machine")


@tap.case
def sound_ones():
    """Each field has a value here that is taken, so that the others are refused, or taken, for what they are"""
    good = {"name": "names", "title": "A title", "description": "Notes", "os-id": "http://debian.org/debian/12",
            "listen": "127.0.0.1", "keymap": "de", "passwd": "secret", "network": "lab", "bridge": "br0", "direct": "eth0",
            "cmdline": "quiet", "machine": "q35", "model": "qemu64", "limit-group": "g.1", "cpuset": "0-3,^2", "emulator-cpuset": "1", "serial": "A1", "target": "sda",
            "name-channel": "org.test.1", "path": "/dev/urandom", "source": IMAGE, "kernel": IMAGE, "initrd": IMAGE,
            "block": IMAGE, "emulator": "/usr/bin/qemu-system-x86_64", "loader": "/usr/share/OVMF/OVMF_CODE_4M.fd",
            "nvram": str(PLAY / "nvram.fd"), "nvram-template": "/usr/share/OVMF/OVMF_VARS_4M.fd",
            "listen-network": "default", "render-node": "/dev/dri/renderD128", "device": "/dev/tpm0", "certificates": "sign in", "database": str(PLAY), "floppy-target": "fda", "number": "0x046d", "place": "0x3", "tag": "share", "flags": "require aes", "pins": "0 1", "vendor-id": "Inn",
            "vendor": "INN", "product": "One", "wwn": "5000c50015ea71ad", "bios-date": "11/29/2026", "bios-release": "1.2",
            "cpus-0": "0", "cpus-1": "0", "cpus-2": "0", "cpus-3": "0"}
    good |= {name.removeprefix("smbios/"): "Some text" for name in FIELDS
             if name.startswith("smbios/") and name.removeprefix("smbios/") not in good}
    problems = []
    for name, field in FIELDS.items():
        text = good.get({"channel/name": "name-channel", "floppy/target": "floppy-target",
                         "hostdev/vendor": "number", "hostdev/product": "number",
                         **{f"hostpci/{part}": "place" for part in ("domain", "bus", "slot", "function")}}.get(name, field["name"]))
        if text is None:
            problems.append(f"{name}: no value is known to this test")
        elif not make(definition(field, text)):
            answer = ask(bus.MANAGER, domain.MANAGER, "Create", GLib.Variant("s", definition(field, text)))
            why = answer if isinstance(answer, str) else finish(answer[1])["ErrorMessage"]
            problems.append(f"{name}: {text!r} is not taken: {why}")
    tap.true(not problems, "\n".join(problems))


@tap.case
def fixed_ones():
    """All fixed names, through every field: nothing outside the machine's own folder is touched"""
    with attacked():
        for place, field in enumerate(FIELDS.values()):
            # Reduced: each name in each third field.
            for text in FIXED[tap.count(place % 3, 0)::tap.count(3, 1)]:
                start = field["type"] == "path" and str(PLAY) in text
                make(definition(field, text), start=start and tap.count(field["kind"] in ("disk", "kernel"), True))


@tap.case
def arguments():
    """The same through what calls name: drives to keep and to delete, images to make, lines, screens, objects"""
    with attacked():
        machine = domain.create(Owner, definition(FIELDS["disk/source"], IMAGE, "kept"))
        running = domain.create(Owner, vm.real_mode("running", Owner))
        begun = ask(running, domain.MACHINE, "Start")
        tap.equal(finish(begun[0])["State"], "done", "its start")
        for text in FIXED + [some_name() for _ in range(tap.count(10, 2000))]:
            if "\ud800" <= text <= "\udfff":
                continue
            text = text[:4096]
            for list_name in ("keep", "delete"):
                tap.true(not remove(machine, **{list_name: GLib.Variant("as", [text])}), f"{list_name} {text!r} was taken")
            for entry in ({"target": GLib.Variant("s", text), "size": GLib.Variant("t", 1 << 20)},
                          {"target": GLib.Variant("s", "sda"), "size": GLib.Variant("t", 1 << 20),
                           "format": GLib.Variant("s", text)}):
                make(definition(FIELDS["disk/target"], "sda"), storage=domain.storage(entry))
            ask(running, CONSOLE, "OpenSerial", GLib.Variant("s", text))
            ask(running, CONSOLE, "OpenDisplay", GLib.Variant("s", text))
            path = f"{bus.ROOT}/machines/" + re.sub("[^A-Za-z0-9_]", "_", text)[:200]
            if text:
                ask(path, domain.MACHINE, "GetXml")
            COUNTS["tried"] += 7
        ask(running, domain.MACHINE, "ForceOff")
        tap.true(remove(running), "the end of the one that ran")
        # Its disk stands in the attacker's folder: deleted with its own rights, wherever that leads.
        for number in range(tap.count(30, 1000)):
            where = PLAY / ("folder/swap.img" if number % 2 else "swap.img")
            answer = ask(bus.MANAGER, domain.MANAGER, "Create",
                         GLib.Variant("s", definition(FIELDS["disk/source"], str(where))))
            if not isinstance(answer, str) and finish(answer[1])["State"] == "done":
                tap.true(remove(answer[0], delete=GLib.Variant("as", ["sda"])) or remove(answer[0]), "its end")
        tap.true(remove(machine, keep=GLib.Variant("as", ["sda"])), "the end of the one that was kept")


class Owner:
    """The attacker as a session's user: what lib/domain and lib/vm call."""

    path = PLAY

    @staticmethod
    def call(path, interface, method, args=None, fds=None, timeout=60):
        return bus.call(user, path, interface, method, args, fds, timeout)[0]


@tap.case
def random_ones():
    """Random names, through every field: nothing outside the machine's own folder is touched"""
    wanted = tap.count(1000, 100000)
    names = list(FIELDS)
    with attacked():
        for number in range(wanted):
            field = FIELDS[names[number % len(names)]]
            make(definition(field, some_name()), start=number % 100 == 99)
    tap.figure("hostile names and paths through every field: paths touched outside the machine's own folder",
               f"0 of {COUNTS['tried']}, {COUNTS['taken']} taken, {COUNTS['started']} started")


@tap.case
def not_utf8():
    """What is not UTF-8 does not come through the bus, and in an XML of its own encoding it is a name as any"""
    for bad in (b"\xff\xfe\xff\xfe", b"\xc0\xaf\xc0\xaf", b"\xed\xa0\x80A", b"a\0bc"):
        with rawbus.as_user(ns.OTHER):
            it = rawbus.connect()
        text = rawbus.message(bus.MANAGER, domain.MANAGER, "Create",
                              GLib.Variant("(sa{sv})", (domain.xml("QQQQ"), {})))
        it.sendall(text.replace(b"QQQQ", bad))
        seen = it.recv(65536)
        while seen and b"rror" not in seen:
            seen = it.recv(65536)
        it.close()
    for encoding in ("iso-8859-1", "utf-16", "utf-7", "x-unknown", "ebcdic-us"):
        make(f"<?xml version='1.0' encoding='{encoding}'?>" + domain.xml("ü/../ä"))
    tap.true(root.helper.running(), "the helper goes on")
    tap.equal(machines(), [], "machines that are left")


@tap.case
def rights():
    """At the end every file is 0600 and every folder 0700, in the store and in the runtime folder"""
    wrong = []
    for top in (Path(ns.STATE), Path("/run/innkeeper")):
        for path in top.rglob("*"):
            it = path.lstat()
            kind = stat.S_IFMT(it.st_mode)
            allowed = 0o700 if kind == stat.S_IFDIR else 0o600
            if path == Path(ns.STATE) / "Kept disks":
                allowed = 0o711
            if kind == stat.S_IFLNK or it.st_mode & 0o777 & ~allowed:
                wrong.append(f"{path}: {stat.filemode(it.st_mode)}")
            if kind == stat.S_IFREG and CANARY in path.read_bytes():
                wrong.append(f"{path}: has what nobody may read")
    tap.true(not wrong, "\n".join(wrong))
    tap.true(CANARY not in root.helper.log.read_bytes(), "the helper's log")


tap.main()
