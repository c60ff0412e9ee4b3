# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""src/run as a person types it: a window on a screen, or in a browser; Ctrl+C leaves nothing."""

import os
import re
import signal
import subprocess
import time

from lib import bus, env, proc, tap, xvfb

RUN = env.SOURCE / "src/run"
CHROMIUM = ["chromium", "--no-sandbox", "--test-type", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-position=0,0", "--window-size=1024,768"]


def default_sigint():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(session, without=(), **extra):
    """src/run in a process group of its own, as a terminal would, from another folder."""
    environ = {k: v for k, v in session.environ.items() if k not in without}
    environ.update(INNKEEPER_BUILD=str(env.BUILD), **extra)
    process = proc.Process(["bash", RUN], env=environ, log=session.path / "run.log", name="src/run",
                           cwd=session.path, start_new_session=True, preexec_fn=default_sigint)
    tap.on_failure(lambda: tap.diag(process.output()[-4000:]))
    return process


def ctrl_c(process):
    """Ctrl+C: SIGINT to the whole group. Afterwards nothing of it is left, guests aside."""
    children = proc.descendants(process.pid)
    tap.true(len(children) >= 2, f"src/run has only {len(children)} processes")
    os.killpg(process.pid, signal.SIGINT)
    code = process.wait(20)
    process.check()
    tap.equal(code, 0, "exit code after Ctrl+C")
    left = [f"{pid} {proc.cmdline(pid)}" for pid in children if proc.alive(pid)]
    tap.equal(left, [], "processes that are left")


def session_and_screen():
    session = bus.Session()
    tap.cleanup(session.close)
    return session, xvfb.Display(session)


@tap.case
def help_in_ten_lines():
    """--help says what it does in ten lines; an unknown option is refused"""
    text = subprocess.run([RUN, "--help"], capture_output=True, text=True, check=True).stdout
    tap.true(len(text.splitlines()) <= 12 and "127.0.0.1" in text and "apt" in text, text)
    done = subprocess.run([RUN, "--frobnicate"], capture_output=True, text=True)
    tap.equal(done.returncode, 2, "exit code")


@tap.case
def window_on_a_screen():
    """On a screen and without a session bus it opens the window within 5 s; Ctrl+C ends all"""
    session, display = session_and_screen()
    started = time.monotonic()
    process = start(session, without=("DBUS_SESSION_BUS_ADDRESS",))
    tap.cleanup(process.kill)

    def window():
        tap.true(process.running(), "src/run ended")
        return [w for pid in proc.find("innkeeper", process.pid) for w in display.windows(pid)]

    tap.wait_for(window, 30, "the window")
    tap.diag(f"window after {time.monotonic() - started:.2f} s")
    tap.wait_for(lambda: xvfb.colors(display.screenshot(session.path / "s.png")) > 50, 10, "a picture")
    tap.true(proc.find("vmm-helper", process.pid), "the helper does not run")
    ctrl_c(process)


@tap.case
def helper_comes_back():
    """A helper that is killed is started again, while the window stays; closing the window ends all"""
    session, display = session_and_screen()
    process = start(session)
    tap.cleanup(process.kill)
    session.wait_for_helper()
    first = proc.find("vmm-helper", process.pid)
    window = tap.wait_for(lambda: proc.find("innkeeper", process.pid), 30, "the window")[0]
    os.kill(first[0], signal.SIGKILL)
    tap.wait_for(lambda: set(proc.find("vmm-helper", process.pid)) - set(first), 30, "another helper")
    session.wait_for_helper()
    tap.true(proc.alive(window), "the window has ended")
    children = proc.descendants(process.pid)
    tap.wait_for(lambda: display.windows(window), 30, "the window on the screen")
    os.kill(window, signal.SIGTERM)
    process.wait(20)
    tap.equal([f"{pid} {proc.cmdline(pid)}" for pid in children if proc.alive(pid)], [], "processes that are left")


@tap.case
def window_in_a_browser():
    """Without a display it serves the window on 127.0.0.1 and prints the address; a browser shows it"""
    session, display = session_and_screen()
    process = start(session, ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "GDK_BACKEND", "GSK_RENDERER"))
    tap.cleanup(process.kill)
    match = tap.wait_for(lambda: re.search(r"http://127\.0\.0\.1:(\d+)/", process.output()), 30,
                         "the address")
    tap.equal(process.output().count("http://"), 1, "lines with an address")
    listening = subprocess.run(["ss", "-Hltn", f"sport = :{match[1]}"], capture_output=True, text=True).stdout
    tap.true("127.0.0.1:" + match[1] in listening and "0.0.0.0:" not in listening.split("LISTEN")[1].split()[2],
             f"listens at {listening}")
    browser = session.spawn([*CHROMIUM, f"--user-data-dir={session.path}/chromium", f"--app={match[0]}"],
                            name="chromium")
    picture = env.artifacts_dir("run") / "browser.png"
    tap.wait_for(lambda: xvfb.colors(display.screenshot(picture), "900x600+60+60") > 50, 60, "the window in the browser", 0.5)
    tap.true(browser.running(), "the browser ended")
    ctrl_c(process)


tap.main()
