# SPDX-License-Identifier: LGPL-2.1-or-later
"""Speaks creeld's side of src/proto/message.h with a creel-unpack process."""

import array
import hashlib
import os
import re
import socket
import struct
import subprocess
import threading

MAGIC = 0x314C5243


def enum(header, prefix):
    """The numbers of an enum, in the order of the header."""
    names = re.findall(rf"^\s+({prefix}_[A-Z0-9_]+),", header, re.M)
    return {name.removeprefix(prefix + "_"): number for number, name in enumerate(names)}


class Protocol:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            header = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        self.types, self.fields = enum(header, "MESSAGE"), enum(header, "FIELD")
        self.type_names = {n: s for s, n in self.types.items()}
        self.field_names = {n: s for s, n in self.fields.items()}

    def encode(self, kind, fields):
        body, fds = b"", []
        for key, value in fields.items():
            number = self.fields[key]
            if isinstance(value, str):
                data = value.encode()
            elif number >= self.fields["STAGING"]:
                data = struct.pack("<I", len(fds))
                fds.append(value)
            else:
                data = struct.pack("<Q", value)
            body += struct.pack("<HHI", number, 0, len(data)) + data
        return struct.pack("<IHH", MAGIC, self.types[kind], len(fields)) + body, fds

    def decode(self, data):
        _, kind, count = struct.unpack_from("<IHH", data)
        fields, at = {}, 8
        for _ in range(count):
            key, _, length = struct.unpack_from("<HHI", data, at)
            value = data[at + 8 : at + 8 + length]
            number = self.fields["INDEX"] <= key < self.fields["STAGING"]
            fields[self.field_names[key]] = (
                struct.unpack("<Q", value)[0] if number else value.decode(errors="replace")
            )
            at += 8 + length
        return self.type_names[kind], fields


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Worker:
    """One process; answers() yields what it says up to its end."""

    def __init__(self, protocol, binary):
        self.protocol = protocol
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()

        def place():
            os.dup2(number, 3)

        # fd 3 has to be free of Python's own making in the child: close_fds would take it away again.
        self.process = subprocess.Popen([binary], preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL)
        theirs.close()

    def send(self, kind, fields):
        data, fds = self.protocol.encode(kind, fields)
        self.socket.sendmsg(
            [data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        )

    def answers(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return
            if not data:
                return
            yield self.protocol.decode(data)

    def finish(self):
        *progress, last = list(self.answers()) or [(None, {})]
        self.process.wait(timeout=60)
        self.socket.close()
        return last[0], last[1], [f["BYTES"] for _, f in progress]


def feed(fd, data):
    """Writes a stream into a pipe from a thread of its own; a reader that goes away is fine."""

    def run():
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
        except OSError:
            pass
        finally:
            os.close(fd)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def unpack(protocol, binary, directory, blob, compression, plain, **changes):
    """The whole way: *plain* is the stream whose diff ID is promised.

    Returns last message and fields, exit status, progress.
    """
    worker = Worker(protocol, binary)
    r, w = os.pipe()
    dirfd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    fields = {
        "INPUT": r,
        "DIRECTORY": dirfd,
        "COMPRESSION": compression,
        "DIGEST": sha256(blob),
        "DIFF_ID": sha256(plain),
        "BYTES": len(blob),
        "BYTES_MAX": 1 << 32,
        "ENTRIES_MAX": 1 << 20,
    }
    worker.send("UNPACK_START", fields | changes)
    os.close(r)
    os.close(dirfd)
    thread = feed(w, blob)
    kind, answer, progress = worker.finish()
    thread.join()
    return kind, answer, worker.process.returncode, progress
