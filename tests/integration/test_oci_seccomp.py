# SPDX-License-Identifier: LGPL-2.1-or-later
"""linux.seccomp of a document, and agents that answer for what it leaves to them (SCMP_ACT_NOTIFY)."""

import array
import errno
import fcntl
import json
import os
import queue
import select
import socket
import struct
import threading
from pathlib import Path

import pytest

from oci import IS_CREEL, TIMEOUT_SEC, oci  # noqa: F401

CACHE = Path("/var/cache/creel-oci/seccomp")


def filtered(oci, *rules, script=None, args=(), default="SCMP_ACT_ALLOW", nnp=True, **rest):
    bundle = oci.bundle(*(args or ("sh", "-c", script)), noNewPrivileges=nnp)
    bundle.linux["seccomp"] = {"defaultAction": default, "syscalls": list(rules), **rest}
    return bundle


def rule(*names, action="SCMP_ACT_ERRNO", **rest):
    return {"names": list(names), "action": action, **rest}


def arg(index, value, op="SCMP_CMP_EQ", **rest):
    return {"index": index, "value": value, "op": op, **rest}


# What a document says


@pytest.mark.parametrize("nnp", [False, True])
def test_refused_call(oci, nnp):
    done = oci.run(filtered(oci, rule("mkdir", "mkdirat"), script="mkdir /tmp/x; grep Seccomp: /proc/self/status", nnp=nnp), check=False)
    assert "Operation not permitted" in done.stderr
    assert done.stdout.split() == ["Seccomp:", "2"]


@pytest.mark.parametrize("nnp", [False, True])
def test_another_user(oci, nnp):
    bundle = filtered(oci, rule("mkdir", "mkdirat", errnoRet=errno.ENOSPC), script="id -u; mkdir /tmp/x", nnp=nnp)
    bundle.process["user"] = {"uid": 1000, "gid": 1000}
    bundle.process["capabilities"] = {}
    done = oci.run(bundle, check=False)
    assert done.stdout == "1000\n" and "No space left" in done.stderr


@pytest.mark.parametrize(
    "action, status",
    [("SCMP_ACT_KILL", 159), ("SCMP_ACT_KILL_THREAD", 159), ("SCMP_ACT_KILL_PROCESS", 159), ("SCMP_ACT_TRAP", 159), ("SCMP_ACT_LOG", 0), ("SCMP_ACT_ALLOW", 0)],
)
def test_actions(oci, action, status):
    done = oci.run(filtered(oci, rule("mkdir", "mkdirat", action=action), script="mkdir /tmp/x; exit $?"), check=False)
    assert done.returncode == status


def test_trace_without_a_tracer(oci):
    done = oci.run(filtered(oci, rule("mkdir", "mkdirat", action="SCMP_ACT_TRACE"), script="mkdir /tmp/x"), check=False)
    assert os.strerror(errno.ENOSYS) in done.stderr


@pytest.mark.parametrize("nnp", [False, True])
def test_default_refuses(oci, nnp):
    """A list of what is allowed that has no way to speak to the runtime but write(2)."""
    calls = """access arch_prctl brk capget capset chdir close close_range dup dup2 dup3 execve exit exit_group faccessat faccessat2
    fchdir fcntl fstat fstat64 fstatfs futex getcwd getegid geteuid getgid getpid getppid getrandom getuid ioctl lseek mmap mprotect mremap munmap
    newfstatat open openat openat2 prctl prlimit64 read readlink readlinkat readv rseq rt_sigaction rt_sigprocmask rt_sigreturn set_robust_list
    set_tid_address setgid setgroups setresgid setresuid setuid stat statx sysinfo umask uname write writev poll ppoll"""
    bundle = filtered(oci, rule(*calls.split(), action="SCMP_ACT_ALLOW"), args=("echo", "fine"), default="SCMP_ACT_ERRNO", nnp=nnp)
    assert oci.run(bundle).stdout == "fine\n"
    container = oci.create(bundle)
    assert container.end() == "fine\n"
    assert oci.create_refused(filtered(oci, rule(*calls.split(), action="SCMP_ACT_ALLOW"), args=("absent",), default="SCMP_ACT_ERRNO", nnp=nnp), say="absent")


def test_default_errno(oci):
    done = oci.run(filtered(oci, rule("mkdir", "mkdirat"), script="mkdir /tmp/x", defaultErrnoRet=None), check=False)
    assert "Operation not permitted" in done.stderr
    assert not done.stdout


OPERATORS = [
    ("SCMP_CMP_NE", 100, {}, {100}),
    ("SCMP_CMP_LT", 100, {}, {100, 101}),
    ("SCMP_CMP_LE", 100, {}, {101}),
    ("SCMP_CMP_EQ", 100, {}, {99, 101}),
    ("SCMP_CMP_GE", 100, {}, {99}),
    ("SCMP_CMP_GT", 100, {}, {99, 100}),
    ("SCMP_CMP_MASKED_EQ", 0xFF, {"valueTwo": 100}, {99, 101}),
]


@pytest.mark.parametrize("op, value, rest, allowed", OPERATORS, ids=[each[0] for each in OPERATORS])
def test_operators(oci, op, value, rest, allowed):
    """kill(PID, 0): there are no such processes, so what passes the filter fails with ESRCH."""
    script = "for p in 99 100 101; do kill -0 $p; done"
    done = oci.run(filtered(oci, rule("kill", args=[arg(0, value, op, **rest)], errnoRet=errno.ENOSPC), script=script), check=False)
    for line, pid in zip(done.stderr.splitlines(), (99, 100, 101), strict=True):
        assert ("No such process" in line) == (pid in allowed), done.stderr


def test_conditions_on_one_argument_are_alternatives(oci):
    script = "for p in 99 100 101; do kill -0 $p; done"
    done = oci.run(filtered(oci, rule("kill", args=[arg(0, 99), arg(0, 101)], errnoRet=errno.ENOSPC), script=script), check=False)
    assert ["No space" in line for line in done.stderr.splitlines()] == [True, False, True]


def test_unknown_names_and_keys_are_skipped(oci):
    bundle = filtered(oci, rule("no_such_call_at_all", "mkdir", "mkdirat"), script="mkdir /tmp/x", somethingNew={"a": 1})
    assert "not permitted" in oci.run(bundle, check=False).stderr


def test_architectures_and_flags(oci):
    bundle = filtered(
        oci,
        rule("mkdir", "mkdirat"),
        script="mkdir /tmp/x",
        architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"],
        flags=["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
    )
    assert "not permitted" in oci.run(bundle, check=False).stderr


@pytest.mark.parametrize(
    "change, say",
    [
        ({"defaultAction": "SCMP_ACT_SHRUG"}, "SCMP_ACT_SHRUG"),
        ({"defaultAction": None}, "defaultAction"),
        ({"architectures": ["SCMP_ARCH_VAX"]}, "SCMP_ARCH_VAX"),
        ({"flags": ["SECCOMP_FILTER_FLAG_FAST"]}, "SECCOMP_FILTER_FLAG_FAST"),
        ({"syscalls": [rule("mkdir", action="SCMP_ACT_SHRUG")]}, "SCMP_ACT_SHRUG"),
        ({"syscalls": [rule("mkdir", action="SCMP_ACT_ALLOW", errnoRet=1)]}, "errnoRet"),
        ({"syscalls": [rule("mkdir", args=[arg(6, 1)])]}, "index"),
        ({"syscalls": [rule("mkdir", args=[arg(0, 1, "SCMP_CMP_IN")])]}, "SCMP_CMP_IN"),
        ({"syscalls": "all"}, "syscalls"),
        ({"defaultAction": "SCMP_ACT_NOTIFY"}, "SCMP_ACT_NOTIFY cannot be used as default action"),
        ({"syscalls": [rule("write", action="SCMP_ACT_NOTIFY")]}, "SCMP_ACT_NOTIFY cannot be used for the write syscall"),
        ({"syscalls": [rule("mkdir", action="SCMP_ACT_NOTIFY")]}, "listenerPath"),
        ({"syscalls": [rule("mkdir", action="SCMP_ACT_NOTIFY")], "listenerPath": ""}, "listenerPath"),
        ({"syscalls": [rule("mkdir", action="SCMP_ACT_NOTIFY")], "listenerPath": "@abstract"}, "absolute path"),
        ({"syscalls": [rule("mkdir", action="SCMP_ACT_NOTIFY")], "listenerPath": "/nobody/here"}, "failed to connect with seccomp agent"),
        ({"syscalls": [rule("mkdir", action="SCMP_ACT_NOTIFY")], "listenerPath": "/etc/passwd"}, "failed to connect with seccomp agent"),
    ],
)
def test_bad(oci, change, say):
    bundle = filtered(oci, args=("true",))
    bundle.linux["seccomp"].update(change)
    if not IS_CREEL:
        pytest.skip("other runtimes are less strict")
    message = oci.create_refused(bundle, say=say)
    assert len(message.strip().splitlines()) == 1, message


# The cache


@pytest.mark.skipif(not IS_CREEL, reason="our own cache")
def test_cache(oci):
    def run():
        bundle = filtered(oci, rule("mkdir", "mkdirat", errnoRet=os.getpid() % 100 + 1), args=("true",))
        oci.run(bundle)
        return set(CACHE.iterdir())

    before = set(CACHE.iterdir()) if CACHE.exists() else set()
    first = run()
    made = first - before
    assert made and run() >= first
    assert CACHE.stat().st_mode & 0o777 == 0o700 and CACHE.stat().st_uid == 0
    # What is damaged is made again, and does not get in.
    for entry in made:
        entry.write_bytes(b"\0" * 80)
    run()
    assert all(entry.stat().st_size != 80 or entry.read_bytes() != b"\0" * 80 for entry in made if entry.exists())


# Agents

RECV, SEND = 0xC0502100, 0xC0182101
NOTIF = struct.Struct("=QII" + "iIQ6Q")
RESPONSE = struct.Struct("=Qqi I")


class Agent:
    """Takes listeners at .path, and answers every call with .answer: an error number, or None to let it go on."""

    def __init__(self, directory, answer=errno.ENOMEDIUM):
        self.path = directory / "agent"
        self.answer = answer
        self.states = queue.Queue()
        self.calls = []
        self.listeners = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(self.path))
        self.socket.listen()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                data, fds, _, _ = socket.recv_fds(connection, 65536, 4)
                while more := connection.recv(65536):
                    data += more
            self.listeners += fds
            if fds:
                self.states.put((json.loads(data), len(fds)))
                threading.Thread(target=self.serve, args=(fds[0],), daemon=True).start()

    def state(self):
        return self.states.get(timeout=TIMEOUT_SEC)

    def serve(self, listener):
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while True:
            [(_, events)] = poll.poll()
            if events & select.POLLHUP:
                return
            call = array.array("B", bytes(NOTIF.size))
            try:
                fcntl.ioctl(listener, RECV, call)
                cookie, pid, _, number, *_ = NOTIF.unpack(call)
                self.calls.append((pid, number))
                fcntl.ioctl(listener, SEND, RESPONSE.pack(cookie, 0, -(self.answer or 0), 1 if self.answer is None else 0))
            except FileNotFoundError:
                # The process ended, or had a signal, meanwhile.
                continue

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(20)


@pytest.fixture
def agent(oci):
    oci.directory.mkdir(parents=True, exist_ok=True)
    made = Agent(oci.directory)
    yield made
    made.close()


def asking(oci, agent, *names, nnp=True, metadata="some words", **kw):
    return filtered(oci, rule(*names, action="SCMP_ACT_NOTIFY"), nnp=nnp, listenerPath=str(agent.path), listenerMetadata=metadata, **kw)


@pytest.mark.parametrize("verb", ["run", "create"])
@pytest.mark.parametrize("nnp", [False, True])
def test_agent_answers(oci, agent, nnp, verb):
    bundle = asking(oci, agent, "mkdir", "mkdirat", script="mkdir /tmp/x", nnp=nnp)
    bundle.config["annotations"] = {"a.b": "c"}
    if verb == "run":
        done = oci.run(bundle, check=False)
        said, name = done.stderr, done.id
    else:
        container = oci.create(bundle)
        said, name = container.end(), container.id
    assert "No medium found" in said
    state, n = agent.state()
    assert n == 1 and len(agent.calls) == 1 and agent.states.empty()
    assert verb == "run" or state["pid"] == container.pid
    assert state["fds"] == ["seccompFd"] and state["metadata"] == "some words"
    assert state["pid"] == state["state"]["pid"] > 0
    assert state["ociVersion"] == state["state"]["ociVersion"]
    assert state["state"]["id"] == name and state["state"]["status"] == "creating"
    assert state["state"]["bundle"] == str(bundle.path) and state["state"]["annotations"] == {"a.b": "c"}


@pytest.mark.parametrize("nnp", [False, True])
def test_agent_lets_everything_pass(oci, agent, nnp):
    """Also the calls that the runtime itself makes on the way."""
    agent.answer = None
    names = ("execve", "openat", "open", "read", "close", "sendmsg", "recvmsg", "sendto", "futex", "prctl", "setresuid", "capset")
    container = oci.create(asking(oci, agent, *names, args=("echo", "fine"), nnp=nnp))
    assert container.end() == "fine\n"
    assert agent.calls


def test_agent_goes_away(oci):
    """Its calls fail, and nobody waits."""
    path = oci.directory / "brief"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()
        bundle = filtered(oci, rule("mkdir", "mkdirat", action="SCMP_ACT_NOTIFY"), script="mkdir /tmp/x", listenerPath=str(path))
        container = oci.create(bundle)
        connection, _ = listening.accept()
        with connection:
            _, fds, _, _ = socket.recv_fds(connection, 65536, 1)
        os.close(fds[0])
    assert os.strerror(errno.ENOSYS) in container.end()


def test_agent_is_not_asked(oci, agent):
    """Without the action its address does not count."""
    bundle = filtered(oci, rule("mkdir"), args=("true",), listenerPath=str(agent.path))
    oci.run(bundle)
    bundle.linux["seccomp"]["listenerPath"] = "/nobody/here"
    oci.run(bundle)
    assert agent.states.empty()


@pytest.mark.skipif(not IS_CREEL, reason="crun's own annotation, of ours the newer way counts")
def test_receiver_of_the_annotation(oci, agent):
    bundle = filtered(oci, rule("mkdir", "mkdirat", action="SCMP_ACT_NOTIFY"), script="mkdir /tmp/x")
    bundle.config["annotations"] = {"run.oci.seccomp.receiver": str(agent.path)}
    assert "No medium" in oci.run(bundle, check=False).stderr


@pytest.mark.parametrize("nnp", [False, True])
def test_no_descriptor_is_left(oci, agent, nnp):
    done = oci.run(asking(oci, agent, "mkdir", "mkdirat", script="ls /proc/self/fd; ls /proc/self/task | wc -l", nnp=nnp))
    assert done.stdout.split() == ["0", "1", "2", "3", "1"]


def test_hostile_agent_that_hangs_up(oci):
    """It accepts and closes: the container does not come to be."""
    path = oci.directory / "rude"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()

        def hang_up():
            connection, _ = listening.accept()
            connection.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        bundle = filtered(oci, rule("mkdir", action="SCMP_ACT_NOTIFY"), args=("true",), listenerPath=str(path))
        done = oci.create(bundle, check=False)
        thread.join(20)
        # Whether it is noticed is a matter of time; what counts is that nothing hangs, and nothing is left.
        if done.returncode != 0:
            assert "agent" in done.stderr
            oci.assert_gone(done.container.id)


# More processes


@pytest.mark.parametrize("nnp", [False, True])
def test_exec_is_under_the_filter(oci, nnp):
    container = oci.start(filtered(oci, rule("mkdir", "mkdirat"), args=("sleep", "1000"), nnp=nnp))
    done = container.exec("sh", "-c", "grep Seccomp: /proc/self/status; mkdir /tmp/x", check=False)
    assert done.stdout.split() == ["Seccomp:", "2"]
    assert "Operation not permitted" in done.stderr


@pytest.mark.parametrize("nnp", [False, True])
@pytest.mark.parametrize("user", [False, True])
def test_exec_asks_the_agent(oci, agent, nnp, user):
    """Each process has a listener of its own."""
    bundle = asking(oci, agent, "mkdir", "mkdirat", args=("sleep", "1000"), nnp=nnp)
    if user:
        bundle.map_users()
    container = oci.start(bundle)
    first, _ = agent.state()
    done = container.exec("mkdir", "/tmp/x", check=False)
    assert "No medium found" in done.stderr
    second, _ = agent.state()
    assert first["pid"] == container.pid == second["state"]["pid"] != second["pid"]
    assert second["state"]["status"] == "running" and second["state"]["id"] == container.id
