# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power fails: what the helper has acknowledged is there afterwards, all can be read, nothing is left over.

The helper works in a guest on an ext4 of its own, on a disk that logs each write and flush. Then the power is
cut at many moments of the log: the disk has what was flushed, and of the rest some. Each time the guest
mounts what is left, a helper begins with it, and what it knows is compared. Boots of a whole computer whose
power really goes: tests/run systemd."""

import os
import random
import select
import socket
import subprocess
import time
from pathlib import Path

from lib import env, guest, powerdisk, promises, qmp, tap

CHANGES = tap.count(16, 400)
CUTS = tap.count(4, 100)
MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "ext4", "9p", "9pnet_virtio")
INIT = f"""#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in $(cat /lib/order); do insmod /lib/$m || echo INSMOD-FAIL $m; done
mkdir /new
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=262144 host /new
for d in tmp run var/tmp mnt; do mount -t tmpfs tmpfs /new/$d; done
mount -o move /proc /new/proc; mount -o move /sys /new/sys; mount -o move /dev /new/dev
exec switch_root /new /usr/bin/env INN_SOURCE_DIR={env.SOURCE} INN_BUILD_DIR={env.BUILD} \\
  /usr/bin/python3 -B {Path(__file__).resolve().with_name("power_guest.py")} >/dev/ttyS0 2>&1
"""


class Guest:
    """The guest with @disk, and the line to power_guest.py in it."""

    def __init__(self, disk):
        kernel, _ = guest.kernel()
        self.dir = env.TempDir("inn-power-")
        ours, theirs = socket.socketpair()
        argv = ["-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-kernel", kernel,
                "-initrd", guest.initramfs_of("power", MODULES, INIT), "-append", "console=ttyS0 quiet panic=-1",
                "-no-reboot", "-chardev", f"file,id=line,path={self.dir.path}/console", "-serial", "chardev:line",
                *disk.options("disk"), "-device", "virtio-blk-pci,drive=disk,write-cache=on",
                "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
                "-device", "virtio-serial-pci", "-chardev", f"socket,id=test,fd={theirs.fileno()},server=off",
                "-device", "virtserialport,chardev=test,name=test"]
        self.qemu = qmp.Qemu([str(a) for a in argv], pass_fds=[theirs.fileno()])
        theirs.close()
        self._socket = ours
        self.line = promises.Line(ours.fileno())
        tap.equal(self.hear(120)["at"], "ready", "what the guest says")
        keep = ("ASAN", "LSAN", "UBSAN", "G_", "LC_")
        self.line.say(environment={k: v for k, v in os.environ.items() if k.startswith(keep)})
        self.hear(120)

    def hear(self, timeout):
        ready, _, _ = select.select([self._socket], [], [], timeout)
        message = self.line.hear() if ready else None
        tap.true(message is not None, f"the guest is silent; its console: {self.console()}")
        tap.true("error" not in message, f"in the guest: {message.get('error')}")
        return message

    def console(self):
        return (self.dir.path / "console").read_text(errors="replace")[-3000:]

    def order(self, told=lambda message: None, timeout=120, **order):
        """Has it do something; answers what comes of it. What is told on the way goes to @told."""
        self.line.say(**order)
        while (message := self.hear(timeout))["at"] != "idle":
            told(message)
            self.line.say()
        return message

    def close(self):
        self.qemu.kill()
        self._socket.close()
        self.dir.remove()


def empty():
    """A file system with nothing on it."""
    folder = env.TempDir("inn-power-")
    tap.cleanup(folder.remove)
    path = folder.path / "base.raw"
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0",
                    str(path), "256M"], check=True, stdout=subprocess.DEVNULL)
    return path


@tap.case
def power():
    """Whenever the power is cut, what was acknowledged is there, all is readable and nothing is left over"""
    seed = int(os.environ.get("INN_TEST_SEED", 0)) or random.SystemRandom().getrandbits(32)
    tap.diag(f"INN_TEST_SEED={seed}")
    base = empty()
    recorded = powerdisk.Disk(base, log=True)
    tap.cleanup(recorded.close)
    told = promises.Promises()
    begin = time.monotonic()
    computer = Guest(recorded)
    tap.cleanup(computer.close)
    tap.diag(f"up after {time.monotonic() - begin:.0f} s")
    computer.order(lambda message: told.hear(message, recorded.mark(message["at"])), do="record", changes=CHANGES,
                   seed=seed)
    log, recorded.log = recorded.log, None
    tap.equal(len(told.acknowledged()), CHANGES, "changes that were acknowledged")
    flushes = sum(kind == powerdisk.FLUSH for kind, _, _ in log)
    tap.diag(f"{CHANGES} changes: {sum(kind == powerdisk.WRITE for kind, _, _ in log)} blocks, {flushes} flushes, "
             f"{time.monotonic() - begin:.0f} s")

    chance = random.Random(seed)
    lost, wrong, promised, broken = 0, [], 0, 0
    for cut in range(CUTS):
        # The moment of an acknowledgement is the one at which most is promised and least is flushed.
        change = chance.choice(told.changes)
        where = change["acked"] if cut % 2 else chance.randint(change["begun"], change["acked"])
        lost += recorded.rewind(log, where, chance)
        answer = computer.order(do="check")
        bad = told.check(answer["seen"], where)
        code, said = answer["fsck"]
        if code:
            bad.append(f"e2fsck: {said}")
        promised += sum(c["acked"] <= where for c in told.changes)
        broken += len(bad)
        if bad:
            wrong.append(f"cut {cut} at {where} of {len(log)} (“{change['kind']}”):")
            wrong += ["  " + line for line in bad] + answer["log"].splitlines()[-8:]
        if (cut + 1) % 10 == 0 or cut + 1 == CUTS:
            tap.diag(f"{cut + 1} cuts, {time.monotonic() - begin:.0f} s: {broken} promises broken")
    tap.figure("power cuts", CUTS)
    tap.figure("changes acknowledged before them, each looked for after each later cut", promised)
    tap.figure("blocks of 4 KiB written and not flushed that were lost with the power", lost)
    tap.figure("acknowledged changes lost, machines broken, files left over", broken)
    tap.true(not wrong, "\n".join(wrong[:60]))


tap.main()
