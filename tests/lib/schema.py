# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema's fields, as the program has them, and any text in any of them: what the program itself
would never write, too."""

import json
import re
import subprocess
from xml.sax import saxutils

from . import env

SPACES = {"innkeeper": "https://innkeeper.org/xmlns/machine/1",
          "libosinfo": "http://libosinfo.org/xmlns/libvirt/domain/1.0"}
TOOL = env.BUILD / "tests" / "security" / "fields-tool"


def fields(types=("string", "path", "mac", "uuid")):
    """[{kind, place, match, device, name, path, type, secret, multiline, min, max, choices}] of those types."""
    lines = subprocess.run([str(TOOL)], check=True, capture_output=True, text=True).stdout.splitlines()
    return [f for f in map(json.loads, lines) if f["type"] in types]


def name_of(field):
    return f"{field['kind']}/{field['name']}"


class Element:
    """An element that can hold any text, also such as XML forbids."""

    def __init__(self, tag):
        self.tag, self.attributes, self.children, self.text = tag, {}, [], ""

    def child(self, step):
        """Finds or makes what a step of the schema's paths names: a, a[2], a[@b='c'], a[@b?='c']."""
        tag, which = re.fullmatch(r"([^\[]+)(?:\[(.*)\])?", step).groups()
        place, wanted = 0, {}
        if which and which.isdigit():
            place = int(which) - 1
        elif which:
            attribute, sure, value = re.fullmatch(r"@([^?=]+)(\?)?='(.*)'", which).groups()
            wanted = {attribute: value}
        same = [c for c in self.children if c.tag == tag]
        if wanted and "?" not in which:
            same = [c for c in same if wanted.items() <= c.attributes.items()]
        while len(same) <= place:
            same.append(Element(tag))
            same[-1].attributes.update(wanted)
            self.children.append(same[-1])
        return same[place]

    def put(self, path, text):
        """@text at the schema's @path below here."""
        here = self
        for step in path.split("/") if path else []:
            if "+" in step:  # a list's line: an attribute for each word
                for attribute, word in zip(step.split("+"), [*text.split(" ", 1), ""]):
                    here.attributes[re.match("@([^=]+)", attribute)[1]] = word
                return self
            if step.startswith("@"):
                here.attributes[step[1:]] = text
                return self
            if step != ".":
                here = here.child(step)
        here.text = text
        return self

    def xml(self):
        spaces = "".join(f" xmlns:{p}={saxutils.quoteattr(u)}" for p, u in SPACES.items()) if self.tag == "domain" else ""
        attributes = "".join(f" {n}={saxutils.quoteattr(v)}" for n, v in self.attributes.items())
        inner = saxutils.escape(self.text) + "".join(c.xml() for c in self.children)
        return f"<{self.tag}{spaces}{attributes}>{inner}</{self.tag}>"


def device(domain, kind, values=None):
    """Adds an empty device of a kind as fields() tells it: @kind is one of its fields."""
    parent = domain
    for step in kind["place"].split("/")[:-1]:
        parent = parent.child(step)
    made = Element(kind["place"].split("/")[-1])
    parent.children.append(made)
    match = re.match(r"@([^=]+)=([^|]*)", kind["match"])
    if match:
        made.attributes[match[1]] = match[2]
    for path, text in (values or {}).items():
        made.put(path, text)
    return made


def domain(name="test", memory=64, machine="q35", accelerator="tcg"):
    """The smallest one that can be started."""
    made = Element("domain")
    for path, text in (("@type", "qemu"), ("name", name), ("metadata/innkeeper:machine/innkeeper:accelerator", accelerator),
                       ("memory/@unit", "MiB"), ("memory", str(memory)), ("vcpu", "1"), ("os/type/@arch", "x86_64"),
                       ("os/type/@machine", machine), ("os/type", "hvm"), ("features/acpi", "")):
        made.put(path, text)
    made.child("devices")
    return made
