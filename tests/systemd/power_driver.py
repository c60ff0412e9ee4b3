# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs as root in test_power.py's computer: tells what the system's helper knows, then changes machines until
the power is cut."""

import os
import random
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from gi.repository import Gio  # noqa: E402

from lib import bus, promises  # noqa: E402

STORE, OUTSIDE = Path("/var/lib/innkeeper"), Path("/root/outside")


class System(bus.Session):
    """Root's connection to the system's helper."""

    def __init__(self):
        self.connection = self.helper_bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)


def main(line):
    order = line.ask(at="ready")
    session = System()
    OUTSIDE.mkdir(exist_ok=True)
    session.machines()  # the bus starts the helper
    order = line.ask(at="idle", seen=promises.look(session, STORE, OUTSIDE))
    driver = promises.Driver(session, STORE, OUTSIDE, random.Random(order["seed"]), line.ask)
    driver.adopt()
    while True:
        driver.step()


port = promises.Line(os.open("/dev/virtio-ports/driver", os.O_RDWR | os.O_CLOEXEC))
try:
    main(port)
except Exception:
    port.say(at="idle", error=traceback.format_exc())
