# SPDX-License-Identifier: LGPL-2.1-or-later
"""./dev build: the meson build in build/, and its installed form in build/root."""

import os
import shutil

import host
from host import BUILD, ROOT, Failure, child_env, locked, run_logged, say

# Debian's tree is merged into /usr; a real directory of these names in build/root would hide the tree's symlink.
MERGED = ("bin", "sbin", "lib", "lib64")


def setup(directory, name, *options, env=None):
    """Configures @directory when it is new or was configured otherwise; ninja itself takes care of changes to meson.build."""
    stamp = directory / ".options"
    configured = (directory / "build.ninja").exists()
    if configured and stamp.exists() and stamp.read_text() == repr(options):
        return 0
    argv = ["meson", "setup", str(directory), str(ROOT), *options]
    if configured:
        argv.append("--reconfigure")
    else:
        for half_done in ("meson-private", "meson-info", "meson-logs"):
            shutil.rmtree(directory / half_done, ignore_errors=True)
    status = run_logged(argv, f"{name}-setup", env=env)
    if status == 0:
        stamp.write_text(repr(options))
    return status


def compile_tree(directory, name, env=None):
    return run_logged(["ninja", "-C", str(directory), f"-j{os.cpu_count() or 2}"], name, env=env)


def build():
    """Brings build/root up to date with the sources."""
    host.install_packages("build")
    with locked(BUILD / ".lock", "build: waiting for another ./dev in this checkout"):
        say("build: compiling")
        if setup(
            BUILD,
            "build",
            "--prefix=/usr",
            "--libdir=lib/x86_64-linux-gnu",
            "--sysconfdir=/etc",
            "--localstatedir=/var",
            "--buildtype=debugoptimized",
            # The project has no warnings; a new one is found where it is made.
            "--werror",
            env=child_env(CC="gcc"),
        ):
            raise Failure("build: meson setup failed")
        if compile_tree(BUILD, "build", env=child_env(CC="gcc")):
            raise Failure("build: compiling failed")
        install(BUILD / "root")


def install(root):
    fresh = root.with_name(".root.new")
    shutil.rmtree(fresh, ignore_errors=True)
    status = run_logged(
        ["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet"],
        "install",
        env=child_env(DESTDIR=str(fresh)),
    )
    if status != 0:
        raise Failure("build: installing into build/root failed")
    fresh.mkdir(exist_ok=True)
    for name in MERGED:
        if (fresh / name).is_dir():
            shutil.copytree(fresh / name, fresh / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(fresh / name)
    shutil.rmtree(root, ignore_errors=True)
    fresh.rename(root)
