# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a helper has acknowledged, and whether it is so after the computer's power was cut.

In the computer a Driver makes, changes and deletes machines and tells of each change before it asks for it
and when it was acknowledged; look() tells what is there. Outside, Promises hears that and compares. Each
message is a line of JSON and waits for a line in return, so that the test knows to what moment of the
disk's an acknowledgement belongs."""

import hashlib
import json
import os
import re
import time
from pathlib import Path

BEGIN, ACKED, FACTS = "begin", "acked", "facts"  # of one change, in this order
KEPT = "Kept disks"
MOST = 8  # machines at a time


class Line:
    """One end of the line, a file or a socket's."""

    def __init__(self, fd):
        self.fd = fd
        self._buffer = b""

    def say(self, **message):
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self.fd, data):]

    def hear(self):
        """The next message; None when the line is dead."""
        while b"\n" not in self._buffer:
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                data = b""
            if not data:
                return None
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    def ask(self, **message):
        self.say(**message)
        return self.hear()


# ---- in the computer


def digests(folder):
    """{path below the folder: its size and a digest of its first MiB}; a file that cannot be read is an error."""
    result = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read(1 << 20)).hexdigest()[:16]
            result[str(path.relative_to(folder))] = f"{path.stat().st_size}-{digest}"
    return result


def facts(session, store, uuid):
    """All that is promised of one machine."""
    from . import bus, domain

    path = domain.path_of(uuid)
    properties = session.call(path, bus.PROPERTIES, "GetAll", _tuple("(s)", domain.MACHINE))[0]
    broken = properties["State"] == "broken"
    xml, generation = (None, None) if broken else domain.call(session, path, "GetXml")
    return {"xml": xml, "generation": generation, "autostart": properties["Autostart"],
            "state": properties["State"], "reason": properties["StateReason"],
            "files": digests(store / "machines" / uuid / "disks")}


def look(session, store, outside):
    """What is there, for Promises.check(). What the helper is still clearing away has some time."""
    from . import domain

    end = time.monotonic() + 20
    while True:
        # Machines half made or thrown away, and files that were to take another's place: ".NAME.new".
        stray = [os.path.relpath(os.path.join(folder, name), store) for folder, folders, files in os.walk(store)
                 for name in folders + files if name.startswith(".")]
        if not stray or time.monotonic() > end:
            break
        time.sleep(0.2)
    uuids = [domain.uuid_of(path) for path in session.machines()]
    entries = [p.name for p in (store / "machines").iterdir()]
    return {"machines": {uuid: facts(session, store, uuid) for uuid in uuids},
            "stray": sorted({*stray, *entries} - set(uuids)),
            "kept": digests(store / KEPT) if (store / KEPT).is_dir() else {},
            "outside": sorted(digests(outside))}


def _tuple(kind, *values):
    from gi.repository import GLib

    return GLib.Variant(kind, values)


class Driver:
    """@store is the helper's folder; @outside another on the same disk, for images."""

    def __init__(self, session, store, outside, random, ask):
        self.session, self.store, self.outside, self.random, self.ask = session, store, outside, random, ask
        self.machines = {}  # uuid → {target: path of an image outside, None for one of the helper's}

    def adopt(self):
        """Goes on with the machines of a driver before this one."""
        from . import domain

        for path in self.session.machines():
            entries = domain.call(self.session, path, "ListStorage")[0]
            self.machines[domain.uuid_of(path)] = {e["target"]: None if e["inside"] else e["path"]
                                                   for e in entries if e["device"] == "disk"}

    def step(self):
        """One change."""
        # Not one that a run before this one has used.
        self.word = f"{self.random.getrandbits(64):016x}"
        choices = [self.change] * 4 + [self.autostart] * 2
        if len(self.machines) < MOST:
            choices += [self.create] * 4
        if len(self.machines) > 2:
            choices += [self.delete] * 3
        (self.random.choice(choices) if self.machines else self.create)()

    def _told(self, kind, uuid, function, **more):
        self.ask(at=BEGIN, op=self.word, kind=kind, uuid=uuid, **more)
        function()
        self.ask(at=ACKED, op=self.word)
        now = facts(self.session, self.store, uuid) if uuid in self.machines else None
        self.ask(at=FACTS, op=self.word, facts=now)

    def _order(self, target):
        from . import domain

        # Each has a size of its own, and so a content of its own.
        return domain.new_disk(target, domain.MIB * 8 + 65536 * self.random.randrange(1 << 20))

    def create(self):
        from . import domain

        uuid, devices, orders, images = domain.new_uuid(), "", [], {}
        if self.random.random() < 0.6:
            devices += domain.disk("vda", fmt=self.random.choice(("qcow2", "qcow2", "raw")))
            orders.append(self._order("vda"))
            images["vda"] = None
        if self.random.random() < 0.5:
            images["vdb"] = self._image()
            devices += domain.disk("vdb", images["vdb"], "raw")
        more = {"storage": domain.storage(*orders)} if orders else {}
        definition = domain.xml(f"m {self.word}", devices, uuid, more=f"<description>{self.word}</description>")
        self.machines[uuid] = images
        self._told("create", uuid, lambda: domain.create(self.session, definition, **more),
                   outside=list(filter(None, images.values())))

    def _image(self):
        """A disk of the user's, certainly there."""
        path = self.outside / f"{self.word}.img"
        with open(path, "wb") as file:
            file.write(self.random.randbytes(65536))
            os.fsync(file.fileno())
        folder = os.open(self.outside, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return str(path)

    def change(self):
        from . import domain

        uuid = self.random.choice(sorted(self.machines))
        xml, generation = domain.call(self.session, domain.path_of(uuid), "GetXml")
        xml = re.sub("<description>.*?</description>", f"<description>{self.word}</description>", xml)
        more = {"generation": _variant("t", generation)}
        target = f"vd{'cdefghij'[len(self.machines[uuid])]}"
        if self.random.random() < 0.25 and target not in self.machines[uuid] and len(self.machines[uuid]) < 6:
            xml = xml.replace("<devices/>", "<devices></devices>")  # of one that had none
            xml = xml.replace("</devices>", domain.disk(target) + "</devices>")
            more["storage"] = domain.storage(self._order(target))
            self.machines[uuid][target] = None
        self._told("change", uuid, lambda: domain.call(self.session, domain.path_of(uuid), "Apply",
                                                       _variant("s", xml), **more))

    def autostart(self):
        from . import bus, domain

        uuid = self.random.choice(sorted(self.machines))
        path = domain.path_of(uuid)
        on = not self.session.call(path, bus.PROPERTIES, "Get", _tuple("(ss)", domain.MACHINE, "Autostart"))[0]
        self._told("autostart", uuid,
                   lambda: domain.call(self.session, path, "SetAutostart", _variant("b", on)), autostart=on)

    def delete(self):
        from . import domain

        uuid = self.random.choice(sorted(self.machines))
        images = self.machines.pop(uuid)
        inside = sorted(target for target, path in images.items() if path is None)
        keep = [target for target in inside if self.random.random() < 0.5]
        erased = [target for target, path in images.items() if path and self.random.random() < 0.7]
        files = digests(self.store / "machines" / uuid / "disks")
        options = {"keep": _variant("as", keep), "delete": _variant("as", erased)}
        self._told("delete", uuid, lambda: domain.delete(self.session, domain.path_of(uuid), **options),
                   kept=[digest for name, digest in files.items() if name.split(".")[0] in keep],
                   erased=[Path(images[target]).name for target in erased])


def _variant(kind, value):
    from gi.repository import GLib

    return GLib.Variant(kind, value)


# ---- outside


class Promises:
    """What was told, each with where on the disk's log (or at what time) it was heard."""

    def __init__(self):
        self.changes = []
        self._by_op = {}

    def hear(self, message, where=0):
        if message["at"] == BEGIN:
            change = dict(message, begun=where, acked=None, facts=None)
            self.changes.append(change)
            self._by_op[message["op"]] = change
        elif message["at"] == ACKED:
            self._by_op[message["op"]]["acked"] = where
        else:
            self._by_op[message["op"]].update(facts=message["facts"])

    def acknowledged(self):
        return [c for c in self.changes if c["acked"] is not None]

    def settle(self, seen):
        """From here on what is @seen is what holds, and that what was deleted is gone."""
        self.changes = [dict(c, old=True) for c in self.acknowledged() if c["kind"] == "delete"]
        self.changes += [{"kind": "found", "uuid": uuid, "op": "", "begun": 0, "acked": 0, "facts": machine, "old": True}
                         for uuid, machine in seen["machines"].items()]

    def check(self, seen, where=float("inf")):
        """Answers what is wrong with what was @seen after a cut at @where; nothing: []."""
        wrong = [f"left over: {name}" for name in seen["stray"]]
        certain, open_ones = {}, {}
        for change in self.changes:
            if change["begun"] > where:
                break
            if change["acked"] is not None and change["acked"] <= where:
                certain[change["uuid"]] = change
            else:
                open_ones[change["uuid"]] = change
        for uuid in {*certain, *open_ones, *seen["machines"]}:
            machine = seen["machines"].get(uuid)
            before, maybe = certain.get(uuid), open_ones.get(uuid)
            why = _differs(machine, before, seen)
            if why and (maybe is None or _differs(machine, maybe, seen)):
                doing = f", while “{maybe['kind']}” was under way" if maybe else ""
                last = f"after “{before['kind']}”" if before else "never made"
                wrong.append(f"{uuid} ({last}{doing}): {why}")
        for change in self.changes:
            if change["uuid"] in seen["machines"]:
                wrong += [f"{uuid}: its image {path} is gone" for path in change.get("outside", ())
                          if Path(path).name not in seen["outside"]]
        return wrong


def _differs(machine, change, seen):
    """How a machine is not as it was after the @change."""
    if change is None or change["kind"] == "delete":
        if machine is not None:
            return "it is there" if change is None else "deleted, and there again"
        for digest in change["kept"] if change else ():
            if digest not in seen["kept"].values():
                return f"its kept disk {digest} is gone"
        for name in change["erased"] if change else ():
            if name in seen["outside"]:
                return f"{name}, deleted with it, is there again"
        return None
    if machine is None:
        return "it is gone"
    if machine["state"] != "off":
        return f"its state is “{machine['state']}”: {machine['reason']}"
    was = change["facts"]
    if was is None:  # the power failed when it was acknowledged, before anybody looked
        good = (machine["autostart"] == change["autostart"] if "autostart" in change
                else change["op"] in machine["xml"])
        return None if good else f"not what was acknowledged: {machine}"
    for what in ("xml", "generation", "autostart", "files"):
        if machine[what] != was[what]:
            return f"{what}: was {was[what]!r}, is {machine[what]!r}"
    return None
