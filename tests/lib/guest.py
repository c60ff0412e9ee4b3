# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests to boot: a busybox initramfs, a real-mode boot sector, Debian's installer as an ISO.

Each is made once, in the build folder, from packages of tests/deps."""

import contextlib
import fcntl
import gzip
import hashlib
import lzma
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import env

PROMPT = "G# "
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "virtio_balloon", "virtio_mem", "virtio_console")
# A screen, keys, a pointer, the power button, and a way to tell of a crash.
DESK_MODULES = ("virtio_pci", "virtio_gpu", "evdev", "atkbd", "xhci_pci", "ehci_pci", "uhci_hcd", "usbhid", "hid_generic",
                "virtio_input", "button", "pvpanic_mmio", "pvpanic_pci")
# In this order they get their numbers: HD Audio, AC97, ES1370, USB.
SOUND_MODULES = ("snd-hda-codec-generic", "snd-hda-intel", "snd-intel8x0", "snd-ens1370", "snd-usb-audio")
INIT = """#!/bin/sh
export PATH=/bin HOME=/ PS1='G# '
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in $(cat /lib/order); do insmod /lib/$m || echo INSMOD-FAIL $m; done
echo "GUEST-UP $(uname -r) cpus=$(nproc) up=$(cut -d' ' -f1 /proc/uptime)"
cd /; while :; do setsid cttyhack sh; done
"""
# udev would name the port; the agent's own words of the system are in os-release.
AGENT_FILES = {
    "bin/agent": """#!/bin/sh
for p in /sys/class/virtio-ports/*; do
  [ "$(cat $p/name)" = org.qemu.guest_agent.0 ] && port=${p##*/}
done
exec qemu-ga -d -t /tmp -f /tmp/agent.pid -l /tmp/agent.log -m virtio-serial -p /dev/$port
""",
    # busybox has none; the agent gives it a line "user:password".
    "bin/chpasswd": """#!/bin/sh
IFS= read -r line
grep -v "^${line%%:*}:" /etc/shadow >/tmp/shadow
echo "${line%%:*}:$(mkpasswd -m sha512 "${line#*:}"):19000:0:99999:7:::" >>/tmp/shadow
cp /tmp/shadow /etc/shadow
""",
    "bin/shutdown": "#!/bin/sh\nexec poweroff -f\n",
    "etc/os-release": 'ID=innkeeper\nNAME=Innkeeper\nPRETTY_NAME="Innkeeper Test 1.0"\nVERSION_ID=1.0\n',
    "etc/passwd": "root:x:0:0:root:/:/bin/sh\nguest:x:1000:1000:guest:/:/bin/sh\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\nguest:*:19000:0:99999:7:::\n",
    "etc/group": "root:x:0:\nguest:x:1000:\n",
}
# Without what only costs a guest under TCG time.
FAST = "mitigations=off nokaslr cryptomgr.notests"
CMDLINE = f"console=ttyS0 quiet loglevel=3 {FAST}"
INSTALLER = Path("/usr/lib/debian-installer/images/12/amd64/gtk/debian-installer/amd64")


def packed_kernel():
    """(vmlinuz, release) of the newest Debian kernel that has its modules here."""
    found = [k for k in Path("/boot").glob("vmlinuz-*")
             if (Path("/lib/modules") / k.name.removeprefix("vmlinuz-")).is_dir()]
    if not found:
        raise AssertionError("no kernel in /boot; tests/run installs linux-image-amd64")
    newest = max(found, key=lambda k: [int(n) for n in re.findall(r"\d+", k.name)])
    return newest, newest.name.removeprefix("vmlinuz-")


def kernel():
    """The same, unpacked: a guest under TCG takes 4 s for that, and 2 to boot."""
    vmlinuz, release = packed_kernel()
    with made_once(f"vmlinux-{release}") as (path, temporary):
        if temporary:
            packed = vmlinuz.read_bytes()
            temporary.write_bytes(lzma.LZMADecompressor().decompress(packed[packed.index(b"\xFD7zXZ\0"):]))
    return path, release


@contextlib.contextmanager
def made_once(name):
    """Yields (path, temporary): the caller fills temporary unless it is None; others wait."""
    path = env.cache_dir() / name
    with open(env.cache_dir() / (name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            yield path, None
            return
        temporary = path.with_name(name + ".new")
        yield path, temporary
        temporary.rename(path)


def initramfs():
    """A busybox system with virtio drivers and a root shell on ttyS0, prompt "G# "."""
    return _initramfs("guest", MODULES)


def desk_initramfs():
    """The same with drivers for what a person uses, and tests/vm/guest-probe.c as "probe"."""
    program = env.BUILD / "tests/vm/guest-probe"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
    return _initramfs(f"desk-{digest}", DESK_MODULES, {"probe": program})


def draw_initramfs():
    """The first with screens, keys and tests/vm/guest-draw.c as "draw"."""
    program = env.BUILD / "tests/vm/guest-draw"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
    return _initramfs(f"draw-{digest}", (*DESK_MODULES, "bochs"), {"draw": program})


def card_initramfs():
    """The first with USB, and tests/vm/guest-card.c as "card"."""
    program = env.BUILD / "tests/vm/guest-card"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
    return _initramfs(f"card-{digest}", (*MODULES, "xhci_pci"), {"card": program})


def sound_initramfs():
    """The first with USB and drivers of sound cards, and tests/vm/guest-sound.c as "sound"."""
    program = env.BUILD / "tests/vm/guest-sound"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
    return _initramfs(f"sound-{digest}", (*MODULES, "xhci_pci", "snd-pcm-oss", "snd-mixer-oss", *SOUND_MODULES),
                      {"sound": program})


def stick_initramfs():
    """The first with USB and disks there."""
    return initramfs_of("stick", (*MODULES, "xhci_pci", "usb-storage", "sd_mod"), INIT)


def agent_initramfs():
    """One with Debian's guest agent as "qemu-ga", which "agent" starts, a file system's driver, and users."""
    program = Path("/usr/sbin/qemu-ga")
    if not program.exists():
        raise AssertionError("no qemu-ga; tests/run installs qemu-guest-agent")
    digest = hashlib.sha256(program.read_bytes() + repr(AGENT_FILES).encode()).hexdigest()[:12]
    return _initramfs(f"agent-{digest}", (*MODULES, "ext4"), {"qemu-ga": program}, files=AGENT_FILES)


def hands_initramfs():
    """The first with a socket to the computer, and tests/systemd/guest-hands.c as "hands"."""
    program = env.BUILD / "tests/systemd/guest-hands"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()[:12]
    return _initramfs(f"hands-{digest}", (*MODULES, "vmw_vsock_virtio_transport"), {"hands": program})


def initramfs_of(name, modules, init):
    """One with an init of the caller's own."""
    digest = hashlib.sha256(repr((modules, init)).encode()).hexdigest()[:12]
    return _initramfs(f"{name}-{digest}", modules, init=init)


def _initramfs(name, modules, programs=None, init=INIT, files=None):
    release = packed_kernel()[1]
    with made_once(f"{name}-{release}.gz") as (path, temporary):
        if temporary:
            root = env.TempDir("inn-guest-")
            try:
                _fill_initramfs(root.path, release, modules, programs or {}, init, files or {})
                names = subprocess.run(["find", "."], cwd=root.path, capture_output=True, check=True)
                archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root.path,
                                         input=names.stdout, capture_output=True, check=True)
                temporary.write_bytes(gzip.compress(archive.stdout, 1))
            finally:
                root.remove()
    return path


def _libraries(program):
    """What it is linked with; a static one with nothing."""
    shown = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [Path(path) for path in re.findall(r"(/[^ ]+\.so[^ ]*) \(", shown)]


def _fill_initramfs(root, release, modules, programs, init, files):
    for folder in ("bin", "proc", "sys", "dev", "lib", "tmp"):
        (root / folder).mkdir()
    os.symlink("bin", root / "sbin")
    shutil.copy("/bin/busybox", root / "bin/busybox")
    applets = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True)
    for applet in applets.stdout.split():
        if applet != "busybox":
            os.symlink("busybox", root / "bin" / applet)
    for name, program in programs.items():
        shutil.copy(program, root / "bin" / name)
        for library in _libraries(program):
            copy = root / library.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copy)
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    order = []
    for module in modules:
        shown = subprocess.run(["/sbin/modprobe", "-S", release, "--show-depends", module],
                               capture_output=True, text=True, check=True)
        for line in shown.stdout.splitlines():
            word, _, file = line.partition(" ")
            file = file.strip()
            if word == "insmod" and os.path.basename(file) not in order:
                order.append(os.path.basename(file))
                shutil.copy(file, root / "lib")
    (root / "lib/order").write_text("\n".join(order) + "\n")
    (root / "init").write_text(init)
    (root / "init").chmod(0o755)


def boot_sector(text="INNKEEPER REAL MODE\r\n"):
    """A 1 MiB disk image whose real-mode boot sector writes @text to COM1 and waits for a letter there:
    "p" turns it off, "c" tells of a crash, every other restarts it.

    It runs under a KVM that has no vmx/svm beneath it, where stock kernels hang."""
    code = bytes([
        0x31, 0xC0,              # xor ax, ax
        0x8E, 0xD8,              # mov ds, ax
        0xBE, 0x00, 0x00,        # mov si, message
        0xAC,                    # next: lodsb
        0x84, 0xC0,              # test al, al
        0x74, 0x12,              # jz done
        0x88, 0xC4,              # mov ah, al
        0xBA, 0xFD, 0x03,        # mov dx, 0x3fd: line status
        0xEC,                    # wait: in al, dx
        0xA8, 0x20,              # test al, 0x20: transmitter empty
        0x74, 0xFB,              # jz wait
        0x88, 0xE0,              # mov al, ah
        0xBA, 0xF8, 0x03,        # mov dx, 0x3f8
        0xEE,                    # out dx, al
        0xEB, 0xE9,              # jmp next
        0xF4,                    # done: hlt
        0xBA, 0xFD, 0x03,        # mov dx, 0x3fd
        0xEC,                    # in al, dx
        0xA8, 0x01,              # test al, 1: a letter has come
        0x74, 0xF7,              # jz done
        0xB2, 0xF8,              # mov dl, 0xf8
        0xEC,                    # in al, dx
        0x3C, 0x70,              # cmp al, 'p'
        0x74, 0x0B,              # jz off
        0x3C, 0x63,              # cmp al, 'c'
        0x74, 0x10,              # jz crash
        0xB0, 0xFE,              # mov al, 0xfe
        0xE6, 0x64,              # out 0x64, al: the keyboard controller's reset line
        0xF4,                    # end: hlt
        0xEB, 0xFD,              # jmp end
        0xBA, 0x04, 0x06,        # off: mov dx, 0x604: where SeaBIOS puts ACPI's PM1a_CNT
        0xB8, 0x00, 0x20,        # mov ax, 0x2000: SLP_EN
        0xEF,                    # out dx, ax
        0xEB, 0xF4,              # jmp end
        0xB0, 0x01,              # crash: mov al, 1: panicked
        0xBA, 0x05, 0x05,        # mov dx, 0x505: pvpanic
        0xEE,                    # out dx, al
        0xEB, 0xEC,              # jmp end
    ])
    code = code.replace(b"\xBE\x00\x00", b"\xBE" + (0x7C00 + len(code)).to_bytes(2, "little"))
    sector = code + text.encode() + b"\0"
    if len(sector) > 510:
        raise AssertionError("the text does not fit a boot sector")
    sector = sector.ljust(510, b"\0") + b"\x55\xAA"
    return sector.ljust(1 << 20, b"\0")


def pci_sector(device, eject=0xCC0):
    """A 1 MiB disk image whose real-mode boot sector writes "SEEN" to COM1 when the PCI @device (its number << 16,
    its vendor) is there, and "GONE" when it is not; what it is asked to let go of by ACPI (at the port @eject: Q35's,
    or 0xAE00: i440FX's) it ejects. "p" turns it off."""
    code = bytes([
        0x31, 0xC0,                               # xor %ax,%ax
        0x8E, 0xD8,                               # mov %ax,%ds
        0x8E, 0xD0,                               # mov %ax,%ss
        0xBC, 0x00, 0x7C,                         # mov $0x7c00,%sp
        0xB9, 0x10, 0x00,                         # again: mov $0x10,%cx
        0x49,                                     # eject: dec %cx
        0x66, 0x0F, 0xB7, 0xC1,                   # movzwl %cx,%eax
        0xBA, 0x21, 0x11,                         # mov $0x1121,%dx
        0x66, 0xEF,                               # out %eax,(%dx)
        0xBA, 0x15, 0x11,                         # mov $0x1115,%dx
        0x66, 0xED,                               # in (%dx),%eax
        0x66, 0x85, 0xC0,                         # test %eax,%eax
        0x74, 0x05,                               # je 25
        0xBA, 0x19, 0x11,                         # mov $0x1119,%dx
        0x66, 0xEF,                               # out %eax,(%dx)
        0x85, 0xC9,                               # test %cx,%cx
        0x75, 0xE3,                               # jne c
        0x30, 0xDB,                               # xor %bl,%bl
        0x66, 0xB9, 0x00, 0x00, 0x00, 0x80,       # mov $0x80000000,%ecx
        0x66, 0x89, 0xC8,                         # scan: mov %ecx,%eax
        0xBA, 0xF8, 0x0C,                         # mov $0xcf8,%dx
        0x66, 0xEF,                               # out %eax,(%dx)
        0xBA, 0xFC, 0x0C,                         # mov $0xcfc,%dx
        0x66, 0xED,                               # in (%dx),%eax
        0x66, 0x3D, 0x22, 0x22, 0x22, 0x22,       # cmp $0x22222222,%eax
        0x75, 0x02,                               # jne 48
        0xB3, 0x01,                               # mov $0x1,%bl
        0x66, 0x81, 0xC1, 0x00, 0x08, 0x00, 0x00, # add $0x800,%ecx
        0x66, 0x81, 0xF9, 0x00, 0x00, 0x10, 0x80, # cmp $0x80100000,%ecx
        0x72, 0xD9,                               # jb 31
        0x3A, 0x1E, 0xA0, 0x7C,                   # cmp 0x7ca0,%bl
        0x74, 0x25,                               # je 83
        0x88, 0x1E, 0xA0, 0x7C,                   # mov %bl,0x7ca0
        0xBE, 0xA8, 0x7C,                         # mov $0x7ca8,%si
        0x84, 0xDB,                               # test %bl,%bl
        0x74, 0x03,                               # je 6c
        0xBE, 0xA1, 0x7C,                         # mov $0x7ca1,%si
        0xAC,                                     # say: lods %ds:(%si),%al
        0x84, 0xC0,                               # test %al,%al
        0x74, 0x12,                               # je 83
        0x88, 0xC4,                               # mov %al,%ah
        0xBA, 0xFD, 0x03,                         # mov $0x3fd,%dx
        0xEC,                                     # in (%dx),%al
        0xA8, 0x20,                               # test $0x20,%al
        0x74, 0xFB,                               # je 76
        0x88, 0xE0,                               # mov %ah,%al
        0xBA, 0xF8, 0x03,                         # mov $0x3f8,%dx
        0xEE,                                     # out %al,(%dx)
        0xEB, 0xE9,                               # jmp 6c
        0xBA, 0xFD, 0x03,                         # letter: mov $0x3fd,%dx
        0xEC,                                     # in (%dx),%al
        0xA8, 0x01,                               # test $0x1,%al
        0x0F, 0x84, 0x7C, 0xFF,                   # je 9
        0xB2, 0xF8,                               # mov $0xf8,%dl
        0xEC,                                     # in (%dx),%al
        0x3C, 0x70,                               # cmp $0x70,%al
        0x0F, 0x85, 0x73, 0xFF,                   # jne 9
        0xBA, 0x04, 0x06,                         # mov $0x604,%dx
        0xB8, 0x00, 0x20,                         # mov $0x2000,%ax
        0xEF,                                     # out %ax,(%dx)
        0xE9, 0x69, 0xFF,                         # jmp 9
    ])
    for before, now in ((0x1121, eject + 0x10), (0x1115, eject + 4), (0x1119, eject + 8)):
        code = code.replace(b"\xBA" + before.to_bytes(2, "little"), b"\xBA" + now.to_bytes(2, "little"))
    code = code.replace(b"\x22" * 4, device.to_bytes(4, "little"))
    sector = code + b"\x02SEEN\r\n\0GONE\r\n\0"
    return (sector.ljust(510, b"\0") + b"\x55\xAA").ljust(1 << 20, b"\0")


def button_sector():
    """A 1 MiB disk image whose real-mode boot sector waits for the power button, as ACPI tells it, then
    writes itself into the second sector and turns the machine off."""
    code = bytes([
        0x31, 0xC0,              # xor ax, ax
        0x8E, 0xD8,              # mov ds, ax
        0x8E, 0xC0,              # mov es, ax
        0xBA, 0x02, 0x06,        # mov dx, 0x602: where SeaBIOS puts ACPI's PM1a_EN
        0xB8, 0x00, 0x01,        # mov ax, 0x100: PWRBTN_EN
        0xEF,                    # out dx, ax
        0xFB,                    # sti
        0xBA, 0xF8, 0x03,        # mov dx, 0x3f8
        0xB0, 0x55,              # mov al, 'U'
        0xEE,                    # out dx, al
        0xF4,                    # wait: hlt: the timer wakes us
        0xBA, 0x00, 0x06,        # mov dx, 0x600: PM1a_STS
        0xED,                    # in ax, dx
        0xF6, 0xC4, 0x01,        # test ah, 1: PWRBTN_STS
        0x74, 0xF6,              # jz wait
        0xBB, 0x00, 0x7C,        # mov bx, 0x7c00
        0xB8, 0x01, 0x03,        # mov ax, 0x301: write one sector
        0xB9, 0x02, 0x00,        # mov cx, 2: the second
        0xBA, 0x80, 0x00,        # mov dx, 0x80: of the first disk
        0xCD, 0x13,              # int 0x13
        0xBA, 0x04, 0x06,        # mov dx, 0x604: PM1a_CNT
        0xB8, 0x00, 0x20,        # mov ax, 0x2000: SLP_EN
        0xEF,                    # out dx, ax
        0xF4,                    # end: hlt
        0xEB, 0xFD,              # jmp end
    ])
    sector = code.ljust(510, b"\0") + b"\x55\xAA"
    return sector.ljust(1 << 20, b"\0")


def memory_sector():
    """A 1 MiB disk image whose real-mode boot sector finds ivshmem's memory and says "U" on COM1 ("N": there is
    none). Each letter that comes there it adds to a text in that memory; for "?" it says the text from its beginning."""
    code = bytes([
        0x31, 0xC0,                          # xor ax, ax
        0x8E, 0xD8,                          # mov ds, ax
        0xB8, 0x02, 0xB1,                    # mov ax, 0xb102: find a PCI device
        0xB9, 0x10, 0x11,                    # mov cx, 0x1110
        0xBA, 0xF4, 0x1A,                    # mov dx, 0x1af4
        0x31, 0xF6,                          # xor si, si
        0xCD, 0x1A,                          # int 0x1a
        0x72, 0x63,                          # jc none
        0xB8, 0x0A, 0xB1,                    # mov ax, 0xb10a: read from its configuration
        0xBF, 0x18, 0x00,                    # mov di, 0x18: BAR 2
        0xCD, 0x1A,                          # int 0x1a
        0x80, 0xE1, 0xF0,                    # and cl, 0xf0
        0x66, 0x89, 0xCD,                    # mov ebp, ecx
        0x66, 0x89, 0xCF,                    # mov edi, ecx
        0xFA,                                # cli
        0x0F, 0x01, 0x16, 0x8E, 0x7C,        # lgdt [gdtr]
        0x0F, 0x20, 0xC0,                    # mov eax, cr0
        0x0C, 0x01,                          # or al, 1
        0x0F, 0x22, 0xC0,                    # mov cr0, eax
        0xBB, 0x08, 0x00,                    # mov bx, 8
        0x8E, 0xE3,                          # mov fs, bx: it reaches 4 GiB from now on
        0x24, 0xFE,                          # and al, 0xfe
        0x0F, 0x22, 0xC0,                    # mov cr0, eax
        0xB0, 0x55,                          # mov al, 'U'
        0xE8, 0x3D, 0x00,                    # call say
        0xBA, 0xFD, 0x03,                    # next: mov dx, 0x3fd
        0xEC,                                # in al, dx
        0xA8, 0x01,                          # test al, 1: a letter has come
        0x74, 0xF8,                          # jz next
        0xB2, 0xF8,                          # mov dl, 0xf8
        0xEC,                                # in al, dx
        0x3C, 0x3F,                          # cmp al, '?'
        0x74, 0x0D,                          # je tell
        0x64, 0x67, 0x88, 0x07,              # mov [fs:edi], al
        0x66, 0x47,                          # inc edi
        0x64, 0x67, 0xC6, 0x07, 0x00,        # mov byte [fs:edi], 0
        0xEB, 0xE4,                          # jmp next
        0x66, 0x89, 0xEE,                    # tell: mov esi, ebp
        0x64, 0x67, 0x8A, 0x06,              # more: mov al, [fs:esi]
        0x66, 0x46,                          # inc esi
        0x84, 0xC0,                          # test al, al
        0x74, 0x05,                          # jz told
        0xE8, 0x11, 0x00,                    # call say
        0xEB, 0xF1,                          # jmp more
        0xB0, 0x0A,                          # told: mov al, 10
        0xE8, 0x0A, 0x00,                    # call say
        0xEB, 0xCB,                          # jmp next
        0xB0, 0x4E,                          # none: mov al, 'N'
        0xE8, 0x03, 0x00,                    # call say
        0xF4,                                # end: hlt
        0xEB, 0xFD,                          # jmp end
        0x88, 0xC4,                          # say: mov ah, al
        0xBA, 0xFD, 0x03,                    # mov dx, 0x3fd
        0xEC,                                # wait: in al, dx
        0xA8, 0x20,                          # test al, 0x20: transmitter empty
        0x74, 0xFB,                          # jz wait
        0xB2, 0xF8,                          # mov dl, 0xf8
        0x88, 0xE0,                          # mov al, ah
        0xEE,                                # out dx, al
        0xC3,                                # ret
        0x0F, 0x00, 0x94, 0x7C, 0x00, 0x00,  # gdtr: 16 bytes at gdt
        *bytes(8),                           # gdt: none, and all of 4 GiB for data
        0xFF, 0xFF, 0x00, 0x00, 0x00, 0x92, 0xCF, 0x00,
    ])
    return (code.ljust(510, b"\0") + b"\x55\xAA").ljust(1 << 20, b"\0")


def installer_iso():
    """Debian's graphical installer as a bootable ISO, labelled like Debian's own netinst."""
    return _debian_iso("debian-installer.iso", _fill_installer)


def menu_iso():
    """One labelled like it that stays in its menu of three."""
    return _debian_iso("debian-menu.iso", lambda root: _fill_menu(root, "set timeout=-1\n" + "".join(
        f"menuentry '{word}' {{\n  halt\n}}\n" for word in ("Install", "Rescue", "Help"))))


def _debian_iso(name, fill):
    with made_once(name) as (path, temporary):
        if temporary:
            root = env.TempDir("inn-iso-")
            try:
                fill(root.path)
                subprocess.run(["grub-mkrescue", "-o", temporary, root.path, "--",
                                "-volid", "Debian 12.0.0 amd64 n"],
                               check=True, capture_output=True)
            finally:
                root.remove()
    return path


def _fill_menu(root, text):
    (root / "boot/grub").mkdir(parents=True)
    (root / "boot/grub/grub.cfg").write_text(text)


def _fill_installer(root):
    if not INSTALLER.is_dir():
        raise AssertionError("tests/run installs debian-installer-12-netboot-amd64")
    _fill_menu(
        root,
        "set timeout=0\n"
        "menuentry 'Install' {\n"
        f"  linux /boot/linux vga=788 {FAST} --- quiet\n"
        "  initrd /boot/initrd\n"
        "}\n"
    )
    shutil.copy(INSTALLER / "linux", root / "boot/linux")
    # A guest under TCG takes 10 s of processor less to unpack it.
    unpacked = subprocess.Popen(["gzip", "-dc", INSTALLER / "initrd.gz"], stdout=subprocess.PIPE)
    subprocess.run(["lz4", "-q", "-l", "-5", "-", root / "boot/initrd"], stdin=unpacked.stdout, check=True)
    unpacked.stdout.close()
    if unpacked.wait():
        raise AssertionError("the installer's initrd cannot be unpacked")
