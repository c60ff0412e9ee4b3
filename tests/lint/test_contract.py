# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract in data/dbus: well-formed, each method with its polkit action, all documented."""

import re
import subprocess
import xml.etree.ElementTree as ElementTree

from lib import env, tap, tree

ACTION = re.compile(r"org\.innkeeper\.helper\.[a-z-]+")
PREFIX = "org.innkeeper.Helper1."


def interfaces():
    for path in tree.under("data/dbus", suffixes={".xml"}):
        yield path, ElementTree.fromstring(tree.read(path)).findall("interface"), tree.read(path)


def comments(text):
    return " ".join(re.findall(r"<!--(.*?)-->", text, re.S))


@tap.case
def one_interface_a_file():
    """Each file holds one interface, named as the file, and is valid XML"""
    problems = []
    for path, found, _ in interfaces():
        if [i.get("name") for i in found] != [path.stem]:
            problems.append(f"{path}: holds {[i.get('name') for i in found]}")
        done = subprocess.run(["xmllint", "--noout", "--nonet", str(env.SOURCE / path)],
                              capture_output=True, text=True)
        if done.returncode:
            problems.append(done.stderr)
    tap.true(len(list(interfaces())) >= 5, "the contract is not there")
    tree.complain(problems)


@tap.case
def methods_name_their_action():
    """Every method names the polkit action that it needs, and the policy has it"""
    problems, policies = [], tree.under("data", suffixes={".policy", ".in"})
    known = set()
    for path in policies:
        known.update(re.findall(r'<action id="([^"]+)"', tree.read(path)))
    for path, found, _ in interfaces():
        for method in found[0].findall("method"):
            actions = [a.get("value") for a in method.findall("annotation")
                       if a.get("name") == "org.innkeeper.Action"]
            where = f"{path}: {method.get('name')}"
            if len(actions) != 1 or not ACTION.fullmatch(actions[0]):
                problems.append(f"{where}: org.innkeeper.Action is {actions}")
            elif known and actions[0] not in known:
                problems.append(f"{where}: {actions[0]} stands in no policy")
    tree.complain(problems)


@tap.case
def properties_only_tell():
    """No property can be written"""
    tree.complain(f"{path}: {p.get('name')}" for path, found, _ in interfaces()
                  for p in found[0].findall("property") if p.get("access") != "read")


@tap.case
def methods_take_options():
    """Every method takes its options as a{sv}, so that it can grow"""
    tree.complain(
        f"{path}: {m.get('name')}" for path, found, _ in interfaces()
        for m in found[0].findall("method")
        if not any(a.get("type") == "a{sv}" and a.get("name") == "options" for a in m.findall("arg"))
        and path.stem.startswith(PREFIX))


@tap.case
def arguments_are_documented():
    """Every argument has a name and, where its name does not say all, a word in a comment"""
    plain = {"options", "job", "socket"}
    problems = []
    for path, found, text in interfaces():
        said = comments(text)
        for method in found[0].findall("method"):
            for arg in method.findall("arg"):
                name = arg.get("name")
                if not name or arg.get("direction") not in ("in", "out"):
                    problems.append(f"{path}: {method.get('name')}: an argument without name or direction")
                elif name not in plain and not re.search(rf"\b{re.escape(name)}\b", said):
                    problems.append(f"{path}: {method.get('name')}: @{name} is not documented")
    tree.complain(problems)


@tap.case
def contract_is_built():
    """data/meson.build lists every file of the contract"""
    listed = tree.read("data/meson.build")
    tree.complain(f"{path} is missing in data/meson.build" for path, _, _ in interfaces()
                  if path.name not in listed)


tap.main()
