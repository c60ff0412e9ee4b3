# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""src/run as a person types it: a window on a screen, or in a browser; Ctrl+C leaves nothing."""

import os
import re
import signal
import socket
import stat
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
    tap.true(len(text.splitlines()) <= 10, text)
    for word in ("127.0.0.1", "apt", "sudo", "_build", "session bus", "DISPLAY", "Ctrl+C", "password",
                 "helper", "INNKEEPER_PORT", "INNKEEPER_SOCKET"):
        tap.true(word in text, f"nothing of {word} in\n{text}")
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


@tap.case
def window_at_a_socket():
    """INNKEEPER_SOCKET serves the window at a socket that nobody else can open, and no port"""
    session, _ = session_and_screen()
    page = session.path / "page"
    process = start(session, ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "GDK_BACKEND", "GSK_RENDERER"),
                    INNKEEPER_SOCKET=str(page))
    tap.cleanup(process.kill)
    tap.wait_for(lambda: f"ssh -L 8085:{page}" in process.output(), 30, "the words")
    tap.equal(stat.S_IMODE(page.stat().st_mode) & 0o077, 0, "others' rights")
    with socket.socket(socket.AF_UNIX) as browser:
        browser.settimeout(20)
        browser.connect(str(page))
        browser.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        tap.true(b" 200 OK" in browser.recv(4096), "no page")
    (server,) = proc.find("gtk4-broadwayd", process.pid)
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    tap.true(f"pid={server}," not in listening, listening)
    ctrl_c(process)
    tap.true(not page.exists(), "the socket is left")


FAKE_SUDO = """#!/bin/sh
[ "$1" = -n ] || { echo "asked for a password" >>"$LOG"; read answer; exit 1; }
[ -z "$REFUSE" ] || { echo "sudo: a password is required" >&2; exit 1; }
shift
exec "$@"
"""
FAKE_APT = """#!/bin/sh
[ "$(cat)" = "" ] || echo "reads" >>"$LOG"
case " $* " in *" --version "*) exit 0 ;; esac
echo "$DEBIAN_FRONTEND $*" >>"$LOG"
"""


def install(folder, **environ):
    """install-deps as an ordinary user at a terminal, for a package that no Debian has."""
    (folder / "deps").write_text("inn-no-such-package\n")
    for name, text in (("sudo", FAKE_SUDO), ("apt-get", FAKE_APT)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    log = folder / "log"
    log.write_text("")
    log.chmod(0o666)
    master, slave = os.openpty()
    as_user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*as_user, "bash", env.SOURCE / "src/install-deps", folder / "deps"], stdin=slave,
                          capture_output=True, text=True, timeout=60, start_new_session=True,
                          env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "LOG": str(log), **environ})
    os.close(master)
    os.close(slave)
    return done, log.read_text()


@tap.case
def packages_as_a_user():
    """A user's sudo installs without a question; where it may not, the command to type is told"""
    folder = env.TempDir()
    tap.cleanup(folder.remove)
    done, log = install(folder.path)
    tap.equal(done.returncode, 0, done.stderr)
    tap.true(log.startswith("noninteractive ") and "install" in log and "inn-no-such-package" in log, log)
    tap.equal(log.count("\n"), 1, log)
    done, log = install(folder.path, REFUSE="yes")
    tap.equal((done.returncode, log), (1, ""), "refused")
    tap.true("sudo apt-get install inn-no-such-package" in done.stderr, done.stderr)
    tap.true("password is required" not in done.stderr, done.stderr)


tap.main()
