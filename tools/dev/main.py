# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs of ./dev."""

import argparse
import shutil
import sys

import build
import host
import lab
import runs
import tiers
import vm
from host import Failure, say
from trees import SUITES


def verb_build(_args):
    build.build()
    return 0


def verb_lab(args):
    if args.list:
        print("\n".join(lab.kept()))
        return 0
    if args.stop:
        lab.Lab.attach(args.stop)
        runs.remove_run(args.stop)
        return 0
    if args.inside:
        return lab.Lab.attach(args.inside).call(args.command)

    if not args.no_build:
        build.build()
    with lab.Lab(args.suite, keep=args.keep) as booted:
        if args.keep:
            say(f"lab: {booted.name} stays; ./dev lab --in {booted.name} CMD, ./dev lab --stop {booted.name}")
            if not args.command:
                return 0
        return booted.call(args.command)


def verb_vm(args):
    if not args.no_build:
        build.build()
    with vm.Vm(args.suite) as booted:
        return booted.call(args.command)


def verb_bench(args):
    build.build()
    with lab.Lab("bookworm") as booted:
        command = ["python3", "tests/bench/bench.py", *args.names]
        for option in ("rounds", "tools"):
            if value := getattr(args, option):
                command += [f"--{option}", value]
        status = booted.call([*command, "--json", "/out/bench.json"] if args.json else command, tty=False)
        if args.json:
            try:
                shutil.copyfile(booted.out / "bench.json", args.json)
            except FileNotFoundError:
                raise Failure("bench: the benchmark wrote no results") from None
    return status


def verb_demo(args):
    build.build()
    with lab.Lab(args.suite) as booted:
        return booted.call(["bash", "tests/demo/demo.sh"])


def verb_test(args):
    unknown = set(args.tiers) - set(tiers.TIERS)
    if unknown:
        raise Failure(f"test: no tier named {', '.join(sorted(unknown))}: there are {', '.join(tiers.TIERS)}")
    return tiers.run_tiers(args.tiers, args.pytest)


def parser():
    top = argparse.ArgumentParser(prog="./dev", description="Build, test and try Creel.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add(name, function, text):
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(function=function)
        return verb

    add("build", verb_build, "compile into build/ and install into build/root")

    p = add("lab", verb_lab, "run a command, or a shell, in a booted Debian with the installed programs")
    p.add_argument("--suite", choices=SUITES, default="bookworm")
    p.add_argument("--no-build", action="store_true", help="use build/root as it is")
    p.add_argument("--keep", action="store_true", help="leave the lab running")
    p.add_argument("--in", dest="inside", metavar="NAME", help="run the command in a kept lab")
    p.add_argument("--stop", metavar="NAME", help="end a kept lab")
    p.add_argument("--list", action="store_true", help="list kept labs")
    p.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD")

    p = add("vm", verb_vm, "the same in a virtual machine with Debian's kernel (slow: all controllers, AppArmor)")
    p.add_argument("--suite", choices=SUITES, default="bookworm")
    p.add_argument("--no-build", action="store_true", help="use build/root as it is")
    p.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD")

    p = add("test", verb_test, "run all tests, or the named tiers: " + " ".join(tiers.TIERS))
    p.add_argument("tiers", nargs="*", metavar="TIER", help="default: all")
    p.add_argument("--pytest", action="append", default=[], metavar="ARG", help="hand ARG to pytest (repeatable)")

    p = add("bench", verb_bench, "run benchmarks beside podman, docker, containerd, crun and nspawn")
    p.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    p.add_argument("--rounds", metavar="N", help="rounds of each timed case")
    p.add_argument("--tools", metavar="NAME,...", help="only these")
    p.add_argument("--json", metavar="FILE", help="write the results there")

    p = add("demo", verb_demo, "a short tour of Creel in a lab")
    p.add_argument("--suite", choices=SUITES, default="bookworm")

    return top


def main():
    if sys.stdin is None:
        sys.stdin = open("/dev/null")
    words = sys.argv[1:] or ["--help"]
    args = parser().parse_args(["--help"] if words == ["help"] else words)
    if getattr(args, "command", None) and args.command[0] == "--":
        args.command.pop(0)
    host.catch_signals()
    try:
        return args.function(args)
    except Failure as failure:
        say(str(failure))
        return 1
    except host.Interrupted as interrupted:
        return 128 + interrupted.number


if __name__ == "__main__":
    sys.exit(main())
