# SPDX-License-Identifier: LGPL-2.1-or-later
"""creel-oci against images and documents that want more than a container."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from oci import IS_CREEL, RUNTIME, oci  # noqa: F401 - a fixture

PROGRAM = Path(shutil.which(RUNTIME) or "/nonexistent")


def digest():
    return hashlib.sha256(PROGRAM.read_bytes()).hexdigest()


def test_nothing_is_passed_on_by_accident(oci):
    r, w = os.pipe()
    os.set_inheritable(w, True)
    with open("/etc/passwd") as secret:
        os.set_inheritable(secret.fileno(), True)
        done = oci.run(oci.bundle("ls", "/proc/self/fd"), pass_fds=(w, secret.fileno()))
    os.close(r), os.close(w)
    # The last one is that of ls.
    assert done.stdout.split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize("number", [*range(3, 24), 255, 1023])
def test_working_directory_of_the_host(oci, number):
    """CVE-2024-21626: what the runtime has open as the working directory."""
    bundle = oci.bundle("sh", "-c", "pwd; ls ../../../../../../..", cwd=f"/proc/self/fd/{number}")
    done = oci.run(bundle, check=False)
    assert done.returncode != 0 or "rootfs" not in done.stdout.split() and "root" not in done.stdout.split(), done.stdout


def test_program_of_the_runtime_as_the_program(oci):
    """CVE-2019-5736: the runtime's own file through /proc/self/exe, written to by a container with the host's root."""
    before = digest()
    every = [f"CAP_{name}" for name in ("SYS_PTRACE", "DAC_OVERRIDE", "SYS_ADMIN", "FOWNER")]
    sets = {name: every for name in ("bounding", "effective", "permitted")}
    script = """
        sleep 1000 & waiting=$!
        for exe in /proc/1/exe /proc/$$/exe; do echo "$exe $(readlink $exe)"; done
        (: > /proc/1/exe) 2>&1 || echo refused
        (echo evil >> /proc/1/exe) 2>&1 || echo refused
        kill $waiting
    """
    # Waits at the gate, still the runtime's program, and is seen by a second container with all rights.
    waiting = oci.create(oci.bundle("sleep", "1000", capabilities=sets))
    spy = oci.bundle("sh", "-c", script, capabilities=sets)
    spy.namespace("pid", f"/proc/{waiting.pid}/ns/pid")
    said = oci.run(spy).stdout
    assert said.count("refused") == 2, said
    if IS_CREEL:
        assert "/proc/1/exe /memfd:creel-oci (deleted)" in said
    assert digest() == before

    bundle = oci.bundle("/start")
    (bundle.rootfs / "start").write_text("#!/proc/self/exe --version\n")
    (bundle.rootfs / "start").chmod(0o755)
    oci.run(bundle, check=False)
    oci.run(oci.bundle("/proc/self/exe", "--version"), check=False)
    assert digest() == before


def test_hooks_get_nothing(oci):
    bundle = oci.bundle("true")
    listing = bundle.path / "listing"
    hook = bundle.script("hook", f"#!/bin/sh\nls /proc/self/fd > {listing}\nenv > {bundle.path}/env\n")
    bundle.hook("createRuntime", hook)
    oci.run(bundle, env={**os.environ, "SECRET": "of the caller"})
    assert "SECRET" not in (bundle.path / "env").read_text()
    # 0 is the state, 1 the file, 2 the errors, 3 that of ls.
    assert listing.read_text().split() == ["0", "1", "2", "3"]


def test_state_is_for_its_owner_alone(oci):
    container = oci.create(oci.bundle("true"))
    assert (oci.root / container.id).stat().st_mode & 0o077 == 0
    for file in (oci.root / container.id).iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


@pytest.mark.parametrize("place", ["/dev/null", "/dev/full"])
def test_devices_that_are_links(oci, place):
    """CVE-2025-31133: a device of the image that leads to a file of /proc, which masking would then uncover."""
    bundle = oci.bundle("sh", "-c", "cat /proc/keys; cat /proc/kcore; echo x > /proc/sys/kernel/domainname && echo written")
    bundle.config["mounts"] = [each for each in bundle.config["mounts"] if each["destination"] != "/dev"]
    (bundle.rootfs / "dev").mkdir(exist_ok=True)
    (bundle.rootfs / place[1:]).unlink(missing_ok=True)
    (bundle.rootfs / place[1:]).symlink_to("/proc/sys/kernel/domainname")
    done = oci.run(bundle, check=False)
    assert "written" not in done.stdout and done.stdout.strip() == "", done.stdout
