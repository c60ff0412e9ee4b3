# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The room a guest's QEMU lives in, looked at from outside and from inside: by a program of the test's own
that runs in QEMU's place there."""

import os
import re
import subprocess
from pathlib import Path

from lib import bus, domain, env, proc, room, tap, vm

KVM = Path("/dev/kvm")


def session(environ=None):
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.environ.update(environ or {})
    made.start_helper()
    return made


NIC = "<interface type='user'><model type='virtio'/></interface>"


@tap.case
def seen_from_outside():
    """QEMU's uid, groups, capabilities, seccomp, mounts, namespaces and fds are those of an empty room"""
    made = session()
    machines = [domain.create(made, vm.real_mode(f"m{i}", made)) for i in range(2)]
    for machine in machines:
        vm.start(made, machine)
    pids = [vm.pid(made, m) for m in machines]
    uids = set()
    for process in pids:
        uids.add(room.check_powerless(process))
        for name in ("user", "mnt", "pid", "ipc", "uts", "net", "cgroup"):
            tap.true(os.readlink(f"/proc/{process}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"), f"ns {name}")
        root = Path(f"/proc/{process}/root")
        tap.equal(sorted(os.listdir(root)), sorted(["usr", "dev", "program"] + [n for n in ("lib", "lib64") if Path("/" + n).exists()]),
                  "the root folder")
        tap.equal(sorted(os.listdir(root / "dev")), ["null", "urandom", "zero"], "/dev")
        for path, flags in room.mounts(process).items():
            tap.true("ro" in flags or path.startswith("/dev/"), f"{path} is writable: {flags}")
        limits = Path(f"/proc/{process}/limits").read_text()
        tap.true(re.search(r"Max core file size +0 +0", limits), limits)
        environ = Path(f"/proc/{process}/environ").read_bytes().rstrip(b"\0").split(b"\0")
        tap.equal({e.split(b"=")[0] for e in environ} - {b"PWD"}, {b"PATH", b"LC_ALL"}, "environment")
        cmdline = Path(f"/proc/{process}/cmdline").read_bytes()
        tap.true(str(made.path).encode() not in cmdline, "a path of the host is on the command line")
    if os.getuid() == 0:
        tap.equal(len(uids), 2, "two machines have one uid")


@tap.case
def fds_are_a_whitelist():
    """QEMU holds its disks, its monitors, its lines, its card's cable and what it made itself: nothing else"""
    made = session()
    machine = domain.create(made, vm.real_mode("fds", made).replace("</devices>", NIC + "</devices>"))
    vm.start(made, machine)
    vm.serial(made, machine).expect("REAL MODE", 30)
    process = vm.pid(made, machine)
    image = str(made.path / "fds.img")
    room.check_files(process, {image}, cards=1)
    shim = proc.find("vmm-shim")[0]
    room.check_shim_files(shim, cards=1)
    tap.equal(room.status(shim)["NoNewPrivs"], "1", "the shim's NoNewPrivs")
    if os.getuid() == 0:
        tap.equal(room.status(shim)["Uid"].split(), room.status(process)["Uid"].split(), "the shim's uid")
        tap.equal(room.status(shim)["Groups"].strip(), "", "the shim's groups")
    helper = [f for f in vm.fds_of(made.helper.pid).values() if f == image]
    tap.equal(helper, [], "the helper's own fds of the disk")


@tap.case
def seen_from_inside():
    """A program in QEMU's place opens no /etc/passwd, no other machine's disk, no monitor, and gets nowhere"""
    if os.getuid() != 0:
        tap.skip("needs root to be the guest's uid")
    made = session()
    machine = domain.create(made, vm.real_mode("inside", made))
    other = domain.create(made, domain.xml("other", domain.disk()), storage=domain.storage(domain.new_disk()))
    vm.start(made, machine)
    disk = domain.folder(made) / domain.uuid_of(other) / "disks/vda.qcow2"
    tap.true(disk.exists(), f"no {disk}")
    monitor = vm.runtime(made) / domain.uuid_of(machine) / "monitor"
    forbidden = ["/etc/passwd", "/etc/shadow", disk, monitor, made.path / "inside.img", "/proc/1/mem", "/dev/kvm",
                 "/dev/mem", "/dev/sda", "/var/lib", "/home", "/tmp", "/run"]
    said = room.probe_inside(vm.pid(made, machine), made.path, forbidden)
    tap.equal(room.allowed(said), [], "what it could do")
    for path in forbidden:
        tap.equal(said.count(f"open {path} "), 2, f"tries of {path}")
    tap.true(re.search(r"^list /: ?(usr|lib|lib64|dev|probe| )*$", said, re.M), said)
    tap.true(re.search(r"^ids: (\d+) \1 1 groups 0$", said, re.M), said)
    tap.true(re.search(r"^fds: 0 1 2$", said, re.M), said)
    tap.true(re.search(r"^unshare 0: ", said, re.M) and "mount 0: " in said, said)
    # The probe can fail: where there is something to open it says so.
    tap.true("OPENED" in room.probe_outside(0, made.path, ["/etc/passwd"]), "the probe opens nothing anywhere")


@tap.case
def no_network():
    """No machine's QEMU sees the host's network, or listens, with a network card as without"""
    made = session()
    without = domain.create(made, vm.real_mode("without", made))
    xml = vm.real_mode("with", made).replace("</devices>", NIC + "</devices>")
    with_card = domain.create(made, xml)
    for machine in (without, with_card):
        vm.start(made, machine)
        process = vm.pid(made, machine)
        tap.true(os.readlink(f"/proc/{process}/ns/net") != os.readlink("/proc/self/ns/net"), "the host's network")
        devices = Path(f"/proc/{process}/net/dev").read_text().splitlines()[2:]
        tap.equal([line.split(":")[0].strip() for line in devices], ["lo"], "its network")
        tap.true("etc" not in os.listdir(f"/proc/{process}/root"), "it has /etc")
        listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True).stdout
        tap.true(f"pid={process}," not in listening, f"QEMU listens: {listening}")
    tap.equal(made.get(with_card, domain.MACHINE, "UserNetwork"), "passt", "UserNetwork")


@tap.case
def kvm_group_only_with_kvm():
    """With KVM the process has kvm's group and /dev/kvm; without, neither"""
    if os.getuid() != 0 or not KVM.exists():
        tap.skip("needs root and /dev/kvm")
    made = session()
    machine = domain.create(made, vm.real_mode("kvm", made, accelerator="kvm"))
    properties = vm.start(made, machine, wanted=None)
    if properties["State"] != "done":
        tap.skip(properties["ErrorMessage"])
    process = vm.pid(made, machine)
    tap.true("kvm" in os.listdir(f"/proc/{process}/root/dev"), "no /dev/kvm")
    tap.equal(set(room.status(process)["Gid"].split()), {str(KVM.stat().st_gid)}, "gid")
    tap.equal(room.status(process)["Groups"].strip(), "", "groups")


@tap.case
def unprivileged_user():
    """A user without rights runs machines with the session helper, in the same room"""
    if os.getuid() != 0:
        tap.skip("is one already: the other cases show it")
    user = 65534  # nobody: the bus asks for a name
    home = env.TempDir()
    tap.cleanup(home.remove)
    os.chown(home.path, user, user)
    script = Path(home.path) / "as_user.py"
    script.write_text(
        "from lib import bus, domain, tap, vm\n"
        "import os\n"
        "@tap.case\n"
        "def user():\n"
        "    made = bus.Session(); tap.cleanup(made.close); tap.on_failure(made.print_logs); made.start_helper()\n"
        "    machine = domain.create(made, vm.real_mode('mine', made))\n"
        "    vm.start(made, machine)\n"
        "    vm.serial(made, machine).expect('REAL MODE', 30)\n"
        "    facts = open(f'/proc/{vm.pid(made, machine)}/status').read()\n"
        "    tap.true(f'Uid:\\t{os.getuid()}\\t' in facts, facts)\n"
        "    tap.true('Seccomp:\\t2' in facts and 'NoNewPrivs:\\t1' in facts and 'CapEff:\\t0000000000000000' in facts, facts)\n"
        "    vm.force_off(made, machine)\n"
        "tap.main()\n")
    if subprocess.run(["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", "test", "-x",
                       str(env.HELPER)]).returncode:
        tap.skip(f"another user cannot reach {env.HELPER}")
    done = subprocess.run(["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", "/usr/bin/python3",
                           str(script)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "HOME": str(home.path), "TMPDIR": str(home.path),
                               "PYTHONPATH": str(env.SOURCE / "tests")})
    tap.true(done.returncode == 0 and "\nok 1" in done.stdout, done.stdout + done.stderr)


@tap.case
def no_secrets_in_sight():
    """No file of a running machine can be read by others; its shim's socket neither"""
    made = session()
    machine = domain.create(made, vm.real_mode("files", made))
    vm.start(made, machine)
    folders = [vm.runtime(made) / domain.uuid_of(machine), domain.folder(made) / domain.uuid_of(machine)]
    for folder in folders:
        tap.equal(folder.stat().st_mode & 0o077, 0, f"rights of {folder}")
        for path in folder.rglob("*"):
            if not path.is_socket():
                tap.equal(path.stat().st_mode & 0o077, 0, f"rights of {path}")
    names = {p.name for p in folders[0].iterdir()}
    tap.equal(names, {"record", "live.xml", "exit", "monitor", "events", "agent", "shim", "screen", "screen-qemu"}, "the runtime folder")


tap.main()
