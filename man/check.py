# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything that exists is in its man page: verbs and options of creelctl, members of the bus interfaces, keys of the container
options, message ids of events."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

root, creelctl = Path(sys.argv[1]), sys.argv[2]
missing = []


def page(name):
    # without the marks of emphasis
    return re.sub(r"(?<!\\)[_*]", " ", (root / "man" / (name + ".scd")).read_text()).replace("\\", "")


def want(word, name):
    if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", page(name)):
        missing.append(f"{name} does not name {word}")


def help_of(*words):
    return subprocess.run([creelctl, *words, "--help"], capture_output=True, text=True, check=True).stdout


verbs = re.findall(r"^  (\S+)\s{2,}\S", help_of().split("Verbs:")[1].split("Also:")[0], re.M)
assert len(verbs) > 15, verbs
for verb in verbs:
    want(verb, "creelctl.1")
    if verb not in ("help", "version"):
        for option in re.findall(r"^  .{4}(--[\w-]+)", help_of(verb), re.M):
            want(option, "creelctl.1")
for path in (root / "dbus").glob("*.xml"):
    interface = ElementTree.parse(path).getroot().find("interface")
    want(interface.get("name"), "org.creel1.5")
    for member in interface:
        if member.get("name"):
            want(member.get("name"), "org.creel1.5")
for kind in re.findall(r'= \{ "(\w+)", E', (root / "src/basic/failure.c").read_text()):
    want(kind, "org.creel1.5")
keys = re.findall(r'FIELD\(\s*"([\w-]+)"', (root / "src/spec/container-spec.c").read_text())
assert len(keys) > 20, keys
for key in keys:
    want(key, "creel-container-options.7")
for message_id in re.findall(r'"([0-9a-f]{32})"', (root / "src/engine/event.c").read_text()):
    want(message_id, "creeld.8")
print("\n".join(missing) or "all named")
sys.exit(1 if missing else 0)
