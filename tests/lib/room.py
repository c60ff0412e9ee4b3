# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The room a guest lives in: what its processes are, hold and listen on, seen from outside; and what
room-probe.c can do in QEMU's place, or beside it as its uid."""

import collections
import os
import re
import subprocess
from pathlib import Path

from . import proc, tap, vm

UID_MIN, UID_MAX = 2001000000, 2001999999


def status(process):
    text = Path(f"/proc/{process}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def mounts(process):
    return {line.split()[4]: line.split()[5].split(",") for line in
            Path(f"/proc/{process}/mountinfo").read_text().splitlines()}


def check_powerless(process):
    """QEMU: one uid of its own, no groups, no capabilities, no new privileges, a filter. Answers the uid."""
    facts = status(process)
    ids = set(facts["Uid"].split())
    tap.equal(len(ids), 1, f"uids {ids}")
    uid = int(ids.pop())
    if os.getuid() == 0:
        tap.true(UID_MIN <= uid <= UID_MAX, f"uid {uid}")
        tap.equal(set(facts["Gid"].split()), {str(uid)}, "gid, as KVM is not used")
        tap.equal(facts["Groups"].strip(), "", "groups")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        tap.equal(int(facts[name], 16), 0, name)
    tap.equal(facts["NoNewPrivs"], "1", "NoNewPrivs")
    tap.equal(facts["Seccomp"], "2", "Seccomp")
    tap.equal(facts["NSpid"].split()[1:], ["1"], "its pid inside")
    return uid


def _table(process):
    """({kind: how many}, names of files) of what a process has open."""
    kinds, files = collections.Counter(), []
    for target in vm.fds_of(process).values():
        kind = re.match(r"^(/memfd:|anon_inode:.*|/dev/null$|pipe:|socket:)", target)
        if kind:
            kinds[kind[1]] += 1
        else:
            files.append(target)
    return kinds, files


def check_files(process, images, cards=0, lines=1):
    """QEMU holds @images, its sockets, and what it made itself: just that."""
    kinds, files = _table(process)
    # The fd set has one for reading and one for both; QEMU's block layer has its own copies.
    tap.equal(set(files), set(images), "QEMU's files")
    # How many of its own threads and timers need changes from moment to moment.
    tap.true({k for k in kinds if k.startswith("anon_inode:")} <= {f"anon_inode:[event{n}]" for n in ("fd", "poll")} |
             {"anon_inode:[signalfd]"}, kinds)
    # Listening: monitor, events, agent; connected: monitor, events, the lines, the network cards.
    # Its memory; nothing to read, and its words to the shim.
    tap.equal({k: n for k, n in kinds.items() if not k.startswith("anon_inode:")},
              {"socket:": 3 + 2 + lines + cards, "/memfd:": 1, "/dev/null": 1, "pipe:": 2}, "QEMU's other fds")


def check_shim_files(process, cards=0, lines=1):
    kinds, files = _table(process)
    names = sorted(Path(f.removesuffix(" (deleted)")).name for f in files)
    tap.equal(names, ["exit", "qemu.log", "qemu.log", "qemu.log.1"], "the shim's files")
    # Listening: its control; connected: the helper there, the lines, each card's two ends.
    wanted = 2 + lines + 2 * cards
    tap.true(kinds["socket:"] <= wanted, f"the shim has {kinds['socket:']} sockets, {wanted} are its own")


# ---- who listens ----


def _rows(process, table):
    try:
        return [line.split() for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]]
    except FileNotFoundError:  # IPv6 may be off
        return []


def listeners(process, all_of_namespace=False):
    """What @process can be reached by from another computer or another uid: TCP and raw sockets that listen,
    UDP sockets that are bound, abstract sockets. @all_of_namespace: whoever has them in its network."""
    own = {m[1] for m in (re.match(r"socket:\[(\d+)\]", f) for f in vm.fds_of(process).values()) if m}
    found = []
    for table in ("tcp", "tcp6"):
        found += [(table, row[1], row[9]) for row in _rows(process, table) if row[3] == "0A"]
    for table in ("udp", "udp6", "udplite", "udplite6", "raw", "raw6"):
        found += [(table, row[1], row[9]) for row in _rows(process, table)]
    for row in _rows(process, "unix"):
        if len(row) > 7 and row[7].startswith("@"):
            found.append(("abstract", row[7], row[6]))
    return [(table, address) for table, address, inode in found if all_of_namespace or inode in own]


# ---- the probe ----


def build_probe(folder):
    """The program, for everybody to run."""
    program = folder / "room-probe"
    if not program.exists():
        subprocess.run(["gcc", "-static", "-O1", "-w", "-o", program, Path(__file__).with_name("room-probe.c")],
                       check=True)
        program.chmod(0o755)
    return program


def _run(uid, argv):
    who = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--no-new-privs"] if uid else []
    done = subprocess.run([*who, *map(str, argv)], capture_output=True, text=True, env={})
    tap.true("END" in done.stdout, f"the probe did not end: {done.stdout[-4000:]}{done.stderr}")
    return done.stdout


def probe_outside(uid, folder, wishes):
    """What the probe says on the host, as @uid and without any group."""
    return _run(uid, [build_probe(folder), *wishes])


def probe_inside(process, folder, wishes):
    """What the probe says where QEMU, which is @process, would be: with the same bwrap, as the same uid."""
    bwrap = next(p for p in proc.find("bwrap") if process in proc.descendants(p))
    argv = Path(f"/proc/{bwrap}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    argv = [a.decode() for a in argv[:argv.index(b"--") + 1]]
    # Without bwrap's report, and without the program that begins QEMU.
    at = argv.index("--info-fd")
    del argv[at:at + 2]
    at = argv.index("/program") - 4
    tap.equal(argv[at:at + 3:2], ["--perms", "--ro-bind-data"], "how vmm-screen comes there")
    del argv[at:at + 5]
    at = argv.index("--remount-ro")
    argv[at:at] = ["--ro-bind", str(build_probe(folder)), "/probe"]
    return _run(status(process)["Uid"].split()[0], [*argv, "/probe", "room", *wishes])


def allowed(said):
    """What the probe could do, of what it said."""
    return [line for line in said.splitlines() if line.endswith((": OPENED", ": DONE"))]
