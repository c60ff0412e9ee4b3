# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A system of the test's own: real system bus, real polkitd, users; the host stays untouched.

enter() starts the test again in a mount and pid namespace of its own, where /etc, /var/lib and the
places of D-Bus and polkit are overlays and /run is empty. When the test ends, however it ends, the
pid namespace takes every process along and the overlays vanish. With network=True it has a network
of its own too, with nothing but a loopback."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gi.repository import Gio

from . import bus, env, proc, tap

USER, ADMIN, OTHER, PASSWORD = "vmuser", "vmadmin", "vmother", "rootpw"
OVERLAYS = ("/etc", "/usr/share/polkit-1", "/usr/share/dbus-1", "/var/lib")
STATE = "/var/lib/innkeeper"


def enter(network=False):
    """Call first in the test's script. Skips the whole test where there is no root."""
    if os.environ.get("INN_TEST_NAMESPACE") == "1":
        os.environ.pop("DBUS_SYSTEM_BUS_ADDRESS", None)
        os.environ.pop("INN_TEST_NAMESPACE")
        if network:
            _mount("sysfs", "/sys", "sysfs", "ro")
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    command = ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--propagation", "private"]
    if network:
        command.append("-n")
    keep = [f"{k}={v}" for k, v in os.environ.items()
            if k.startswith(("INN_", "ASAN", "LSAN", "UBSAN", "G_", "PYTHON", "PATH"))]
    prefix = []
    if os.geteuid() != 0:
        if subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode != 0:
            print("1..0 # SKIP needs root or sudo for a namespace with its own system bus")
            sys.exit(0)
        prefix = ["sudo", "-n"]
    argv = [*prefix, *command, "env", "INN_TEST_NAMESPACE=1", *keep, "/usr/bin/python3", *sys.argv]
    sys.stdout.flush()
    os.execvp(argv[0], argv)


class System:
    """The system inside: call once after enter(). @policies, @bus_configs: files to install;
    @services: {name: command} that the bus starts as root."""

    def __init__(self, policies=(), bus_configs=(), services=None, rules=None):
        self.dir = Path(tempfile.mkdtemp(prefix="inn-ns-"))
        _mount("tmpfs", self.dir, "tmpfs", "mode=755")
        for place in OVERLAYS:
            self._overlay(place)
        _mount("tmpfs", "/run", "tmpfs", "mode=755")
        Path("/run/dbus").mkdir()
        # Guests' disks want a real file system, not memory: O_DIRECT.
        self.state = Path(tempfile.mkdtemp(prefix="inn-state-", dir=env.cache_dir()))
        self.state.chmod(0o755)
        Path(STATE).mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", self.state, STATE], check=True)
        tap.cleanup(self._close)
        for user in (USER, ADMIN, OTHER):
            subprocess.run(["useradd", "-m", "-d", f"{self.dir}/home-{user}", user], check=True,
                           capture_output=True)
        subprocess.run(["chpasswd"], input=f"{ADMIN}:{PASSWORD}\n", text=True, check=True)
        for file in policies:
            _install(file, "/usr/share/polkit-1/actions")
        for file in bus_configs:
            _install(file, "/usr/share/dbus-1/system.d")
        for name, command in (services or {}).items():
            Path(f"/usr/share/dbus-1/system-services/{name}.service").write_text(
                f"[D-BUS Service]\nName={name}\nExec={command}\nUser=root\n")
        if not os.environ.get("INN_BENCH"):  # it is slower so
            _keep_polkitd_alive()
        Path("/etc/polkit-1/rules.d").mkdir(parents=True, exist_ok=True)
        Path("/etc/polkit-1/rules.d/00-test.rules").write_text(
            'polkit.addAdminRule(function(a, s) { return ["unix-user:%s"]; });\n' % ADMIN + (rules or ""))
        self.log = self.dir / "dbus.log"
        self.start_bus()

    def start_bus(self):
        """Also after it was killed. What it starts says what it has to say in its log."""
        Path("/run/dbus/system_bus_socket").unlink(missing_ok=True)
        self.bus = proc.Process(["dbus-daemon", "--system", "--nofork", "--nopidfile", "--nosyslog"],
                                log=self.log)
        tap.wait_for(lambda: connect().close_sync(None), 10, "the system bus", 0.01)

    def _overlay(self, place):
        upper, work = self.dir / ("u" + place), self.dir / ("w" + place)
        upper.mkdir(parents=True)
        work.mkdir(parents=True)
        _mount("overlay", place, "overlay", f"lowerdir={place},upperdir={upper},workdir={work}")

    def _close(self):
        for left in proc.end_descendants():
            tap.diag(f"ended with the system: {left}")
        subprocess.run(["umount", "-l", STATE], check=True)
        shutil.rmtree(self.state, ignore_errors=True)
        subprocess.run(["umount", "-l", *OVERLAYS, self.dir], check=True)
        self.dir.rmdir()


def as_user(user, argv, **kwargs):
    """Popen of @argv as an unprivileged user."""
    return subprocess.Popen([*proc.as_user(user), *map(str, argv)], **kwargs)


def connect(user="root"):
    """The system bus, which takes us for who we are while we connect. To polkit root may do all."""
    flags = Gio.DBusConnectionFlags
    os.seteuid(pwd.getpwnam(user).pw_uid)
    try:
        return Gio.DBusConnection.new_for_address_sync(
            "unix:path=/run/dbus/system_bus_socket",
            flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
    finally:
        os.seteuid(0)


class UserSession(bus.Session):
    """The desktop of an unprivileged @user inside a System. The helper is the system's; what the test
    itself asks the helper it asks as that user."""

    def __init__(self, user=USER):
        super().__init__(user)
        self.helper_bus = connect(user)

    def start_helper(self, *args, timeout=20, **kwargs):
        """The system's helper, as our own child, so that what a sanitizer says of it is seen."""
        user, self.user = self.user, None
        try:
            self.helper = self.spawn([env.HELPER, "--system", *args], name="vmm-helper", **kwargs)
        finally:
            self.user = user
        self.wait_for_helper(timeout)
        return self.helper


def _mount(source, target, kind, options):
    subprocess.run(["mount", "-t", kind, "-o", options, source, str(target)], check=True)


def _keep_polkitd_alive():
    """Debian 12's polkitd (122, with GLib 2.74) hangs itself where a question is withdrawn, about once in 400 times: its
    main thread, in g_cancellable_cancel(), waits for the connection's lock, and GDBus's thread, which was woken by that and
    has the lock, waits in g_cancellable_disconnect() for the cancel to end. On one processor, and not interrupting each
    other, the two do not meet."""
    service = Path("/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service")
    text = service.read_text()
    service.write_text(text.replace("Exec=", "Exec=/usr/bin/taskset -c 0 /usr/bin/chrt --batch 0 "))


def _install(file, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    subprocess.run(["install", "-m644", str(file), folder], check=True)
