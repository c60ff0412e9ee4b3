# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PCI bus of the test's own, as sysfs shows one: a thread is the kernel, which takes a device from one driver and
gives it to another when that is written; and mediated devices beside it. No such device is there, and no group's node
can be opened."""

import os
import select
import threading


class Bus:
    """Below @root, which VMH_USB_ROOT names. @log: (address, driver) each time that one has got another; None: none."""

    def __init__(self, root):
        self.root, self.bus = root, root / "sys/bus/pci"
        self.log, self.stuck = [], set()  # addresses that no driver lets go
        self._own, self._files = {}, {}   # address → its driver; fd → what is done
        self._wake = os.pipe()
        (self.bus / "devices").mkdir(parents=True)
        (root / "sys/kernel/iommu_groups").mkdir(parents=True)
        self._button(self.bus / "drivers_probe", self._probe)
        self.add_driver("vfio-pci")
        threading.Thread(target=self._run, daemon=True).start()

    def _button(self, path, action):
        os.mkfifo(path)
        self._files[os.open(path, os.O_RDWR | os.O_NONBLOCK)] = (action, path)
        os.write(self._wake[1], b"+")

    def add_driver(self, name):
        folder = self.bus / "drivers" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            self._button(folder / "unbind", lambda address: self._bind(address, None))
            self._button(folder / "bind", lambda address: self._bind(address, name))

    def add(self, address, vendor, device, kind, driver=None, group=None, **more):
        folder = self.root / "sys/devices/pci0000:00" / address
        folder.mkdir(parents=True)
        for name, text in dict(vendor=vendor, device=device, **{"class": kind}, driver_override="(null)", **more).items():
            (folder / name).write_text(f"{text}\n")
        (self.bus / "devices" / address).symlink_to(f"../../../devices/pci0000:00/{address}")
        if group is not None:
            self._group(folder, group)
        self._own[address] = driver
        if driver:
            self.add_driver(driver)
            self._bind(address, driver)
        return folder

    def share(self, uuid, name, group=None, parent="virtual/mtty/mtty", kind="mtty-2"):
        """A mediated device of the @parent, which is below /sys/devices; without @name its type has none."""
        above = self.root / "sys/devices" / parent
        folder, sort = above / uuid, above / "mdev_supported_types" / kind
        folder.mkdir(parents=True)
        sort.mkdir(parents=True, exist_ok=True)
        if name:
            (sort / "name").write_text(f"{name}\n")
        (folder / "mdev_type").symlink_to(f"../mdev_supported_types/{kind}")
        devices = self.root / "sys/bus/mdev/devices"
        devices.mkdir(parents=True, exist_ok=True)
        (devices / uuid).symlink_to(f"../../../devices/{parent}/{uuid}")
        if group is not None:
            self._group(folder, group)
        return folder

    def _group(self, folder, number):
        (self.root / f"sys/kernel/iommu_groups/{number}").mkdir(exist_ok=True)
        (folder / "iommu_group").symlink_to(f"../../../kernel/iommu_groups/{number}")
        node = self.root / f"sys/class/vfio/{number}"
        node.mkdir(parents=True, exist_ok=True)
        (node / "dev").write_text(f"511:{number}\n")  # no driver has that number

    def driver(self, address):
        link = self.bus / "devices" / address / "driver"
        return os.readlink(link).rsplit("/", 1)[1] if link.is_symlink() else None

    def override(self, address):
        return (self.bus / "devices" / address / "driver_override").read_text().strip()

    def _bind(self, address, name):
        link = self.bus / "devices" / address / "driver"
        if address in self.stuck or self.driver(address) == name:
            return
        link.unlink(missing_ok=True)
        if name:
            link.symlink_to(f"../../../bus/pci/drivers/{name}")
        self.log.append((address, name))

    def _probe(self, address):
        if not self.driver(address):
            self._bind(address, self.override(address).replace("(null)", "") or self._own[address])

    def _run(self):
        while True:
            ready, _, _ = select.select([self._wake[0], *self._files], [], [])
            # What was written before comes first: a driver lets go before another is looked for.
            for fd in sorted(ready, key=lambda fd: fd in self._files and self._files[fd][1].name != "unbind"):
                data = os.read(fd, 4096).decode()
                if fd in self._files:
                    for address in data.replace("\n", "").split("0000:")[1:]:
                        self._files[fd][0]("0000:" + address)
