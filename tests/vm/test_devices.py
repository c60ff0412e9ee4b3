# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has and what it says of itself, as its guest sees it: identity, processor, NUMA cells, disks,
cards, crash memory; and what this computer cannot give, which is said at the start."""

import os
from pathlib import Path

from lib import bus, domain, guest as guests, ns, proc, tap, vm
from lib.live import Guest

ns.enter()
session = bus.Session()
tap.cleanup(session.close)
tap.on_failure(session.print_logs)
session.start_helper()

MODULES = guests.MODULES + ("virtio_scsi", "sd_mod", "nvme", "qemu_fw_cfg", "parport_pc", "lp")
IDENTITY = {"bios": {"vendor": "Maker, of BIOSes", "version": "v 1", "date": "11/29/2026", "release": "1.20"},
            "system": {"manufacturer": "Maker, the first", "product": "Product=A", "version": "2", "serial": "SN-1",
                       "sku": "SKU-1", "family": "Family"},
            "baseBoard": {"manufacturer": "Board maker", "product": "Board", "version": "3", "serial": "SN-2",
                          "asset": "Asset 2"},
            "chassis": {"manufacturer": "Case maker", "version": "4", "serial": "SN-3", "asset": "Asset 3"}}
# As Linux calls them.
FILES = {"bios": "bios_{}", "system": "product_{}", "baseBoard": "board_{}", "chassis": "chassis_{}"}
WORDS = {"product_manufacturer": "sys_vendor", "product_product": "product_name", "board_manufacturer": "board_vendor",
         "board_product": "board_name", "chassis_manufacturer": "chassis_vendor", "board_asset": "board_asset_tag",
         "chassis_asset": "chassis_asset_tag"}
OEM = ["first,second=third", "another one"]


def sysinfo():
    tables = "".join(f"<{table}>{''.join(f'<entry name={n!r}>{v}</entry>' for n, v in rows.items())}</{table}>"
                     for table, rows in IDENTITY.items())
    return f"<sysinfo type='smbios'>{tables}<oemStrings>{''.join(f'<entry>{s}</entry>' for s in OEM)}</oemStrings></sysinfo>"


def make(name, devices="", memory=512, more="", smbios="", features="", initramfs=True, **kwargs):
    xml = vm.linux(name, session, devices=vm.SERIAL + devices, memory=memory, more=more,
                   initramfs=guests.initramfs_of("devices", MODULES, guests.INIT) if initramfs else None, **kwargs)
    return xml.replace("</os>", smbios + "</os>").replace("<acpi/>", "<acpi/>" + features)


class Made(Guest):
    """A guest of a definition."""

    def __init__(self, xml):
        self.session = session
        self.machine = domain.create(session, xml)
        vm.start(session, self.machine)
        self.line = vm.serial(session, self.machine)
        self.line.expect("G# ", 120)

    def read(self, path):
        return self.line.shell(f"cat {path}").strip()


def image(name):
    path = session.path / name
    path.write_bytes(bytes(1 << 20))
    path.chmod(0o666)
    return path


def disk(name, bus_name, driver="", more="", target=""):
    return (f"<disk type='file' device='disk'><driver name='qemu' type='raw' {driver}/><source file='{image(name)}'/>"
            f"<target dev='{name}' bus='{bus_name}' {target}/>{more}</disk>")


@tap.case
def everything():
    """Identity, processor, NUMA cells, disks and cards are in the guest what the machine's definition says"""
    devices = (disk("vda", "virtio", "queues='2' iothread='1'") + "<parallel type='pty'/>" +
               disk("sda", "scsi", target="rotation_rate='1'",
                    more="<wwn>5000c50015ea71ad</wwn><vendor>INNKEEP</vendor><product>Disk of a test</product>") +
               disk("sdb", "nvme", more="<serial>NVME-1</serial>") +
               "<interface type='user'><mac address='52:54:00:00:00:21'/><model type='pcnet'/></interface>"
               "<interface type='user'><mac address='52:54:00:00:00:22'/><model type='ne2k_pci'/></interface>"
               "<interface type='user'><mac address='52:54:00:00:00:23'/><model type='virtio'/><rom bar='off'/></interface>"
               "<sound model='es1370'/><panic model='pvpanic'/>"
               "<iommu model='intel'><driver intremap='on' aw_bits='48'/></iommu>")
    more = ("<iothreads>1</iothreads>" + sysinfo() +
            "<cpu mode='custom'><model>Nehalem</model><feature policy='require' name='rdrand'/>"
            "<feature policy='disable' name='sse4.2'/><numa>"
            "<cell id='0' cpus='0,2' memory='384' unit='MiB'><distances><sibling id='1' value='31'/></distances></cell>"
            "<cell id='1' cpus='1' memory='128' unit='MiB'/></numa></cpu>")
    guest = Made(make("everything", devices, 512, more, "<smbios mode='sysinfo'/>", "<vmcoreinfo state='on'/>", vcpus=3))
    # Who made it.
    for table, rows in IDENTITY.items():
        for name, value in rows.items():
            file = FILES[table].format(name)
            tap.equal(guest.read(f"/sys/class/dmi/id/{WORDS.get(file, file)}"), value, f"{table} {name}")
    strings = guest.line.shell("strings /sys/firmware/dmi/tables/DMI")
    tap.true(all(text in strings for text in OEM), strings)
    # The processor.
    flags = guest.line.shell("grep -m1 flags /proc/cpuinfo").split()
    tap.true("rdrand" in flags and "sse4_1" in flags and "sse4_2" not in flags, flags)
    every = guest.line.shell("grep -c rdrand /proc/cpuinfo")
    tap.equal(every, "3", "processors that have it")
    # The cells.
    node = "/sys/devices/system/node/node{}/{}"
    tap.equal(guest.read(node.format(0, "cpulist")), "0,2")
    tap.equal(guest.read(node.format(1, "cpulist")), "1")
    tap.equal(guest.read(node.format(0, "distance")).split(), ["10", "31"])
    total = int(guest.line.shell(f"grep MemTotal {node.format(1, 'meminfo')}").split()[3]) // 1024
    tap.true(40 <= total <= 128, f"{total} MiB in the second cell")
    # Disks.
    tap.equal(guest.line.shell("ls /sys/block/vda/mq").split(), ["0", "1"], "queues")
    tap.equal([guest.read(f"/sys/block/sda/{f}") for f in ("device/vendor", "device/model", "queue/rotational")],
              ["INNKEEP", "Disk of a test", "0"])
    tap.true("5000c50015ea71ad" in guest.read("/sys/block/sda/device/wwid"), "wwid")
    tap.equal(guest.read("/sys/block/nvme0n1/device/serial"), "NVME-1")
    threads = [Path(f"/proc/{vm.pid(session, guest.machine)}/task/{t}/comm").read_text().strip()
               for t in os.listdir(f"/proc/{vm.pid(session, guest.machine)}/task")]
    tap.true(any("iothread1" in t for t in threads), threads)
    # Cards: PCnet, NE2000, ES1370, pvpanic.
    cards = guest.line.shell("cd /sys/bus/pci/devices; for d in *; do echo $(cat $d/vendor):$(cat $d/device); done; cd /")
    for card in ("0x1022:0x2000", "0x10ec:0x8029", "0x1274:0x5000", "0x1b36:0x0011"):
        tap.true(card in cards, f"{card} in {cards}")
    tap.equal(guest.line.shell("d=/sys/class/net/*/device; grep -l 0x1af4 /sys/class/net/*/device/vendor | wc -l"), "1")
    tap.true("DMAR" in guest.line.shell("ls /sys/firmware/acpi/tables"), "the IOMMU's table")
    tap.equal(guest.line.shell("ls /sys/firmware/qemu_fw_cfg/by_name/etc | grep vmcoreinfo"), "vmcoreinfo")
    # What is printed comes out of the line.
    printer = vm.serial(session, guest.machine, "parallel0")
    guest.line.shell("echo on-paper-$((40 + 2)) > /dev/lp0")
    printer.expect("on-paper-42", 20)
    printer.close()
    guest.end()


@tap.case
def crash_memory():
    """What Linux says when it crashes is there after its restart"""
    xml = make("crash", "<pstore backend='acpi-erst'><size unit='KiB'>256</size></pstore><panic model='hyperv'/>", 256)
    guest = Made(xml)
    tap.equal(guest.read("/sys/module/pstore/parameters/backend"), "erst")
    guest.line.shell("mount -t pstore pstore /sys/fs/pstore")
    tap.equal(guest.line.shell("ls /sys/fs/pstore"), "", "before the crash")
    guest.line.send("echo 1 > /proc/sys/kernel/panic; echo c > /proc/sysrq-trigger\n")
    guest.line.expect("GUEST-UP", 120)
    guest.line.expect("G# ", 60)
    guest.line.shell("mount -t pstore pstore /sys/fs/pstore")
    tap.true("dmesg-erst" in guest.line.shell("ls /sys/fs/pstore"), "after it")
    said = guest.line.shell("grep -h -c 'sysrq triggered crash' /sys/fs/pstore/dmesg-erst-* | sort -n | tail -1")
    tap.true(int(said) > 0, said)
    guest.end()


@tap.case
def emulated():
    """What only KVM can is left out where the machine is emulated, and its log says so"""
    features = "<hyperv><relaxed state='on'/><vpindex state='on'/></hyperv><kvm><hidden state='on'/></kvm>"
    machine = domain.create(session, vm.real_mode("windows", session).replace("<acpi/>", "<acpi/>" + features))
    vm.start(session, machine)
    folder = Path(session.environ["XDG_DATA_HOME"]) / "innkeeper/machines" / domain.uuid_of(machine) / "log"
    log = "".join(file.read_text() for file in folder.iterdir())
    tap.true("hv-relaxed=on,hv-vpindex=on,kvm=off" in log, log)
    vm.force_off(session, machine)


@tap.case
def not_here():
    """A socket to this computer and huge pages that are not there are refused at the start by a sentence"""
    wanted = {"hugepages": ("<memoryBacking><hugepages><page size='1' unit='GiB'/></hugepages></memoryBacking>", "", "huge pages")}
    if not os.path.exists("/dev/vhost-vsock"):
        wanted["vsock"] = ("", "<vsock model='virtio'><cid auto='yes'/></vsock>", "vhost_vsock")
    for name, (more, devices, words) in wanted.items():
        machine = domain.create(session, vm.definition(name, devices=vm.SERIAL + devices, memory=1024, more=more))
        ended = vm.start(session, machine, wanted=None)
        tap.equal((ended["State"], ended["ErrorName"]), ("failed", "org.innkeeper.Error.Unsupported"), name)
        tap.true(words in ended["ErrorMessage"], ended["ErrorMessage"])
        tap.equal(vm.state(session, machine), "off")


tap.main()
