# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man pages and the program say the same: every verb and option of creelctl and creeld, member of the bus interfaces, error,
polkit action, key of the container options and message id has its own entry, spelled and typed as in the code, and no entry
speaks of something that is not there.

    check.py SOURCES CREELCTL CREEL-OCI
"""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

EMITS = {None: "changes are signalled", "const": "constant", "false": "changes are not signalled"}
NAMESPACE = "org.freedesktop.DBus.Property.EmitsChangedSignal"
TYPES_WITH_UNIT = {"SPEC_BYTES": "t (bytes)", "SPEC_SECONDS": "t (microseconds; seconds on the command line)",
                   "SPEC_DURATION": "t (microseconds; a time such as 30s on the command line)"}

root, creelctl, creel_oci = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
complaints = []


def source(path):
    return (root / path).read_text()


def page(name):
    return source(f"man/{name}.scd").replace("\\", "")


def section(text, title):
    found = re.search(rf"^# {re.escape(title)}\n(.*?)(?=^# |\Z)", text, re.M | re.S)
    return found[1] if found else ""


def compare(where, there, described):
    """What is in the code against what has an entry; none at all in the code means that this script reads it wrongly."""
    there, described = list(there), list(described)
    if not there:
        complaints.append(f"{where}: nothing was found in the code")
    complaints.extend(f"{where} has no entry '{i}'" for i in there if i not in described)
    complaints.extend(f"{where} has an entry '{i}' that is not in the code" for i in described if i not in there)


def run(*words):
    return subprocess.run([creelctl, *words], capture_output=True, text=True, check=True).stdout


def options_of(text):
    """The options that a help text lists, as "-l, --long ARGUMENT"."""
    found = re.findall(r"^  (-\w, |    )(--[\w-]+)((?: \S+)*?)(?: {2,}\S.*)?$", text, re.M)
    return [(short.strip() + " " + name + argument).strip() for short, name, argument in found]


def check_creelctl():
    text = page("creelctl.1")
    help_text = run("--help")
    verbs = re.findall(r"^  (\S+)\s{2,}\S", help_text.split("Verbs:")[1].split("Also:")[0], re.M)
    entries = dict(re.findall(r"^\*([\w-]+)\*\n(.*?)(?=^\*|^\S|\Z)", section(text, "VERBS"), re.M | re.S))
    compare("creelctl(1), VERBS", verbs, entries)
    also = re.search(r"^Also: (.*?)\n\n", section(text, "VERBS") + "\n\n", re.M | re.S)
    aliases = [line.split("\t")[0] for line in run("help", "--list-verbs").splitlines()]
    compare("creelctl(1), other names of verbs", [i for i in aliases if i not in verbs],
            re.findall(r"\*([\w-]+)\* for ", also[1] if also else ""))
    for verb in verbs:
        described = entries.get(verb, "")
        verb_help = run("help", verb)
        compare(f"creelctl(1), usage of {verb}", [verb_help.split("\n")[0]], re.findall(r"^\t(creelctl .*)$", described, re.M)[:1])
        own = options_of(verb_help.split("Options of all verbs:")[0])
        if own or "\t*-" in described:
            compare(f"creelctl(1), {verb}", own, re.findall(r"^\t\*(-.+)\*$", described, re.M))
    compare("creelctl(1), OPTIONS", options_of(help_text.split("\nOptions:")[1]),
            re.findall(r"^\*(-.+)\*$", section(text, "OPTIONS"), re.M))


def names_of(text):
    return set(re.findall(r"--[\w-]+", text))


def check_oci():
    """Verbs with what they take are headings, several at once where they go together; options are within the text."""
    text = page("creel-oci.8")
    help_text = subprocess.run([creel_oci, "--help"], capture_output=True, text=True, check=True).stdout
    usages = dict(re.findall(r"^  ([\w-]+) +(\S.*?)?(?: {2,}\S.*)$", help_text, re.M))
    of_all = names_of(help_text)
    compare("creel-oci(8), OPTIONS", of_all, names_of("\n".join(re.findall(r"^\*-.*$", section(text, "OPTIONS"), re.M))))
    entries = {}
    for head, body in re.findall(r"^(\*[a-z].*)\n((?:\t.*\n|\n)+)", section(text, "VERBS"), re.M):
        entries.update((verb, (usage.strip(" ,"), body)) for verb, usage in re.findall(r"\*([\w-]+)\*([^*]*)", head))
    compare("creel-oci(8), VERBS", [f"{verb} {usage}".strip() for verb, usage in usages.items()],
            [f"{verb} {usage}".strip() for verb, (usage, _) in entries.items()])
    for verb in usages:
        verb_help = subprocess.run([creel_oci, verb, "--help"], capture_output=True, text=True, check=True).stdout
        described = names_of(entries.get(verb, ("", ""))[1])
        if verb == "run":
            described |= names_of(entries["create"][1])
        own = names_of("\n".join(re.findall(r"^  (?:-\w,|   ) --\S+", verb_help, re.M))) - of_all | (described & {"--rootless"})
        if own or described:
            compare(f"creel-oci(8), {verb}", own, described)


def members(interface):
    for member in interface:
        name = member.get("name")
        arguments = {"in": [], "out": []}
        for arg in member.findall("arg"):
            direction = arg.get("direction", "in")
            arguments[direction].append(f"{arg.get('type')} {arg.get('name')}")
        results = f" -> ({', '.join(arguments['out'])})" if arguments["out"] else ""
        if member.tag == "property":
            emits = {a.get("name"): a.get("value") for a in member.findall("annotation")}.get(NAMESPACE)
            yield f"Property *{name}* ({member.get('type')}), {EMITS[emits]}"
        elif member.tag in ("method", "signal"):
            yield f"{member.tag.capitalize()} *{name}*({', '.join(arguments['in'])}){results}"


def check_bus():
    text = page("org.creel1.5")
    interfaces = [ElementTree.parse(i).getroot().find("interface") for i in sorted((root / "dbus").glob("*.xml"))]
    compare("org.creel1(5), interfaces", sorted(i.get("name") for i in interfaces),
            sorted(re.findall(r"^# INTERFACE (\S+)$", text, re.M)))
    for interface in interfaces:
        described = section(text, f"INTERFACE {interface.get('name')}")
        compare(f"org.creel1(5), {interface.get('name')}", members(interface),
                re.findall(r"^((?:Property|Method|Signal) \*.*)$", described, re.M))
    compare("org.creel1(5), ERRORS", re.findall(r'= \{ "(\w+)", E', source("src/basic/failure.c")),
            re.findall(r"^\*(\w+)\*$", section(text, "ERRORS"), re.M))
    compare("org.creel1(5), POLKIT ACTIONS", re.findall(r'<action id="([\w.-]+)"', source("dbus/org.creel1.policy")),
            re.findall(r"^\*([\w.-]+)\*$", section(text, "POLKIT ACTIONS"), re.M))


def container_options():
    types = dict(re.findall(r'\[(SPEC_\w+)\] = "([^"]+)"', source("src/bus/container-options.c")))
    rows = re.findall(r"FIELD\(\s*\"([\w-]+)\",\s*(SPEC_\w+),\s*\w+,\s*(?:'(.)'|0),\s*(?:\"([^\"]*)\"|NULL),\s*(\"|NULL)",
                      source("src/spec/container-field.c"))
    for key, kind, letter, argument, help_text in rows:
        option = (f"-{letter}, " if letter else "") + f"--{key}" + (f" {argument}" if argument else "")
        without = "the operands behind IMAGE" if key == "command" else "filled in by *creelctl*"
        spelling = f"option *{option}*" if help_text != "NULL" else without
        yield f"*{key}* ({TYPES_WITH_UNIT.get(kind, types[kind])}), {spelling}"


def check_daemon():
    text = page("creeld.8")
    compare("creeld(8), OPTIONS", re.findall(r'\{ "([\w-]+)", (?:no|required)_argument', source("src/manager/manager.c")),
            sorted(re.findall(r"\*--([\w-]+)\*", section(text, "OPTIONS"))))
    events = re.findall(r'\{\s*"(\w+)",\s*"([\w-]+)",\s*"([0-9a-f]{32})"', source("src/engine/event.c"))
    compare("creeld(8), JOURNAL", [f"{i} {kind} {action}" for kind, action, i in events],
            [" ".join(i) for i in re.findall(r"^_([0-9a-f]{32})_\n\t(\w+ [\w-]+)", section(text, "JOURNAL"), re.M)])


check_creelctl()
check_oci()
check_bus()
keys = re.findall(r"^(\*[\w-]+\* \(.*)$", section(page("creel-container-options.7"), "KEYS"), re.M)
compare("creel-container-options(7), KEYS", container_options(), keys)
check_daemon()
print("\n".join(complaints) or "the pages and the program say the same")
sys.exit(1 if complaints else 0)
