# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The room a guest's QEMU lives in, looked at from outside and from inside: by a program of the test's own
that runs in QEMU's place there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from gi.repository import GLib

from lib import bus, domain, env, proc, tap, vm

UID_MIN = 2001000000
KVM = Path("/dev/kvm")

# Runs in the sandbox instead of QEMU: says what it can do, on its standard output (the log).
PROBE = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <dirent.h>
#include <signal.h>
#include <netinet/in.h>
static void try_open (const char *path, int flags)
{
  int fd = open (path, flags, 0600);
  printf ("open %s %d: %s\n", path, flags, fd < 0 ? strerror (errno) : "OPENED");
  if (fd >= 0) close (fd);
}
static void list (const char *path)
{
  DIR *dir = opendir (path);
  struct dirent *entry;
  printf ("list %s:", path);
  while (dir && (entry = readdir (dir)))
    if (entry->d_name[0] != '.') printf (" %s", entry->d_name);
  printf ("\n");
  if (dir) closedir (dir);
}
int main (int argc, char **argv)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (22), .sin_addr = { htonl (0x7f000001) } };
  int net;
  list ("/"); list ("/dev");
  for (int i = 1; i < argc; i++) { try_open (argv[i], O_RDONLY); try_open (argv[i], O_RDWR); }
  try_open ("/new", O_CREAT | O_WRONLY); try_open ("/dev/new", O_CREAT | O_WRONLY); try_open ("/usr/new", O_CREAT | O_WRONLY);
  printf ("unshare: %s\n", unshare (CLONE_NEWUSER) < 0 ? strerror (errno) : "DONE");
  printf ("mount: %s\n", mount ("none", "/dev", "tmpfs", 0, NULL) < 0 ? strerror (errno) : "DONE");
  printf ("setuid: %s\n", setuid (0) < 0 ? strerror (errno) : "DONE");
  printf ("ids: %d %d %d groups %d\n", getuid (), geteuid (), getpid (), getgroups (0, NULL));
  net = socket (AF_INET, SOCK_STREAM, 0);
  printf ("connect: %s\n", net < 0 || connect (net, (void *) &address, sizeof address) < 0 ? strerror (errno) : "DONE");
  if (net >= 0) close (net);
  printf ("kill parent: %s\n", kill (getppid () ? getppid () : 2, 0) < 0 ? strerror (errno) : "DONE");
  printf ("fds:");
  for (int i = 0; i < 4096; i++) if (fcntl (i, F_GETFD) >= 0) printf (" %d", i);
  printf ("\nEND\n");
  fflush (stdout);
  return 0;
}
"""


def session(environ=None):
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.environ.update(environ or {})
    made.start_helper()
    return made


def status(process):
    text = Path(f"/proc/{process}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def mounts(process):
    return {line.split()[4]: line.split()[5].split(",") for line in
            Path(f"/proc/{process}/mountinfo").read_text().splitlines()}


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
        facts = status(process)
        ids = set(facts["Uid"].split())
        tap.equal(len(ids), 1, f"uids {ids}")
        uid = int(ids.pop())
        uids.add(uid)
        if os.getuid() == 0:
            tap.true(uid >= UID_MIN, f"uid {uid}")
            tap.equal(set(facts["Gid"].split()), {str(uid)}, "gid, as KVM is not used")
            tap.equal(facts["Groups"].strip(), "", "groups")
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            tap.equal(int(facts[name], 16), 0, name)
        tap.equal(facts["NoNewPrivs"], "1", "NoNewPrivs")
        tap.equal(facts["Seccomp"], "2", "Seccomp")
        tap.equal(facts["NSpid"].split()[1:], ["1"], "its pid inside")
        for name in ("user", "mnt", "pid", "ipc", "uts", "net", "cgroup"):
            tap.true(os.readlink(f"/proc/{process}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"), f"ns {name}")
        root = Path(f"/proc/{process}/root")
        tap.equal(sorted(os.listdir(root)), sorted(["usr", "dev"] + [n for n in ("lib", "lib64") if Path("/" + n).exists()]),
                  "the root folder")
        tap.equal(sorted(os.listdir(root / "dev")), ["null", "urandom", "zero"], "/dev")
        for path, flags in mounts(process).items():
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
    own = re.compile(r"^(/memfd:|anon_inode:|/dev/null$|pipe:|socket:)")
    files = sorted(f for f in vm.fds_of(process).values() if not own.match(f))
    image = str(made.path / "fds.img")
    # The fd set has one for reading and one for both; QEMU's block layer has its own copies.
    tap.equal(set(files), {image}, "files")
    # Listening: monitor, events, agent; connected: monitor, events, the line, the network card.
    wanted = 3 + 2 + 1 + 1
    sockets = [f for f in vm.fds_of(process).values() if f.startswith("socket:")]
    tap.true(len(sockets) <= wanted, f"{len(sockets)} sockets, {wanted} are its own")
    shim = proc.find("vmm-shim")[0]
    held = [f for f in vm.fds_of(shim).values() if not f.startswith(("socket:", "pipe:", "anon_inode:"))]
    names = sorted(Path(f.removesuffix(" (deleted)")).name for f in held)
    tap.equal([n for n in names if n != "null"], ["exit", "qemu.log", "qemu.log", "qemu.log.1"], "the shim's files")
    # Listening: its control; connected: the helper there, the line, the card's two ends.
    sockets = [f for f in vm.fds_of(shim).values() if f.startswith("socket:")]
    tap.true(len(sockets) <= 5, f"the shim has {len(sockets)} sockets")
    tap.equal(status(shim)["NoNewPrivs"], "1", "the shim's NoNewPrivs")
    if os.getuid() == 0:
        tap.equal(status(shim)["Uid"].split(), status(process)["Uid"].split(), "the shim's uid")
        tap.equal(status(shim)["Groups"].strip(), "", "the shim's groups")
    helper = [f for f in vm.fds_of(made.helper.pid).values() if f == image]
    tap.equal(helper, [], "the helper's own fds of the disk")


def probe(made, machine, *paths):
    """What PROBE says where QEMU would be: its binary is what the helper finds first as QEMU's options say."""
    process = vm.pid(made, machine)
    bwrap = next(p for p in proc.find("bwrap") if proc.descendants(p) == [process])
    argv = Path(f"/proc/{bwrap}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    argv = [a.decode() for a in argv[:argv.index(b"--") + 1]]
    # Without bwrap's report; with the same uid, groups and limits as the helper gives.
    at = argv.index("--info-fd")
    del argv[at:at + 2]
    source, binary = made.path / "probe.c", Path("/usr/lib/innkeeper-test-probe")
    source.write_text(PROBE)
    subprocess.run(["gcc", "-static", "-O1", "-w", "-o", made.path / "probe", source], check=True)
    shutil.copy(made.path / "probe", binary)
    tap.cleanup(binary.unlink)
    facts = status(process)
    uid = facts["Uid"].split()[0]
    done = subprocess.run(["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs", *argv,
                           str(binary), *map(str, paths)], capture_output=True, text=True, env={})
    tap.true("END" in done.stdout, f"the probe did not end: {done.stdout}{done.stderr}")
    return done.stdout


@tap.case
def seen_from_inside():
    """A program in QEMU's place opens no /etc/passwd, no other machine's disk, no monitor, and gets nowhere"""
    if os.getuid() != 0:
        tap.skip("needs root to put a program below /usr")
    made = session()
    machine = domain.create(made, vm.real_mode("inside", made))
    other = domain.create(made, domain.xml("other", domain.disk()), storage=domain.storage(domain.new_disk()))
    vm.start(made, machine)
    disk = domain.folder(made) / domain.uuid_of(other) / "disks/vda.qcow2"
    tap.true(disk.exists(), f"no {disk}")
    monitor = vm.runtime(made) / domain.uuid_of(machine) / "monitor"
    forbidden = ["/etc/passwd", "/etc/shadow", disk, monitor, made.path / "inside.img", "/proc/1/mem", "/dev/kvm",
                 "/dev/mem", "/dev/sda", "/var/lib", "/home", "/tmp", "/run"]
    said = probe(made, machine, *forbidden)
    tap.true("OPENED" not in said and "DONE" not in said, said)
    for path in forbidden:
        tap.equal(said.count(f"open {path} "), 2, f"tries of {path}")
    tap.true(re.search(r"^list /: ?(usr|lib|lib64|dev| )*$", said, re.M), said)
    tap.true(re.search(r"^ids: (\d+) \1 1 groups 0$", said, re.M), said)
    tap.true(re.search(r"^fds: 0 1 2$", said, re.M), said)
    tap.true(re.search(r"^unshare: ", said, re.M) and "mount: " in said, said)
    # The probe can fail: where there is something to open it says so.
    tap.true("OPENED" in probe_outside(made, "/etc/passwd"), "the probe opens nothing anywhere")


def probe_outside(made, path):
    return subprocess.run([made.path / "probe", path], capture_output=True, text=True).stdout


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
    tap.equal(set(status(process)["Gid"].split()), {str(KVM.stat().st_gid)}, "gid")
    tap.equal(status(process)["Groups"].strip(), "", "groups")


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
        "import sys; sys.path.insert(0, sys.argv[1])\n"
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
                           str(script), str(env.SOURCE / "tests")], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "HOME": str(home.path), "TMPDIR": str(home.path)})
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
    tap.equal(names, {"record", "live.xml", "exit", "monitor", "events", "agent", "shim"}, "the runtime folder")


tap.main()
