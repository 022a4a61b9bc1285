# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the time of one `creelctl run --rm --network none IMAGE true` goes, from what the programs note when CREEL_TRACE is
set (src/basic/trace.h).

Every row is the median over all rounds. "took" is the time since the program's stage before, and, for a stage that waits
for another program, since that one's; a star marks the longest chain of such stages, which is what a caller waits for.
"""

import os
import re
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from tools import call, spawn_timed

ROUNDS = 50
WARM_UP = 5
SETTLE_SEC = 0.05
TRACE = Path("/run/creel-trace")
DROP_IN = Path("/run/systemd/system/creeld.service.d/trace.conf")
LINE = re.compile(r"(\d+) ([\w-]+)\[(\d+)\] (.*)")

# What a stage waits for besides the one before it in its own program.
WAITS = {
    ("creeld", "call arrived"): ("creelctl", "call sent"),
    ("creel-supervise", "main"): ("creeld", "files written"),
    ("creel-supervise", "order arrived"): ("creeld", "order sent"),
    ("payload", "cloned"): ("creel-supervise", "order read"),
    ("payload", "wait for the user mapping"): ("creel-supervise", "users mapped"),
    ("payload", "receive mounts"): ("creel-supervise", "root and mounts made"),
    ("creel-supervise", "go arrived"): ("creeld", "scope made"),
    ("payload", "wait for the cgroup"): ("creel-supervise", "payload let go"),
    ("creel-supervise", "payload executes"): ("payload", "install the seccomp filter"),
    ("creeld", "start heard of"): ("creel-supervise", "payload executes"),
    ("creeld", "exit heard of"): ("creel-supervise", "exit recorded"),
    ("creelctl", "start heard of"): ("creel-supervise", "payload executes"),
    ("creelctl", "exit heard of"): ("creel-supervise", "exit recorded"),
    ("creelctl", "session over"): ("creeld", "removed"),
}
# Stages whose program stands still until somebody else is done: these depend on nothing but WAITS.
STANDS_STILL = {
    ("creelctl", "start heard of"),
    ("creelctl", "exit heard of"),
    ("creelctl", "session over"),
    ("creeld", "call arrived"),
    ("creeld", "start heard of"),
    ("creeld", "exit heard of"),
}


class Traced:
    """creeld with CREEL_TRACE in its environment, and as it was afterwards."""

    def __enter__(self):
        TRACE.write_text("")
        DROP_IN.parent.mkdir(parents=True, exist_ok=True)
        DROP_IN.write_text(f"[Service]\nEnvironment=CREEL_TRACE={TRACE}\n")
        self.restart()
        os.environ["CREEL_TRACE"] = str(TRACE)
        return self

    def __exit__(self, *_):
        del os.environ["CREEL_TRACE"]
        DROP_IN.unlink()
        TRACE.unlink()
        self.restart()

    def restart(self):
        call("systemctl", "daemon-reload")
        call("systemctl", "restart", "creeld.service")


def stages_of(text, begin_ns):
    """[(program, stage, seconds since @begin_ns)] of one start. A stage that comes again counts once, the first time; the
    payload's two places for the filter are told apart by the second being the last."""
    seen, found = set(), []
    for ns, program, _, stage in LINE.findall(text):
        key = (program, stage)
        if key in seen and program != "payload":
            continue
        if key in seen:
            found = [each for each in found if each[:2] != key]
        seen.add(key)
        found.append((*key, (int(ns) - begin_ns) / 1e9))
    return found


def one_round(argv, errors):
    os.truncate(TRACE, 0)
    begin = time.monotonic_ns()
    took = spawn_timed(argv, errors)
    # The caller is served before creeld and the supervisor have written their last lines.
    time.sleep(SETTLE_SEC)
    return took, stages_of(TRACE.read_text(), begin)


def critical(at, order):
    """The stages that the end of creelctl had to wait for, from the last back to the first."""
    before, last = {}, {}
    for key in order:
        before[key] = last.get(key[0])
        last[key[0]] = key
    path, key = [], ("creelctl", "end")
    while key and key not in path:
        path.append(key)
        causes = [WAITS.get(key), None if key in STANDS_STILL else before[key]]
        causes = [cause for cause in causes if cause in at]
        key = max(causes, key=at.get, default=None)
    return path


def show(total, at, order):
    path = critical(at, order)
    since = {key: at[key] - (at[path[i + 1]] if i + 1 < len(path) else 0.0) for i, key in enumerate(path)}
    last = {}
    print(f"\n{'program':<17} {'stage':<40} {'at ms':>8} {'took':>7}")
    for key in order:
        program, stage = key
        waited = at.get(WAITS.get(key), 0.0)
        took = since.get(key, at[key] - max(waited, last.get(program, 0.0)))
        last[program] = at[key]
        print(f"{program:<17} {stage:<40} {at[key] * 1000:>8.2f} {took * 1000:>7.2f} {'*' if key in since else ''}")
    print(f"{'':<17} {'whole call, by the clock of its caller':<40} {total * 1000:>8.2f}")
    print("\nThe longest of those that the caller waits for")
    for key in sorted(since, key=since.get, reverse=True)[:8]:
        print(f"  {since[key] * 1000:>6.2f} ms  {key[0]}: {key[1]}")


def measure(image, n_rounds):
    argv = ["creelctl", "run", "--rm", "--network", "none", image, "true"]
    n_rounds = n_rounds or ROUNDS
    print(f"trace: {n_rounds} rounds of {' '.join(argv)}", flush=True)
    totals, times = [], defaultdict(list)
    with Traced(), tempfile.TemporaryFile() as errors:
        for i in range(WARM_UP + n_rounds):
            took, stages = one_round(argv, errors)
            if i < WARM_UP:
                continue
            totals.append(took)
            for program, stage, seconds in stages:
                times[program, stage].append(seconds)
    # What did not happen in most rounds tells nothing.
    at = {key: statistics.median(values) for key, values in times.items() if len(values) * 2 > n_rounds}
    show(statistics.median(totals), at, sorted(at, key=at.get))
    return [{"case": "trace", "tool": program, "stage": stage, "median_s": round(at[program, stage], 6)} for program, stage in at]


def prepare(registry, image):
    """The reference of @image, pulled."""
    reference = registry.push(image, "bench/trace:latest")
    subprocess.run(["creelctl", "pull", "-q", reference], check=True, stdout=subprocess.DEVNULL)
    return reference
