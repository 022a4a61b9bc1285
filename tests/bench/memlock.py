# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lets programs believe that they raised RLIMIT_MEMLOCK.

crun refuses to start a container when it cannot raise this limit, which it wants for its device program although
Linux has not counted BPF programs against it since 5.11. Where raising is forbidden (a machine inside another, without
CAP_SYS_RESOURCE), a seccomp filter answers such calls with success. It is inherited by every command that is measured,
so that all wear the same hat.
"""

import ctypes
import os
import platform
import resource
import struct

# Numbers of setrlimit(2) and prlimit64(2), and the value of seccomp_data.arch.
MACHINES = {"x86_64": (160, 302, 0xC000003E), "aarch64": (164, 261, 0xC00000B7)}

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
RET_ALLOW = 0x7FFF0000
RET_SUCCESS = 0x00050000  # SECCOMP_RET_ERRNO with errno 0

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER, ARCH = 0, 4


def argument(index, high=False):
    return 16 + 8 * index + (4 if high else 0)


def program(machine):
    setrlimit, prlimit64, arch = MACHINES[machine]
    memlock = resource.RLIMIT_MEMLOCK
    return [
        (LOAD, 0, 0, ARCH),
        (EQUAL, 0, 12, arch),
        (LOAD, 0, 0, NUMBER),
        (EQUAL, 0, 2, setrlimit),
        (LOAD, 0, 0, argument(0)),
        (EQUAL, 7, 8, memlock),
        (EQUAL, 0, 7, prlimit64),
        (LOAD, 0, 0, argument(1)),
        (EQUAL, 0, 5, memlock),
        # prlimit64() with no new limit only reads.
        (LOAD, 0, 0, argument(2, high=True)),
        (EQUAL, 0, 2, 0),
        (LOAD, 0, 0, argument(2)),
        (EQUAL, 1, 0, 0),
        (RETURN, 0, 0, RET_SUCCESS),
        (RETURN, 0, 0, RET_ALLOW),
    ]


def raise_or_pretend():
    """Returns a line for people when it had to pretend."""
    infinity = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, infinity)
        return None
    except (ValueError, PermissionError):
        pass
    machine = platform.machine()
    if machine not in MACHINES:
        return "RLIMIT_MEMLOCK cannot be raised here: crun will not work"
    steps = program(machine)
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    array = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(steps), ctypes.addressof(array)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) != 0:
        return f"RLIMIT_MEMLOCK cannot be raised here ({os.strerror(ctypes.get_errno())}): crun will not work"
    return "RLIMIT_MEMLOCK cannot be raised here, so all tools are told that it was"
