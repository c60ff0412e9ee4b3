# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound server of the test's own (PulseAudio), whose only loudspeaker is a file."""

import array
import os
import shutil
import subprocess

from . import tap

RATE = 48000
LOUD = 1000  # of 32767: silence and what a converter leaves of it is below


class Server:
    """@session: whose programs find it by their environment."""

    def __init__(self, session):
        if not shutil.which("pulseaudio"):
            tap.skip("no PulseAudio: it cannot be installed beside PipeWire in its place")
        self.session = session
        self.folder = session.path / "sound"
        self.folder.mkdir()
        session.environ["PULSE_SERVER"] = f"unix:{self.folder}/socket"
        session.environ["PULSE_COOKIE"] = str(self.folder / "cookie")
        self.process = None
        self.start()

    def start(self):
        self.process = self.session.spawn(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
             "-L", f"module-null-sink sink_name=room rate={RATE}",
             "-L", f"module-native-protocol-unix socket={self.folder}/socket auth-anonymous=yes"], name="pulseaudio")
        tap.wait_for(lambda: self.ask("info"), 20, "the sound server")

    def ask(self, *words):
        return subprocess.run(["pactl", *words], env=self.session.environ, capture_output=True, text=True,
                              check=True).stdout

    def stop(self):
        self.process.stop()

    def heard(self, function):
        """(samples of the left side while @function runs, and a second on; its answer)."""
        path = self.folder / "heard"
        with open(path, "wb") as file:
            recorder = subprocess.Popen(["parec", "-d", "room.monitor", "--raw", "--format=s16le", f"--rate={RATE}",
                                         "--channels=2", "--latency-msec=20"], env=self.session.environ, stdout=file)
            try:
                tap.wait_for(lambda: os.path.getsize(path) > 0, 20, "the record's beginning", 0.01)
                answer = function()
                size = os.path.getsize(path)
                tap.wait_for(lambda: os.path.getsize(path) >= size + RATE * 4, 20, "the end of the record")
            finally:
                recorder.terminate()
                recorder.wait()
        samples = array.array("h")
        data = path.read_bytes()
        samples.frombytes(data[:len(data) // 4 * 4])
        return samples[::2], answer


def tones(samples, gap=0.05):
    """[(seconds, hertz, peak)] of what is loud without a pause of @gap seconds in it."""
    found, begin, last = [], None, None
    for at, value in enumerate(samples):
        if abs(value) < LOUD:
            continue
        if begin is None or at - last > gap * RATE:
            begin = at
            found.append([begin, at])
        last = found[-1][1] = at
    told = []
    for begin, end in found:
        part = samples[begin:end + 1]
        crossings = [i for i in range(1, len(part)) if part[i - 1] < 0 <= part[i]]
        # The median of ten: a period is no whole number of samples, and there may be a pause.
        tens = sorted(later - earlier for earlier, later in zip(crossings, crossings[10:]))
        hertz = 10 * RATE / tens[len(tens) // 2] if tens else 0
        told.append((len(part) / RATE, hertz, max(map(abs, part))))
    return told
