# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's own example of a driver with mediated devices, each a PCI card with serial ports that answer what they
are told: Debian has its source alone. It is built for the kernel that lib/computer.py boots; nothing is installed."""

import re
import shutil
import subprocess
from pathlib import Path

from . import env, guest

SOURCE = "samples/vfio-mdev/mtty.c"


def _run(*argv, cwd):
    done = subprocess.run(list(map(str, argv)), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode:
        raise AssertionError(f"{argv[0]}: exit {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def module():
    """The path of mtty.ko, made once."""
    release = guest.packed_kernel()[1]
    with guest.made_once(f"mtty-{release}.ko") as (path, temporary):
        if temporary:
            folder = env.TempDir("inn-mtty-")
            try:
                shutil.copy(_build(folder.path, release), temporary)
            finally:
                folder.remove()
    return path


def _build(folder, release):
    folder.chmod(0o777)  # apt's user writes there
    # "6.1.0-57-amd64": its headers are in three packages, of the version that the kernel itself has.
    version = _run("dpkg-query", "-W", "-f", "${Version}", f"linux-image-{release}", cwd=folder)
    number = re.match(r"\d+\.\d+", release)[0]
    headers = f"linux-headers-{release}"
    common = re.sub(r"-[^-]*$", "-common", headers)
    packages = (headers, common, f"linux-kbuild-{number}", f"linux-source-{number}")
    _run("apt-get", "-q", "download", *(f"{package}={version}" for package in packages), cwd=folder)
    root = folder / "root"
    for package in packages[:3]:
        (deb,) = folder.glob(f"{package}_*.deb")
        _run("dpkg-deb", "-x", deb, root, cwd=folder)
    _run("sh", "-c", f"dpkg-deb --fsys-tarfile {packages[3]}_*.deb | tar -xO ./usr/src/linux-source-{number}.tar.xz | "
         f"tar -xJ --strip-components=3 linux-source-{number}/{SOURCE}", cwd=folder)
    # They name each other as if they were installed.
    place = root / "usr/src" / headers
    makefile = place / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{root}/usr/src/"))
    made = folder / "module"
    made.mkdir()
    shutil.move(folder / Path(SOURCE).name, made)
    (made / "Makefile").write_text("obj-m := mtty.o\n")
    _run("make", "-C", place, f"M={made}", "modules", cwd=folder)
    return made / "mtty.ko"
