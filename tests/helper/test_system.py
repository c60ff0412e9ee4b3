# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The private system works: a real system bus with a real polkitd that answers unprivileged callers."""

import subprocess

from lib import ns, tap

ns.enter()


@tap.case
def polkitd_answers():
    """polkitd is started by the bus and refuses an unprivileged caller without an agent"""
    system = ns.System()
    done = subprocess.run(["setpriv", "--reuid", ns.USER, "--regid", ns.USER, "--init-groups", "bash", "-c",
                           "pkcheck -a org.freedesktop.policykit.exec -p $$"], capture_output=True, text=True)
    tap.equal(done.returncode, 2, f"pkcheck ({done.stderr})")
    tap.true(system.bus.running(), "the bus ended")


tap.main()
