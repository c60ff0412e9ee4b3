# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources: where things may stand, who may include whom, what is never written."""

import re
import subprocess

from lib import env, tap, tree

TOP = {"meson.build", "meson_options.txt", "README.md", "COPYING", "src", "ui", "data", "po",
       "vmm-helper", "tests", "flatpak"}
CODE = {".c", ".h"}

# A layer: the folder, and the folders whose headers it may include.
LAYERS = {
    "src/shared": ("shared",),
    "src/client": ("shared", "client"),
    "src/app": ("shared", "client", "app"),
    "vmm-helper": ("shared", "core", "dbus", "machine", "qemu", "devices", "host"),
}
OURS = {"shared", "client", "app", "core", "dbus", "machine", "qemu", "devices", "host"}
# A library's header, and the one folder that may know it.
LIBRARIES = {
    r"gtk/|adwaita\.h|vte/|gdk/|gvnc|vnc": ("src/app",),
    r"polkit/": ("vmm-helper/core",),
    r"libxml/": ("src/shared",),
}
# Words that never stand in the helper's code, and what to write instead.
BANNED = {
    r"\bsystem \(|\bpopen \(": "core/vmh-spawn.h, with an argument vector",
    r"\bstrcpy \(|\bstrcat \(|\bsprintf \(|\bvsprintf \(": "g_strdup_printf, GString",
    r"\bg_spawn_command_line": "an argument vector",
    r"\bpolkit_unix_process": "polkit_system_bus_name: a pid can be reused",
    r"\bpolkit_authority_check_authorization_sync": "the asynchronous check: prompts take minutes",
    r"\bgoto\b": "g_autoptr and an early return",
}


def includes(path):
    """(line number, name, is it in quotes)"""
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^">]+)', line)
        if match:
            yield number, match[2], match[1] == '"'


@tap.case
def top_level():
    """The top level holds what was agreed and dotfiles"""
    tops = {f.parts[0] for f in tree.files()}
    tree.complain(t for t in tops if t not in TOP and not t.startswith("."))


@tap.case
def heads():
    """Every source file begins with its two SPDX lines"""
    problems = []
    for path in tree.files():
        script = path.name == "run" or path.name == "meson.build"
        if path.suffix in {".c", ".h", ".py", ".sh", ".css", ".js"} or script:
            head = "\n".join(tree.read(path).splitlines()[:5])
            if ("SPDX-FileCopyrightText: 2026 The Innkeeper developers" not in head
                    or "SPDX-License-Identifier: GPL-3.0-or-later" not in head):
                problems.append(path)
    tree.complain(problems)


@tap.case
def layers():
    """No layer includes one above it"""
    problems = []
    for layer, allowed in LAYERS.items():
        for path in tree.under(layer, suffixes=CODE):
            for number, name, quoted in includes(path):
                first = name.split("/")[0]
                if quoted and "/" in name and first in OURS and first not in allowed:
                    problems.append(f"{path}:{number}: {layer} must not include {name}")
                if quoted and ".." in name.split("/"):
                    problems.append(f"{path}:{number}: {name}: name it from the root of the layers")
    tree.complain(problems)


@tap.case
def libraries():
    """GTK, polkit and libxml2 are each known in one place"""
    problems = []
    for path in tree.under("src", "vmm-helper", suffixes=CODE):
        for number, name, quoted in includes(path):
            for pattern, homes in LIBRARIES.items():
                if not quoted and re.match(pattern, name) and not any(path.is_relative_to(h) for h in homes):
                    problems.append(f"{path}:{number}: {name} is for {', '.join(homes)} only")
    tree.complain(problems)


@tap.case
def qmp_commands():
    """QMP's commands are named in vmm-helper/qemu only"""
    command = re.compile(r'"(query-[a-z-]+|device_add|device_del|blockdev-[a-z-]+|object-add|'
                         r'object-del|netdev_add|netdev_del|chardev-add|qom-[a-z]+|system_[a-z]+|'
                         r'getfd|add_client|add-fd|qmp_capabilities|migrate[a-z-]*)"')
    problems = []
    for path in tree.under("src", "vmm-helper", suffixes=CODE):
        if path.is_relative_to("vmm-helper/qemu") or path.is_relative_to("vmm-helper/devices"):
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if command.search(line):
                problems.append(f"{path}:{number}: {line.strip()}")
    tree.complain(problems)


@tap.case
def banned():
    """The helper's code keeps away from what has hurt others"""
    problems = []
    for path in tree.under("vmm-helper", "src/shared", suffixes=CODE):
        for number, line in enumerate(tree.c_code(tree.read(path)).splitlines(), 1):
            for pattern, instead in BANNED.items():
                if re.search(pattern, line):
                    problems.append(f"{path}:{number}: {line.strip()} (instead: {instead})")
    tree.complain(problems)


@tap.case
def spawned():
    """The helper starts processes through its spawn server only: no child of its own has users' files"""
    start = re.compile(r"\b(v?fork|clone3?|posix_spawnp?|exec[vl]\w*|g_subprocess_\w+|g_spawn_(a?sync|command)\w*|"
                       r"waitpid|g_child_watch_\w+) ?\(|\bGSubprocess|\bSYS_(clone|v?fork|exec)\w*")
    homes = ("vmm-helper/shim", "vmm-helper/screen", "vmm-helper/host/inspect")  # programs of their own
    # main.c is itself anew, before there is anything (use_no_slices)
    files = {"core/vmh-spawn.c": 1, "core/vmh-spawn-server.c": 3, "core/vmh-spawn-child.c": 2, "main.c": 1}
    problems = []
    for path in tree.under("vmm-helper", "src/shared", suffixes=CODE):
        if any(path.is_relative_to(h) for h in homes):
            continue
        found = [f"{path}:{number}: {line.strip()}"
                 for number, line in enumerate(tree.c_code(tree.read(path)).splitlines(), 1) if start.search(line)]
        allowed = files.get(str(path).removeprefix("vmm-helper/"), 0)
        if len(found) != allowed:
            problems += found or [f"{path}: nothing is started here any more: change this test"]
    tree.complain(problems)


@tap.case
def left_undone():
    """No note of work left undone"""
    word = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
    problems = []
    for path in tree.under(suffixes=CODE | {".py", ".ui", ".build", ".css"}):
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if word.search(line):
                problems.append(f"{path}:{number}: {line.strip()}")
    tree.complain(problems)


@tap.case
def sizes():
    """No C file over 600 lines, no line over 100 columns"""
    problems = []
    for path in tree.under("src", "vmm-helper", "tests", suffixes=CODE):
        lines = tree.read(path).splitlines()
        if len(lines) > 600 and not path.is_relative_to("tests"):
            problems.append(f"{path}: {len(lines)} lines: split it by concern")
        problems += [f"{path}:{n}: {len(line)} columns" for n, line in enumerate(lines, 1)
                     if len(line) > 100 and "http" not in line]
    tree.complain(problems)


@tap.case
def formatted():
    """clang-format has nothing to change"""
    paths = [str(p) for p in tree.under("src", "vmm-helper", "tests", suffixes=CODE)]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=3", *paths],
                          cwd=env.SOURCE, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError("run clang-format -i on these:\n" + done.stderr[-3000:])


@tap.case
def python_compiles():
    """Every Python file compiles"""
    problems = []
    for path in tree.under(suffixes={".py"}):
        try:
            compile(tree.read(path), str(path), "exec")
        except SyntaxError as e:
            problems.append(e)
    tree.complain(problems)


@tap.case
def shell_is_sound():
    """shellcheck finds nothing in the shell scripts"""
    scripts = [p for p in tree.files() if re.match(r"#!.*\b(ba)?sh\b", tree.read(p)[:40])]
    tap.true(len(scripts) >= 2, "no script was found")
    done = subprocess.run(["shellcheck", "-x", *map(str, scripts)], cwd=env.SOURCE, capture_output=True,
                          text=True)
    if done.returncode:
        raise AssertionError(done.stdout)


tap.main()
