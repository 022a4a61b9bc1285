# SPDX-License-Identifier: LGPL-2.1-or-later
"""The image for the pull benchmark: about 600 MB of this machine's own /usr in four gzip layers, made the same way
every time, so that two runs in the same tree pull the same bytes."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor

import images
from ociwriter import EPOCH, OCI, encode, sha256

BYTES_WANTED = 607_000_000
SHARES = (0.44, 0.28, 0.20, 0.08)  # much at the base and less on top, as images are
SOURCES = ("usr/bin", "usr/lib", "usr/sbin", "usr/libexec", "usr/share", "usr/include")


class HashingWriter:
    def __init__(self, file):
        self.file, self.hash, self.size = file, hashlib.sha256(), 0

    def write(self, data):
        self.hash.update(data)
        self.size += len(data)
        return self.file.write(data)

    @property
    def digest(self):
        return "sha256:" + self.hash.hexdigest()


def files():
    """Every regular file and symlink below SOURCES with its size, in an order that depends on names alone. Creel's own
    programs are left out, since they change with every build."""
    for source in SOURCES:
        for directory, below, names in os.walk(f"/{source}"):
            below.sort()
            for name in sorted(names):
                path = os.path.join(directory, name)
                if "creel" not in path and (os.path.islink(path) or os.path.isfile(path)):
                    yield path[1:], os.lstat(path).st_size


def divided():
    """Four lists of paths."""
    layers, size = [[] for _ in SHARES], 0
    limits = [BYTES_WANTED * sum(SHARES[: i + 1]) for i in range(len(SHARES))]
    for path, n_bytes in files():
        if size + n_bytes > limits[-1]:
            continue
        layers[next(i for i, limit in enumerate(limits) if size + n_bytes <= limit)].append(path)
        size += n_bytes
    return layers


def plain(info):
    info.mtime, info.uid, info.gid, info.uname, info.gname = EPOCH, 0, 0, "", ""
    return info


def add_parents(archive, path, known):
    parts = path.split("/")[:-1]
    for i in range(1, len(parts) + 1):
        parent = "/".join(parts[:i])
        if parent not in known:
            known.add(parent)
            archive.addfile(plain(archive.gettarinfo(f"/{parent}", arcname=parent)))


def write_layer(directory, index, paths):
    """Returns (blob path, blob digest, blob size, diff ID)."""
    path = directory / f"layer-{index}.tar.gz"
    with open(path, "wb") as output:
        with subprocess.Popen(["gzip", "-6", "-n"], stdin=subprocess.PIPE, stdout=output) as gzip:
            tar = HashingWriter(gzip.stdin)
            with tarfile.open(fileobj=tar, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                known = set()
                if index == 0:
                    add_busybox(archive, known)
                for each in paths:
                    add_parents(archive, each, known)
                    archive.inodes = {}  # no hard links: the other name may be in another layer
                    info = plain(archive.gettarinfo(f"/{each}", arcname=each))
                    if info.isreg():
                        with open(f"/{each}", "rb") as file:
                            archive.addfile(info, file)
                    else:
                        archive.addfile(info)
            gzip.stdin.close()
        if gzip.returncode != 0:
            raise RuntimeError(f"gzip failed with status {gzip.returncode}")
    with open(path, "rb") as file:
        digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    return path, digest, path.stat().st_size, tar.digest


def add_busybox(archive, known):
    """So that what was pulled can also run: /bin/busybox as init and shell under names that /usr does not use."""
    data = images.busybox_program()
    for name in ("bin", "etc", "tmp"):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, EPOCH
        archive.addfile(info)
        known.add(name)
    info = tarfile.TarInfo("bin/true")
    info.size, info.mode, info.mtime = len(data), 0o755, EPOCH
    archive.addfile(info, io.BytesIO(data))


def push(registry, directory, name):
    """Makes the image in @directory and puts it into @registry. Returns (reference, compressed bytes)."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(lambda job: write_layer(directory, *job), enumerate(divided())))
    repository, _, tag = name.partition(":")
    config = encode(
        {
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
            "os": "linux",
            "config": {"Cmd": ["true"], "Env": [images.PATH_ENV]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id for *_, diff_id in made]},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI["manifest"],
        "config": {"mediaType": OCI["config"], "digest": sha256(config), "size": len(config)},
        "layers": [{"mediaType": OCI["gzip"], "digest": digest, "size": size} for _, digest, size, _ in made],
    }
    for path, *_ in made:
        registry.push_blob(repository, path.read_bytes())
        path.unlink()
    registry.push_blob(repository, config)
    registry.push_manifest(repository, tag, json.dumps(manifest).encode(), OCI["manifest"])
    return registry.reference(name), sum(size for _, _, size, _ in made)
