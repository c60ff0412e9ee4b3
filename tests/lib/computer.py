# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole computer of the test's own: Debian with systemd, a real bus and polkitd, and Innkeeper
installed, in QEMU under TCG. Its disk outlives its power: it may be cut at any moment, and what the
disk has acknowledged is there at the next boot.

    computer = Computer(); tap.cleanup(computer.close); computer.boot()
    computer.run("systemctl is-active dbus")

The system is made once, in the build folder, with debootstrap (the host's own Debian, so that what was
built here runs there); nothing is ever mounted. Needs root."""

import base64
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from . import bus, domain, env, guest, proc, qmp, tap

USER, OTHER = "vmuser", "vmother"
PACKAGES = ("systemd", "systemd-sysv", "dbus", "dbus-user-session", "polkitd", "libpam-systemd", "udev", "kmod",
            "iproute2", "procps", "passwd", "util-linux", "python3", "python3-gi", "libglib2.0-bin", "libxml2", "libjson-glib-1.0-0",
            "libosinfo-1.0-0", "libpolkit-gobject-1-0", "osinfo-db", "bubblewrap", "passt", "qemu-system-x86",
            "qemu-utils", "ovmf", "libusbredirhost1", "libegl1", "libegl-mesa0", "libgl1-mesa-dri", "libgbm1")
# What draws in 3D, of packages that want the whole of GTK and X beside it.
DRAWING = {"qemu-system-gui": "qemu/hw-display-virtio-gpu-gl.so", "libvirglrenderer1": "libvirglrenderer.so.*",
           "libva2": "libva.so.*", "libva-drm2": "libva-drm.so.*", "libvulkan1": "libvulkan.so.*", "libopengl0": "libOpenGL.so.*"}
BOOT_MODULES = ("virtio_pci", "virtio_blk", "ext4")
MODULES = ("virtio_console", "virtio_net", "tun", "bridge", "kvm-amd", "fuse", "button", "evdev", "macvtap", "veth", "ifb",
           "sch_tbf", "sch_ingress", "cls_u32", "act_mirred", "virtio_scsi", "sd_mod", "sr_mod", "sg", "vfio-pci",
           "vfio_iommu_type1", "mdev", "e1000e", "vhost_vsock", "virtio-gpu", "vgem", "xhci-pci", "usb-storage")
BOOT_INIT = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in $(cat /lib/order); do insmod /lib/$m || echo INSMOD-FAIL $m; done
mount -t ext4 /dev/vda /tmp
mount -o move /dev /tmp/dev; umount /sys; umount /proc
exec switch_root /tmp /sbin/init
"""
PORTS = ("root", "desk")
AGENT = """[Unit]
Description=The test's hands
DefaultDependencies=no
After=basic.target
[Service]
ExecStart=/usr/bin/python3 -B /opt/agent.py /dev/virtio-ports/root
StandardError=journal
"""
# A person at the computer: a session of logind's on the first console, active on seat0.
DESK = """[Unit]
Description=A person at the desk
After=systemd-user-sessions.service systemd-logind.service dbus.service
[Service]
ExecStartPre=+/bin/chown {user} /dev/virtio-ports/desk
ExecStart=/usr/bin/python3 -B /opt/agent.py /dev/virtio-ports/desk
User={user}
PAMName=login
TTYPath=/dev/tty1
StandardInput=tty
StandardOutput=journal
UtmpIdentifier=tty1
UtmpMode=user
"""
RULE = """
polkit.addRule(function(action, subject) {
  if (action.id == "org.innkeeper.helper.edit" && subject.user == "%s") return polkit.Result.YES;
});
"""


def _run(*argv, **kwargs):
    done = subprocess.run(list(map(str, argv)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, **kwargs)
    if done.returncode:
        raise AssertionError(f"{argv[0]}: exit {done.returncode}\n{done.stdout[-6000:]}")
    return done.stdout


def _debian():
    """The root folder of a small Debian, made once."""
    root = env.cache_dir() / "computer-root"
    complete, wanted = root / "opt/complete", "\n".join((*PACKAGES, *DRAWING))
    if not complete.exists() or complete.read_text() != wanted:
        shutil.rmtree(root, ignore_errors=True)
        release = Path("/etc/os-release").read_text()
        suite = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)["VERSION_CODENAME"]
        targets = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
        mirrors = [line for line in targets.splitlines() if "debian" in line and "security" not in line]
        _run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, root,
             *(mirrors[:1] or ["http://deb.debian.org/debian"]))
        for file in (root / "var/cache/apt/archives").glob("*.deb"):
            file.unlink()
        _add_drawing(root)
        complete.write_text(wanted)
    return root


def _add_drawing(root):
    debs = env.TempDir("inn-debs-")
    debs.path.chmod(0o777)  # apt's user writes there
    _run("apt-get", "-q", "download", *DRAWING, cwd=debs.path)
    for package, files in DRAWING.items():
        (deb,) = debs.path.glob(f"{package}_*.deb")
        listed = _run("sh", "-c", f"dpkg-deb --fsys-tarfile {deb} | tar -x -C '{root}' --wildcards './usr/lib/*/{files}'")
        tap.equal(listed, "", f"what tar says of {package}")
    debs.remove()


def _build():
    """Innkeeper as a distribution builds it, installed into a folder."""
    build, place = env.cache_dir() / "computer-build", env.cache_dir() / "computer-dest"
    shutil.rmtree(place, ignore_errors=True)
    again = ["--reconfigure"] if (build / "build.ninja").exists() else []
    _run("meson", "setup", *again, "--prefix=/usr", "-Dbuildtype=debugoptimized", "-Dtests=false", build, env.SOURCE)
    _run("ninja", "-C", build)
    _run("meson", "install", "-C", build, "--no-rebuild", env={**os.environ, "DESTDIR": str(place)})
    return place


def _furnish(root):
    """What makes the Debian in @root the test's computer; may be done again."""
    _, release = guest.kernel()
    for module in MODULES:
        for line in _run("/sbin/modprobe", "-S", release, "--show-depends", module).splitlines():
            if line.startswith("insmod"):
                source = Path(os.path.realpath(line.split()[1]))
                target = root / "lib/modules" / release / source.relative_to(
                    os.path.realpath(f"/lib/modules/{release}"))
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    for name in ("modules.builtin", "modules.order", "modules.builtin.modinfo"):
        shutil.copy(f"/lib/modules/{release}/{name}", root / "lib/modules" / release)
    _run("depmod", "-b", root, release)
    shutil.copy(Path(__file__).with_name("computer_agent.py"), root / "opt/agent.py")
    units = root / "etc/systemd/system"
    (units / "agent.service").write_text(AGENT)
    (units / "desk.service").write_text(DESK.format(user=USER))
    for unit in ("agent", "desk"):
        _link(f"../{unit}.service", units / f"multi-user.target.wants/{unit}.service")
    for unit in ("getty@tty1.service", "serial-getty@ttyS0.service", "apt-daily.timer", "apt-daily-upgrade.timer",
                 "systemd-networkd-wait-online.service"):
        _link("/dev/null", units / unit)
    (root / "etc/modules-load.d/test.conf").write_text("virtio_console\ntun\nbutton\nkvm_amd\n")
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
    (root / "etc/hostname").write_text("computer\n")
    (root / "etc/polkit-1/rules.d/50-test.rules").write_text(RULE % USER)
    (root / "var/log/journal").mkdir(exist_ok=True)
    for user in (USER, OTHER):
        if f"\n{user}:" not in (root / "etc/passwd").read_text():
            _run("useradd", "--root", root, "-m", user)


def _link(target, place):
    place.parent.mkdir(exist_ok=True)
    if not place.is_symlink():
        place.symlink_to(target)


def image():
    """The disk of a computer that was never turned on, with the Innkeeper of this tree."""
    path = env.cache_dir() / "computer.raw"
    with open(env.cache_dir() / "computer.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = _debian()
        shutil.copytree(_build(), root, symlinks=True, dirs_exist_ok=True)
        _furnish(root)
        path.unlink(missing_ok=True)
        _run("mkfs.ext4", "-q", "-F", "-d", root, "-E", "lazy_itable_init=1,lazy_journal_init=1", path, "4G")
    return path


class Computer:
    """A disk of its own over image(), or the @disk, a powerdisk.Disk, which loses what was not flushed when
    the power is cut; and the power switch. @lines: names of more virtio ports; lines[name] is their socket.
    @devices: more of QEMU's arguments; @words: more of the kernel's."""

    def __init__(self, disk=None, memory=1536, cpus=2, lines=(), devices=(), words=""):
        self.dir = env.TempDir("inn-computer-")
        self.memory, self.cpus = memory, cpus
        self.power_disk, self._line_names, self.lines = disk, lines, {}
        self._devices, self._words = devices, words
        self.qemu = None
        self._number = 0
        self._answers = {}
        self._ready = threading.Condition()
        if not disk:
            self._file = self.dir.path / "disk.qcow2"
            _run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image(), self._file)

    def boot(self, timeout=180, wait=True):
        """Turns it on; answers how many seconds it took until somebody could log in."""
        begin = time.monotonic()
        kernel, _ = guest.packed_kernel()  # an unpacked one finds no security chip
        initrd = guest.initramfs_of("computer", BOOT_MODULES, BOOT_INIT)
        self._ports, far = {}, []
        argv = ["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", self.memory,
                "-smp", self.cpus, "-no-reboot", "-vga", "std", *self._drive(),
                # The first disk is /dev/vda.
                "-device", "virtio-blk-pci,drive=disk,write-cache=on", *self._devices, "-kernel", kernel, "-initrd", initrd, "-append",
                "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 systemd.log_color=0 panic=-1 " + self._words,
                "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
                "-chardev", f"file,id=line,path={self.dir.path}/console,append=on", "-serial", "chardev:line"]
        for name in (*PORTS, *self._line_names):
            ours, theirs = socket.socketpair()
            far.append(theirs)
            (self._ports if name in PORTS else self.lines)[name] = ours
            argv += ["-chardev", f"socket,id={name},fd={theirs.fileno()},server=off",
                     "-device", f"virtserialport,chardev={name},name={name}"]
        self.qemu = qmp.Qemu([str(a) for a in argv], pass_fds=[f.fileno() for f in far])
        for one in far:
            one.close()
        self._up = set()
        for name, port in self._ports.items():
            threading.Thread(target=self._listen, args=(name, port), daemon=True).start()
        for name in PORTS if wait else ():
            self._wait(lambda: name in self._up, timeout, f"the computer's agent “{name}”")
        return time.monotonic() - begin

    def _drive(self):
        if self.power_disk:
            return self.power_disk.options("disk")
        # a flush reaches the host's file, and nothing else is promised
        return ["-drive", f"file={self._file},if=none,id=disk,format=qcow2,cache=writeback,discard=unmap"]

    def _listen(self, name, port):
        buffer = b""
        while True:
            try:
                data = port.recv(1 << 16)
            except OSError:
                data = b""
            *lines, buffer = (buffer + data).split(b"\n")
            with self._ready:
                for line in lines:
                    answer = json.loads(line)
                    if answer["id"] == 0:
                        self._up.add(name)
                    self._answers[answer["id"]] = answer
                if not data:
                    self._up.discard(name)
                self._ready.notify_all()
            if not data:
                return

    def _wait(self, condition, timeout, what):
        with self._ready:
            if not self._ready.wait_for(condition, timeout):
                raise AssertionError(f"waited {timeout} s for {what}; the console's end:\n{self.console()[-3000:]}")

    def ask(self, argv, port="root", stdin=b"", timeout=60):
        """Runs a program; answers (exit status, output, errors)."""
        self._number += 1
        number = self._number
        order = {"id": number, "argv": list(map(str, argv)), "timeout": timeout,
                 "stdin": base64.b64encode(stdin).decode()}
        self._ports[port].sendall(json.dumps(order).encode() + b"\n")
        self._wait(lambda: number in self._answers or port not in self._up, timeout + 30, f"the end of {argv}")
        if number not in self._answers:
            raise AssertionError(f"the computer has ended before {argv}")
        answer = self._answers.pop(number)
        return (answer["code"], *(base64.b64decode(answer[k]).decode(errors="replace") for k in ("out", "err")))

    def run(self, command, user=None, check=True, timeout=60, **kwargs):
        """Runs a line of shell as root, or as @user without a session; answers what it printed."""
        before = proc.as_user(user) if user else []
        code, out, err = self.ask([*before, "sh", "-c", command], timeout=timeout, **kwargs)
        if check and code != 0:
            raise AssertionError(f"{command}: exit {code}\n{out}{err}")
        return out.strip() if check else (out + err).strip()

    def write(self, path, data, mode=0o644, owner="root"):
        self.ask(["sh", "-c", 'cat >"$1" && chmod "$2" "$1" && chown "$3" "$1"', "-", path, f"{mode:o}", owner],
                 stdin=data)

    def unpack(self, name, source, path, mode=0o644, owner="root"):
        """What carries() has brought along: a large file goes by a line slowly."""
        self.run(f"head -c {Path(source).stat().st_size} /dev/disk/by-id/virtio-{name} >{path} && "
                 f"chmod {mode:o} {path} && chown {owner} {path}")

    def read(self, path):
        return base64.b64decode(self.run(f"base64 '{path}'"))

    def console(self):
        path = self.dir.path / "console"
        return path.read_text(errors="replace") if path.exists() else ""

    def power_off(self, timeout=300):
        """Turns it off as a person does; answers how many seconds it took."""
        begin = time.monotonic()
        self.ask(["systemctl", "poweroff", "--no-block"])
        try:
            self.qemu.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not off within {timeout} s:\n{self.console()[-4000:]}") from None
        self._off()
        return time.monotonic() - begin

    def cut_power(self, chance=None):
        """The computer ends at once. Of what a power disk was not told to flush it loses some, by @chance,
        a Random; any other keeps all that it was given."""
        self.qemu.process.kill()
        self._off()
        if chance:
            self.power_disk.cut(chance)

    def _off(self):
        self.qemu.kill()
        self.qemu = None
        for port in self._ports.values():
            port.close()
        # What was said on the other lines before the power went can still be heard.

    def close(self):
        if self.qemu:
            self.cut_power()
        self.dir.remove()


def print_console(computer):
    """For tap.on_failure()."""
    tap.diag(computer.console()[-3000:])


def carries(files):
    """More for a Computer, so that it can unpack() these {name: file}."""
    argv = []
    for name, source in files.items():
        argv += ["-drive", f"file={source},if=none,id=carry-{name},format=raw,read-only=on",
                 "-device", f"virtio-blk-pci,drive=carry-{name},serial={name}"]
    return argv


class Desk:
    """The person at the desk of a computer, and the machines she has."""

    def __init__(self, pc):
        self.pc = pc
        pc.write("/opt/line.py", Path(__file__).with_name("computer_line.py").read_bytes())

    def call(self, path, method, *args, interface=domain.MACHINE, check=True, timeout=60):
        code, out, err = self.pc.ask(["gdbus", "call", "--system", "--timeout", timeout, "-d", bus.NAME, "-o", path,
                                      "-m", f"{interface}.{method}", "--", *args], port="desk", timeout=timeout + 30)
        tap.true(code == 0 or not check, f"{method}: {err}")
        return (out if code == 0 else err).strip()

    def prop(self, path, name, interface=domain.MACHINE):
        return self.call(path, "Get", interface, name, interface=bus.PROPERTIES)

    def job(self, answer):
        """Waits for the job that @answer names; answers its state and error."""
        job = re.search(r"'(/org/innkeeper/Helper1/jobs/\d+)'", answer)[1]
        tap.wait_for(lambda: "running" not in self.prop(job, "State", domain.JOB), 120, "the job's end", 0.2)
        return self.prop(job, "State", domain.JOB) + self.prop(job, "ErrorMessage", domain.JOB)

    def create(self, definition):
        answer = self.call(bus.MANAGER, "Create", f'"{definition}"', "{}", interface=domain.MANAGER)
        said = self.job(answer)
        tap.true("done" in said, said)
        return re.search(r"'(/org/innkeeper/Helper1/machines/\w+)'", answer)[1]

    def start(self, path, wanted="done"):
        said = self.job(self.call(path, "Start", "{}"))
        tap.true(wanted in said, said)
        return said

    def change(self, path, pattern, text):
        """The definition with @pattern replaced; answers what Apply says."""
        program = ("import re, sys\nfrom gi.repository import Gio, GLib\nbus = Gio.bus_get_sync(Gio.BusType.SYSTEM)\n"
                   "path, pattern, text = sys.argv[1:]\n"
                   "def call(method, arguments):\n"
                   f"    return bus.call_sync('{bus.NAME}', path, '{domain.MACHINE}', method, arguments, None, 0, 60000, None)\n"
                   "xml, generation = call('GetXml', GLib.Variant('(a{sv})', ({},))).unpack()\n"
                   "xml, count = re.subn(pattern, text, xml, flags=re.S)\n"
                   "if count != 1: sys.exit(f'{count} times in {xml}')\n"
                   "changes = call('Apply', GLib.Variant('(sa{sv})', (xml, {'generation': GLib.Variant('t', generation)})))\n"
                   "import json\nprint(json.dumps(changes.unpack()[0]))\n")
        code, out, err = self.pc.ask(["python3", "-c", program, path, pattern, text], port="desk", timeout=90)
        tap.equal(code, 0, err)
        return {name: (when, sentence) for name, when, sentence in json.loads(out)}

    def line(self, path, line=None, timeout=60, check=True):
        """What the guest's shell says to a line; without one it is waited for."""
        code, out, err = self.pc.ask(["python3", "/opt/line.py", path, timeout, *([line] if line else [])],
                                     port="desk", timeout=timeout + 30)
        tap.true(not err and (code == 0 or not check), f"{line}: exit {code}\n{out}{err}")
        return out

    def uuid(self, path):
        return domain.uuid_of(path)
