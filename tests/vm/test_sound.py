# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest plays is heard on the desktop: a Linux guest's tones through the window to a real sound server."""

import concurrent.futures

from lib import bus, desk, domain, guest, live, ns, proc, sound, tap, vm, wizard

ns.enter()
session = bus.Session()
tap.cleanup_at_end(session.close)
tap.on_failure(session.print_logs)
server = sound.Server(session)
session.start_helper()
SCREEN = "<graphics type='vnc'/><video><model type='vga'/></video>"
CARD = "<sound model='{}'/>"
# Hertz that are heard for one that is played: ES1370's clock is divided by whole numbers.
PITCH = {"ich9": 1, "ac97": 1, "es1370": 1411200 / 29 / 48000, "usb": 1}


def boot(name, *cards):
    return live.Guest(session, name, SCREEN + "".join(map(CARD.format, cards)), initramfs=guest.sound_initramfs(),
                      memory=256)


def look(it, name):
    place = desk.Desk(session, name)
    place.app.find("label", name, timeout=20)
    wizard.choose_tab(place.app, "Console")
    place.app.find("image", contains="Screen of", timeout=30)
    return place


def programs():
    return [p for p in proc.descendants() if "innkeeper-sound" in proc.cmdline(p)]


def play(it, number, hertz, seconds=2):
    said = it.line.shell(f"sound {number} {hertz} {seconds}", 60)
    tap.true("played" in said, f"the guest could not play: {said}")


def hear(it, number, hertz, seconds=2, pitch=1):
    """The guest plays, and the tone is heard: almost all of it, in one piece, at its pitch."""
    samples, _ = server.heard(lambda: play(it, number, hertz, seconds))
    heard = sound.tones(samples)
    tap.diag(f"{hertz} Hz for {seconds} s: {[(round(s, 2), round(h, 1), p) for s, h, p in heard]}")
    length, tone, peak = max(heard, default=(0, 0, 0))
    tap.true(length > 0.85 * seconds and sum(s for s, _, _ in heard) < 1.1 * seconds, f"length: {heard}")
    tap.true(abs(tone - hertz * pitch) < 0.01 * hertz, f"pitch: {heard}")
    tap.true(14000 < peak < 17000, f"loudness: {heard}")


@tap.case
def each_card():
    """A tone of each card is heard as it was played: its pitch, its length, its loudness; also when it is not looked at"""
    it = boot("cards", *PITCH)
    place = look(it, "cards")
    tap.wait_for(lambda: len(programs()) == 1, 20, "what plays")
    for number, (card, pitch) in enumerate(PITCH.items()):
        tap.diag(card)
        hear(it, number, 400 + 100 * number, pitch=pitch)
    wizard.choose_tab(place.app, "Details")
    place.app.find("list", "Hardware", timeout=20)
    hear(it, 0, 1000)
    it.line.close()
    vm.force_off(session, it.machine)
    tap.wait_for(lambda: not programs(), 10, "the program's end with the machine")
    domain.delete(session, it.machine)


@tap.case
def plugged_in():
    """A machine without a sound card starts nothing; with one that is plugged in it is heard, and has its name in the mixer"""
    it = boot("a “machine”")
    place = look(it, "a “machine”")
    tap.equal(session.get(it.machine, vm.CONSOLE, "Sound"), False, "Sound without a card")
    tap.equal(programs(), [], "what plays")
    tap.equal(set(when for when, _ in it.add(CARD.format("ac97")).values()), {"live"}, "the change")
    tap.equal(session.get(it.machine, vm.CONSOLE, "Sound"), True, "Sound with a card")
    tap.wait_for(lambda: len(programs()) == 1, 20, "what plays")
    it.wait(lambda: it.line.shell("ls /dev/dsp 2>/dev/null"), lambda said: "/dev/dsp" in said, "the card in the guest")
    hear(it, 0, 500)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        playing = pool.submit(play, it, 0, 600)
        # GStreamer asks by one of its own first what the server can do.
        shown = tap.wait_for(lambda: "a “machine”" in (said := server.ask("list", "sink-inputs")) and said, 20,
                             "its stream in the mixer")
        playing.result()
    tap.true('application.name = "Innkeeper"' in shown, f"the mixer: {shown}")
    tap.wait_for(lambda: not server.ask("list", "sink-inputs"), 20, "that the mixer has none while the guest is quiet")
    place.app.close()
    tap.wait_for(lambda: not programs(), 10, "the program's end with the window")
    it.end()
    domain.delete(session, it.machine)


@tap.case
def server_gone():
    """A sound server that ends and comes again is found, while the guest plays on"""
    it = boot("server", "ac97")
    look(it, "server")
    tap.wait_for(lambda: len(programs()) == 1, 20, "what plays")
    hear(it, 0, 500)
    server.stop()
    play(it, 0, 600, 1)
    server.start()
    # Whoever plays to nobody looks for a server when there is something to be heard.
    play(it, 0, 700, 3)
    tap.wait_for(lambda: not server.ask("list", "sink-inputs"), 20, "that all of it was played")
    hear(it, 0, 800)
    tap.equal(len(programs()), 1, "what plays")
    it.end()


tap.main()
