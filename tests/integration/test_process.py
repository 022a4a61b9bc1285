# SPDX-License-Identifier: LGPL-2.1-or-later
"""The process of a container: its command, environment, user, limits, init, descriptors, notifications, log, and the files of
/etc. What every option refuses is in test_options.py; here are the refusals that need more than one word."""

import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

import images
from fixtures import eventually, run_command
from follow import Follower
from ociwriter import Image, Layer

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")


@pytest.fixture
def inside(creelctl, image):
    """inside("--option", ..., script="...") -> the output of a shell script in a fresh container."""

    def call(*options, script, **kw):
        return creelctl("run", "--rm", *options, image, "sh", "-c", script, **kw)

    return call


def environment(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def refused(done, *words):
    assert done.returncode == 125, done
    assert done.stderr.startswith("creelctl: ") and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


# Entrypoint and command


@pytest.fixture
def spoken(pulled):
    """An image whose entrypoint prints its arguments, with a command."""
    layer = images.busybox_layer().file("bin/say", '#!/bin/sh\necho "$0" "$@"\n', mode=0o755)
    layer.file("bin/other", '#!/bin/sh\necho "other" "$@"\n', mode=0o755)
    return pulled(Image([layer], config={"Env": [images.PATH_ENV], "Entrypoint": ["/bin/say", "a"], "Cmd": ["b", "c"]}), "process/say:1")


@pytest.mark.parametrize(
    "options, operands, said",
    [
        ([], [], "/bin/say a b c"),
        ([], ["x"], "/bin/say a x"),
        (["--entrypoint", "/bin/other"], [], "other"),
        (["--entrypoint", "/bin/other"], ["x", "y"], "other x y"),
        (["--entrypoint", '["/bin/other", "p q"]'], ["x"], "other p q x"),
        (["--entrypoint", ""], ["echo", "bare"], "bare"),
        (["--entrypoint", "/bin/say", "--entrypoint", "/bin/other"], [], "other"),
    ],
)
def test_entrypoint(creelctl, spoken, options, operands, said):
    assert creelctl("run", "--rm", *options, spoken, *operands).stdout == said + "\n"


def test_nothing_to_run(creelctl, spoken, image):
    refused(creelctl("run", "--rm", "--entrypoint", "", spoken, check=False), "command")
    refused(creelctl("run", "--name", "empty", image, "", check=False), "command")
    assert "empty" not in creelctl("ps", "-a").stdout


def test_inspect_of_a_replaced_entrypoint(creelctl, spoken):
    creelctl("create", "--name", "replaced", "--entrypoint", "/bin/other", spoken)
    config = json.loads(creelctl("inspect", "replaced").stdout)[0]["Config"]
    assert config["Entrypoint"] == ["/bin/other"] and config["Cmd"] == []


# Environment


def test_environment_order(creelctl, pulled):
    """The caller's for --env-host, the image's over it, the user's over both."""
    reference = pulled(Image([images.busybox_layer()], config={"Env": [images.PATH_ENV, "A=image", "B=image", "C=image"]}), "process/env:1")
    caller = {**os.environ, "A": "caller", "HOSTS": "caller", "NOTIFY_SOCKET": "", "LISTEN_FDS": "3", "LISTEN_PID": "1"}
    out = creelctl("run", "--rm", "--env-host", "-e", "B=user", "--unsetenv", "C", reference, "env", env=caller).stdout
    env = environment(out)
    assert (env["A"], env["B"], env["HOSTS"]) == ("image", "user", "caller")
    assert "C" not in env and "LISTEN_FDS" not in env


def test_env_by_prefix(inside):
    out = inside("-e", "CREEL_T*", script="env", env={**os.environ, "CREEL_TA": "1", "CREEL_TB": "2", "CREEL_X": "3"}).stdout
    env = environment(out)
    assert env["CREEL_TA"] == "1" and env["CREEL_TB"] == "2" and "CREEL_X" not in env


def test_unsetenv_all(creelctl, image):
    env = environment(creelctl("run", "--rm", "--unsetenv-all", "-e", "MINE=1", image, "/bin/env").stdout)
    assert set(env) == {"MINE", "HOME", "HOSTNAME", "container", "container_uuid"}


def test_env_merge(creelctl, pulled):
    reference = pulled(Image([images.busybox_layer()], config={"Env": [images.PATH_ENV, "HELLO=world"]}), "process/merge:1")
    words = ["--env-merge", "HELLO=${HELLO}-some", "--env-merge", "NONE=${MISSING}-x", "--env-merge", "D=${MISSING:-d}"]
    env = environment(creelctl("run", "--rm", *words, reference, "env").stdout)
    assert (env["HELLO"], env["NONE"], env["D"]) == ("world-some", "-x", "d")


def test_proxies(inside):
    caller = {**os.environ, "http_proxy": "http://a", "HTTPS_PROXY": "http://b", "no_proxy": "c", "all_proxy": "d"}
    env = environment(inside(script="env", env=caller).stdout)
    assert (env["http_proxy"], env["HTTPS_PROXY"], env["no_proxy"]) == ("http://a", "http://b", "c") and "all_proxy" not in env
    assert "proxy" not in inside("--http-proxy=false", script="env", env=caller).stdout.lower()
    assert environment(inside("-e", "http_proxy=mine", script="env", env=caller).stdout)["http_proxy"] == "mine"


# User and groups


def test_groups(inside):
    assert inside("-u", "app", "--group-add", "wheel", "--group-add", "77", script="id -G").stdout.split() == ["1000", "10", "77"]
    assert inside(script="id -G").stdout.split() == ["0", "10"]  # whom the image says nothing of is root, with root's groups
    assert inside("-u", "root:0", script="id -G").stdout.split() == ["0"]
    done = inside("--group-add", "nobodies", script="true", check=False)
    refused(done, "nobodies")
    refused(inside("--group-add", "keep-groups", script="true", check=False), "keep-groups")


def test_unknown_number_gets_entries(inside):
    out = inside("-u", "4711", "-w", "/tmp", script="id -un; echo $HOME; cat /etc/passwd /etc/group; touch /tmp/x").stdout.splitlines()
    assert out[:2] == ["4711", "/tmp"]
    assert "4711:*:4711:0:container user:/tmp:/bin/sh" in out and "4711:x:4711:4711" in out
    assert "root:x:0:0:root:/root:/bin/sh" in out


def test_known_users_get_none(inside):
    for user in ("app", "1000", "root", "0:10"):
        assert "container user" not in inside("-u", user, script="cat /etc/passwd").stdout


def test_entries_of_ones_own(inside):
    words = ["-u", "4711:88", "--passwd-entry", "me:x:$UID:$GID:$NAME:$HOME:/x", "--group-entry", "us:x:$GID:$USERLIST"]
    out = inside(*words, script="tail -n 1 /etc/passwd; tail -n 1 /etc/group").stdout
    assert out == "me:x:4711:88:container user:/:/x\nus:x:88:4711\n"


def test_no_entries(inside, creelctl, image):
    assert "4711" not in inside("-u", "4711", "--passwd=false", script="cat /etc/passwd /etc/group").stdout
    refused(inside("--passwd=false", "--passwd-entry", "x", script="true", check=False), "--passwd-entry", "--passwd=false")


def test_entries_do_not_follow_links_out(creelctl, pulled):
    """The image's /etc/passwd is a link: what is written stays in a copy, and the target is as it was."""
    layer = images.busybox_layer().file("data", "root:x:0:0:root:/root:/bin/sh\n").symlink("etc/passwd", "../../../../data")
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "process/link:1")
    out = creelctl("run", "--rm", "-u", "4711", reference, "sh", "-c", "id -un; cat /etc/passwd; umount /etc/passwd 2>&1 | wc -l").stdout
    assert out.startswith("4711\n") and "container user" in out
    before = Path("/data").exists()
    assert not before


def test_read_only_root_has_entries_too(inside):
    assert inside("--read-only", "-u", "4711", script="id -un").stdout == "4711\n"


def test_working_directory_is_made(inside):
    assert inside("-w", "/a/b/c", script="pwd").stdout == "/a/b/c\n"


# Limits and attributes


def test_umask(inside):
    assert inside(script="umask").stdout == "0022\n"
    assert inside("--umask", "077", script="umask; touch /x; stat -c %a /x").stdout == "0077\n600\n"


def test_ulimits(inside):
    words = ["--ulimit", "nofile=100:200", "--ulimit", "RLIMIT_CORE=0", "--ulimit", "nofile=90:180"]
    assert inside(*words, script="ulimit -n; ulimit -Hn; ulimit -c").stdout == "90\n180\n0\n"


def test_few_descriptors(inside):
    """The limit is the command's: what makes the container for it needs more."""
    assert inside("--ulimit", "nofile=3:4", "-v", "/tmp:/x", "--tmpfs", "/y", script="ulimit -n; ulimit -Hn").stdout == "3\n4\n"


def test_ulimit_host(image):
    script = f"ulimit -Sn 333; exec creelctl run --rm --ulimit host --ulimit core=0 {image} sh -c 'ulimit -n; ulimit -c'"
    assert run_command("sh", "-c", script).stdout == "333\n0\n"


def test_oom_score(inside):
    assert inside("--oom-score-adj", "500", script="cat /proc/self/oom_score_adj").stdout == "500\n"


def test_cpu_affinity(inside):
    assert inside("--cpu-affinity", "0", script="grep Cpus_allowed_list /proc/self/status").stdout.split() == ["Cpus_allowed_list:", "0"]
    refused(inside("--cpu-affinity", "1000", script="true", check=False), "1000")


def test_personality(inside):
    assert inside("--personality", "LINUX32", script="uname -m").stdout.strip() in ("i686", "armv8l", "armv7l")
    assert inside("--personality", "LINUX", script="uname -m").stdout.strip() == os.uname().machine


def test_time_zone(inside):
    assert inside("--tz", "Asia/Tokyo", script="date +%Z").stdout == "JST\n"
    assert inside("--tz", "local", script="date +%Z").stdout == run_command("date", "+%Z").stdout
    for bad in ("No/Where", "Etc", "posix/../../../../etc/passwd"):
        refused(inside("--tz", bad, script="true", check=False), "--tz")


def test_time_zone_over_a_dangling_link(creelctl, pulled):
    layer = images.busybox_layer().symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC")
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "process/zone:1")
    assert creelctl("run", "--rm", "--tz", "Asia/Tokyo", reference, "date", "+%Z").stdout == "JST\n"


def test_timeout(inside):
    begin = time.monotonic()
    assert inside("--timeout", "1", script="trap '' TERM INT; while :; do sleep 1; done", check=False).returncode == 137
    assert time.monotonic() - begin < 10
    assert inside("--timeout", "0", script="exit 3", check=False).returncode == 3


# Init


def test_init(inside):
    out = inside("--init", script="cat /proc/1/cmdline | tr '\\0' ' '; echo; echo $$; exit 7", check=False)
    assert out.returncode == 7
    lines = out.stdout.splitlines()
    assert lines[0].startswith("/run/creel-init -- sh -c") and lines[1] == "2"


def test_init_exits_with_a_signal(inside):
    assert inside("--init", script="kill -KILL $$", check=False).returncode == 137


def test_init_collects_orphans(inside):
    script = "(sh -c 'sleep 0.1 & exec true' &); sleep 0.5; grep -l '^State:.Z' /proc/[0-9]*/status | wc -l"
    assert inside("--init", script=script).stdout.strip() == "0"


def test_init_passes_signals_on(creelctl, image):
    creelctl("run", "-d", "--name", "init", "--init", image, "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done")
    eventually(lambda: "up" in creelctl("logs", "init").stdout, "the trap is set")
    creelctl("stop", "init")
    assert creelctl("wait", "init").stdout.strip() == "9"


def test_init_cannot_be_written_to(inside):
    """Neither the container's copy, nor by way of it the host's program."""
    before = Path("/usr/lib/creel/creel-init").read_bytes()
    script = "echo x >/run/creel-init; echo x >/proc/1/exe; mount -o remount,rw /run/creel-init; chmod 777 /run/creel-init; rm /run/creel-init"
    for options in ([], ["--privileged", "--userns", "host"]):
        inside("--init", *options, script=script, check=False)
        assert Path("/usr/lib/creel/creel-init").read_bytes() == before


def test_init_missing_command(creelctl, image):
    assert creelctl("run", "--rm", "--init", image, "no-such-command", check=False).returncode == 127


def test_init_path(inside, creelctl, image):
    assert inside("--init-path", "/usr/lib/creel/creel-init", script="echo $$").stdout == "2\n"
    refused(creelctl("run", "--rm", "--init-path", "/no/such", image, "true", check=False), "--init-path")
    refused(creelctl("run", "--rm", "--init", "--systemd=always", image, "true", check=False), "--init")
    refused(creelctl("run", "--rm", "--init", "--pid", "host", image, "true", check=False), "--init", "--pid")


# Descriptors


def test_only_three_descriptors(inside):
    assert inside(script="ls /proc/$$/fd; true").stdout.split() == ["0", "1", "2"]
    assert inside("--init", script="ls /proc/1/fd /proc/$$/fd; true").stdout.split().count("2") == 2


def open_two(tmp_path):
    files = []
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
        files.append(str(tmp_path / name))
    return files


def test_preserve_fds(image, tmp_path):
    first, second = open_two(tmp_path)
    script = f"exec 3<{first} 4<{second} 5</dev/null; creelctl run --rm --preserve-fds 2 {image} sh -c 'cat <&3; cat <&4; ls /proc/$$/fd; true'"
    assert run_command("sh", "-c", script).stdout == "firstsecond0\n1\n2\n3\n4\n"


def test_preserve_fd(image, tmp_path):
    first, second = open_two(tmp_path)
    script = f"exec 5<{first} 9<{second}; creelctl run --rm --preserve-fd 9,5 {image} sh -c 'cat <&5; cat <&9; ls /proc/$$/fd; true'"
    assert run_command("sh", "-c", script).stdout == "firstsecond0\n1\n2\n5\n9\n"


def test_preserve_fds_refused(creelctl, image):
    refused(creelctl("run", "--rm", "--preserve-fds", "1", image, "true", check=False), "3", "not open")
    refused(creelctl("run", "--rm", "--preserve-fds", "1", "--preserve-fd", "4", image, "true", check=False), "--preserve-fd")
    refused(creelctl("run", "--rm", "--preserve-fd", "1", image, "true", check=False), "--preserve-fd")


@pytest.mark.parametrize("options, pid", [([], "1"), (["--init"], "2")], ids=["plain", "init"])
def test_socket_activation(image, tmp_path, options, pid):
    """As systemd hands sockets over: the command finds them from 3 on, and its own number in LISTEN_PID."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "socket"))
    listener.listen()
    words = " ".join(options)
    script = (
        f"exec 3<&{listener.fileno()}; export LISTEN_FDS=1 LISTEN_FDNAMES=http LISTEN_PID=$$; "
        f"exec creelctl run --rm {words} {image} sh -c 'echo $LISTEN_FDS $LISTEN_FDNAMES $LISTEN_PID $$; readlink /proc/self/fd/3'"
    )
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, text=True, pass_fds=(listener.fileno(),), timeout=60)
    said, link = done.stdout.splitlines()
    assert said == f"1 http {pid} {pid}" and link.startswith("socket:")


def test_sockets_of_others_are_not_passed_on(inside):
    env = {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": "1"}
    assert inside(script="env | grep -c LISTEN", env=env, check=False).stdout == "0\n"


# Notifications: creelctl as the main process of a service of Type=notify


@pytest.fixture
def notifier(tmp_path):
    """A root that has the host's systemd-notify: what has to stand in front of its command."""
    root = tmp_path / "root"
    for name in ("proc", "sys", "dev", "run", "tmp", "etc", "usr"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "tmp").chmod(0o1777)
    return ["-v", "/usr:/usr:ro", "--rootfs", str(root)]


@pytest.fixture
def service():
    """service(name, *creelctl's words, type="notify") starts a transient unit; it is gone behind the test."""
    units = []

    def start(name, *words, check=True):
        units.append(f"{name}.service")
        argv = ["systemd-run", "--quiet", f"--unit={name}", "-p", "Type=notify", "-p", "NotifyAccess=main", "-p", "TimeoutStartSec=20", "--collect"]
        return run_command(*argv, "/usr/bin/creelctl", *words, check=check)

    yield start
    for unit in units:
        run_command("systemctl", "stop", unit, check=False)


def show(unit, key):
    return run_command("systemctl", "show", "-P", key, unit).stdout.strip()


def test_notify_from_the_container(service, notifier):
    script = "systemd-notify --ready --status='all is well'; exec sleep 100"
    service("creel-test-notify", "run", "--rm", "--init", "--name", "told", *notifier, "sh", "-c", script)
    assert show("creel-test-notify", "ActiveState") == "active"
    eventually(lambda: show("creel-test-notify", "StatusText") == "all is well", "the status arrives")


def test_not_ready_without_a_word(service, image):
    """The default is that the container says it."""
    argv = ["systemd-run", "--quiet", "--unit=creel-test-mute", "-p", "Type=notify", "-p", "TimeoutStartSec=2", "--collect"]
    assert run_command(*argv, "/usr/bin/creelctl", "run", "--rm", "--init", image, "sleep", "100", check=False).returncode != 0
    run_command("systemctl", "stop", "creel-test-mute.service", check=False)


def test_notify_conmon(service, image):
    service("creel-test-conmon", "run", "--rm", "--init", "--sdnotify", "conmon", image, "sh", "-c", "test -z \"$NOTIFY_SOCKET\" && exec sleep 100")
    assert show("creel-test-conmon", "ActiveState") == "active"


def test_notify_detached(service, notifier, creelctl):
    """The service goes on with the supervisor as its main process, which passes on what comes later."""
    script = "sleep 0.3; systemd-notify --ready; sleep 0.5; systemd-notify --status=later; exec sleep 100"
    service("creel-test-detached", "run", "-d", "--name", "away", *notifier, "sh", "-c", script)
    assert show("creel-test-detached", "ActiveState") == "active"
    pid = int(show("creel-test-detached", "MainPID"))
    assert Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"creel-supervise")
    eventually(lambda: show("creel-test-detached", "StatusText") == "later", "the later status arrives")
    creelctl("rm", "-f", "-t", "0", "away")


def test_notify_detached_conmon(service, image, creelctl):
    service("creel-test-away", "run", "-d", "--name", "away2", "--sdnotify", "conmon", image, "sleep", "100")
    pid = int(show("creel-test-away", "MainPID"))
    assert Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"creel-supervise")
    creelctl("rm", "-f", "-t", "0", "away2")


def heard(listener):
    """The next message, as lines."""
    return listener.recv(4096).decode().splitlines()


@pytest.fixture
def ear(tmp_path):
    """A service manager's socket, and the environment that names it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        yield listener, {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}


def test_words_of_conmon(ear, image):
    listener, env = ear
    with Follower("creelctl", "run", "--rm", "--sdnotify", "conmon", image, "true", env=env) as run:
        assert heard(listener) == [f"MAINPID={run.process.pid}", "READY=1"]
        assert run.wait() == 0


def test_words_in_the_background_do_not_wait(ear, image, creelctl):
    """--detach comes back before the command is ready; the supervisor says the rest."""
    listener, env = ear
    creelctl("run", "-d", "--name", "slow", image, "sleep", "100", env=env)
    words = heard(listener)
    assert len(words) == 1 and words[0].startswith("MAINPID=")
    creelctl("rm", "-f", "-t", "0", "slow")


def test_words_of_the_container(ear, creelctl, notifier):
    listener, env = ear
    script = "systemd-notify --ready --status=up; exec sleep 100"
    creelctl("run", "-d", "--name", "speaks", *notifier, "sh", "-c", script, env=env)
    assert heard(listener)[0].startswith("MAINPID=")
    seen = set()
    while not {"READY=1", "STATUS=up"} <= seen:
        seen |= set(heard(listener))
    creelctl("rm", "-f", "-t", "0", "speaks")


def test_flood_of_words(ear, creelctl, notifier, image):
    """A container that says things without end is heard, and nobody else is kept from being so."""
    listener, env = ear
    script = "while :; do systemd-notify --no-block --status=$((i = i + 1)) 2>/dev/null; done"
    creelctl("run", "-d", "--name", "flood", *notifier, "sh", "-c", f"systemd-notify --ready; {script}", env=env)
    while "READY=1" not in heard(listener):
        pass
    assert creelctl("run", "--rm", image, "true").returncode == 0
    creelctl("rm", "-f", "-t", "0", "flood")


def test_notify_ignored(inside, tmp_path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    listener.settimeout(0.2)
    env = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
    assert inside("--sdnotify", "ignore", script="echo \"<$NOTIFY_SOCKET>\"", env=env).stdout == "<>\n"
    with pytest.raises(TimeoutError):
        listener.recv(100)
    assert inside(script="echo $NOTIFY_SOCKET; ls -l $NOTIFY_SOCKET | cut -c1", env=env).stdout == "/run/host/notify\ns\n"


# Files of process numbers, labels, log


def test_pid_files(creelctl, image, tmp_path):
    pidfile, other = tmp_path / "pid", tmp_path / "other"
    creelctl("run", "-d", "--name", "numbered", "--pidfile", pidfile, "--conmon-pidfile", other, image, "sleep", "100")
    info = json.loads(creelctl("inspect", "numbered").stdout)[0]
    assert int(pidfile.read_text()) == info["State"]["Pid"] and info["PidFile"] == str(pidfile)
    assert Path(f"/proc/{int(other.read_text())}/cmdline").read_bytes().startswith(b"creel-supervise")
    creelctl("run", "--rm", "--pidfile", "relative.pid", image, "true", cwd=tmp_path)
    assert int((tmp_path / "relative.pid").read_text()) > 0
    refused(creelctl("run", "--rm", "--pidfile", tmp_path / "no" / "pid", image, "true", check=False), "--pidfile")


def journal_of(name):
    out = run_command("journalctl", "-o", "json", "--no-pager", f"CONTAINER_NAME={name}", "_TRANSPORT=journal").stdout
    return [json.loads(line) for line in out.splitlines() if '"MESSAGE"' in line]


def test_log_options(creelctl, image):
    words = ["--log-opt", "tag={{.Name}}/{{.ID}}", "--log-opt", "label=APP_NAME=web"]
    identifier = creelctl("run", "-d", "--name", "tagged", *words, image, "echo", "said").stdout.strip()
    creelctl("wait", "tagged")
    entry = eventually(lambda: [e for e in journal_of("tagged") if e["MESSAGE"] == "said"], "the line is in the journal")[0]
    assert entry["CONTAINER_TAG"] == f"tagged/{identifier[:12]}" and entry["APP_NAME"] == "web"


def test_log_none(creelctl, image):
    creelctl("run", "-d", "--name", "unheard", "--log-driver", "none", image, "echo", "said")
    creelctl("wait", "unheard")
    assert not [e for e in journal_of("unheard") if e["MESSAGE"] == "said"]


def test_log_passthrough(creelctl, image):
    done = creelctl("run", "-d", "--name", "through", "--log-driver", "passthrough", image, "sh", "-c", "echo out; echo err >&2")
    creelctl("wait", "through")
    assert "out\n" in done.stdout and "err" in done.stderr


def test_log_refused(creelctl, image):
    refused(creelctl("run", "--rm", "--log-driver", "none", "--log-opt", "tag=x", image, "true", check=False), "--log-opt")
    refused(creelctl("run", "--rm", "--log-opt", "tag=x", "--log-opt", "tag=y", image, "true", check=False), "--log-opt")
    refused(creelctl("run", "--rm", "--log-driver", "k8s-file", image, "true", check=False), "--log-driver", "journald")


# /etc/hosts, /etc/hostname, /etc/resolv.conf, /run/.containerenv


def test_hosts(inside):
    out = inside("--name", "box", "--hostname", "h", "--hosts-file", "none", "--add-host", "a;b:1.2.3.4", "--add-host", "c:fd00::1", script="cat /etc/hosts").stdout
    assert out == "1.2.3.4\ta b\nfd00::1\tc\n127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.0.1\th box\n"


def test_hosts_begin_with_the_hosts_file(inside, tmp_path):
    (tmp_path / "base").write_text("10.0.0.9 nine # a remark\n10.0.0.8 eight a\n")
    out = inside("--hosts-file", tmp_path / "base", "--add-host", "a:1.2.3.4", script="cat /etc/hosts").stdout.splitlines()
    assert out[:3] == ["1.2.3.4\ta", "10.0.0.9\tnine", "10.0.0.8\teight"]


def test_hosts_of_the_image(creelctl, pulled):
    layer = images.busybox_layer().file("etc/hosts", "10.9.9.9 of-the-image\n").file("etc/hostname", "of-the-image\n").file("etc/resolv.conf", "# of the image\n")
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "process/hosts:1")
    out = creelctl("run", "--rm", "--hosts-file", "image", "--add-host", "x:1.1.1.1", reference, "cat", "/etc/hosts").stdout.splitlines()
    assert out[:2] == ["1.1.1.1\tx", "10.9.9.9\tof-the-image"] and any("localhost" in line for line in out)
    words = ["--no-hosts", "--no-hostname", "--dns", "none"]
    out = creelctl("run", "--rm", *words, reference, "cat", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf").stdout
    assert out == "10.9.9.9 of-the-image\nof-the-image\n# of the image\n"


def test_hosts_are_true_at_each_start(creelctl, image):
    creelctl("create", "--name", "again", "--hosts-file", "none", image, "sh", "-c", "cat /etc/hosts; echo spoilt >/etc/hosts")
    first = creelctl("start", "-a", "again").stdout
    assert creelctl("start", "-a", "again").stdout == first


@pytest.mark.parametrize(
    "words, named",
    [
        (["--no-hosts", "--add-host", "a:1.1.1.1"], ["--no-hosts", "--add-host"]),
        (["--no-hosts", "--hosts-file", "none"], ["--no-hosts", "--hosts-file"]),
        (["--dns", "none", "--dns", "1.1.1.1"], ["--dns"]),
        (["--dns", "none", "--dns-search", "x"], ["--dns"]),
        (["--hosts-file", "/no/such/file"], ["--hosts-file"]),
        (["--network", "none", "--add-host", "a:host-gateway"], ["host-gateway"]),
    ],
)
def test_hosts_refused(creelctl, image, words, named):
    refused(creelctl("run", "--rm", *words, image, "true", check=False), *named)


def test_resolv_conf(inside):
    words = ["--dns", "1.1.1.1", "--dns", "2606:4700::1111", "--dns-search", "a.org", "--dns-search", "b.org", "--dns-option", "ndots:2"]
    out = inside(*words, script="cat /etc/resolv.conf").stdout
    assert out == "search a.org b.org\nnameserver 1.1.1.1\nnameserver 2606:4700::1111\noptions ndots:2\n"


def test_resolv_conf_over_a_dangling_link(creelctl, pulled):
    layer = images.busybox_layer().symlink("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "process/resolv:1")
    assert creelctl("run", "--rm", "--dns", "1.1.1.1", reference, "cat", "/etc/resolv.conf").stdout == "nameserver 1.1.1.1\n"


def test_containerenv(inside):
    assert inside(script="wc -c </run/.containerenv").stdout.strip() == "0"
    out = environment(inside("--privileged", "--name", "noble", script="cat /run/.containerenv").stdout)
    assert out["name"] == '"noble"' and re.fullmatch(r'"[0-9a-f]{64}"', out["id"]) and out["rootless"] == "0"
    assert out["engine"].startswith('"creel-') and "busybox" in out["image"] and "sha256" in out["imageid"]


# What can be asked afterwards


def test_inspect(creelctl, image):
    words = ["--umask", "077", "--ulimit", "nofile=10:20", "--oom-score-adj", "5", "--group-add", "wheel", "--init", "--tz", "local"]
    words += ["--add-host", "a:1.2.3.4", "--dns", "1.1.1.1", "--dns-search", "x", "--dns-option", "y", "--timeout", "100", "--annotation", "k=v"]
    creelctl("create", "--name", "seen", *words, "-e", "A=1", "--log-opt", "tag=t", image, "true")
    info = json.loads(creelctl("inspect", "seen").stdout)[0]
    config, host = info["Config"], info["HostConfig"]
    assert "A=1" in config["Env"] and "container=creel" in config["Env"] and config["Cmd"] == ["true"]
    assert (config["Umask"], config["Timeout"], config["Timezone"], config["Annotations"]) == ("077", 100, "local", {"k": "v"})
    assert host["Ulimits"] == [{"Name": "RLIMIT_NOFILE", "Soft": 10, "Hard": 20}]
    assert (host["OomScoreAdj"], host["GroupAdd"], host["Init"]) == (5, ["wheel"], True)
    assert (host["ExtraHosts"], host["Dns"], host["DnsSearch"], host["DnsOptions"]) == (["a:1.2.3.4"], ["1.1.1.1"], ["x"], ["y"])
    assert host["LogConfig"] == {"Type": "journald", "Tag": "t", "Options": ["tag=t"]}
    assert info["HostsPath"].endswith("/hosts")


def test_label_file(creelctl, image, tmp_path):
    (tmp_path / "labels").write_text("# a remark\na=file\nb=file\n")
    creelctl("create", "--name", "labelled", "--label-file", tmp_path / "labels", "-l", "b=word", image, "true")
    labels = json.loads(creelctl("inspect", "labelled").stdout)[0]["Config"]["Labels"]
    assert labels["a"] == "file" and labels["b"] == "word"
