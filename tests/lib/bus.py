# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private session: its own home, runtime folder and session bus, and the helper on it."""

import contextlib
import os
import shutil
import subprocess

from gi.repository import Gio, GLib

from . import env, proc, tap

# Of a bus that the test, which is root, looks at as well as the user whose it is.
SHARED_BUS = """<busconfig><include>/usr/share/dbus-1/session.conf</include>
<policy context="mandatory"><allow user="*"/></policy></busconfig>"""
NAME = "org.innkeeper.Helper1"
ROOT = "/org/innkeeper/Helper1"
MANAGER = ROOT + "/Manager"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Session:
    """Use: s = Session(); tap.cleanup(s.close); helper = s.start_helper(). With a @user all of it is
    that user's; see ns.UserSession."""

    def __init__(self, user=None):
        self.dir = env.TempDir()
        self.path = self.dir.path
        self.user = user
        self.helper = None
        self._processes = []
        self.environ = {
            k: v
            for k, v in os.environ.items()
            if k not in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_SESSION_ID")
        }
        self.environ.update(GSETTINGS_BACKEND="memory", LANG="C.UTF-8", LC_ALL="C.UTF-8", TZ="UTC")
        for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
                     "XDG_STATE_HOME"):
            folder = self.path / name.removeprefix("XDG_").lower()
            folder.mkdir(mode=0o700)
            self.environ[name] = str(folder)
            self.give(folder)
        self.address = f"unix:path={self.environ['XDG_RUNTIME_DIR']}/bus"
        self.environ["DBUS_SESSION_BUS_ADDRESS"] = self.address
        (self.path / "bus.conf").write_text(SHARED_BUS)
        self.start_bus()

    def start_bus(self):
        """Also after it was killed."""
        socket = self.path / "runtime_dir" / "bus"
        socket.unlink(missing_ok=True)
        config = f"--config-file={self.path / 'bus.conf'}" if self.user else "--session"
        self.bus = self.spawn(["dbus-daemon", config, "--nofork", "--nopidfile", f"--address={self.address}"])
        # The socket is there a moment before anybody listens.
        self.connection = tap.wait_for(self.connect, 10, "the session bus", 0.01)
        self.helper_bus = self.connection

    def give(self, path):
        """The file or folder is the user's then."""
        if self.user:
            shutil.chown(path, self.user, self.user)
        return path

    def connect(self):
        """A connection of its own: another caller to the helper."""
        flags = Gio.DBusConnectionFlags
        return Gio.DBusConnection.new_for_address_sync(
            self.address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None
        )

    def spawn(self, argv, name=None, extra_env=None, **kwargs):
        name = name or os.path.basename(str(argv[0]))
        log = self.path / f"{name}-{len(self._processes)}.log"
        if self.user:
            argv = [*proc.as_user(self.user), *argv]
        process = proc.Process(argv, env={**self.environ, **(extra_env or {})}, log=log, name=name,
                               **kwargs)
        self._processes.append(process)
        return process

    def start_helper(self, *args, timeout=20, **kwargs):
        """The helper of the build folder; ready when it owns its name."""
        if self.helper and not self.helper.running():
            # The bus may still take the dead one for the owner, and hand calls to it.
            tap.wait_for(lambda: not has_owner(self.helper_bus, NAME), 10, "the name's release", 0.01)
        self.helper = self.spawn([env.HELPER, "--session", *args], name="vmm-helper", **kwargs)
        self.wait_for_helper(timeout)
        return self.helper

    def wait_for_helper(self, timeout=20):
        def owned():
            if self.helper and not self.helper.running():
                raise AssertionError(f"the helper ended at once:\n{self.helper.output()}")
            return has_owner(self.helper_bus, NAME)

        tap.wait_for(owned, timeout, "the helper's name on the bus", 0.02)

    def call(self, path, interface, method, args=None, fds=None, timeout=60, connection=None):
        """Calls the helper: @args is a GLib.Variant tuple. Answers the unpacked tuple."""
        return call(connection or self.helper_bus, path, interface, method, args, fds, timeout)[0]

    def get(self, path, interface, name):
        return self.call(path, PROPERTIES, "Get", GLib.Variant("(ss)", (interface, name)))[0]

    def machines(self):
        """{path: {interface: {property: value}}} of the machines there are."""
        objects = self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        return {p: i for p, i in objects.items() if "/machines/" in p}

    def print_logs(self):
        for process in self._processes:
            text = process.output()
            if text and process.name != "dbus-daemon":
                tap.diag(f"--- {process.name}\n{text[-4000:]}")

    def close(self):
        """Ends all, guests too; fails when a sanitizer reported something."""
        errors = []
        with contextlib.suppress(GLib.Error):  # a bus that has ended needs no goodbye
            self.connection.close_sync(None)
        for process in reversed(self._processes):
            try:
                process.stop()
            except AssertionError as e:
                errors.append(str(e))
        for pid in proc.find("qemu"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.dir.remove()
        if errors:
            raise AssertionError("\n".join(errors))


def call(connection, path, interface, method, args=None, fds=None, timeout=60, name=NAME):
    """One call that may carry fds. Answers (unpacked tuple, list of fds)."""
    # The list takes its fds over; the caller keeps its own.
    fd_list = Gio.UnixFDList.new_from_array([os.dup(fd) for fd in fds]) if fds else None
    reply, out = connection.call_with_unix_fd_list_sync(
        name, path, interface, method, args, None,
        Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION, timeout * 1000, fd_list, None
    )
    return reply.unpack(), out.steal_fds() if out else []


def has_owner(connection, name):
    reply = connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                 "NameHasOwner", GLib.Variant("(s)", (name,)), None,
                                 Gio.DBusCallFlags.NONE, 5000, None)
    return reply.unpack()[0]


def error_name(error):
    """The D-Bus name of a GLib.Error: "org.innkeeper.Error.NotFound"."""
    return Gio.DBusError.get_remote_error(error)


def refuses(function, name):
    """Fails unless function() is refused with that error name; answers the error's text."""
    try:
        function()
    except GLib.Error as e:
        tap.equal(error_name(e), name, f"error ({e.message})")
        return e.message
    raise AssertionError("the call was not refused")


def run(argv, **kwargs):
    """A program to its end; fails with its output when it does not succeed."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, **kwargs)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
