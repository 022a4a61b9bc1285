# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a container under the OCI runtime: its states, and every operation in the right and the wrong one."""

import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from oci import IS_CREEL, alive, private_runtime, wait_for_end

SLEEP = ("sleep", "1000")


@pytest.fixture
def created(oci):
    return oci.create(oci.bundle(*SLEEP))


@pytest.fixture
def running(oci):
    container = oci.create(oci.bundle(*SLEEP))
    container.start()
    return container


@pytest.fixture
def stopped(oci):
    container = oci.create(oci.bundle("true"))
    container.start()
    container.wait()
    return container


# The right order


@pytest.mark.smoke
def test_states_from_create_to_delete(oci):
    bundle = oci.bundle("sh", "-c", "echo from inside; exec sleep 1000")
    bundle.config["annotations"] = {"org.example.a": "b"}
    container = oci.create(bundle)
    state = container.state()
    assert state["status"] == "created"
    assert state["id"] == container.id
    assert state["ociVersion"].startswith("1.")
    assert state["bundle"] == str(bundle.path)
    assert state["annotations"]["org.example.a"] == "b"
    assert state["pid"] == container.pid and alive(container.pid)
    assert container.output == ""

    container.start()
    state = container.state()
    assert (state["status"], state["pid"]) == ("running", container.pid)
    assert Path(f"/proc/{container.pid}").exists()

    container.kill("KILL")
    container.wait()
    state = container.state()
    assert state["status"] == "stopped"
    assert state.get("pid", 0) == 0
    assert container.output == "from inside\n"

    container.delete()
    oci.refused("state", container.id, say=container.id)
    oci.assert_gone(container.id)


def test_the_payload_waits_for_start(oci):
    bundle = oci.bundle("touch", "/began")
    container = oci.create(bundle)
    assert not (bundle.rootfs / "began").exists()
    container.end()
    assert (bundle.rootfs / "began").exists()
    assert container.status == "stopped"


def test_config_is_not_read_again_behind_create(oci):
    """Runtime specification, create: "Any changes made to the config.json file after this operation will not have an effect"."""
    bundle = oci.bundle("echo", "first")
    container = oci.create(bundle)
    bundle.process["args"] = ["echo", "second"]
    bundle.write()
    assert container.end() == "first\n"


def test_the_bundle_may_be_gone_before_delete(oci):
    bundle = oci.bundle(*SLEEP)
    container = oci.create(bundle)
    container.start()
    pid = container.pid
    subprocess.run(["rm", "-rf", "--one-file-system", bundle.path / "config.json"], check=True)
    assert container.status == "running"
    container.kill("KILL")
    wait_for_end(pid)
    container.delete()


@pytest.mark.smoke
def test_run_gives_the_status_of_the_payload(oci):
    for status in (0, 1, 3, 126, 127, 255):
        assert oci.run(oci.bundle("sh", "-c", f"exit {status}"), check=False).returncode == status


def test_run_reports_death_by_signal(oci):
    bundle = oci.bundle("sh", "-c", "sh -c 'kill -KILL $$'; exit $?")
    assert oci.run(bundle, check=False).returncode == 137


def test_run_removes_the_container(oci):
    done = oci.run(oci.bundle("echo", "hello"))
    assert done.stdout == "hello\n"
    assert not oci.exists(done.id)
    oci.assert_gone(done.id)


def test_run_keep(oci):
    done = oci.run(oci.bundle("true"), "--keep")
    assert json.loads(oci.call("state", done.id).stdout)["status"] == "stopped"
    oci.call("delete", done.id)


def test_run_hands_on_stdin(oci):
    assert oci.run(oci.bundle("tr", "a-z", "A-Z"), input="typed\n").stdout == "TYPED\n"


def test_run_hands_on_signals(oci):
    bundle = oci.bundle("sh", "-c", "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    bundle.write()
    container = oci.adopt(oci.fresh(), bundle)
    with oci.spawn("run", "--bundle", bundle.path, container.id, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "caught\n"
        assert process.wait(20) == 7
    oci.assert_gone(container.id)


def test_run_detached(oci):
    container = oci.start(oci.bundle(*SLEEP))
    assert container.status == "running"
    assert alive(container.pid)
    assert Path(f"/proc/{container.pid}/cmdline").read_bytes() == b"sleep\0001000\0"


def test_the_bundle_is_the_working_directory_by_default(oci):
    bundle = oci.bundle("echo", "here")
    bundle.write()
    container = oci.adopt(oci.fresh(), bundle)
    assert oci.call("run", container.id, cwd=bundle.path).stdout == "here\n"


def test_bundle_by_a_relative_path(oci):
    bundle = oci.bundle(*SLEEP)
    bundle.write()
    container = oci.adopt(oci.fresh(), bundle)
    pid = bundle.path / f"pid-{container.id}"
    oci.call("create", "--bundle", bundle.path.name, "--pid-file", pid, container.id, cwd=bundle.path.parent,
             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    assert container.state()["bundle"] == str(bundle.path)


def test_pid_file_is_one_number(oci):
    container = oci.create(oci.bundle(*SLEEP))
    text = (container.bundle.path / f"pid-{container.id}").read_text()
    assert text.strip() == str(container.state()["pid"])
    assert stat.S_IMODE((container.bundle.path / f"pid-{container.id}").stat().st_mode) & 0o022 == 0


def test_list_and_quiet(oci):
    created = oci.create(oci.bundle(*SLEEP))
    running = oci.start(oci.bundle(*SLEEP))
    listed = {each["id"]: each for each in json.loads(oci.call("list", "--format", "json").stdout)}
    assert set(listed) == {created.id, running.id}
    assert listed[created.id]["status"] == "created"
    assert listed[running.id]["status"] == "running"
    assert listed[running.id]["pid"] == running.pid
    assert listed[running.id]["bundle"] == str(running.bundle.path)
    assert set(oci.call("list", "--quiet").stdout.split()) == {created.id, running.id}
    table = oci.call("list").stdout.splitlines()
    assert table[0].split()[:4] == ["NAME", "PID", "STATUS", "BUNDLE"] or table[0].split()[:4] == ["ID", "PID", "STATUS", "BUNDLE"]
    assert len(table) == 3


def test_list_of_nothing(oci):
    assert oci.call("list", "--quiet").stdout == ""
    assert json.loads(oci.call("list", "--format", "json").stdout) in ([], None)


# The wrong order: each refused, and nothing changes


def test_second_create_of_a_name(oci, created):
    message = oci.refused("create", "--bundle", created.bundle.path, created.id, say=created.id)
    assert message
    assert created.status == "created"
    created.start()
    oci.refused("run", "--bundle", created.bundle.path, created.id, say=created.id)
    assert created.status == "running"


def test_name_of_a_stopped_container_is_taken(oci, stopped):
    oci.refused("create", "--bundle", stopped.bundle.path, stopped.id, say=stopped.id)
    stopped.delete()
    again = oci.create(oci.bundle("echo", "again"), name=stopped.id)
    assert again.end() == "again\n"


def test_start_twice(oci, running):
    oci.refused("start", running.id, say="running")
    assert running.status == "running"


def test_start_of_a_stopped_container(oci, stopped):
    oci.refused("start", stopped.id, say="stopped")
    assert stopped.status == "stopped"


def test_delete_of_a_running_container(oci, running):
    oci.refused("delete", running.id, say="running")
    assert running.status == "running"
    assert alive(running.pid)


def test_delete_force_of_a_running_container(oci, running):
    pid = running.pid
    running.delete("--force")
    assert not alive(pid)
    oci.assert_gone(running.id)


def test_delete_force_of_a_created_container(oci, created):
    pid = created.pid
    created.delete("--force")
    assert not alive(pid)
    oci.assert_gone(created.id)


def test_delete_force_takes_all_processes(oci):
    container = oci.start(oci.bundle("sh", "-c", "sleep 1001 & sleep 1002 & setsid sleep 1003 & echo ready; wait"))
    pids = []
    while len(pids) < 4:
        pids = [int(line) for line in (container.cgroup() / "cgroup.procs").read_text().split()]
    container.delete("--force")
    assert not any(alive(pid) for pid in pids)


def test_delete_without_a_pid_namespace_takes_all_processes(oci):
    """The first process has ended and the others live on: they are the container's, and delete ends them."""
    bundle = oci.bundle("sh", "-c", "setsid sleep 1001 & echo $!")
    bundle.without("pid")
    container = oci.create(bundle)
    container.end()
    left = int(container.output)
    assert alive(left)
    container.delete("--force")
    wait_for_end(left)
    oci.assert_gone(container.id)


def test_kill_of_a_stopped_container(oci, stopped):
    oci.refused("kill", stopped.id, "TERM", say=None)


def test_kill_of_a_created_container(oci, created):
    created.kill("KILL")
    created.wait()
    assert created.status == "stopped"
    created.delete()
    oci.assert_gone(created.id)


def test_delete_of_a_stopped_container_whose_pid_is_another_process_now(oci):
    """A state file with the pid of somebody else: neither "running" nor a reason to kill them."""
    bystander = subprocess.Popen(["sleep", "1000"])
    try:
        # The kernel tells when a process began in ticks of 10 ms
        began = time.monotonic()
        while time.monotonic() < began + 0.02:
            pass
        stopped = oci.create(oci.bundle("true"))
        stopped.end()
        for path in (oci.root / stopped.id).iterdir():
            if path.is_file() and path.suffix in ("", ".json") and '"pid"' in path.read_text(errors="replace"):
                document = json.loads(path.read_text())
                if document.get("pid") == stopped.pid:
                    document["pid"] = bystander.pid
                    path.write_text(json.dumps(document))
        assert stopped.status == "stopped"
        oci.call("delete", "--force", stopped.id)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


UNKNOWN = ("state", "start", "kill", "delete", "exec", "ps", "pause", "resume", "update")


@pytest.mark.parametrize("verb", UNKNOWN)
def test_verbs_of_an_unknown_container(oci, verb):
    words = {"exec": ["true"], "update": ["--pids-limit", "5"]}.get(verb, [])
    oci.refused(verb, "never-made", *words, say="never-made")
    assert not (oci.root / "never-made").exists()


def test_delete_force_of_an_unknown_container(oci):
    """containerd and conmon call it without knowing whether there is something."""
    assert oci.call("delete", "--force", "never-made").returncode == 0


# Names

BAD_NAMES = ["", "/", "a/b", "..", ".", "../escape", "a\nb", "ü", "a b", "x" * 1025, "a:b", "a\\b", "a%2f", "\u202eabc"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=[repr(name[:12]) for name in BAD_NAMES])
def test_bad_names(oci, name):
    bundle = oci.bundle("true")
    bundle.write()
    before = sorted(str(path) for path in oci.directory.rglob("*"))
    words = ["create", "--bundle", bundle.path, "--", name] if name.startswith("-") else ["create", "--bundle", bundle.path, name]
    done = oci.call(*words, check=False)
    assert done.returncode > 0 and done.stderr.strip()
    after = [str(path) for path in oci.directory.rglob("*")]
    # The root itself may have come
    assert sorted(path for path in after if path != str(oci.root)) == [path for path in before if path != str(oci.root)]
    assert not any(path.name == "escape" for path in oci.directory.parent.iterdir())


@pytest.mark.parametrize("verb", ["state", "start", "kill", "delete", "delete --force", "pause"])
@pytest.mark.parametrize("name", ["..", "../x", "/etc", "."])
def test_bad_names_of_existing_directories(oci, verb, name):
    """Nothing outside of --root is taken for a container, least of all by delete --force."""
    keep = oci.directory / "x"
    keep.mkdir()
    (keep / "file").write_text("x")
    oci.root.mkdir(exist_ok=True)
    oci.call(*verb.split(), name, check=False)
    assert (keep / "file").exists()
    assert oci.root.exists()


GOOD_NAMES = ["a", "A-b_c.d+e", "0", "_x", "x" * 100]


@pytest.mark.parametrize("name", GOOD_NAMES, ids=[name[:10] for name in GOOD_NAMES])
def test_good_names(name):
    with private_runtime() as oci:
        bundle = oci.bundle("echo", "good")
        bundle.linux["cgroupsPath"] = f"/{oci.tag}"
        bundle.write()
        assert oci.call("run", "--bundle", bundle.path, name).stdout == "good\n"
        assert not any(oci.root.glob(f"{name}*"))


# kill


@pytest.mark.parametrize("spelling", ["TERM", "SIGTERM", "15", "term", None])
def test_signal_spellings(oci, spelling):
    bundle = oci.bundle("sh", "-c", "trap 'echo got it; exit' TERM; echo ready; while :; do sleep 0.05; done")
    container = oci.start(bundle)
    while "ready" not in container.output:
        pass
    container.kill(*([spelling] if spelling else []))
    container.wait()
    assert container.output == "ready\ngot it\n"


@pytest.mark.parametrize("spelling", ["RTMIN+3", "SIGRTMIN+3", "37"])
def test_real_time_signals(oci, spelling):
    container = oci.start(oci.bundle(*SLEEP))
    before = pending_or_dead(container.pid)
    assert not before
    container.kill(spelling, check=IS_CREEL)
    assert IS_CREEL is False or alive(container.pid), "PID 1 of a namespace ignores what it has no handler for"


def pending_or_dead(pid):
    return not alive(pid)


@pytest.mark.parametrize("spelling", ["SIGNONE", "", "-1", "65", "1000000", "9x", "0x9"])
def test_signals_that_do_not_exist(oci, running, spelling):
    done = oci.call("kill", running.id, *(["--", spelling] if spelling.startswith("-") else [spelling]), check=False)
    assert done.returncode > 0 and done.stderr.strip()
    assert alive(running.pid)


def test_kill_all(oci):
    bundle = oci.bundle("sh", "-c", "sleep 1001 & sleep 1002 & wait")
    bundle.without("pid")
    container = oci.start(bundle)
    pids = []
    while len(pids) < 3:
        pids = [int(line) for line in (container.cgroup() / "cgroup.procs").read_text().split()]
    container.kill("--all", "KILL")
    for pid in pids:
        wait_for_end(pid)
    assert container.status == "stopped"


def test_kill_all_of_a_stopped_container(oci, stopped):
    """containerd sends it behind the end of every container without a pid namespace of its own."""
    assert stopped.kill("--all", "KILL", check=False).returncode in ((0,) if IS_CREEL else (0, 1))


# Two callers at once


def test_two_creates_of_one_name(oci):
    bundle = oci.bundle(*SLEEP)
    bundle.write()
    container = oci.adopt(oci.fresh(), bundle)
    null = subprocess.DEVNULL
    for _ in range(5):
        racers = [oci.spawn("create", "--bundle", bundle.path, container.id, stdout=null, stderr=null) for _ in range(4)]
        results = [racer.wait(30) for racer in racers]
        assert results.count(0) == 1, results
        assert container.status == "created"
        container.delete("--force")
        oci.assert_gone(container.id)


def test_two_starts(oci):
    for _ in range(5):
        container = oci.create(oci.bundle("sh", "-c", "echo began; exec sleep 1000"))
        racers = [oci.spawn("start", container.id, stderr=subprocess.DEVNULL) for _ in range(3)]
        results = [racer.wait(30) for racer in racers]
        assert results.count(0) == 1, results
        assert container.status == "running"
        container.delete("--force")
        assert container.output in ("", "began\n")


def test_start_and_delete_at_once(oci):
    for _ in range(5):
        container = oci.create(oci.bundle(*SLEEP))
        pid = container.pid
        racers = [oci.spawn(*words, container.id, stderr=subprocess.DEVNULL) for words in (["start"], ["delete", "--force"])]
        assert [racer.wait(30) for racer in racers][1] == 0
        wait_for_end(pid)
        oci.assert_gone(container.id)


def test_many_deletes_at_once(oci):
    container = oci.start(oci.bundle(*SLEEP))
    racers = [oci.spawn("delete", "--force", container.id, stderr=subprocess.DEVNULL) for _ in range(6)]
    results = [racer.wait(30) for racer in racers]
    assert results.count(0) == 6 or not IS_CREEL, results
    oci.assert_gone(container.id)


def test_storm_of_signals(oci):
    bundle = oci.bundle("sh", "-c", "trap : USR1; echo ready; while :; do sleep 0.05; done")
    container = oci.start(bundle)
    while "ready" not in container.output:
        pass
    racers = [oci.spawn("kill", container.id, "USR1", stderr=subprocess.DEVNULL) for _ in range(20)]
    assert [racer.wait(30) for racer in racers] == [0] * 20
    assert container.status == "running"
    container.kill("KILL")
    container.wait()


def test_create_killed_half_way_leaves_what_delete_removes(oci):
    """SIGKILL of the runtime at any moment: the name can be had again behind `delete --force`."""
    bundle = oci.bundle(*SLEEP)
    bundle.write()
    container = oci.adopt(oci.fresh(), bundle)
    null = subprocess.DEVNULL
    for milliseconds in range(0, 20, 2):
        with oci.spawn("create", "--bundle", bundle.path, container.id, stdout=null, stderr=null) as process:
            try:
                process.wait(milliseconds / 1000)
            except subprocess.TimeoutExpired:
                process.kill()
        oci.call("delete", "--force", container.id)
        oci.assert_gone(container.id)
    again = oci.create(oci.bundle("echo", "well"), name=container.id)
    assert again.end() == "well\n"


# The systemd manager


@pytest.mark.smoke
def test_scope_of_a_container(oci_systemd, run):
    oci = oci_systemd
    bundle = oci.bundle(*SLEEP)
    bundle.linux["cgroupsPath"] = f"system.slice:creel-test:{oci.tag}"
    container = oci.create(bundle)
    unit = f"creel-test-{oci.tag}.scope"
    assert str(container.cgroup()).startswith(f"/sys/fs/cgroup/system.slice/{unit}")
    container.start()
    shown = dict(line.split("=", 1) for line in run("systemctl", "show", unit).stdout.splitlines())
    assert shown["ActiveState"] == "active"
    assert shown["Delegate"] == "yes"
    assert shown["Slice"] == "system.slice"
    container.kill("KILL")
    container.wait()
    container.delete()
    oci.assert_gone(container.id)
    assert run("systemctl", "show", "-P", "LoadState", unit).stdout.strip() == "not-found"


def test_scope_without_a_given_path(oci_systemd, run):
    container = oci_systemd.start(oci_systemd.bundle(*SLEEP))
    unit = container.cgroup().name
    assert unit.endswith(f"{container.id}.scope")
    assert run("systemctl", "is-active", unit).stdout.strip() == "active"
    container.delete("--force")
    oci_systemd.assert_gone(container.id)


def test_properties_of_the_scope_by_annotation(oci_systemd, run):
    bundle = oci_systemd.bundle(*SLEEP)
    bundle.config["annotations"] = {
        "org.systemd.property.Description": "'from an annotation'",
        "org.systemd.property.TimeoutStopUSec": "uint64 7000000",
        "org.systemd.property.CollectMode": "'inactive-or-failed'",
    }
    container = oci_systemd.start(bundle)
    unit = container.cgroup().name
    assert run("systemctl", "show", "-P", "Description", unit).stdout == "from an annotation\n"
    assert run("systemctl", "show", "-P", "TimeoutStopUSec", unit).stdout == "7s\n"


def test_a_running_container_survives_a_reload_of_systemd(oci_systemd, run):
    container = oci_systemd.start(oci_systemd.bundle(*SLEEP))
    run("systemctl", "daemon-reload")
    assert container.status == "running"
    assert container.exec("echo", "still here").stdout == "still here\n"


# What must work without systemd and creeld


def test_without_the_bus(oci):
    """cgroupfs and no D-Bus in sight: the same."""
    bundle = oci.bundle("echo", "no bus")
    bundle.write()
    argv = ["unshare", "--mount", "--propagation", "slave", "sh", "-c",
            'mount -t tmpfs none /run/dbus && mount -t tmpfs none /run/systemd && exec "$@"', "sh"]  # fmt: skip
    container = oci.adopt(oci.fresh(), bundle)
    done = subprocess.run([*argv, *oci.argv("run", "--bundle", bundle.path, container.id)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "no bus\n"), done.stderr


def test_without_creeld(oci, run):
    assert "creeld" not in Path("/proc/self/cgroup").read_text()
    if IS_CREEL:
        linked = subprocess.run(["ldd", oci.argv()[0] if "/" in oci.program else f"/usr/bin/{oci.program}"],
                                capture_output=True, text=True)  # fmt: skip
        assert "not a dynamic executable" in linked.stdout + linked.stderr or "statically linked" in linked.stdout
    assert oci.run(oci.bundle("echo", "x")).stdout == "x\n"


# The command line itself


def test_version(oci):
    said = oci.call("--version").stdout
    assert os.path.basename(oci.program) in said.splitlines()[0]
    assert "spec: 1." in said


def test_help(oci):
    said = oci.call("--help").stdout
    for verb in ("create", "start", "state", "kill", "delete", "exec", "run", "list"):
        assert verb in said


@pytest.mark.parametrize("words", [["nonsense"], ["--nonsense", "state", "x"], ["state"], ["state", "a", "b"], ["create"]])
def test_wrong_command_lines(oci, words):
    done = subprocess.run([oci.program, "--root", str(oci.root), *words], capture_output=True, text=True)
    assert done.returncode > 0
    assert done.stderr.strip()


def test_no_words_at_all(oci):
    done = subprocess.run([oci.program], capture_output=True, text=True)
    if IS_CREEL:
        assert done.returncode == 1 and "creel-oci --help" in done.stderr


def test_global_options_in_both_spellings(oci):
    bundle = oci.bundle("echo", "x")
    bundle.write()
    container = oci.adopt(oci.fresh(), bundle)
    argv = [oci.program, f"--root={oci.root}", f"--log={oci.directory}/log", "--log-format=json", "--debug"]
    done = subprocess.run([*argv, "run", f"--bundle={bundle.path}", container.id], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "x\n"), done.stderr
    done = subprocess.run([oci.program, "--root", str(oci.root), "--rootless", "false", "run", "-b", str(bundle.path), container.id],
                          capture_output=True, text=True)  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "x\n"), done.stderr
