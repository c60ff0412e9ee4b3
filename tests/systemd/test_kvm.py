# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only KVM can, in a whole computer whose emulated processor has SVM: the system's helper, as it is
installed, runs Linux guests by KVM there. And what needs a graphics card, which vgem is there, or a security chip, which
swtpm is. What is done with the guests and asked of them, kvm_driver.py does."""

import shutil
import subprocess
from pathlib import Path

from lib import computer, env, guest, tap, tpm

TIMEOUT = 600  # seconds for a case


def carry():
    """A disk with what the driver needs."""
    folder = env.TempDir("inn-kvm-")
    tap.cleanup(folder.remove)
    files, image = folder.path / "files", folder.path / "files.raw"
    program = env.BUILD / "tests/systemd/guest-hands"
    for source, place in ((program, "build/tests/systemd"), (guest.hands_initramfs(), "build/tests/cache"), (guest.stick_initramfs(), "build/tests/cache"),
                          (guest.kernel()[0], "build/tests/cache"), (guest.packed_kernel()[0], "boot"), (Path(__file__).with_name("kvm_driver.py"), ".")):
        (files / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(source, files / place)
    shutil.copytree(env.SOURCE / "tests/lib", files / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["mkfs.ext4", "-q", "-d", files, image, "192M"], check=True)
    return image


def stick():
    """A USB stick of the computer's."""
    folder = env.TempDir("inn-stick-")
    tap.cleanup(folder.remove)
    image = folder.path / "stick"
    image.write_bytes(b"ON THE STICK".ljust(8 << 20, b"\0"))
    return ("-device", "qemu-xhci", "-drive", f"file={image},if=none,id=stick,format=raw", "-device",
            "usb-storage,drive=stick,serial=STICK-2718")


def print_journal():
    tap.diag(pc.run("journalctl -b -q --no-pager -o short-monotonic -n 30 | cut -c1-300", check=False))


pc = computer.Computer(memory=2048, cpus=2, devices=(
    "-drive", f"file={carry()},if=none,id=files,format=raw,snapshot=on", "-device", "virtio-blk-pci,drive=files",
    *tpm.of_computer(), *stick()))
tap.cleanup(pc.close)
tap.on_failure(print_journal)
tap.diag(f"up after {pc.boot(420):.0f} s")
pc.run("mkdir /opt/tests && mount /dev/vdb /opt/tests && ln -s /opt/tests/boot/* /boot/ && modprobe vhost_vsock")


def drive(case):
    """A case of the driver; its diagnosis is ours."""
    code, out, err = pc.ask(["env", "INN_BUILD_DIR=/opt/tests/build", "python3", "-B", "/opt/tests/kvm_driver.py", case],
                            timeout=TIMEOUT)
    tap.diag("\n".join(line for line in out.splitlines() if line.startswith("#")))
    tap.true(code == 0 and "\nok 1" in "\n" + out, f"exit {code}\n{out[-3000:]}{err[-3000:]}")


@tap.case
def chosen():
    """Where the computer's processor has SVM the helper takes KVM by itself, and a Linux guest runs by it"""
    drive("chosen")


@tap.case
def processors():
    """Processors come and go while it runs: 1, 3, 1 and once more, as the guest and the definition say"""
    drive("processors")


@tap.case
def refused():
    """A guest that keeps its processors is told of at once, with what there is; later it gives them up"""
    drive("refused")


@tap.case
def late():
    """A processor that is given up when nobody waits any longer is heard of"""
    drive("late")


@tap.case
def memory():
    """Memory comes and goes by virtio-mem"""
    drive("memory")


@tap.case
def vsock():
    """Guest and computer connect to each other by vhost-vsock"""
    drive("vsock")


@tap.case
def hyperv():
    """The guest finds each of Hyper-V's enlightenments that is switched on; one that the processor lacks is named"""
    drive("hyperv")


@tap.case
def handed_on():
    """A USB stick of the computer's is handed on: a guest reads it and writes to it, and the computer has it again, changed"""
    drive("handed_on")


@tap.case
def chip():
    """A guest measures into this computer's own security chip, which it has alone; by /dev/tpmrm0 several have it"""
    drive("chip")


@tap.case
def draws():
    """A card that this computer draws for: the BIOS's text is on the screen, and the room has that card alone"""
    pc.run("modprobe vgem && udevadm settle")
    drive("draws")


tap.main()
