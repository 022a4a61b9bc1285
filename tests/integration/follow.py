# SPDX-License-Identifier: LGPL-2.1-or-later
"""Following programs that go on: their lines, their terminal."""

import fcntl
import json
import os
import pty
import queue
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

TIMEOUT_SEC = 30


class Follower:
    """A program whose lines are read while it runs. Use as a context manager: it is ended behind the block."""

    def __init__(self, *argv, stdin=None, env=None, pass_fds=(), stderr=subprocess.PIPE):
        self.argv = [str(word) for word in argv]
        self.seen = []
        self.errors = []
        self._queue = queue.Queue()
        self._stderr_queue = queue.Queue()
        self.process = subprocess.Popen(
            self.argv,
            stdin=subprocess.PIPE if stdin == "pipe" else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            env=env,
            pass_fds=pass_fds,
        )
        threads = [(self.process.stdout, self._queue)]
        if stderr == subprocess.PIPE:
            threads.append((self.process.stderr, self._stderr_queue))
        for stream, lines in threads:
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def _until(self, lines, kept, matches, what, timeout):
        until = time.monotonic() + timeout
        while True:
            try:
                line = lines.get(timeout=max(0.001, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{' '.join(self.argv)}: no {what} in {timeout} s, but: {kept[-20:]} {self.errors[-20:]}") from None
            if line is None:
                raise AssertionError(f"{' '.join(self.argv)}: ended without {what}: {kept[-20:]} {self.errors[-20:]}")
            kept.append(line)
            if matches(line):
                return line

    def line(self, pattern, timeout=TIMEOUT_SEC):
        """The next line that @pattern is found in."""
        return self._until(self._queue, self.seen, lambda line: re.search(pattern, line), f"line with {pattern!r}", timeout)

    def error_line(self, pattern, timeout=TIMEOUT_SEC):
        return self._until(self._stderr_queue, self.errors, lambda line: re.search(pattern, line), f"error line with {pattern!r}", timeout)

    def object(self, matches, what="object", timeout=TIMEOUT_SEC):
        """The next line that is a JSON object for which @matches holds, parsed."""
        return json.loads(self._until(self._queue, self.seen, lambda line: line.startswith("{") and matches(json.loads(line)), what, timeout))

    def rest(self, timeout=TIMEOUT_SEC):
        """Everything up to the end of the output."""
        out = []
        while (line := self._queue.get(timeout=timeout)) is not None:
            self.seen.append(line)
            out.append(line)
        return out

    def write(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=TIMEOUT_SEC):
        return self.process.wait(timeout)


class BusMonitor(Follower):
    """Every message of a service on the system bus as an object of busctl's."""

    def __init__(self, service="org.creel1"):
        super().__init__("busctl", "monitor", "--system", "--json=short", service)
        # Said on one stream or the other, by version of systemd, once nothing is missed any more.
        self.error_line("Monitoring bus message stream")

    def signal_named(self, member, matches=lambda body: True, timeout=TIMEOUT_SEC):
        """The body of the next signal of that name for which @matches(body) holds."""

        def right(o):
            return o.get("type") == "signal" and o.get("member") == member and matches(o["payload"]["data"])

        return self.object(right, f"signal {member}", timeout)["payload"]["data"]


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *argv, rows=24, columns=80):
        self.argv = [str(word) for word in argv]
        self.master, slave = pty.openpty()
        self.output = ""
        self._position = 0
        self.resize(rows, columns, tell=False)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            self.argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm"}, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)

    def resize(self, rows, columns, tell=True):
        # The kernel sends SIGWINCH to the foreground process group of the terminal.
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern, timeout=TIMEOUT_SEC):
        """Reads until @pattern is found behind what the last expect() found."""
        until = time.monotonic() + timeout
        while True:
            found = re.compile(pattern).search(self.output, self._position)
            if found:
                self._position = found.end()
                return found
            readable, _, _ = select.select([self.master], [], [], max(0, until - time.monotonic()))
            assert readable, f"{' '.join(self.argv)}: no {pattern!r} in {timeout} s, but: {self.output[self._position:]!r}"
            self.output += os.read(self.master, 65536).decode(errors="replace")

    def wait(self, timeout=TIMEOUT_SEC):
        """Reads on, since a full terminal stops whoever writes to it, and returns the exit status."""
        pidfd = os.pidfd_open(self.process.pid) if self.process.poll() is None else None
        while pidfd is not None:
            readable, _, _ = select.select([self.master, pidfd], [], [], timeout)
            assert readable, f"{' '.join(self.argv)}: did not end in {timeout} s: {self.output!r}"
            if self.master in readable:
                self.output += os.read(self.master, 65536).decode(errors="replace")
            elif pidfd in readable:
                os.close(pidfd)
                pidfd = None
        return self.process.wait()

    def attributes(self):
        return termios.tcgetattr(self.slave)


def pidfd_wait(pid, timeout=TIMEOUT_SEC):
    """Until that process is gone; at once when there is none."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([pidfd], [], [], timeout)[0], f"process {pid} is still there after {timeout} s"
    finally:
        os.close(pidfd)


def kill_and_wait(pid, number=signal.SIGKILL):
    pidfd = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(pidfd, number)
        assert select.select([pidfd], [], [], TIMEOUT_SEC)[0], f"process {pid} survived signal {number}"
    finally:
        os.close(pidfd)
