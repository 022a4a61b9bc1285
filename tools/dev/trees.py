# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cached Debian trees that labs and vms start from, one per flavour, suite and package list."""

import hashlib
import json
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import host
from host import CACHE, Failure, child_env, locked, run_logged, say

DEFAULT_SOURCES = [
    ("http://deb.debian.org/debian", "{suite}"),
    ("http://deb.debian.org/debian", "{suite}-updates"),
    ("http://deb.debian.org/debian-security", "{suite}-security"),
]

SUITES = ("bookworm", "trixie")

BASE = (
    "systemd systemd-sysv systemd-container dbus polkitd libpam-systemd procps iproute2 nftables iputils-ping"
    " util-linux mount busybox-static curl jq strace openssl ca-certificates apache2-utils python3 python3-pytest"
    " python3-pytest-timeout python3-dbus python3-gi docker-registry skopeo umoci attr acl libcap2-bin e2fsprogs"
    " zstd gzip xz-utils valgrind crun fdisk less"
    " libsystemd0 libseccomp2 libcap2 libmount1 libjson-c5 libapparmor1 libmnl0 libnftables1 libisal2 libzstd1"
).split()

# The engines that creel-oci is tested under, and what the benchmarks compare with.
ENGINES = "podman buildah netavark aardvark-dns runc docker.io containerd iptables uidmap dbus-user-session".split()

# Debian 13 renamed libraries for 64-bit time_t; the sonames are the same.
SUITE_PACKAGES = {
    "bookworm": "libarchive13 libcurl3-gnutls libgnutls30 libnettle8".split(),
    "trixie": "libarchive13t64 libcurl3t64-gnutls libgnutls30t64 libnettle8t64 docker-cli".split(),
}

FLAVOURS = {
    "lab": ENGINES,
    "vm": ENGINES + "linux-image-amd64 initramfs-tools apparmor kmod udev".split(),
}

# Tests start their own instances of these; the rest only makes noise in a machine that lives for minutes.
MASKED_UNITS = (
    "docker-registry.service docker.service docker.socket containerd.service podman.service podman.socket"
    " podman-restart.service podman-auto-update.timer"
    " console-getty.service getty@.service serial-getty@.service systemd-networkd.service systemd-networkd.socket"
    " systemd-resolved.service systemd-timesyncd.service e2scrub_reap.service e2scrub_all.timer apt-daily.timer"
    " apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer systemd-firstboot.service"
    " sys-kernel-debug.mount sys-kernel-tracing.mount"
).split()

# What labs boot in containers of their own: an ordinary small system.
GUEST = "systemd systemd-sysv dbus libpam-systemd login util-linux procps".split()
GUEST_MASKED_UNITS = (
    "e2scrub_reap.service e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer"
    " systemd-timesyncd.service"
).split()

PRUNE_AFTER_DAYS = 14


@dataclass(frozen=True)
class Tree:
    flavour: str
    suite: str

    @property
    def packages(self):
        if self.flavour == "guest":
            return sorted(GUEST)
        return sorted(set(BASE + SUITE_PACKAGES[self.suite] + FLAVOURS[self.flavour]))

    @property
    def masked(self):
        return GUEST_MASKED_UNITS if self.flavour == "guest" else MASKED_UNITS

    @property
    def name(self):
        key = json.dumps([self.suite, self.packages, self.masked, CUSTOMIZE, INITRAMFS_UNPACK], sort_keys=True)
        return f"{self.flavour}-{self.suite}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    @property
    def path(self):
        return CACHE / "trees" / self.name

    def ensure(self):
        """Returns the tree's directory, building it first when no earlier run has."""
        if not self.path.is_dir():
            host.require_root("building a Debian tree")
            with locked(CACHE / "locks" / f"{self.name}.lock", f"tree: waiting for another ./dev to build {self.name}"):
                if not self.path.is_dir():
                    self._build()
        os.utime(self.path)
        prune()
        return self.path

    def _build(self):
        fresh = self.path.with_name(f".new-{self.name}")
        remove_tree(fresh)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        say(f"tree: building Debian {self.suite} for the {self.flavour} (once, 60-90 s)")
        started = time.monotonic()
        argv = [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--format=directory",
            *(f"--aptopt={option}" for option in apt_options()),
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--dpkgopt=path-exclude=/usr/share/man/*",
            *(["--customize-hook=" + INITRAMFS_UNPACK] if self.flavour == "vm" else []),
            "--customize-hook=" + CUSTOMIZE.format(masked=" ".join(self.masked)),
            f"--include={','.join(self.packages)}",
            self.suite,
            str(fresh),
            *source_lines(self.suite),
        ]
        status = run_logged(argv, f"tree-{self.flavour}-{self.suite}", env=child_env(DEBIAN_FRONTEND="noninteractive"))
        if status != 0:
            remove_tree(fresh)
            raise Failure(f"tree: mmdebstrap could not build {self.suite}: is the Debian mirror reachable?")
        fresh.rename(self.path)
        say(f"tree: built in {time.monotonic() - started:.0f} s")


# Runs on the host with the new tree as $1.
CUSTOMIZE = """set -e
for unit in {masked}; do ln -sf /dev/null "$1/etc/systemd/system/$unit"; done
ln -sf /usr/lib/systemd/system/multi-user.target "$1/etc/systemd/system/default.target"
rm -f "$1/etc/hostname" "$1/etc/resolv.conf" "$1/etc/machine-id" "$1/var/lib/dbus/machine-id"
: > "$1/etc/machine-id"; : > "$1/etc/resolv.conf"
printf '127.0.0.1 localhost\\n::1 localhost ip6-localhost\\n' > "$1/etc/hosts"
mkdir -p "$1/src/creel" "$1/out" "$1/var/lib/creel" "$1/var/lib/containers" "$1/var/lib/docker" \\
         "$1/var/lib/containerd" "$1/var/lib/machines" "$1/var/log/journal"
"""

# A vm's programs and checkout arrive as a tar stream on its second disk. They are unpacked from the initrd, so that
# PID 1 and the bus find them installed; the stamp leaves a disk that boots for the second time as it is.
INITRAMFS_UNPACK = r"""set -e
cat > "$1/etc/initramfs-tools/scripts/init-bottom/creel" <<'EOF'
#!/bin/sh
[ "$1" = prereqs ] && exit 0
payload=/dev/disk/by-id/virtio-creel-payload
[ -e "$payload" ] && [ ! -e "$rootmnt/var/lib/creel-payload" ] || exit 0
mount -o remount,rw "$rootmnt"
chroot "$rootmnt" tar -xpf - < "$payload"
chroot "$rootmnt" ldconfig
: > "$rootmnt/var/lib/creel-payload"
EOF
chmod 755 "$1/etc/initramfs-tools/scripts/init-bottom/creel"
echo COMPRESS=zstd > "$1/etc/initramfs-tools/conf.d/creel"
chroot "$1" update-initramfs -u -k all
"""


def source_lines(suite):
    """One-line apt sources for @suite at the mirrors that this machine itself uses for Debian."""
    own = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)
    shown = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages"],
        env=child_env(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ).stdout
    found = []
    for line in shown.splitlines():
        uri, release, component = line.split("|")
        if own and component == "main" and re.fullmatch(rf"{own[1]}(-updates|-security)?", release):
            found.append((uri, "{suite}" + release[len(own[1]) :]))
    if "{suite}" not in (release for _, release in found):
        found = DEFAULT_SOURCES
    option = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    return [f"deb {option} {uri} {release.format(suite=suite)} main" for uri, release in dict.fromkeys(found)]


def apt_options():
    """How this machine's apt reaches the mirror: proxies and the like hold for the trees as well."""
    shown = host.output(["apt-config", "dump"])
    pattern = re.compile(r'^(Acquire::(?:https?|Check|Retries|ForceIPv)[^ ]* "[^"]+");$', re.M)
    return ['Apt::Install-Recommends "false"', *pattern.findall(shown)]


def remove_tree(path):
    if path.exists():
        host.run(["rm", "-rf", "--one-file-system", str(path)])


def prune():
    """Drops trees that nobody has started for two weeks, such as those of old package lists."""
    for tree in (CACHE / "trees").iterdir():
        if tree.name.startswith(".") or time.time() - tree.stat().st_mtime < PRUNE_AFTER_DAYS * 86400:
            continue
        say(f"tree: removing {tree.name}, unused for {PRUNE_AFTER_DAYS} days")
        remove_tree(tree)
