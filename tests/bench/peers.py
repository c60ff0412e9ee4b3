# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peers: QEMU alone with a running machine's own arguments, and Debian's libvirt, in a namespace
of its own, that the host's libvirt and its machines do not notice."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import uuid
from pathlib import Path

from lib import domain as machines
from lib import ns, proc, tap

from . import measure

QEMU_CONF = """
user = "root"
group = "root"
dynamic_ownership = 1
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
seccomp_sandbox = 1
stdio_handler = "logd"
"""
LIBVIRTD_CONF = """
unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "4:stderr"
"""

# libvirtd waits for a killed QEMU by looking whether its pid is still there: somebody must reap it.
REAPER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if os.fork() == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    try:
        os.wait()
    except ChildProcessError:
        sys.exit(0)
"""


def domain(name, disk, memory=256, machine_uuid=None):
    """The same definition for all: q35, emulated, a virtio disk, VGA, a serial line."""
    ident = f"<uuid>{machine_uuid or uuid.uuid4()}</uuid>"
    source = f"<source file='{disk}'/>" if disk else ""
    return (f"<domain type='qemu'><name>{name}</name>{ident}<memory unit='MiB'>{memory}</memory>"
            f"<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>"
            f"<features><acpi/></features><devices>"
            f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>{source}"
            f"<target dev='vda' bus='virtio'/></disk>"
            f"<serial type='pty'/><graphics type='vnc' autoport='yes'/>"
            f"<video><model type='vga'/></video><memballoon model='virtio'/></devices></domain>")


def multiply(session, count):
    """One machine made by the helper, its folder copied: that makes another machine."""
    session.start_helper()
    path = machines.create(session, domain("bench0000", None),
                           storage=machines.storage(machines.new_disk(size=1 << 30)))
    session.helper.stop()
    first = machines.uuid_of(path)
    folder = machines.folder(session)
    for i in range(1, count):
        ident = str(uuid.uuid4())
        target = folder / ident
        shutil.copytree(folder / first, target)
        xml = target / "machine.xml"
        text = xml.read_text().replace(first, ident).replace("bench0000", f"bench{i:04}")
        xml.write_text(re.sub(r"<mac address='[^']*'/>", "", text))


class Libvirt:
    """Use in ns.enter()'s namespace, after ns.System()."""

    def __init__(self, environ):
        for folder in ("/var/log/libvirt", "/var/cache/libvirt"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            ns._mount("tmpfs", folder, "tmpfs", "mode=755")
            tap.cleanup(subprocess.run, ["umount", "-l", folder], check=False)
        for folder in ("/run/libvirt", "/var/log/libvirt/qemu"):
            Path(folder).mkdir(parents=True, exist_ok=True)
        Path("/etc/libvirt/qemu.conf").write_text(QEMU_CONF)
        Path("/etc/libvirt/bench.conf").write_text(LIBVIRTD_CONF)
        self.environ = environ
        self.daemons = []
        self._start("/usr/sbin/virtlogd", "--pid-file", "/run/virtlogd.pid")
        self._libvirtd()
        tap.cleanup(self.close)
        import libvirt

        libvirt.registerErrorHandler(lambda *_: None, None)

        def connect():
            try:
                return libvirt.open("qemu:///system")
            except libvirt.libvirtError:
                return None

        self._connect = connect
        self.connection = tap.wait_for(connect, 30, "libvirtd", 0.1)

    def restart(self, ask):
        """Kills libvirtd and starts another; answers the seconds from its start until ask() is done."""
        self.connection.close()
        for pid in proc.descendants(self.daemons[-1].pid):
            os.kill(pid, 9)
        self.daemons.pop().wait(10)
        begin = measure.now()
        self._libvirtd()
        self.connection = tap.wait_for(self._connect, 30, "libvirtd", 0.001)
        ask()
        return measure.now() - begin

    def _libvirtd(self):
        self._start("/usr/sbin/libvirtd", "-f", "/etc/libvirt/bench.conf", "-p", "/run/libvirtd.pid")

    def _start(self, *argv):
        log = f"/run/{os.path.basename(argv[0])}.log"
        self.daemons.append(proc.Process(["/usr/bin/python3", "-c", REAPER, *argv], env=self.environ,
                                         log=log))

    def pids(self):
        return [p for d in self.daemons for p in proc.descendants(d.pid)]

    def define(self, xml):
        return self.connection.defineXML(xml)

    def close(self):
        for machine in self.connection.listAllDomains():
            if machine.isActive():
                machine.destroy()
            machine.undefine()
        self.connection.close()
        for pid in self.pids():
            try:
                os.kill(pid, 15)
            except ProcessLookupError:
                pass
        for daemon in self.daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()


class Qmp:
    def __init__(self, connection):
        self.file = connection.makefile("rwb")
        self.greeting = self.read()

    def read(self):
        line = self.file.readline()
        if not line:
            raise AssertionError("QEMU closed its monitor")
        return json.loads(line)

    def call(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self.file.flush()
        while True:
            message = self.read()
            if "error" in message:
                raise AssertionError(f"{command}: {message['error']}")
            if "return" in message:
                return message["return"]


class BareQemu:
    """What a running machine's QEMU was started with, to be started again without anything around
    it. Files are opened as it has them; each socket becomes one end of a pair, or listens."""

    def __init__(self, pid):
        self.argv = [a.decode() for a in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]]
        self.argv[0] = os.readlink(f"/proc/{pid}/exe")
        self.files = self._disk_files(pid)
        numbers = {int(n) for a in self.argv for n in re.findall(r"\bfd=(\d+)", a)}
        for number in sorted(numbers - set(self.files)):
            link = os.readlink(f"/proc/{pid}/fd/{number}")
            info = Path(f"/proc/{pid}/fdinfo/{number}").read_text()
            flags = int(re.search(r"flags:\s*(\d+)", info).group(1), 8)
            self.files[number] = (link, flags & os.O_ACCMODE)
        self.monitor = self._monitor_fd()
        self.listening = {int(n) for a in self.argv for n in re.findall(r"\bfd=(\d+),server=on", a)}

    @staticmethod
    def _listener():
        """A socket that is connected, and the one that listens for it, at a name without a file."""
        theirs = socket.socket(socket.AF_UNIX)
        theirs.bind("")
        theirs.listen(1)
        mine = socket.socket(socket.AF_UNIX)
        mine.connect(theirs.getsockname())
        return mine, theirs

    def _disk_files(self, pid):
        """QEMU duplicates what -add-fd gives it and closes the numbers of its command line; the machine
        of the benchmark has one disk, and each set holds it read-only first, then to be written."""
        links = {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()}
        disk, = (link for link in links if "/disks/" in link)
        files, sets = {}, set()
        for option, value in zip(self.argv, self.argv[1:]):
            if option == "-add-fd":
                number, fdset = re.match(r"fd=(\d+),set=(\d+)", value).groups()
                files[int(number)] = (disk, os.O_RDWR if fdset in sets else os.O_RDONLY)
                sets.add(fdset)
        return files

    def _monitor_fd(self):
        """The fd of the first monitor's character device."""
        chardev = next(a for o, a in zip(self.argv, self.argv[1:]) if o == "-mon")
        name = re.search(r"chardev=([^,]+)", chardev).group(1)
        for option, value in zip(self.argv, self.argv[1:]):
            if option == "-chardev" and re.search(rf"\bid={re.escape(name)}(,|$)", value):
                return int(re.search(r"\bfd=(\d+)", value).group(1))
        raise AssertionError(f"no chardev {name} with an fd")

    def start(self):
        """Answers the seconds until it runs."""
        given, ours, monitor = {}, [], None
        for number, (link, access) in self.files.items():
            if link.startswith("/"):
                given[number] = os.open(link, access | os.O_CLOEXEC)
                continue
            if number in self.listening:
                mine, theirs = self._listener()
            else:
                mine, theirs = socket.socketpair()
            given[number] = theirs.detach()
            ours.append(mine)
            if number == self.monitor:
                monitor = mine
        argv = [re.sub(r"\bfd=(\d+)", lambda m: f"fd={given[int(m.group(1))]}", a) for a in self.argv]
        start = measure.now()
        process = subprocess.Popen(argv, pass_fds=given.values(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for fd in given.values():
            os.close(fd)
        try:
            qmp = Qmp(monitor)
            qmp.call("qmp_capabilities")
            qmp.call("cont")
            return measure.now() - start
        except AssertionError as e:
            process.kill()
            raise AssertionError(f"{e}: {process.stderr.read().decode()} {argv}") from e
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            for mine in ours:
                mine.close()


def need():
    """Skips the benchmark where the peers are not installed."""
    try:
        import libvirt  # noqa: F401

        if Path("/usr/sbin/libvirtd").exists() and Path("/usr/bin/virt-manager").exists():
            return
    except ImportError:
        pass
    print("1..0 # SKIP libvirt and virt-manager are missing: run tests/bench/setup")
    sys.exit(0)
