# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are: the source tree, the build folder, and the programs under test."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

SOURCE = Path(os.environ.get("INN_SOURCE_DIR", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("INN_BUILD_DIR", SOURCE / "_build-tests"))

# tests/run valgrind: the helper and the C programs that a test starts run under memcheck.
VALGRIND = [SOURCE / "tests" / "valgrind" / "under"] if os.environ.get("INN_TEST_VALGRIND") else []
# Beside other tests (lib/runner.py) what is waited for may take longer.
SLOWER = 10 if VALGRIND else 3 if os.environ.get("INN_TEST_BESIDE") else 1
HELPER = SOURCE / "tests" / "valgrind" / "vmm-helper" if VALGRIND else BUILD / "vmm-helper" / "vmm-helper"
APP = BUILD / "src" / "app" / "innkeeper"

# Gives way to whoever has something to do: the kernel shares its processors between sessions first (autogroup), of which
# each test is one.
if os.environ.get("INN_TEST_IDLE"):
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def cache_dir():
    """Made things that several tests share (initramfs, ISO): inside the build folder only."""
    path = BUILD / "tests" / "cache"
    path.mkdir(parents=True, exist_ok=True)
    return path


def artifacts_dir(name):
    """Screenshots and logs of a test that someone may want to look at afterwards."""
    path = BUILD / "tests" / "artifacts" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


class TempDir:
    """A folder that everyone may walk through (the helper's QEMU has another uid) but not list."""

    def __init__(self, prefix="inn-test-"):
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self.path.chmod(0o711)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
