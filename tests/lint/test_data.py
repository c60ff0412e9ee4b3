# SPDX-FileCopyrightText: 2026 The Innkeeper developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is neither C nor the contract: desktop files, templates, translations, the Flatpak."""

import json
import os
import re
import shutil
import subprocess

from lib import env, tap, tree

ID = "org.innkeeper.Innkeeper"


def succeed(*argv, **kwargs):
    """Runs a program; fails with what it said. Answers its output."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **kwargs)
    if done.returncode:
        raise AssertionError(f"{argv}: exit {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


@tap.case
def desktop_file():
    """The desktop file is valid and opens images and media"""
    path = env.BUILD / f"data/{ID}.desktop"
    tap.equal(succeed("desktop-file-validate", path).strip(), "", "desktop-file-validate")
    text = path.read_text()
    for kind in ("application/x-cd-image", "application/x-qemu-disk", "application/x-virtualbox-vdi"):
        tap.true(kind in text, f"does not open {kind}")


@tap.case
def metainfo():
    """The metainfo is valid and has notes for this version"""
    path = env.BUILD / f"data/{ID}.metainfo.xml"
    succeed("appstreamcli", "validate", "--no-net", path)
    version = re.search(r"version: '([^']+)'", tree.read("meson.build"))[1]
    tap.true(f'<release version="{version}"' in path.read_text(), f"no notes for {version}")


@tap.case
def icons():
    """The icons are valid SVG and can be drawn"""
    import gi

    gi.require_version("GdkPixbuf", "2.0")
    from gi.repository import GdkPixbuf

    for name in (f"scalable/apps/{ID}.svg", f"symbolic/apps/{ID}-symbolic.svg"):
        path = env.SOURCE / "data/icons/hicolor" / name
        succeed("xmllint", "--noout", "--nonet", path)
        picture = GdkPixbuf.Pixbuf.new_from_file_at_size(str(path), 64, 64)
        tap.true(len(set(picture.get_pixels())) > 4, f"{name} is empty")


@tap.case
def templates():
    """Templates are well-formed, and the resource bundle has each of them"""
    bundle = tree.read("ui/innkeeper.gresource.xml")
    problems = []
    for path in tree.under("ui", suffixes={".ui", ".css"}):
        if f">{path.relative_to('ui')}<" not in bundle:
            problems.append(f"{path} is not in ui/innkeeper.gresource.xml")
        if path.suffix == ".ui":
            succeed("xmllint", "--noout", "--nonet", env.SOURCE / path)
    tree.complain(problems)


@tap.case
def settings():
    """Settings schemas compile strictly"""
    schemas = tree.under("data", suffixes={".xml"})
    schemas = [p for p in schemas if p.name.endswith(".gschema.xml")]
    if not schemas:
        return
    succeed("glib-compile-schemas", "--strict", "--dry-run", env.SOURCE / schemas[0].parent)


@tap.case
def systemd_unit():
    """systemd understands every line of the unit"""
    unit = env.BUILD / "data/system/vmm-helper.service"
    folder = env.TempDir()
    tap.cleanup(folder.remove)
    # An absolute path that is there: the helper itself is not installed.
    copy = folder.path / unit.name
    copy.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit.read_text()))
    tap.equal(succeed("systemd-analyze", "verify", "--man=no", copy).strip(), "", "systemd-analyze verify")


@tap.case
def translations_complete():
    """po/POTFILES lists exactly the files with text for people"""
    marked = re.compile(r'\b(_|N_|C_|NC_|Q_|ngettext)\s*\(\s*"|\bg_dn?gettext\s*\(')
    wanted = set()
    for path in tree.under("src", "vmm-helper", suffixes={".c", ".h"}):
        if marked.search(tree.read(path)):
            wanted.add(str(path))
    for path in tree.under("ui", suffixes={".ui"}):
        if 'translatable="' in tree.read(path):
            wanted.add(str(path))
    for path in tree.under("data"):
        if path.name.endswith((".desktop.in", ".metainfo.xml.in", ".policy.in")):
            wanted.add(str(path))
    listed = [line for line in tree.read("po/POTFILES").splitlines() if line and line[0] != "#"]
    problems = [f"{p} has text to translate: add it to po/POTFILES" for p in sorted(wanted - set(listed))]
    problems += [f"{p} in po/POTFILES has no such text" for p in sorted(set(listed) - wanted)]
    if listed != sorted(listed):
        problems.append("po/POTFILES is not sorted")
    tree.complain(problems)


@tap.case
def translations_template():
    """A copy of the tree without git configures, and makes the translations' template"""
    folder = env.TempDir()
    tap.cleanup(folder.remove)
    for path in tree.files():
        (folder.path / path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(env.SOURCE / path, folder.path / path)
    succeed("meson", "setup", folder.path / "_build", folder.path)
    said = succeed("meson", "compile", "-C", folder.path / "_build", "innkeeper-pot")
    tree.complain(line for line in said.splitlines() if "warning:" in line)
    template = (folder.path / "po/innkeeper.pot").read_text()
    tap.true(template.count("\nmsgid ") > 50, "the template is too small")
    for language in tree.read("po/LINGUAS").split():
        merged = folder.path / f"po/{language}.po"
        succeed("msgfmt", "--check", "-o", "/dev/null", merged)
        succeed("msgmerge", "-q", "-N", "-U", "--backup=off", merged, folder.path / "po/innkeeper.pot")
        told = subprocess.run(["msgfmt", "--statistics", "-o", "/dev/null", merged], check=True,
                              capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stderr
        counts = {kind: int(n) for n, kind in re.findall(r"(\d+) (translated|fuzzy|untranslated)", told)}
        share = counts["translated"] / sum(counts.values())
        # Whoever changes a sentence need not speak every language; a translator catches up.
        tap.true(share >= 0.9, f"po/{language}.po is behind, and not to be listed in LINGUAS: {told}")


@tap.case
def flatpak():
    """flatpak-builder reads the manifest without a warning, and its local sources are there"""
    manifest = env.SOURCE / f"flatpak/{ID}.yml"
    done = subprocess.run(["flatpak-builder", "--show-manifest", manifest], capture_output=True, text=True)
    tap.equal((done.returncode, done.stderr), (0, ""), "flatpak-builder --show-manifest")
    shown = json.loads(done.stdout)
    tap.equal(shown["command"], "innkeeper", "command")
    tap.true(any("org.innkeeper.Helper1" in a for a in shown["finish-args"]), "cannot reach the helper")


INSTALLED = """
{bin}/innkeeper
{libexec}/innkeeper-sound
{libexec}/innkeeper-usb
{share}/applications/org.innkeeper.Innkeeper.desktop
{share}/glib-2.0/schemas/org.innkeeper.Innkeeper.gschema.xml
{share}/metainfo/org.innkeeper.Innkeeper.metainfo.xml
{share}/icons/hicolor/scalable/apps/org.innkeeper.Innkeeper.svg
{share}/icons/hicolor/symbolic/apps/org.innkeeper.Innkeeper-symbolic.svg
"""
HELPER = """
{libexec}/vmm-card
{libexec}/vmm-helper
{libexec}/vmm-inspect
{libexec}/vmm-screen
{libexec}/vmm-shim
{share}/dbus-1/services/org.innkeeper.Helper1.service
"""
SYSTEM = """
{share}/dbus-1/system-services/org.innkeeper.Helper1.service
{share}/dbus-1/system.d/org.innkeeper.Helper1.conf
{share}/polkit-1/actions/org.innkeeper.helper.policy
/usr/lib/systemd/system/vmm-helper.service
"""


def check_installed(helper, wanted):
    """What meson would install with this option, and nothing else but translations."""
    build = env.cache_dir() / f"install-{helper}"
    shutil.rmtree(build, ignore_errors=True)
    succeed("meson", "setup", f"-Dhelper={helper}", "--prefix=/usr", build, env.SOURCE)
    places = json.loads(succeed("meson", "introspect", "--installed", build))
    places = {p for p in places.values() if "/share/locale/" not in p}
    shutil.rmtree(build)
    expanded = set()
    for place in sorted(places):  # a folder is listed as one
        source = env.SOURCE / "data/icons/hicolor"
        if place.endswith("icons/hicolor"):
            expanded.update(f"{place}/{f.relative_to(source)}" for f in source.rglob("*") if f.is_file())
        else:
            expanded.add(place)
    names = wanted.format(bin="/usr/bin", share="/usr/share", libexec="/usr/libexec/innkeeper").split()
    tap.equal(sorted(expanded), sorted(names), f"files with helper={helper}")


@tap.case
def installed_host():
    """helper=host installs everything"""
    check_installed("host", INSTALLED + HELPER + SYSTEM)


@tap.case
def installed_bundled():
    """helper=bundled installs the session's helper only"""
    check_installed("bundled", INSTALLED + HELPER)


@tap.case
def installed_none():
    """helper=none installs the window only"""
    check_installed("none", INSTALLED)


@tap.case
def staged():
    """meson install puts working files into DESTDIR"""
    folder = env.TempDir()
    tap.cleanup(folder.remove)
    succeed("meson", "install", "-C", env.BUILD, "--no-rebuild", "--quiet",
            env={**os.environ, "DESTDIR": str(folder.path)})
    programs = [p for p in folder.path.rglob("*") if p.name in ("innkeeper", "vmm-helper") and p.is_file()]
    tap.equal(len(programs), 2, f"programs among {programs}")
    for service in folder.path.rglob("org.innkeeper.Helper1.service"):
        program = re.search(r"^Exec=(\S+)", service.read_text(), re.M)[1]
        tap.true((folder.path / program[1:]).exists(), f"{service} starts {program}")


tap.main()
