# SPDX-License-Identifier: LGPL-2.1-or-later
"""Restart policies: back-off, counting, who ends them, and what a boot does."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

import bus
from fixtures import eventually
from follow import Follower, pidfd_wait

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")


def state_of(name):
    return str(bus.container_property(name, "State"))


def count_of(name):
    return int(bus.container_property(name, "RestartCount"))


def started_times(creelctl, identity):
    events = creelctl("events", "--since", "2m", "--until", "now", "--filter", f"container={identity}", "--filter", "event=start", "--format", "json")
    return [json.loads(line)["timeUSec"] for line in events.stdout.splitlines()]


def boot(creelctl):
    """What a reboot does to creeld: everything of /run is gone, and with it every process."""
    units = subprocess.run(["systemctl", "list-units", "--plain", "--no-legend", "creel-*.scope"], check=True, text=True, stdout=subprocess.PIPE)
    subprocess.run(["systemctl", "stop", "creeld.service"], check=True)
    for line in units.stdout.splitlines():
        subprocess.run(["systemctl", "kill", "-s", "KILL", line.split()[0]], stderr=subprocess.DEVNULL)
        eventually(
            lambda: subprocess.run(["systemctl", "is-active", "-q", line.split()[0]]).returncode != 0, "the scope is gone"
        )
    mark = Path("/run/creel/booted")
    before = mark.stat().st_mtime_ns
    subprocess.run(["rm", "-rf", *map(str, Path("/run/creel").iterdir())], check=True)
    subprocess.run(["systemctl", "start", "creeld.service"], check=True)
    # for those who compare the host with what it was
    os.utime(mark, ns=(before, before))


@pytest.mark.smoke
def test_on_failure_with_a_limit(creelctl, image):
    identity = creelctl("run", "-d", "--name", "r", "--restart", "on-failure:3", image, "sh", "-c", "exit 4").stdout.strip()
    assert creelctl("wait", "r").stdout == "4\n"
    assert (state_of("r"), count_of("r")) == ("stopped", 3)
    inspected = json.loads(creelctl("inspect", "r").stdout)[0]
    assert inspected["RestartCount"] == 3
    assert inspected["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    times = started_times(creelctl, identity)
    gaps = [(later - sooner) / 1e6 for sooner, later in zip(times, times[1:])]
    assert len(gaps) == 3
    assert all(gap >= expected for gap, expected in zip(gaps, (0.1, 0.2, 0.4)))
    # a user's start begins anew
    creelctl("start", "r")
    assert creelctl("wait", "r").stdout == "4\n"
    assert count_of("r") == 3


def test_on_failure_and_success(creelctl, image):
    creelctl("run", "-d", "--name", "r", "--restart", "on-failure", image, "sh", "-c", "echo x >> /n; test $(wc -l < /n) -ge 3")
    assert creelctl("wait", "r").stdout == "0\n"
    assert count_of("r") == 2


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
def test_always_until_a_user_stops_it(creelctl, image, policy):
    creelctl("run", "-d", "--name", "r", "--restart", policy, image, "true")
    eventually(lambda: count_of("r") >= 3, "three attempts")
    creelctl("stop", "r")
    assert state_of("r") == "stopped"
    # nothing is on its way any more: a creeld that comes anew does not start it either
    subprocess.run(["systemctl", "restart", "creeld.service"], check=True)
    assert state_of("r") == "stopped"
    assert creelctl("wait", "r").stdout == "0\n"


def test_restarting_is_shown(creelctl, image):
    creelctl("run", "-d", "--name", "r", "--restart", "always", image, "sh", "-c", "exit 3")
    creelctl("wait", "--condition", "restarting", "r")
    eventually(lambda: count_of("r") >= 4, "a delay that is long enough to look")
    creelctl("wait", "--condition", "restarting", "r")
    assert creelctl("ps", "--format", "{{.Status}}").stdout.startswith("Restarting (3) ")
    assert creelctl("ps", "-q", "--filter", "status=restarting").stdout.strip()
    status = json.loads(creelctl("inspect", "r").stdout)[0]["State"]
    assert status["Restarting"] is True and status["ExitCode"] == 3
    with Follower("creelctl", "wait", "--ignore", "r") as wait:
        done = creelctl("rm", "r", check=False)
        assert done.returncode == 125 and "restarting" in done.stderr
        assert wait.process.poll() is None
        creelctl("rm", "-f", "r")
        assert wait.wait() == 0
    assert creelctl("ps", "-aq").stdout == ""


def test_start_while_it_waits(creelctl, image):
    creelctl("run", "-d", "--name", "r", "--restart", "always", image, "sh", "-c", "test -e /go && sleep 1000")
    eventually(lambda: count_of("r") >= 4, "a delay that is long enough")
    creelctl("start", "r")
    eventually(lambda: count_of("r") < 4, "a user's start counts anew")
    creelctl("stop", "r")
    assert state_of("r") == "stopped"


@pytest.mark.parametrize("number", ["KILL", "TERM"])
def test_a_user_who_kills_ends_it(creelctl, image, number):
    creelctl("run", "-d", "--name", "r", "--restart", "always", image, "sh", "-c", "trap 'exit 1' TERM; echo ready; while :; do sleep 0.05; done")
    eventually(lambda: "ready" in creelctl("logs", "r").stdout, "it is ready")
    creelctl("kill", "-s", number, "r")
    creelctl("wait", "r")
    assert (state_of("r"), count_of("r")) == ("stopped", 0)


def test_a_crash_does_not(creelctl, image):
    creelctl("run", "-d", "--name", "r", "--restart", "on-failure", image, "sleep", "1000")
    leader = int(bus.container_property("r", "Leader"))
    os.kill(leader, signal.SIGKILL)
    eventually(lambda: count_of("r") == 1 and state_of("r") == "running", "it runs again")
    # nor does a signal that was not meant to end it
    creelctl("kill", "-s", "USR1", "r")
    os.kill(int(bus.container_property("r", "Leader")), signal.SIGSEGV)
    assert state_of("r") in ("running", "restarting")
    creelctl("rm", "-f", "-t", "0", "r")


def test_output_of_all_attempts(creelctl, image):
    creelctl("run", "-d", "--name", "r", "--restart", "on-failure:2", image, "sh", "-c", "echo attempt; exit 1")
    creelctl("wait", "r")
    assert creelctl("logs", "r").stdout == "attempt\n" * 3


def test_in_the_foreground(creelctl, image):
    """The caller has the first run; the others go to the journal."""
    done = creelctl("run", "--name", "r", "--restart", "on-failure:1", image, "sh", "-c", "echo here; exit 5", check=False)
    assert (done.returncode, done.stdout) == (5, "here\n")
    creelctl("wait", "r")
    assert count_of("r") == 1


@pytest.mark.parametrize("number", ["TERM", "KILL"])
def test_creeld_goes_in_between(creelctl, image, number):
    creelctl("run", "-d", "--name", "r", "--restart", "always", image, "sh", "-c", "exit 3")
    eventually(lambda: count_of("r") >= 3, "some attempts")
    before = count_of("r")
    leader = int(subprocess.run(["systemctl", "show", "-P", "MainPID", "creeld.service"], check=True, text=True, stdout=subprocess.PIPE).stdout)
    subprocess.run(["systemctl", "kill", "-s", number, "creeld.service"], check=True)
    pidfd_wait(leader)
    eventually(lambda: count_of("r") > before + 1, "it goes on")
    creelctl("rm", "-f", "r")


def test_an_exit_while_creeld_is_away(creelctl, image):
    creelctl("run", "-d", "--name", "r", "--restart", "on-failure", image, "sleep", "1000")
    leader = int(bus.container_property("r", "Leader"))
    subprocess.run(["systemctl", "stop", "creeld.service"], check=True)
    os.kill(leader, signal.SIGKILL)
    eventually(lambda: list(Path("/run/creel/containers").glob("*/exit")), "its supervisor has recorded the exit")
    eventually(lambda: state_of("r") == "running", "it runs again")
    assert count_of("r") == 1
    creelctl("rm", "-f", "-t", "0", "r")


def test_systemctl_stop_is_a_stop(creelctl, image):
    creelctl("run", "-d", "--name", "r", "--restart", "always", image, "sh", "-c", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done")
    eventually(lambda: "ready" in creelctl("logs", "r").stdout, "it is ready")
    subprocess.run(["systemctl", "stop", "creel-r.scope"], check=True)
    creelctl("wait", "r")
    assert (state_of("r"), count_of("r")) == ("stopped", 0)
    # until the next boot
    boot(creelctl)
    creelctl("wait", "--condition", "running", "r")


def test_boot(creelctl, image):
    for policy in ("no", "on-failure", "always", "unless-stopped"):
        for how in ("running", "stopped"):
            creelctl("run", "-d", "--name", f"{policy}-{how}", "--restart", policy, "--stop-timeout", "0", image, "sleep", "1000")
    creelctl("create", "--name", "always-created", "--restart", "always", image, "sleep", "1000")
    creelctl("stop", *[f"{policy}-stopped" for policy in ("no", "on-failure", "always", "unless-stopped")])
    boot(creelctl)
    for name in ("always-running", "always-stopped", "unless-stopped-running"):
        creelctl("wait", "--condition", "running", name)
    for name in ("no-running", "no-stopped", "on-failure-running", "on-failure-stopped", "unless-stopped-stopped"):
        assert state_of(name) == "stopped"
    assert state_of("always-created") == "created"
    # once for each boot
    creelctl("stop", "-t", "0", "always-running")
    subprocess.run(["systemctl", "restart", "creeld.service"], check=True)
    assert state_of("always-running") == "stopped"


@pytest.mark.parametrize(
    "options",
    [
        ["--restart", ""],
        ["--restart", "sometimes"],
        ["--restart", "always:3"],
        ["--restart", "on-failure:"],
        ["--restart", "on-failure:-1"],
        ["--restart", "on-failure:many"],
        ["--restart", "on-failure:99999999999"],
        ["--rm", "--restart", "always"],
        ["--rm", "--restart", "on-failure:1"],
        ["--rmi", "--restart", "unless-stopped"],
    ],
)
def test_bad_policies(creelctl, image, options):
    done = creelctl("run", "-d", *options, image, "true", check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1 and "restart" in done.stderr
    assert creelctl("ps", "-aq").stdout == ""


def test_policies_that_go_with_rm(creelctl, image):
    assert creelctl("run", "--rm", "--restart", "no", image, "echo", "fine").stdout == "fine\n"


def test_update_of_the_policy(creelctl, image):
    creelctl("run", "-d", "--name", "r", image, "sleep", "1000")
    creelctl("update", "--restart", "on-failure", "r")
    assert bus.container_property("r", "RestartPolicy") == "on-failure"
    os.kill(int(bus.container_property("r", "Leader")), signal.SIGKILL)
    eventually(lambda: count_of("r") == 1 and state_of("r") == "running", "it runs again")
    creelctl("update", "--restart", "no", "r")
    os.kill(int(bus.container_property("r", "Leader")), signal.SIGKILL)
    assert creelctl("wait", "r").stdout == "137\n"
    creelctl("run", "-d", "--rm", "--name", "e", image, "sleep", "1000")
    done = creelctl("update", "--restart", "always", "e", check=False)
    assert done.returncode == 125 and "--rm" in done.stderr
    creelctl("rm", "-f", "-t", "0", "e")


def test_filter_by_policy(creelctl, image):
    creelctl("create", "--name", "a", "--restart", "always", image)
    creelctl("create", "--name", "b", "--restart", "on-failure:2", image)
    creelctl("create", "--name", "c", image)
    for policy, name in (("always", "a"), ("on-failure", "b"), ("no", "c")):
        assert creelctl("ps", "-a", "--filter", f"restart-policy={policy}", "--format", "{{.Names}}").stdout == f"{name}\n"
