# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests/run does once its packages are there: build, run the suites, count their cases."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

SUITES = ("lint", "unit", "golden", "helper", "app", "vm", "fuzz", "security", "crash")
BY_NAME = ("systemd", "valgrind")  # what only runs when it is named
OPTIONS = {
    "--full": {"INN_TEST_FULL": "1"},
    "--long": {"INN_TEST_LONG": "1"},
}
SOURCE = Path(__file__).resolve().parents[2]
BUILD = SOURCE / "_build-tests"
FUZZERS = BUILD / "fuzz"  # the targets of tests/fuzz once more, as clang makes them for libFuzzer
VALGRIND = BUILD / "valgrind"  # once more without sanitizers
# What runs there. Not app: what GTK's and GLib's threads have at the end is not told apart from leaks yet.
UNDER_VALGRIND = ("unit", "helper")
FIGURE = re.compile(r"^# figure: (.*) = (.*)$", re.M)
RESULT = re.compile(r"^(not )?ok\b(?: +\d+)?(?: *-? *(.*?))?(?: *# *(SKIP|TO" r"DO)\b *(.*))?$", re.I)


def build(folder=BUILD, targets=(), more=(), sanitize="address,undefined", **variables):
    """Configures and compiles; the whole output is shown only when it fails."""
    options = [f"-Db_sanitize={sanitize}", "-Dbuildtype=debugoptimized",
               f"-Dwerror={'true' if os.environ.get('CI') else 'false'}", *more]
    command = ["meson", "setup", str(folder), str(SOURCE), *options]
    if (folder / "build.ninja").exists():
        command.append("--reconfigure")
    for argv in (command, ["ninja", "-C", str(folder), *targets]):
        done = subprocess.run(argv, env=dict(os.environ, **variables),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode:
            print(done.stdout[-20000:])
            sys.exit(f"{' '.join(argv[:2])} failed")
        for line in done.stdout.splitlines():
            if "warning:" in line:
                print(line)


def build_fuzzers():
    # Where ccache is, meson takes it only for a compiler that is not named.
    compiler = "ccache clang" if shutil.which("ccache") else "clang"
    build(FUZZERS, ("fuzzers",), ("-Dfuzzers=true", "-Db_lundef=false"), CC=compiler)


def build_for_valgrind():
    subprocess.run([SOURCE / "src/install-deps", SOURCE / "tests/valgrind/deps"], check=True)
    build(VALGRIND, sanitize="none")


def list_tests():
    out = subprocess.run(["meson", "introspect", "--tests", str(BUILD)], check=True,
                         capture_output=True, text=True).stdout
    tests = {suite: [] for suite in SUITES + BY_NAME}
    for test in json.loads(out):
        for suite in test["suite"]:
            tests.setdefault(suite.split(":")[-1], []).append(test["name"])
    return tests


def run_suite(suite, environment, timeouts=1, folder=BUILD, more=()):
    """Answers meson's records of the suite's tests; @more: options of meson's."""
    log = f"{suite}-log"
    for old in (folder / "meson-logs").glob(log + "*"):
        old.unlink()
    subprocess.run(["meson", "test", "-C", str(folder), "--no-rebuild", "--suite", suite, "--logbase", log,
                    "--num-processes", str(os.cpu_count() or 2),
                    "--timeout-multiplier", str(timeouts), *more],
                   env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    path = next((folder / "meson-logs").glob(f"{log}*.json"), folder)  # a wrapper adds to its name
    if path == folder:
        sys.exit(f"meson did not run the suite {suite}")
    return [json.loads(line) for line in path.read_text().splitlines()]


def run_valgrind(environment):
    """Answers the records of suites run once more, under memcheck: C programs by meson's wrapper, what a
    Python test starts by lib/env.py."""
    environment = dict(environment, INN_TEST_VALGRIND="1")
    for suite in UNDER_VALGRIND:
        yield from run_suite(suite, environment, 20, VALGRIND, [f"--wrapper={SOURCE / 'tests/valgrind/under'}"])


def count(record):
    """(passed, failures, skips) of one test's cases; a test that ended badly has failed as such."""
    passed, failures, skips = 0, [], []
    text = record.get("stdout", "")
    if re.search(r"^1\.\.0\b", text, re.M):
        reason = re.search(r"^1\.\.0\s*#\s*SKIP\s*(.*)", text, re.M | re.I)
        skips.append(f"{record['name']}: {reason[1] if reason else 'no reason given'}")
    for line in text.splitlines():
        match = RESULT.match(line)
        if not match:
            continue
        name = f"{record['name']}: {match[2] or ''}"
        if (match[3] or "").upper() == "SKIP":
            skips.append(f"{name}: {match[4] or 'no reason given'}")
        elif match[1]:
            failures.append(name)
        else:
            passed += 1
    if record["result"] not in ("OK", "SKIP") and not failures:
        failures.append(f"{record['name']}: {record['result'].lower()} (exit {record.get('returncode')})")
    if record["result"] == "OK" and not (passed or failures or skips):
        failures.append(f"{record['name']}: ran no case")
    return passed, failures, skips


def keep_figures(found):
    """For tests/bench/report: {suite: {test: {date, full, figures: [[what, value]]}}}, what was told last."""
    path = BUILD / "figures.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    for suite, tests in found.items():
        kept.setdefault(suite, {}).update(tests)
    path.write_text(json.dumps(kept, indent=1))


def main():
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")]
    unknown = [a for a in sys.argv[1:] if a.startswith("-") and a not in (*OPTIONS, "--list")]
    if unknown or set(wanted) - set(SUITES + BY_NAME):
        sys.exit(f"tests/run: what is {' '.join(unknown + sorted(set(wanted) - set(SUITES + BY_NAME)))}? See --help.")
    environment = dict(os.environ, INN_TEST_COMPILERS="1")
    more = [a for a in sys.argv[1:] if a in OPTIONS]
    for option in more:
        environment.update(OPTIONS[option])
    started = time.monotonic()
    build()
    if "--list" not in sys.argv and "fuzz" in (wanted or SUITES):
        build_fuzzers()
    if "--list" not in sys.argv and "valgrind" in wanted:
        build_for_valgrind()
    print(f"{'build':8} {time.monotonic() - started:5.0f} s", flush=True)
    tests = list_tests()
    if "--list" in sys.argv:
        for suite in SUITES + BY_NAME:
            print(f"{suite:8} {' '.join(tests[suite])}")
        return 0
    all_passed, all_failures, all_skips = 0, [], []
    for suite in wanted or SUITES:
        if not tests[suite] and suite != "valgrind":
            continue
        started = time.monotonic()
        passed, failures, skips, logs, figures = 0, [], [], [], {}
        for record in (run_valgrind(environment) if suite == "valgrind" else
                       run_suite(suite, environment, timeouts=0 if more else 1)):
            p, f, s = count(record)
            passed, failures, skips = passed + p, failures + f, skips + s
            told = FIGURE.findall(record.get("stdout", ""))
            if told:
                figures[record["name"]] = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "figures": told,
                                           "full": "--full" in more}
            if f:
                logs.append(f"=== {record['name']}\n{record.get('stdout', '')[-12000:]}"
                            f"\n{record.get('stderr', '')[-12000:]}")
        print(f"{suite:8} {time.monotonic() - started:5.0f} s  {passed} passed, {len(failures)} failed, "
              f"{len(skips)} skipped", flush=True)
        for log in logs:
            print(log, flush=True)
        for skip in skips:
            print(f"  skipped {skip}")
        for test in figures.values():
            for what, value in test["figures"]:
                print(f"  {what}: {value}")
        keep_figures({suite: figures})
        for failure in failures:
            print(f"  FAILED {failure}", flush=True)
        all_passed += passed
        all_failures += failures
        all_skips += skips
    print(f"{all_passed} passed, {len(all_failures)} failed, {len(all_skips)} skipped")
    return 1 if all_failures else 0


if __name__ == "__main__":
    sys.exit(main())
