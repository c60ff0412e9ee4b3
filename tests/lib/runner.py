# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests/run does once its packages are there: build, run the suites, count their cases."""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

SUITES = ("lint", "unit", "golden", "helper", "app", "vm", "fuzz", "security", "crash")
BY_NAME = ("systemd", "valgrind")  # what only runs when it is named
# It uses both processors by itself, and is slow beside others: before them.
FIRST = ("unit",)
# Most of a test's time goes by in waiting: so many at once. What only computes runs beside them. What holds a rate or a
# time against a limit has "measures" for a second suite, and runs when the others are through. It leaves half of the
# processors' time, which those get who need a time and no speed: they give way at once (lib/env.py).
AT_ONCE = (os.cpu_count() or 2) + 1
SPARE = ("lint", "golden")
IDLE = ("fuzz",)
MEASURES = "measures"
RATES = "rates"  # likewise, but of a guest by its own clock, who needs little: two at once, before the others
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error: |WARNING: \w+Sanitizer")
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
    # What is run a few times need not be fast; of the debugger's data the sanitizers want lines alone; and gold links in a
    # fifth of ld's time: 69 s instead of 106 for it all.
    options = [f"-Db_sanitize={sanitize}", "-Dbuildtype=debugoptimized", "-Doptimization=1", "-Dc_args=-g1",
               f"-Dwerror={'true' if os.environ.get('CI') else 'false'}", *more]
    if "CC" not in variables and shutil.which("ld.gold"):
        variables["CC_LD"] = "gold"  # it says much of clang's sanitizers that is nothing
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


def stages(suites):
    """[[[(suites, options of meson's)]]]: stages, one after the other, of rows, side by side, of runs."""
    by_name = [[[([suite], ())]] for suite in suites if suite in BY_NAME]
    first = [[[([suite], ())]] for suite in suites if suite in FIRST]
    spare, idle = ([([suite], ()) for suite in suites if suite in some] for some in (SPARE, IDLE))
    pool = [suite for suite in suites if suite not in BY_NAME + SPARE + FIRST + IDLE]
    if not pool:
        return by_name + first + [[row] for row in (spare, idle) if row]
    others = [word for suite in SUITES if suite not in pool for word in ("--no-suite", suite)]
    beside = [[(pool, ("--no-suite", MEASURES, "--no-suite", RATES))]]
    measured = [[([RATES], others), ([MEASURES], others)]]
    return [*by_name, *first, beside + [spare] * bool(spare), measured + [idle] * bool(idle)]


def run_suites(suites, environment, timeouts=1, folder=BUILD, more=(), processes=1):
    """Answers meson's records of the suites' tests; @more: options of meson's, tests' names."""
    log = f"{'-'.join(suites)}-log"
    for old in (folder / "meson-logs").glob(log + "*"):
        old.unlink()
    subprocess.run(["meson", "test", "-C", str(folder), "--no-rebuild",
                    *(word for suite in suites for word in ("--suite", suite)), "--logbase", log,
                    "--num-processes", str(processes), "--timeout-multiplier", str(timeouts), *more],
                   env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    path = next((folder / "meson-logs").glob(f"{log}*.json"), None)  # a wrapper adds to its name
    return [json.loads(line) for line in path.read_text().splitlines()] if path else []


def run_valgrind(environment):
    """Answers the records of suites run once more, under memcheck: C programs by meson's wrapper, what a
    Python test starts by lib/env.py."""
    environment = dict(environment, INN_TEST_VALGRIND="1")
    for suite in UNDER_VALGRIND:
        yield from run_suites([suite], environment, 20, VALGRIND, [f"--wrapper={SOURCE / 'tests/valgrind/under'}"],
                              os.cpu_count() or 2)


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


def reason(record, most=14):
    """Why a test failed, in a few lines: what stands before its "not ok", or else its last words."""
    told = [line for line in record.get("stdout", "").splitlines() if line.strip()]
    bad = next((i for i, line in enumerate(told) if line.startswith("not ok")), None)
    if bad is not None:
        return told[max(0, bad - most):bad]
    told += [line for line in record.get("stderr", "").splitlines() if line.strip()]
    found = next((i for i, line in enumerate(told) if "ERROR: " in line or line.startswith("Bail out!")), len(told) - most)
    return told[max(0, found):][:most]


def suite_of(record):
    """A record's name is "innkeeper:vm+measures / live"."""
    return record["name"].split(" / ")[0].split(":")[-1].split("+")[0]


def may_try_again(record):
    """What failed beside others may have waited too long. What a sanitizer saw it saw."""
    return not SANITIZER.search(record.get("stdout", "") + record.get("stderr", ""))


class Total:
    """What all suites came to; tells of each as it ends."""

    def __init__(self, full):
        self.full = full
        self.passed, self.failures, self.skipped, self.only_alone = 0, [], 0, []
        self.reasons = []
        self.again = []  # the suite and the name of what is to be tried once more
        self.lock = threading.Lock()

    def add(self, suite, records, seconds, beside=False):
        """@beside: other tests ran at the same time; one that failed is counted when it has run alone."""
        passed, failures, skips, logs, figures, again = 0, [], [], [], {}, []
        for record in records:
            p, f, s = count(record)
            told = FIGURE.findall(record.get("stdout", ""))
            if told:
                figures.setdefault(suite, {})[record["name"].replace("+" + MEASURES, "")] = {
                    "date": time.strftime("%Y-%m-%d", time.gmtime()), "figures": told, "full": self.full}
            if f:
                logs.append(f"=== {record['name']}\n{record.get('stdout', '')[-12000:]}"
                            f"\n{record.get('stderr', '')[-12000:]}")
                if beside and may_try_again(record):
                    again.append((suite, record["name"].split(" / ")[-1]))
                    continue
            passed, failures, skips = passed + p, failures + f, skips + s
            if f:
                self.reasons.append((f, reason(record)))
        with self.lock:
            print(f"{suite:8} {seconds:5.0f} s  {passed} passed, {len(failures)} failed, {len(skips)} skipped", flush=True)
            for log in logs:
                print(log, flush=True)
            for skip in skips:
                print(f"  skipped {skip}")
            for tests in figures.values():
                for test in tests.values():
                    for what, value in test["figures"]:
                        print(f"  {what}: {value}")
            keep_figures(figures)
            for failure in failures:
                print(f"  FAILED {failure}", flush=True)
            for _, name in again:
                print(f"  FAILED beside others: {name}, which is to run alone", flush=True)
            self.passed += passed
            self.failures += failures
            self.skipped += len(skips)
            self.again += again

    def try_again(self, environment, timeouts):
        """Each that failed beside others once more, alone, which decides."""
        for suite, name in self.again:
            began, before = time.monotonic(), len(self.failures)
            records = run_suites([suite], environment, timeouts, more=[name])
            if not records:
                self.failures.append(f"{name}: did not run alone")
                continue
            self.add(suite, records, time.monotonic() - began)
            if len(self.failures) == before:
                self.only_alone.append(f"{suite} / {name}")


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
    if "--list" not in sys.argv and "valgrind" in wanted:
        build_for_valgrind()
    if "--list" not in sys.argv and (not wanted or "fuzz" in wanted):
        build_fuzzers()
    print(f"{'build':8} {time.monotonic() - started:5.0f} s", flush=True)
    tests = list_tests()
    if "--list" in sys.argv:
        for suite in SUITES + BY_NAME:
            print(f"{suite:8} {' '.join(tests[suite])}")
        return 0
    total = Total("--full" in more)
    # Beside others each takes longer; meson waits for ever with 0.
    timeouts = 0 if more else 1
    for rows in stages([s for s in wanted or SUITES if tests[s] or s == "valgrind"]):
        def run(row, beside=len(rows) > 1):
            for suites, options in row:
                began = time.monotonic()
                if suites == ["valgrind"]:
                    records = list(run_valgrind(environment))
                elif suites == [MEASURES] or suites[0] in BY_NAME:
                    records = run_suites(suites, environment, timeouts, more=options)
                elif suites == [RATES]:
                    records = run_suites(suites, environment, 2 * timeouts, more=options, processes=2)
                elif suites[0] in SPARE + FIRST:
                    records = run_suites(suites, environment, 4 * timeouts, more=options, processes=os.cpu_count() or 2)
                elif suites[0] in IDLE:  # each has its time, however much of a processor it gets
                    how = {"INN_TEST_IDLE": "1"} if beside else {}
                    records = run_suites(suites, dict(environment, **how), 4 * timeouts, more=options, processes=AT_ONCE)
                else:
                    records = run_suites(suites, dict(environment, INN_TEST_BESIDE="1"), 3 * timeouts, more=options,
                                         processes=AT_ONCE)
                for suite in dict.fromkeys(map(suite_of, records)) if suites != ["valgrind"] else suites:
                    of = [r for r in records if suites == ["valgrind"] or suite_of(r) == suite]
                    seconds = time.monotonic() - began if len(suites) == 1 else sum(r.get("duration", 0) for r in of)
                    total.add(suite, of, seconds, beside)
                ran = {MEASURES, RATES, "valgrind", *map(suite_of, records)}
                total.failures += [f"{s}: ran no test" for s in suites if s not in ran]
        with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
            list(pool.map(run, rows))
    total.try_again(environment, timeouts)
    for failures, lines in total.reasons:  # once more where a reader looks first
        print(*(f"FAILED {failure}" for failure in failures), *(f"  {line[:300]}" for line in lines), sep="\n")
    for name in total.only_alone:
        print(f"FAILED beside others, passed alone: {name}")
    print(f"{total.passed} passed, {len(total.failures)} failed, {total.skipped} skipped")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
