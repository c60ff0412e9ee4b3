# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random strings in every field of the schema that holds text: each comes back from QEMU's own parser as it was,
or stands where the helper itself needs it, or nowhere. The helper's own code makes the arguments (golden/plan-tool),
the real QEMU is started with them before its first instruction, and tells by QMP what it was given."""

import collections
import contextlib
import fcntl
import json
import os
import random
import re
import resource
import socket
import string
import subprocess
import tempfile
import uuid
from pathlib import Path

from lib import env, guest, qmp, schema, tap, virtiofs

RANDOM = random.Random(20261122)
TOOL = env.BUILD / "tests" / "golden" / "plan-tool"
# Of one machine, so that one start of QEMU answers for many strings.
DISKS, CDROMS, LUNS, CHANNELS, CARDS, FOLDERS, MEMORIES = 180, 40, 12, 24, 12, 2, 2

# Where each field's text is seen again. QEMU: its own parser tells. FILES: QEMU never has it, the helper opens it or
# makes it, and the plan says so. NOWHERE: in no argument, no file and no command. CHOICE: QEMU must know it.
# OPTION: QEMU tells nobody; by its rules the one option has the very text.
QEMU, FILES, NOWHERE, CHOICE, OPTION = ("QEMU's parser", "the plan's files", "nowhere", "QEMU's own names",
                                        "QEMU's options")
# {field: (table, property) of -smbios}
SMBIOS = {"bios-vendor": ("0", "vendor"), "bios-version": ("0", "version"), "bios-date": ("0", "date"),
          "bios-release": ("0", "release"), "manufacturer": ("1", "manufacturer"), "product": ("1", "product"),
          "version": ("1", "version"), "serial": ("1", "serial"), "sku": ("1", "sku"), "family": ("1", "family"),
          "board-manufacturer": ("2", "manufacturer"), "board-product": ("2", "product"),
          "board-version": ("2", "version"), "board-serial": ("2", "serial"), "board-asset": ("2", "asset"),
          "board-location": ("2", "location"), "chassis-manufacturer": ("3", "manufacturer"),
          "chassis-version": ("3", "version"), "chassis-serial": ("3", "serial"), "chassis-asset": ("3", "asset"),
          "chassis-sku": ("3", "sku"), "oem-strings": ("11", "value")}
WHERE = {
    "general/name": QEMU, "general/uuid": QEMU, "general/genid": QEMU, "kernel/cmdline": QEMU, "disk/target": QEMU,
    "disk/serial": QEMU, "cdrom/target": QEMU, "cdrom/serial": QEMU, "floppy/target": QEMU, "lun/target": QEMU, "interface/mac": QEMU,
    "channel/name": QEMU, "disk/limit-group": QEMU, "filesystem/tag": QEMU, "shmem/name": QEMU,
    "disk/vendor": QEMU, "disk/product": QEMU, "disk/wwn": QEMU,
    "cpu/flags": OPTION, **{f"smbios/{name}": OPTION for name in SMBIOS}, **{f"numa/cpus-{n}": OPTION for n in range(4)},
    "hostdev/vendor": OPTION, "hostdev/product": OPTION,
    "hostmdev/uuid": OPTION, **{f"hostpci/{part}": OPTION for part in ("domain", "bus", "slot", "function")},
    "hyperv/vendor-id": NOWHERE, "pstore/path": NOWHERE,
    "kernel/kernel": FILES, "kernel/initrd": FILES, "disk/source": FILES, "disk/block": FILES, "cdrom/source": FILES,
    "cdrom/block": FILES, "floppy/source": FILES, "floppy/block": FILES, "lun/block": FILES, "tpm/device": FILES, "smartcard/database": FILES, "smartcard/certificates": FILES, "interface/network": FILES,
    "interface/bridge": FILES, "interface/direct": FILES, "filesystem/source": FILES,
    "general/title": NOWHERE, "general/description": NOWHERE, "general/os-id": NOWHERE, "machine/emulator": NOWHERE,
    "firmware/loader": NOWHERE, "firmware/nvram": NOWHERE, "firmware/nvram-template": NOWHERE,
    "graphics/listen-network": NOWHERE, "graphics/keymap": NOWHERE, "graphics/passwd": NOWHERE, "graphics/render-node": NOWHERE, "channel/path": NOWHERE,
    "rng/path": NOWHERE, "cpu/cpuset": NOWHERE, "cpu/emulator-cpuset": NOWHERE, "cpu/pins": NOWHERE,
    "machine/machine": CHOICE, "cpu/model": CHOICE,
}
FIELDS = {schema.name_of(f): f for f in schema.fields()}

PLAIN = string.ascii_letters + string.digits
SIGNS = ",=\"'\\%$`;:&|<>(){}[]*?!#~^@+-_. "
DEVICE = PLAIN + "_.-"
FLAGS = ("aes", "avx", "rdrand", "sse4.1", "sse4_2", "x2apic", "popcnt", "pclmulqdq")


def character():
    """Any that XML and QMP both can say: no control, no surrogate, nothing that is no character."""
    while True:
        code = RANDOM.choice((RANDOM.randrange(0xa0, 0x800), RANDOM.randrange(0x800, 0xfdd0), RANDOM.randrange(0x10000, 0x2fffe)))
        if not 0xd800 <= code <= 0xdfff and code & 0xfffe != 0xfffe:
            return chr(code)


def text(most, letters=None, least=1):
    """Mostly signs that mean something to somebody; with @letters of those alone."""
    length = min(most, RANDOM.choice((least, least + 1, 12, 12, 24, 36, 64, 255, most)))
    if letters:
        made = "".join(RANDOM.choices(letters, k=length))
    else:
        made = "".join(character() if RANDOM.random() < 0.2 else RANDOM.choice(SIGNS + "ab/n0") for _ in range(length))
    # Spaces around it are XML's own affair.
    return made.strip() or RANDOM.choice("ab") * max(least, 1)


def name():
    """As the schema wants one: shown on a line, and no folder's."""
    while True:
        made = "".join(c for c in text(64) if c.isprintable() and c != "/").strip()
        if made and not made.startswith("-") and made not in (".", ".."):
            return made


def path():
    return "/" + text(400, least=12)


def unique(make, number):
    seen = []
    while len(seen) < number:
        one = make()
        if one not in seen:
            seen.append(one)
    return seen


def mac():
    return ":".join(f"{RANDOM.randrange(256) & (0xfe if i == 0 else 0xff):02x}" for i in range(6))


def processors():
    return ",".join(f"{RANDOM.choice(('', '^'))}{RANDOM.randrange(1000, 9999)}-{RANDOM.randrange(1000, 9999)}" for _ in range(3))


class Machine:
    """A random one: its definition, and what of it is to be seen again where."""

    def __init__(self, folder, choices, uefi):
        self.said = collections.defaultdict(list)  # field: [text, and what tells it from the others]
        self.it = schema.domain(memory=32)
        self.put("general/name", name())
        self.put("general/uuid", str(uuid.UUID(int=RANDOM.getrandbits(128))))
        self.put("general/genid", str(uuid.UUID(int=RANDOM.getrandbits(128))))
        self.put("kernel/cmdline", text(2048))
        for field in ("kernel/kernel", "kernel/initrd", "machine/emulator", "firmware/loader"):
            self.put(field, path())
        if uefi:
            self.it.put("os/@firmware", "efi")
            for field in ("firmware/nvram", "firmware/nvram-template"):
                self.put(field, path())
            self.add_host_device()
        self.put("cpu/cpuset", processors())
        self.put("cpu/emulator-cpuset", processors())
        self.put("cpu/pins", f"{RANDOM.randrange(4)} {processors()}")
        self.put("general/title", text(256, least=12))
        self.put("general/description", text(2000, least=12) + "\n" + text(2000, least=12))
        self.put("general/os-id", text(512, least=12))
        for field, known in choices.items():
            self.put(field, RANDOM.choice(known))
        self.it.put("cpu/@mode", "custom")
        self.add_identity()
        self.add_disks()
        self.add_lines()
        Path(folder, "machine.xml").write_text(self.it.xml(), encoding="utf-8")

    def put(self, name_of, value, at=None, which=None):
        (at or self.it).put(FIELDS[name_of]["path"], value)
        self.said[name_of].append((value, which))

    def device(self, kind, **values):
        return schema.device(self.it, next(f for f in FIELDS.values() if f["kind"] == kind), values)

    def add_identity(self):
        """Who made it, which single features it has and where its processors are."""
        self.it.put("os/smbios/@mode", "sysinfo")
        special = {"bios-date": "11/29/2026", "bios-release": f"{RANDOM.randrange(100)}.{RANDOM.randrange(100)}"}
        for field in SMBIOS:
            self.put(f"smbios/{field}", special.get(field) or text(255, PLAIN + SIGNS))
        self.put("cpu/flags", f"{RANDOM.choice(('require', 'disable', 'force', 'forbid'))} {RANDOM.choice(FLAGS)}")
        self.put("hyperv/vendor-id", text(12, DEVICE, least=12))
        self.it.put("vcpu", "4")
        for cell, cpu in enumerate(RANDOM.sample(range(4), 4)):
            self.put(f"numa/cpus-{cell}", str(cpu))
            self.it.put(f"cpu/numa/cell[@id='{cell}']/@memory", str(8 << 10))
        at = self.device("pstore", **{"@backend": "acpi-erst"})
        self.put("pstore/path", "/" + text(100, least=12), at)

    def add_host_device(self):
        """Only where QEMU is not started: it would want a real one."""
        at = self.device("hostdev", **{"@mode": "subsystem", "@type": "usb"})
        for field in ("vendor", "product"):
            self.put(f"hostdev/{field}", f"0x{RANDOM.randrange(1, 1 << 16):04x}", at)
        at = self.device("hostdev", **{"@mode": "subsystem", "@type": "pci"})
        for field, most, digits in (("domain", 1 << 16, 4), ("bus", 256, 2), ("slot", 32, 2), ("function", 8, 1)):
            self.put(f"hostpci/{field}", f"0x{RANDOM.randrange(most):0{digits}x}", at)
        at = self.device("tpm", **{"@model": "tpm-tis", "backend/@type": "passthrough"})
        self.put("tpm/device", f"/dev/tpm{RANDOM.choice(('', 'rm'))}{RANDOM.randrange(1000, 9999)}", at)
        at = self.device("hostdev", **{"@mode": "subsystem", "@type": "mdev", "@model": "vfio-pci"})
        self.put("hostmdev/uuid", str(uuid.UUID(int=RANDOM.getrandbits(128))), at)

    def drive(self, kind, bus, target, serial=True):
        # One that can be plugged has all of it; every second is a device of the host.
        at = self.device(kind, **{"driver/@type": "raw", "target/@bus": bus})
        at.put("readonly", "")
        device = kind == "lun" or RANDOM.random() < 0.5
        at.put("@type", "block" if device else "file")
        self.put(f"{kind}/target", target, at, target)
        self.put(f"{kind}/{'block' if device else 'source'}", path(), at, target)
        if kind == "disk":
            self.put("disk/limit-group", RANDOM.choice(PLAIN) + text(31, DEVICE, least=0), at, target)
        if serial:
            self.put(f"{kind}/serial", text(36, PLAIN + "_.+-- "), at, target)
        if kind == "disk":
            self.put("disk/vendor", text(8, PLAIN + SIGNS), at, target)
            self.put("disk/product", text(16, PLAIN + SIGNS), at, target)
            self.put("disk/wwn", "".join(RANDOM.choices("0123456789abcdef", k=16)), at, target)

    def add_disks(self):
        targets = unique(lambda: "sd" + text(3, string.ascii_lowercase, least=2), DISKS + CDROMS + LUNS)
        for place, target in enumerate(targets):
            kind = "disk" if place < DISKS else "cdrom" if place < DISKS + CDROMS else "lun"
            self.drive(kind, "scsi", target, serial=kind != "lun")
        for target in unique(lambda: "fd" + RANDOM.choice("ab"), 1):
            self.drive("floppy", "fdc", target, serial=False)

    def add_lines(self):
        for place, one in enumerate(unique(lambda: text(128, DEVICE + ":", least=2), CHANNELS)):
            at = self.device("channel", **{"@type": "unix", "target/@type": "virtio"})
            self.put("channel/name", one, at, place)
            if RANDOM.random() < 0.5:
                self.put("channel/path", "/" + text(100, least=12), at)
        for place, one in enumerate(unique(mac, CARDS)):
            kind = RANDOM.choice(("network", "bridge", "direct"))
            at = self.device("interface", **{"@type": kind, "model/@type": "virtio"})
            self.put("interface/mac", one, at, place)
            if kind == "network":
                self.put("interface/network", "".join(c for c in text(64) if c != "/") or "x", at, one)
            else:
                self.put(f"interface/{kind}", text(15, DEVICE), at, one)
        for place, one in enumerate(unique(lambda: RANDOM.choice(PLAIN) + text(63, PLAIN + "_.-", least=0), MEMORIES)):
            at = self.device("shmem", **{"model/@type": "ivshmem-plain", "size": "1024"})
            self.put("shmem/name", one, at, place)
        for place, one in enumerate(unique(lambda: text(35, DEVICE + "+/"), FOLDERS)):
            at = self.device("filesystem", **{"@type": "mount", "driver/@type": "virtiofs"})
            self.put("filesystem/tag", one, at, place)
            self.put("filesystem/source", path(), at)
        at = self.device("smartcard", **{"@mode": "host-certificates", **{f"certificate[{n}]": "sign" for n in (1, 2, 3)}})
        self.put("smartcard/certificates", text(64, PLAIN + "'=&;$ <>._", least=12).strip() or "x", at)
        self.put("smartcard/database", path(), at)
        at = self.device("graphics", **{"@type": "vnc", "listen/@type": "network"})
        self.put("graphics/listen-network", text(64, least=12), at)
        self.put("graphics/keymap", text(16, DEVICE, least=12), at)
        self.put("graphics/passwd", text(255, least=12), at)
        at = self.device("graphics", **{"@type": "egl-headless"})
        self.put("graphics/render-node", f"/dev/dri/renderD{RANDOM.randrange(10 ** 8, 10 ** 15)}", at)
        at = self.device("rng", **{"@model": "virtio", "backend/@model": "random"})
        self.put("rng/path", "/" + text(100, least=12), at)


class Running:
    """The real QEMU with a plan's arguments, before its first instruction; each file is one and the same."""

    def __init__(self, made, folder):
        image = Path(folder) / "image"
        image.write_bytes(bytes(1440 * 1024))
        argv = list(made["argv"])
        for option, file in (("-kernel", guest.kernel()[0]), ("-initrd", image)):
            if option in argv:
                argv[argv.index(option) + 1] = str(file)
        argv = [w.replace('"host_device"', '"file"').replace('"host_cdrom"', '"file"').replace('"scsi-block"', '"scsi-hd"')
                for w in argv]
        fds, self.kept = {}, []
        plain = fcntl.fcntl(os.open(image, os.O_RDONLY), fcntl.F_DUPFD, 3000)
        for file in made["files"]:
            if file["type"] in ("file", "copy", "nvram", "lun"):
                fds[file["number"]] = plain
                continue
            if file["type"] == "shmem":
                fds[file["number"]] = fcntl.fcntl(os.memfd_create("shared"), fcntl.F_DUPFD, 3000)
                os.ftruncate(fds[file["number"]], 1 << 20)
                continue
            if file["type"] == "share":
                end = socket.socket(fileno=virtiofs.connected(folder, file["name"]))
            elif file["type"] == "listen":
                end = socket.socket(socket.AF_UNIX)
                end.bind(str(Path(folder) / f"{file['name']}.sock"))
                end.listen(1)
            else:
                end, other = socket.socketpair()
                self.kept.append(other)
            self.kept.append(end)
            fds[file["number"]] = fcntl.fcntl(end.fileno(), fcntl.F_DUPFD, 3000)
        argv = [argv[0], *(without_tap(word) if before == "-netdev" else word for before, word in zip(argv, argv[1:]))]
        self.process = subprocess.Popen(argv, preexec_fn=lambda: [os.dup2(fd, number) for number, fd in fds.items()],
                                        close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        for fd in set(fds.values()):
            os.close(fd)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)
        self.socket.connect(str(Path(folder) / "monitor.sock"))
        self.reader = self.socket.makefile("rb")
        if b"QMP" not in self.line():
            raise AssertionError("no greeting")
        self.ask([("qmp_capabilities", {})])

    def line(self):
        got = b""
        with contextlib.suppress(ConnectionResetError):
            got = self.reader.readline()
        if not got:
            self.process.kill()
            raise AssertionError(self.process.communicate()[0].decode(errors="replace")[-2000:])
        return got

    def ask(self, commands):
        """Many at once; answers what they return, in order."""
        answers = []
        for start in range(0, len(commands), 20):
            lot = commands[start:start + 20]
            for execute, arguments in lot:
                self.socket.sendall(json.dumps({"execute": execute, "arguments": arguments}).encode() + b"\n")
            for execute, arguments in lot:
                while "event" in (reply := json.loads(self.line())):
                    pass
                tap.true("return" in reply, f"{execute} {arguments}: {reply}")
                answers.append(reply["return"])
        return answers

    def close(self):
        self.process.kill()
        self.process.communicate()
        self.reader.close()
        self.socket.close()
        for one in self.kept:
            one.close()


def without_tap(word):
    """A tap is the kernel's device; a socket in its place is as good where nothing is sent."""
    node = json.loads(word)
    if node["type"] != "tap":
        return word
    return json.dumps({"type": "socket", "id": node["id"], "fd": node["fd"]})


def ask(made, folder, commands):
    running = Running(made, folder)
    try:
        return running.ask(commands)
    finally:
        running.close()


def qom(device, name_of):
    return "qom-get", {"path": f"/machine/peripheral/{device}", "property": name_of}


def questions(machine):
    """[(field, text, command, arguments, what takes the text out of the answer)]"""
    whole = {"general/name": ("query-name", {}, lambda r: r.get("name")),
             "general/uuid": ("query-uuid", {}, lambda r: r["UUID"]),
             "general/genid": ("query-vm-generation-id", {}, lambda r: r["guid"]),
             "kernel/cmdline": ("qom-get", {"path": "/machine", "property": "append"}, str),
             "machine/machine": ("qom-get", {"path": "/machine", "property": "type"}, lambda r: r.removesuffix("-machine")),
             "cpu/model": ("qom-get", {"path": "/machine/unattached/device[0]", "property": "type"},
                           lambda r: r.removesuffix("-x86_64-cpu"))}
    asked = [(field, machine.said[field][0][0], *how) for field, how in whole.items()]
    for kind in ("disk", "cdrom"):
        asked += [(f"{kind}/serial", t, *qom(f"{kind}-{which}", "serial"), str) for t, which in machine.said[f"{kind}/serial"]]
    for kind in ("disk", "lun", "cdrom", "floppy"):
        asked += [(f"{kind}/target", t, *qom(f"{kind}-{t}", "drive"), lambda r, k=kind: r.removesuffix("-format"))
                  for t, _ in machine.said[f"{kind}/target"]]
    asked += [("disk/limit-group", t, "qom-list", {"path": "/objects"},
               lambda r, t=t: t if "group." + t in {child["name"] for child in r} else r)
              for t, _ in machine.said["disk/limit-group"]]
    for field, take in (("vendor", str), ("product", str), ("wwn", lambda number: f"{int(number):016x}")):
        asked += [(f"disk/{field}", t, *qom(f"disk-{which}", field), take) for t, which in machine.said[f"disk/{field}"]]
    asked += [("channel/name", t, *qom(f"channel-{place}", "name"), str) for t, place in machine.said["channel/name"]]
    asked += [("shmem/name", t, "qom-list", {"path": "/objects"},
               lambda r, t=t: t if f"shmem-{t}-ram" in {child["name"] for child in r} else r)
              for t, _ in machine.said["shmem/name"]]
    asked += [("filesystem/tag", t, *qom("filesystem-" + re.sub("[^A-Za-z0-9.-]", lambda c: f"_{ord(c[0]):02x}", t), "tag"), str)
              for t, _ in machine.said["filesystem/tag"]]
    asked += [("interface/mac", t, *qom("interface-" + t.replace(":", ""), "mac"), str.lower)
              for t, _ in machine.said["interface/mac"]]
    return asked


def options_of(argv, option):
    """[{name: value}] of all @option, as QEMU reads them: two commas are one within a value."""
    found = []
    for before, word in zip(argv, argv[1:]):
        if before == option:
            parts = word.replace(",,", "\0").split(",")
            found.append({name: value.replace("\0", ",") for name, _, value in (part.partition("=") for part in parts)})
    return found


def in_options(machine, made):
    """{field: whether its option has its text}"""
    found = {}
    tables = {table["type"]: table for table in options_of(made["argv"], "-smbios")}
    for field, (table, name_of) in SMBIOS.items():
        found[f"smbios/{field}"] = tables.get(table, {}).get(name_of) == machine.said[f"smbios/{field}"][0][0]
    policy, flag = machine.said["cpu/flags"][0][0].split(" ")
    found["cpu/flags"] = options_of(made["argv"], "-cpu")[0].get(flag) == ("on" if policy in ("require", "force") else "off")
    cells = {numa["core-id"]: numa["node-id"] for numa in options_of(made["argv"], "-numa") if "core-id" in numa}
    for cell in range(4):
        found[f"numa/cpus-{cell}"] = cells.get(machine.said[f"numa/cpus-{cell}"][0][0]) == str(cell)
    for field in ("vendor", "product"):
        for said, _ in machine.said[f"hostdev/{field}"]:
            devices = [json.loads(word)["id"] for before, word in zip(made["argv"], made["argv"][1:])
                       if before == "-device" and '"usb-host"' in word]
            found[f"hostdev/{field}"] = said[2:] == devices[0].split("-")[("vendor", "product").index(field) + 1]
    cards = [json.loads(word)["sysfsdev"] for word in made["argv"] if '"vfio-pci"' in word]
    for place, field in enumerate(("domain", "bus", "slot", "function")):
        for said, _ in machine.said[f"hostpci/{field}"]:
            found[f"hostpci/{field}"] = said[2:] == re.split("[:.]", cards[0].removeprefix("/dev/vfio/"))[place]
    for said, _ in machine.said["hostmdev/uuid"]:
        found["hostmdev/uuid"] = f"/dev/vfio/{said}" in cards
    return found


def elsewhere(machine, made):
    """What is not QEMU's: in the plan's files by the very text, and in no argument at all."""
    wrong, checked = [], collections.Counter()
    files = collections.Counter(f["path"] for f in made["files"])
    files.update(n for f in made["files"] if f["type"] == "card" for n in f["kind"].split("\n"))  # its program's
    words = made["argv"] + [json.dumps(c, ensure_ascii=False) for c in made["commands"]]
    told = "\0".join(words + list(files))
    arguments = "\0".join(words)
    for field, where in WHERE.items():
        for said, _ in machine.said[field]:
            checked[field] += where in (FILES, NOWHERE)
            if where == FILES and said not in files:
                wrong.append(f"{field}: {said!r} is not among the files")
            if where == FILES and len(said) >= 12 and said in arguments or where == NOWHERE and said in told:
                wrong.append(f"{field}: {said!r} is in the arguments")
    for field, equal in in_options(machine, made).items():
        checked[field] += 1
        if not equal:
            wrong.append(f"{field}: {machine.said[field][0][0]!r} is not in its option")
    return wrong, checked


def known():
    """What QEMU itself has a name for, of the kinds that a machine here can be."""
    machine = qmp.Qemu(["-machine", "none"])
    # Older ones have no room for so many disks in their tables.
    machines = [m["name"] for m in machine.command("query-machines") if m["name"] >= "pc-q35-4" and m["name"][:7] == "pc-q35-"]
    models = [c["name"] for c in machine.command("query-cpu-definitions") if c["name"] in ("qemu64", "kvm64", "Nehalem", "Westmere")]
    machine.quit()
    return {"machine/machine": machines, "cpu/model": models}


@tap.case
def every_field():
    """Each field of the schema that holds text has its place here"""
    tap.equal(sorted(WHERE), sorted(FIELDS), "fields")


@tap.case
def equal_again():
    """Random strings come back from QEMU's own parser as they were, or do not come there at all"""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, max(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    wanted, choices = tap.count(12000, 1000000), known()
    checked, refused, starts = collections.Counter(), 0, 0
    while sum(checked.values()) < wanted:
        with tempfile.TemporaryDirectory(prefix="inn-strings-") as folder:
            # Of one with UEFI only the plan is looked at: what it has more than the others does not reach QEMU.
            uefi = starts % 8 == 7
            machine = Machine(folder, choices, uefi)
            made = json.loads(subprocess.run([str(TOOL), f"{folder}/machine.xml"], check=True, capture_output=True,
                                             env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout)
            if "error" in made:
                refused += 1
                tap.true(refused < 3 + starts / 10, f"{refused} of {starts} are refused: {made['error']}")
                continue
            starts += 1
            wrong, seen = elsewhere(machine, made)
            asked = [] if uefi else questions(machine)
            answers = ask(made, folder, [(command, arguments) for _, _, command, arguments, _ in asked]) if asked else []
            for (field, said, _, _, take), answer in zip(asked, answers, strict=True):
                seen[field] += 1
                if take(answer) != said:
                    wrong.append(f"{field}: {said!r} came back as {answer!r}")
            tap.true(not wrong, "\n".join(wrong[:20]))
            checked += seen
    tap.equal(sorted(set(WHERE) - set(checked)), [], "fields without a string")
    by = collections.Counter()
    for field, often in checked.items():
        by[WHERE[field]] += often
    tap.diag(", ".join(f"{field} {often}" for field, often in sorted(checked.items())))
    tap.figure("random strings through every field: not equal again from QEMU's parser",
               f"0 of {by[QEMU] + by[CHOICE]} ({starts} starts); as wanted without QEMU: {by[FILES] + by[NOWHERE]}")


tap.main()
