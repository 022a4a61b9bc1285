# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counting results over all kinds of test, and running tests with their output shown and kept."""

import re
import shlex
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from host import LOG, ROOT, child_env, say


@dataclass
class Tally:
    """A skipped test is one that did not prove anything, so it is never counted as anything but a failure."""

    passed: int = 0
    failed: int = 0
    failures: list = field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.failures += other.failures

    def one(self, name, passed):
        if passed:
            self.passed += 1
        else:
            self.failed += 1
            self.failures.append(name)

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, 0 skipped"

    def read_junit(self, path, tier):
        """Adds the cases of a junit file; a missing or damaged one counts as a failure."""
        try:
            cases = list(ET.parse(path).getroot().iter("testcase"))
        except (OSError, ET.ParseError) as error:
            self.one(f"{tier}: no results: {error}", False)
            return
        if not cases:
            self.one(f"{tier}: no test was run", False)
        for case in cases:
            bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
            name = "::".join(filter(None, [case.get("classname"), case.get("name")]))
            self.one(f"{tier}: {name}" + (" (skipped)" if bad == ["skipped"] else ""), not bad)


def run_shown(argv, name, timeout, **kw):
    """Runs @argv with its output on stderr and in build/log/@name.log. Returns the exit status, 124 past @timeout seconds."""
    LOG.mkdir(parents=True, exist_ok=True)
    kw.setdefault("env", child_env())
    kw.setdefault("cwd", ROOT)
    with open(LOG / f"{name}.log", "wb") as log:
        log.write(f"$ {shlex.join(map(str, argv))}\n".encode())
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)

        def copy():
            while data := child.stdout.read1(65536):
                log.write(data)
                sys.stderr.buffer.write(data)
                sys.stderr.buffer.flush()

        reader = threading.Thread(target=copy)
        reader.start()
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            say(f"{name}: ended after {timeout} s")
            child.kill()
            child.wait()
            return 124
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
            reader.join(10)
    return child.returncode


def counted_lines(text):
    """The sums of the lines 'N passed, N failed' in @text."""
    found = re.findall(r"^(?:\S+: )?(\d+) passed, (\d+) failed\b.*$", text, re.M)
    return sum(int(passed) for passed, _ in found), sum(int(failed) for _, failed in found)
