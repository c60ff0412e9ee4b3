# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of a test's own; call ns.enter(network=True) first. Outside stands for the internet: a
namespace with a server, on the far end of this one's only cable."""

import os
import re
import socket
import subprocess

from . import tap

HERE, GATEWAY, SERVER, PORT = "198.51.100.2", "198.51.100.1", "203.0.113.5", 8080

# A web server: /hello says who asks, /big is BIG bytes, and what is posted is answered with its sum. As
# a name server: every name is who asks. (passt of Debian 12 loses what comes after a guest that has
# closed its half of a connection: nothing here depends on that.)
BIG = bytes(range(256)) * (8 << 12)
SERVICE = """
import hashlib, http.server, socket, socketserver, sys, threading
big = bytes(range(256)) * (8 << 12)
class Names(socketserver.BaseRequestHandler):
    def handle(self):
        data, udp = self.request
        # One question, one answer: A, IN, 60 s.
        udp.sendto(data[:2] + bytes.fromhex('81800001000100000000') + data[12:] +
                   bytes.fromhex('c00c000100010000003c0004') + socket.inet_aton(self.client_address[0]), self.client_address)
class Web(http.server.BaseHTTPRequestHandler):
    def answer(self, text):
        self.send_response(200); self.send_header('Content-Length', str(len(text))); self.end_headers()
        self.wfile.write(text)
    def do_GET(self):
        self.answer(big if self.path == '/big' else ('HELLO %%s\\n' %% self.client_address[0]).encode())
    def do_POST(self):
        got = self.rfile.read(int(self.headers['Content-Length']))
        self.answer(hashlib.md5(got).hexdigest().encode() + b'\\n')
    def log_message(self, *args): pass
sys.stdin.readline()
names = socketserver.UDPServer(('%s', 53), Names)
web = http.server.ThreadingHTTPServer(('', %d), Web)
threading.Thread(target=names.serve_forever, daemon=True).start()
print('ready', flush=True)
web.serve_forever()
""" % (SERVER, PORT)
# What udhcpc runs with the lease.
LEASE = r"""#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add $ip/$mask dev $interface; ip route add default via $router; echo "LEASE $ip/$mask $router $dns"
"""


def ip(*words, pid=None):
    inside = ["nsenter", "-t", str(pid), "-n"] if pid else []
    done = subprocess.run([*inside, "ip", *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


class Namespace:
    """Another network, reached by a cable (veth) whose near end is called @near."""

    def __init__(self, near):
        self.near = near
        self.process = subprocess.Popen(["unshare", "-n", "/usr/bin/python3", "-c", SERVICE], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        tap.cleanup(self.close)
        mine = _netns("self")
        tap.wait_for(lambda: _netns(self.process.pid) != mine, 10, "the namespace", 0.01)
        ip("link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", self.process.pid)
        ip("link", "set", "lo", "up", pid=self.process.pid)
        ip("link", "set", "eth0", "up", pid=self.process.pid)
        ip("link", "set", near, "up")

    def address(self, *addresses, device="eth0"):
        for address in addresses:
            ip("address", "add", address, "dev", device, pid=self.process.pid)

    def serve(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        tap.equal(self.process.stdout.readline(), "ready\n", "the server")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def _netns(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def outside():
    """The internet: everything is there, at SERVER too; this host's address is HERE."""
    made = Namespace("uplink")
    made.address(f"{GATEWAY}/24")
    made.address(f"{SERVER}/32", device="lo")
    made.serve()
    ip("address", "add", f"{HERE}/24", "dev", "uplink")
    ip("route", "add", "default", "via", GATEWAY)
    return made


class Listener:
    """A service on this host, which must not be reached: @host its address, "\\0name" abstract."""

    def __init__(self, host):
        self.socket = socket.socket(socket.AF_UNIX if host.startswith("\0") else
                                    socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.bind(host if host.startswith("\0") else (host, 0))
        self.socket.listen(8)
        self.socket.setblocking(False)
        tap.cleanup(self.socket.close)

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def callers(self):
        """How many have connected since the last time."""
        n = 0
        while True:
            try:
                self.socket.accept()[0].close()
                n += 1
            except BlockingIOError:
                return n


def listening():
    """[(address, program)] of this namespace's sockets that wait for others."""
    said = subprocess.run(["ss", "-Htulnp"], capture_output=True, text=True, check=True).stdout
    return [(line.split()[4], (re.findall(r'"([^"]+)"', line) or ["?"])[0]) for line in said.splitlines()]


def lease(line):
    """Asks for an address of the guest's first card; answers what was given."""
    line.shell("ip link set lo up; ip link set eth0 up")
    for text in LEASE.strip().splitlines():
        line.shell(f"echo '{text}' >> /tmp/lease")
    line.shell("chmod +x /tmp/lease")
    return line.shell("udhcpc -i eth0 -n -q -t 10 -T 1 -s /tmp/lease 2>/dev/null")


def band(received, sent):
    """What a card may get and send, in kB/s, as libvirt writes it."""
    return f"<bandwidth><inbound average='{received}'/><outbound average='{sent}'/></bandwidth>"


def keeps_to(line, server, received, sent, what):
    """A guest with a file /tmp/up of 800 kB gets from the @server and sends so many kB/s by its own clock, within 10 %:
    never more; less only where this computer has something else to do. None: no limit."""
    url = f"http://{server}:{PORT}"

    def seconds(command):
        now = "$(cut -d' ' -f1 /proc/uptime)"
        said = line.shell(f"a={now}; {command}; b={now}; echo took $(echo $a $b | awk '{{print $2-$1}}')", 120)
        return float(re.search(r"took ([0-9.]+)", said).group(1))

    for way, kilobytes, command, limit in (
            ("receives", 1300, f"wget -q -O - {url}/big | head -c 1300000 > /dev/null", received),
            ("sends", 800, f"wget -q -O /dev/null --post-file=/tmp/up {url}", sent)):
        rates = []
        for _ in range(3):
            # 64 KiB at once; a few per cent more for the frames' heads.
            rates.append((kilobytes - 65) * 1.04 / seconds(command))
            tap.true(limit is None or rates[-1] / limit < 1.1, f"{what}: {way} {rates} kB/s of {limit}")
            if rates[-1] > (2 * 800 if limit is None else 0.9 * limit):
                break
        else:
            raise AssertionError(f"{what}: {way} {rates} kB/s of {limit}")
        tap.figure(f"{what}: kB/s that it {way}, of {limit}", f"{rates[-1]:.0f}")
