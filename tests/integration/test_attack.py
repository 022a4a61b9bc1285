# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attacks: images that are made to mislead whoever starts them, and containers that try to get out.

Where an attack has a number it is named; what was wrong elsewhere then is in the comment beside it.
"""

import hashlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

import attacker
import bus
import images
import traces
from fixtures import eventually, run_command
from follow import Follower
from ociwriter import Image, Layer

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")

READY_AND_WAIT = "sleep 1000 & wait $!"


@pytest.fixture(scope="module")
def python_ref(registry):
    reference = registry.push(images.python_image(), "attack/python:1")
    run_command("creelctl", "pull", "-q", reference)
    yield reference
    run_command("creelctl", "rmi", "-f", reference, check=False)


@pytest.fixture
def attack(creelctl, python_ref):
    """attack("--option", ..., script="tell(a=...)") -> what the script told."""

    def call(*options, script, **kw):
        done = creelctl("run", "--rm", *options, python_ref, *attacker.command(script), **kw)
        return attacker.told(done.stdout)

    return call


@pytest.fixture
def canary(tmp_path):
    """A file of the host that no container may read or write, at a path that images know."""
    place = Path("/srv/creel-canary")
    place.mkdir(exist_ok=True)
    secret = place / "secret"
    secret.write_text("only the host reads this\n")
    before = [(path, path.lstat().st_mtime_ns, path.lstat().st_mode) for path in (place, secret)]
    yield secret
    assert secret.read_text() == "only the host reads this\n"
    assert [(path, path.lstat().st_mtime_ns, path.lstat().st_mode) for path in (place, secret)] == before
    assert sorted(path.name for path in place.iterdir()) == ["secret"]
    secret.unlink()
    place.rmdir()


def refused_or_harmless(done):
    """Either one line that says no, or a run that came to nothing worse than its own root."""
    assert "only the host reads this" not in done.stdout + done.stderr
    if done.returncode == 125:
        assert done.stderr.startswith("creelctl: ") and done.stderr.count("\n") == 1, done.stderr


# Images


LINKS = ["/srv/creel-canary", "../../../../../../srv/creel-canary", "/proc/1/root/srv/creel-canary", "/proc/self/root/srv/creel-canary", "/proc/self/fd/4", "/", ".", "..", "itself", "tmp", "/dev/shm"]


def busybox_without(*names):
    layer = Layer().dir("bin").dir("tmp", mode=0o1777).dir("etc").file("bin/busybox", images.busybox_program(), mode=0o755)
    for name in ("sh", "cat", "ls", "id", "true", "touch", "readlink", "pwd"):
        layer.symlink(f"bin/{name}", "busybox")
    for name in ("dev", "proc", "sys", "run"):
        if name not in names:
            layer.dir(name)
    return layer


@pytest.mark.parametrize("name", ["proc", "sys", "dev"])
def test_kernel_directories_are_links(creelctl, pulled, canary, name):
    """runc 2019-19921, 2023-27561, 2026-41579, crun 2026-47766: /proc, /sys or /dev of the image lead elsewhere."""
    for i, target in enumerate(LINKS):
        layer = busybox_without(name).symlink(name, name if target == "itself" else target)
        reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), f"attack/{name}-link:{i}")
        done = creelctl("run", "--rm", reference, "sh", "-c", "cat /*/secret /secret /creel-canary/secret; ls -la / /dev", check=False)
        assert done.returncode == 125, (target, done)
        refused_or_harmless(done)
        assert f"/{name}" in done.stderr


@pytest.mark.parametrize("name", ["proc", "sys", "dev"])
@pytest.mark.parametrize("kind", ["file", "fifo", "device"])
def test_kernel_directories_are_no_directories(creelctl, pulled, name, kind):
    layer = busybox_without(name)
    {"file": lambda: layer.file(name, "x"), "fifo": lambda: layer.fifo(name), "device": lambda: layer.char_device(name, 1, 3)}[kind]()
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), f"attack/{name}-{kind}:1")
    done = creelctl("run", "--rm", reference, "true", check=False, timeout=30)
    assert done.returncode == 125 and done.stderr.count("\n") == 1, done


@pytest.mark.parametrize("place", ["dev/shm", "dev/pts", "dev/mqueue", "dev/null", "dev/console", "dev/fd", "proc/sys", "sys/fs/cgroup", "sys/fs"])
def test_places_below_kernel_directories(creelctl, pulled, canary, place):
    """runc 2025-31133: what an image puts at the places of devices and below kernel file systems is never seen, and not followed."""
    layer = busybox_without()
    for parent in list(Path(place).parents)[:-1]:
        layer.dir(str(parent))
    layer.symlink(place, "/srv/creel-canary/secret")
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), f"attack/{place.replace('/', '-')}:1")
    done = creelctl("run", "--rm", "-t", reference, "sh", "-c", "readlink /dev/null; cat /proc/kcore | head -c 1; echo > /dev/null; echo fine", check=False)
    refused_or_harmless(done)
    assert done.returncode == 0 and done.stdout.endswith("fine\n"), done


@pytest.mark.parametrize("name", ["hosts", "hostname", "resolv.conf", "mtab"])
@pytest.mark.parametrize("target", ["/srv/creel-canary/secret", "../../../../srv/creel-canary/secret", "/proc/1/root/srv/creel-canary/secret", "/proc/self/exe", "hosts", "/dev/null", "/srv/creel-canary/new"])
def test_files_that_are_written_at_start_are_links(creelctl, pulled, canary, name, target):
    """krun 2025-24965: our own files are mounted, and what they are mounted on is looked up inside."""
    layer = images.busybox_layer().symlink(f"etc/{name}", target)
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "attack/etc-file:1")
    done = creelctl("run", "--rm", reference, "cat", f"/etc/{name}", check=False, timeout=30, errors="replace")
    refused_or_harmless(done)


def test_etc_is_no_directory(creelctl, pulled, canary):
    for i, spoil in enumerate((lambda layer: layer.symlink("etc", "/srv/creel-canary"), lambda layer: layer.symlink("etc", "../../srv/creel-canary"), lambda layer: layer.fifo("etc"), lambda layer: layer.file("etc", "x"))):
        layer = Layer().dir("bin").file("bin/busybox", images.busybox_program(), mode=0o755).symlink("bin/cat", "busybox")
        reference = pulled(Image([spoil(layer) or layer], config={"Env": [images.PATH_ENV]}), f"attack/etc:{i}")
        refused_or_harmless(creelctl("run", "--rm", reference, "cat", "/etc/secret", check=False, timeout=30))


WORKDIRS = ["/proc/self/fd/3", "/proc/self/fd/4", "/proc/self/fd/5", "/proc/self/fd/6", "/proc/self/fd/7", "/proc/self/fd/8", "/proc/self/fd/9", "/proc/self/fd/10", "/proc/self/cwd", "/proc/1/root", "/proc/1/cwd", "/proc/self/root/../..", "/proc/thread-self/fd/7"]


@pytest.mark.parametrize("workdir", WORKDIRS)
def test_workdir_through_proc(creelctl, image, canary, workdir):
    """runc 2024-21626: a descriptor of the host's that was left open is the working directory."""
    for tail in ("", "/../../..", "/srv/creel-canary"):
        done = creelctl("run", "--rm", "-w", workdir + tail, image, "sh", "-c", "cat secret srv/creel-canary/secret /proc/self/cwd/secret; pwd -P; ls ..", check=False)
        refused_or_harmless(done)
        assert "(unreachable)" not in done.stdout


@pytest.mark.parametrize("target", ["/srv/creel-canary", "../../../../../srv/creel-canary", "/proc/1/root/srv/creel-canary", "/proc/self/fd/7", "work"])
@pytest.mark.parametrize("tail", ["", "/new/and/deeper"])
def test_workdir_is_a_link(creelctl, pulled, canary, target, tail):
    """runc 2024-45310: what is missing is made, and never on the host."""
    layer = images.busybox_layer().symlink("work", target)
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV], "WorkingDir": f"/work{tail}"}), "attack/workdir:1")
    done = creelctl("run", "--rm", reference, "sh", "-c", "cat secret ../secret; pwd; touch new-file", check=False)
    refused_or_harmless(done)
    done = creelctl("run", "--rm", "-w", f"/work{tail}", reference, "sh", "-c", "cat secret; pwd", check=False)
    refused_or_harmless(done)


@pytest.mark.parametrize("kind", ["fifo", "device", "socket-like", "file"])
def test_workdir_is_no_directory(creelctl, pulled, kind):
    layer = images.busybox_layer()
    {"fifo": lambda: layer.fifo("work"), "device": lambda: layer.char_device("work", 1, 3), "socket-like": lambda: layer.block_device("work", 7, 0), "file": lambda: layer.file("work", "x")}[kind]()
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV], "WorkingDir": "/work"}), "attack/workdir-kind:1")
    done = creelctl("run", "--rm", reference, "true", check=False, timeout=30)
    assert done.returncode == 125 and "/work" in done.stderr and done.stderr.count("\n") == 1


ACCOUNT_FILES = {
    "fifo": lambda layer, name: layer.fifo(name),
    "null": lambda layer, name: layer.char_device(name, 1, 3),
    "zero": lambda layer, name: layer.char_device(name, 1, 5, mode=0o666),
    "directory": lambda layer, name: layer.dir(name),
    "nul": lambda layer, name: layer.file(name, b"root:x:0:0::/:\0\napp:x:1000:1000::/:\n"),
    "huge": lambda layer, name: layer.file(name, b"x:x:1:1::/:\n" * (64 << 20 >> 3)),
    "one-line": lambda layer, name: layer.file(name, b"x" * (32 << 20)),
    "colons": lambda layer, name: layer.file(name, b":" * (1 << 20)),
    "loop": lambda layer, name: layer.symlink(name, name.rpartition("/")[2]),
    "host": lambda layer, name: layer.symlink(name, "/srv/creel-canary/secret"),
    "kernel": lambda layer, name: layer.symlink(name, "/proc/kmsg"),
    "not-utf-8": lambda layer, name: layer.file(name, b"\xff\xfe:x:0:0::\xff:\n" * 10),
    "numbers": lambda layer, name: layer.file(name, b"app:x:4294967295:4294967295::/:\napp:x:-1:-1::/:\napp:x:99999999999999999999:0::/:\n"),
}


@pytest.mark.parametrize("kind", ACCOUNT_FILES)
@pytest.mark.parametrize("name", ["etc/passwd", "etc/group"])
def test_account_files(creelctl, pulled, canary, name, kind):
    """containers/storage 2024-9676 and the like: the manager reads these files of an image, and must neither wait, nor grow,
    nor find those of the host."""
    top = ACCOUNT_FILES[kind](Layer().dir("etc"), name)
    reference = pulled(Image([images.busybox_layer(), top], config={"Env": [images.PATH_ENV]}), "attack/accounts:1")
    for user in ("app:wheel", "app", "1000", "0"):
        done = creelctl("run", "--rm", "-u", user, reference, "readlink", "/proc/self/cwd", check=False, timeout=30)
        refused_or_harmless(done)
        assert done.returncode in (0, 125, 126), done
    done = creelctl("run", "--rm", "-u", "app:wheel", reference, "true", check=False, timeout=30)
    assert kind in ("nul",) or done.returncode != 0, "a user that no file tells of"
    assert creelctl("info").returncode == 0


@pytest.mark.parametrize("words", [["%s%s%s%n%n"], ["\x1b]0;owned\x07\x1b[2J"], ["a\nb"], ["x" * 100_000], ["/\xff\xfe".encode("utf-8", "surrogateescape").decode("utf-8", "replace")]], ids=["format", "escapes", "newline", "long", "odd"])
def test_names_of_commands_are_data(creelctl, image, words):
    """What a failure tells of is one line, without control characters, and no format."""
    done = creelctl("run", "--rm", image, *words, check=False)
    assert done.returncode in (125, 126, 127), done
    assert done.stderr.count("\n") == 1 and not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.stderr), repr(done.stderr)


def test_metadata_of_an_image_is_data(creelctl, pulled):
    nasty = "%n%s\x1b[2J\nPRIORITY=0\n../../x"
    config = {"Env": [images.PATH_ENV, f"NASTY={nasty}"], "Labels": {nasty: nasty}, "Cmd": ["true"], "StopSignal": "SIGNOTHING", "WorkingDir": "/tmp"}
    reference = pulled(Image([images.busybox_layer()], config=config), "attack/metadata:1")
    creelctl("run", "--name", "nasty", reference)
    assert json.loads(creelctl("inspect", "nasty").stdout)
    assert "\x1b" not in creelctl("ps", "-a").stdout
    creelctl("rm", "nasty")


def test_names_of_processes_are_data(creelctl, python_ref, pulled):
    """top reads what a container calls its processes and users."""
    script = """
libc.prctl(15, b"\\x1b[2J) R 1\\n", 0, 0, 0)
print("ready", flush=True)
time.sleep(1000)
"""
    with Follower("creelctl", "run", "--name", "named", python_ref, *attacker.command(script)) as run:
        run.line("ready")
        for words in (["top", "named"], ["top", "named", "pid", "comm", "args", "user"], ["stats", "--no-stream", "named"], ["ps", "-a"], ["status", "named"], ["inspect", "named"]):
            done = creelctl(*words)
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", done.stdout), (words, done.stdout)
        creelctl("kill", "named")


def test_nonsense_in_notifications(creelctl, python_ref, tmp_path):
    """What a container tells by its notification socket is data from a stranger."""
    script = """
path = os.environ["NOTIFY_SOCKET"]
for data in (b"", b"\\0" * 4096, b"MAINPID=1\\nREADY=", b"STATUS=\\x1b[2J\\nREADY=1x", b"MAINPID=-1", b"ERRNO=99999999999999999999", b"X=" + b"y" * 60000, b"FDSTORE=1", b"BARRIER=1", os.urandom(4096), b"WATCHDOG_USEC=-1", b"EXTEND_TIMEOUT_USEC=18446744073709551615"):
    for fds in ([], [0], [0] * 100):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.setblocking(False)
        try:
            s.connect(path)
            s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))] if fds else [])
        except OSError:
            pass
        s.close()
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(path)
s.send(b"READY=1")
print("told", flush=True)
time.sleep(1000)
"""
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    caller.bind(str(tmp_path / "notify"))
    env = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
    with caller, Follower("creelctl", "run", "--name", "talkative", "--sdnotify", "container", python_ref, *attacker.command(script), env=env) as run:
        run.line("told")
        assert bus.container_property("talkative", "State") == "running"
        supervisor = int(bus.container_property("talkative", "Supervisor"))
        # No descriptor that came along stays.
        assert len(os.listdir(f"/proc/{supervisor}/fd")) < 40
        assert len(os.listdir(f"/proc/{traces.creeld_pid()}/fd")) < 80
        creelctl("stop", "-t", "0", "talkative")


def test_output_makes_no_fields_of_the_journal(creelctl, image, run):
    creelctl("run", "-d", "--name", "journal", image, "sh", "-c", r"printf 'line\nPRIORITY=0\nCONTAINER_NAME=other\n_UID=0\n'; printf 'MESSAGE\n\000\001\002\n'")
    creelctl("wait", "journal")
    eventually(lambda: len(run("journalctl", "-q", "CONTAINER_NAME=journal", "-o", "cat").stdout.splitlines()) >= 4, "the output is there")
    entries = [json.loads(line) for line in run("journalctl", "-q", "CONTAINER_NAME=journal", "-o", "json", "--all").stdout.splitlines()]
    assert {entry["PRIORITY"] for entry in entries if entry.get("SYSLOG_IDENTIFIER") == "journal"} == {"6"}
    assert not run("journalctl", "-q", "CONTAINER_NAME=other", "-o", "cat").stdout


# The programs of the host


def host_programs():
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in [*Path("/usr/lib/creel").iterdir(), Path("/usr/bin/creelctl")]}


@pytest.mark.parametrize("interpreter", ["/proc/self/exe", "/proc/1/exe", "/proc/self/exe -c"])
def test_entrypoint_is_whoever_runs_it(creelctl, pulled, interpreter):
    """runc 2019-5736: #!/proc/self/exe executes the runtime, whose file can then be opened."""
    layer = images.busybox_layer().file("entry", f"#!{interpreter}\n", mode=0o755)
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV], "Entrypoint": ["/entry"]}), "attack/self-exe:1")
    before = host_programs()
    done = creelctl("run", "--rm", reference, "whatever", check=False, timeout=30)
    assert done.returncode != 0 and "Usage" not in done.stdout
    assert host_programs() == before


def test_supervisor_cannot_be_reached(attack):
    """Nothing but the container's own processes is there to be looked at, traced or signalled."""
    told = attack(
        script="""
tell(pids=[pid for pid in os.listdir("/proc") if pid.isdigit()], parent=os.getppid())
tell(kill_all=attempt(os.kill, -1, signal.SIGKILL), kill_parent=attempt(os.kill, 2, signal.SIGKILL))
tell(exe=os.readlink("/proc/1/exe"), root=os.readlink("/proc/1/root"))
"""
    )
    assert told["pids"] == ["1"] and told["parent"] == 0
    assert told["exe"].startswith("/usr/bin/python3") and told["root"] == "/"
    assert told["kill_all"] == "ESRCH" and told["kill_parent"] == "ESRCH"


WATCH_FOR_NEWCOMERS = """
# Everything that somebody who comes in could lose: its program, its memory, its descriptors.
found, known = [], set(os.listdir("/proc"))
print("ready", flush=True)
until = time.monotonic() + 120
while time.monotonic() < until and not os.path.exists("/stop"):
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or pid in known:
            continue
        for flags, how in ((os.O_RDWR, "write"), (os.O_PATH, "path")):
            try:
                fd = os.open(f"/proc/{pid}/exe", flags)
            except OSError as e:
                continue
            target = os.readlink(f"/proc/self/fd/{fd}")
            if not target.startswith(("/bin/", "/usr/")):
                found.append([how, target])
            if how == "path":
                # An O_PATH descriptor is opened anew once nobody executes the file any more.
                for _ in range(200):
                    try:
                        again = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY)
                    except OSError:
                        continue
                    if not target.startswith(("/bin/", "/usr/")):
                        found.append(["reopened", target])
                    os.close(again)
            os.close(fd)
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
                if int(fd) > 2 and not target.startswith(("/bin/", "/usr/", "/lib")):
                    found.append(["fd", fd, target])
        except OSError:
            pass
        for name in ("mem", "environ", "maps"):
            try:
                text = open(f"/proc/{pid}/{name}", "rb").read(4096) if name != "mem" else open(f"/proc/{pid}/mem", "rb+")
            except OSError:
                continue
            if name == "maps" and b"creel" in text:
                found.append(["maps", text.decode(errors="replace")[:200]])
        if raw("ptrace", 16, int(pid), 0, 0) >= 0:
            attempt(os.waitpid, int(pid), 0x40000000)
            try:
                exe = os.readlink(f"/proc/{pid}/exe")
            except OSError:
                exe = ""
            if exe and not exe.startswith(("/bin/", "/usr/")):
                found.append(["traced", exe])
            # It may have stopped for another reason than ours, which then comes behind.
            raw("ptrace", 17, int(pid), 0, 0)
            attempt(os.kill, int(pid), signal.SIGCONT)
tell(found=found)
"""


def exec_is_there():
    return "exec" in re.findall(r"^  (\w+)", run_command("creelctl", "--help").stdout, re.M)


@pytest.mark.smoke
@pytest.mark.parametrize("options", [[], ["--cap-add", "ALL"]], ids=["default", "all-capabilities"])
def test_exec_into_a_container_that_watches(creelctl, python_ref, options):
    """runc 2016-9962, 2019-5736: a process that joins is traced, or its program is overwritten, before it executes."""
    before = host_programs()
    with Follower("creelctl", "run", "--name", "watching", *options, python_ref, *attacker.command(WATCH_FOR_NEWCOMERS)) as run:
        run.line("ready")
        for _ in range(15):
            done = creelctl("exec", "watching", "/bin/true", check=False, timeout=30)
            assert done.returncode in (0, 126, 137), done  # 126: "text file busy"
        eventually(lambda: creelctl("exec", "watching", "/bin/touch", "/stop", check=False).returncode == 0, "the watcher is told to stop")
        told = attacker.told(run.line(r"^\{", timeout=60))
    assert told["found"] == []
    assert host_programs() == before


@pytest.mark.parametrize("spaces", [["--pid", "container:watching"], ["--pid", "container:watching", "--userns", "container:watching", "--ipc", "container:watching", "--network", "container:watching"]], ids=["pid", "all"])
@pytest.mark.parametrize("options", [[], ["--cap-add", "ALL"]], ids=["default", "all-capabilities"])
def test_start_beside_a_container_that_watches(creelctl, image, python_ref, options, spaces):
    """A container that is started in another's PID namespace is seen there before its command executes."""
    before = host_programs()
    with Follower("creelctl", "run", "--name", "watching", *options, python_ref, *attacker.command(WATCH_FOR_NEWCOMERS)) as run:
        run.line("ready")
        for _ in range(8):
            done = creelctl("run", "--rm", *spaces, image, "/bin/true", check=False, timeout=30)
            assert done.returncode in (0, 126, 137), done
        eventually(lambda: creelctl("exec", "watching", "/bin/touch", "/stop", check=False).returncode == 0, "the watcher is told to stop")
        told = attacker.told(run.line(r"^\{", timeout=60))
    # What is not its own program is that of the other container, by the same name.
    assert told["found"] == []
    assert host_programs() == before


def test_exec_of_hostile_programs(creelctl, pulled, canary):
    layer = images.busybox_layer().file("self", "#!/proc/self/exe\n", mode=0o755).file("one", "#!/proc/1/exe\n", mode=0o755)
    layer.fifo("pipe", mode=0o755).char_device("device", 1, 3, mode=0o777).symlink("out", "/srv/creel-canary/secret").dir("directory")
    layer.file("garbage", os.urandom(4096), mode=0o755).file("empty", "", mode=0o755)
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "attack/exec:1")
    creelctl("run", "-d", "--name", "hostile", reference, "sleep", "1000")
    before = host_programs()
    for program in ("/self", "/pipe", "/device", "/out", "/directory", "/garbage", "", "/proc/self/exe", "/proc/1/root/bin/../self", "%n"):
        done = creelctl("exec", "hostile", program, check=False, timeout=30)
        assert done.returncode != 0 and done.stderr.count("\n") <= 1, (program, done)
        refused_or_harmless(done)
    assert host_programs() == before
    assert bus.container_property("hostile", "State") == "running"


@pytest.mark.smoke
def test_descriptors(creelctl, python_ref, image):
    """Inside are 0, 1 and 2, and what leads nowhere else; the same for every way in."""
    script = """
fds = {int(fd): os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}") or fd in "012"}
tell(fds={fd: target for fd, target in fds.items() if not target.endswith("/fd")})
"""
    for options in ([], ["-i"], ["-t"], ["--userns", "host"], ["--network", "host"]):
        done = creelctl("run", "--rm", *options, python_ref, *attacker.command(script))
        assert sorted(attacker.told(done.stdout)["fds"]) == ["0", "1", "2"], (options, done.stdout)
    creelctl("run", "-d", "--name", "logged", python_ref, *attacker.command(script))
    creelctl("wait", "logged")
    assert sorted(attacker.told(creelctl("logs", "logged").stdout)["fds"]) == ["0", "1", "2"]
    creelctl("run", "-d", "--name", "entered", python_ref, "sleep", "1000")
    for options in ([], ["-i"], ["-t"]):
        done = creelctl("exec", *options, "entered", *attacker.command(script))
        assert sorted(attacker.told(done.stdout)["fds"]) == ["0", "1", "2"], (options, done.stdout)


def test_every_process_is_confined(creelctl, python_ref):
    """Capabilities, filter and the rest of a command that joins are those of the container's first (crun 2022-27650, runc
    2022-29162: inheritable capabilities were set)."""
    look = ["sh", "-c", "grep -E '^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)' /proc/self/status; grep ^0:: /proc/self/cgroup; cat /proc/self/oom_score_adj; for i in /proc/self/ns/*; do readlink $i; done"]
    for name, options in (("plain", []), ("user", ["-u", "app"]), ("privileged-not", ["--cap-drop", "ALL", "--cap-add", "CHOWN"])):
        creelctl("run", "-d", "--name", name, *options, python_ref, "sleep", "1000")
        first = creelctl("run", "--rm", *options, python_ref, *look).stdout.splitlines()
        second = creelctl("exec", name, *look).stdout.splitlines()
        assert [line for line in first if not re.match(r"\w+:\[", line)] == [line for line in second if not re.match(r"\w+:\[", line)]
        assert "CapInh:\t0000000000000000" in first and "CapAmb:\t0000000000000000" in first
        leader = int(bus.container_property(name, "Leader"))
        own = {os.path.basename(path): os.readlink(path) for path in Path(f"/proc/{leader}/ns").iterdir()}
        assert {line for line in second if re.match(r"\w+:\[", line)} == set(own.values())


# The kernel


FORBIDDEN = """
namespace = os.open("/proc/1/ns/mnt", os.O_RDONLY)
tell(
    acct=call("acct", b"/tmp/x"),
    add_key=call("add_key", b"user", b"x", b"y", 1, -3),
    bpf=call("bpf", 0, b"\\0" * 128, 128),
    clock_settime=call("clock_settime", 0, struct.pack("qq", 1, 0)),
    delete_module=call("delete_module", b"x", 0),
    finit_module=call("finit_module", 0, b"", 0),
    init_module=call("init_module", b"x", 1, b""),
    io_uring_setup=call("io_uring_setup", 1, b"\\0" * 256),
    kexec_load=call("kexec_load", 0, 0, 0, 0),
    keyctl=call("keyctl", 0, -3, 1),
    perf_event_open=call("perf_event_open", b"\\0" * 128, 0, -1, -1, 0),
    pivot_root=call("pivot_root", b".", b"."),
    quotactl=call("quotactl", 0, b"/", 0, 0),
    reboot=call("reboot", 0xfee1dead, 672274793, 0, 0),
    request_key=call("request_key", b"user", b"x", b"", -3),
    settimeofday=call("settimeofday", struct.pack("qq", 1, 0), 0),
    swapoff=call("swapoff", b"/x"),
    swapon=call("swapon", b"/x", 0),
    syslog=call("syslog", 3, ctypes.create_string_buffer(4096), 4096),
    umount2=call("umount2", b"/proc", 2),
    unshare_user=call("unshare", 0x10000000),
    unshare_mount=call("unshare", 0x20000),
    userfaultfd=call("userfaultfd", 0),
    mount=call("mount", b"none", b"/tmp", b"tmpfs", 0, 0),
    fsopen=call("fsopen", b"tmpfs", 0),
    open_tree=call("open_tree", -100, b"/", 1),
    setns=call("setns", namespace, 0),
)
"""


@pytest.mark.smoke
def test_forbidden_calls(attack):
    for options in ([], ["--userns", "host"], ["-u", "app"]):
        told = attack(*options, script=FORBIDDEN)
        assert not [name for name, result in told.items() if result == "ok"], (options, told)
        assert set(told.values()) <= {"EPERM", "ENOSYS", "EACCES"}, (options, told)


STILL_FORBIDDEN = ["clock_settime", "delete_module", "finit_module", "init_module", "kexec_load", "reboot", "settimeofday", "swapoff", "swapon", "acct", "io_uring_setup", "keyctl", "add_key", "request_key", "syslog"]


def test_forbidden_calls_with_all_capabilities(attack):
    """With all capabilities of its own user namespace, a container still has none of the host's."""
    told = attack("--cap-add", "ALL", script=FORBIDDEN)
    # reboot(2) ends a PID namespace, if its process 1 may do so: not reached when it did.
    assert not [name for name in STILL_FORBIDDEN if told.get(name) == "ok"], told


def test_nested_user_namespaces(attack):
    """No user namespace, and so none of the kernel's code for its root, by any of the calls that make one."""
    told = attack(
        script="""
class Args(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in "flags pidfd child_tid parent_tid exit_signal stack stack_size tls set_tid set_tid_size cgroup".split()]
args = Args(flags=0x10000000, exit_signal=17)
r = raw("clone3", ctypes.byref(args), ctypes.sizeof(args))
if r == 0:
    os._exit(0)
tell(clone3=r if r > 0 else errno.errorcode[ctypes.get_errno()], unshare=call("unshare", 0x10000000))
libc.clone.restype = ctypes.c_int
stack = ctypes.create_string_buffer(65536)
child = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(lambda _: 0)
ctypes.set_errno(0)
r = libc.clone(child, ctypes.c_void_p(ctypes.addressof(stack) + 65536), 0x10000000 | 17, None)
tell(clone="ok" if r > 0 else errno.errorcode[ctypes.get_errno()])
"""
    )
    assert told == {"clone3": "ENOSYS", "unshare": "EPERM", "clone": "EPERM"}


@pytest.mark.smoke
def test_fresh_proc_reveals_nothing(attack):
    """With CAP_SYS_ADMIN in its namespaces a container may mount; a new procfs or sysfs gives no more than the old one."""
    told = attack(
        "--cap-add",
        "SYS_ADMIN",
        script="""
os.makedirs("/tmp/p", exist_ok=True)
fresh = call("mount", b"proc", b"/tmp/p", b"proc", 0, 0)
tell(mount=fresh)
for place in ("/proc", "/tmp/p") if fresh == "ok" else ("/proc",):
    tell(**{
        place + "sysrq": attempt(write, place + "/sysrq-trigger", "h"),
        place + "core": attempt(write, place + "/sys/kernel/core_pattern", "|/bin/sh"),
        place + "modprobe": attempt(write, place + "/sys/kernel/modprobe", "/tmp/x"),
        place + "caches": attempt(write, place + "/sys/vm/drop_caches", "1"),
    })
for path in (b"/proc/sys", b"/proc/sysrq-trigger", b"/proc/kcore", b"/proc/keys", b"/proc/timer_list", b"/sys/firmware"):
    call("umount2", path, 2)
tell(
    sysrq_bare=attempt(write, "/proc/sysrq-trigger", "h"),
    core_bare=attempt(write, "/proc/sys/kernel/core_pattern", "|/bin/sh"),
    modprobe_bare=attempt(write, "/proc/sys/kernel/modprobe", "/tmp/x"),
)
def length(path):
    try:
        return len(open(path, "rb").read(1))
    except OSError:
        return 0
tell(memory=length("/proc/kcore") + length("/tmp/p/kcore"))
""",
    )
    assert not {key: value for key, value in told.items() if value == "ok" and key != "mount"}, told
    assert told["memory"] == 0


@pytest.mark.parametrize("options", [[], ["--cap-add", "ALL"], ["--userns", "host"]], ids=["default", "all", "host-ids"])
def test_kernel_settings(attack, options):
    told = attack(
        *options,
        script="""
paths = ["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/proc/sys/vm/drop_caches",
    "/proc/sys/fs/binfmt_misc/register", "/proc/sys/kernel/panic", "/proc/irq/0/smp_affinity", "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/kernel/mm/ksm/run",
    "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/cgroup.subtree_control", "/sys/fs/cgroup/cgroup.kill", "/sys/module/kernel/parameters/panic", "/sys/block/loop0/uevent",
    "/proc/self/../../sys/kernel/uevent_helper", "/proc/1/root/sys/kernel/uevent_helper", "/proc/bus/pci/devices", "/proc/fs/ext4/x", "/proc/acpi/wakeup", "/proc/scsi/scsi"]
tell(**{path: attempt(write, path) for path in paths})
tell(secrets={path: len(open(path, "rb").read(64)) for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kallsyms") if os.path.exists(path)})
tell(cgroup_mkdir=attempt(os.mkdir, "/sys/fs/cgroup/x"), sysfs_mkdir=attempt(os.mkdir, "/sys/x"))
""",
    )
    secrets = told.pop("secrets")
    assert not [path for path, result in told.items() if result == "ok"], told
    assert set(secrets.values()) <= {0}


def test_own_cgroup_is_the_top(creelctl, python_ref, attack):
    """Even with the right to mount, nothing above payload/ can be written to or moved into."""
    told = attack(
        "--cap-add",
        "SYS_ADMIN",
        script="""
tell(remount=call("mount", b"none", b"/sys/fs/cgroup", b"", 32 | 4096, 0))
os.makedirs("/tmp/c", exist_ok=True)
tell(again=call("mount", b"none", b"/tmp/c", b"cgroup2", 0, 0))
tell(**{name: attempt(write, f"{place}/{path}", "0" if path.endswith("procs") else "max")
    for place in ("/sys/fs/cgroup", "/tmp/c") for path in ("../cgroup.procs", "../supervisor/cgroup.procs", "memory.max", "pids.max", "cgroup.freeze")
    for name in [place + "/" + path] if os.path.exists(f"{place}/{path}") and not path.startswith("..")})
tell(listed=[name for name in os.listdir("/tmp/c") if name in ("supervisor", "payload", "machine.slice", "system.slice")])
tell(own=open("/proc/self/cgroup").read())
""",
    )
    assert told["listed"] == [] and told["own"].splitlines()[-1] == "0::/"
    assert not [key for key, value in told.items() if key.startswith("/") and value == "ok"], told


@pytest.mark.parametrize("options", [[], ["--cap-add", "DAC_READ_SEARCH"], ["--cap-add", "ALL"]], ids=["default", "search", "all"])
def test_open_by_handle(attack, canary, options):
    """The "shocker": files of the host's file system by their handles."""
    told = attack(
        *options,
        script="""
results = []
fd = os.open("/", os.O_RDONLY)
for mount_file in ("/", "/etc/hosts", "/proc", "/dev"):
    try:
        fd = os.open(mount_file, os.O_RDONLY)
    except OSError:
        continue
    for inode in (1, 2, 128, 256):
        handle = struct.pack("iiii", 8, 1, inode, 0)
        results.append(call("open_by_handle_at", fd, handle, os.O_RDONLY))
tell(results=sorted(set(results)))
""",
    )
    assert "ok" not in told["results"], told


def test_tracing_and_memory_of_others(creelctl, python_ref):
    """What a container traces is its own; another user of it is none of a user's."""
    script = f"""
if os.fork() == 0:
    os.setgid(1000); os.setuid(1000)
    tell(attach=call("ptrace", 16, 1, 0, 0), read=call("process_vm_readv", 1, 0, 0, 0, 0, 0) if False else "EPERM",
        mem=attempt(open, "/proc/1/mem", "rb"), environ=attempt(open, "/proc/1/environ", "rb"), root=attempt(os.listdir, "/proc/1/root"), kill=attempt(os.kill, 1, 9))
    os._exit(0)
os.wait()
"""
    told = attacker.told(creelctl("run", "--rm", python_ref, *attacker.command(script)).stdout)
    assert "ok" not in told.values(), told


def test_keys_of_the_host(attack):
    """Keyrings of the same user id are not those of the host, with or without a user namespace."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long(attacker.NUMBERS["add_key"][os.uname().machine == "aarch64"])
    libc.syscall(number, b"user", b"creel-test-key", b"secret", ctypes.c_long(6), ctypes.c_long(-4))
    for options in ([], ["--userns", "host"], ["--cap-add", "ALL"]):
        told = attack(
            *options,
            script="""
ring = ctypes.create_string_buffer(256)
tell(request=call("request_key", b"user", b"creel-test-key", 0, 0), search=call("keyctl", 10, -4, b"user", b"creel-test-key", 0), keys=open("/proc/keys").read() if os.path.exists("/proc/keys") else "")
""",
        )
        assert told["request"] != "ok" and told["search"] != "ok" and "creel-test-key" not in told["keys"], told


def test_set_user_id_gives_nothing_of_the_host(creelctl, python_ref):
    """Bits and file capabilities that a container sets count in its user namespace alone."""
    creelctl("run", "-d", "--name", "suid", python_ref, "sh", "-c", f"cp /bin/busybox /tmp/suid; chmod 6755 /tmp/suid; {READY_AND_WAIT}")
    leader = int(bus.container_property("suid", "Leader"))
    base = int(Path(f"/proc/{leader}/uid_map").read_text().split()[1])
    path = Path(f"/proc/{leader}/root/tmp/suid")
    eventually(lambda: path.exists() and path.stat().st_mode & 0o4000, "the bit is set")
    assert path.stat().st_uid == base


@pytest.mark.smoke
def test_no_new_privileges_means_it(creelctl, pulled):
    words = ["--security-opt", "no-new-privileges"]
    layer = Layer().file("suid-python", Path(os.path.realpath("/usr/bin/python3")).read_bytes(), mode=0o6755)
    layer.file("capable-python", Path(os.path.realpath("/usr/bin/python3")).read_bytes(), mode=0o755, xattrs={"security.capability": images.CAP_NET_BIND_SERVICE_EP})
    reference = pulled(Image([images.busybox_layer(), images.python_layer(), layer], config={"Env": [images.PATH_ENV, "PYTHONHOME=/usr"]}), "attack/suid:1")
    script = "import os; print(os.geteuid(), [line.split()[1] for line in open('/proc/self/status') if line.startswith('CapEff')][0])"
    # without the option both get what their files grant
    assert creelctl("run", "--rm", "-u", "app", reference, "/suid-python", "-c", script).stdout.split()[0] == "0"
    assert creelctl("run", "--rm", "-u", "app", reference, "/capable-python", "-c", script).stdout.split() == ["1000", "0000000000000400"]
    for program in ("/suid-python", "/capable-python"):
        done = creelctl("run", "--rm", *words, "-u", "app", reference, program, "-c", script)
        assert done.stdout.split() == ["1000", "0000000000000000"], (program, done)


# Terminals and sockets


INJECT = """
results = []
for fd in (0, 1, 2):
    results.append(attempt(fcntl.ioctl, fd, termios.TIOCSTI, b"x"))
    results.append(attempt(fcntl.ioctl, fd, termios.TIOCSCTTY, 0))
    results.append(attempt(fcntl.ioctl, fd, termios.TIOCSTI, b"x"))
    results.append(attempt(fcntl.ioctl, fd, 0x541C, b"\\x02\\x00"))
os.write(2, (json.dumps(results) + "\\n").encode())
"""


@pytest.mark.parametrize("options", [[], ["--cap-add", "ALL"]], ids=["default", "all"])
def test_injection_into_the_callers_terminal(python_ref, options):
    """bubblewrap 2017-5226: without a terminal of its own, a container holds the caller's, and must not type into it."""
    master, slave = pty.openpty()
    argv = ["creelctl", "run", "--rm", "-i", *options, python_ref, *attacker.command(INJECT)]
    # The terminal is the controlling one of the caller's session, as for a user at a shell.
    process = subprocess.Popen(["setsid", "-c", "-w", *argv], stdin=slave, stdout=slave, stderr=subprocess.PIPE, text=True)
    os.close(slave)
    _, err = process.communicate(timeout=30)
    results = json.loads(err.splitlines()[-1])
    assert "ok" not in results, results
    try:
        assert b"x" not in os.read(master, 100)
    except OSError:  # EIO: nobody has it open any more, and nothing is in it
        pass
    os.close(master)


def test_no_abstract_sockets(creelctl, image):
    """containerd 2020-15257: a socket without a file is reachable for who shares the network."""
    creelctl("run", "-d", "--name", "sockets", "--network", "host", image, "sleep", "1000")
    # Flag 0x10000: somebody listens. sd-bus gives names to its own ends of connections, where nobody does.
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    listed = [row[-1] for row in rows if row[-1].startswith("@") and int(row[3], 16) & 0x10000]
    assert not [name for name in listed if "creel" in name]


def test_sockets_of_the_runtime_directory_are_closed(creelctl, image):
    creelctl("run", "-d", "--name", "runtime", image, "sleep", "1000")
    for path in traces.RUNTIME.rglob("*.sock"):
        for parent in [path, *path.parents]:
            if not parent.stat().st_mode & 0o077:
                break
        else:
            pytest.fail(f"{path} can be reached by everybody")


def test_supervisor_answers_root_alone(creelctl, image):
    creelctl("run", "-d", "--name", "asked", image, "sleep", "1000")
    leader = int(bus.container_property("asked", "Leader"))
    base = int(Path(f"/proc/{leader}/uid_map").read_text().split()[1])
    path = next(traces.RUNTIME.rglob("supervisor.sock"))
    fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    script = f"""
import os, socket
os.setresuid({base}, {base}, {base})
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
try:
    s.connect("/proc/self/fd/{fd}/supervisor.sock")
    s.send(b"x" * 100)
    print(len(s.recv(100)))
except OSError as e:
    print("refused", e)
"""
    done = subprocess.run(["python3", "-c", script], pass_fds=[fd], capture_output=True, text=True, timeout=30)
    os.close(fd)
    assert done.stdout.startswith(("refused", "0")), done
    assert bus.container_property("asked", "State") == "running"


def test_nonsense_for_the_supervisor(creelctl, image):
    """Whoever may speak to it and speaks nonsense loses the connection, nothing more."""
    creelctl("run", "-d", "--name", "nonsense", image, "sleep", "1000")
    path = next(traces.RUNTIME.rglob("supervisor.sock"))
    fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    for data in (b"", b"x", b"\0" * 4096, os.urandom(65536), b"\xff" * 16):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.settimeout(10)
        s.connect(f"/proc/self/fd/{fd}/supervisor.sock")
        try:
            s.send(data)
            s.recv(65536)
        except (ConnectionError, TimeoutError):
            pass
        s.close()
    os.close(fd)
    creelctl("kill", "nonsense")
    assert creelctl("wait", "nonsense").stdout == "137\n"


# Races


def swapping(first, second, stop):
    """Exchanges two names for as long as it may."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    while not stop.is_set():
        libc.renameat2(-100, os.fsencode(first), -100, os.fsencode(second), 2)


@pytest.fixture
def swapped(tmp_path):
    """swapped(path, other): the two change places all the time until the test ends."""
    stop, threads = threading.Event(), []

    def start(first, second):
        threads.append(threading.Thread(target=swapping, args=(first, second, stop)))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


def test_mount_source_swapped_during_start(creelctl, image, canary, swapped, tmp_path):
    """A bind source that is a directory now and a link then: the container has the one or the other as it was opened, and
    the target is never anything of the host's."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/good").write_text("good\n")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/good").write_text("other\n")
    swapped(tmp_path / "real", tmp_path / "link")
    seen = set()
    for _ in range(15):
        done = creelctl("run", "--rm", "-v", f"{tmp_path}/real:/mnt:ro", image, "cat", "/mnt/good", check=False)
        assert done.stdout in ("good\n", "other\n") or done.returncode == 125, done
        seen.add(done.returncode)
    assert 0 in seen


def test_mount_target_swapped_during_start(creelctl, image, canary, swapped, tmp_path):
    """runc 2021-30465: the place of a mount lies in a directory that another container changes meanwhile."""
    shared = tmp_path / "shared"
    (shared / "place").mkdir(parents=True)
    (shared / "link").symlink_to("/")
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil/marker").write_text("evil\n")
    mounts_before = traces.mounts()
    seen = set()
    swapped(shared / "place", shared / "link")
    for _ in range(20):
        done = creelctl("run", "--rm", "-v", f"{shared}:/shared", "-v", f"{tmp_path}/evil:/shared/place", image, "sh", "-c", "cat /marker; ls /proc/self/ /bin/sh > /dev/null && echo whole", check=False)
        assert "evil" not in done.stdout or "whole" in done.stdout, done
        refused_or_harmless(done)
        seen.add(done.returncode)
    assert seen & {0, 1}
    assert traces.mounts() == mounts_before
    assert not Path("/marker").exists()


def test_root_changes_while_it_is_entered(creelctl, python_ref):
    """Processes join while the first one exchanges /proc, /tmp and directories on the way."""
    script = """
os.makedirs("/work/a", exist_ok=True)
os.symlink("/proc/1/root", "/work/b")
print("ready", flush=True)
until = time.monotonic() + 60
while time.monotonic() < until and not os.path.exists("/stop"):
    libc.renameat2(-100, b"/work/a", -100, b"/work/b", 2)
"""
    with Follower("creelctl", "run", "--name", "moving", python_ref, *attacker.command(script)) as run:
        run.line("ready")
        for _ in range(15):
            done = creelctl("exec", "-w", "/work/a/srv", "moving", "sh", "-c", "pwd; ls /etc/shadow /var/lib/creel", check=False, timeout=30)
            assert "creel" not in done.stdout and "(unreachable)" not in done.stdout, done
        creelctl("exec", "moving", "touch", "/stop", check=False)
        assert run.wait() == 0


# Mounts


TARGET_LINKS = ["/srv/creel-canary", "../../../srv/creel-canary", "/proc/1/root/srv/creel-canary", "/proc/self/fd/5", "/"]


@pytest.mark.parametrize("words", [["-v", "SOURCE:/mnt/new"], ["--mount", "type=bind,src=SOURCE,dst=/mnt/new"], ["--tmpfs", "/mnt/new"], ["--mount", "type=tmpfs,dst=/mnt/new"], ["-v", "SOURCE:/mnt"], ["--tmpfs", "/mnt"]], ids=lambda words: words[0][1:] + words[1][-8:].replace("/", "-"))
def test_mount_targets_that_are_links(creelctl, pulled, canary, tmp_path, words):
    """Places of mounts are looked up, and made, inside the container's root."""
    (tmp_path / "source").mkdir()
    words = [word.replace("SOURCE", str(tmp_path / "source")) for word in words]
    mounts_before = traces.mounts()
    for i, target in enumerate(TARGET_LINKS):
        reference = pulled(Image([images.busybox_layer().symlink("mnt", target)], config={"Env": [images.PATH_ENV]}), f"attack/target:{i}")
        done = creelctl("run", "--rm", *words, reference, "sh", "-c", "cat /mnt/secret /mnt/new/secret; echo x > /mnt/new/made; /bin/busybox echo whole", check=False)
        refused_or_harmless(done)
        assert done.returncode == 125 or "whole" in done.stdout or target == "/", done
    assert traces.mounts() == mounts_before


def test_given_away_is_what_was_named(creelctl, image, canary, tmp_path):
    """Option U: links in the source are given away as links, and where they lead is nobody's business."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_text("x")
    (source / "to-file").symlink_to("/srv/creel-canary/secret")
    (source / "to-directory").symlink_to("/srv/creel-canary")
    before = (canary.stat().st_uid, canary.parent.stat().st_uid)
    creelctl("run", "--rm", "-v", f"{source}:/mnt:U", image, "touch", "/mnt/new")
    assert (source / "file").stat().st_uid == (source / "new").stat().st_uid != 0
    assert (canary.stat().st_uid, canary.parent.stat().st_uid) == before


def test_set_user_id_in_what_is_mounted(creelctl, python_ref, tmp_path):
    """A set-user-ID file that a container leaves in a directory of the host belongs to no user of the host."""
    (tmp_path / "shared").mkdir(mode=0o777)
    (tmp_path / "shared").chmod(0o777)
    creelctl("run", "--rm", "-v", f"{tmp_path}/shared:/mnt", python_ref, "sh", "-c", "cp /bin/busybox /mnt/left; chmod 6755 /mnt/left")
    assert (tmp_path / "shared/left").stat().st_uid >= 0x80000
    done = creelctl("run", "--rm", "-v", f"{tmp_path}/shared:/mnt", python_ref, "sh", "-c", "grep ' /mnt ' /proc/mounts")
    assert {"nosuid", "nodev"} <= set(done.stdout.split()[3].split(",")), done.stdout


@pytest.mark.parametrize("subpath", ["out", "up", "loop", "out/srv", "proc"])
def test_subpaths_stay_beneath(creelctl, image, pulled, canary, subpath):
    layer = images.busybox_layer().symlink("out", "/").symlink("up", "../../../../srv/creel-canary").symlink("loop", "loop").symlink("to-canary", "/srv/creel-canary")
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "attack/subpath:1")
    done = creelctl("run", "--rm", "--mount", f"type=image,src={reference},dst=/mnt,subpath={subpath}", image, "sh", "-c", "ls /mnt; cat /mnt/srv/creel-canary/secret /mnt/secret", check=False)
    refused_or_harmless(done)
    done = creelctl("run", "--rm", "--mount", f"type=image,src={reference},dst=/mnt,subpath=../../etc", image, "true", check=False)
    assert done.returncode == 125


def test_copied_up_is_what_the_image_has(creelctl, pulled, canary):
    """tmpcopyup reads a directory of an image: links are copied as links, and nothing is waited for."""
    layer = images.busybox_layer().dir("data").symlink("data/link", "/srv/creel-canary/secret").fifo("data/pipe").char_device("data/kmsg", 1, 11, mode=0o666).file("data/plain", "x", mode=0o6755)
    for i, (name, make) in enumerate({"data": lambda: layer, "other": lambda: layer.symlink("other", "/srv/creel-canary"), "third": lambda: layer.symlink("third", "/proc/1/root")}.items()):
        reference = pulled(Image([make()], config={"Env": [images.PATH_ENV]}), f"attack/copy-up:{i}")
        done = creelctl("run", "--rm", "--mount", f"type=tmpfs,dst=/{name},tmpcopyup", reference, "sh", "-c", f"ls -l /{name}; cat /{name}/link /{name}/secret; head -c 1 /{name}/kmsg", check=False, timeout=30)
        refused_or_harmless(done)


def test_read_only_root_whose_temporary_places_are_links(creelctl, pulled, canary):
    for i, name in enumerate(("tmp", "run", "var/tmp")):
        layer = Layer().dir("bin").dir("etc").dir("proc").dir("sys").dir("dev").file("bin/busybox", images.busybox_program(), mode=0o755)
        layer.symlink("bin/sh", "busybox").symlink("bin/cat", "busybox")
        if "/" in name:
            layer.dir("var").dir("tmp").dir("run")
        layer.symlink(name, "/srv/creel-canary")
        reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), f"attack/temporary:{i}")
        done = creelctl("run", "--rm", "--read-only", reference, "sh", "-c", f"cat /{name}/secret; echo > /{name}/new", check=False)
        refused_or_harmless(done)


@pytest.fixture
def covered(tmp_path):
    """A writable directory with a read-only twin, in which a mount hides a file."""
    source, twin = tmp_path / "source", tmp_path / "twin"
    (source / "sub").mkdir(parents=True)
    source.chmod(0o777)
    twin.mkdir()
    (source / "sub/hidden").write_text("only the host reads this\n")
    run_command("mount", "-t", "tmpfs", "none", source / "sub")
    run_command("mount", "--rbind", "--make-rprivate", source, twin)
    run_command("mount", "-o", "remount,bind,ro", twin)
    yield source, twin
    run_command("umount", "-R", twin)
    run_command("umount", source / "sub")


@pytest.mark.smoke
@pytest.mark.parametrize("options", [["--cap-add", "SYS_ADMIN"], ["--cap-add", "ALL"]], ids=["sys-admin", "all"])
def test_mounts_of_the_host_are_locked(creelctl, image, covered, options):
    """With CAP_SYS_ADMIN in its user namespace a container changes neither what is read-only nor what is hidden."""
    source, twin = covered
    script = "mount -o remount,rw,bind /mnt; mount -o remount,rw,bind /file; touch /mnt/written; echo x > /file; umount /mnt/sub; cat /mnt/sub/hidden; true"
    (source / "file").write_text("kept\n")
    (source / "file").chmod(0o666)
    for words in (["-v", f"{source}:/mnt:ro"], ["-v", f"{twin}:/mnt"], ["--mount", f"type=bind,src={source},dst=/mnt,ro=true"]):
        done = creelctl("run", "--rm", *options, *words, "-v", f"{source}/file:/file:ro", image, "sh", "-c", script)
        assert "only the host" not in done.stdout, (words, done)
        assert not (source / "written").exists(), (words, done)
        assert (source / "file").read_text() == "kept\n", (words, done)


# Names


NAMES = ["../../etc", "..", "/etc/passwd", "a/../b", "%2e%2e", "x\n", "", "-rf", "*", "$(id)", "x" * 5000]


@pytest.mark.parametrize("verb", [["rm"], ["start"], ["stop"], ["kill"], ["inspect"], ["logs"], ["wait"], ["exec", "true"]], ids=lambda verb: verb[0])
def test_names_of_containers_are_no_paths(creelctl, verb):
    for name in NAMES:
        done = creelctl(verb[0], "--", name, *verb[1:], check=False, timeout=30)
        assert done.returncode != 0 and done.stderr.startswith("creelctl: ") and done.stderr.count("\n") == 1, done


def test_signals_of_the_payload_stay_inside(creelctl, attack):
    """kill(-1), kill(0) and signals to numbers that are processes of the host."""
    supervisor_like = os.getpid()
    told = attack("--cap-add", "ALL", script=f"tell(all=attempt(os.kill, -1, 9), host=attempt(os.kill, {supervisor_like}, 9), one=attempt(os.kill, 1, 0))")
    assert told["all"] == "ESRCH" and told["host"] == "ESRCH" and told["one"] == "ok"
