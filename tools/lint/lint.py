#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the rules of the house that a compiler does not see. No arguments; exit status 1 when something was found.

One line a finding, "path:line: [rule] text", and "N passed, N failed" at the end, where every rule over the tree and
every sample counts once. The samples under tests/lint hold this program to its word: one in good/ is found by no rule,
one in bad/RULE.*.txt by exactly that rule. A sample is a small tree: "=== PATH" starts a file, "=== repeat N TEXT" is
N lines of it.
"""

import ast
import json
import re
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = "tests/lint/"
CORPUS = "tests/fuzz/corpus/"

# docs/ARCHITECTURE.md, "layers": a folder includes itself and what lies below, never its own level.
LEVELS = [
    ["basic"],
    ["spec", "proto"],
    ["config", "store", "image", "network", "volume", "security", "unit", "plugin", "bus"],
    ["engine", "runtime"],
    ["manager", "supervise", "pull", "unpack", "oci", "assist", "generator", "init", "ctl"],
]
LEVEL = {folder: number for number, folders in enumerate(LEVELS) for folder in folders}
SAME_LEVEL = {("image", "store")}

# Which folders may use a library at all: what a process does not use is not linked into it.
LIBRARIES = {
    "curl/": {"pull"},
    "archive.h": {"image", "unpack"},
    "archive_entry.h": {"image", "unpack"},
    "seccomp.h": {"security"},
    "systemd/sd-bus": {"bus", "unit", "manager", "ctl"},
    "systemd/sd-journal": {"manager", "ctl"},
}

# Headers that the build makes.
GENERATED = {"config.h"}

# C files without a mirror under tests/unit: main() of an executable is named like its folder and is seen by the
# integration tests; so are the D-Bus vtables and the verbs of creelctl, which are nothing without a bus.
UNMIRRORED = [
    re.compile(r"src/(\w+)/\1\.c"),  # main(): parse, new, run, free
    re.compile(r".*-dbus\.c"),  # vtables: nothing without a bus, tests/integration
    # What talks to PID 1, workers and supervisors: tests/integration proves it with the real ones.
    re.compile(r"src/engine/(attach|container-start|container-stop|exec|supervisor|top|transfer|worker)\.c"),
    re.compile(r"src/(manager|assist)/\w+\.c"),
    re.compile(r"src/oci/(create|delete)\.c"),  # whole containers, tests/integration
    re.compile(r"src/(ctl|oci)/verb-\w+\.c"),  # driven as users do, tests/integration
]

FILE_LINES = 900
FUNCTION_LINES = 120
COLUMNS = 109  # of C; tables in Python and shell may be wider

BANNED = {
    "unbounded copy; memcpy() after a check of the length, or string_format()": "strcpy strcat stpcpy sprintf vsprintf"
    " gets",
    "may leave the copy without its NUL, or fills with zeroes; memcpy() after a check of the length": "strncpy strncat",
    "keeps state between calls; strv_split()": "strtok",
    "cannot tell an error from 0; parse_u32() and the like of basic/str.h": "atoi atol atoll atof",
    "runs a shell; spawn_run()": "system popen",
    "waits for time instead of an event": "sleep usleep nanosleep clock_nanosleep",
    "races for the name; O_TMPFILE, file_write_atomic() or a memfd": "mktemp tmpnam tempnam",
    "stack without a bound": "alloca strdupa strndupa",
    "NSS blocks, and answers for the host instead of the container": "getpwnam getpwuid getpwnam_r getpwuid_r getgrnam"
    " getgrgid getgrnam_r getgrgid_r getgrouplist initgroups gethostbyname gethostbyaddr",
    "handlers differ between systems; signalfd or sigaction()": "signal",
    "the environment is shared by the whole process; hand a vector to the child": "setenv putenv unsetenv clearenv",
    "predictable; getrandom()": "rand srand random srandom drand48",
    "one static buffer for everyone; the _r form": "localtime gmtime ctime asctime readdir_r",
    "leaks its descriptor into children; the form that takes O_CLOEXEC": "dup creat accept pipe epoll_create"
    " inotify_init",
}
BANNED_REASON = {name: reason for reason, names in BANNED.items() for name in names.split()}
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(sorted(BANNED_REASON)) + r")\s*\(")

# Spelled in pieces, so that this file may be read by its own rule.
WORDS = {
    "a path of one machine": re.compile(r"(?<![\w.}%/-])/(?:wor" r"k/(?:main|wt|shared|\.)|tmp/w/)"),
    "work left undone": re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b"),
    "a stub": re.compile(r"\bnot (?:yet )?imple" r"mented\b|\bunimple" r"mented\b", re.I),
}

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
FUNCTION = re.compile(r"^[A-Za-z_][^;={}]*\)\s*\{[ \t]*\n(?P<body>.*?)^\}[ \t]*$", re.M | re.S)


class Tree:
    """The files under judgement: path -> text, with bytes that are not UTF-8 replaced."""

    def __init__(self, files):
        self.files = files
        self.found = []
        self.bare = {}

    def report(self, path, line, text):
        self.found.append((path, line, text))

    def matching(self, pattern):
        expression = re.compile(pattern)
        return [path for path in sorted(self.files) if expression.fullmatch(path)]

    def c_files(self, folder=""):
        return self.matching(re.escape(folder) + r".*\.[ch]")

    def code(self, path):
        """The C text without comments and without the contents of strings, lines kept."""
        if path not in self.bare:
            self.bare[path] = TOKEN.sub(lambda m: strip(m, keep_strings=False), self.files[path])
        return self.bare[path]


def strip(match, keep_strings):
    token = match.group()
    if token.startswith("/"):
        return re.sub(r"[^\n]", " ", token)
    return token if keep_strings else token[0] * 2


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def folder_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def includes(tree, path):
    text = TOKEN.sub(lambda m: strip(m, keep_strings=True), tree.files[path])
    return [(line_of(text, m.start(2)), m[1], m[2]) for m in INCLUDE.finditer(text)]


def rule_layer(tree):
    """A folder of src/ includes only what lies below it."""
    for path in tree.c_files("src/"):
        own = folder_of(path)
        if own not in LEVEL:
            tree.report(path, 1, f"src/{own} has no level; give it one in tools/lint/lint.py and docs/ARCHITECTURE.md")
            continue
        for line, kind, name in includes(tree, path):
            other = name.split("/")[0]
            if kind != '"' or "/" not in name or other not in LEVEL or other == own or (own, other) in SAME_LEVEL:
                continue
            if LEVEL[other] >= LEVEL[own]:
                way = "up" if LEVEL[other] > LEVEL[own] else "sideways"
                tree.report(path, line, f"{own} (L{LEVEL[own]}) includes {way}: {name} (L{LEVEL[other]})")


def rule_include(tree):
    """An include in quotes names a file that exists by its folder; our own files are never in angle brackets."""
    for path in tree.c_files():
        tests = path.startswith("tests/")
        for line, kind, name in includes(tree, path):
            if kind == "<":
                if f"src/{name}" in tree.files:
                    tree.report(path, line, f"<{name}> is ours; write it in quotes")
                continue
            nearby = {f"tests/unit/{name}", f"{PurePosixPath(path).parent}/{name}"} if tests else set()
            if name in GENERATED or nearby & tree.files.keys():
                continue
            if "/" not in name:
                tree.report(path, line, f'"{name}" does not name its folder')
            elif f"src/{name}" not in tree.files:
                tree.report(path, line, f'"{name}" does not exist')
            elif not tests and not name.endswith(".h"):
                tree.report(path, line, f'"{name}" is not a header')


def rule_library(tree):
    """A library is used by the folders that are meant to link it."""
    for path in tree.c_files("src/"):
        for line, kind, name in includes(tree, path):
            for prefix, folders in LIBRARIES.items():
                if kind == "<" and name.startswith(prefix) and folder_of(path) not in folders:
                    tree.report(path, line, f"<{name}> is for {', '.join(sorted(folders))} only")


def rule_size(tree):
    """Files and functions stay readable."""
    for path in tree.c_files():
        n = tree.files[path].count("\n")
        if n > FILE_LINES:
            tree.report(path, n, f"{n} lines, {FILE_LINES} at most; split it by noun")
        code = tree.code(path)
        for match in FUNCTION.finditer(code):
            n = match["body"].count("\n")
            if n > FUNCTION_LINES:
                tree.report(path, line_of(code, match.start()), f"a function of {n} lines, {FUNCTION_LINES} at most")


def rule_banned(tree):
    """Calls that have a better form."""
    for path in tree.c_files():
        code = tree.code(path)
        for match in BANNED_CALL.finditer(code):
            # Tests prepare the environment of the code under test; there is nobody else in that process.
            if path.startswith("tests/") and match[1] in ("setenv", "unsetenv"):
                continue
            if match[1] == "signal" and re.match(r"[^,;]*,\s*SIG_(?:IGN|DFL)\)", code[match.end():]):
                continue
            tree.report(path, line_of(code, match.start()), f"{match[1]}(): {BANNED_REASON[match[1]]}")


def rule_spdx(tree):
    """Every source names its licence in its first line (behind an interpreter line)."""
    spdx = "SPDX-License-Identifier: LGPL-2.1-or-later"
    for path, text in sorted(tree.files.items()):
        lines = text.split("\n", 2)
        script = lines[0].startswith("#!")
        if not script and not re.search(r"\.(?:[ch]|py|sh)$|(?:^|/)meson(?:\.build|_options\.txt)$", path):
            continue
        first = lines[1] if script and len(lines) > 1 else lines[0]
        wanted = f"/* {spdx} */" if path.endswith((".c", ".h")) else f"# {spdx}"
        if first != wanted:
            tree.report(path, 2 if script else 1, f"the first line is not '{wanted}'")


def rule_once(tree):
    """A header says #pragma once."""
    for path in tree.matching(r".*\.h"):
        if not re.search(r"^#pragma once$", tree.files[path], re.M):
            tree.report(path, 1, "no #pragma once")


def rule_mirror(tree):
    """src/a/b.c and tests/unit/a/test-b.c exist together."""
    for path in tree.matching(r"src/\w+/[^/]+\.c"):
        name = PurePosixPath(path)
        test = f"tests/unit/{folder_of(path)}/test-{name.name}"
        if test not in tree.files and not any(p.fullmatch(path) for p in UNMIRRORED):
            tree.report(path, 1, f"has no {test}")
    for path in tree.matching(r"tests/unit/\w+/test-[^/]+\.c"):
        folder, name = path.split("/")[2:]
        source = f"src/{folder}/{name.removeprefix('test-')}"
        if source not in tree.files:
            tree.report(path, 1, f"tests {source}, which does not exist")


def rule_listed(tree):
    """What exists is built: sources, unit tests and fuzz targets stand in their meson.build."""

    def check(path, word, lists):
        text = "".join(tree.files.get(name, "") for name in lists)
        if not re.search(rf"'(?:[\w-]+/)*{re.escape(word)}'", text):
            tree.report(path, 1, f"'{word}' is not in {lists[0]}, so it is never built")

    for path in tree.matching(r"src/\w+/[^/]+\.c"):
        check(path, PurePosixPath(path).name, [f"src/{folder_of(path)}/meson.build"])
    for path in tree.matching(r"tests/unit/\w+/test-[^/]+\.c"):
        folder, name = path.split("/")[2:]
        check(path, name.removeprefix("test-").removesuffix(".c"), [f"tests/unit/{folder}/meson.build"])
    for path in tree.matching(r"tests/fuzz/(?:\w+/)?fuzz-[^/]+\.c"):
        name = PurePosixPath(path).name.removeprefix("fuzz-").removesuffix(".c")
        check(path, name, tree.matching(r"tests/fuzz/(?:\w+/)?meson\.build") or ["tests/fuzz/meson.build"])


def rule_corpus(tree):
    """A fuzz target has seeds."""
    for path in tree.matching(r"tests/fuzz/(?:\w+/)?fuzz-[^/]+\.c"):
        name = PurePosixPath(path).name.removeprefix("fuzz-").removesuffix(".c")
        if not any(p.startswith(f"{CORPUS}{name}/") for p in tree.files):
            tree.report(path, 1, f"no seed in {CORPUS}{name}")


def rule_space(tree):
    """No tabs, no trailing white space, a last newline, lines that fit a screen."""
    for path, text in sorted(tree.files.items()):
        if path.startswith(CORPUS) or not re.search(r"\.(?:[ch]|py|sh)$|(?:^|/)meson(?:\.build|_options\.txt)$", path):
            continue
        if text and not text.endswith("\n"):
            tree.report(path, text.count("\n") + 1, "no newline at the end")
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line:
                tree.report(path, number, "a tab")
            if line != line.rstrip():
                tree.report(path, number, "trailing white space")
            if len(line) > COLUMNS and path.endswith((".c", ".h")):
                tree.report(path, number, f"{len(line)} columns, {COLUMNS} at most")


def rule_man(tree):
    """Every installed program, unit and bus interface has its man page."""
    pages = {PurePosixPath(path).name: path for path in tree.matching(r"man/.*\.\d\.scd(?:\.in)?")}
    words = "\n".join(tree.files[path] for path in pages.values())

    def check(path, line, *names):
        if not any(re.match(rf"{re.escape(name)}\.\d\.scd", page) for page in pages for name in names):
            tree.report(path, line, f"{names[0]} has no page in man/")

    for path in tree.matching(r"(?:src|units)/.*meson\.build"):
        text = tree.files[path]
        for match in re.finditer(r"^[^#\n]*\bexecutable\(\s*'([\w.-]+)'", text, re.M):
            if re.search(r"install\s*:\s*true", text[match.end():].split("executable(")[0]):
                check(path, line_of(text, match.start(1)), match[1])
    for path in tree.matching(r"units/.*\.(?:service|socket|timer|target|slice|path)(?:\.in)?"):
        unit = PurePosixPath(path.removesuffix(".in")).name
        check(path, 1, unit, unit.rpartition(".")[0].rstrip("@"))
    for path in tree.matching(r"dbus/.*\.xml"):
        for match in re.finditer(r'<interface name="(org\.creel1[\w.]*)"', tree.files[path]):
            if not re.search(re.escape(match[1].replace("_", "\\_")) + r"\b", words):
                tree.report(path, line_of(tree.files[path], match.start()), f"{match[1]} is in no page of man/")


def rule_words(tree):
    """Nothing of one machine, and nothing half done."""
    for path, text in sorted(tree.files.items()):
        if path.startswith(CORPUS):
            continue
        for what, expression in WORDS.items():
            for match in expression.finditer(text):
                tree.report(path, line_of(text, match.start()), f"{what}: {match.group()}")


def rule_syntax(tree):
    """Python, JSON and XML files can be read."""
    readers = {".py": ast.parse, ".json": json.loads, ".xml": xml.etree.ElementTree.fromstring}
    for path, text in sorted(tree.files.items()):
        reader = readers.get(PurePosixPath(path).suffix)
        if not reader or path.startswith(CORPUS):
            continue
        try:
            reader(text)
        except (SyntaxError, ValueError) as error:
            where = getattr(error, "lineno", None) or getattr(error, "position", (1,))[0]
            tree.report(path, where, f"{type(error).__name__}: {error}")


RULES = {name.removeprefix("rule_"): function for name, function in list(globals().items()) if name.startswith("rule_")}


def tree_of_checkout():
    """What git tracks or would track; without git, everything outside build directories."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(git, check=True, capture_output=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")]
        names = [name for name in names if not re.match(r"build|\.", name)]
    files = {}
    for name in filter(None, names):
        path = ROOT / name
        if not name.startswith(SAMPLES) and path.is_file():
            files[name] = path.read_text(encoding="utf-8", errors="replace")
    return Tree(files)


def tree_of_sample(path):
    files, name = {}, None
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if match := re.match(r"=== repeat (\d+) (.*\n)", line):
            files[name] += match[2] * int(match[1])
        elif line.startswith("=== "):
            name = line[4:].strip()
            files[name] = ""
        elif name is None:
            sys.exit(f"{path}: text before the first '=== PATH'")
        else:
            files[name] += line
    return Tree(files)


def judge(tree):
    """Rule -> its findings, for every rule."""
    result = {}
    for name, function in RULES.items():
        tree.found = []
        function(tree)
        result[name] = sorted(tree.found)
    return result


def judge_sample(path):
    """Why the sample is not answered as its place says, or None."""
    expected = {path.name.split(".")[0]} if path.parent.name == "bad" else set()
    if not expected <= set(RULES):
        return f"there is no rule {expected.pop()}"
    result = judge(tree_of_sample(path))
    found = {rule for rule, findings in result.items() if findings}
    if found == expected:
        return None
    detail = "; ".join(f"[{rule}] {f[0]}:{f[1]}: {f[2]}" for rule in sorted(found - expected) for f in result[rule])
    found_by, wanted = ", ".join(sorted(found)) or "no rule", ", ".join(expected) or "none"
    return f"found by {found_by} instead of {wanted}. {detail}".rstrip()


def main():
    passed = failed = 0
    for rule, findings in judge(tree_of_checkout()).items():
        for path, line, text in findings:
            print(f"{path}:{line}: [{rule}] {text}")
        passed, failed = (passed, failed + 1) if findings else (passed + 1, failed)

    samples = sorted((ROOT / SAMPLES).glob("*/*.txt"))
    for sample in samples:
        trouble = judge_sample(sample)
        if trouble:
            print(f"{sample.relative_to(ROOT)}:1: [sample] {trouble}")
        passed, failed = (passed, failed + 1) if trouble else (passed + 1, failed)
    for rule in sorted(set(RULES) - {s.name.split(".")[0] for s in samples if s.parent.name == "bad"}):
        print(f"{SAMPLES}bad:1: [sample] no bad sample for the rule {rule}")
        failed += 1

    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
