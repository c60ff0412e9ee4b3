# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callers as no library makes them: bytes on the system bus's socket, by whoever we are at the
moment. For callers by the thousand, and for such that do not behave."""

import contextlib
import os
import pwd
import socket

from gi.repository import Gio, GLib

from . import bus

SOCKET = "/run/dbus/system_bus_socket"


@contextlib.contextmanager
def as_user(user):
    """The bus takes a connection for whom it is made by."""
    os.seteuid(pwd.getpwnam(user).pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def message(path, interface, method, args=None, to=bus.NAME, serial=2, reply=True):
    """A method call as bytes; @args is a GLib.Variant tuple without fds."""
    it = Gio.DBusMessage.new_method_call(to, path, interface, method)
    it.set_serial(serial)
    if args is not None:
        it.set_body(args)
    if not reply:
        it.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
    return bytes(it.to_blob(Gio.DBusCapabilityFlags.NONE))


HELLO = message("/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", to="org.freedesktop.DBus", serial=1)


def greeting(uid):
    """What a client says first, all of it without waiting for an answer."""
    return b"\0AUTH EXTERNAL " + str(uid).encode().hex().encode() + b"\r\nBEGIN\r\n" + HELLO


def connect(path=SOCKET, timeout=20):
    """A connection that has its name."""
    it = socket.socket(socket.AF_UNIX)
    it.settimeout(timeout)
    it.connect(path)
    it.sendall(greeting(os.geteuid()))
    seen = b""
    while b":1." not in seen:
        more = it.recv(65536)
        if not more:
            raise AssertionError(f"the bus does not take us: {seen!r}")
        seen += more
    return it


def call(path, interface, method, text="(@a{sv} {},)", **kwargs):
    """message() with its arguments in GVariant's text format."""
    return message(path, interface, method, GLib.Variant.parse(None, text, None, None), **kwargs)
