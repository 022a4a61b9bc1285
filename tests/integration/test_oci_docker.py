# SPDX-License-Identifier: LGPL-2.1-or-later
"""dockerd with creel-oci as a runtime that was added to it."""

import json
import secrets

import pytest

from engine import RUNTIME, Cases, Engine, Service, containerd, on_terminal
from fixtures import eventually, run_command


class Docker(Engine):
    root = "/run/docker/runtime-creel/moby"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, busybox_ref):
    directory = tmp_path_factory.mktemp("docker")
    with containerd(directory) as socket:
        config = directory / "daemon.json"
        config.write_text(json.dumps({"runtimes": {"creel": {"path": RUNTIME}}, "default-runtime": "creel"}))
        host = f"unix://{directory}/docker.sock"
        # No bridge: what is tested needs no network, and no firewall either
        service = Service("dockerd", f"--containerd={socket}", f"--config-file={config}", f"--host={host}", f"--pidfile={directory}/pid",
                          f"--data-root=/var/lib/docker/{directory.name}", f"--exec-root={directory}/exec", "--bridge=none",
                          "--iptables=false")  # fmt: skip
        service.start()
        try:
            run_command("docker", "--host", host, "pull", "-q", busybox_ref)
            yield host
        finally:
            service.stop()
            run_command("rm", "-rf", f"/var/lib/docker/{directory.name}", check=False)


@pytest.fixture
def engine(daemon, busybox_ref):
    engine = Docker("docker", ("--host", daemon))
    engine.image = busybox_ref
    yield engine
    engine.clean()


class TestDocker(Cases):
    test_run = pytest.mark.smoke(Cases.test_run)
    test_exec = pytest.mark.smoke(Cases.test_exec)
    test_terminal = pytest.mark.smoke(Cases.test_terminal)
    test_pause = pytest.mark.smoke(Cases.test_pause)
    test_kill = pytest.mark.smoke(Cases.test_kill)

    def test_attach_to_a_terminal(self, engine):
        name = engine.start("-it", "--", "sh")
        said, status = on_terminal(engine.argv("attach", name), ["echo $((40 + 2))\n", "exit 3\n"], ["42", "exit 3"])
        assert status == 3, said

    def test_stats(self, engine):
        name = engine.start("sleep", "1000")
        assert engine.call("stats", "--no-stream", "--format", "{{.Name}}", name).stdout.strip() == name

    def test_the_runtime_is_chosen(self, engine):
        name = engine.start("sleep", "1000")
        assert engine.inspect(name, ".HostConfig.Runtime") == "creel"
        info = json.loads(engine.call("info", "--format", "{{json .}}").stdout)
        assert info["Runtimes"]["creel"]["path"] == RUNTIME

    def test_runtime_by_option_beside_runc(self, engine):
        assert engine.run("--runtime", "creel", engine.image, "echo", "creel").stdout == "creel\n"

    def test_restart_policy(self, engine, tmp_path):
        name = engine.start("--restart", "on-failure:2", "-v", f"{tmp_path}:/out", "--", "sh", "-c", "echo x >> /out/runs; exit 1")
        eventually(lambda: (tmp_path / "runs").exists() and (tmp_path / "runs").read_text() == "x\n" * 3, "three runs")


@pytest.mark.smoke
def test_build_with_run_steps(engine, tmp_path):
    (tmp_path / "Dockerfile").write_text(f"FROM {engine.image}\nRUN echo built > /made\nUSER app\nRUN id -un > /tmp/who\nCMD cat /made /tmp/who\n")
    tag = f"built-{secrets.token_hex(4)}"
    engine.call("build", "-q", "--network", "none", "-t", tag, tmp_path, timeout=110, env={"PATH": "/usr/bin:/bin", "DOCKER_BUILDKIT": "0"})
    assert engine.run(tag).stdout.split() == ["built", "app"]
