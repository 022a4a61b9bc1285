# SPDX-License-Identifier: LGPL-2.1-or-later
"""Health checks, of images and of options."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

import bus
import images
from fixtures import eventually
from follow import Follower, pidfd_wait

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")

FILE = ["--health-cmd", "test -e /ok", "--health-interval", "100ms", "--health-retries", "2"]


@pytest.fixture
def start(creelctl, image):
    def call(name, *options, command=("sleep", "1000"), reference=None):
        return creelctl("run", "-d", "--name", name, *options, reference or image, *command).stdout.strip()

    yield call
    creelctl("rm", "-fa", "-t", "0")


def health_of(name):
    return str(bus.container_property(name, "Health"))


def inspected(creelctl, name):
    return json.loads(creelctl("inspect", name).stdout)[0]


def state_of(name):
    return str(bus.container_property(name, "State"))


@pytest.mark.smoke
def test_from_starting_to_healthy_and_back(creelctl, start):
    identity = start("h", *FILE, "--health-start-period", "20s", "--health-start-interval", "50ms", command=("sh", "-c", "sleep 0.3; touch /ok; sleep 1000"))
    assert health_of("h") == "starting"
    assert creelctl("ps", "--format", "{{.Status}}").stdout.strip().endswith("(starting)")
    creelctl("wait", "--condition", "healthy", "h")
    assert creelctl("ps", "--format", "{{.Status}}").stdout.strip().endswith("(healthy)")
    assert creelctl("ps", "-q", "--filter", "health=healthy").stdout.strip()
    creelctl("exec", "h", "rm", "/ok")
    creelctl("wait", "--condition", "unhealthy", "h")
    health = inspected(creelctl, "h")["State"]["Health"]
    assert health["Status"] == "unhealthy" and health["FailingStreak"] >= 2
    assert health["Log"][-1]["ExitCode"] == 1
    creelctl("exec", "h", "touch", "/ok")
    creelctl("wait", "--condition", "healthy", "h")
    told = creelctl("events", "--since", "1m", "--until", "now", "--filter", f"container={identity}", "--filter", "event=health_status", "--format", "json").stdout
    assert [json.loads(line)["Attributes"]["health_status"] for line in told.splitlines()] == ["healthy", "unhealthy", "healthy"]


def test_the_property_tells_of_its_changes(start, monitor):
    start("h", "--health-cmd", "true", "--health-interval", "100ms")
    for status in "starting", "healthy":
        monitor.signal_named("PropertiesChanged", lambda body: body[0].endswith(".Container") and body[1].get("Health", {}).get("data") == status)


def test_no_check(creelctl, start):
    start("h")
    assert health_of("h") == ""
    assert "Health" not in inspected(creelctl, "h")["State"]
    done = creelctl("healthcheck", "run", "h", check=False)
    assert done.returncode == 125 and "no health check" in done.stderr
    assert creelctl("ps", "-q", "--filter", "health=none").stdout.strip()


IMAGE_CHECK = {"Healthcheck": {"Test": ["CMD-SHELL", "echo from image; test -e /ok"], "Interval": 100_000_000, "Timeout": 2_000_000_000, "Retries": 1}}


@pytest.mark.parametrize("flavour", ["oci", "docker"])
def test_of_the_image(creelctl, start, pulled, flavour):
    reference = pulled(images.busybox_image(IMAGE_CHECK, flavour=flavour), f"health/{flavour}:1")
    start("h", command=("sh", "-c", "touch /ok; sleep 1000"), reference=reference)
    creelctl("wait", "--condition", "healthy", "h")
    config = inspected(creelctl, "h")["Config"]["Healthcheck"]
    assert config == {"Test": IMAGE_CHECK["Healthcheck"]["Test"], "Interval": 100_000_000, "Timeout": 2_000_000_000, "Retries": 1}
    assert inspected(creelctl, "h")["State"]["Health"]["Log"][-1]["Output"] == "from image\n"
    shown = creelctl("status", "-n", "0", "h").stdout
    assert "Health: healthy" in shown
    # options replace single values
    start("o", "--health-retries", "7", reference=reference)
    config = inspected(creelctl, "o")["Config"]["Healthcheck"]
    assert (config["Retries"], config["Interval"]) == (7, 100_000_000)
    for option in (["--no-healthcheck"], ["--health-cmd", "none"]):
        start("n", *option, reference=reference)
        assert health_of("n") == ""
        creelctl("rm", "-f", "-t", "0", "n")


def test_forms_of_commands(creelctl, start):
    start("shell", "--health-cmd", "echo $0 $HOSTNAME | grep -q sh", "--health-interval", "100ms")
    start("words", "--health-cmd", '["test","-d","/a b"]', "--health-interval", "100ms", command=("sh", "-c", "mkdir '/a b'; sleep 1000"))
    start("docker", "--health-cmd", '["CMD-SHELL","exit 0"]', "--health-interval", "100ms")
    for name in ("shell", "words", "docker"):
        creelctl("wait", "--condition", "healthy", name)
    assert inspected(creelctl, "words")["Config"]["Healthcheck"]["Test"] == ["CMD", "test", "-d", "/a b"]


def test_the_check_runs_as_the_container_does(creelctl, start):
    start("h", "--user", "app", "--env", "WHO=me", "--workdir", "/home/app", "--health-cmd", 'echo "$(id -un) $WHO $(pwd)"', "--health-interval", "100ms")
    creelctl("wait", "--condition", "healthy", "h")
    assert inspected(creelctl, "h")["State"]["Health"]["Log"][0]["Output"] == "app me /home/app\n"


def test_timeout(creelctl, start):
    start("h", "--health-cmd", "echo before; sleep 1000", "--health-interval", "100ms", "--health-timeout", "200ms", "--health-retries", "1")
    before = time.monotonic()
    creelctl("wait", "--condition", "unhealthy", "h")
    assert time.monotonic() - before < 10
    last = inspected(creelctl, "h")["State"]["Health"]["Log"][-1]
    assert last["ExitCode"] == -1 and "200 ms" in last["Output"]


def test_a_command_that_is_not_there(creelctl, start):
    start("h", "--health-cmd", '["nosuch"]', "--health-interval", "100ms", "--health-retries", "1")
    creelctl("wait", "--condition", "unhealthy", "h")
    last = inspected(creelctl, "h")["State"]["Health"]["Log"][-1]
    assert last["ExitCode"] == 127 and "nosuch" in last["Output"]


def test_run_by_hand(creelctl, start):
    start("h", "--health-cmd", "test -e /ok", "--health-interval", "disable", "--health-retries", "2")
    assert health_of("h") == "starting"
    done = creelctl("healthcheck", "run", "h", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "starting\n", "")
    done = creelctl("healthcheck", "run", "h", check=False)
    assert (done.returncode, done.stdout) == (1, "unhealthy\n")
    creelctl("exec", "h", "touch", "/ok")
    done = creelctl("healthcheck", "run", "h")
    assert done.stdout == "" and health_of("h") == "healthy"
    code, status, output = bus.call(bus.container("h"), "Container", "RunHealthcheck")
    assert (code, status, output) == (0, "healthy", "")
    assert len(inspected(creelctl, "h")["State"]["Health"]["Log"]) == 4
    for words in (["run", "missing"], ["walk", "h"], ["run"]):
        assert creelctl("healthcheck", *words, check=False).returncode == 125
    creelctl("stop", "-t", "0", "h")
    done = creelctl("healthcheck", "run", "h", check=False)
    assert done.returncode == 125 and "stopped" in done.stderr


def test_no_checks_while_it_is_paused(creelctl, start):
    start("h", *FILE, command=("sh", "-c", "touch /ok; sleep 1000"))
    creelctl("wait", "--condition", "healthy", "h")
    creelctl("pause", "h")
    before = inspected(creelctl, "h")["State"]["Health"]
    assert creelctl("healthcheck", "run", "h", check=False).returncode == 125
    # there is nothing to wait for: a few intervals have to pass
    time.sleep(0.5)
    assert inspected(creelctl, "h")["State"]["Health"] == before
    assert creelctl("ps", "--format", "{{.Status}}").stdout.strip().endswith("(healthy) (Paused)")
    creelctl("unpause", "h")
    eventually(lambda: inspected(creelctl, "h")["State"]["Health"]["Log"][-1] != before["Log"][-1], "it is checked again")
    assert health_of("h") == "healthy"


@pytest.mark.parametrize("number", ["TERM", "KILL"])
def test_a_later_creeld_goes_on(creelctl, start, number):
    start("h", *FILE)
    creelctl("wait", "--condition", "unhealthy", "h")
    streak = inspected(creelctl, "h")["State"]["Health"]["FailingStreak"]
    process = int(subprocess.run(["systemctl", "show", "-P", "MainPID", "creeld.service"], check=True, text=True, stdout=subprocess.PIPE).stdout)
    subprocess.run(["systemctl", "kill", "-s", number, "creeld.service"], check=True)
    pidfd_wait(process)
    health = inspected(creelctl, "h")["State"]["Health"]
    assert health["Status"] == "unhealthy" and health["FailingStreak"] >= streak
    creelctl("exec", "h", "touch", "/ok")
    creelctl("wait", "--condition", "healthy", "h")


@pytest.mark.parametrize("action, code", [("kill", 137), ("stop", 7)])
def test_what_ends_it(creelctl, start, action, code):
    start("h", *FILE, "--health-on-failure", action, command=("sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"))
    assert creelctl("wait", "h").stdout == f"{code}\n"
    assert state_of("h") == "stopped"
    assert inspected(creelctl, "h")["State"]["Health"]["Status"] == "unhealthy"
    assert health_of("h") == ""


def test_restart_on_failure(creelctl, start):
    start("h", *FILE, "--health-on-failure", "restart", command=("sh", "-c", "trap 'exit 0' TERM; test -e /second && touch /ok; touch /second; while :; do sleep 0.05; done"))
    creelctl("wait", "--condition", "healthy", "h")
    assert creelctl("exec", "h", "ls", "/ok").stdout == "/ok\n"


def test_kill_and_a_restart_policy(creelctl, start):
    """What the check kills has failed, so the policy starts it again."""
    start("h", *FILE, "--health-on-failure", "kill", "--restart", "on-failure", command=("sh", "-c", "test -e /second && touch /ok; touch /second; sleep 1000"))
    creelctl("wait", "--condition", "healthy", "h")
    assert bus.container_property("h", "RestartCount") == 1


def test_startup_check(creelctl, start):
    start(
        "h", "--health-cmd", "echo regular", "--health-interval", "100ms", "--health-startup-cmd", "echo startup; test -e /up",
        "--health-startup-interval", "50ms", "--health-startup-success", "2", "--health-max-log-count", "0",
        command=("sh", "-c", "sleep 0.3; touch /up; sleep 1000"),
    )
    creelctl("wait", "--condition", "healthy", "h")
    log = inspected(creelctl, "h")["State"]["Health"]["Log"]
    kinds = [entry["Output"].strip() for entry in log]
    assert kinds[-1] == "regular" and kinds.count("startup") >= 3
    assert [entry["ExitCode"] for entry in log if entry["Output"] == "startup\n"][-2:] == [0, 0]
    assert kinds == sorted(kinds, reverse=True)  # never back to the startup check


def test_startup_that_never_succeeds(creelctl, start):
    start(
        "h", "--health-cmd", "true", "--health-interval", "100ms", "--health-startup-cmd", "test -e /up",
        "--health-startup-interval", "50ms", "--health-startup-retries", "3",
        command=("sh", "-c", "trap 'exit 0' TERM; test -e /second && touch /up; touch /second; while :; do sleep 0.05; done"),
    )
    creelctl("wait", "--condition", "healthy", "h")
    assert bus.container_property("h", "RestartCount") == 0


def test_limits_of_the_log(creelctl, start):
    start("h", "--health-cmd", "echo 123456789; echo 123456789", "--health-interval", "20ms", "--health-max-log-count", "3", "--health-max-log-size", "12")
    eventually(lambda: len(inspected(creelctl, "h")["State"]["Health"]["Log"]) == 3, "the log is full")
    first = inspected(creelctl, "h")["State"]["Health"]["Log"]
    assert {entry["Output"] for entry in first} == {"123456789\n12"}
    eventually(lambda: inspected(creelctl, "h")["State"]["Health"]["Log"] != first, "it goes on")
    assert len(inspected(creelctl, "h")["State"]["Health"]["Log"]) == 3


def test_output_that_is_no_text(creelctl, start):
    start("h", "--health-cmd", r"printf 'a\377b\000c\303'; yes | head -c 1000000", "--health-interval", "disable", "--health-max-log-size", "6")
    creelctl("healthcheck", "run", "h")
    assert inspected(creelctl, "h")["State"]["Health"]["Log"][0]["Output"] == "a?b?c?"


def test_log_in_a_directory(creelctl, start, tmp_path):
    identity = start("h", "--health-cmd", "echo seen", "--health-interval", "50ms", "--health-log-destination", tmp_path)
    creelctl("wait", "--condition", "healthy", "h")
    document = json.loads((tmp_path / f"{identity}-healthcheck.log").read_text())
    assert document["Status"] == "healthy" and document["Log"][0]["Output"] == "seen\n"


def test_log_in_the_events(creelctl, start):
    identity = start("h", "--health-cmd", "echo seen", "--health-interval", "50ms", "--health-log-destination", "events_logger")
    creelctl("wait", "--condition", "healthy", "h")

    def told():
        events = creelctl("events", "--since", "1m", "--until", "now", "--filter", f"container={identity}", "--filter", "event=health_status", "--format", "json")
        return [json.loads(line)["Attributes"] for line in events.stdout.splitlines()]

    attributes = eventually(lambda: len(told()) > 2 and told(), "every check is told")[-1]
    assert attributes["health_status"] == "healthy" and attributes["health_log"] == "seen\n"


def test_update(creelctl, start):
    start("h", *FILE)
    creelctl("wait", "--condition", "unhealthy", "h")
    creelctl("update", "--health-cmd", "true", "h")
    creelctl("wait", "--condition", "healthy", "h")
    assert inspected(creelctl, "h")["Config"]["Healthcheck"]["Test"] == ["CMD-SHELL", "true"]
    creelctl("update", "--no-healthcheck", "h")
    assert health_of("h") == "" and creelctl("healthcheck", "run", "h", check=False).returncode == 125
    done = creelctl("update", "--health-on-failure", "kill", "h", check=False)
    assert done.returncode == 125 and "--health-cmd" in done.stderr
    creelctl("update", "--health-cmd", "exit 1", "--health-interval", "50ms", "--health-retries", "1", "--health-on-failure", "kill", "h")
    assert creelctl("wait", "h").stdout == "137\n"
    # limits alone leave the check as it is
    start("l", "--health-cmd", "true", "--health-interval", "disable")
    creelctl("healthcheck", "run", "l")
    creelctl("update", "--restart", "always", "l")
    assert health_of("l") == "healthy" and len(inspected(creelctl, "l")["State"]["Health"]["Log"]) == 1


def test_no_unit_and_no_trace_of_a_check(creelctl, start):
    identity = start("h", "--health-cmd", "true", "--health-interval", "20ms")
    creelctl("wait", "--condition", "healthy", "h")
    path = Path("/sys/fs/cgroup" + str(bus.container_property("h", "ControlGroup")))
    units = subprocess.run(["systemctl", "list-units", "--all", "--plain", "--no-legend"], check=True, text=True, stdout=subprocess.PIPE).stdout
    assert [line.split()[0] for line in units.splitlines() if "creel-h" in line] == ["creel-h.scope"]
    assert path.is_dir()
    events = creelctl("events", "--since", "1m", "--until", "now", "--filter", f"container={identity}").stdout
    assert "exec" not in events and events.count("container health_status") == 1


def heard(manager):
    """Everything that the service manager was told by now."""
    said = b""
    manager.setblocking(False)
    try:
        while True:
            said += manager.recv(4096) + b"\n"
    except BlockingIOError:
        return said


@pytest.mark.parametrize("detach", [True, False])
def test_readiness_by_health(creelctl, image, tmp_path, detach):
    """--sdnotify healthy: the caller's service manager hears READY=1 when a check has succeeded, and not before."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        argv = ["creelctl", "run", *(["-d"] if detach else []), "--name", "h", "--sdnotify", "healthy", *FILE, image, "sleep", "1000"]
        with Follower(*argv, env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}) as run:
            eventually(lambda: creelctl("ps", "-q", "--filter", "name=h").stdout, "it is there")
            creelctl("wait", "--condition", "unhealthy", "h")
            assert b"READY" not in heard(manager)
            manager.settimeout(30)
            creelctl("exec", "h", "touch", "/ok")
            while b"READY=1" not in manager.recv(4096):
                pass
            if detach:
                assert run.wait() == 0
        creelctl("rm", "-f", "-t", "0", "h")


def test_readiness_by_health_that_never_comes(creelctl, image, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        done = creelctl(
            "run", "-d", "--name", "h", "--sdnotify", "healthy", *FILE, image, "true", check=False,
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        assert done.returncode == 125 and "healthy" in done.stderr
        assert b"READY" not in heard(manager)


@pytest.mark.parametrize(
    "options",
    [
        ["--sdnotify", "healthy"],
        ["--health-cmd", ""],
        ["--health-cmd", "[]"],
        ["--health-cmd", "[1]"],
        ["--health-cmd", '["unclosed"'],
        ["--health-cmd", "true", "--health-interval", ""],
        ["--health-cmd", "true", "--health-interval", "30"],
        ["--health-cmd", "true", "--health-interval", "-1s"],
        ["--health-cmd", "true", "--health-interval", "1000h"],
        ["--health-cmd", "true", "--health-timeout", "0s"],
        ["--health-cmd", "true", "--health-timeout", "disable"],
        ["--health-cmd", "true", "--health-retries", "0"],
        ["--health-cmd", "true", "--health-retries", "x"],
        ["--health-cmd", "true", "--health-start-period", "soon"],
        ["--health-cmd", "true", "--health-on-failure", "panic"],
        ["--health-cmd", "true", "--health-log-destination", "relative/dir"],
        ["--health-cmd", "true", "--health-max-log-count", "-1"],
        ["--health-cmd", "true", "--health-max-log-size", "1000000"],
        ["--health-cmd", "true", "--health-startup-retries", "3"],
        ["--health-cmd", "true", "--health-startup-cmd", "none"],
        ["--health-startup-cmd", "true"],
        ["--health-interval", "5s"],
        ["--health-on-failure", "kill"],
        ["--no-healthcheck", "--health-cmd", "true"],
        ["--no-healthcheck", "--health-retries", "3"],
    ],
)
def test_bad_options(creelctl, image, options):
    done = creelctl("run", "-d", *options, image, "true", check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1 and "--" in done.stderr
    assert creelctl("ps", "-aq").stdout == ""
