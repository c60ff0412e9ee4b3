# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree of widgets on the accessibility bus, read at once.

libatspi asks for each child, each name and each role by a call of its own, and waits for each: 1.7 s for our
window of 500 widgets. GTK tells all names and roles in one call (org.a11y.atspi.Cache, but only of what
was asked for before), and many children's questions can be under way: 0.15 s."""

import ast
import re

import gi
from gi.repository import Gio, GLib

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402  the names of roles and states, nothing else

from . import tap  # noqa: E402

TIMEOUT = 20000  # ms
ROOT = "/org/a11y/atspi/accessible/root"
PROPERTIES = "freedesktop.DBus.Properties"


# Of an answer's text: unpack() is ten times as slow. A reference is ('bus name', '/path').
STRING = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
PATH = re.compile(r"\('[^']*', '([^']*)'\)")
ITEM = re.compile(rf"\(\('[^']*', '([^']*)'\), \('[^']*', '[^']*'\), \('[^']*', '[^']*'\), -?\d+, (-?\d+), "
                  rf"\[([^]]*)\], {STRING}, (\d+), {STRING}, \[")


class Item:
    """What GTK tells of one widget in a list of all."""

    def __init__(self, match):
        path, count, interfaces, name, role, description = match.groups()
        self.path, self.count, self.role = path, int(count), int(role)
        self.interfaces = interfaces
        self.name, self.description = (ast.literal_eval(text) if "\\" in text else text[1:-1]
                                       for text in (name, description))


class Bus:
    """The accessibility bus of a session."""

    def __init__(self, session):
        address = session.connection.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None,
                                               None, Gio.DBusCallFlags.NONE, TIMEOUT, None).unpack()[0]
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.connection = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)

    def ask(self, name, path, interface, method, args=None):
        return self.connection.call_sync(name, path, f"org.{interface}", method, args, None,
                                         Gio.DBusCallFlags.NONE, TIMEOUT, None)

    def call(self, *call):
        return self.ask(*call).unpack()

    def items(self, name):
        """{path: Item} of what was asked for since that program began, and is still there."""
        text = self.ask(name, "/org/a11y/atspi/cache", "a11y.atspi.Cache", "GetItems").print_(False)
        return {item.path: item for item in map(Item, ITEM.finditer(text))}

    def children(self, name, paths):
        """{path: its children's paths}, without what has gone; all questions are under way at once."""
        answers, waiting = {}, set(paths)
        context = GLib.MainContext()
        context.push_thread_default()
        try:
            def done(connection, result, path):
                waiting.discard(path)
                try:
                    answers[path] = PATH.findall(connection.call_finish(result).print_(False))
                except GLib.Error:
                    pass  # it is gone

            for path in paths:
                self.connection.call(name, path, "org.a11y.atspi.Accessible", "GetChildren", None, None,
                                     Gio.DBusCallFlags.NONE, TIMEOUT, None, done, path)
            while waiting:
                context.iteration(True)
        finally:
            context.pop_thread_default()
        return answers

    def application(self, pid):
        """The name on the bus of the process @pid, once it is there."""
        for name, _path in self.call("org.a11y.atspi.Registry", ROOT, "a11y.atspi.Accessible", "GetChildren")[0]:
            try:
                owner = self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "freedesktop.DBus",
                                  "GetConnectionUnixProcessID", GLib.Variant("(s)", (name,)))[0]
            except GLib.Error:
                continue  # another one, that has ended
            if owner == pid:
                return name
        return None


class Tree:
    """What one application shows, as it was when it was read."""

    def __init__(self, bus, name, root=ROOT):
        self.bus, self.name, self.root = bus, name, root
        self.known = {}  # path: Item
        self.children = {}  # path: paths
        try:
            self._read()
        except GLib.Error as e:
            tap.diag(f"accessibility: {e.message}")  # it has ended, or its window is just being made

    def _read(self):
        self.known = self.bus.items(self.name)
        # Of a whole tree all at once, of a part level by level. What is not known may have some, and is known
        # once it was asked for.
        level, unknown = {self.root}, False
        if self.root == ROOT:
            level |= {path for path, item in self.known.items() if item.count}
        while level:
            answers = self.bus.children(self.name, level)
            self.children.update(answers)
            below = {child for children in answers.values() for child in children if child not in self.children}
            unknown = unknown or not below <= self.known.keys()
            level = {path for path in below if path not in self.known or self.known[path].count}
        if unknown:
            self.known = self.bus.items(self.name)

    def walk(self, path=None):
        """Node by node, from the top."""
        path = path or self.root
        if path in self.known:
            yield Node(self, path, self.known[path])
        for child in self.children.get(path, ()):
            yield from self.walk(child)


class Node:
    """A widget. What a walk yields has the @item that the tree has of it; else it is asked."""

    def __init__(self, tree, path, item=None):
        self.tree, self.path, self.item = tree, path, item

    def _call(self, interface, method, args=None):
        return self.tree.bus.call(self.tree.name, self.path, f"a11y.atspi.{interface}", method, args)

    def _try(self, default, *call):
        """Nodes go away while they are looked at, and some interfaces are not there."""
        try:
            return self._call(*call)[0]
        except GLib.Error:
            return default

    def _get(self, default, interface, name):
        try:
            args = GLib.Variant("(ss)", (f"org.a11y.atspi.{interface}", name))
            return self.tree.bus.call(self.tree.name, self.path, PROPERTIES, "Get", args)[0]
        except GLib.Error:
            return default

    @property
    def name(self):
        return self.item.name if self.item else self._get("", "Accessible", "Name")

    @property
    def role(self):
        number = self.item.role if self.item else self._try(0, "Accessible", "GetRole")
        return Atspi.role_get_name(number)

    @property
    def description(self):
        return self.item.description if self.item else self._get("", "Accessible", "Description")

    def interfaces(self):
        if self.item:
            return re.findall(r"\.(\w+)'", self.item.interfaces)
        return [name.rpartition(".")[2] for name in self._try([], "Accessible", "GetInterfaces")]

    def children(self):
        """Each with what it was told of when they were asked for."""
        tree = Tree(self.tree.bus, self.tree.name, self.path)
        return [Node(tree, path, tree.known.get(path)) for path in tree.children.get(self.path, ())]

    def walk(self):
        return Tree(self.tree.bus, self.tree.name, self.path).walk()

    def asked_anew(self):
        """The same widget, of which all is asked when it is wanted."""
        return Node(self.tree, self.path)

    def actions(self):
        if "Action" not in self.interfaces():
            return []
        return [self._try("", "Action", "GetName", GLib.Variant("(i)", (i,)))
                for i in range(self._get(0, "Action", "NActions"))]

    def do(self, action):
        for i, name in enumerate(self.actions()):
            if name == action:
                self._call("Action", "DoAction", GLib.Variant("(i)", (i,)))
                return
        raise AssertionError(f"{self!r} has no action {action}, only {self.actions()}")

    def has_state(self, state):
        """@state: "sensitive", "checked", "focused", "selected", "pressed" …"""
        bit = int(getattr(Atspi.StateType, state.upper()))
        return bool(self._call("Accessible", "GetState")[0][bit // 32] >> bit % 32 & 1)

    def can_be_pressed(self):
        """What is on a page that is not shown has no place, and GTK lets its actions do nothing."""
        return self.has_state("sensitive") and self.extents()[2] > 0

    @property
    def text(self):
        count = self._get(0, "Text", "CharacterCount")
        return self._try("", "Text", "GetText", GLib.Variant("(ii)", (0, count))) if count else ""

    def set_text(self, text):
        if not self._try(False, "EditableText", "SetTextContents", GLib.Variant("(s)", (text,))):
            raise AssertionError(f"{self!r} takes no text")

    @property
    def value(self):
        return self._get(None, "Value", "CurrentValue")

    def set_value(self, value):
        """A spin button or scale; its text would only be shown, not taken."""
        args = GLib.Variant("(ssv)", ("org.a11y.atspi.Value", "CurrentValue", GLib.Variant("d", value)))
        self.tree.bus.call(self.tree.name, self.path, PROPERTIES, "Set", args)

    def select_child(self, index):
        if not self._try(False, "Selection", "SelectChild", GLib.Variant("(i)", (index,))):
            raise AssertionError(f"{self!r} has no child {index} to select")

    def extents(self):
        """(x, y, width, height) in the window."""
        return self._call("Component", "GetExtents", GLib.Variant("(u)", (int(Atspi.CoordType.WINDOW),)))[0]

    def __repr__(self):
        return f"<{self.role} {self.name!r}>"
