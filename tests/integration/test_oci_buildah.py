# SPDX-License-Identifier: LGPL-2.1-or-later
"""buildah with creel-oci for the RUN steps of a build."""

import secrets

import pytest

from engine import BUILD_LIMITS, RUNTIME
from fixtures import run_command


@pytest.fixture
def build(busybox_ref, tmp_path):
    tags = []

    def call(text, *options, check=True):
        tags.append(f"localhost/buildah-{secrets.token_hex(4)}")
        (tmp_path / "Containerfile").write_text(f"FROM {busybox_ref}\n{text}")
        words = ["--runtime", RUNTIME, "--isolation", "oci", "--network", "none", "--tls-verify=false", "--layers=false", *BUILD_LIMITS]
        return run_command("buildah", "bud", *words, *options, "-t", tags[-1], tmp_path, check=check, timeout=100), tags[-1]

    yield call
    for tag in tags:
        run_command("buildah", "rmi", "-f", tag, check=False)


@pytest.mark.smoke
def test_run_steps(build):
    done, tag = build("RUN echo one > /one && echo step one\nENV A=b\nWORKDIR /home/app\nUSER app\nRUN echo $A $PWD $(id -un) > /tmp/two\n")
    assert "step one" in done.stdout
    name = run_command("buildah", "from", *BUILD_LIMITS, tag).stdout.strip()
    try:
        argv = ["buildah", "run", "--runtime", RUNTIME, "--isolation", "oci", "--network", "none", name, "cat", "/one", "/tmp/two"]
        assert run_command(*argv).stdout == "one\nb /home/app app\n"
    finally:
        run_command("buildah", "rm", name)


def test_a_step_that_fails(build):
    done, _ = build("RUN echo before; exit 9\n", check=False)
    assert done.returncode not in (0, None)
    assert "exit status 9" in done.stderr, done.stderr


def test_a_volume_and_a_cache(build, tmp_path):
    (tmp_path / "of-host").write_text("of the host\n")
    done, _ = build("RUN cat /v/of-host\n", "-v", f"{tmp_path}:/v:ro")
    assert "of the host" in done.stdout
