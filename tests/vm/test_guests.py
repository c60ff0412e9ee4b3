# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests that the other tests boot do boot, under a QEMU of the test's own."""

from lib import env, guest, qmp, tap


@tap.case
def busybox_answers():
    """The busybox guest boots under TCG and its shell answers"""
    qemu = qmp.Qemu(["-accel", "tcg", "-M", "q35", "-m", "256M", "-kernel", str(guest.packed_kernel()[0]),
                     "-initrd", str(guest.initramfs()), "-append", guest.CMDLINE], serial=True)
    tap.cleanup(qemu.kill)
    qemu.serial.expect("GUEST-UP", 90)
    qemu.serial.expect(guest.PROMPT)
    tap.equal(qemu.serial.shell("echo $((6*7))"), "42")


@tap.case
def boot_sector_writes():
    """The real-mode boot sector writes its text to the serial line"""
    folder = env.TempDir()
    tap.cleanup(folder.remove)
    image = folder.path / "boot.img"
    image.write_bytes(guest.boot_sector())
    qemu = qmp.Qemu(["-accel", "tcg", "-M", "pc", "-m", "64M", "-drive",
                     f"file={image},format=raw,if=ide"], serial=True)
    tap.cleanup(qemu.kill)
    qemu.serial.expect("INNKEEPER REAL MODE\r\n", 30)
    tap.equal(qemu.command("query-status")["status"], "running")


tap.main()
