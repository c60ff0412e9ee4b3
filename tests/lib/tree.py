# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's own files, as the lint suite walks them."""

import subprocess
from functools import lru_cache
from pathlib import Path

from . import env


@lru_cache(None)
def files():
    """Paths relative to the source: what git knows or would add; all, in a release tarball."""
    done = subprocess.run(["git", "-C", str(env.SOURCE), "-c", "safe.directory=*", "ls-files", "-co",
                           "--exclude-standard"], capture_output=True, text=True)
    if done.returncode == 0:
        names = done.stdout.splitlines()
        return sorted(Path(n) for n in names if (env.SOURCE / n).is_file())
    return sorted(
        p.relative_to(env.SOURCE) for p in env.SOURCE.rglob("*")
        if p.is_file() and not p.relative_to(env.SOURCE).parts[0].startswith(("_", ".git"))
    )


def under(*folders, suffixes=()):
    """Files below any of the folders, with any of the suffixes."""
    return [f for f in files()
            if (not folders or any(f.is_relative_to(d) for d in folders))
            and (not suffixes or f.suffix in suffixes)]


def read(path):
    return (env.SOURCE / path).read_text(errors="replace")


def c_code(text):
    """C without comments and strings, lines kept: what is left is code."""
    out, i, state = [], 0, "code"
    while i < len(text):
        two, c = text[i:i + 2], text[i]
        if state == "code":
            if two == "/*":
                state, i = "block", i + 2
                continue
            if two == "//":
                state, i = "line", i + 2
                continue
            if c in "\"'":
                state = c
                out.append(c)
            else:
                out.append(c)
        elif state == "block":
            if two == "*/":
                state, i = "code", i + 2
                out.append(" ")
                continue
            if c == "\n":
                out.append(c)
        elif state == "line":
            if c == "\n":
                state = "code"
                out.append(c)
        else:
            if c == "\\":
                i += 2
                continue
            if c == state or c == "\n":
                state = "code"
                out.append(c)
        i += 1
    return "".join(out)


def complain(problems):
    """Fails with all of them, one a line."""
    problems = list(problems)
    if problems:
        raise AssertionError("\n" + "\n".join(map(str, problems)))
