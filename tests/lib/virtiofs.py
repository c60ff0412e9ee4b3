# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtiofsd of the test's own for a QEMU of the test's own, which asks it before it says anything."""

import os
import socket
import subprocess
from pathlib import Path

PROGRAMS = {"/usr/libexec/virtiofsd": ["--shared-dir", "/mnt"],
            "/usr/lib/qemu/virtiofsd": ["-o", "source=/mnt", "-o", "sandbox=chroot"]}


def connected(folder, name):
    """QEMU's end of one that shares a new folder @name in @folder; it ends with that."""
    shared, address = Path(folder) / name, str(Path(folder) / f"{name}.sock")
    shared.mkdir()
    program = next(p for p in PROGRAMS if os.path.exists(p))
    client = socket.socket(socket.AF_UNIX)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(1)
        client.connect(address)
        subprocess.Popen(["bwrap", "--unshare-user", "--unshare-pid", "--uid", "0", "--gid", "0", "--cap-add", "ALL",
                          "--ro-bind", "/", "/", "--proc", "/proc", "--bind", shared, "/mnt", "--", program,
                          f"--fd={listener.fileno()}", *PROGRAMS[program]],
                         pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
    return client.detach()
