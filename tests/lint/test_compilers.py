# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything builds without a warning, with both compilers and as distributions build it."""

import os
import shutil
import subprocess

from lib import env, tap


def build(compiler, *options, cc=None):
    if not os.environ.get("INN_TEST_COMPILERS"):
        tap.skip("two whole builds; tests/run makes them, or set INN_TEST_COMPILERS=1")
    folder = env.cache_dir() / compiler
    setup = ["meson", "setup", "-Dwerror=true", *options, folder, env.SOURCE]
    if (folder / "build.ninja").exists():
        setup.insert(2, "--reconfigure")
    # meson takes ccache by itself only where no compiler is named.
    cc = str(cc) if cc else f"ccache {compiler}" if shutil.which("ccache") else compiler
    for argv, more in ((setup, {}), (["ninja", "-k0", "-C", folder], {"INN_LOOK_ONLY": "1"})):
        done = subprocess.run(list(map(str, argv)), env={**os.environ, "CC": cc, **more}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        if done.returncode:
            lines = [line for line in done.stdout.splitlines() if not line.startswith("[")]
            raise AssertionError("\n".join(lines)[-8000:])


@tap.case
def clang():
    """clang"""
    # What it warns of it sees before it makes anything.
    build("clang", "-Dbuildtype=plain", "-Doptimization=0", "-Ddebug=false", cc=env.SOURCE / "tests/lint/look-only")


@tap.case
def gcc():
    """gcc, optimised, without assertions, each file by itself; what it says of the tests is seen when they are built"""
    build("gcc", "-Dtests=false", "-Dbuildtype=plain", "-Doptimization=2", "-Db_ndebug=true", "-Db_pch=false",
          "-Dc_args=-D_FORTIFY_SOURCE=2")


tap.main()
