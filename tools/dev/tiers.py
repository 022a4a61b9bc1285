# SPDX-License-Identifier: LGPL-2.1-or-later
"""./dev test: the tiers, each a function that returns a Tally."""

import functools
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import build
import host
import vm
from host import BUILD, LOG, ROOT, child_env, locked, run_logged, say
from lab import Lab
from tally import Tally, counted_lines, run_shown

ASAN = ROOT / "build-asan"
CLANG = ROOT / "build-clang"

JOBS = str(os.cpu_count() or 2)
FUZZ_TOTAL_SEC = 60
FUZZ_TARGET_SEC = 10
MESON_TIMEOUT_SEC = 900
LINT_TIMEOUT_SEC = 600
LAB_TIMEOUT_SEC = 1500
VM_TIMEOUT_SEC = 1200

SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:check_initialization_order=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


# Two extra builds, each made at most once a run of ./dev test


@functools.cache
def built_asan():
    """gcc with ASan and UBSan: what the unit tests and the corpora run in."""
    host.install_packages("build", "unit")
    with locked(ASAN / ".lock"):
        options = ["-Db_sanitize=address,undefined", "-Ddocs=false", "--buildtype=debugoptimized"]
        say("unit: compiling with gcc, ASan and UBSan")
        env = child_env(CC="gcc")
        return build.setup(ASAN, "asan", *options, env=env) == 0 and build.compile_tree(ASAN, "asan", env=env) == 0


@functools.cache
def built_clang():
    """clang with -Werror, the sanitizers and libFuzzer's coverage; also the compile commands for clang-tidy."""
    host.install_packages("build", "fuzz")
    with locked(CLANG / ".lock"):
        options = ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzzers=true", "-Ddocs=false"]
        options += ["-Dwerror=true", "-Dc_args=-fsanitize=fuzzer-no-link", "--buildtype=debugoptimized"]
        say("clang: compiling with -Werror")
        env = child_env(CC="clang")
        return build.setup(CLANG, "clang", *options, env=env) == 0 and build.compile_tree(CLANG, "clang", env=env) == 0


def meson_suite(suite):
    tally = Tally()
    argv = ["meson", "test", "-C", str(ASAN), "--no-rebuild", "--suite", suite, "--print-errorlogs"]
    argv += ["--num-processes", JOBS, "--timeout-multiplier", "4", "--logbase", f"testlog-{suite}"]
    results = ASAN / "meson-logs" / f"testlog-{suite}.junit.xml"
    results.unlink(missing_ok=True)
    status = run_shown(argv, f"meson-{suite}", MESON_TIMEOUT_SEC, env=child_env(**SANITIZER_ENV))
    tally.read_junit(results, suite)
    if status != 0 and not tally.failed:
        tally.one(f"{suite}: meson test ended with status {status}", False)
    return tally


def tier_unit(_):
    tally = Tally()
    try:
        build.build()
        tally.one("unit: compile with gcc -Werror", True)
    except host.Failure as failure:
        say(str(failure))
        tally.one("unit: compile with gcc -Werror", False)
    tally.one("unit: compile with clang -Werror", built_clang())
    if built_asan():
        tally.add(meson_suite("unit"))
    else:
        tally.one("unit: compile with sanitizers", False)
    return tally


def tier_fuzz(_):
    tally = Tally()
    if built_asan():
        tally.add(meson_suite("fuzz"))
    else:
        tally.one("fuzz: compile with sanitizers", False)
    if not built_clang():
        tally.one("fuzz: compile with clang", False)
        return tally

    targets = sorted(p for p in (CLANG / "tests/fuzz").glob("fuzz-*") if p.is_file() and os.access(p, os.X_OK))
    if not targets:
        tally.one("fuzz: no fuzz target was built", False)
        return tally
    seconds = min(FUZZ_TARGET_SEC, max(2, FUZZ_TOTAL_SEC // len(targets)))
    for target in targets:
        name = target.name.removeprefix("fuzz-")
        say(f"fuzz: {name}, {seconds} s")
        # Inputs found go to a directory of their own: the corpus in the checkout stays as it is.
        with tempfile.TemporaryDirectory(prefix="creel-fuzz-") as found:
            corpus = [found, str(ROOT / "tests/fuzz/corpus" / name)]
            limits = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
            argv = [str(target), *limits, f"-artifact_prefix={LOG}/{name}-", *filter(os.path.isdir, corpus)]
            tally.one(f"fuzz: {name}", run_logged(argv, f"fuzz-{name}", env=child_env(**SANITIZER_ENV)) == 0)
    return tally


def tier_lint(_):
    host.install_packages("build", "lint")
    tally = Tally()
    status = run_shown(["/usr/bin/python3", "-B", str(ROOT / "tools/lint/lint.py")], "lint", LINT_TIMEOUT_SEC)
    tally.passed, tally.failed = counted_lines((LOG / "lint.log").read_text(errors="replace"))
    if tally.failed:
        tally.failures.append(f"lint: {tally.failed} checks: see {LOG}/lint.log")
    if tally.passed + tally.failed == 0 or (status != 0 and not tally.failed):
        tally.one(f"lint: tools/lint/lint.py ended with status {status}", False)
    tally.add(tidy())
    return tally


def tidy():
    """clang-tidy over every source file of src/, one test each."""
    tally = Tally()
    if not built_clang():
        tally.one("lint: clang-tidy needs the clang build", False)
        return tally
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.c"))
    say(f"lint: clang-tidy on {len(sources)} files")
    argv = ["xargs", "-d", "\n", "-P", JOBS, "-n", "1", "sh", "-c"]
    # clang-tidy counts the warnings of system headers on stderr; what it finds in ours is on stdout.
    argv += [f'out=$(clang-tidy --quiet -p {CLANG} "$1" 2>&1); s=$?; if [ $s = 0 ]; then echo "PASS $1"; '
             'else printf "%s\\n" "$out"; echo "FAIL $1"; fi', "sh"]  # fmt: skip
    with tempfile.TemporaryFile() as listed:
        listed.write("".join(f"{name}\n" for name in sources).encode())
        listed.seek(0)
        status, output = tidy_output(argv, listed)
    (LOG / "clang-tidy.log").write_text(output)
    results = [line.split(" ", 1) for line in output.splitlines() if line.startswith(("PASS ", "FAIL "))]
    for verdict, name in results:
        tally.one(f"clang-tidy: {name}", verdict == "PASS")
    if tally.failed:
        say("\n".join(line for line in output.splitlines() if not line.startswith("PASS ")))
    if status != 0 or len(results) != len(sources):
        tally.one(f"clang-tidy: {len(results)} of {len(sources)} files were looked at", False)
    return tally


def tidy_output(argv, listed):
    done = subprocess.run(argv, cwd=ROOT, env=child_env(), stdin=listed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace")


def pytest_argv(folder, results, extra):
    return ["python3", "-m", "pytest", folder, f"--junitxml={results}", *extra]


def collect(tally, out, results, tier, status):
    """Takes the junit file of a run out of its lab or vm and counts it; @status is pytest's."""
    kept = LOG / results
    kept.unlink(missing_ok=True)
    if (out / results).exists():
        shutil.copyfile(out / results, kept)
    before = tally.failed
    tally.read_junit(kept, tier)
    if status != 0 and tally.failed == before:
        tally.one(f"{tier}: pytest ended with status {status}", False)


def tier_lab(args):
    build.build()
    tally = Tally()
    for suite, extra in (("bookworm", []), ("trixie", ["-m", "smoke"])):
        say(f"lab: tests/integration on Debian {suite}{' (smoke set)' if extra else ''}")
        results = f"lab-{suite}.xml"
        with Lab(suite) as booted:
            argv = booted.argv(pytest_argv("tests/integration", f"/out/{results}", [*extra, *args]))
            status = run_shown(argv, f"pytest-lab-{suite}", LAB_TIMEOUT_SEC)
            collect(tally, booted.out, results, f"lab {suite}", status)
    return tally


def tier_vm(args):
    build.build()
    tally = Tally()
    say("vm: tests/vm")
    with vm.Vm() as booted, tempfile.TemporaryDirectory(prefix="creel-vm-") as out:
        with open(LOG / "pytest-vm.log", "wb") as log:
            argv = pytest_argv("tests/vm", "/out/vm.xml", args)
            status = booted.call(argv, timeout=VM_TIMEOUT_SEC, tee=log)
        booted.fetch("/out", out)
        collect(tally, Path(out), "vm.xml", "vm", status)
    return tally


TIERS = {"lint": tier_lint, "unit": tier_unit, "fuzz": tier_fuzz, "lab": tier_lab, "vm": tier_vm}


def run_tiers(names, pytest_args):
    """Runs the named tiers, or all; prints the one line that counts. Returns the exit status."""
    host.require_root("./dev test")
    BUILD.mkdir(exist_ok=True)
    LOG.mkdir(exist_ok=True)
    total = Tally()
    for name in [name for name in TIERS if name in names or not names]:
        started = time.monotonic()
        try:
            tally = TIERS[name](pytest_args)
        except host.Failure as failure:
            say(str(failure))
            tally = Tally()
            tally.one(f"{name}: {str(failure).splitlines()[0]}", False)
        say(f"{name}: {tally.passed} passed, {tally.failed} failed in {time.monotonic() - started:.0f} s")
        total.add(tally)
    for failure in total.failures:
        say(f"FAILED {failure}")
    print(total.line(), flush=True)
    return 1 if total.failed or not total.passed else 0
