# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""vmm-helper/SECURITY.md: each row of it has tests, and they are there."""

import re

from lib import tap, tree

TABLE = "vmm-helper/SECURITY.md"
COLUMNS = 4
# As many classes as we know of; a row is never taken away.
ROWS = 25
REFERENCE = re.compile(r"([a-z]+)/([a-z0-9_-]+):([A-Za-z0-9_/-]+)")


def rows():
    for line in tree.read(TABLE).splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            cells = [c.strip() for c in line.strip("|").split("|")]
            if cells[0] != "class of fault":
                yield cells


def missing(reference):
    """Why @reference names no test, or None."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        return "is not written suite/test:case"
    suite, test, case = match.groups()
    script, program = (f"tests/{suite}/test_{test.replace('-', '_')}.py", f"tests/{suite}/test-{test}.c")
    names = {str(f) for f in tree.under(f"tests/{suite}")}
    if script in names:
        return None if re.search(rf"^@tap\.case\ndef {re.escape(case)}\(", tree.read(script), re.M) else "has no such case"
    if program in names:
        return None if re.search(rf'"(/[a-z/-]*)?{re.escape(case)}(/|")', tree.read(program)) else "has no such case"
    return "is no test"


@tap.case
def every_row_has_tests():
    """Every class of fault has its rule and tests that exist"""
    found = list(rows())
    problems = [f"{TABLE}: {len(found)} rows"] if len(found) < ROWS else []
    for cells in found:
        where = f"{TABLE}: {cells[0]}"
        if len(cells) != COLUMNS or not all(cells):
            problems.append(f"{where}: something is missing")
            continue
        for reference in cells[-1].split(","):
            why = missing(reference.strip())
            if why:
                problems.append(f"{where}: {reference.strip()} {why}")
    tree.complain(problems)


@tap.case
def no_locks():
    """No lock is taken by hand in the helper: none can be lost on an error's way out"""
    lock = re.compile(r"\b(g_mutex_(try)?lock|g_rec_mutex_(try)?lock|g_rw_lock_\w*lock|pthread_\w+_(try)?lock) ?\(")
    tree.complain(f"{path}:{number}: {line.strip()} (instead: G_MUTEX_AUTO_LOCK)"
                  for path in tree.under("vmm-helper", "src/shared", suffixes={".c", ".h"})
                  for number, line in enumerate(tree.c_code(tree.read(path)).splitlines(), 1) if lock.search(line))


tap.main()
