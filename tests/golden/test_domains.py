# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's own schema says of the XML that we keep and write."""

import os
import pathlib
import re
import subprocess
import tempfile

from lib import env, tap

EXAMPLES = sorted((env.SOURCE / "tests" / "golden" / "xml").glob("*.xml"))
SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
# Words of ours that libvirt 9.0 does not know: a disk format that only we can use in place, Q35's own
# watchdog and pvpanic's card, which libvirt names since 9.1, crash
# memory, since 10.6, NVMe drives, and VirtIO's sound card, since 10.4.
AHEAD = re.compile(r'<driver [^>]*type="vhdx"|<watchdog [^>]*model="itco"|<panic [^>]*model="pvpanic"|<pstore|bus="nvme"|<sound [^>]*model="virtio"')


@tap.case
def examples():
    """Every example domain passes virt-xml-validate"""
    tap.true(len(EXAMPLES) >= 7, f"only {len(EXAMPLES)} examples")
    problems = []
    for path in EXAMPLES:
        if AHEAD.search(path.read_text()):
            continue
        done = subprocess.run(["virt-xml-validate", str(path), "domain"], capture_output=True, text=True)
        if done.returncode:
            problems.append(done.stderr)
    tap.true(not problems, "\n".join(problems))


@tap.case
def written():
    """Every value of every field that we write and hold for sound is sound to libvirt"""
    writer = env.BUILD / "tests" / "golden" / "write-domains"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([str(writer), folder], capture_output=True, text=True,
                              env={**os.environ, "G_TEST_SRCDIR": str(env.SOURCE / "tests" / "unit")})
        tap.true(done.returncode == 0, done.stderr)
        files = [p for p in sorted(pathlib.Path(folder).iterdir()) if not AHEAD.search(p.read_text())]
        tap.true(len(files) > 300, f"only {len(files)} files were written")
        done = subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMA, *map(str, files)],
                              capture_output=True, text=True)
        bad = [line for line in done.stderr.splitlines() if not line.endswith(" validates")]
        tap.true(done.returncode == 0 and not bad, "\n".join(bad))


tap.main()
