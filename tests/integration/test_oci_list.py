# SPDX-License-Identifier: LGPL-2.1-or-later
"""creel-oci list, spec, and the verbs that are refused."""

import json
import os

import pytest
from oci import make_rootfs, oci  # noqa: F401 - oci is a fixture


def test_list(oci):  # noqa: F811
    assert oci.call("list").stdout.split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    assert oci.call("list", "--format", "json").stdout == "[]\n"
    assert oci.call("list", "-q").stdout == ""
    bundle = oci.bundle("sleep", "1000")
    bundle.config["annotations"] = {"a": "b"}
    running = oci.start(bundle)
    created = oci.create(oci.bundle("true"))
    stopped = oci.start(oci.bundle("true"))
    stopped.wait()
    rows = [line.split() for line in oci.call("list").stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == sorted((running.id, created.id, stopped.id))
    by_id = {row[0]: row for row in rows}
    assert by_id[running.id][1:4] == [str(running.pid), "running", str(bundle.path)]
    assert by_id[running.id][5] == "root"
    assert by_id[created.id][1:3] == [str(created.pid), "created"]
    assert by_id[stopped.id][1:3] == ["0", "stopped"]
    assert oci.call("list", "--quiet").stdout.split() == [row[0] for row in rows]
    listed = {entry["id"]: entry for entry in json.loads(oci.call("list", "-f", "json").stdout)}
    entry = listed[running.id]
    assert list(entry) == ["ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "annotations", "owner"]
    assert (entry["pid"], entry["status"], entry["annotations"]) == (running.pid, "running", {"a": "b"})
    assert entry["rootfs"] == str(bundle.rootfs)
    assert listed[stopped.id]["pid"] == 0
    assert "annotations" not in listed[stopped.id]


def test_list_bad(oci):  # noqa: F811
    oci.refused("list", "--format", "yaml", say="--format")
    oci.refused("list", "word", say="word")
    container = oci.start(oci.bundle("sleep", "1000"))
    damaged = oci.create(oci.bundle("true"))
    state = oci.root / damaged.id / "state.json"
    text = state.read_text()
    state.write_text(text[:20])
    done = oci.call("list", "-q")
    assert done.stdout == f"{container.id}\n"
    assert damaged.id in done.stderr
    state.write_text(text)


def test_spec(oci, tmp_path):  # noqa: F811
    oci.call("spec", cwd=tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["process"]["args"] == ["sh"]
    oci.refused("spec", cwd=tmp_path, say="exists already")
    assert json.loads((tmp_path / "config.json").read_text()) == config
    (tmp_path / "b").mkdir()
    oci.call("spec", "--bundle", tmp_path / "b")
    assert (tmp_path / "b/config.json").exists()
    oci.call("spec", "--bundle", tmp_path / "b", "--file", "other.json", "--rootless")
    rootless = json.loads((tmp_path / "b/other.json").read_text())
    assert rootless["linux"]["uidMappings"] == [{"containerID": 0, "hostID": os.getuid(), "size": 1}]
    oci.refused("spec", "--bundle", tmp_path / "missing", say="missing")


@pytest.mark.parametrize("rootless", [False, True])
def test_spec_runs(oci, tmp_path, rootless):  # noqa: F811
    bundle = oci.bundle("unused")
    oci.call("spec", "--bundle", bundle.path, *(["--rootless"] if rootless else []))
    bundle.config = json.loads((bundle.path / "config.json").read_text())
    bundle.config["process"].update(terminal=False, args=["echo", "hello"])
    assert oci.run(bundle).stdout == "hello\n"


def test_refused_verbs(oci):  # noqa: F811
    container = oci.start(oci.bundle("sleep", "1000"))
    oci.refused("checkpoint", "--image-path", "/x", "--work-path", "/y", "--leave-running", container.id, say="CRIU")
    oci.refused("restore", "--image-path", "/x", "--bundle", "/y", "--detach", "--pid-file", "/z", container.id, say="CRIU")
    assert container.status == "running"
