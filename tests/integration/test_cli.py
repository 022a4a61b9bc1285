# SPDX-License-Identifier: LGPL-2.1-or-later
"""creelctl as people and scripts meet it: help, usage errors, output formats, completion, what it says when nobody answers."""

import json
import os
import re
import signal
import subprocess

import pytest

from follow import Follower, Terminal, kill_and_wait

pytestmark = pytest.mark.usefixtures("no_containers")

LOOP = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"


def verbs():
    text = subprocess.run(["creelctl", "help", "--list-verbs"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return [line.split("\t")[0] for line in text.splitlines()]


# Help and usage


def test_help(creelctl):
    text = creelctl("--help").stdout
    for verb in verbs():
        assert re.search(rf"\b{verb}\b", text), verb
        own = creelctl(verb, "--help").stdout
        assert own == creelctl("help", verb).stdout
        assert own.startswith(f"creelctl {verb} ")
    assert creelctl("version").stdout == creelctl("--version").stdout == creelctl("ps", "--version").stdout


@pytest.mark.parametrize(
    "arguments, says",
    [
        ([], "what shall be done"),
        (["frob"], "unknown verb 'frob'"),
        (["ps", "--frob"], "unknown option '--frob' for 'ps'"),
        (["--frob", "ps"], "unknown option '--frob'"),
        (["ps", "x"], "one operand too many: 'x'"),
        (["run"], "nothing is named as the root: give an image"),
        (["rm"], "needs CONTAINER... or --all"),
        (["rm", "-a", "x"], "exclude each other"),
        (["stop", "-t", "soon", "x"], "must be a number of seconds"),
        (["kill", "-s", "NONE", "x"], "unknown signal 'NONE'"),
        (["kill", "--kill-whom", "me", "x"], "leader or all"),
        (["logs", "--since", "soon", "x"], "must be a time such as"),
        (["logs", "-n", "few", "x"], "number of lines"),
        (["events", "--filter", "kind=x"], "filter 'kind=x'"),
        (["ps", "--filter", "status=up"], "filter 'status=up'"),
        (["run", "--memory", "1", "x"], "at least 6m"),
        (["run", "--name", "a/b", "x"], "letters, digits"),
        (["run", "--pull", "often", "x"], "always, missing, newer or never"),
        (["run", "--env-file", "/nonexistent/env", "x"], "/nonexistent/env"),
        (["pull", "--policy", "newer", "x"], "always or missing"),
        (["pull", "--ca", "/nonexistent/ca", "x"], "/nonexistent/ca"),
        (["inspect", "--type", "volume", "x"], "container, image or all"),
        (["cancel-transfer", "x"], "not the id of a transfer"),
        (["cancel-transfer", "4000000000"], "no transfer 4000000000"),
    ],
)
def test_usage(creelctl, arguments, says):
    done = creelctl(*arguments, check=False)
    assert done.returncode == 125
    assert done.stdout == ""
    assert re.fullmatch(r"creelctl: .*\n", done.stderr) and says in done.stderr, done.stderr


def test_nobody_answers(creelctl):
    done = creelctl("ps", check=False, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/socket"})
    assert done.returncode == 125
    assert "cannot reach creeld on the system bus" in done.stderr and "is dbus running?" in done.stderr


def test_output_cannot_be_written():
    with open("/dev/full", "w") as full:
        done = subprocess.run(["creelctl", "help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 125 and "cannot write the output" in done.stderr


def test_not_utf8():
    done = subprocess.run(["creelctl", "stop", b"\xff"], stderr=subprocess.PIPE)
    assert done.returncode == 125 and b"UTF-8" in done.stderr


# Formats


def test_templates(creelctl, image):
    creelctl("create", "--name", "shape", "-l", "b=2", "-l", "a=1", image, "sh", "-c", "echo 'a b'")
    ps = creelctl("ps", "-a", "--format", r"{{.Names}}\t{{.Status}} {{.Command}} {{.Labels}}").stdout
    assert ps == 'shape\tCreated sh -c "echo \'a b\'" b=2,a=1\n'
    full = creelctl("ps", "-aq", "--no-trunc").stdout.strip()
    assert re.fullmatch("[0-9a-f]{64}", full)
    assert creelctl("ps", "-aq").stdout.strip() == full[:12]
    assert creelctl("inspect", "-f", "{{.State.Status}} {{index .Config.Labels \"a\"}}", "shape").stdout == "created 1\n"
    assert creelctl("inspect", "--format", ".Name", "shape").stdout.strip().lstrip("/") == "shape"
    assert json.loads(creelctl("inspect", "--format", "{{json .Config.Labels}}", "shape").stdout) == {"a": "1", "b": "2"}
    assert f"{image} " in creelctl("images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").stdout
    assert re.fullmatch(r"\d+\n", creelctl("info", "--format", "{{.Images}}").stdout)
    wrong = creelctl("ps", "-a", "--format", "{{.Nmes}}", check=False)
    assert wrong.returncode == 125 and "no member 'Nmes'" in wrong.stderr


def test_legend(creelctl):
    assert creelctl("ps").stdout.startswith("CONTAINER ID ")
    assert creelctl("ps", "--no-legend").stdout == ""
    assert json.loads(creelctl("ps", "--format", "json").stdout) == []
    assert creelctl("--format", "json", "list-transfers").stdout.split() == ["[", "]"]


def test_show_values(creelctl, image):
    creelctl("create", "--name", "shown", "-l", "k=v", image, "echo", "x")
    assert creelctl("show", "-p", "State", "--value", "shown").stdout == "created\n"
    both = creelctl("show", "-p", "Name", "-p", "Labels", "shown").stdout
    assert sorted(both.splitlines()) == ["Labels=k=v", "Name=shown"]


# Runs


def test_start_attached_with_a_terminal(creelctl, image):
    creelctl("create", "-it", "--name", "typed", image, "sh", "-c", "read line; echo got $line; exit 4")
    with Terminal("creelctl", "start", "-ai", "typed") as terminal:
        before = terminal.attributes()
        terminal.write("word\r")
        terminal.expect("got word")
        assert terminal.wait() == 4
        assert terminal.attributes() == before


def test_terminal_has_its_size_from_the_start(image):
    with Terminal("creelctl", "run", "-it", "--rm", image, "stty", "size", rows=33, columns=111) as terminal:
        assert terminal.wait() == 0
        assert "33 111" in terminal.output


def test_signals_are_not_passed_on_when_told_so(creelctl, image):
    with Follower("creelctl", "run", "--sig-proxy=false", "--name", "deaf", image, "sh", "-c", LOOP) as run:
        run.line("ready")
        run.signal(signal.SIGTERM)
        assert run.wait() == -signal.SIGTERM
    assert creelctl("show", "-p", "State", "--value", "deaf").stdout == "running\n"
    assert creelctl("stop", "deaf").stdout == "deaf\n"
    assert creelctl("wait", "deaf").stdout == "3\n"


def test_killed_supervisor_is_told_by_creeld(creelctl, image):
    with Follower("creelctl", "run", "--name", "orphan", image, "sh", "-c", LOOP) as run:
        run.line("ready")
        kill_and_wait(int(creelctl("show", "-p", "Supervisor", "--value", "orphan").stdout))
        assert run.wait() == 137


def test_environment_files(creelctl, image, tmp_path):
    path = tmp_path / "env"
    path.write_text("# comment\nA=from file\nB=1\nCALLER\nNOBODY_HAS_THIS\n")
    env = {**os.environ, "CALLER": "here", "OTHER": "there"}
    words = ["--env-file", path, "-e", "B=2", "-e", "OTHER", "-e", "NOBODY_HAS_THIS"]
    out = creelctl("run", "--rm", *words, image, "env", env=env).stdout.splitlines()
    assert {"A=from file", "B=2", "CALLER=here", "OTHER=there"} <= set(out)
    assert not any(line.startswith("NOBODY_HAS_THIS") for line in out)


# Events


def test_events_as_they_happen(creelctl, image):
    words = ["--filter", "container=seen", "--format", "{{.Status}} {{.Attributes.name}}"]
    # --since, because nothing tells when a follower has begun
    with Follower("creelctl", "events", "--since", "now", *words) as events:
        creelctl("run", "--rm", "--name", "unseen", image, "true")
        creelctl("run", "--rm", "--name", "seen", image, "true")
        for action in ("create", "start", "died", "remove"):
            events.line(rf"^{action} seen$")
        assert not any("unseen" in line for line in events.seen)
        events.signal(signal.SIGINT)
        assert events.wait() == -signal.SIGINT


def test_events_until(creelctl, image):
    creelctl("run", "--rm", "--name", "past", image, "true")
    every = creelctl("events", "--no-stream", "--filter", "container=past", "--format", "json").stdout.splitlines()
    assert [json.loads(line)["Status"] for line in every] == ["create", "start", "died", "remove"]
    died = json.loads(every[2])["timeUSec"]
    until = f"@{died // 1_000_000}.{died % 1_000_000:06}"
    some = creelctl("events", "--since", "5m", "--until", until, "--filter", "container=past", "--format", "json").stdout.splitlines()
    assert some == every[:3]


# Completion


def complete(*words):
    """What bash offers for the last of @words."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; ' \
        '$(complete -p creelctl | sed "s/.*-F \\([^ ]*\\).*/\\1/") creelctl "${COMP_WORDS[COMP_CWORD]}" ""; printf "%s\\n" "${COMPREPLY[@]}"'
    path = "/usr/share/bash-completion/completions/creelctl"
    argv = ["bash", "-c", script, "bash", path, "creelctl", *words]
    done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    assert done.stderr == ""
    return {word.strip() for word in done.stdout.splitlines() if word}


def test_completion(creelctl, image):
    creelctl("create", "--name", "finish", image)
    assert {"run", "rm", "rmi"} <= complete("r")
    assert "--memory" in {word.rstrip("=") for word in complete("run", "--me")}
    assert complete("run", "--network", "h") == {"host"}
    assert "finish" in complete("rm", "fin")
    assert complete("rm", "--frob") == set()
