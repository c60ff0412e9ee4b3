# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tiny TAP printer: cases are functions marked @tap.case; tap.main() runs them in order.

A case fails by any exception and skips by tap.skip(reason). What a case hands to tap.cleanup() is
called when it ends, last first; what is handed over outside of a case is called when all have run.
Names given on the command line choose cases."""

import contextlib
import os
import sys
import time
import traceback

from . import env, proc


class Skip(Exception):
    pass


_cases = []
_whole = contextlib.ExitStack()
_stack = _whole
_on_failure = []


def case(function):
    _cases.append(function)
    return function


def skip(reason):
    raise Skip(reason)


def cleanup(function, *args, **kwargs):
    _stack.callback(function, *args, **kwargs)


def cleanup_at_end(function, *args, **kwargs):
    """As cleanup(), but when all cases have run, also within one."""
    _whole.callback(function, *args, **kwargs)


def on_failure(function):
    """Called when a case has failed, before its cleanups: to print or keep what explains it."""
    _on_failure.append(function)


def diag(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def count(reduced, full):
    """How often, for how many seconds: @reduced by tests/run, @full by tests/run --full."""
    return full if os.environ.get("INN_TEST_FULL") else reduced


def figure(what, value):
    """What was counted or measured: tests/run prints it, tests/bench/report writes it down."""
    diag(f"figure: {what} = {value}")


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what or 'value'}: got {got!r}, wanted {wanted!r}")


def true(value, what):
    if not value:
        raise AssertionError(what)


def wait_for(function, timeout=10, what=None, step=0.05):
    """Polls until function() is true and answers its value; an exception counts as not yet. What takes long to ask, as a
    window's tree of widgets, is not asked for without a break: who is to answer has something else to do."""
    end = time.monotonic() + timeout * env.SLOWER
    error = None
    while True:
        began = time.monotonic()
        try:
            value = function()
            error = None
            if value:
                return value
        except Exception as e:  # told below if it never gets better
            error = e
        now = time.monotonic()
        if now > end:
            raise AssertionError(f"waited {timeout} s for {what or function}") from error
        time.sleep(max(step, min(now - began, 0.5)))


def _run(function, number):
    global _stack
    name = (function.__doc__ or function.__name__.replace("_", " ")).strip().splitlines()[0]
    name = name.rstrip(".").replace("#", "")
    started = time.monotonic()
    result = None
    with contextlib.ExitStack() as stack:
        _stack = stack
        try:
            function()
        except Skip as e:
            result = f"ok {number} - {name} # SKIP {e}"
        except Exception:
            why = traceback.format_exc()
            for report in _on_failure:
                with contextlib.suppress(Exception):
                    report()
            diag(why)  # last, where tests/run looks for the reason
            result = f"not ok {number} - {name}"
        # What ends the case may fail it too: a helper that leaks says so when it stops.
        try:
            stack.close()
        except Exception:
            diag(traceback.format_exc())
            result = f"not ok {number} - {name}"
    _stack = _whole
    print(result or f"ok {number} - {name}", flush=True)
    diag(f"{time.monotonic() - started:.2f} s")
    return result is None or "# SKIP" in result


def main():
    """Runs the cases, ends every process they left, prints TAP, exits."""
    proc.become_subreaper()
    unknown = {word for word in sys.argv[1:] if not word.startswith("-")} - {c.__name__ for c in _cases}
    if unknown:
        sys.exit(f"Bail out! There is no case {', '.join(sorted(unknown))}")
    chosen = [c for c in _cases if c.__name__ in sys.argv[1:]] or _cases
    print(f"1..{len(chosen)}", flush=True)
    good = True
    try:
        for number, function in enumerate(chosen, 1):
            good = _run(function, number) and good
        try:
            _whole.close()
        except Exception:
            diag(traceback.format_exc())
            good = False
    finally:
        for left in proc.end_descendants():
            diag(f"ended a process that was left: {left}")
    sys.stdout.flush()
    sys.exit(0 if good else 1)
