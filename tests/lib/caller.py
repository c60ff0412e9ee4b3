# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An unprivileged program that calls the helper on the system bus, driven by a test over pipes.

As a script it is that program: a process of its own, because polkit asks who the caller's process
is. As a module it is the test's end: Caller starts one as a user."""

import json
import os
import subprocess
import sys
import threading
import time

ROOT = "/org/innkeeper/Helper1"
NAME = "org.innkeeper.Helper1"


class Caller:
    def __init__(self, user):
        from . import ns

        self.process = ns.as_user(user, ["/usr/bin/python3", "-B", os.path.abspath(__file__)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self._answers = {}
        self._ready = threading.Condition()
        self._number = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self._ready:
                self._answers[answer["id"]] = answer
                self._ready.notify_all()

    def send(self, path, interface, method, args="()", interactive=False, connection=0, files=(), to=NAME):
        """Begins a call to the bus name @to; @args as GVariant text; @files are opened for reading by the caller, and kept
        open. Answers its number."""
        self._number += 1
        self.process.stdin.write(json.dumps({
            "id": self._number, "path": path, "interface": interface, "method": method, "args": args,
            "interactive": interactive, "connection": connection, "files": [str(f) for f in files],
            "to": to}) + "\n")
        self.process.stdin.flush()
        return self._number

    def answered(self, number):
        with self._ready:
            return number in self._answers

    def result(self, number, timeout=30):
        """{"value": text} or {"error": name, "message": …}, and "seconds"."""
        with self._ready:
            if not self._ready.wait_for(lambda: number in self._answers, timeout):
                raise AssertionError(f"no answer to call {number} within {timeout} s")
            return self._answers[number]

    def call(self, *args, **kwargs):
        return self.result(self.send(*args, **kwargs))

    def owned(self):
        """Whether a helper has its name. Asking so starts none: a call to the helper itself would."""
        return "true" in self.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", f"('{NAME}',)",
                                   to="org.freedesktop.DBus")["value"]

    def signals(self):
        """[signal, path] of what the connection 0 was told, since it was asked last."""
        return self.call("", "", "signals")["value"]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()


def _main():
    from gi.repository import Gio, GLib

    loop = GLib.MainLoop()
    connections, seen, kept = {}, [], []

    def connect(number):
        if number not in connections:
            flags = Gio.DBusConnectionFlags
            connections[number] = Gio.DBusConnection.new_for_address_sync(
                "unix:path=/run/dbus/system_bus_socket",
                flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
            if number == 0:
                connections[0].signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE,
                                                on_signal)
        return connections[number]

    def on_signal(_connection, _sender, path, interface, signal, parameters):
        if path.startswith(ROOT):  # polkit and the bus send signals, too
            seen.append([signal, parameters.unpack()[0] if path == ROOT else path])

    def answer(number, started, **kwargs):
        print(json.dumps({"id": number, "seconds": time.monotonic() - started, **kwargs}), flush=True)

    def on_ready(connection, result, request, started):
        try:
            value = connection.call_with_unix_fd_list_finish(result)[0].print_(True)
            answer(request["id"], started, value=value)
        except GLib.Error as e:
            name = Gio.DBusError.get_remote_error(e)
            message = e.message.removeprefix(f"GDBus.Error:{name}: ")
            answer(request["id"], started, error=name, message=message)

    def on_request(request):
        started = time.monotonic()
        if request["method"] == "signals":
            answer(request["id"], started, value=list(seen))
            seen.clear()
            return False
        flags = Gio.DBusCallFlags
        files = [os.open(f, os.O_RDONLY | os.O_CLOEXEC) for f in request["files"]]
        fds = Gio.UnixFDList.new_from_array(files) if files else None
        kept.append(fds)  # to close a file of a file system that hangs would hang us, too
        connect(request["connection"]).call_with_unix_fd_list(
            request["to"], request["path"], request["interface"], request["method"],
            GLib.Variant.parse(None, request["args"], None, None), None,
            flags.ALLOW_INTERACTIVE_AUTHORIZATION if request["interactive"] else flags.NONE,
            GLib.MAXINT32, fds, None, on_ready, request, started)
        return False

    def read_requests():
        for line in sys.stdin:
            GLib.idle_add(on_request, json.loads(line))
        GLib.idle_add(loop.quit)

    threading.Thread(target=read_requests, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    _main()
