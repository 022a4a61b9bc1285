# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every topic's tests use; conftest.py here and in tests/vm take it over."""

import os
import subprocess
import time

import pytest

import images
import traces
from follow import BusMonitor
from oci import oci, oci_systemd  # noqa: F401 - fixtures
from registry import Registry
from scripted import ScriptedRegistry

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


def eventually(condition, what, timeout=20):
    """Polls until @condition() is true and returns what it gave: only for what no event tells, such as a directory that is
    cleaned in the background or a process that somebody else collects."""
    until = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < until, f"not within {timeout} s: {what() if callable(what) else what}"
        time.sleep(0.02)
    return result


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


@pytest.fixture
def scripted():
    """A registry that misbehaves on command."""
    server = ScriptedRegistry()
    yield server
    server.stop()


@pytest.fixture
def monitor():
    """What org.creel1 says on the bus from now on."""
    with BusMonitor() as follower:
        yield follower


@pytest.fixture
def image(busybox_ref):
    """The busybox image, in the store."""
    run_command("creelctl", "pull", "-q", busybox_ref)
    return busybox_ref


@pytest.fixture
def pulled(registry):
    """pulled(image, name) puts an ociwriter.Image into the plain registry and the store; gone behind the test."""
    references = []

    def pull(image, name):
        references.append(registry.push(image, name))
        run_command("creelctl", "pull", "-q", references[-1])
        return references[-1]

    yield pull
    run_command("creelctl", "rm", "-a", "-f", "-t", "0")
    for reference in references:
        run_command("creelctl", "rmi", "-f", reference, check=False)


@pytest.fixture
def no_containers():
    """Removes every container behind the test."""
    yield
    run_command("creelctl", "rm", "-a", "-f", "-t", "0")


@pytest.fixture
def nothing_left():
    """The host behind the test is as it was before: store, runtime directory, mounts, processes, units, cgroups, machines."""
    run_command("systemctl", "start", "creeld.service")
    # Trees are removed in the background, and nothing tells when the last is gone: neither of ours nor of tests before.
    eventually(lambda: not any((traces.STORE / "staging").iterdir()), "staging is empty")
    before = traces.snapshot()
    yield before
    eventually(
        lambda: not traces.differences(before, traces.snapshot()), lambda: "\n".join(traces.differences(before, traces.snapshot()))
    )


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
