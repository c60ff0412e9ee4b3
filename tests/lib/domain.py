# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of small machines, and the calls that every test of the helper makes."""

import os
import time
import uuid

from gi.repository import GLib

from . import bus

MACHINE = bus.NAME + ".Machine"
MANAGER = bus.NAME + ".Manager"
JOB = bus.NAME + ".Job"
MIB = 1024 * 1024


def disk(target="vda", source=None, fmt="qcow2", extra=""):
    source = f"<source file='{source}'/>" if source else ""
    return (f"<disk type='file' device='disk'><driver name='qemu' type='{fmt}'/>{source}"
            f"<target dev='{target}' bus='virtio'/>{extra}</disk>")


def xml(name="test", devices="", machine_uuid=None, memory=64, more=""):
    ident = f"<uuid>{machine_uuid}</uuid>" if machine_uuid else ""
    return (f"<domain type='qemu'><name>{name}</name>{ident}<memory unit='MiB'>{memory}</memory>"
            f"<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>{more}"
            f"<devices>{devices}</devices></domain>")


def path_of(machine_uuid):
    return f"{bus.ROOT}/machines/{machine_uuid.replace('-', '_')}"


def uuid_of(path):
    return path.rsplit("/", 1)[1].replace("_", "-")


def list_machines(session):
    """ListMachines' rows, as one a(ossssuutb)."""
    reply, fds = session.connection.call_with_unix_fd_list_sync(
        bus.NAME, bus.MANAGER, MANAGER, "ListMachines", GLib.Variant("(a{sv})", ({},)), None, 0, 60000, None, None)
    fd = fds.get(reply.get_child_value(0).get_handle())
    try:
        return GLib.Variant.new_from_bytes(GLib.VariantType("a(ossssuutb)"),
                                           GLib.MappedFile.new_from_fd(fd, False).get_bytes(), False)
    finally:
        os.close(fd)


def options(**kwargs):
    """a{sv} of GLib.Variants; "_" in a name is "-"."""
    return {k.replace("_", "-"): v for k, v in kwargs.items()}


def new_disk(target="vda", size=8 * MIB):
    return {"target": GLib.Variant("s", target), "size": GLib.Variant("t", size)}


def storage(*entries):
    return GLib.Variant("aa{sv}", list(entries))


def wait_job(session, job, timeout=60):
    """The job's properties once it has ended."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        properties = session.call(job, bus.PROPERTIES, "GetAll", GLib.Variant("(s)", (JOB,)))[0]
        if properties["State"] != "running":
            return properties
        time.sleep(0.02)
    raise AssertionError(f"waited {timeout} s for the end of {job}: {properties}")


def create(session, definition, timeout=60, fds=None, **opts):
    """Creates a machine; answers its path when it is there."""
    machine, job = session.call(bus.MANAGER, MANAGER, "Create",
                                GLib.Variant("(sa{sv})", (definition, options(**opts))), fds=fds)
    properties = wait_job(session, job, timeout)
    if properties["State"] != "done":
        raise AssertionError(f"create: {properties['ErrorName']}: {properties['ErrorMessage']}")
    return machine


def call(session, machine, method, *args, **opts):
    """A method of the machine whose last argument are the options; @args are GLib.Variants."""
    parameters = GLib.Variant.new_tuple(*args, GLib.Variant("a{sv}", options(**opts)))
    return session.call(machine, MACHINE, method, parameters)


def delete(session, machine, **opts):
    job = call(session, machine, "Delete", **opts)[0]
    properties = wait_job(session, job)
    if properties["State"] != "done":
        raise AssertionError(f"delete: {properties['ErrorName']}: {properties['ErrorMessage']}")


def folder(session):
    """Where the session's machines are."""
    return session.path / "data_home" / "innkeeper" / "machines"


def entries(session):
    path = folder(session)
    return sorted(os.listdir(path)) if path.exists() else []


def new_uuid():
    return str(uuid.uuid4())
