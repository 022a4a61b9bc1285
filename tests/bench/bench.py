#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Creel beside podman, docker, containerd, crun, runc and systemd-nspawn, in one run on one machine.

    bench.py [run] [exec] [pull] [memory] [oci] [trace] [--rounds N] [--tools NAME,...] [--json FILE]

Every round runs each tool once, in an order that moves on by one from round to round, so that whatever drifts hits all
alike. What counts are the ratios, not the milliseconds: a lab has no memory, cpu, io and pids controllers.

The rows of the JSON file are {"case", "tool", "median_s", "min_s", "max_s", "runs"}, for memory {"case", "tool", "kib"}:

    run-none               a new container without network runs `true` and is removed
    exec-true              `true` in a running container
    pull-4layer-gzip       an image of about 600 MB in four gzip layers from a registry on loopback
    memory-daemon-idle     resident memory of the daemons while no container runs
    memory-supervisor-pss  memory of the processes that stay with a running container, per container
    run                    (of oci) bare runtimes: `run` of a bundle whose process is `true`
    memory-run-peak        (of oci) the most memory that the runtime had during such a run
    trace                  where the time of one start goes (trace.py): "stage" instead of "min_s" and the like
"""

import argparse
import io
import json
import os
import statistics
import sys
import tarfile
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "integration")]

import bigimage  # noqa: E402
import images  # noqa: E402
import memlock  # noqa: E402
import trace  # noqa: E402
from registry import Registry  # noqa: E402
from tools import OCI_TOOLS, Tool, Unusable, World, peak_kib, prepare_all, proportional_kib, resident_kib, spawn_timed  # noqa: E402

ROUNDS = {"run": 30, "exec": 30, "pull": 3, "oci": 60}
WARM_UP = {"run": 3, "exec": 3, "pull": 0, "oci": 5}
CONTAINERS = 5
SETTLE_SEC = 0.02  # what a tool leaves to the background shall not meet the next one's turn

# (case, tool, other tool or None, at most: times the other's median or KiB, or KiB)
BUDGETS = (
    ("run-none", "creelctl", "crun-systemd", 1.0),
    ("run-none", "creelctl", "podman", 0.4),
    ("exec-true", "creelctl", "podman", 0.25),
    ("pull-4layer-gzip", "creelctl", "ctr", 0.4),
    ("memory-daemon-idle", "creelctl", None, 6 * 1024),
    ("memory-supervisor-pss", "creelctl", None, 0.6 * 1024),
    ("run", "creel-oci", "crun", 1.0),
    ("run", "creel-oci-systemd", "crun-systemd", 1.0),
    ("memory-run-peak", "creel-oci", "crun", 1.0),
    ("memory-run-peak", "creel-oci-systemd", "crun-systemd", 1.0),
)
REFERENCE = {"run-none": "crun-systemd", "exec-true": "podman", "pull-4layer-gzip": "ctr", "run": "crun"}


class Results:
    def __init__(self):
        self.rows = []
        self.dropped = {}

    def add_times(self, case, tool, seconds):
        self.rows.append(
            {
                "case": case,
                "tool": tool,
                "median_s": round(statistics.median(seconds), 6),
                "min_s": round(min(seconds), 6),
                "max_s": round(max(seconds), 6),
                "runs": len(seconds),
            }
        )

    def add_memory(self, case, tool, kib):
        self.rows.append({"case": case, "tool": tool, "kib": round(kib)})

    def drop(self, tool, case, reason):
        self.dropped[f"{tool} {case}"] = reason
        say(f"  {tool} leaves {case}: {reason}")

    def find(self, case, tool):
        return next((row for row in self.rows if (row["case"], row["tool"]) == (case, tool)), None)


def say(text):
    print(text, flush=True)


def rounds_of(tools, argv_of, n_warm_up, n_rounds, on_drop, before=None):
    """{tool: seconds of each round}. A tool that fails is out for the rest."""
    seconds = {tool: [] for tool in tools}
    with tempfile.TemporaryFile() as errors:
        for i in range(n_warm_up + n_rounds):
            order = list(seconds)
            for tool in order[i % len(order) :] + order[: i % len(order)] if order else []:
                try:
                    if before:
                        before(tool)
                    took = spawn_timed(argv_of(tool), errors)
                except Unusable as reason:
                    del seconds[tool]
                    on_drop(tool, str(reason))
                    continue
                if i >= n_warm_up:
                    seconds[tool].append(took)
                time.sleep(SETTLE_SEC)
    return seconds


def time_case(results, case, group, tools, argv_of, n_rounds, before=None):
    tools = [tool for tool in tools if argv_of(tool)]
    n_rounds = n_rounds or ROUNDS[group]
    say(f"{case}: {n_rounds} rounds of {', '.join(tool.name for tool in tools)}")
    drop = lambda tool, reason: results.drop(tool.name, case, reason)  # noqa: E731
    for tool, seconds in rounds_of(tools, argv_of, WARM_UP[group], n_rounds, drop, before).items():
        results.add_times(case, tool.name, seconds)


def bench_run(results, world, tools, n_rounds):
    time_case(results, "run-none", "run", tools, lambda tool: tool.run(), n_rounds)


def bench_exec(results, world, tools, n_rounds):
    able = []
    for tool in tools:
        if type(tool).execute is Tool.execute:
            continue
        try:
            tool.start(1)
            if tool.execute():
                able.append(tool)
        except Unusable as reason:
            results.drop(tool.name, "exec-true", str(reason))
    try:
        time_case(results, "exec-true", "exec", able, lambda tool: tool.execute(), n_rounds)
    finally:
        for tool in tools:
            tool.stop()


def bench_pull(results, world, tools, n_rounds):
    case = "pull-4layer-gzip"
    say(f"{case}: making the image")
    reference, size = bigimage.push(world.registry, world.directory, "bench/big:latest")
    say(f"{case}: {size / 1e6:.0f} MB compressed")

    def before(tool):
        tool.remove(reference)
        os.sync()

    time_case(results, case, "pull", tools, lambda tool: tool.pull(reference), n_rounds, before)
    for tool in tools:
        tool.remove(reference)


def bench_memory(results, world, tools, n_rounds):
    say(f"memory: {CONTAINERS} containers of each tool")
    for tool in tools:
        try:
            daemons = tool.daemons()
            if daemons:
                results.add_memory("memory-daemon-idle", tool.name, sum(map(resident_kib, daemons)))
            supervisors = tool.start(CONTAINERS)
            if supervisors:
                used = sum(map(proportional_kib, supervisors))
                results.add_memory("memory-supervisor-pss", tool.name, used / CONTAINERS)
        except Unusable as reason:
            results.drop(tool.name, "memory", str(reason))
        finally:
            tool.stop()


def bench_oci(results, world, tools, n_rounds):
    tools = [tool for tool in tools if tool.name in OCI_TOOLS]
    time_case(results, "run", "oci", tools, lambda tool: tool.run(), n_rounds)
    for tool in tools:
        try:
            results.add_memory("memory-run-peak", tool.name, peak_kib(tool.run()))
        except Unusable as reason:
            results.drop(tool.name, "memory-run-peak", str(reason))


def bench_trace(results, world, tools, n_rounds):
    results.rows += trace.measure(trace.prepare(world.registry, busybox()), n_rounds)


BENCHES = {"run": bench_run, "exec": bench_exec, "pull": bench_pull, "memory": bench_memory, "oci": bench_oci, "trace": bench_trace}


def show_case(results, case):
    rows = [row for row in results.rows if row["case"] == case]
    say("")
    if "kib" in rows[0]:
        say(f"{case:<24}{'MB':>10}")
        for row in sorted(rows, key=lambda row: row["kib"]):
            say(f"  {row['tool']:<22}{row['kib'] / 1024:>10.2f}")
        return
    reference = results.find(case, REFERENCE[case])
    unit, scale = ("s", 1) if max(row["median_s"] for row in rows) > 2 else ("ms", 1000)
    against = f"x {reference['tool']}" if reference else ""
    say(f"{case:<24}{'median ' + unit:>12}{'min':>10}{'max':>10}  {against}")
    for row in sorted(rows, key=lambda row: row["median_s"]):
        ratio = f"{row['median_s'] / reference['median_s']:.2f}" if reference else ""
        low, middle, high = (row[key] * scale for key in ("min_s", "median_s", "max_s"))
        say(f"  {row['tool']:<22}{middle:>12.1f}{low:>10.1f}{high:>10.1f}  {ratio}")


def show_budgets(results):
    say("\nBudgets")
    for case, tool, other, limit in BUDGETS:
        row, against = results.find(case, tool), results.find(case, other)
        if not row or (other and not against):
            continue
        if other:
            key = "kib" if "kib" in row else "median_s"
            value, text = row[key] / against[key], f"{limit:g} x {other}"
            shown = f"{value:.2f} x"
        else:
            value, text = row["kib"], f"{limit / 1024:g} MB"
            shown = f"{value / 1024:.2f} MB"
        say(f"  {case:<24}{shown:>10}   at most {text:<18} {'holds' if value <= limit else 'MISSED'}")


def busybox():
    return images.Image([images.busybox_layer()], config={"Env": [images.PATH_ENV], "Cmd": ["sh"]})


def make_world(directory, registry):
    image = busybox()
    layer = image.layers[0]
    rootfs = directory / "rootfs"
    rootfs.mkdir()
    with tarfile.open(fileobj=io.BytesIO(layer.tar)) as archive:
        archive.extractall(rootfs)
    return World(directory, registry, registry.push(image, "bench/busybox:latest"), rootfs)


def measure(names, n_rounds, wanted, results):
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp") as directory:
        registry = Registry().start()
        tools = []
        try:
            world = make_world(Path(directory), registry)
            # creelctl alone is traced, and bare runtimes need no engines: only what is used is made ready.
            wanted = wanted or (OCI_TOOLS if names == ["oci"] else None)
            tools, left_out = prepare_all(world, wanted) if names != ["trace"] else ([], {})
            for name, reason in left_out.items():
                results.drop(name, "everything", reason)
            for name in names:
                BENCHES[name](results, world, tools, n_rounds)
        finally:
            for tool in reversed(tools):
                tool.finish()
            registry.stop()


def main():
    parser = argparse.ArgumentParser(prog="bench.py", description="Creel beside its neighbours.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHES)}; default: all")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each timed case")
    parser.add_argument("--tools", metavar="NAME,...", help="only these (creelctl, crun-systemd, podman, ...)")
    parser.add_argument("--json", metavar="FILE", help="write the rows there")
    args = parser.parse_args()
    unknown = set(args.names) - set(BENCHES)
    if unknown:
        parser.error(f"no bench named {', '.join(sorted(unknown))}: there are {', '.join(BENCHES)}")
    if os.geteuid() != 0:
        parser.error("needs root, best in a lab: ./dev bench")

    pretended = memlock.raise_or_pretend()
    if pretended:
        say(pretended)
    results = Results()
    measure(args.names or list(BENCHES), args.rounds, args.tools and args.tools.split(","), results)
    for case in dict.fromkeys(row["case"] for row in results.rows if row["case"] != "trace"):
        show_case(results, case)
    show_budgets(results)
    if args.json:
        Path(args.json).write_text(json.dumps(results.rows, indent=1) + "\n")
    failed = [what for what in results.dropped if what.startswith("creel")]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
