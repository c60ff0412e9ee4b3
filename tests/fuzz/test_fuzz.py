# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""libFuzzer, with ASan, UBSan and LSan, a minute for each target: test_fuzz.py NAME. It begins with
the corpus in the tree, and what was found in earlier runs, which the build folder keeps."""

import base64
import os
import re
import shutil
import subprocess
import tempfile

from lib import env, tap

HERE = env.SOURCE / "tests" / "fuzz"
FUZZERS = env.BUILD / "fuzz" / "tests" / "fuzz"
SECONDS = 3600 if os.environ.get("INN_TEST_LONG") else 60
INPUT_SECONDS = 60 if os.environ.get("INN_TEST_IDLE") else 5  # of the clock, not of the processor
MEGABYTES = 1024

# More beside corpus-NAME, and how large an input may be.
MORE = {
    "domain": ["tests/golden/xml", "tests/golden/libvirt"],
    "plan": ["tests/golden/xml", "tests/fuzz/corpus-domain"],
}
LONGEST = {"qmp": 4096, "names": 512, "frames": 8192, "image": 16384}
XML = ("domain", "diff", "plan", "arguments", "names")
DONE = re.compile(r"^#\d+\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+.*?exec/s: (\d+) rss: (\d+)Mb", re.M)
UNITS = re.compile(r"stat::number_of_executed_units: (\d+)")


def surroundings():
    # GLib's own allocator would hide from ASan what is freed. A target that crashes leaves its store.
    return dict(os.environ, G_SLICE="always-malloc", TMPDIR=scratch)


def dictionaries(name, folder):
    """One file of all that fit: libFuzzer takes one."""
    files = [HERE / f"{name}.dict"] + ([HERE / "xml.dict"] if name in XML else [])
    text = "".join(file.read_text() for file in files if file.exists())
    path = folder / "words.dict"
    path.write_text(text)
    return [f"-dict={path}"] if text else []


def command(name, found, kept):
    return [FUZZERS / f"fuzz-{name}", f"-max_total_time={SECONDS}", f"-timeout={INPUT_SECONDS}",
            f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST.get(name, 16384)}", "-print_final_stats=1",
            f"-artifact_prefix={found}/", *dictionaries(name, found), kept,
            *(env.SOURCE / folder for folder in (f"tests/fuzz/corpus-{name}", *MORE.get(name, ())))]


def leak(name, path):
    """Where it was allocated: that costs too much to be looked at all the time, in code without frame pointers."""
    options = os.environ.get("ASAN_OPTIONS", "") + ":fast_unwind_on_malloc=0"
    done = subprocess.run([FUZZERS / f"fuzz-{name}", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          env=surroundings() | {"ASAN_OPTIONS": options})
    tap.diag(done.stdout[:6000])


def show(name, found, told):
    """What went wrong, and the inputs, to be put into the corpus."""
    at = max(told.find("ERROR: "), told.find("runtime error: "), 0)
    tap.diag(told[max(at - 3000, 0):at + 9000])
    for path in sorted(found.iterdir()):
        if path.name != "words.dict":
            if path.name.startswith("leak-"):
                leak(name, path)
            tap.diag(f"{path}: base64 {base64.b64encode(path.read_bytes()).decode()}")


def fuzz(name):
    found = env.artifacts_dir(f"fuzz-{name}")
    for old in found.iterdir():
        old.unlink()
    kept = env.BUILD / "fuzz" / "corpus" / name
    kept.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command(name, found, kept), env=surroundings(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode:
        show(name, found, done.stdout)
    tap.equal(done.returncode, 0, f"how fuzz-{name} ended")
    cov, features, entries, speed, memory = map(int, DONE.search(done.stdout).groups())
    units = int(UNITS.search(done.stdout)[1])
    tap.true(units > 100 and cov > 20, f"hardly anything was tried: {units} inputs, {cov} edges")
    tap.figure(f"fuzz {name}", f"{units} inputs in {SECONDS} s ({speed}/s), cov: {cov}, ft: {features}, "
                               f"corpus {entries}, {memory} MiB")


@tap.case
def agent():
    """Whatever a guest's agent says, who asked is told, and what is told can be shown"""
    fuzz("agent")


@tap.case
def arguments():
    """Whatever arguments a method gets, the helper answers, keeps no file, and lives"""
    fuzz("arguments")


@tap.case
def diff():
    """What differs between two machines, told field by field, makes the one into the other"""
    fuzz("diff")


@tap.case
def domain():
    """Whatever XML comes in, what is written back can be read and means the same"""
    fuzz("domain")


@tap.case
def frames():
    """Whatever a guest sends, none of its frames goes to the host itself, and the others arrive"""
    fuzz("frames")


@tap.case
def history():
    """Whatever bytes are a machine's history, what is taken of it is in order and comes back as it was"""
    fuzz("history")


@tap.case
def image():
    """Whatever a disk image says of itself, looking at it ends"""
    fuzz("image")


@tap.case
def sound():
    """Whatever comes in the place of a guest's sound, reading it ends, within its room"""
    fuzz("sound")


@tap.case
def names():
    """Whatever a name is made of, no file outside of the folder is opened, and fields come back as they were"""
    fuzz("names")


@tap.case
def picture():
    """Whatever QEMU writes as its screen, a whole picture is handed out, or none"""
    fuzz("picture")


@tap.case
def plan():
    """Whatever a sound machine is, its QEMU's arguments are JSON, and the same each time"""
    fuzz("plan")


@tap.case
def qmp():
    """Whatever QEMU says at its monitor, all who wait are told, and nothing is lost"""
    fuzz("qmp")


@tap.case
def records():
    """Whatever the helper's own files say, what was read can be written and is read again"""
    fuzz("records")


@tap.case
def screen():
    """Whatever QEMU and a viewer say to vmm-screen, it keeps to the picture's memory"""
    fuzz("screen")


scratch = tempfile.mkdtemp(prefix="inn-fuzz-", dir="/dev/shm")
tap.cleanup_at_end(shutil.rmtree, scratch, ignore_errors=True)
tap.main()
