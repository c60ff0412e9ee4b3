# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs as root in test_kvm.py's computer, one of its cases a time: the system's helper runs a Linux guest by
KVM, whose machine is changed while it runs."""

import errno
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from gi.repository import Gio, GLib  # noqa: E402

from lib import bus, domain, guest as guests, live, tap, tpm, vm  # noqa: E402

ONLINE = "for c in /sys/devices/system/cpu/cpu[1-9]; do echo 1 > $c/online; done; cat /sys/devices/system/cpu/online"
MEMORY = "echo online_movable > /sys/devices/system/memory/auto_online_blocks"
SIZE = "<memory unit=.[KM]iB.>[0-9]+"
PORT = 2345
STICK = "STICK-2718"
# Intel's alone: hv-evmcs.
HYPERV = ("<hyperv><relaxed state='on'/><vapic state='on'/><spinlocks state='on' retries='8191'/><vpindex state='on'/>"
          "<runtime state='on'/><synic state='on'/><stimer state='on'><direct state='on'/></stimer><reset state='on'/>"
          "<vendor_id state='on' value='Innkeeper'/><frequencies state='on'/><reenlightenment state='on'/>"
          "<tlbflush state='on'/><ipi state='on'/><avic state='on'/>{}</hyperv>")


class System(bus.Session):
    """Root's connection to the system's helper."""

    def __init__(self):
        self.connection = self.helper_bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
        self.path = Path("/root/tests")
        self.path.mkdir(exist_ok=True)
        self.environ = {"XDG_RUNTIME_DIR": "/run"}


session = System()


def boot(name, devices="", **kwargs):
    """A guest whose accelerator is the helper's choice."""
    made = live.Guest(session, name, devices, accelerator="auto", initramfs=guests.hands_initramfs(),
                      patience=400, **kwargs)
    tap.cleanup(made.end)
    tap.diag(made.line.shell("cat /proc/uptime"))
    return made


def online(guest, wanted):
    guest.wait(lambda: guest.line.shell(ONLINE), lambda said: said == wanted, f"the processors {wanted}")


def has(guest, count):
    """What is told of the machine: so many processors, and whether that is what it shall have."""
    tap.true(re.search(f"<vcpu current=.{count}.>4</vcpu>", guest.live()), guest.live())


@tap.case
def chosen():
    """The helper takes KVM by itself, and QEMU runs by it"""
    guest = boot("chosen")
    facts = session.machines()[guest.machine][domain.MACHINE]
    tap.equal(facts["Accelerator"], "kvm", str(facts))
    tasks = Path(f"/proc/{vm.pid(session, guest.machine)}/task")
    tap.true("CPU 0/KVM" in [(t / "comm").read_text().strip() for t in tasks.iterdir()], "QEMU's threads")


@tap.case
def processors():
    """Processors come and go: 1, 3, 1, as the guest says, and the machine"""
    guest = boot("cpus", vcpus=4, current=1)
    for _ in range(2):  # what has gone can come again
        tap.equal(guest.apply("current=.1.", "current='3'"), {"cpu/current": ("live", "")}, "the answer")
        online(guest, "0-2")
        tap.equal(guest.line.shell("nproc"), "3", "the guest's count")
        has(guest, 3)
        tap.equal(guest.apply("current=.3.", "current='1'"), {"cpu/current": ("live", "")}, "the answer")
        tap.equal(guest.line.shell("ls -d /sys/devices/system/cpu/cpu[0-9]"), "/sys/devices/system/cpu/cpu0", "places")
        tap.equal(guest.line.shell("nproc"), "1", "the guest's count")
        has(guest, 1)
        tap.equal(guest.pending(), [], "what waits")


@tap.case
def refused():
    """A guest that keeps its processors says so, which is told at once; later it gives them up"""
    guest = boot("keeps", vcpus=4, current=1)
    guest.apply("current=.1.", "current='3'")
    online(guest, "0-2")
    guest.line.send("hands hold 3\n")
    for _ in range(3):
        guest.line.expect("HELD")
    answer = guest.apply("current=.3.", "current='1'")["cpu/current"]
    tap.equal(answer[0], "restart", str(answer))
    tap.true("It has 3 processors now" in answer[1] and "refuses" in answer[1], str(answer))
    has(guest, 3)
    tap.equal(guest.pending(), ["cpu/current"], "what waits")
    tap.equal(guest.line.shell("nproc"), "3", "the guest's count")
    guest.line.shell("killall hands")
    tap.equal(guest.apply("current=.1.", "current='2'"), {"cpu/current": ("live", "")}, "the answer")
    online(guest, "0-1")
    has(guest, 2)
    tap.equal(guest.pending(), [], "what waits")


@tap.case
def late():
    """A guest that gives up a processor when nobody waits for it any more is heard of"""
    guest = boot("late", vcpus=4, current=1)
    guest.apply("current=.1.", "current='2'")
    online(guest, "0-1")
    domain.call(session, guest.machine, "Pause")
    vm.wait_state(session, guest.machine, "paused")
    answer = guest.apply("current=.2.", "current='1'")["cpu/current"]
    tap.equal(answer[0], "restart", str(answer))
    tap.true("It has 2 processors now" in answer[1] and "so far" in answer[1], str(answer))
    has(guest, 2)
    domain.call(session, guest.machine, "Resume")
    tap.wait_for(lambda: "current='1'" in guest.live().replace('"', "'"), 60, "the processor's end", 0.2)
    tap.equal(guest.pending(), [], "what waits")
    tap.equal(guest.line.shell("nproc"), "1", "the guest's count")


@tap.case
def memory():
    """Memory comes and goes by virtio-mem"""
    guest = boot("memory", memory=256)
    guest.line.shell(MEMORY)
    before = guest.memory()
    tap.equal(guest.apply(SIZE, "<memory unit='MiB'>384"), {"memory/size": ("live", "")}, "the answer")
    guest.wait(guest.memory, lambda n: n == before + 128, "the guest's count of what has come")
    tap.true(re.search("<memory unit=.KiB.>393216", guest.live()), guest.live())
    # Where the guest is too slow for the helper's patience it is told what there is, and that is true as well.
    for goal in range(256, 272, 2):
        (when, sentence), = guest.apply(SIZE, f"<memory unit='MiB'>{goal}").values()
        now = int(re.search("<memory unit=.KiB.>([0-9]+)", guest.live())[1]) // 1024
        guest.wait(guest.memory, lambda n: n == before + now - 256, f"the guest's count of {now} MiB")
        if when == "live":
            break
        tap.true(f"It has {now} MiB now" in sentence, sentence)
    tap.equal((when, now), ("live", goal), f"what is left ({sentence})")


@tap.case
def vsock():
    """Guest and computer connect to each other by the machine's socket"""
    guest = boot("vsock", "<vsock model='virtio'><cid auto='no' address='77'/></vsock>")
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as listener:
        listener.bind((socket.VMADDR_CID_ANY, PORT))
        listener.listen()
        guest.line.send(f"hands send {PORT} knock\n")
        listener.settimeout(60)
        here, caller = listener.accept()
        with here:
            tap.equal((here.recv(100), caller[0]), (b"knock", 77), "what the guest says, and who it is")
            here.sendall(b"WHO-IS-THERE")
    guest.line.expect("WHO-IS-THERE")
    guest.line.send(f"hands answer {PORT} &\n")

    def connect():
        """None while nobody listens."""
        here = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
        here.settimeout(60)
        try:
            here.connect((77, PORT))
        except ConnectionResetError:
            here.close()
            return None
        return here

    with tap.wait_for(connect, 60, "the guest's listener", 0.5) as here:
        here.sendall(b"hello")
        tap.equal(here.recv(100), b"hellohello", "what the guest answers")
    guest.line.expect("CALLER 2")


# Of the leaves 0x40000003 (EAX, EDX) and 0x40000004 (EAX), by the Hypervisor Top Level Functional Specification.
FEATURES = {"runtime": 0, "time": 1, "synic": 2, "stimer": 3, "vapic": 4, "vpindex": 6, "reset": 7, "frequencies": 11,
            "reenlightenment": 13}
MORE = {"frequencies": 8, "stimer/direct": 19}
ADVICE = {"tlbflush": 2, "relaxed": 5, "avic": 9, "ipi": 10}


@tap.case
def hyperv():
    """All that KVM offers to Windows of Hyper-V is there for the guest; what this processor lacks is named"""
    def make(name, more):
        xml = vm.linux(name, session, initramfs=guests.hands_initramfs(), accelerator="auto")
        return domain.create(session, xml.replace("<acpi/></features>", f"<acpi/>{HYPERV.format(more)}</features>"))

    machine = make("windows", "")
    vm.start(session, machine)
    tap.cleanup(vm.force_off, session, machine)
    line = vm.serial(session, machine)
    tap.cleanup(line.close)
    line.expect("G# ", 400)
    leaf = {int(name, 16): [int(value, 16) for value in values.split()]
            for name, values in re.findall("^(4000000.): (.*)$", line.shell("hands cpuid"), re.M)}
    tap.equal(b"".join(v.to_bytes(4, "little") for v in leaf[0x40000000][1:]), b"Innkeeper".ljust(12, b"\0"), "its name")
    for value, bits in ((leaf[0x40000003][0], FEATURES), (leaf[0x40000003][3], MORE), (leaf[0x40000004][0], ADVICE)):
        tap.equal({name: value >> bit & 1 for name, bit in bits.items()}, dict.fromkeys(bits, 1), f"of {value:#x}")
    tap.equal(leaf[0x40000004][1], 8191, "how often a spinlock is tried")
    failed = vm.start(session, make("intel", "<evmcs state='on'/>"), None)
    tap.true(failed["State"] == "failed" and "hv-evmcs" in failed["ErrorMessage"], str(failed))


REGISTER = Path("/sys/class/tpm/tpm0/pcr-sha256/16")


def is_taken(device="/dev/tpm0"):
    """The kernel gives it to nobody else."""
    try:
        os.close(os.open(device, os.O_RDWR))
    except OSError as e:
        tap.equal(e.errno, errno.EBUSY, "what the kernel says")
        return True
    return False


def ask_computers(command):
    with open("/dev/tpmrm0", "r+b", buffering=0) as file:
        file.write(bytes.fromhex(command))
        return file.read(4096).hex()


def refuse(name, device, *parts):
    machine = domain.create(session, vm.real_mode(name, session).replace(
        "</devices>", tpm.DEVICE.format("tpm-tis", device) + "</devices>"))
    said = vm.start(session, machine, None)
    tap.true(said["State"] == "failed" and all(part in said["ErrorMessage"] for part in parts), str(said))
    return machine


def find_stick():
    """(bus, number, its disk's name or None)"""
    for folder in Path("/sys/bus/usb/devices").iterdir():
        if (folder / "serial").exists() and (folder / "serial").read_text().strip() == STICK:
            disks = [p.name for p in folder.rglob("block/*")]
            return (folder / "busnum").read_text().strip(), (folder / "devnum").read_text().strip(), (disks or [None])[0]
    return None


@tap.case
def handed_on():
    """The installed program, with the real libusb and usbredir, gives a stick to a guest and back"""
    bus_number, number, disk = tap.wait_for(lambda: (found := find_stick()) and found[2] and found, 60, "the stick here")
    machine = live.Guest(session, "stick", accelerator="auto", initramfs=guests.stick_initramfs(), patience=400)
    tap.cleanup(machine.end)
    handed = vm.console(session, machine.machine, "OpenUsb")
    words = f"exec 3<&{handed.fileno()} {handed.fileno()}<&-; exec /usr/libexec/innkeeper/innkeeper-usb {bus_number} {number}"
    program = subprocess.Popen(["bash", "-c", words], stdin=subprocess.PIPE, pass_fds=[handed.fileno()])
    handed.close()
    machine.wait(lambda: machine.line.shell("head -c 12 /dev/sda"), lambda said: said == "ON THE STICK", "the stick in the guest")
    tap.equal(find_stick()[2], None, "its disk in this computer, meanwhile")
    said = machine.line.shell("echo WRITTEN BY THE GUEST | dd of=/dev/sda bs=512 seek=9 conv=fsync 2>&1; echo $?")
    tap.equal(said.split()[-1], "0", said)
    program.stdin.close()
    tap.equal(program.wait(60), 0, "the program's end")
    disk = tap.wait_for(lambda: (found := find_stick()) and found[2], 60, "the stick here again")
    with open(f"/dev/{disk}", "rb") as stick:
        stick.seek(9 * 512)
        tap.equal(stick.read(20), b"WRITTEN BY THE GUEST", "what is on it")
    tap.wait_for(lambda: machine.line.shell("ls /dev/sda 2>/dev/null") == "", 60, "that the guest has it no more")


@tap.case
def chip():
    """A guest measures into the computer's chip, whose it is until the machine ends, whatever becomes of the helper"""
    tap.true(not is_taken(), "the chip is free")
    before = REGISTER.read_text().strip()
    state = ask_computers(tpm.read_state())
    with open("/dev/tpm0", "r+b", buffering=0):
        machine = refuse("program", "/dev/tpm0", *tpm.BUSY)
    refuse("none", "/dev/tpm7", "has no security chip “/dev/tpm7”", "firmware")
    guest = boot("chip", tpm.DEVICE.format("tpm-tis", "/dev/tpm0"))
    tap.equal(guest.line.shell("cat /sys/class/tpm/tpm0/tpm_version_major").strip(), "2", "version")
    tap.true(is_taken(), "the chip is the guest's")
    said = vm.start(session, machine, None)
    tap.true(said["State"] == "failed" and all(part in said["ErrorMessage"] for part in tpm.BUSY), str(said))
    digest = os.urandom(32)
    tap.equal(tpm.code(guest.ask_chip(tpm.extend(16, digest))), 0, "what the chip says to the guest")
    wanted = tpm.extended(digest, before)
    tap.equal(REGISTER.read_text().strip().lower(), wanted, "the register, as this computer's kernel reads it")
    tap.equal(tpm.register(guest.ask_chip(tpm.read(16))), wanted, "the register, as the guest reads it")
    process = vm.pid(session, guest.machine)
    tap.true("/dev/tpm0" in vm.fds_of(process).values(), "QEMU has the chip open")
    tap.equal([name for name in os.listdir(f"/proc/{process}/root/dev") if "tpm" in name], [], "in QEMU's room")

    shared = [domain.create(session, vm.real_mode(f"shared{number}", session, accelerator="auto").replace(
        "</devices>", tpm.DEVICE.format("tpm-tis", "/dev/tpmrm0") + "</devices>")) for number in range(2)]
    for one in shared:
        vm.start(session, one)
    tap.equal([vm.state(session, one) for one in shared], ["running"] * 2, "machines that share it")
    for one in shared:
        vm.force_off(session, one)

    subprocess.run(["systemctl", "kill", "--kill-whom=main", "-s", "KILL", "vmm-helper"], check=True)
    tap.wait_for(lambda: subprocess.run(["systemctl", "is-active", "vmm-helper"], capture_output=True, text=True)
                 .stdout.strip() == "active", 60, "the next helper", 0.5)
    tap.equal(vm.state(session, guest.machine), "running", "its state, for the next helper")
    tap.true(is_taken(), "the chip is the guest's still")
    vm.force_off(session, guest.machine)
    tap.true(not is_taken(), "the chip is this computer's again")
    tap.equal(REGISTER.read_text().strip().lower(), wanted, "the register, afterwards")
    tap.equal(ask_computers(tpm.read_state()), state, "what of the chip is on: no guest's firmware turns it off")
    vm.start(session, guest.machine)
    tap.true(is_taken(), "the chip is the guest's again")


def picture(machine):
    """What its screen shows, as a PPM."""
    with open(vm.console(session, machine, "Screenshot"), "rb") as file:
        return file.read()


def drawn(name, card):
    """A boot sector's machine with that graphics @card, which has said on its line what it says."""
    xml = vm.real_mode(name, session, accelerator="auto").replace(vm.VIDEO, f"<video><model type='virtio'>{card}</model></video>")
    machine = domain.create(session, xml)
    vm.start(session, machine)
    tap.cleanup(vm.force_off, session, machine)
    line = vm.serial(session, machine)
    tap.cleanup(line.close)
    line.expect("REAL MODE", 300)
    return machine


@tap.case
def draws():
    """What the BIOS shows is on a screen that this computer's graphics card draws; the room has that card alone"""
    plain, machine = drawn("plain", ""), drawn("drawn", "<acceleration accel3d='yes'/>")
    process = vm.pid(session, machine)
    root = Path(f"/proc/{process}/root")
    tap.equal(os.listdir(root / "dev/dri"), ["renderD128"], "cards in its room")
    facts = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":\t" in line)
    node = os.stat("/dev/dri/renderD128")
    tap.equal(facts["Groups"].split(), [str(node.st_gid)], "its groups")
    tap.equal((facts["CapEff"].strip("0"), facts["Seccomp"], facts["NoNewPrivs"]), ("", "2", "1"), "what it may do")
    tap.true("renderD128" in "".join(vm.fds_of(process).values()), "QEMU has not opened the card")
    maps = set(re.findall(r"/dri/(\w+)_dri\.so", Path(f"/proc/{process}/maps").read_text()))
    tap.diag(f"Mesa's drivers: {maps}")
    tap.true(maps, "none of Mesa's drivers draws")

    def alike():
        one, other = picture(plain), picture(machine)
        different = sum(a != b for a, b in zip(one, other))  # the cursor blinks
        return len(one) == len(other) and len(set(other[20:])) > 1 and different < len(one) / 100
    tap.wait_for(alike, 60, "the same picture on both screens", 0.5)


os.environ.setdefault("LC_ALL", "C.UTF-8")
tap.main()
