# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents and states that are wrong: a message, a status that is not 0, and nothing left."""

import json
import shutil
import stat
import subprocess

import pytest

from oci import IS_CREEL, alive


def change(path, value):
    """The function that sets (or with ... removes) what is at "a.b.0"."""

    def apply(config):
        *parents, last = [int(word) if word.isdigit() else word for word in path.split(".")]
        for word in parents:
            config = config[word] if isinstance(word, int) else config.setdefault(word, {})
        if value is ...:
            del config[last]
        else:
            config[last] = value

    return apply


WRONG = {
    "no ociVersion": change("ociVersion", ...),
    "ociVersion of another age": change("ociVersion", "2.0.0"),
    "ociVersion that is none": change("ociVersion", "one"),
    "ociVersion as a number": change("ociVersion", 1),
    "no root": change("root", ...),
    "no root path": change("root", {}),
    "root that is missing": change("root.path", "nowhere"),
    "root that is a file": change("root.path", "config.json"),
    "no args": change("process.args", ...),
    "empty args": change("process.args", []),
    "args with a number": change("process.args", ["true", 1]),
    "args as a string": change("process.args", "true"),
    "relative cwd": change("process.cwd", "tmp"),
    "no cwd": change("process.cwd", ...),
    "env without equals as number": change("process.env", [1]),
    "uid below zero": change("process.user.uid", -1),
    "uid too large": change("process.user.uid", 1 << 40),
    "uid as a string": change("process.user.uid", "root"),
    "unknown rlimit": change("process.rlimits", [{"type": "RLIMIT_NOTHING", "soft": 1, "hard": 1}]),
    "rlimit twice": change("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}] * 2),
    "rlimit soft above hard": change("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]),
    "oom score too high": change("process.oomScoreAdj", 1001),
    "program that is missing": change("process.args", ["/no/such/program"]),
    "unknown namespace": change("linux.namespaces", [{"type": "mount"}, {"type": "fancy"}]),
    "namespace twice": change("linux.namespaces", [{"type": "mount"}, {"type": "pid"}, {"type": "pid"}]),
    "namespace path that is missing": change("linux.namespaces", [{"type": "mount"}, {"type": "network", "path": "/no/such/ns"}]),
    "namespace of another kind": change("linux.namespaces", [{"type": "mount"}, {"type": "network", "path": "/proc/1/ns/uts"}]),
    "relative mount destination below a file": change("mounts", [{"destination": "etc/passwd/x", "type": "tmpfs", "source": "x"}]),
    "mount source that is missing": change("mounts", [{"destination": "/x", "type": "bind", "source": "/no/such", "options": ["bind"]}]),
    "mount of no filesystem": change("mounts", [{"destination": "/x", "type": "nofs", "source": "x"}]),
    "mounts as an object": change("mounts", {}),
    "sysctl of the host": change("linux.sysctl", {"kernel.panic": "1"}),
    "sysctl of a host namespace": change("linux.sysctl", {"vm.swappiness": "1"}),
    "sysctl that escapes": change("linux.sysctl", {"net/../../sys/x": "1"}),
    "mapping without a user namespace": change("linux.uidMappings", [{"containerID": 0, "hostID": 0, "size": 1}]),
    "intelRdt": change("linux.intelRdt", {"closID": "x"}),
    "terminal without a socket": change("process.terminal", True),
    "rootfsPropagation of no kind": change("linux.rootfsPropagation", "sideways"),
    "device of no type": change("linux.devices", [{"path": "/dev/x", "type": "z", "major": 1, "minor": 3}]),
    "seccomp without a default": change("linux.seccomp", {}),
    "seccomp with an unknown action": change("linux.seccomp", {"defaultAction": "SCMP_ACT_DANCE"}),
    "cgroupsPath that climbs": change("linux.cgroupsPath", "/../../outside"),
    "hostname too long": change("hostname", "x" * 65),
    "hostname without a uts namespace": lambda config: (config["linux"].update(namespaces=[{"type": "mount"}, {"type": "pid"}])),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_documents(oci, what):
    bundle = oci.bundle("true")
    WRONG[what](bundle.config)
    done = oci.create(bundle, check=False)
    if not IS_CREEL and done.returncode == 0:
        return
    assert done.returncode > 0, "it was made"
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    oci.assert_gone(done.container.id)


TEXTS = {
    "empty": "",
    "blank": " \n",
    "null": "null",
    "a list": "[]",
    "a number": "7",
    "truncated": json.dumps({"ociVersion": "1.2.0", "process": {"args": ["true"]}})[:-3],
    "not JSON": "ociVersion: 1.2.0",
    "deep": "[" * 100000,
    "deep objects": '{"a":' * 50000,
    "binary": "\x00\x01\x02",
    "more behind it": '{"ociVersion": "1.2.0"} trailing',
}


@pytest.mark.parametrize("what", TEXTS)
def test_texts_that_are_no_document(oci, what):
    bundle = oci.bundle("true")
    (bundle.path / "config.json").write_text(TEXTS[what])
    name = oci.fresh()
    oci.refused("create", "--bundle", bundle.path, name)
    oci.assert_gone(name)


def test_huge_document(oci):
    bundle = oci.bundle("true")
    (bundle.path / "config.json").write_text('{"a": "' + "x" * (64 << 20) + '"}')
    name = oci.fresh()
    oci.refused("create", "--bundle", bundle.path, name)
    oci.assert_gone(name)


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo", "dangling"])
def test_config_that_is_no_file(oci, kind):
    bundle = oci.bundle("true")
    path = bundle.path / "config.json"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        subprocess.run(["mkfifo", path], check=True)
    elif kind == "dangling":
        path.symlink_to("/no/such/file")
    name = oci.fresh()
    if IS_CREEL or kind != "fifo":
        oci.refused("create", "--bundle", bundle.path, name, say="config.json")
    oci.assert_gone(name)


def test_bundle_that_is_missing(oci):
    oci.refused("create", "--bundle", "/no/such/bundle", oci.fresh(), say="/no/such/bundle")


def test_pid_file_that_cannot_be_written(oci):
    bundle = oci.bundle("true")
    bundle.write()
    name = oci.fresh()
    oci.refused("create", "--bundle", bundle.path, "--pid-file", "/no/such/dir/pid", name, say="/no/such/dir/pid")
    oci.assert_gone(name)


@pytest.mark.parametrize("text", ["", "{}", "null", "[1]", '{"pid": "x"}', '{"pid": -1, "id": "a"}', "\x00" * 100, "[" * 5000])
def test_damaged_state(oci, text):
    """What is damaged is said to be, and delete --force removes it."""
    container = oci.start(oci.bundle("sleep", "1000"))
    pid = container.pid
    for path in (oci.root / container.id).iterdir():
        if stat.S_ISREG(path.stat().st_mode) and path.read_text().startswith("{") and '"pid"' in path.read_text():
            path.write_text(text)
    for verb in ("state", "start", "pause"):
        oci.refused(verb, container.id)
    oci.refused("exec", container.id, "true")
    oci.call("list", check=IS_CREEL)
    if IS_CREEL:
        container.delete("--force")
        assert not (oci.root / container.id).exists()
    if alive(pid):
        subprocess.run(["kill", "-KILL", str(pid)], check=False)
        container.wait()
    subprocess.run(["rmdir", f"/sys/fs/cgroup/{container.id}"], check=False, stderr=subprocess.DEVNULL)


def test_state_directory_that_is_empty(oci):
    oci.run(oci.bundle("true"))
    (oci.root / "hollow").mkdir(mode=0o700)
    oci.refused("state", "hollow")
    oci.call("list", "--quiet")
    oci.call("delete", "--force", "hollow")
    assert not (oci.root / "hollow").exists()


def test_root_that_cannot_be_written(oci):
    oci.root.write_text("a file")
    bundle = oci.bundle("true")
    bundle.write()
    oci.refused("create", "--bundle", bundle.path, oci.fresh(), say=str(oci.root))
    oci.root.unlink()


def test_log_in_json(oci):
    log = oci.directory / "log"
    oci.options += ["--log", log, "--log-format", "json"]
    oci.refused("state", "never-made")
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert entries and entries[-1]["level"] == "error"
    assert "never-made" in entries[-1]["msg"] and entries[-1]["time"]


def test_log_in_json_of_a_message_with_everything_in_it(oci):
    log = oci.directory / "log"
    oci.options += ["--log", log, "--log-format", "json"]
    bundle = oci.bundle('/no"\\such\n\u00fc\x7fprogram')
    oci.create_refused(bundle)
    for line in log.read_text().splitlines():
        json.loads(line)


def test_log_in_text(oci):
    log = oci.directory / "log"
    oci.options += ["--log", log]
    oci.refused("state", "never-made")
    assert "never-made" in log.read_text()


def test_log_is_appended_to(oci):
    log = oci.directory / "log"
    log.write_text("before\n")
    oci.options += ["--log", log]
    oci.refused("state", "never-made")
    assert log.read_text().startswith("before\n") and "never-made" in log.read_text()


@pytest.mark.parametrize("options", [["--log-format", "xml"], ["--log", "/no/such/dir/log"]])
def test_log_options_that_cannot_be(oci, options):
    oci.options += options
    assert oci.call("list", check=False).returncode > 0


def test_rootfs_that_vanishes_behind_create(oci):
    container = oci.create(oci.bundle("true"))
    shutil.rmtree(container.bundle.rootfs, ignore_errors=True)
    container.start(check=False)
    container.delete("--force")
