#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""creel-unpack as creeld sees it: the real program, its socket, real streams, as root.

usage: unpack-harness.py CREEL-UNPACK MESSAGE.H [unittest arguments]
"""

import base64
import gzip
import io
import os
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import worker  # noqa: E402

BINARY, PROTOCOL = sys.argv[1], worker.Protocol(sys.argv[2])
CAP_NET_RAW = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)


def member(
    name,
    data=None,
    kind=tarfile.REGTYPE,
    link="",
    mode=0o644,
    uid=0,
    gid=0,
    mtime=1.5,
    pax=None,
    device=(0, 0),
):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.uid, info.gid, info.mtime = kind, link, mode, uid, gid, mtime
    info.devmajor, info.devminor = device
    info.pax_headers = pax or {}
    info.size = len(data) if data else 0
    return info, data


def directory(name, **more):
    return member(name, kind=tarfile.DIRTYPE, **({"mode": 0o755} | more))


def archive(*members, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if data else None)
    return out.getvalue()


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def raw_header(name, kind, size=0, link=b""):
    """One ustar header, byte by byte, for what tarfile would not write."""
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:136] = b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size
    block[136:148] = b"00000000001\0"
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = b"ustar\00000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


class Case(unittest.TestCase):
    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="unpack-", dir=os.getcwd())
        self.tree = os.path.join(self.base, "tree")
        os.mkdir(self.tree, 0o755)
        os.chmod(self.base, 0o755)

    def tearDown(self):
        shutil.rmtree(self.base, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.tree, name)

    def stat(self, name):
        return os.lstat(self.path(name))

    def run_worker(self, plain, blob=None, compression="none", **changes):
        return worker.unpack(
            PROTOCOL, BINARY, self.tree, plain if blob is None else blob, compression, plain, **changes
        )

    def good(self, *members, form=tarfile.PAX_FORMAT, **more):
        return self.good_stream(archive(*members, form=form), **more)

    def good_stream(self, plain, **more):
        kind, answer, status, progress = self.run_worker(plain, **more)
        self.assertEqual((kind, status), ("UNPACK_DONE", 0), answer)
        self.assertEqual(answer["DIFF_ID"], worker.sha256(plain))
        return answer, progress

    def bad(self, error, text, plain, **more):
        kind, answer, status, _ = self.run_worker(plain, **more)
        self.assertEqual((kind, answer.get("ERROR"), status), ("FAILED", error, 1), answer)
        self.assertIn(text, answer["TEXT"])
        self.assertNotIn("\n", answer["TEXT"])
        self.assertRegex(answer["TEXT"], r"^Cannot unpack layer [0-9a-f]{12}: ")
        return answer["TEXT"]

    def assert_whiteout(self, name):
        st = self.stat(name)
        self.assertTrue(stat.S_ISCHR(st.st_mode) and st.st_rdev == 0, name)

    def opaque(self, name):
        try:
            return os.getxattr(self.path(name), "trusted.overlay.opaque") == b"y"
        except OSError:
            return False


class Streams(Case):
    members = [directory("d"), member("d/f", b"content" * 100000), member("z")]

    def check(self, plain, blob, compression):
        answer, _ = self.good_stream(plain, blob=blob, compression=compression)
        with open(self.path("d/f"), "rb") as f:
            self.assertEqual(f.read(), b"content" * 100000)
        self.assertEqual((answer["BYTES"], answer["ENTRIES"]), (700000, 3))
        self.assertEqual(answer["DIGEST"], worker.sha256(blob))

    def test_plain(self):
        plain = archive(*self.members)
        self.check(plain, plain, "none")

    def test_gzip(self):
        plain = archive(*self.members)
        self.check(plain, gzip.compress(plain), "gzip")

    def test_gzip_with_name_and_members(self):
        plain, out = archive(*self.members), io.BytesIO()
        with gzip.GzipFile("a name", "wb", fileobj=out) as f:
            f.write(plain[:3333])
        self.check(
            plain,
            out.getvalue()
            + gzip.compress(b"")
            + gzip.compress(plain[3333:9000])
            + gzip.compress(plain[9000:], 1),
            "gzip",
        )

    def test_zstd(self):
        plain = archive(*self.members)
        self.check(plain, zstd(plain), "zstd")

    def test_zstd_frames(self):
        plain = archive(*self.members)
        skippable = struct.pack("<II", 0x184D2A50, 5) + b"hello"
        self.check(plain, zstd(plain[:777]) + skippable + zstd(plain[777:]), "zstd")

    def test_bytes_behind_the_end_count_and_do_nothing(self):
        plain = archive(*self.members) + b"rubbish" * 300000
        self.check(plain, gzip.compress(plain), "gzip")

    def test_empty_layer(self):
        self.good_stream(bytes(1024))
        self.good_stream(bytes(1024), blob=gzip.compress(bytes(1024)), compression="gzip")

    def test_no_end_of_archive(self):
        plain = archive(*self.members).rstrip(b"\0")
        plain += bytes(-len(plain) % 512)
        self.check(plain, gzip.compress(plain), "gzip")

    def test_progress(self):
        data = os.urandom(48 << 20)
        plain = archive(member("big", data))
        start = time.monotonic()
        _, progress = self.good_stream(plain)
        self.assertEqual(progress, sorted(progress))
        self.assertLessEqual(len(progress), 10 * (time.monotonic() - start) + 1)


class Damage(Case):
    plain = archive(directory("d"), member("d/f", b"0123456789abcdef" * 65536))

    def test_truncated_transfer(self):
        blob = gzip.compress(self.plain)
        self.bad(
            "Registry",
            f"only {len(blob) - 9} of its {len(blob)} bytes",
            self.plain,
            blob=blob[:-9],
            compression="gzip",
            BYTES=len(blob),
        )

    def test_truncated_streams(self):
        for pack, name in ((gzip.compress, "gzip"), (zstd, "zstd")):
            for cut in (1, 8, 100):
                with self.subTest(name=name, cut=cut):
                    self.bad(
                        "Registry",
                        "ends too early",
                        self.plain,
                        blob=pack(self.plain)[:-cut],
                        compression=name,
                    )

    def test_empty_streams(self):
        for name in ("gzip", "zstd"):
            self.bad("Registry", "ends too early", b"", blob=b"", compression=name)

    def test_flipped_bits(self):
        for pack, name in ((gzip.compress, "gzip"), (zstd, "zstd")):
            blob = bytearray(pack(os.urandom(300000)))
            for at in (3, len(blob) // 2, len(blob) - 6):
                with self.subTest(name=name, at=at):
                    hurt = bytearray(blob)
                    hurt[at] ^= 0x55
                    self.bad("Registry", "", self.plain, blob=bytes(hurt), compression=name)

    def test_rubbish_behind_gzip(self):
        self.bad(
            "Registry",
            "no gzip header",
            self.plain,
            blob=gzip.compress(self.plain) + b"rubbish, and more of it",
            compression="gzip",
        )

    def test_wrong_digest(self):
        text = self.bad("Registry", "should have the digest", self.plain, DIGEST="sha256:" + "a" * 64)
        self.assertIn(worker.sha256(self.plain), text)

    def test_wrong_diff_id(self):
        text = self.bad("Registry", "should have the diff ID", self.plain, DIFF_ID="sha256:" + "b" * 64)
        self.assertIn(worker.sha256(self.plain), text)

    def test_more_bytes_than_promised(self):
        self.bad("Registry", "more than its 1000 bytes", self.plain, BYTES=1000)

    def test_media_type_lies(self):
        self.bad(
            "Registry",
            "says uncompressed tar, but the data is gzip",
            self.plain,
            blob=gzip.compress(self.plain),
        )
        self.bad("Registry", "says uncompressed tar, but the data is zstd", self.plain, blob=zstd(self.plain))
        self.bad(
            "Registry",
            "says gzip, but the data is zstd",
            self.plain,
            blob=zstd(self.plain),
            compression="gzip",
        )
        self.bad("Registry", "no gzip header", self.plain, compression="gzip")
        self.bad("Registry", "zstd data is damaged", self.plain, compression="zstd")

    def test_bomb(self):
        plain = archive(member("zeros", bytes(64 << 20)))
        self.bad(
            "LimitsExceeded",
            "more than 10000000 bytes",
            plain,
            blob=gzip.compress(plain),
            compression="gzip",
            BYTES_MAX=10000000,
        )

    def test_too_many_entries(self):
        self.bad(
            "LimitsExceeded",
            "more than 9 entries",
            archive(*[member(f"f{i}") for i in range(10)]),
            ENTRIES_MAX=9,
        )

    def test_tar_damage(self):
        good = archive(member("f", b"x" * 2000))
        self.bad("Registry", "checksum", b"\1" + good[1:])
        self.bad("Registry", "inside a file", good[:1600])
        self.bad("Registry", "inside a header", good[:300])
        self.bad("Registry", "lone block of zeros", good[:3584] + bytes(512) + good)
        self.bad("Registry", "unknown type 0x4d", raw_header(b"m", b"M") + bytes(1024))

    def test_huge_pax_header(self):
        self.bad(
            "LimitsExceeded", "long name or pax header", raw_header(b"x", b"x", size=2 << 20) + bytes(2 << 20)
        )

    def test_malformed_pax(self):
        for body in (
            b"5 a=b\n",
            b"99 path=x\n",
            b"path=x\n",
            b"11 path=xy",
            b"10 uid=-1\n",
            b"12 mtime=1e5\n"[:13],
            b"9 =value\n",
        ):
            with self.subTest(body=body):
                self.bad(
                    "Registry",
                    "pax header",
                    raw_header(b"x", b"x", size=len(body))
                    + body.ljust(512, b"\0")
                    + raw_header(b"f", b"0")
                    + bytes(1024),
                )


class Metadata(Case):
    def test_modes_and_owners(self):
        self.good(
            directory("d", mode=0o2775, uid=5, gid=7),
            member("d/inherits-nothing", b"x", mode=0o640),
            directory("d/sub", mode=0o700),
            member("suid", b"x", mode=0o4755),
            member("suid-owned", b"x", mode=0o6711, uid=65535, gid=1),
            directory("tmp", mode=0o1777),
            member("nothing", b"x", mode=0),
            member("link", kind=tarfile.SYMTYPE, link="../../anywhere", uid=9, gid=8),
            member("fifo", kind=tarfile.FIFOTYPE, mode=0o622, uid=3),
            member("null", kind=tarfile.CHRTYPE, mode=0o666, device=(1, 3)),
            member("disk", kind=tarfile.BLKTYPE, mode=0o660, gid=6, device=(8, 300)),
        )
        want = {
            "d": (0o42775, 5, 7),
            "d/inherits-nothing": (0o100640, 0, 0),
            "d/sub": (0o40700, 0, 0),
            "suid": (0o104755, 0, 0),
            "suid-owned": (0o106711, 65535, 1),
            "tmp": (0o41777, 0, 0),
            "nothing": (0o100000, 0, 0),
            "link": (0o120777, 9, 8),
            "fifo": (0o10622, 3, 0),
            "null": (0o20666, 0, 0),
            "disk": (0o60660, 0, 6),
        }
        for name, (mode, uid, gid) in want.items():
            st = self.stat(name)
            self.assertEqual((oct(st.st_mode), st.st_uid, st.st_gid), (oct(mode), uid, gid), name)
        self.assertEqual(self.stat("disk").st_rdev, os.makedev(8, 300))
        self.assertEqual(os.readlink(self.path("link")), "../../anywhere")

    def test_times(self):
        times = {
            "./": "11.5",
            "d": "1234567890.123456789",
            "d/f": "-1.5",
            "d/l": "5.000000001",
            "e": "7",
            "d/sub": "8.25",
        }
        kinds = {
            "./": tarfile.DIRTYPE,
            "d": tarfile.DIRTYPE,
            "e": tarfile.DIRTYPE,
            "d/sub": tarfile.DIRTYPE,
            "d/l": tarfile.SYMTYPE,
        }
        members = [
            member(
                n,
                kind=kinds.get(n, tarfile.REGTYPE),
                link="x" if n == "d/l" else "",
                mode=0o755,
                pax={"mtime": t},
            )
            for n, t in times.items()
        ]
        # Children that come late, out of order, and replace each other must not show in their directories.
        late = [member(n, b"x") for n in ("d/sub/late", "e/late", "d/late", "e/late", "root-late")]
        self.good(*members, *late)
        nsec = {
            "./": 11500000000,
            "d": 1234567890123456789,
            "d/f": -1500000000,
            "d/l": 5000000001,
            "e": 7000000000,
            "d/sub": 8250000000,
        }
        for name, t in nsec.items():
            self.assertEqual(self.stat(name).st_mtime_ns, t, name)

    def test_xattrs(self):
        pax = {
            "SCHILY.xattr.user.plain": "a=b\nc",
            "SCHILY.xattr.user.overlay.opaque": "y",
            "SCHILY.xattr.trusted.overlay.opaque": "y",
            "SCHILY.xattr.trusted.other": "1",
            "SCHILY.xattr.security.selinux": "label",
            "SCHILY.xattr.security.capability": CAP_NET_RAW.decode("latin-1"),
            "LIBARCHIVE.xattr.user.with%3Descape": "AAEC/w==",
        }
        self.good(
            member("ping", b"x", mode=0o755, uid=4, pax=pax),
            directory("d", pax={"SCHILY.xattr.trusted.overlay.opaque": "y", "SCHILY.xattr.user.d": "1"}),
        )
        self.assertEqual(
            sorted(os.listxattr(self.path("ping"))), ["security.capability", "user.plain", "user.with=escape"]
        )
        self.assertEqual(os.getxattr(self.path("ping"), "user.plain"), b"a=b\nc")
        self.assertEqual(os.getxattr(self.path("ping"), "user.with=escape"), b"\0\1\2\xff")
        self.assertEqual(os.getxattr(self.path("ping"), "security.capability"), CAP_NET_RAW)
        self.assertEqual(os.listxattr(self.path("d")), ["user.d"])

    def test_default_acl_is_kept_and_not_handed_down(self):
        acl = struct.pack("<I" + "HHI" * 3, 2, 1, 7, 0xFFFFFFFF, 4, 5, 0xFFFFFFFF, 0x20, 0, 0xFFFFFFFF)
        self.good(
            directory("d", pax={"LIBARCHIVE.xattr.system.posix_acl_default": base64.b64encode(acl).decode()}),
            member("d/f", b"x", mode=0o666),
            directory("d/e", mode=0o777),
        )
        if not os.listxattr(self.path("d")):
            self.skipTest("no access lists on this file system")
        self.assertEqual(os.listxattr(self.path("d/f")) + os.listxattr(self.path("d/e")), [])
        self.assertEqual(
            (oct(self.stat("d/f").st_mode), oct(self.stat("d/e").st_mode)), ("0o100666", "0o40777")
        )

    def test_large_ids(self):
        for more in ({"uid": 65536}, {"gid": 100000}, {"uid": 1 << 40}):
            self.assertIn(
                '"f": it belongs to',
                self.bad("LimitsExceeded", "0 to 65535 only", archive(member("f", **more))),
            )

    def test_names(self):
        names = [
            "e\u0301-nfd",
            "\u00e9-nfd",
            "n" * 255,
            "/".join(["deep" * 20] * 40),
            "new\nline",
            "back\\slash",
            "bad\udcff",
        ]
        for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            with self.subTest(form=form):
                self.setUp()
                self.good(*[member("./" + n, n.encode(errors="surrogateescape")) for n in names], form=form)
                for n in names:
                    with open(self.path(n), "rb") as f:
                        self.assertEqual(f.read(), n.encode(errors="surrogateescape"))

    def test_ustar_prefix_and_v7(self):
        self.good(member("p" * 90 + "/" + "q" * 90, b"1"), form=tarfile.USTAR_FORMAT)
        self.assertTrue(os.path.isfile(self.path("p" * 90 + "/" + "q" * 90)))
        v7 = bytearray(raw_header(b"old/", b"\0"))
        v7[257:265] = bytes(8)
        v7[148:156] = b" " * 8
        v7[148:156] = b"%06o\0 " % sum(v7)
        self.good_stream(bytes(v7) + bytes(1024))
        self.assertTrue(os.path.isdir(self.path("old")))

    def test_sparse_in_all_forms(self):
        source = os.path.join(self.base, "source")
        os.mkdir(source)
        with open(os.path.join(source, "holes"), "wb") as f:
            for i in range(40):
                f.seek(i * 1000000 + 8192)
                f.write(b"%d" % i * 5000)
            f.truncate(64 << 20)
        open(os.path.join(source, "empty"), "wb").close()
        with open(os.path.join(source, "all-hole"), "wb") as f:
            f.truncate(5 << 20)
        for form in (
            ["gnu"],
            ["pax", "--sparse-version=0.0"],
            ["pax", "--sparse-version=0.1"],
            ["pax", "--sparse-version=1.0"],
        ):
            with self.subTest(form=form):
                plain = subprocess.run(
                    ["tar", "-S", "-C", source, "-c", "--format=" + form[0], *form[1:], "."],
                    stdout=subprocess.PIPE,
                    check=True,
                ).stdout
                self.assertLess(len(plain), 4 << 20)
                self.setUp()
                answer, _ = self.good_stream(plain)
                self.assertEqual(answer["BYTES"], 69 << 20)
                subprocess.run(["diff", "-r", source, self.tree], check=True)
                self.assertLess(self.stat("holes").st_blocks * 512, 4 << 20)


class Overlay(Case):
    def test_whiteouts(self):
        self.good(
            member(".wh.gone"),
            member("d/.wh.gone"),
            member("a", b"x"),
            member(".wh.a"),
            member(".wh.b"),
            member("b", b"x"),
            member(".wh.dir"),
            directory("dir", mode=0o711),
            member("dir/f", b"x"),
            directory("dir2"),
            member(".wh.dir2"),
            member(".wh.implicit"),
            member("implicit/f", b"x"),
            member(".wh..wh.plnk", b"x"),
            member(".wh..wh.plnk/4.5", b"x"),
            member(".wh..wh.orph"),
            member("node", kind=tarfile.CHRTYPE),
            member("with space/.wh.na me"),
            member(".wh.big", uid=100000),
        )
        for name in ("gone", "d/gone", "node", "with space/na me", "big"):
            self.assert_whiteout(name)
        for name in ("a", "b"):
            self.assertTrue(stat.S_ISREG(self.stat(name).st_mode))
        for name in ("dir", "dir2", "implicit"):
            self.assertTrue(stat.S_ISDIR(self.stat(name).st_mode) and self.opaque(name), name)
        self.assertEqual(oct(self.stat("dir").st_mode), "0o40711")
        self.assertFalse(self.opaque("d") or self.opaque("with space"))
        self.assertEqual([n for n in os.listdir(self.tree) if n.startswith(".wh.")], [])

    def test_opaque(self):
        self.good(
            directory("d"),
            member("d/before", b"x"),
            member("d/.wh..wh..opq"),
            member("d/after", b"x"),
            member("new/.wh..wh..opq"),
            directory("d", mode=0o750),
        )
        self.assertTrue(self.opaque("d") and self.opaque("new"))
        self.assertEqual(sorted(os.listdir(self.path("d"))), ["after", "before"])
        self.assertEqual(oct(self.stat("d").st_mode), "0o40750")

    def test_replacing(self):
        self.good(
            directory("dir-file"),
            member("dir-file/x/y", b"1"),
            member("dir-file", b"2"),
            member("file-dir", b"1"),
            directory("file-dir"),
            member("file-dir/x", b"2"),
            member("file-file", b"long content"),
            member("file-file", b"2"),
            member("link-file", kind=tarfile.SYMTYPE, link="file-file"),
            member("link-file", b"3"),
            directory("dir-link"),
            member("dir-link/x", b"1"),
            member("dir-link", kind=tarfile.SYMTYPE, link="/etc"),
            member("link-dir", kind=tarfile.SYMTYPE, link="dir-dir"),
            directory("link-dir"),
            directory("dir-dir", mode=0o700),
            member("dir-dir/kept", b"1"),
            directory("dir-dir", mode=0o755, uid=3),
            member("fifo", b"x"),
            member("fifo", kind=tarfile.FIFOTYPE),
        )
        self.assertEqual(
            (self.stat("dir-file").st_size, self.stat("file-file").st_size, self.stat("link-file").st_size),
            (1, 1, 1),
        )
        self.assertTrue(self.opaque("file-dir") and self.opaque("link-dir"))
        self.assertFalse(self.opaque("dir-dir"))
        self.assertTrue(
            stat.S_ISLNK(self.stat("dir-link").st_mode) and stat.S_ISFIFO(self.stat("fifo").st_mode)
        )
        self.assertEqual((os.listdir(self.path("dir-dir")), self.stat("dir-dir").st_uid), (["kept"], 3))

    def test_implicit_parents(self):
        self.good(member("a/b/c/f", b"x"))
        self.assertEqual([oct(self.stat(n).st_mode) for n in ("a", "a/b", "a/b/c")], ["0o40755"] * 3)

    def test_links_as_parents(self):
        self.good(
            directory("usr/lib"),
            member("lib", kind=tarfile.SYMTYPE, link="usr/lib"),
            member("lib/f", b"x"),
            member("absolute", kind=tarfile.SYMTYPE, link="/usr"),
            member("absolute/g", b"x"),
            member("up", kind=tarfile.SYMTYPE, link="../../../../../../usr"),
            member("up/new/h", b"x"),
        )
        for name in ("usr/lib/f", "usr/g", "usr/new/h"):
            self.assertTrue(stat.S_ISREG(self.stat(name).st_mode), name)

    def test_hard_links(self):
        self.good(
            member("d/f", b"x", uid=5),
            member("hard", kind=tarfile.LNKTYPE, link="d/f"),
            member("d/abs", kind=tarfile.LNKTYPE, link="/d/f"),
            member("sym", kind=tarfile.SYMTYPE, link="/etc/passwd"),
            member("hardsym", kind=tarfile.LNKTYPE, link="./sym"),
            member("hard", kind=tarfile.LNKTYPE, link="d/f"),
            member("d/f", kind=tarfile.LNKTYPE, link="d/f"),
            member("replaced", b"yy"),
            member("replaced", kind=tarfile.LNKTYPE, link="d/f"),
        )
        self.assertEqual(
            {self.stat(n).st_ino for n in ("hard", "d/abs", "replaced")}, {self.stat("d/f").st_ino}
        )
        self.assertEqual(self.stat("d/f").st_nlink, 4)
        self.assertEqual(os.readlink(self.path("hardsym")), "/etc/passwd")


class Hostile(Case):
    def setUp(self):
        super().setUp()
        self.secret = os.path.join(self.base, "secret")
        os.mkdir(self.secret)
        with open(os.path.join(self.secret, "file"), "w", encoding="ascii") as f:
            f.write("secret")

    def tearDown(self):
        self.assertEqual(os.listdir(self.secret), ["file"])
        self.assertEqual(os.stat(os.path.join(self.secret, "file")).st_nlink, 1)
        self.assertEqual(sorted(os.listdir(self.base)), ["secret", "tree"])
        super().tearDown()

    def test_dot_dot(self):
        for name in ("../x", "a/../../x", "a/..", "..", "/../x", "./../secret/file"):
            with self.subTest(name=name):
                self.bad("Security", '".."', archive(member(name, b"x")))

    def test_absolute_names_stay_inside(self):
        self.good(member("/abs", b"x"), member("///./more//f", b"x"), member(self.secret + "/file", b"x"))
        self.assertTrue(
            os.path.isfile(self.path("abs"))
            and os.path.isfile(self.path("more/f"))
            and os.path.isfile(self.path(self.secret[1:] + "/file"))
        )

    def test_links_out_of_the_tree(self):
        for link in (self.secret, "../secret", "../" * 40 + self.secret[1:], "/proc/1/root" + self.secret):
            with self.subTest(link=link):
                self.bad(
                    "Registry",
                    "not a directory of this layer",
                    archive(member("l", kind=tarfile.SYMTYPE, link=link), member("l/evil", b"x")),
                )

    def test_link_loop(self):
        self.bad(
            "Registry",
            "not a directory",
            archive(member("l", kind=tarfile.SYMTYPE, link="l"), member("l/x", b"x")),
        )

    def test_hard_links_out_of_the_tree(self):
        for link in (self.secret + "/file", "../secret/file", "nowhere", "l/file", ".", "dir", "white"):
            with self.subTest(link=link):
                self.bad(
                    "Security" if ".." in link else "Registry",
                    "",
                    archive(
                        member("l", kind=tarfile.SYMTYPE, link="../secret"),
                        directory("dir"),
                        member(".wh.white"),
                        member("hard", kind=tarfile.LNKTYPE, link=link),
                    ),
                )

    def test_write_through_a_link(self):
        self.good(member("l", kind=tarfile.SYMTYPE, link=self.secret + "/file"), member("l", b"evil"))
        self.assertTrue(stat.S_ISREG(self.stat("l").st_mode))

    def test_file_as_parent(self):
        self.bad("Registry", "not a directory", archive(member("f", b"x"), member("f/g", b"x")))

    def test_whiteouts_of_nothing(self):
        for name in (".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh..", ".wh.x/y", ".wh..wh", ".wh.."):
            with self.subTest(name=name):
                kind, answer, _, _ = self.run_worker(archive(member(name)))
                if name == ".wh..wh":
                    self.assertEqual(kind, "UNPACK_DONE")  # hides a file called .wh
                else:
                    self.assertEqual((kind, answer["ERROR"]), ("FAILED", "Security"), name)

    def test_root_that_is_no_directory(self):
        for kind in (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE):
            self.bad("Security", "root of the tree", archive(member("./", kind=kind, link="x")))

    def test_empty_and_endless_names(self):
        self.bad("Security", "no name", raw_header(b"", b"0") + bytes(1024))
        self.bad("LimitsExceeded", "shorter paths", archive(member("x/" * 1500 + "f")))
        self.bad("LimitsExceeded", "shorter paths", archive(member("y" * 100 + "/" + "long/" * 1000 + "f")))
        self.bad("Storage", "File name too long", archive(member("n" * 256)))

    def test_control_characters_do_not_reach_the_message(self):
        text = self.bad("Security", "..", archive(member("../\x1b[31m\nred\u202e")))
        self.assertTrue(text.isascii() and text.isprintable())
        self.assertIn("\\x1b[31m\\x0ared", text)

    def test_sparse_lies(self):
        def sparse(pairs, real, stored):
            pax = f"GNU.sparse.map={pairs}", f"GNU.sparse.size={real}"
            body = b"".join(
                b"%d %s\n"
                % (next(n for n in range(len(r), len(r) + 9) if n == len(r) + 2 + len(str(n))), r.encode())
                for r in pax
            )
            return (
                raw_header(b"x", b"x", len(body))
                + body.ljust(512, b"\0")
                + raw_header(b"s", b"0", stored)
                + bytes(stored + -stored % 512)
                + bytes(1024)
            )

        self.good_stream(sparse("0,5,100,5", 200, 10))
        for lie in (
            sparse("0,5", 3, 5),
            sparse("100,5,0,5", 200, 10),
            sparse("0,5,3,5", 200, 10),
            sparse("0,5", 200, 10),
            sparse("0,18446744073709551615", 200, 10),
            sparse("18446744073709551615,5", 200, 5),
            sparse("0,1,2", 5, 1),
        ):
            self.bad("Registry", "build the image again", lie)

    def test_replacing_an_ancestor_through_a_link(self):
        kind, answer, _, _ = self.run_worker(
            archive(
                directory("a/b"),
                member("a/b/up", kind=tarfile.SYMTYPE, link="/"),
                member("a/b/up/a", b"x"),
                member("a/b/f", b"x"),
            )
        )
        self.assertEqual(kind, "FAILED", answer)


class Process(Case):
    def start(self, data=b""):
        w = worker.Worker(PROTOCOL, BINARY)
        r, self.pipe = os.pipe()
        dirfd = os.open(self.tree, os.O_RDONLY)
        w.send(
            "UNPACK_START",
            {
                "INPUT": r,
                "DIRECTORY": dirfd,
                "COMPRESSION": "none",
                "DIGEST": worker.sha256(b""),
                "DIFF_ID": worker.sha256(b""),
                "BYTES": 1 << 30,
                "BYTES_MAX": 1 << 32,
                "ENTRIES_MAX": 100,
            },
        )
        os.close(r)
        os.close(dirfd)
        # The message comes only after the sandbox is up and the threads are.
        os.write(self.pipe, archive(member("f", bytes(200000)))[:2048] + data)
        self.assertEqual(next(w.answers())[0], "UNPACK_PROGRESS")
        return w

    def test_cancel(self):
        w = self.start()
        start = time.monotonic()
        w.socket.close()
        self.assertEqual(w.process.wait(timeout=10), 1)
        self.assertLess(time.monotonic() - start, 2)
        os.close(self.pipe)

    def test_sandbox(self):
        w = self.start()
        with open(f"/proc/{w.process.pid}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        allowed = sum(1 << c for c in (0, 1, 3, 4, 9, 21, 27, 31))
        self.assertEqual((status["Seccomp"].strip(), status["NoNewPrivs"].strip()), ("2", "1"))
        for which in ("CapEff", "CapPrm", "CapBnd"):
            self.assertEqual(int(status[which], 16) & ~allowed, 0, which)
        self.assertEqual(int(status["CapInh"], 16), 0)
        self.assertEqual(os.readlink(f"/proc/{w.process.pid}/root"), self.tree)
        self.assertEqual(os.readlink(f"/proc/{w.process.pid}/cwd"), self.tree)
        for namespace in ("mnt", "net", "ipc", "uts"):
            self.assertNotEqual(
                os.readlink(f"/proc/{w.process.pid}/ns/{namespace}"),
                os.readlink(f"/proc/self/ns/{namespace}"),
            )
        os.close(self.pipe)
        self.assertEqual(w.finish()[0], "FAILED")

    def test_nobody_there(self):
        w = worker.Worker(PROTOCOL, BINARY)
        w.socket.close()
        self.assertEqual(w.process.wait(timeout=10), 0)

    def test_wrong_message(self):
        w = worker.Worker(PROTOCOL, BINARY)
        w.send("PULL_SYNC", {})
        kind, answer, _ = w.finish()
        self.assertEqual((kind, answer["ERROR"], w.process.returncode), ("FAILED", "System", 1))

    def test_full_disk(self):
        small = os.path.join(self.base, "small")
        os.mkdir(small)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=True)
        try:
            self.tree = os.path.join(small, "tree")
            os.mkdir(self.tree)
            self.bad(
                "Storage", "no space left", archive(*[member(f"d/f{i}", bytes(300000)) for i in range(9)])
            )
            self.bad("Storage", "no space left", archive(member("big", bytes(4 << 20))))
        finally:
            subprocess.run(["umount", small], check=True)


class Remove(Case):
    def remove(self):
        w = worker.Worker(PROTOCOL, BINARY)
        fd = os.open(self.tree, os.O_RDONLY)
        w.send("REMOVE_START", {"DIRECTORY": fd})
        os.close(fd)
        kind, answer, _ = w.finish()
        return kind, answer, w.process.returncode

    def test_everything(self):
        self.good(
            directory("d"),
            member("d/f", b"x"),
            member(".wh.w"),
            member("l", kind=tarfile.SYMTYPE, link="/"),
            member("p", kind=tarfile.FIFOTYPE),
            *[member(f"many/{i}/{j}", b"x") for i in range(30) for j in range(30)],
        )
        os.symlink(self.base, self.path("out"))
        with open(os.path.join(self.base, "outside"), "wb"):
            pass
        self.assertEqual(self.remove()[::2], ("REMOVE_DONE", 0))
        self.assertEqual((os.listdir(self.tree), sorted(os.listdir(self.base))), ([], ["outside", "tree"]))

    def test_deeper_than_any_path(self):
        fd = os.open(self.tree, os.O_RDONLY)
        for i in range(5000):
            name = "deep" * 5
            os.mkdir(name, dir_fd=fd)
            if i % 100 == 0:
                os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
            inner = os.open(name, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = inner
        os.close(fd)
        self.assertEqual(self.remove()[0], "REMOVE_DONE")
        self.assertEqual(os.listdir(self.tree), [])

    def test_immutable(self):
        os.mkdir(self.path("d"))
        with open(self.path("d/f"), "wb"):
            pass
        done = subprocess.run(["chattr", "+i", self.path("d/f"), self.path("d")], check=False)
        if done.returncode != 0:
            self.skipTest("no immutable flags here")
        try:
            self.assertEqual(self.remove()[0], "REMOVE_DONE")
            self.assertEqual(os.listdir(self.tree), [])
        finally:
            if os.path.exists(self.path("d")):
                subprocess.run(["chattr", "-R", "-i", self.path("d")], check=False)

    def test_mounts_are_left_alone(self):
        outside = os.path.join(self.base, "outside")
        os.makedirs(outside)
        os.makedirs(self.path("a/b"))
        with open(os.path.join(outside, "precious"), "wb"):
            pass
        subprocess.run(["mount", "--bind", outside, self.path("a/b")], check=True)
        try:
            kind, answer, _ = self.remove()
            self.assertEqual((kind, answer["ERROR"]), ("FAILED", "Storage"))
            self.assertIn("mounted", answer["TEXT"])
            self.assertEqual(os.listdir(outside), ["precious"])
        finally:
            subprocess.run(["umount", self.path("a/b")], check=True)
        self.assertEqual(self.remove()[0], "REMOVE_DONE")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("unpack-harness.py has to run as root")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
