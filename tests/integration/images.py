# SPDX-License-Identifier: LGPL-2.1-or-later
"""The images that many tests share."""

import os
import subprocess
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path

from ociwriter import Image, Layer

PATH_ENV = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@lru_cache
def busybox_program():
    return Path("/bin/busybox").read_bytes()


@lru_cache
def busybox_applets():
    listed = subprocess.run(["/bin/busybox", "--list"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return [name for name in listed.split() if name != "busybox"]


def busybox_layer(compression="gzip"):
    """A small root filesystem: busybox with all its applets in /bin, and two users, root and app (1000)."""
    layer = Layer(compression)
    for name in ("bin", "dev", "etc", "home", "proc", "run", "sys", "usr", "usr/bin", "var", "var/log"):
        layer.dir(name)
    layer.dir("root", mode=0o700).dir("tmp", mode=0o1777).dir("home/app", uid=1000, gid=1000)
    layer.file("bin/busybox", busybox_program(), mode=0o755)
    for name in busybox_applets():
        layer.symlink(f"bin/{name}", "busybox")
    layer.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n")
    layer.file("etc/group", "root:x:0:\nwheel:x:10:root,app\napp:x:1000:\n")
    layer.file("etc/os-release", 'ID=creel-busybox\nNAME="Creel busybox"\nVERSION_ID=1\nPRETTY_NAME="Creel busybox 1"\n')
    return layer


def busybox_image(config=None, **kw):
    """One layer, Cmd ["sh"]. @config is laid over the defaults."""
    return Image([busybox_layer()], config={"Env": [PATH_ENV], "Cmd": ["sh"], **(config or {})}, **kw)


def layered_image(flavour="oci", compressions=("gzip", "zstd", "none")):
    """busybox and three layers over it that add, replace and take away in every way that layers can.

    Visible in the end:
        /data/kept              "kept"               /data/replaced   "new"
        /data/link              hard link to /data/kept (2 links)
        /data/turned            a directory that was a file, with /data/turned/inside
        /data/plain             a file that was a directory
        /opaque/                only "fresh", though the lower layer had "old"
        /attrs/user             user.creel=value     /attrs/capable   security.capability cap_net_raw+ep
        /owned                  1000:1000, mode 04755 with the owner's set-user-ID bit
        /names/<...>            long, non-ASCII and blank-bearing names
    Gone: /data/removed, /data/removed-dir.
    """
    if flavour == "docker":
        compressions = tuple("gzip" if each == "zstd" else each for each in compressions)
    first = Layer(compressions[0]).dir("data").file("data/kept", "kept").file("data/replaced", "old")
    first.file("data/removed", "x").dir("data/removed-dir").file("data/removed-dir/inside", "x")
    first.file("data/turned", "a file").dir("data/plain").file("data/plain/inside", "x")
    first.dir("opaque").file("opaque/old", "old").hardlink("data/link", "data/kept")

    second = Layer(compressions[1 % len(compressions)]).dir("data").whiteout("data/removed").whiteout("data/removed-dir")
    second.file("data/replaced", "new").dir("data/turned").file("data/turned/inside", "x").file("data/plain", "a file")
    second.dir("opaque").opaque("opaque").file("opaque/fresh", "fresh")

    third = Layer(compressions[2 % len(compressions)]).dir("attrs")
    third.file("attrs/user", "x", xattrs={"user.creel": "value"})
    third.file("attrs/capable", "x", mode=0o755, xattrs={"security.capability": CAP_NET_RAW_EP})
    third.file("owned", "x", mode=0o4755, uid=1000, gid=1000)
    third.dir("names").file("names/" + "long-" * 45, "x").file("names/zażółć", "x").file("names/with blank", "x")
    third.fifo("names/fifo", mode=0o600).symlink("names/dangling", "../nowhere")

    return Image([busybox_layer(compressions[0]), first, second, third], config={"Env": [PATH_ENV], "Cmd": ["sh"]}, flavour=flavour)


def file_capability(number):
    """struct vfs_cap_data, revision 2, effective, with one capability permitted."""
    return b"\x01\x00\x00\x02" + (1 << number).to_bytes(4, "little") + bytes(12)


CAP_NET_BIND_SERVICE_EP = file_capability(10)
CAP_NET_RAW_EP = file_capability(13)


@lru_cache
def python_layer():
    """This machine's own Python with as much of its library as system calls need, for tests that attack from the inside."""
    program = os.path.realpath(sys.executable)
    library = Path(sysconfig.get_path("stdlib"))
    extensions = list((library / "lib-dynload").glob("*.so"))
    files = {Path(program), *extensions, *library.glob("*.py")}
    for package in ("collections", "ctypes", "encodings", "importlib", "json", "re"):
        files |= {path for path in (library / package).rglob("*.py") if "test" not in path.parts}
    for each in (program, *(str(path) for path in extensions if "ctypes" in path.name)):
        listed = subprocess.run(["ldd", each], check=True, text=True, stdout=subprocess.PIPE).stdout
        files |= {Path(word) for word in listed.split() if word.startswith("/")}
    layer, known = Layer("none"), {"bin", "lib", "lib64"}
    for path in sorted(files):
        name = str(path).lstrip("/")
        name = f"usr/{name}" if name.startswith(("lib/", "lib64/", "bin/")) else name
        for parent in reversed(list(Path(name).parents)[:-1]):
            if str(parent) not in known:
                known.add(str(parent))
                layer.dir(str(parent))
        layer.file(name, path.read_bytes(), mode=0o755)
    layer.symlink("usr/bin/python3", os.path.basename(program)) if not program.endswith("/python3") else None
    return layer.symlink("lib", "usr/lib").symlink("lib64", "usr/lib64")


def python_image(config=None):
    return Image([busybox_layer(), python_layer()], config={"Env": [PATH_ENV], "Cmd": ["python3"], **(config or {})})
