# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scripts that attack from inside a container: Python with system calls by name (images.python_image())."""

import json
import os

NUMBERS = {
    # name: (x86_64, aarch64)
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "clock_settime": (227, 112),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}

PRELUDE = f"""
import ctypes, errno, fcntl, json, os, signal, socket, stat, struct, sys, termios, time
numbers = {json.dumps({name: pair[os.uname().machine == "aarch64"] for name, pair in NUMBERS.items()})}
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def raw(name, *args):
    ctypes.set_errno(0)
    args = [ctypes.c_long(each) if isinstance(each, int) else each for each in args]
    return libc.syscall(ctypes.c_long(numbers[name]), *args)

def call(name, *args):
    '''"ok", or the name of the error.'''
    r = raw(name, *args)
    return "ok" if r >= 0 else errno.errorcode[ctypes.get_errno()]

def attempt(function, *args):
    '''"ok", or the name of the error.'''
    try:
        function(*args)
    except OSError as e:
        return errno.errorcode[e.errno]
    return "ok"

def write(path, text="1"):
    with open(path, "w") as f:
        f.write(text)

def tell(**what):
    print(json.dumps(what), flush=True)
"""


def command(script):
    """The words that run @script, which calls tell(name=value, ...)."""
    return ["python3", "-c", f"{PRELUDE}\n{script}"]


def told(output):
    """Everything that tell() said, in one dictionary."""
    found = {}
    for line in output.splitlines():
        if line.startswith("{"):
            found.update(json.loads(line))
    return found
