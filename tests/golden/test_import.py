# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of libvirt's (libvirt/*.xml: what virt-install writes for 32 command lines, and libvirt's own
text of eight of them), made ours by the import: what QEMU would be started with, and what libvirt says of
them when they are given back. tests/unit/test-import.c looks at what is told of each."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from lib import env, proc, tap

GOLDEN = env.SOURCE / "tests" / "golden"
FILES = sorted((GOLDEN / "libvirt").glob("*.xml"))
TOOLS = env.BUILD / "tests" / "golden"


def imported(*options):
    """The folder with what the import makes of all of them."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="inn-import-"))
    tap.cleanup(shutil.rmtree, folder)
    done = subprocess.run([TOOLS / "import-tool", *options, folder, *FILES], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    tap.true(done.returncode == 0 and "refused" not in done.stdout, done.stdout + done.stderr)
    return folder


def plans(paths, *options):
    done = subprocess.run([TOOLS / "plan-tool", *options, *paths], capture_output=True, text=True, check=True)
    return dict(zip(paths, map(json.loads, done.stdout.splitlines()), strict=True))


@tap.case
def enough():
    """There are thirty different command lines of virt-install"""
    heads = [path.read_text().splitlines()[0] for path in FILES]
    lines = {re.sub("-name [^ ]+", "", head) for head in heads if head.startswith("<!-- virt-install")}
    tap.true(len(lines) >= 30, f"only {len(lines)}")


@tap.case
def planned():
    """Each can be started, as a machine of a user and as one of the system"""
    for mode, options in ((["--session"], []), ([], ["--system"])):
        folder = imported(*options)
        made = plans([folder / path.name for path in FILES], *mode)
        refused = {path.name: plan["error"] for path, plan in made.items() if "error" in plan}
        tap.equal(refused, {}, f"refused {mode}")


@tap.case
def has_its_devices():
    """What is said to be the same is there: disks, memory, processors, cards"""
    folder = imported()
    made = plans([folder / f"{name}.xml" for name in ("disks", "topology", "networks", "uefi", "kernel")])
    argv = {path.stem: plan["argv"] for path, plan in made.items()}
    files = {path.stem: [f["path"] for f in plan["files"] if f["type"] in ("file", "copy")]
             for path, plan in made.items()}
    devices = {name: [json.loads(words[i + 1]) for i, w in enumerate(words) if w == "-device"]
               for name, words in argv.items()}
    images = "/var/lib/libvirt/images"
    tap.equal(sorted(set(files["disks"])), [f"{images}/data.raw", f"{images}/db.qcow2", f"{images}/web.qcow2"])
    tap.equal([d["serial"] for d in devices["disks"] if "serial" in d], ["WEB1"])
    tap.equal(sum(d["driver"] == "scsi-hd" for d in devices["disks"]), 1)
    tap.true(any("maxcpus=8,sockets=2,dies=1,cores=2,threads=2" in w for w in argv["topology"]),
             argv["topology"])
    tap.equal(sum("mac" in d for d in devices["networks"]), 4, "network cards")
    tap.true(any("pflash0=firmware" in w for w in argv["uefi"]), argv["uefi"])
    tap.equal(files["kernel"], ["/boot/vmlinuz", "/boot/initrd.img"])


@tap.case
def given_back_is_valid():
    """What is given back passes libvirt's schema, as it did before"""
    folder = imported()

    def fault(path):
        done = subprocess.run(["virt-xml-validate", path, "domain"], capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    problems = [fault(text) for path in FILES for text in (path, folder / path.name, folder / f"export-{path.name}")]
    tap.true(len(problems) >= 120 and not any(problems), "\n".join(filter(None, problems)))


class Libvirt:
    """A user's own libvirtd, which is asked by virsh, and knows nothing of this computer's."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="inn-libvirt-"))
        tap.cleanup(shutil.rmtree, self.folder)
        root = os.geteuid() == 0
        self.who = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if root else []
        if root:
            os.chown(self.folder, 65534, 65534)
        self.environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                        "XDG_RUNTIME_DIR": str(self.folder)}
        self.daemon = proc.Process([*self.who, "/usr/sbin/libvirtd"], env=self.environ,
                                   log=self.folder / "libvirtd.log")
        tap.cleanup(self.daemon.kill)
        tap.wait_for(lambda: self.virsh("list").returncode == 0, 30, "libvirtd", 0.2)

    def virsh(self, *words):
        return subprocess.run([*self.who, "virsh", "-q", "-c", "qemu:///session", *words], env=self.environ,
                              capture_output=True, text=True)


# libvirt takes a second for each.
DEFINED = ("boot-order", "commandline", "debian", "disks-dumped", "drives", "hostdev", "input", "lines", "loader",
           "modules", "networks", "secure-boot", "topology", "tuned", "vnc", "volume", "win10-dumped")
DIFFERENT = ["lines", "networks", "volume"]


@tap.case
def defined():
    """virsh define takes what is given back, and it is the same to libvirt but where the import has said so"""
    folder = imported()
    libvirt = Libvirt()

    def define(path):
        """What libvirt says, and what it keeps of the machine."""
        # Where the daemon's user may read it. It has no KVM everywhere, and asks before it starts anything.
        text = re.sub("<cpu mode=.host-passthrough.[^>]*/>", "", path.read_text())
        copy = libvirt.folder / "machine.xml"
        copy.write_text(re.sub("<domain type=.kvm.", "<domain type='qemu'", text))
        name = re.search("<name>(.*)</name>", text)[1]
        done = libvirt.virsh(f"define {copy}; dumpxml --inactive {name}; undefine --nvram {name}")
        return done, sorted(done.stdout.splitlines())

    different = []
    for name in DEFINED:
        before, was = define(GOLDEN / "libvirt" / f"{name}.xml")
        tap.true(before.returncode == 0, f"{name}: {before.stderr}")
        after, now = define(folder / f"export-{name}.xml")
        tap.true(after.returncode == 0, f"{name} was given back: {after.stderr}")
        if now != was:
            different.append(name)
            tap.diag(f"{name} differs: {sorted(set(was) ^ set(now))}")
    tap.equal(different, DIFFERENT, "not the same to libvirt")


tap.main()
