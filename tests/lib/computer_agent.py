# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a lib/computer.py: does what the test asks for over a virtio port.

A line of JSON each way. Needs nothing of the tests; as whom it runs, its unit says."""

import base64
import json
import os
import subprocess
import sys
import threading


def run(order):
    stdin = base64.b64decode(order["stdin"])
    try:
        done = subprocess.run(order["argv"], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=order["timeout"])
        code, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as e:
        code, out, err = -1, e.stdout or b"", (e.stderr or b"") + b"\nnot done in time"
    except OSError as e:
        code, out, err = -1, b"", str(e).encode()
    return {"id": order["id"], "code": code, "out": base64.b64encode(out).decode(),
            "err": base64.b64encode(err).decode()}


def main(path):
    port = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    lock = threading.Lock()

    def say(message):
        data = json.dumps(message).encode() + b"\n"
        with lock:
            while data:
                data = data[os.write(port, data):]

    say({"id": 0})
    buffer = b""
    while data := os.read(port, 65536):
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            threading.Thread(target=lambda order: say(run(order)), args=(json.loads(line),)).start()


main(sys.argv[1])
