# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new-machine wizard of the real app, driven as a person without a mouse would."""

import os
import subprocess

from . import env, tap, ui

# GTK 4.8 says this of its own accessible tree when it is walked while widgets come or go.
GTKS_OWN = "g_variant_is_object_path: assertion 'string != NULL' failed"


# Two things leak here that are not ours: GTK 4.8 a list of action names for each action that AT-SPI
# starts, and libcloudproviders two strings for each file dialog. Debian's libraries keep no frame
# pointers, so their leaks end at g_malloc() and no suppression knows them. Our own are looked for by
# the tests in the app's process (test-create, test-window, test-details, test-console).
NO_LEAKS = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"


# A window that offers a file to be dragged, as a file manager does; argv[1]: the file.
DRAG_SOURCE = """
import sys, gi
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GLib, Gtk
def activate(app):
    uri = Gio.File.new_for_path(sys.argv[1]).get_uri() + "\\r\\n"
    source = Gtk.DragSource(actions=Gdk.DragAction.COPY)
    source.set_content(Gdk.ContentProvider.new_for_bytes("text/uri-list", GLib.Bytes.new(uri.encode())))
    label = Gtk.Label(label="A file")
    label.add_controller(source)
    window = Gtk.ApplicationWindow(application=app, title="Drag source", child=label)
    window.set_default_size(120, 80)
    window.present()
app = Gtk.Application(application_id="org.innkeeper.DragSource")
app.connect("activate", activate)
app.run()
"""


def start_app(session, display, *arguments, extra_env=None):
    """The app; its criticals are looked for by end_app(), as one of GTK's own must not end it."""
    return ui.App(session, display, [env.APP, *arguments],
                  extra_env={"G_DEBUG": "", "ASAN_OPTIONS": NO_LEAKS, **(extra_env or {})})


def end_app(app):
    app.close()
    bad = [line for line in app.process.output().splitlines() if ("-CRITICAL **" in line or "-WARNING **" in line) and GTKS_OWN not in line]
    tap.equal(bad, [], "complaints of the app")


def make_iso(path, label):
    """A small ISO with @label that a computer could start from (it would find nothing there)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tree = path.parent / (path.name + ".tree")
    tree.mkdir()
    (tree / "boot").write_bytes(bytes(2048))
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", label, "-o", path, "-b", "boot",
                    "-no-emul-boot", tree], check=True, capture_output=True)
    return path


def named(name):
    """GTK adds a label to some names: "_Create Create", "Boot menu Boot menu", "Choose the Kernel
    Choose…"."""
    return lambda node: node.name == name or node.name.endswith(" " + name) or node.name.startswith(name + " ")


def button(app, name, **kwargs):
    return app.find("push button", where=named(name), **kwargs)


def press(app, name):
    return app.click(None, "push button", timeout=20, where=named(name))


def toggle(app, name):
    node = app.find("check box", where=named(name))
    before = node.has_state("checked")
    node.do("toggle")
    tap.wait_for(lambda: node.has_state("checked") != before, 10, f"the switch {name}")


def shown(display, title):
    """X windows with that title that can be seen."""
    return subprocess.run(["xdotool", "search", "--onlyvisible", "--name", title], env=display.environ,
                          capture_output=True, text=True).stdout.split()


def choose_file(display, title, path):
    """Types a path into GTK's file dialog. Its accessible tree is not looked at: walking it makes GTK
    4.8 raise a critical of its own (g_variant_is_object_path of NULL)."""
    window = tap.wait_for(lambda: shown(display, title), 20, f"the dialog “{title}”")[0]
    for attempt in range(5):
        # On a busy computer the dialog may be seen before it takes keys, or has its size: the path is typed anew.
        x, y, width, _ = display.geometry(window)
        display.move(x + width / 2, y + 20)
        if attempt % 2:
            display.key("ctrl+a")
        elif attempt:  # nor did that help: from the names to where a path is typed, or back
            display.key("ctrl+l", "ctrl+a")
        display.type(str(path))
        display.key("Return")
        try:
            tap.wait_for(lambda: not shown(display, title), 4, "the file dialog's end")
            return
        except AssertionError:
            pass
    raise AssertionError("the file dialog took no file")


def drop(app, display, session, path):
    """A file that is dragged from another window onto the app's."""
    source = session.spawn(["/usr/bin/python3", "-c", DRAG_SOURCE, path], name="drag-source")
    tap.cleanup(source.stop)
    window = tap.wait_for(lambda: display.windows(source.pid), 20, "the source's window")[-1]
    display.xdotool("windowmove", "--sync", window, 1140, 880)
    x, y, width, height = display.geometry(window)
    left, top, _, _ = display.geometry(display.windows(app.pid)[-1])
    # The first steps of a drag are its beginning; what is below must have seen the pointer come.
    display.drag((x + width / 2, y + height / 2), (left + 600, top + 400))


def is_open(app):
    """By the screen: GTK 4.8 may crash when its accessible tree is walked while a window goes."""
    return bool(shown(app.display, "New Machine"))


def wait_for_new(app):
    """The action is there when the helper has answered."""
    tap.wait_for(lambda: "win.new" in sum((w.actions() for w in app.windows()), []), 20, "win.new")


def open_from_menu(app):
    """New machine: the window's own action, which Ctrl+N and the button call."""
    wait_for_new(app)
    app.activate("win.new")
    tap.wait_for(lambda: is_open(app), 20, "the wizard")


def open_with_file(app, session, path):
    """innkeeper FILE: a second start hands the file to the window that is there."""
    second = session.spawn([env.APP, path], name="innkeeper-file")
    tap.wait_for(lambda: is_open(app), 60, "the wizard")
    second.wait(20)


def close(app, display):
    display.key("Escape")
    tap.wait_for(lambda: not is_open(app), 10, "the wizard's end")


def wait_for_summary(app, timeout=30):
    """The last page: Create can be pressed."""
    def ready():
        return [b for b in app.find_all("push button") if b.name.endswith("Create") and
                b.has_state("sensitive") and b.has_state("visible") and b.extents()[2] > 0]

    return tap.wait_for(ready, timeout, "the page with Create")[0]


def set_entry(app, name, text):
    """The entry itself is below the row that has the name."""
    for row in tap.wait_for(lambda: app.find_all(where=named(name)), 10, f"the entry {name}"):
        for node in row.walk():
            if node.role in ("entry", "text") and "EditableText" in node.interfaces():
                node.set_text(text)
                return
    raise AssertionError(f"{name} cannot be edited:\n" + app.dump())


def set_name(app, text):
    set_entry(app, "Name", text)


def choose_tab(app, name):
    """Of the console: "Screen", "Serial 1"."""
    node = app.find(where=lambda n: named(name)(n) and n.role in ("toggle button", "radio button", "page tab"))
    if "click" in node.actions():
        node.do("click")
    else:
        app.mouse(node)


def says(app, words):
    return bool(app.find_all("label", contains=words))


def wait_for_created(app, session, count=1, timeout=60):
    """The wizard is gone and the helper has the machines; answers their paths."""
    tap.wait_for(lambda: not is_open(app), timeout, "the wizard's end after Create")
    return tap.wait_for(lambda: len(session.machines()) == count and list(session.machines()), 10,
                        f"{count} machines")
