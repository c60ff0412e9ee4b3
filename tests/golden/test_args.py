# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each example machine's QEMU is started with: xml/NAME.xml and args/NAME.args are pairs, and the
real QEMU takes every one.

`tests/golden/test_args.py --update` writes the .args files anew: look at the difference before you
commit it."""

import concurrent.futures
import contextlib
import difflib
import fcntl
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

from lib import env, qmp, tap, virtiofs

GOLDEN = env.SOURCE / "tests" / "golden"
EXAMPLES = sorted((GOLDEN / "xml").glob("*.xml"))
TOOL = env.BUILD / "tests" / "golden" / "plan-tool"


def plans(paths, types=None, *options):
    done = subprocess.run([str(TOOL), *(["--types", types] if types else []), *options, *map(str, paths)],
                          capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.returncode:
        raise AssertionError(done.stderr)
    return dict(zip(paths, map(json.loads, done.stdout.splitlines()), strict=True))


def plan(path):
    return plans([path])[path]


def text_of(made):
    """One option a line, for people to compare."""
    if "error" in made:
        return f"refused: {made['error']}\n"
    lines = []
    for word in made["argv"]:
        shown = word.replace("\\", "\\\\").replace("\n", "\\n") if not word.startswith("{") else word
        if lines and not word.startswith("-") and lines[-1].startswith("-") and " " not in lines[-1]:
            lines[-1] += " " + shown
        else:
            lines.append(shown)
    for file in made["files"]:
        what = " ".join(file[k] for k in ("name", "kind", "path", "mode") if file[k])
        lines.append(f"fd {file['number']}: {file['type']} {what}{' writable' if file['writable'] else ''}")
    lines += [f"command {json.dumps(command)}" for command in made["commands"]]
    lines += made["notes"].splitlines()
    return "\n".join(lines) + "\n"


TAP = """
import fcntl, os, socket, struct, sys
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'tap%d', 0x0002 | 0x1000 | 0x4000))  # tap, no header but vnet's
socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b'x'], [fd])
"""


def tap_device():
    """In a network of its own, which lives as long as the fd."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        subprocess.run(["unshare", "-rn", "/usr/bin/python3", "-c", TAP, str(theirs.fileno())], check=True,
                       pass_fds=[theirs.fileno()])
        return socket.recv_fds(ours, 1, 1)[1][0]


class Files:
    """Stands for the machine's files: empty ones of the right sort, at the numbers that the plan says."""

    def __init__(self, made, folder):
        self.fds = {}
        self.lines = []
        self.folder = pathlib.Path(folder)
        for file in made["files"]:
            if file["type"] in ("file", "nvram", "copy", "lun"):
                fd = os.open(self._image(file, made), os.O_RDWR if file["writable"] else os.O_RDONLY)
            elif file["type"] == "shmem":
                fd = os.memfd_create("shared")
                os.ftruncate(fd, self._size(file, made))
            elif file["type"] == "listen":
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(str(self.folder / f"{file['name']}.sock"))
                listener.listen(1)
                fd = listener.detach()
            elif file["type"] == "tpm":
                fd = self._chip("--ctrl", "type=unixio,clientfd={}", version=file["kind"])
            elif file["type"] == "chip":  # a file that takes commands and gives answers, too
                fd = self._chip("--fd", "{}", "--flags", "not-need-init,startup-clear")
            elif file["type"] == "share":
                fd = virtiofs.connected(self.folder, file["name"])
            elif file["type"] in ("vsock", "usb"):
                continue  # see without_host()
            elif file["type"] == "tap":
                fd = tap_device()
            else:
                ours, theirs = socket.socketpair()
                self.lines.append(ours)
                fd = theirs.detach()
            self.fds[file["number"]] = fd

    @staticmethod
    def _size(file, made):
        nodes = (json.loads(word) for word in made["argv"] if word.startswith("{"))
        return next(n["size"] for n in nodes if n.get("id") == f"shmem-{file['name']}-ram")

    def _image(self, file, made):
        path = self.folder / f"{file['kind'].replace(':', '-')}-{pathlib.Path(file['path']).name}"
        if path.exists():
            return path
        target = file["kind"].split(":")[-1]
        formats = [json.loads(w) for w in made["argv"] if w.startswith("{")]
        wanted = next((n["driver"] for n in formats if n.get("node-name") == f"{target}-format"), "raw")
        if file["type"] == "nvram":
            path.write_bytes(pathlib.Path("/usr/share/OVMF/OVMF_VARS_4M.fd").read_bytes())
        elif wanted == "raw":
            path.write_bytes(bytes(1440 * 1024))
        else:
            subprocess.run(["qemu-img", "create", "-q", "-f", wanted, path, "8M"], check=True)
        return path

    def _chip(self, *options, version="2.0"):
        """QEMU asks it before it says anything, so there is one."""
        ours, theirs = socket.socketpair()
        with ours:
            subprocess.Popen(["swtpm", "socket", "--terminate", *(option.format(ours.fileno()) for option in options),
                              "--tpmstate", f"dir={self.folder}", *(["--tpm2"] if version == "2.0" else [])],
                             pass_fds=[ours.fileno()], stderr=subprocess.DEVNULL)
        return theirs.detach()

    def close(self):
        for fd in self.fds.values():
            os.close(fd)
        for line in self.lines:
            line.close()


class Machine:
    """QEMU with the plan's arguments; devices of the host are plain files in the folder."""

    def __init__(self, made, folder):
        files = Files(made, folder)
        # Away from all numbers of the plan, then each to its own in the child.
        high = {number: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 300) for number, fd in files.fds.items()}
        argv = [w.replace('"host_device"', '"file"').replace('"host_cdrom"', '"file"').replace('"scsi-block"', '"scsi-hd"')
                for w in made["argv"]]
        self.process = subprocess.Popen(
            argv, preexec_fn=lambda: [os.dup2(fd, number) for number, fd in high.items()],
            close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(300)
        self.socket.connect(str(pathlib.Path(folder) / "monitor.sock"))
        self.lines = files.lines
        files.lines = []
        files.close()
        for fd in high.values():
            os.close(fd)
        self.reader = self.socket.makefile("r", encoding="utf-8")
        if "QMP" not in self.read():
            raise AssertionError("no greeting")
        self.command("qmp_capabilities")
        for command in made["commands"]:
            self.command(command["execute"], command.get("arguments"))

    def read(self):
        try:
            line = self.reader.readline()
        except ConnectionResetError:
            line = ""
        if not line:
            self.process.kill()
            raise AssertionError(f"QEMU ended: {self.process.communicate()[0].decode(errors='replace')}")
        return json.loads(line)

    def command(self, execute, arguments=None):
        message = {"execute": execute, **({"arguments": arguments} if arguments else {})}
        with contextlib.suppress(BrokenPipeError):  # it has ended, and read() says how
            self.socket.sendall(json.dumps(message).encode() + b"\n")
        while "event" in (reply := self.read()):
            pass
        if "error" in reply:
            raise AssertionError(f"{execute}: {reply['error']['desc']}")
        return reply["return"]

    def close(self):
        self.process.kill()
        said = self.process.communicate()[0].decode(errors="replace")
        self.reader.close()
        self.socket.close()
        for line in self.lines:
            line.close()
        return said


UNKNOWN = ("redirdev", "hub", "audio", "nvram", "lease")


def tame(path):
    """Takes out of a machine what no machine can have yet, so that the rest is put to the proof."""
    tree = ElementTree.parse(path)
    devices = tree.getroot().find("devices")
    for device in list(devices) if devices is not None else []:
        if device.tag in UNKNOWN or device.get("type") == "evdev":
            devices.remove(device)
    for video in (devices.findall("video") if devices is not None else [])[1:]:
        if video.find("model").get("type") in ("vmvga", "cirrus", "ramfb"):
            devices.remove(video)
    tree.write(path)


def without_host(made):
    """Outside of the sandbox there is no /kernel, and this computer need not have a vsock, USB or PCI devices, huge pages or
    a graphics card that draws, and takes minutes to lock memory that nobody has touched yet."""
    argv = made["argv"] = [re.sub('"hugetlb(size)?":\\w+,?', "", word).replace(",}", "}") for word in made["argv"]]
    argv[:] = [re.sub("^egl-headless,.*", "none", word.replace('-gl"', '"').replace("-gl-pci", "-pci"))
               .replace("mem-lock=on", "mem-lock=off") for word in argv]
    usb = {str(file["number"]) for file in made["files"] if file["type"] == "usb"}
    for place in range(len(argv) - 1, 0, -1):
        number = re.match(r"fd=(\d+),", argv[place])
        if '"vhost-vsock-pci"' in argv[place] or '"usb-host"' in argv[place] or '"vfio-pci"' in argv[place] or (number and number[1] in usb):
            del argv[place - 1:place + 1]
    for option in ("-kernel", "-initrd", "-append"):
        if option in argv:
            del argv[argv.index(option):argv.index(option) + 2]
    return made


def accepted(path, made):
    """None, or why the real QEMU does not take it."""
    if "error" in made:
        return None
    with tempfile.TemporaryDirectory() as folder:
        machine = None
        try:
            machine = Machine(without_host(made), folder)
            status = machine.command("query-status")["status"]
            if status != "prelaunch":
                return f"{path.name}: {status}"
        except AssertionError as e:
            return None if LIMITS.search(str(e)) else f"{path.name}: {e}"
        finally:
            said = machine.close() if machine else ""
        warnings = [line for line in said.splitlines() if "warning" in line and not KNOWN.search(line)]
        return f"{path.name}: {warnings}" if warnings else None


# What an emulated processor cannot have, and audio that goes nowhere.
KNOWN = re.compile("TCG doesn't support requested feature|support hyperthreading")
# More processors or memory than this QEMU can give: its own words tell the user.
LIMITS = re.compile("The max CPUs supported by machine|phys-bits too low")


@tap.case
def pairs():
    """Every example gives the arguments that stand beside it"""
    problems = []
    for path in EXAMPLES:
        args = GOLDEN / "args" / f"{path.stem}.args"
        made = text_of(plan(path))
        if made != (args.read_text() if args.exists() else ""):
            old = args.read_text().splitlines() if args.exists() else []
            problems += [f"--- {path.stem}", *difflib.unified_diff(old, made.splitlines(), lineterm="", n=0)]
    left = {p.stem for p in (GOLDEN / "args").glob("*.args")} - {p.stem for p in EXAMPLES}
    tap.true(not problems and not left, "\n".join(problems) + f"\nwithout XML: {left}")


@tap.case
def taken_by_qemu():
    """QEMU takes the arguments of every example that is not refused"""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        complain([p for p in pool.map(lambda i: accepted(*i), plans(EXAMPLES).items()) if p])


def qemu_types():
    machine = qmp.Qemu(["-machine", "none"])
    types = [t["name"] for t in machine.command("qom-list-types", {"abstract": False})]
    machine.quit()
    return types


@tap.case
def every_value():
    """QEMU takes every value of every field that the schema holds for sound, or a sentence says why not"""
    writer = env.BUILD / "tests" / "golden" / "write-domains"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([str(writer), folder], check=True, capture_output=True,
                       env={**os.environ, "G_TEST_SRCDIR": str(env.SOURCE / "tests" / "unit")})
        different = {}
        types = pathlib.Path(folder) / "types"
        types.write_text("\n".join(qemu_types()))
        paths = sorted(pathlib.Path(folder).glob("*.xml"))
        for path in paths:
            tame(path)
        for path, made in plans(paths, types).items():
            if "error" in made:
                tap.diag(f"{path.name}: {made['error']}")
                tap.true(made["error"].endswith("."), f"{path.name}: no sentence: {made['error']}")
            else:
                different.setdefault(json.dumps([made["argv"][3:], made["commands"]]), (path, made))
        tap.true(len(different) > 60, f"only {len(different)} different machines")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            complain([p for p in pool.map(lambda i: accepted(*i), different.values()) if p])
    tap.diag(f"{len(different)} different machines")


HELPER = env.SOURCE / "vmm-helper"
# Who reads a field: the file of its kind, or for the machine's sections these.
SECTIONS = ["devices/vmh-board.c", "devices/vmh-extras.c", "devices/vmh-numa.c", "devices/vmh-processor.c",
            "devices/vmh-smbios.c", "devices/vmh-dev-memballoon.c", "machine/vmh-start.c", "machine/vmh-start-firmware.c",
            "machine/vmh-life.c",
            "devices/vmh-dev-dimm.c", "machine/vmh-manager.c", "machine/vmh-nvram.c", "machine/vmh-share.c", "machine/vmh-storage-check.c"]
EVERYWHERE = ["devices/vmh-plan.c", "machine/vmh-hostpci-take.c", "machine/vmh-storage.c"]
BOARDS = {"boot-order"}  # of devices, and read where the board is built
SAME_FILE = {"cdrom": "disk", "floppy": "disk", "console": "serial", "parallel": "serial", "hostmdev": "hostpci"}
# Fields that change nothing of what is started, and why. The window shows none of them, but those it must.
UNREAD = {
    "cpu/limit-period": "there is one",
    "channel/target-type": "there is one sort of channel", "channel/path": "the runtime folder has its socket",
    "vsock/model": "there is one", "hostdev/mode": "there is one", "hostpci/mode": "there is one", "hostmdev/mode": "there is one",
    "hostmdev/model": "there is one", "hostmdev/display": "there is one", "pstore/backend": "there is one",
    "dimm/model": "there is one", "lun/format": "there is one", "shmem/model": "there is one",
    "pstore/path": "it is memory",
    "features/apic": "QEMU's PCs have one always", "firmware/enrolled-keys": "the template found here decides",
    "firmware/loader-type": "flash is what UEFI needs", "firmware/loader-readonly": "it is always",
    "general/uuid": "read by a function of its own", "general/virt-type": "the accelerator says it",
    "graphics/listen": "nothing listens", "graphics/listen-network": "nothing listens",
    "graphics/keymap": "the window sends keycodes", "graphics/passwd": "nothing listens",
    "machine/emulator": "the one found here is taken", "rng/model": "QEMU's is all of them",
    "parallel/port": "its place among the others says it",
    "serial/port": "its place among the others says it", "console/port": "its place among the others says it",
    "rng/path": "the room has /dev/urandom alone",
}
SHOWN = {"general/uuid"}


@tap.case
def every_field():
    """Each field of the schema is read by what starts the machine, or is not offered, for a reason"""
    schema = env.SOURCE / "src" / "shared" / "schema"
    rows = dict(re.findall(r"#define (INN_ROW_\w+)(.*?)(?=\n#define|\Z)", (schema / "inn-rows.h").read_text(), re.S))
    unread = {}
    for path in sorted(schema.glob("inn-kind-*.c")):
        kind = path.stem.removeprefix("inn-kind-")
        own = HELPER / "devices" / f"vmh-dev-{SAME_FILE.get(kind, kind)}.c"
        files = [own] if own.exists() else [HELPER / name for name in SECTIONS]
        code = "".join(f.read_text() for f in [*files, *(HELPER / name for name in EVERYWHERE)])
        table = path.read_text().split("InnField fields[]")[1].split("{ NULL }")[0]
        table = re.sub(r"INN_ROW_\w+", lambda match: rows[match[0]], table)
        fields = re.split(r'\.name = "', table)[1:]
        # Those of a table's own macro, but the cells of NUMA, whose names are made of numbers.
        fields += [f'{name}"' for name in re.findall(r'(?:SWITCH|TEXT) \("([\w-]+)"', table)]
        if kind == "numa":
            continue
        tap.true(fields, f"{path.name}: no fields found")
        for name, text in (field.split('"', 1) for field in fields):
            if f'"{name}"' not in code and name not in BOARDS and "NOT_GUEST" not in text:
                unread[f"{kind}/{name}"] = "HIDDEN" in text
    tap.equal(sorted(unread), sorted(UNREAD), "fields that do nothing")
    tap.equal({name for name, hidden in unread.items() if not hidden}, SHOWN, "those of them that are offered")


@tap.case
def without_passt():
    """Where passt is not installed, a card is QEMU's own network's"""
    path = GOLDEN / "xml" / "args-q35.xml"
    made = plans([path], None, "--no-passt")[path]
    netdevs = [made["argv"][i + 1] for i, w in enumerate(made["argv"]) if w == "-netdev"]
    tap.true(netdevs and all(json.loads(n)["type"] == "user" for n in netdevs), f"netdevs: {netdevs}")
    tap.equal([f for f in made["files"] if f["type"] == "net"], [], "sockets to passt")
    tap.equal(accepted(path, made), None, "what QEMU says")


@tap.case
def kvm_alone():
    """What only KVM can is left out of an emulated machine with a note, and there otherwise"""
    path = GOLDEN / "xml" / "args-hardware.xml"
    emulated, real = plan(path), plans([path], None, "--kvm")[path]
    cpu, kvm = (made["argv"][made["argv"].index("-cpu") + 1] for made in (emulated, real))
    wanted = set(re.findall(r"<(\w+) state=\"on\"", path.read_text().split("<hyperv")[1].split("</hyperv>")[0]))
    said = set(re.findall(r"hv-([\w-]+)=", kvm))
    other = {"crash": "a panic device", "time": "a timer", "stimer-direct": "within another"}
    tap.equal(said - set(other), {name.replace("_", "-") for name in wanted} - {"direct"}, kvm)
    tap.true(set(other) <= said and "kvm=off" in kvm and kvm.endswith("enforce"), kvm)
    tap.true("hv-" not in cpu and "kvm" not in cpu and "aes=on" in cpu, cpu)
    tap.true("hv-relaxed=on" in emulated["notes"] and "hv-" not in real["notes"], emulated["notes"])
    machine = real["argv"][real["argv"].index("-machine") + 1]
    tap.true("kernel-irqchip=split" in machine, machine)


@tap.case
def sound_of_virtio():
    """A QEMU that has VirtIO's sound card gives one; one that has none says since when there is one"""
    text = (GOLDEN / "xml" / "old-pc.xml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "one.xml"
        path.write_text(text.replace('<sound model="ac97"/>', '<sound model="virtio"/>'))
        card = [json.loads(w) for w in plan(path)["argv"] if "virtio-sound-pci" in w]
        tap.equal([(n["driver"], n["audiodev"], n["bus"]) for n in card], [("virtio-sound-pci", "audio", "pci.0")], "the card")
        types = pathlib.Path(folder) / "types"
        types.write_text("\n".join(t for t in qemu_types() if not t.startswith("virtio-sound")))
        made = plans([path], types)[path]
        tap.true("8.2" in made.get("error", ""), made)


# What is given to a device by what is free when it comes: its place, and numbers of files.
PLUGGED = {"disk", "lun", "shmem", "cdrom", "interface", "input", "rng", "hostdev", "hostpci", "hostmdev", "sound",
           "watchdog", "filesystem"}  # as in machine/vmh-live.c
PLACE = {"bus", "addr", "scsi-id", "bootindex"}


def node_of(text):
    node = {k: v for k, v in json.loads(text).items() if k not in PLACE}
    if "fdset" in node.get("filename", ""):
        node["filename"] = "/dev/fdset/N"
    if "mem-path" in node:
        node["mem-path"] = "N"
    if "hostdevice" in node:
        node["hostdevice"] = "/dev/fdset/N"
    if node.get("fd", "").removeprefix("fd-").isdigit():
        node["fd"] = "N"
    return node


@tap.case
def plugged_as_started():
    """A device that is plugged in has the very nodes of a start, but for its place; what cannot be plugged says so"""
    plugged, refused = {}, {}
    for path, made in plans(EXAMPLES, None, "--plug").items():
        if "error" in made:
            continue
        started = [node_of(word) for word in made["argv"] if word.startswith("{")]
        for name, device in made["plugs"].items():
            kind = name.split(":")[0]
            if kind not in PLUGGED:
                continue
            if "error" in device:
                tap.true(len(device["error"].split()) > 4, f"{path.stem}: {name}: {device['error']}")
                refused[kind] = refused.get(kind, 0) + 1
                continue
            nodes = [node_of(node) for node in device["nodes"]]
            # -chardev is the one that is no JSON.
            lines = [node["id"] for node in nodes if "backend" in node]
            nodes = [node for node in nodes if "backend" not in node]
            tap.equal([line for line in lines if not any(f",id={line}," in word for word in made["argv"])], [], "chardevs")
            tap.equal([n for n in nodes if n not in started], [], f"{path.stem}: {name}: nodes that no start has")
            tap.true("driver" in nodes[-1] and "id" in nodes[-1], f"{path.stem}: {name}: the device is not the last: {nodes}")
            plugged[kind] = plugged.get(kind, 0) + 1
    tap.diag(f"plugged: {plugged}; refused: {refused}")
    tap.equal(set(plugged), PLUGGED, "kinds that were plugged")
    tap.true("disk" in refused, f"kinds of which some were refused: {refused}")


@tap.case
def locked_memory_of_a_session():
    """A session's machine has no locked memory, and its log says so"""
    path = GOLDEN / "xml" / "memory-private.xml"
    made = plans([path], None, "--session")[path]
    tap.true("-overcommit" not in made["argv"] and "swap" in made["notes"], made["notes"])
    tap.true("-overcommit" in plan(path)["argv"] and "swap" not in plan(path)["notes"], "one of the system")


@tap.case
def pci_devices_of_a_session():
    """A session's machine is refused a PCI or mediated device by a sentence, and no machine has one twice"""
    text = (GOLDEN / "xml" / "args-hardware.xml").read_text()
    path = GOLDEN / "xml" / "args-hardware.xml"
    said = plans([path], None, "--session")[path].get("error", "")
    tap.true(said.startswith("Only a machine of the whole system can have the PCI device 0000:03:1f.7"), said)
    with tempfile.TemporaryDirectory() as folder:
        twice = pathlib.Path(folder) / "twice.xml"
        twice.write_text(text.replace('bus="4" slot="12" function="0"', 'bus="0x03" slot="0x1f" function="7"'))
        tap.true("has the PCI device 0000:03:1f.7 twice" in plan(twice).get("error", ""), plan(twice))
        share = re.search("<hostdev[^>]* type=.mdev.*?</hostdev>", text, re.S)[0]
        twice.write_text(text.replace(share, share + share.replace("83B8F4F2", "83b8f4f2")))
        tap.true("has the mediated device 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 twice" in plan(twice).get("error", ""), plan(twice))
        alone = pathlib.Path(folder) / "alone.xml"
        alone.write_text(re.sub("<hostdev.*</hostdev>", share, text, flags=re.S))
        said = plans([alone], None, "--session")[alone].get("error", "")
        tap.true(said.startswith("Only a machine of the whole system can have the mediated device 83b8f4f2"), said)


@tap.case
def chip_of_a_session():
    """A session's machine is refused this computer's security chip by a sentence"""
    text = (GOLDEN / "xml" / "shared-with-host.xml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "chip.xml"
        path.write_text(re.sub("<disk.*</disk>", "", text, flags=re.S))
        said = plans([path], None, "--session")[path].get("error", "")
    tap.true(said.startswith("Machines of a session cannot have this computer’s security chip"), said)
    tap.true("a chip of its own" in said and "whole system" in said, "no remedy")


@tap.case
def networks_of_a_session():
    """A session's machine is refused a bridge or a network of its own by a sentence, but not the one "default\""""
    text = (GOLDEN / "xml" / "args-network.xml").read_text()
    cards = re.findall("<interface.*?</interface>", text, re.S)
    wanted = ["Machines of a session cannot use this computer's bridges, as “br0”.",
              "Machines of a session cannot have a network between them, as “Test, lab \"1\"”.", None,
              "Machines of a session cannot use this computer's bridges, as “br0”.",
              "Machines of a session cannot share this computer's network cards, as “eth0.7”."]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "one.xml"
        for card, sentence in zip(cards, wanted):
            path.write_text(re.sub("<interface.*</interface>", lambda _: card, text, flags=re.S))
            made = plans([path], None, "--session")[path]
            if sentence:
                tap.true(made.get("error", "").startswith(sentence), made)
                tap.true("through this computer" in made["error"] and "whole system" in made["error"], "no remedy")
            else:
                tap.true('"type":"socket"' in " ".join(made["argv"]), made)


@tap.case
def names_stay_names():
    """Commas, quotes, newlines, percents and options in names come back from QEMU as they were"""
    evil = ['a,b', 'x,debug-threads=off,process=y', 'quote"s\'', '%s%n%d', '-device', 'a=b,,c', 'ünïcödé',
            '{"driver":"x"}', '$(id)`id`', 'back\\slash']
    template = (GOLDEN / "xml" / "direct-kernel.xml").read_text()
    for name in evil:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "evil.xml"
            shown = name.replace("&", "&amp;").replace("<", "&lt;")
            path.write_text(re.sub("<name>.*?</name>", lambda _: f"<name>{shown}</name>", template))
            made = plan(path)
            if "error" in made:
                tap.true("ame" in made["error"], f"{name!r}: {made['error']}")
                continue
            machine = Machine(without_host(made), folder)
            tap.equal(machine.command("query-name").get("name"), name, "the name in QEMU")
            machine.close()


@tap.case
def values_stay_values():
    """Kernel options and disk serials come back from QEMU as they were, whatever is in them"""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "evil.xml"
        path.write_text("""<domain type="qemu"><name>v</name><memory>131072</memory><os>
            <type arch="x86_64" machine="q35">hvm</type><kernel>/boot/a,b</kernel>
            <cmdline>a=b,c "d" \\ %s -device x</cmdline></os><devices><disk type="file" device="disk">
            <driver type="raw"/><source file="/srv/x,format=qcow2&quot;.img"/>
            <target dev="vda" bus="virtio"/><serial>A B_c.+-1</serial></disk></devices></domain>""")
        made = plan(path)
        tap.true("argv" in made, made.get("error"))
        argv = made["argv"]
        tap.equal(argv[argv.index("-append") + 1], 'a=b,c "d" \\ %s -device x', "-append")
        tap.true(not any("b,c" in w for w in argv if "append" not in w and w != argv[argv.index("-append") + 1]),
                 "the kernel's options are elsewhere too")
        tap.true(not any("/srv" in w or "/boot" in w for w in argv), "a path of the host is on the command line")
        machine = Machine(without_host(made), folder)
        serial = machine.command("qom-get", {"path": "/machine/peripheral/disk-vda", "property": "serial"})
        tap.equal(serial, "A B_c.+-1", "serial")
        machine.close()


@tap.case
def nothing_secret():
    """No example's password is on its command line, and no example listens on the network"""
    for path in EXAMPLES:
        made = plan(path)
        for word in made.get("argv", []):
            tap.true("not-a-real-one" not in word, f"{path.name}: the password is in {word}")
            tap.true(not re.search("host=|port=\\d{4}|0\\.0\\.0\\.0|telnet|password", word), f"{path.name}: {word}")


def complain(problems):
    """Each different complaint of QEMU once, with the machines that it is about."""
    about = {}
    for problem in problems:
        name, _, text = problem.partition(": ")
        about.setdefault(text.strip().splitlines()[-1], []).append(name)
    tap.true(not problems, "\n".join(f"{text}\n    {' '.join(names[:9])}" for text, names in about.items()))


def update():
    (GOLDEN / "args").mkdir(exist_ok=True)
    for path in EXAMPLES:
        (GOLDEN / "args" / f"{path.stem}.args").write_text(text_of(plan(path)))


if "--update" in sys.argv:
    update()
else:
    tap.main()
