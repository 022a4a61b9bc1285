# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes OCI and Docker images byte by byte, without any container tool.

    base = Layer().dir("etc").file("etc/motd", b"hello\\n", mode=0o644)
    top = Layer(compression="zstd").whiteout("etc/motd").opaque("var/cache")
    image = Image([base, top], config={"Cmd": ["/bin/sh"]})
    image.write_layout("/tmp/layout", "latest")          # or: registry.push(image, "test:latest")

Everything is deterministic: the same calls give the same digests. What a test wants to be wrong it makes wrong by hand:
Layer.raw() adds foreign bytes to the tar stream, Layer.blob can be replaced, and Image.edit_manifest / edit_config get the
documents before they are encoded.
"""

import gzip
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

OCI = {
    "index": "application/vnd.oci.image.index.v1+json",
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "none": "application/vnd.oci.image.layer.v1.tar",
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}

DOCKER = {
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "none": "application/vnd.docker.image.rootfs.diff.tar",
    "gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "zstd": "application/vnd.docker.image.rootfs.diff.tar.zstd",
}

EPOCH = 1700000000


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def encode(document):
    return json.dumps(document, separators=(",", ":")).encode()


def compress(data, compression):
    if compression == "none":
        return data
    if compression == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if compression == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    raise ValueError(f"unknown compression {compression}")


class Layer:
    """A tar stream in the making. Every method adds one entry and returns the layer."""

    def __init__(self, compression="gzip", tar_format=tarfile.PAX_FORMAT):
        self.compression = compression
        self.tar_format = tar_format
        self._entries = []
        self._tar = None
        self._blob = None

    def entry(self, name, kind, data=b"", mode=0o644, uid=0, gid=0, mtime=EPOCH, linkname="", xattrs=None, device=(0, 0), pax=None):
        """One entry; @kind is a type byte of tarfile (REGTYPE, DIRTYPE, ...). Names are written as they are given."""
        info = tarfile.TarInfo(name)
        info.type, info.size, info.mode, info.mtime = kind, len(data), mode, mtime
        info.uid, info.gid, info.linkname = uid, gid, linkname
        info.devmajor, info.devminor = device
        info.pax_headers = dict(pax or {})
        for key, value in (xattrs or {}).items():
            value = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
            info.pax_headers[f"SCHILY.xattr.{key}"] = value
        header = info.tobuf(self.tar_format, "utf-8", "surrogateescape")
        return self.raw(header + data + b"\0" * (-len(data) % tarfile.BLOCKSIZE))

    def file(self, name, data=b"", **kw):
        return self.entry(name, tarfile.REGTYPE, data.encode() if isinstance(data, str) else data, **kw)

    def dir(self, name, mode=0o755, **kw):
        return self.entry(name.rstrip("/") + "/", tarfile.DIRTYPE, mode=mode, **kw)

    def symlink(self, name, target, **kw):
        return self.entry(name, tarfile.SYMTYPE, linkname=target, mode=0o777, **kw)

    def hardlink(self, name, target, **kw):
        return self.entry(name, tarfile.LNKTYPE, linkname=target, **kw)

    def fifo(self, name, **kw):
        return self.entry(name, tarfile.FIFOTYPE, **kw)

    def char_device(self, name, major, minor, **kw):
        return self.entry(name, tarfile.CHRTYPE, device=(major, minor), **kw)

    def block_device(self, name, major, minor, **kw):
        return self.entry(name, tarfile.BLKTYPE, device=(major, minor), **kw)

    def whiteout(self, name):
        parent, _, base = name.rpartition("/")
        return self.file(f"{parent}/.wh.{base}" if parent else f".wh.{base}")

    def opaque(self, directory):
        return self.file(f"{directory.rstrip('/')}/.wh..wh..opq")

    def raw(self, data):
        """Bytes of the tar stream as they are, for entries that no tar writer would make."""
        self._entries.append(data)
        self._tar = self._blob = None
        return self

    @property
    def tar(self):
        """The uncompressed stream; its digest is the diff ID."""
        if self._tar is None:
            data = b"".join(self._entries) + b"\0" * (2 * tarfile.BLOCKSIZE)
            self._tar = data + b"\0" * (-len(data) % tarfile.RECORDSIZE)
        return self._tar

    @property
    def blob(self):
        """What travels; may be set to anything."""
        if self._blob is None:
            self._blob = compress(self.tar, self.compression)
        return self._blob

    @blob.setter
    def blob(self, data):
        self._blob = data

    @property
    def diff_id(self):
        return sha256(self.tar)


class Image:
    """One platform's image. @config is the inner "config" object of the image configuration (Cmd, Env, User, ...)."""

    def __init__(
        self,
        layers,
        config=None,
        flavour="oci",
        architecture="amd64",
        os="linux",
        variant=None,
        annotations=None,
        edit_config=None,
        edit_manifest=None,
    ):
        self.layers = layers
        self.types = {"oci": OCI, "docker": DOCKER}[flavour]
        self.platform = {"architecture": architecture, "os": os, **({"variant": variant} if variant else {})}
        self.media_type = self.types["manifest"]

        document = {
            "created": "2023-11-14T22:13:20Z",
            **self.platform,
            "config": config or {},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created": "2023-11-14T22:13:20Z", "created_by": f"layer {i}"} for i in range(len(layers))],
        }
        if edit_config:
            document = edit_config(document) or document
        self.config = encode(document)

        document = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": descriptor(self.config, self.types["config"]),
            "layers": [descriptor(layer.blob, self.types[layer.compression]) for layer in layers],
        }
        if annotations:
            document["annotations"] = annotations
        if edit_manifest:
            document = edit_manifest(document) or document
        self.manifest = encode(document)

    @property
    def digest(self):
        return sha256(self.manifest)

    def blobs(self):
        return [self.config, *(layer.blob for layer in self.layers)]

    def children(self):
        return []

    def write_layout(self, directory, tag="latest"):
        write_layout(directory, self, tag)


class Index:
    """Several platforms under one name."""

    def __init__(self, images, flavour="oci", annotations=None, edit=None):
        self.images = images
        self.media_type = {"oci": OCI, "docker": DOCKER}[flavour]["index"]
        document = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "manifests": [
                {**descriptor(image.manifest, image.media_type), "platform": image.platform} for image in images
            ],
        }
        if annotations:
            document["annotations"] = annotations
        if edit:
            document = edit(document) or document
        self.manifest = encode(document)

    @property
    def digest(self):
        return sha256(self.manifest)

    def blobs(self):
        return [blob for image in self.images for blob in image.blobs()]

    def children(self):
        return self.images

    def write_layout(self, directory, tag="latest"):
        write_layout(directory, self, tag)


def descriptor(data, media_type):
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}


def write_layout(directory, image, tag):
    """An OCI image layout (image-spec 1.1, image-layout.md) with one name in it."""
    directory = Path(directory)
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for data in [*image.blobs(), *(child.manifest for child in image.children()), image.manifest]:
        (blobs / sha256(data).partition(":")[2]).write_bytes(data)
    (directory / "oci-layout").write_bytes(encode({"imageLayoutVersion": "1.0.0"}))
    entry = {
        **descriptor(image.manifest, image.media_type),
        "annotations": {"org.opencontainers.image.ref.name": tag},
    }
    (directory / "index.json").write_bytes(encode({"schemaVersion": 2, "manifests": [entry]}))
