# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A polkit agent without a screen: an unprivileged program that answers the question for a password,
through the real setuid helper and PAM. Needs the bus at its real place (lib.ns).

As a script: agent.py PID PASSWORD, where PASSWORD may be "cancel" (the dialog is closed) or "wait"
(nobody answers). As a module: Agent starts one."""

import os
import pwd
import subprocess
import sys

HELPER = "/usr/lib/polkit-1/polkit-agent-helper-1"
AUTHORITY = ("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
             "org.freedesktop.PolicyKit1.Authority")
XML = """<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
<method name="BeginAuthentication"><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="a{ss}" direction="in"/><arg type="s" direction="in"/>
<arg type="a(sa{sv})" direction="in"/></method>
<method name="CancelAuthentication"><arg type="s" direction="in"/></method></interface></node>"""


class Agent:
    """@password for the administrator, "cancel" or "wait"; for the process @pid of @user."""

    def __init__(self, user, pid, password, log):
        from . import ns, tap

        self.log = log
        self.process = ns.as_user(user, ["/usr/bin/python3", "-B", os.path.abspath(__file__), pid, password],
                                  stdout=open(log, "w", encoding="utf-8"), stderr=subprocess.STDOUT)
        tap.wait_for(lambda: "registered" in self.output(), 10, "the agent")

    def output(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def asked(self):
        """Actions for which a password was asked."""
        return [line.split()[1] for line in self.output().splitlines() if line.startswith("asked ")]

    def close(self):
        self.process.kill()
        self.process.wait()


def _main():
    from gi.repository import Gio, GLib

    pid, password = int(sys.argv[1]), sys.argv[2]
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    waiting = []

    def begin(parameters, invocation):
        action, _message, _icon, _details, cookie, identities = parameters.unpack()
        print("asked", action, flush=True)
        if password == "cancel":
            invocation.return_dbus_error("org.freedesktop.PolicyKit1.Error.Cancelled", "closed")
        elif password == "wait":
            waiting.append(invocation)
        else:
            authenticate(cookie, pwd.getpwuid(identities[0][1]["uid"]).pw_name, invocation)

    def authenticate(cookie, user, invocation):
        helper = subprocess.Popen([HELPER, user], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  bufsize=1)
        helper.stdin.write(cookie + "\n")

        def on_line(_source, _condition):
            line = helper.stdout.readline().strip()
            if line.startswith("PAM_PROMPT_ECHO_O"):
                helper.stdin.write(password + "\n")
            elif line in ("SUCCESS", "FAILURE", ""):
                print("answer", line, flush=True)
                helper.wait()
                invocation.return_value(None)  # not before the helper is done
                return False
            return True

        GLib.io_add_watch(helper.stdout.fileno(), GLib.IOCondition.IN | GLib.IOCondition.HUP, on_line)

    def call(_connection, _sender, _path, _interface, method, parameters, invocation):
        if method == "BeginAuthentication":
            begin(parameters, invocation)
        else:
            print("cancelled", flush=True)
            invocation.return_value(None)
            while waiting:
                waiting.pop().return_dbus_error("org.freedesktop.PolicyKit1.Error.Cancelled", "gone")

    bus.register_object("/agent", Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], call, None, None)
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        start = int(f.read().rsplit(")", 1)[1].split()[19])
    subject = ("unix-process", {"pid": GLib.Variant("u", pid), "start-time": GLib.Variant("t", start),
                                "uid": GLib.Variant("i", os.getuid())})
    bus.call_sync(*AUTHORITY, "RegisterAuthenticationAgent",
                  GLib.Variant("((sa{sv})ss)", (subject, "en_US.UTF-8", "/agent")), None, 0, -1)
    print("registered", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    _main()
