# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of the host's that a guest has mounted: what each of the two sees of the other, and what the guest does
not see."""

import os

from gi.repository import GLib

from lib import bus, crash, domain, guest, live, proc, room, tap, vm

FOLDER = "<filesystem type='mount'><driver type='virtiofs'/><source dir='{}'/><target dir='{}'/>{}</filesystem>"


def session():
    made = bus.Session()
    tap.cleanup(made.close)
    tap.on_failure(made.print_logs)
    made.start_helper()
    return made


class Guest(live.Guest):
    def __init__(self, made, *folders):
        initramfs = guest.initramfs_of("share", (*guest.MODULES, "virtiofs"), guest.INIT)
        super().__init__(made, "share", "".join(folders), initramfs=initramfs)

    def mount(self, tag, where):
        tap.equal(self.line.shell(f"mkdir {where}; mount -t virtiofs {tag} {where}; echo $?").strip(), "0", f"mount {tag}")

    def code(self, command):
        return int(self.line.shell(f"{command} 2>/dev/null; echo $?").split()[-1])


def programs():
    return [p for p in proc.descendants() if "virtiofsd" in proc.cmdline(p).split(" ")[0]]


@tap.case
def both_see_it():
    """What either writes, the other reads; on the host it is the owner's; read-only is; a link leads nowhere else"""
    made = session()
    ours, theirs, secret = made.path / "a folder", made.path / "readonly", made.path / "secret"
    for folder in (ours, theirs, secret):
        folder.mkdir()
    (ours / "from host").write_text("hello guest\n")
    (theirs / "kept").write_text("as it was\n")
    (secret / "key").write_text("not for the guest\n")
    os.symlink(secret, ours / "out")
    os.symlink("../secret/key", ours / "up")
    it = Guest(made, FOLDER.format(ours, "share", ""), FOLDER.format(theirs, "ro-1", "<readonly/>"))
    it.mount("share", "/a")
    it.mount("ro-1", "/b")
    tap.equal(it.line.shell("cat '/a/from host'").strip(), "hello guest")
    tap.equal(it.code("mkdir /a/new && echo hello host > /a/new/file && chmod 640 /a/new/file && sync"), 0, "write")
    written = ours / "new/file"
    tap.equal(written.read_text(), "hello host\n")
    facts = written.stat()
    tap.equal((facts.st_uid, oct(facts.st_mode & 0o777)), (os.getuid(), "0o640"), "owner and mode on the host")
    (ours / "later").write_text("1\n")
    tap.equal(it.line.shell("cat /a/later").strip(), "1", "what the host has written since")
    # Another user of the guest than root, to whom all is permitted: what the page says of such a one.
    ours.chmod(0o777)
    (ours / "open").write_text("")
    (ours / "open").chmod(0o666)
    it.line.shell("mkdir -p /etc; echo 'other:x:1000:1000::/:/bin/sh' >> /etc/passwd")

    def other(command):
        return it.code(f"su other -s /bin/sh -c '{command}'")

    tap.equal(it.line.shell("su other -s /bin/sh -c 'id -u'").strip(), "1000", "who it is")
    tap.equal((other("cat /a/later"), other("echo written > /a/open")), (0, 0), "reads and writes what is there")
    tap.equal((ours / "open").read_text(), "written\n", "what it has written")
    tap.true(other("touch /a/of-another") != 0 and other("mkdir /a/dir-of-another") != 0, "it has made new ones: say so no more")
    tap.equal(it.code("rm '/a/from host'"), 0, "remove")
    tap.true(not (ours / "from host").exists(), "it is removed")
    tap.equal(it.line.shell("cat /b/kept").strip(), "as it was")
    for command in ("echo x > /b/kept", "echo x > /b/new", "rm /b/kept", "chmod 777 /b/kept", "mkdir /b/dir"):
        tap.true(it.code(command) != 0, f"{command} was done in what is read-only")
    tap.equal((sorted(os.listdir(theirs)), (theirs / "kept").read_text()), (["kept"], "as it was\n"))
    for command in ("cat /a/out/key", "cat /a/up", "ls /a/out/", f"cat /a/../{secret}/key", "cat /a/../../secret/key"):
        tap.true(it.code(command) != 0, f"{command}: the guest is out of the folder")
    tap.true("not for" not in it.line.shell("cat /a/up /a/out/key 2>&1; ls -R /a"), "the guest has read it")
    it.end()
    vm.wait_state(made, it.machine, "off")
    tap.wait_for(lambda: not programs(), 5, "the end of the programs")
    crash.check_clean(made, "a machine with folders")


@tap.case
def a_room_of_its_own():
    """The program is the owner's, sees the folder and nothing else of the host, and what it may do ends there"""
    made = session()
    folder = made.path / "shared"
    folder.mkdir()
    it = Guest(made, FOLDER.format(folder, "share", ""))
    it.mount("share", "/a")
    for process in programs():
        facts = room.status(process)
        tap.equal(set(facts["Uid"].split()), {str(os.getuid())}, "uid")
        tap.equal(facts["NoNewPrivs"], "1", "NoNewPrivs")
        tap.equal(facts["Seccomp"], "2", "Seccomp")
        for name in ("user", "mnt", "pid", "ipc", "uts", "net", "cgroup"):
            tap.true(os.readlink(f"/proc/{process}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"), f"ns {name}")
        tap.equal(os.readlink(f"/proc/{process}/root"), "/state", "its root")
        for path, flags in room.mounts(process).items():
            tap.true("ro" in flags or path == "/", f"{path} is writable: {flags}")
        # CAP_SYS_ADMIN, CAP_SYS_PTRACE and their like are not among them.
        tap.equal(int(facts["CapEff"], 16) & ~0x8c00_00db, 0, f"capabilities {facts['CapEff']}")
        room.listeners(process)
    tap.true(programs(), "no program was looked at")
    it.end()


@tap.case
def plugged():
    """A folder comes while the machine runs, and goes, also where the helper was killed in between; what memory of the
    machine's own forbids waits, with a sentence"""
    made = session()
    folder = made.path / "shared"
    folder.mkdir()
    (folder / "from host").write_text("hello guest\n")
    it = Guest(made)
    device = FOLDER.format(folder, "a/b_c+d", "")
    for turn in ("by one helper", "by two"):
        tap.equal(it.add(device), {"filesystem:a/b_c+d": ("live", "")}, "the answer")
        tap.true("a/b_c+d" in it.live(), it.live())
        tap.equal((it.pending(), len(programs()) > 0), ([], True), "what waits, and the program")
        it.mount("a/b_c+d", "/a")
        tap.equal(it.line.shell("cat '/a/from host'"), "hello guest", "what the guest reads")
        tap.equal(it.code(f"echo {turn} > /a/back && sync"), 0, "write")
        tap.equal((folder / "back").read_text(), f"{turn}\n", "what the host reads")
        # While it is mounted the guest's driver keeps it.
        tap.equal(it.code("umount /a && rmdir /a"), 0, "umount")
        if turn == "by two":
            made.helper.kill()
            made.start_helper()
            tap.equal(it.pending(), [], "what waits")
        tap.equal(it.remove("<filesystem", "</filesystem>"), {"filesystem:a/b_c+d": ("live", "")}, "the answer")
        tap.true("filesystem" not in it.live(), it.live())
        tap.wait_for(lambda: not programs(), 5, "the end of the programs")
    # One that is there when the machine ends.
    tap.equal(it.add(device), {"filesystem:a/b_c+d": ("live", "")}, "the answer")
    it.end()
    vm.wait_state(made, it.machine, "off")
    tap.wait_for(lambda: not programs(), 5, "the end of the programs")
    crash.check_clean(made, "a machine with a folder that came")
    private = domain.create(made, vm.linux("private", made, more="<memoryBacking><access mode='private'/></memoryBacking>"))
    vm.start(made, private)
    xml, generation = domain.call(made, private, "GetXml")
    answer = domain.call(made, private, "Apply", GLib.Variant("s", xml.replace("</devices>", device + "</devices>")),
                         generation=GLib.Variant("t", generation))[0]
    tap.equal([(name, when) for name, when, _ in answer], [("filesystem:a/b_c+d", "restart")], "the answer")
    tap.true("Choose shared memory" in answer[0][2], str(answer))
    tap.equal(programs(), [], "programs")
    vm.force_off(made, private)


@tap.case
def killed_while_it_comes():
    """A helper killed at any step of a folder's coming: the next one has it come, once, and it can be used"""
    made = session()
    folder = made.path / "shared"
    folder.mkdir()
    (folder / "file").write_text("hello\n")
    it = Guest(made)
    device = FOLDER.format(folder, "share", "")
    it.add(device)
    count = len(programs())
    it.remove("<filesystem", "</filesystem>")
    for number in range(10):
        tap.wait_for(lambda: not programs(), 5, "the end of the programs")
        crash.replace(made, VMH_ABORT_AT=f"plug:{number}")
        try:
            it.add(device)
            break
        except GLib.Error:
            crash.died(made)
        crash.replace(made)
        tap.wait_for(lambda: "share" in it.live() and not it.pending(), 20, "what was begun", 0.05)
        it.mount("share", "/a")
        tap.equal(it.line.shell("cat /a/file; umount /a; rmdir /a"), "hello", "what the guest reads")
        tap.wait_for(lambda: len(programs()) == count, 5, f"{count} programs")
        tap.equal(it.remove("<filesystem", "</filesystem>"), {"filesystem:share": ("live", "")}, "the answer")
    tap.equal(number, 4, "places: its socket, its line, the device, the end")
    it.end()
    vm.wait_state(made, it.machine, "off")
    tap.wait_for(lambda: not programs(), 5, "the end of the programs")
    crash.check_clean(made, "a machine with a folder that came")


@tap.case
def killed_helper():
    """kill -9 of the helper leaves the folder to the guest; the next one ends all together"""
    made = session()
    folder = made.path / "shared"
    folder.mkdir()
    it = Guest(made, FOLDER.format(folder, "share", ""))
    it.mount("share", "/a")
    before = programs()
    tap.true(before, "programs")
    crash.replace(made)
    tap.equal(programs(), before, "programs")
    tap.equal(it.code("echo still > /a/here"), 0, "write")
    tap.equal((folder / "here").read_text(), "still\n")
    crash.check_clean(made, "a machine that runs with a folder")
    it.end()
    vm.wait_state(made, it.machine, "off")
    tap.wait_for(lambda: not programs(), 5, "the end of the programs")
    crash.check_clean(made, "a machine with folders")


@tap.case
def refused():
    """What is no folder, is not there, or is where machines are kept, is refused by a sentence"""
    made = session()
    file = made.path / "file"
    file.write_text("")
    machines = domain.folder(made)
    wanted = {made.path / "missing": "is not there", file: "is not there", machines: "cannot be shared",
              machines / "x": "cannot be shared"}
    for path, words in wanted.items():
        machine = domain.create(made, vm.definition(f"m{len(words)}{path.name}", FOLDER.format(path, "share", "")))
        properties = vm.start(made, machine, None)
        tap.equal(properties["State"], "failed", f"{path}")
        tap.true(words in properties["ErrorMessage"] and str(path) in properties["ErrorMessage"], properties["ErrorMessage"])
    tap.equal(programs(), [], "programs")
    crash.check_clean(made, "refused starts")


tap.main()
