# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the real window by accessibility, keys and mouse.

What GTK 4.8 makes possible through AT-SPI and what it does not (so that the mouse or keys must do
it) is told in tests/README.md. Roles are AT-SPI's names: "push button", "check box", "label" …"""

from . import a11y, env, tap


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
        self.session = session
        self.display = display
        self.process = session.spawn(argv or [env.APP], name=name, extra_env=extra_env)
        self.attach(self.process.pid, timeout)

    def attach(self, pid, timeout=30):
        self.pid = pid
        self.bus = a11y.Bus(self.session)

        def appeared():
            if not self.process.running():
                raise AssertionError(f"the app ended at once:\n{self.process.output()[-3000:]}")
            name = self.bus.application(pid)
            return name if name and a11y.Tree(self.bus, name).children.get(a11y.ROOT) else None

        self.name = tap.wait_for(appeared, timeout, "the app's window in the accessibility tree")

    def tree(self):
        return a11y.Tree(self.bus, self.name)

    def windows(self):
        return a11y.Node(self.tree(), a11y.ROOT).children()

    def find_all(self, role=None, name=None, contains=None, root=None, action=None, where=None):
        found = []
        for node in root.walk() if root else self.tree().walk():
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
            found.append(node.asked_anew())
        return found

    def find(self, role=None, name=None, timeout=10, **kwargs):
        """The first widget that matches, waited for."""
        return self._wait(role, name, timeout, kwargs)[0]

    def _wait(self, role, name, timeout, kwargs):
        what = f"a widget role={role} name={name} {kwargs}"
        return tap.wait_for(lambda: self.find_all(role, name, **kwargs), timeout, what, 0.1)

    def gone(self, role=None, name=None, timeout=10, **kwargs):
        """Waits until no widget matches."""
        what = f"no widget role={role} name={name} {kwargs}"
        tap.wait_for(lambda: not self.find_all(role, name, **kwargs), timeout, what, 0.1)

    def activate(self, action, argument=None):
        activate(self.session, action, argument)

    def click(self, name, role=None, timeout=10, **kwargs):
        """When it can be pressed, by its accessible action where it has one, else by the mouse. The
        effect may come 0.3 s later: wait for it."""
        def pressable():
            return [node for node in self.find_all(role, name, **kwargs) if node.can_be_pressed()]

        found = tap.wait_for(pressable, timeout, f"a widget to press: role={role} name={name} {kwargs}", 0.1)
        # A menu button's name is on two nodes; the one with the action is the one to press.
        for candidate in found:
            for action in ("click", "press", "activate", "toggle"):
                if action in candidate.actions():
                    candidate.do(action)
                    return candidate
        self.mouse(found[0])
        return found[0]

    def choose(self, name, row, timeout=10):
        """Of the list @name, as keys choose it, the row in which something begins with @row."""
        def chosen():
            for rows in self.find_all("list", name):
                for i, child in enumerate(rows.children()):
                    if any(node.name.startswith(row) for node in child.walk()):
                        rows.select_child(i)
                        return True
            return False

        tap.wait_for(chosen, timeout, f"{row} in the list {name}", 0.1)

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

        tree = self.tree()

        def lines(path, depth):
            if path in tree.known:
                node = a11y.Node(tree, path, tree.known[path])
                yield f"{'  ' * depth}{node.role} {node.name!r} {' '.join(node.actions())}"
            for child in tree.children.get(path, ()):
                yield from lines(child, depth + 1)

        return "\n".join(lines(tree.root, 0))

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
