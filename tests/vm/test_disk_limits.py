# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What disks may do in a second, as the guest's own clock sees it."""

import re

from lib import bus, domain, tap, vm
from lib.live import Guest

session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
session.start_helper()

ERROR = "org.innkeeper.Error."


@tap.case
def disk_limits():
    """What a disk may do in a second is changed while it runs: the guest gets no more than that, and gets that"""
    disk = "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><target dev='vda' bus='virtio'/></disk>"
    guest = Guest(session, "limits", disk, storage=domain.storage(domain.new_disk(size=64 << 20)))

    def rate(mib):
        """MiB/s of writing past the cache, as the guest's own clock has it."""
        took = guest.line.shell("a=$(cut -d' ' -f1 /proc/uptime); dd if=/dev/zero of=/dev/vda bs=64k oflag=direct "
                                f"count={mib * 16} 2>/dev/null; cut -d' ' -f1 /proc/uptime; echo $a")
        end, begin = (float(t) for t in took.split())
        return mib / (end - begin)

    free = rate(16)
    limit = "<iotune><total_bytes_sec>4194304</total_bytes_sec></iotune></disk>"
    tap.equal(guest.apply("</disk>", limit), {"disk:vda/bps-total": ("live", "")}, "the answer")
    rate(4)  # what it has saved up
    limited = rate(24)
    tap.diag(f"{free:.1f} MiB/s, then {limited:.2f}")
    tap.true(abs(limited - 4) < 0.4 and free > 8, f"{limited:.2f} MiB/s of 4; without a limit {free:.1f}")
    answer = guest.apply("<total_bytes_sec>.*</total_bytes_sec>", "<total_iops_sec>32</total_iops_sec>")
    tap.equal(answer, {"disk:vda/bps-total": ("live", ""), "disk:vda/iops-total": ("live", "")}, "the answer")
    rate(2)
    limited = rate(12) * 16
    tap.true(abs(limited - 32) < 3.2, f"{limited:.1f} operations a second of 32")
    tap.equal(set(guest.apply("<iotune>.*</iotune>", "")), {"disk:vda/iops-total"}, "the answer")
    tap.true(rate(16) > 8, "without a limit again")
    guest.end()


@tap.case
def shared_limits():
    """Disks that share a limit have it all together: joined and left while it runs, plugged and from the start on"""
    disk = "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><target dev='{}' bus='virtio'/></disk>"
    guest = Guest(session, "shared", disk.format("vda") + disk.format("vdb"),
                  storage=domain.storage(domain.new_disk("vda", 64 << 20), domain.new_disk("vdb", 64 << 20)))
    limit = "<iotune><total_bytes_sec>4194304</total_bytes_sec>{}</iotune></disk>"
    group = "<group_name>slow</group_name>"

    def rate(mib, *names):
        """MiB/s of all @names at once, as the guest's own clock has it."""
        write = "dd if=/dev/zero of=/dev/{} bs=64k oflag=direct count={} 2>/dev/null & "
        took = guest.line.shell("a=$(cut -d' ' -f1 /proc/uptime); " + "".join(write.format(n, mib * 16) for n in names)
                                + "wait; cut -d' ' -f1 /proc/uptime; echo $a")
        end, begin = (float(t) for t in took.split()[-2:])
        return mib * len(names) / (end - begin)

    def near(wanted, *names):
        rate(1, *names)  # what it has saved up
        measured = rate(8, *names)
        tap.diag(f"{names}: {measured:.2f} MiB/s")
        tap.true(abs(measured - wanted) < 0.1 * wanted, f"{measured:.2f} MiB/s of {wanted}")

    xml = domain.call(session, guest.machine, "GetXml")[0]
    tap.equal(xml.count("</disk>"), 2, xml)
    both = guest.apply("</disk>(.*)</disk>", limit.format(group) + r"\1" + limit.format(group))
    tap.equal(both, {f"disk:{d}/{f}": ("live", "") for d in ("vda", "vdb") for f in ("limit-group", "bps-total")}, "the answer")
    near(4, "vda", "vdb")
    near(4, "vda")
    # All of them say the same.
    bus.refuses(lambda: guest.apply("4194304(.*4194304)", r"8388608\1"), ERROR + "InvalidXml")
    tap.equal(guest.apply(group + "(.*)" + group, group + r"\1"), {"disk:vdb/limit-group": ("live", "")}, "the answer")
    near(8, "vda", "vdb")
    tap.equal(guest.apply(f"{group}(.*</total_bytes_sec>)", group + r"\1" + group),
              {"disk:vdb/limit-group": ("live", "")}, "the answer")
    near(4, "vda", "vdb")
    # What waits for the next start is not done by the way.
    waits = guest.apply("(.vdb..*?)</disk>", r"\1<readonly/></disk>")
    tap.equal(waits["disk:vdb/readonly"][0], "restart", str(waits))
    tap.equal(guest.apply(group + "(.*)" + group, group + r"\1"), {"disk:vdb/limit-group": ("live", "")}, "the answer")
    near(8, "vda", "vdb")
    guest.apply(f"{group}(.*</total_bytes_sec>)", group + r"\1" + group)
    guest.apply("<readonly/>", "")
    # One of them goes and comes.
    one = "<disk(?:(?!</disk>).)*.vdb.(?:(?!</disk>).)*</disk>"
    vdb = re.search(one, guest.live(), re.S)[0]
    tap.equal(guest.apply(one, ""), {"disk:vdb": ("live", "")}, "the answer")
    near(4, "vda")
    tap.equal(guest.add(vdb), {"disk:vdb": ("live", "")}, "the answer")
    near(4, "vda", "vdb")
    guest.end()
    vm.start(session, guest.machine)
    guest.line = vm.serial(session, guest.machine)
    guest.line.expect("G# ", 120)
    near(4, "vda")
    guest.end()


tap.main()
