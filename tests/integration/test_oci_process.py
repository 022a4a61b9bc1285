# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fields of "process", each as the payload sees it."""

import os
import re

import pytest

CAPABILITY_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")


def status_of(oci, bundle, *keys):
    bundle.process["args"] = ["cat", "/proc/self/status"]
    said = dict(line.split(":", 1) for line in oci.run(bundle).stdout.splitlines())
    return [said[key].strip() for key in keys]


@pytest.mark.smoke
def test_args_as_they_are(oci):
    bundle = oci.bundle("sh", "-c", 'for each; do echo "[$each]"; done', "x", "", "a b", "ü", "$HOME", "*")
    assert oci.run(bundle).stdout == "[]\n[a b]\n[ü]\n[$HOME]\n[*]\n"


def test_environment_is_the_documents_alone(oci):
    os.environ["OF_THE_HOST"] = "x"
    try:
        said = oci.run(oci.bundle("env", env=["PATH=/bin", "A=1=2", "EMPTY=", "ü=ä"])).stdout.splitlines()
    finally:
        del os.environ["OF_THE_HOST"]
    assert {"PATH=/bin", "A=1=2", "EMPTY=", "ü=ä"} <= set(said)
    assert not [line for line in said if line.startswith("OF_THE_HOST")]


def test_program_is_looked_up_in_the_documents_path(oci):
    bundle = oci.bundle("tool", env=["PATH=/nowhere:/opt/tools"])
    (bundle.rootfs / "opt/tools").mkdir(parents=True)
    (bundle.rootfs / "opt/tools/tool").write_text("#!/bin/sh\necho found\n")
    (bundle.rootfs / "opt/tools/tool").chmod(0o755)
    assert oci.run(bundle).stdout == "found\n"


def test_cwd(oci):
    assert oci.run(oci.bundle("pwd", cwd="/home/app")).stdout == "/home/app\n"
    # As in crun and runc it is made
    bundle = oci.bundle("pwd", cwd="/made/for/it")
    assert oci.run(bundle).stdout == "/made/for/it\n"


def test_user_and_groups(oci):
    user = {"uid": 1000, "gid": 10, "additionalGids": [5, 77]}
    assert status_of(oci, oci.bundle(user=user), "Uid", "Gid", "Groups") == ["\t".join(["1000"] * 4), "\t".join(["10"] * 4), "5 77"]


def test_user_without_groups_has_none_of_the_host(oci):
    assert status_of(oci, oci.bundle(user={"uid": 7, "gid": 7}), "Groups") == [""]


def test_umask(oci):
    assert oci.run(oci.bundle("sh", "-c", "umask", user={"uid": 0, "gid": 0, "umask": 0o27})).stdout.strip() == "0027"


def test_capabilities(oci):
    bundle = oci.bundle()
    bundle.process["capabilities"] = {name: ["CAP_CHOWN", "CAP_NET_RAW"] for name in CAPABILITY_SETS}
    wanted = f"{1 << 0 | 1 << 13:016x}"
    assert status_of(oci, bundle, "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") == [wanted] * 5


def test_capabilities_set_by_set(oci):
    bundle = oci.bundle()
    bundle.process["capabilities"] = {"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN"], "effective": []}
    inherited, bounding, ambient = status_of(oci, bundle, "CapInh", "CapBnd", "CapAmb")
    assert (int(inherited, 16), int(bounding, 16), int(ambient, 16)) == (0, 1 | 1 << 5, 0)


def test_no_capabilities(oci):
    bundle = oci.bundle()
    del bundle.process["capabilities"]
    assert status_of(oci, bundle, "CapEff", "CapBnd", "CapInh") == ["0" * 16] * 3


def test_ambient_capabilities_of_a_user(oci):
    bundle = oci.bundle(user={"uid": 1000, "gid": 1000})
    bundle.process["capabilities"] = {name: ["CAP_NET_RAW"] for name in CAPABILITY_SETS}
    assert status_of(oci, bundle, "CapEff") == [f"{1 << 13:016x}"]


@pytest.mark.parametrize("wanted", [True, False])
def test_no_new_privileges(oci, wanted):
    assert status_of(oci, oci.bundle(noNewPrivileges=wanted), "NoNewPrivs") == [str(int(wanted))]


def test_rlimits(oci):
    limits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
              {"type": "RLIMIT_STACK", "soft": 1 << 20, "hard": 1 << 21}]  # fmt: skip
    said = oci.run(oci.bundle("cat", "/proc/self/limits", rlimits=limits)).stdout
    rows = {line[:26].strip(): line[26:].split()[:2] for line in said.splitlines()[1:]}
    assert rows["Max open files"] == ["100", "200"]
    assert rows["Max core file size"] == ["0", "0"]
    assert rows["Max stack size"] == [str(1 << 20), str(1 << 21)]


@pytest.mark.parametrize("score", [0, 77, 1000])
def test_oom_score(oci, score):
    assert oci.run(oci.bundle("cat", "/proc/self/oom_score_adj", oomScoreAdj=score)).stdout == f"{score}\n"


def test_io_priority(oci):
    bundle = oci.bundle("ionice", ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6})
    assert "best-effort: prio 6" in oci.run(bundle).stdout


def test_scheduler(oci):
    bundle = oci.bundle("cat", "/proc/self/stat", scheduler={"policy": "SCHED_BATCH", "nice": 5})
    fields = oci.run(bundle).stdout.rpartition(")")[2].split()
    # "policy" is field 41 and "nice" field 19 of proc(5)
    assert (fields[41 - 3], fields[19 - 3]) == ("3", "5")


def test_affinity_stays_that_of_the_caller(oci):
    cpus = sorted(os.sched_getaffinity(0))
    allowed = status_of(oci, oci.bundle(), "Cpus_allowed_list")[0]
    assert re.fullmatch(r"[\d,-]+", allowed) and allowed.startswith(str(cpus[0]))


def test_hostname_and_domainname(oci):
    bundle = oci.bundle("sh", "-c", "hostname; cat /proc/sys/kernel/domainname")
    bundle.config.update(hostname="given", domainname="example.org")
    assert oci.run(bundle).stdout == "given\nexample.org\n"


def test_no_descriptor_of_the_runtime_is_left(oci):
    assert sorted(oci.run(oci.bundle("sh", "-c", "echo /proc/self/fd/*")).stdout.split())[:3] == [f"/proc/self/fd/{i}" for i in range(3)]
    with open("/etc/passwd") as leaked:
        done = oci.run(oci.bundle("sh", "-c", "ls -l /proc/self/fd"), pass_fds=[leaked.fileno()])
    assert "passwd" not in done.stdout


def test_the_payload_is_pid_1_of_a_session_of_its_own(oci):
    fields = oci.run(oci.bundle("cat", "/proc/self/stat")).stdout.rpartition(")")[2].split()
    assert fields[1:4] == ["0", "1", "1"]


def test_signals_are_as_by_default(oci):
    blocked, ignored = status_of(oci, oci.bundle(), "SigBlk", "SigIgn")
    assert (int(blocked, 16), int(ignored, 16)) == (0, 0)


def test_personality(oci):
    bundle = oci.bundle("uname", "-m")
    bundle.linux["personality"] = {"domain": "LINUX32"}
    assert oci.run(bundle).stdout.strip() in ("i686", "armv8l")
