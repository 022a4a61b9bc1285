# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every topic's tests use; conftest.py here and in tests/vm take it over."""

import os
import subprocess
import time

import pytest

import images
from registry import Registry

COMMAND_TIMEOUT_SEC = 60


def run_command(*argv, check=True, input=None, timeout=COMMAND_TIMEOUT_SEC, **kw):
    """Runs @argv and returns the CompletedProcess, output as text. A failure shows what the command said."""
    argv = [str(word) for word in argv]
    done = subprocess.run(
        argv,
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=timeout,
        **kw,
    )
    if check and done.returncode != 0:
        pytest.fail(f"{' '.join(argv)}: status {done.returncode}\nstdout: {done.stdout}\nstderr: {done.stderr}", pytrace=False)
    return done


@pytest.fixture(scope="session")
def run():
    return run_command


@pytest.fixture(scope="session")
def creelctl():
    """creelctl("run", "--rm", image, "true") -> CompletedProcess; check=False to look at a failure."""

    def call(*args, **kw):
        return run_command("creelctl", *args, **kw)

    return call


@pytest.fixture(scope="session")
def registry():
    """Plain HTTP on 127.0.0.1, nobody is asked for a password."""
    server = Registry().start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def registry_tls():
    """TLS with its own CA (registry_tls.ca_file) and a user "lab" with the password "secret"."""
    server = Registry(tls=True, users={"lab": "secret"}).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def registry_token():
    """Plain HTTP, tokens from registry_token.tokens: anybody pulls public/*, "lab" with "secret" does everything."""
    server = Registry(users={"lab": "secret"}, tokens=True).start()
    yield server
    server.stop()


@pytest.fixture
def make_registry():
    """make_registry(tls=..., users=..., tokens=...) for tests that damage or stop theirs."""
    started = []

    def make(**kw):
        started.append(Registry(**kw).start())
        return started[-1]

    yield make
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def busybox():
    """The busybox image as an ociwriter.Image."""
    return images.busybox_image()


@pytest.fixture(scope="session")
def busybox_ref(registry, busybox):
    """The reference of the busybox image in the plain registry."""
    return registry.push(busybox, "busybox:latest")


@pytest.fixture(scope="session")
def layered():
    return images.layered_image()


@pytest.fixture(scope="session")
def layered_ref(registry, layered):
    return registry.push(layered, "layered:latest")


# Reports: nothing may be skipped, since everything that tests need is in the tree; and a failure shows the journal.


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item):
    item.started_usec = int(time.time() * 1_000_000)
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"a skipped test is a failed one: {call.excinfo.value if call.excinfo else ''}"
    if report.failed:
        report.sections.append(("journal since the test began", journal_since(getattr(item, "started_usec", 0))))


def journal_since(usec, lines=80):
    argv = ["journalctl", "--no-pager", "-q", "--no-hostname", "-o", "short-precise", "-n", str(lines)]
    argv.append(f"--since=@{usec // 1_000_000}")
    return subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def pytest_report_header():
    release = dict(line.split("=", 1) for line in open("/etc/os-release").read().splitlines() if "=" in line)
    return f"tier {os.environ.get('CREEL_TIER', '?')} on {release.get('PRETTY_NAME')}, kernel {os.uname().release}"
