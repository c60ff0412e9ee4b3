# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the real window by accessibility, keys and mouse.

What GTK 4.8 makes possible through AT-SPI and what it does not (so that the mouse or keys must do
it) is told in tests/README.md. Roles are AT-SPI's names: "push button", "check box", "label" …"""

import os

from . import env, tap


class Node:
    """A widget as assistive technology sees it."""

    def __init__(self, accessible):
        self.a = accessible

    @property
    def name(self):
        return _try(self.a.get_name, "") or ""

    @property
    def role(self):
        return _try(self.a.get_role_name, "") or ""

    @property
    def description(self):
        return _try(self.a.get_description, "") or ""

    def children(self):
        for i in range(_try(self.a.get_child_count, 0)):
            child = _try(lambda: self.a.get_child_at_index(i), None)
            if child is not None:
                yield Node(child)

    def walk(self):
        yield self
        for child in self.children():
            yield from child.walk()

    def actions(self):
        count = _try(self.a.get_n_actions, 0)
        return [_try(lambda: self.a.get_action_name(i), "") for i in range(count)]

    def do(self, action):
        for i, name in enumerate(self.actions()):
            if name == action:
                self.a.do_action(i)
                return
        raise AssertionError(f"{self!r} has no action {action}, only {self.actions()}")

    def has_state(self, state):
        """@state: "sensitive", "checked", "focused", "selected", "pressed" …"""
        from gi.repository import Atspi

        return self.a.get_state_set().contains(getattr(Atspi.StateType, state.upper()))

    @property
    def text(self):
        from gi.repository import Atspi

        count = _try(lambda: Atspi.Text.get_character_count(self.a), 0)
        return _try(lambda: Atspi.Text.get_text(self.a, 0, count), "") or ""

    def set_text(self, text):
        from gi.repository import Atspi

        if not Atspi.EditableText.set_text_contents(self.a, text):
            raise AssertionError(f"{self!r} takes no text")

    @property
    def value(self):
        from gi.repository import Atspi

        return Atspi.Value.get_current_value(self.a)

    def set_value(self, value):
        """A spin button or scale; its text would only be shown, not taken."""
        from gi.repository import Atspi

        if not Atspi.Value.set_current_value(self.a, value):
            raise AssertionError(f"{self!r} takes no value")

    def extents(self):
        """(x, y, width, height) in the window."""
        from gi.repository import Atspi

        rect = Atspi.Component.get_extents(self.a, Atspi.CoordType.WINDOW)
        return rect.x, rect.y, rect.width, rect.height

    def __repr__(self):
        return f"<{self.role} {self.name!r}>"


def _try(function, default):
    """Nodes go away while they are looked at, and some interfaces are not there."""
    from gi.repository import GLib

    try:
        return function()
    except (GLib.Error, RuntimeError, TypeError, AttributeError):
        return default


def activate(session, action, argument=None):
    """An action of the app's window or of the app: "win.new", "app.quit"; @argument is a GLib.Variant.
    By D-Bus: GTK 4.8 leaks a list for each that AT-SPI starts."""
    from gi.repository import Gio, GLib

    group, name = action.split(".", 1)
    path = "/org/innkeeper/Innkeeper" + ("/window/1" if group == "win" else "")

    def call(method, args):
        return session.connection.call_sync(
            "org.innkeeper.Innkeeper", path, "org.gtk.Actions", method, args, None,
            Gio.DBusCallFlags.NONE, 10000, None).unpack()

    tap.wait_for(lambda: call("Describe", GLib.Variant("(s)", (name,)))[0][0], 10,
                 f"the action {action} to be enabled")
    call("Activate", GLib.Variant("(sava{sv})", (name, [argument] if argument else [], {})))


class App:
    """A running application: started on @session and @display, seen through AT-SPI."""

    def __init__(self, session, display, argv=None, extra_env=None, timeout=30, name="innkeeper"):
        # libatspi looks for the bus in this process's environment, once.
        for key in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "XDG_RUNTIME_DIR", "HOME"):
            os.environ[key] = session.environ[key]
        self.session = session
        self.display = display
        self.process = session.spawn(argv or [env.APP], name=name, extra_env=extra_env)
        self.attach(self.process.pid, timeout)

    def attach(self, pid, timeout=30):
        import gi

        gi.require_version("Atspi", "2.0")
        from gi.repository import Atspi

        Atspi.init()
        self.pid = pid

        def appeared():
            if not self.process.running():
                raise AssertionError(f"the app ended at once:\n{self.process.output()[-3000:]}")
            desktop = Node(Atspi.get_desktop(0))
            for node in desktop.children():
                if _try(node.a.get_process_id, 0) == pid and any(node.children()):
                    return node
            return None

        self.root = tap.wait_for(appeared, timeout, "the app's window in the accessibility tree")

    def windows(self):
        return list(self.root.children())

    def find_all(self, role=None, name=None, contains=None, root=None, action=None, where=None):
        found = []
        for node in (root or self.root).walk():
            if role and node.role != role:
                continue
            if name is not None and node.name != name:
                continue
            if contains is not None and contains not in node.name:
                continue
            if action and action not in node.actions():
                continue
            if where and not where(node):
                continue
            found.append(node)
        return found

    def find(self, role=None, name=None, timeout=10, **kwargs):
        """The first widget that matches, waited for."""
        what = f"a widget role={role} name={name} {kwargs}"
        return tap.wait_for(lambda: self.find_all(role, name, **kwargs), timeout, what, 0.1)[0]

    def gone(self, role=None, name=None, timeout=10, **kwargs):
        """Waits until no widget matches."""
        what = f"no widget role={role} name={name} {kwargs}"
        tap.wait_for(lambda: not self.find_all(role, name, **kwargs), timeout, what, 0.1)

    def activate(self, action, argument=None):
        activate(self.session, action, argument)

    def click(self, name, role=None, timeout=10, **kwargs):
        """By its accessible action where it has one, else by the mouse. The effect may come 0.3 s
        later: wait for it."""
        node = self.find(role, name, timeout, **kwargs)
        # A menu button's name is on two nodes; the one with the action is the one to press.
        for candidate in self.find_all(role, name, **kwargs):
            for action in ("click", "press", "activate", "toggle"):
                if action in candidate.actions():
                    candidate.do(action)
                    return candidate
        self.mouse(node)
        return node

    def mouse(self, node, button=1):
        """Clicks into the middle of a widget."""
        x, y, width, height = node.extents()
        left, top = self._window_position()
        self.display.click(left + x + width / 2, top + y + height / 2, button)

    def _window_position(self):
        def place():
            windows = self.display.windows(self.pid)
            return self.display.geometry(windows[-1]) if windows else None

        return tap.wait_for(place, 10, "the window on the screen")[:2]

    def dump(self):
        """The tree of widgets, for the log of a failed test."""

        def lines(node, depth):
            yield f"{'  ' * depth}{node.role} {node.name!r} {' '.join(node.actions())}"
            for child in node.children():
                yield from lines(child, depth + 1)

        return "\n".join(lines(self.root, 0))

    def close(self, timeout=20):
        """Ends the app as its Quit does; answers its exit code."""
        import signal

        if self.process.running():
            try:
                self.activate("app.quit")
                self.process.wait(5)
            except Exception:
                pass
        return self.process.stop(timeout, signal.SIGTERM)
