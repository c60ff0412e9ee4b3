# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real window, the real helper and a real guest: the screen goes on while the helper is dead."""

from lib import bus, domain, env, tap, ui, vm, xvfb

# 16-bit code: graphics mode 13h, then the whole screen in the colour of each key's character.
SECTOR = bytes([
    0xB8, 0x13, 0x00, 0xCD, 0x10,        # mov ax,0x13; int 0x10
    0xB8, 0x00, 0xA0, 0x8E, 0xC0, 0xFC,  # mov ax,0xa000; mov es,ax; cld
    0xB0, 0x28,                          # mov al,0x28: red
    0x31, 0xFF, 0xB9, 0x00, 0xFA,        # fill: xor di,di; mov cx,64000
    0xF3, 0xAA,                          # rep stosb
    0x31, 0xC0, 0xCD, 0x16,              # xor ax,ax; int 0x16
    0xEB, 0xF3,                          # jmp fill
]).ljust(510, b"\0") + b"\x55\xAA"


def pixel(display, path, x, y):
    picture = display.screenshot(path)
    text = bus.run(["convert", picture, "-crop", f"1x1+{x}+{y}", "-depth", "8", "txt:-"])
    return text.split("(")[1].split(")")[0]


@tap.case
def screen_outlives_helper():
    """Killed while its window is looked at, the helper takes neither screen nor keyboard with it"""
    session = bus.Session()
    tap.cleanup(session.close)
    tap.on_failure(session.print_logs)
    session.start_helper()
    image = session.path / "keys.img"
    image.write_bytes(SECTOR.ljust(1 << 20, b"\0"))
    image.chmod(0o666)
    disk = (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/>"
            "<target dev='hda' bus='ide'/></disk>")
    machine = domain.create(session, vm.definition(
        "keys", disk + vm.VIDEO + "<graphics type='vnc'/>", memory=32, machine="pc"))

    display = xvfb.Display(session, "1280x900")
    app = ui.App(session, display)
    shots = env.artifacts_dir("outlives")
    tap.on_failure(lambda: display.screenshot(shots / "failed.png"))
    app.activate("win.start")
    vm.wait_state(session, machine, "running")

    def colour():
        return pixel(display, shots / "screen.png", 700, 500)

    tap.wait_for(lambda: colour() == "255,0,0", 30, "the guest's red screen", 0.3)
    display.click(700, 500)
    display.key("r")
    tap.wait_for(lambda: colour() != "255,0,0", 20, "the colour of the first key", 0.3)

    before = colour()
    session.helper.kill()
    display.key("s")
    tap.wait_for(lambda: colour() != before, 20, "the colour of a key while there is no helper", 0.3)

    session.start_helper()
    tap.equal(vm.state(session, machine), "running", "state after the restart")
    app.activate("win.pause")
    vm.wait_state(session, machine, "paused")
    app.click("Resume", "push button")
    vm.wait_state(session, machine, "running")
    domain.call(session, machine, "ForceOff")
    app.find("label", "This machine is off.")
    app.close()


tap.main()
