# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system helper on a real system bus with a real polkitd, real PAM and unprivileged callers."""

import os
import pwd
import re
import signal
import time
from pathlib import Path

from lib import bus, domain, env, ns, proc, system, tap
from lib.agent import Agent
from lib.caller import Caller
from lib.system import quoted

ns.enter()

ERROR = "org.innkeeper.Error."
OM = "org.freedesktop.DBus.ObjectManager"
MACHINES = Path(ns.STATE) / "machines"

# vmother may edit without a question and may not use; the rest is as the policy says.
RULES = """
polkit.addRule(function(action, subject) {
  if (subject.user == "%s" && action.id == "org.innkeeper.helper.edit") return polkit.Result.YES;
  if (subject.user == "%s" && action.id == "org.innkeeper.helper.use") return polkit.Result.NO;
});
""" % (ns.OTHER, ns.OTHER)

place = system.make(RULES)
helper = None


def start():
    """The helper as our own child, so that what a sanitizer says of it is seen."""
    global helper
    if helper is None or not helper.running():
        helper = proc.Process([env.HELPER, "--system"], log=place.dir / "helper.log", name="vmm-helper")
        probe = caller(ns.USER)
        tap.wait_for(probe.owned, 10, "the helper")


def caller(user):
    one = Caller(user)
    tap.cleanup(one.close)
    return one


def agent(user, one, password):
    name = f"agent-{one.pid}-{time.monotonic_ns()}.log"
    it = Agent(user, str(one.pid), password, place.dir / name)
    tap.cleanup(it.close)
    return it


def create_args(name):
    return f"({quoted(domain.xml(name))}, @a{{sv}} {{}})"


def create(one, name, interactive=False):
    return one.call(bus.MANAGER, domain.MANAGER, "Create", create_args(name), interactive=interactive)


def machines(one):
    value = one.call(bus.ROOT, OM, "GetManagedObjects")["value"]
    return sorted(set(re.findall(bus.ROOT + "/machines/[0-9a-f_]+(?=': )", value)))


def others_machine(name="secret"):
    """A machine of vmother's."""
    one = caller(ns.OTHER)
    answer = create(one, name)
    tap.true("value" in answer, answer)
    return one, tap.wait_for(lambda: machines(one), 10, "the machine")[0]


def remove_all():
    one = caller(ns.OTHER)
    for path in machines(one):
        one.call(path, domain.MACHINE, "Delete", "(@a{sv} {},)")
    tap.wait_for(lambda: not os.listdir(MACHINES), 10, "no machines")


def refused(answer, name):
    tap.equal(answer.get("error"), ERROR + name, f"answer {answer}")
    return answer["message"]


@tap.case
def activation():
    """The bus starts the helper as root for an unprivileged caller, and looking needs no question"""
    one = caller(ns.USER)
    answer = one.call(bus.MANAGER, domain.MANAGER, "GetStatistics", "(@a{sv} {},)")
    tap.true("value" in answer, answer)
    tap.diag(f"answered after {answer['seconds'] * 1000:.0f} ms, helper and polkitd started")
    pid = proc.find("vmm-helper")[0]
    tap.equal(os.stat(f"/proc/{pid}").st_uid, 0, "its uid")
    for folder, mode in ((ns.STATE, 0o711), (MACHINES, 0o700), ("/run/innkeeper", 0o711)):
        tap.equal(os.stat(folder).st_mode & 0o777, mode, f"rights of {folder}")
    os.kill(pid, 15)
    tap.wait_for(lambda: not proc.alive(pid), 10, "its end")


@tap.case
def allowed_and_denied():
    """polkit's yes is carried out, its no is told as Denied and changes nothing"""
    start()
    one, path = others_machine()
    refused(one.call(path, domain.MACHINE, "Start", "(@a{sv} {},)", interactive=True), "Denied")
    tap.equal(len(os.listdir(MACHINES)), 1, "machines")
    remove_all()
    tap.equal(os.listdir(MACHINES), [], "machines")


@tap.case
def auth_required():
    """Where nobody may or can be asked, the caller learns that a password would do"""
    start()
    one = caller(ns.USER)
    refused(create(one, "a"), "AuthRequired")
    refused(create(one, "a", interactive=True), "AuthRequired")
    asked = agent(ns.USER, one, ns.PASSWORD)
    refused(create(one, "a"), "AuthRequired")  # an agent, but the message does not allow to ask
    tap.equal(asked.asked(), [], "questions")
    # Nothing that the caller says is looked at before it is allowed to say it.
    refused(one.call(bus.MANAGER, domain.MANAGER, "Create", "('<nonsense', {'odd': <1>})"), "AuthRequired")
    tap.equal(os.listdir(MACHINES), [], "machines")


@tap.case
def passwords():
    """The right password, typed into a real PAM agent, is a yes and is kept; a wrong one is a no"""
    start()
    one = caller(ns.USER)
    wrong = agent(ns.USER, one, "nonsense")
    refused(create(one, "a", interactive=True), "Denied")
    tap.true("answer FAILURE" in wrong.output(), wrong.output())
    tap.equal(os.listdir(MACHINES), [], "machines")
    wrong.close()
    right = agent(ns.USER, one, ns.PASSWORD)
    tap.true("value" in create(one, "a", interactive=True), "the right password")
    path = tap.wait_for(lambda: machines(one), 10, "the machine")[0]
    answer = one.call(path, domain.MACHINE, "Delete", "(@a{sv} {},)")
    tap.true("value" in answer, answer)
    tap.equal(right.asked(), ["org.innkeeper.helper.edit"], "questions")
    tap.wait_for(lambda: not os.listdir(MACHINES), 10, "no machines")


@tap.case
def dismissed():
    """A closed password dialog is told as Dismissed"""
    start()
    one = caller(ns.USER)
    agent(ns.USER, one, "cancel")
    refused(create(one, "a", interactive=True), "Dismissed")
    tap.equal(os.listdir(MACHINES), [], "machines")


@tap.case
def caller_vanishes():
    """Who dies while the password is asked for gets nothing done, and the question goes away"""
    start()
    one = caller(ns.USER)
    asked = agent(ns.USER, one, "wait")
    one.send(bus.MANAGER, domain.MANAGER, "Create", create_args("a"), interactive=True)
    tap.wait_for(asked.asked, 10, "the question")
    one.kill()
    tap.wait_for(lambda: "cancelled" in asked.output(), 10, "the question's end")
    other = caller(ns.OTHER)
    tap.equal(machines(other), [], "machines")
    tap.equal(os.listdir(MACHINES), [], "machines")
    tap.true(helper.running(), "the helper goes on")


@tap.case
def kept_answers():
    """polkit's answer counts for some seconds, also while it stands still; new rules count at once"""
    start()
    one = caller(ns.OTHER)
    others = [caller(ns.OTHER) for _ in range(4)]  # more than VMH_MAX_CHECKS
    tap.true("value" in create(one, "asked"), "the first answer")
    (polkitd,) = proc.find("polkitd")
    os.kill(polkitd, signal.SIGSTOP)
    try:
        for it in others:
            tap.true("value" in it.call(bus.ROOT, OM, "GetManagedObjects"), "who only looks is answered")
        asked = [c.send(bus.MANAGER, domain.MANAGER, "Create", create_args(f"waits {c.pid}")) for c in others]
        tap.true("value" in create(one, "not asked"), "an answer that is known")
    finally:
        os.kill(polkitd, signal.SIGCONT)
    for it, number in zip(others, asked):
        tap.true("value" in it.result(number), "an answer that was waited for")
    rules = Path("/etc/polkit-1/rules.d/00-test.rules")
    before = rules.read_text()
    try:
        rules.write_text(before.replace("polkit.Result.YES", "polkit.Result.NO"))
        tap.wait_for(lambda: create(caller(ns.OTHER), "new").get("error") == ERROR + "Denied", 4.5,
                     "the new rules", 0.05)
        refused(create(one, "old"), "Denied")
    finally:
        rules.write_text(before)
    tap.wait_for(lambda: "value" in create(caller(ns.OTHER), "again"), 10, "the old rules", 0.05)
    tap.true("value" in create(one, "once more"), "the old rules")
    remove_all()


@tap.case
def silent_polkitd():
    """A polkitd that stands still keeps nobody waiting for ever: it is a no, by a sentence, until it goes on"""
    start()
    one = caller(ns.OTHER)
    tap.true("value" in one.call(bus.MANAGER, domain.MANAGER, "Create", create_args("before")), "a polkitd")
    (polkitd,) = proc.find("polkitd")
    time.sleep(5)  # VMH_ANSWER_SECONDS
    os.kill(polkitd, signal.SIGSTOP)
    try:
        asked = [one.send(bus.MANAGER, domain.MANAGER, "Create", create_args(f"silent {i}")) for i in range(2)]
        tap.true("value" in one.call(bus.ROOT, OM, "GetManagedObjects"), "who only looks is answered")
        for number in asked:
            answer = one.result(number, timeout=60)
            tap.equal(answer.get("error"), ERROR + "Denied", str(answer))
            tap.true("does not answer" in answer["message"], answer["message"])
    finally:
        os.kill(polkitd, signal.SIGCONT)
    tap.true("value" in one.call(bus.MANAGER, domain.MANAGER, "Create", create_args("after")), "once it goes on")


@tap.case
def invisible():
    """Another user's machine is not there: not in lists, signals, introspection, nor in any error"""
    start()
    watcher = caller(ns.USER)
    tap.equal(machines(watcher), [], "machines seen")
    watcher.signals()
    owner, path = others_machine()
    absent = path[:-12] + "000000000000"
    for interface, method, args in (
            (domain.MACHINE, "GetXml", "(@a{sv} {},)"), (domain.MACHINE, "Start", "(@a{sv} {},)"),
            (domain.MACHINE, "Apply", "('<domain/>', @a{sv} {})"),
            (domain.MACHINE, "Delete", "(@a{sv} {},)"),
            (bus.NAME + ".Console", "OpenDisplay", "('vnc', @a{sv} {})"),
            (bus.PROPERTIES, "Get", f"('{domain.MACHINE}', 'Name')"),
            (bus.PROPERTIES, "GetAll", f"('{domain.MACHINE}',)")):
        one = refused(watcher.call(path, interface, method, args), "NotFound")
        other = refused(watcher.call(absent, interface, method, args), "NotFound")
        tap.equal(one.replace(path, absent), other, f"error of {method}")
    # Arguments of a wrong type, unknown methods: GDBus answers, the same for both.
    for method, args in (("GetXml", "()"), ("Nonsense", "()")):
        answers = [watcher.call(p, domain.MACHINE, method, args) for p in (path, absent)]
        tap.equal(answers[0]["error"], answers[1]["error"], method)
        tap.equal(answers[0]["message"].replace(path, absent), answers[1]["message"], method)
    for node in (bus.ROOT, bus.ROOT + "/machines", bus.ROOT + "/jobs"):
        answer = watcher.call(node, "org.freedesktop.DBus.Introspectable", "Introspect")
        tap.true(path.rsplit("/", 1)[1] not in str(answer), answer)
    owner.call(path, domain.MACHINE, "SetAutostart", "(true, @a{sv} {})")
    tap.equal(machines(watcher), [], "machines seen")
    tap.equal(watcher.signals(), [], "signals seen")
    remove_all()
    tap.equal(watcher.signals(), [], "signals seen")


@tap.case
def signals_to_owner():
    """The owner is told of what comes, changes and goes"""
    start()
    owner = caller(ns.OTHER)
    tap.equal(machines(owner), [], "machines")
    maker, path = others_machine()
    maker.call(path, domain.MACHINE, "SetAutostart", "(true, @a{sv} {})")
    remove_all()
    seen = owner.signals()
    tap.equal([s[0] for s in seen if s[1] == path],
              ["InterfacesAdded", "PropertiesChanged", "InterfacesRemoved"], f"signals {seen}")


@tap.case
def show_others():
    """With an administrator's password, and only with it, others' machines can be seen and driven"""
    start()
    _, path = others_machine()
    one = caller(ns.USER)
    machines(one)
    refused(one.call(bus.MANAGER, domain.MANAGER, "ShowOthers", "(@a{sv} {},)"), "AuthRequired")
    refused(one.call(path, domain.MACHINE, "GetXml", "(@a{sv} {},)"), "NotFound")
    asked = agent(ns.USER, one, ns.PASSWORD)
    answer = one.call(bus.MANAGER, domain.MANAGER, "ShowOthers", "(@a{sv} {},)", interactive=True)
    tap.true("value" in answer, answer)
    seen = [s[1] for s in one.signals() if s[0] == "InterfacesAdded" and "/machines/" in s[1]]
    tap.equal(seen, [path], "signals")
    tap.equal(machines(one), [path], "machines")
    # Looking at one's own needs nothing; at another's the administrator's word, which is kept.
    answer = one.call(path, domain.MACHINE, "GetXml", "(@a{sv} {},)")
    tap.true("value" in answer, answer)
    tap.equal(set(asked.asked()), {"org.innkeeper.helper.others"}, "questions")
    # Another connection of the same user sees nothing of it.
    second = caller(ns.USER)
    tap.equal(machines(second), [], "machines seen by another connection")
    answer = one.call(path, domain.MACHINE, "Delete", "(@a{sv} {},)", interactive=True)
    tap.true("value" in answer, answer)
    tap.wait_for(lambda: not os.listdir(MACHINES), 10, "no machines")


@tap.case
def many_callers():
    """200 callers are all answered while one password question is open"""
    start()
    _, path = others_machine()
    one = caller(ns.USER)
    asked = agent(ns.USER, one, "wait")
    open_call = one.send(bus.MANAGER, domain.MANAGER, "Create", create_args("slow"), interactive=True)
    tap.wait_for(asked.asked, 10, "the question")
    crowd = caller(ns.OTHER)
    numbers = [crowd.send(path, domain.MACHINE, "GetXml", "(@a{sv} {},)", connection=1 + i)
               for i in range(200)]
    answers = [crowd.result(n, 60) for n in numbers]
    tap.equal([a for a in answers if "value" not in a], [], "refused")
    tap.true(not one.answered(open_call), "the question is still open")
    times = sorted(a["seconds"] * 1000 for a in answers)
    tap.diag(f"200 callers: median {times[100]:.0f} ms, slowest {times[-1]:.0f} ms")
    # and once more now that the bus has told all their uids
    numbers = [crowd.send(path, domain.MACHINE, "GetXml", "(@a{sv} {},)", connection=1 + i)
               for i in range(200)]
    times = sorted(crowd.result(n, 60)["seconds"] * 1000 for n in numbers)
    tap.diag(f"200 callers again: median {times[100]:.0f} ms, slowest {times[-1]:.0f} ms")
    # The same when each call may ask, as the app's do, and with one's hands full of questions.
    numbers = [crowd.send(path, domain.MACHINE, "GetXml", "(@a{sv} {},)", connection=1 + i, interactive=True)
               for i in range(200)]
    tap.equal([a for a in (crowd.result(n, 60) for n in numbers) if "value" not in a], [], "refused")
    more = [one.send(bus.MANAGER, domain.MANAGER, "Create", create_args("more"), interactive=True)
            for _ in range(6)]
    tap.wait_for(lambda: [m for m in more if one.answered(m)], 10, "the end of a user's patience")
    refused(one.result(next(m for m in more if one.answered(m))), "Limit")
    tap.true(not one.answered(open_call), "the question is still open")
    asked.close()
    tap.true("error" in one.result(open_call), "a question whose agent has died is a no")
    crowd.close()
    remove_all()


@tap.case
def files_of_the_caller():
    """A file that the machine's owner may not open is not opened with root's rights either"""
    start()
    one = caller(ns.OTHER)
    secret = place.dir / "secret.raw"
    secret.write_bytes(bytes(1024 * 1024))
    secret.chmod(0o600)
    definition = domain.xml("thief", domain.disk(source=secret, fmt="raw"))
    answer = one.call(bus.MANAGER, domain.MANAGER, "Create",
                      f"({quoted(definition)}, @a{{sv}} {{}})")
    job = re.findall(bus.ROOT + "/jobs/[0-9]+", answer["value"])[0]

    def ended():
        state = one.call(job, bus.PROPERTIES, "GetAll", f"('{domain.JOB}',)")["value"]
        return None if "'State': <'running'>" in state else state

    state = tap.wait_for(ended, 20, "the job's end")
    tap.true(ERROR + "Denied" in state, state)
    tap.equal(os.listdir(MACHINES), [], "machines")
    os.chown(secret, pwd.getpwnam(ns.OTHER).pw_uid, -1)
    one.call(bus.MANAGER, domain.MANAGER, "Create", f"({quoted(definition)}, @a{{sv}} {{}})")
    tap.wait_for(lambda: machines(one), 10, "the machine, now that it is the owner's own file")
    remove_all()
    tap.true(secret.exists(), "the owner's file is left alone")


@tap.case
def ends_clean():
    """The helper ends on SIGTERM without a leak"""
    start()
    tap.equal(helper.stop(), 0, "exit code")


@tap.case
def own_folder_and_kept_disks():
    """What root opens for a user is the user's disks and nothing else; a kept disk becomes the user's own"""
    start()
    one = caller(ns.OTHER)
    ident = domain.new_uuid()
    path, folder = domain.path_of(ident), MACHINES / ident
    new = "{'storage': <[{'target': <'vda'>, 'size': <uint64 8388608>}]>}"
    answer = one.call(bus.MANAGER, domain.MANAGER, "Create",
                      f"({quoted(domain.xml('kept', domain.disk(), ident))}, {new})")
    tap.true("value" in answer, answer)
    tap.wait_for(lambda: machines(one) == [path], 10, "the machine")
    for name in ("state", "machine.xml", "disks/../state"):
        text = domain.xml("kept", domain.disk("vda", folder / "disks/vda.qcow2")
                          + domain.disk("vdb", f"{folder}/{name}", "raw"), ident)
        refused(one.call(path, domain.MACHINE, "Apply", f"({quoted(text)}, @a{{sv}} {{}})"), "Denied")
    answer = one.call(path, domain.MACHINE, "Delete", "({'keep': <['vda']>},)")
    tap.true("value" in answer, answer)
    tap.wait_for(lambda: not os.listdir(MACHINES), 10, "the end of its folder")
    uid = pwd.getpwnam(ns.OTHER).pw_uid
    kept = Path(ns.STATE) / "Kept disks" / str(uid) / "kept vda.qcow2"
    tap.equal((kept.stat().st_uid, kept.stat().st_mode & 0o777), (uid, 0o600), "whose it is")
    kept.unlink()


tap.main()
