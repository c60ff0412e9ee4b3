# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system helper where everybody may everything, and its callers: users by a Caller, in GVariant
text; root as it were a session's user. Inside of ns.enter()."""

import os
import re

from . import bus, domain, env, ns, proc, tap

RULES = """
polkit.addRule(function(action, subject) {
  if (action.id.indexOf("org.innkeeper.helper.") == 0) return polkit.Result.YES;
});
"""


def make(rules=RULES, activated=True):
    """@activated: the bus starts the helper for who calls it."""
    return ns.System(policies=[env.BUILD / "data/system/org.innkeeper.helper.policy"],
                     bus_configs=[env.SOURCE / "data/system/org.innkeeper.Helper1.conf"],
                     services={bus.NAME: f"{env.HELPER} --system"} if activated else None, rules=rules)


class Root(bus.Session):
    """Root's connection to the system helper, or another @user's. Use as a bus.Session: vm.start(root, machine) …"""

    def __init__(self, system, user="root"):
        self.path = system.dir / user
        self.path.mkdir(exist_ok=True)
        self.user = self.helper = None
        self.environ = {"XDG_RUNTIME_DIR": "/run"}
        self.connection = self.helper_bus = ns.connect(user)

    def start_helper(self, *args, timeout=20, extra_env=None, **kwargs):
        self.helper = proc.Process([env.HELPER, "--system", *args], log=self.path / "helper.log",
                                   name="vmm-helper", env={**os.environ, **(extra_env or {})}, **kwargs)
        self.wait_for_helper(timeout)
        return self.helper

    def print_logs(self):
        tap.diag(self.helper.output()[-4000:])

    def close(self):
        self.connection.close_sync(None)
        if self.helper:
            self.helper.stop()


def quoted(text):
    """As GVariant's text format wants a string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def value(answer):
    tap.true("value" in answer, answer)
    return answer["value"]


def prop(one, path, interface, name):
    return value(one.call(path, bus.PROPERTIES, "Get", f"({quoted(interface)}, {quoted(name)})"))


def wait_job(one, job):
    tap.wait_for(lambda: "running" not in prop(one, job, domain.JOB, "State"), 30, "the job's end", 0.05)
    return prop(one, job, domain.JOB, "State") + prop(one, job, domain.JOB, "ErrorMessage")


def create(one, xml):
    made = value(one.call(bus.MANAGER, domain.MANAGER, "Create", f"({quoted(xml)}, @a{{sv}} {{}})"))
    machine, job = re.findall(r"'(/org[^']*)'", made)
    return machine, wait_job(one, job)


def start(one, machine):
    job = re.findall(r"'(/org[^']*)'", value(one.call(machine, domain.MACHINE, "Start", "(@a{sv} {},)")))[0]
    return wait_job(one, job)
