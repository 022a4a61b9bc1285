# SPDX-License-Identifier: LGPL-2.1-or-later
"""Namespaces of every kind and origin, ids, capabilities, devices, sysctls, filters and what --privileged takes away."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import images
from ociwriter import Image, Layer

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")

DEFAULT_CAPABILITIES = 0x800405FB
NET_RAW, SYS_ADMIN, KILL, CHOWN = 1 << 13, 1 << 21, 1 << 5, 1 << 0


@pytest.fixture
def inside(creelctl, image):
    """inside("--option", ..., script="...") -> the output of a shell script in a fresh container."""

    def call(*options, script, **kw):
        return creelctl("run", "--rm", *options, image, "sh", "-c", script, **kw).stdout

    return call


@pytest.fixture
def refused(creelctl, image):
    """refused("--option", ...) -> the one line that says why, before anything was made."""

    def call(*options):
        done = creelctl("run", "--rm", *options, image, "true", check=False)
        assert done.returncode == 125 and done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    return call


@pytest.fixture
def lender(creelctl, image):
    """lender(name, "--option", ...) -> the process 1 of a container that runs."""

    def start(name, *options):
        creelctl("run", "-d", "--name", name, *options, image, "sleep", "1000")
        return int(creelctl("inspect", "--format", "{{.State.Pid}}", name).stdout)

    return start


def maps_of(text):
    return [tuple(int(word) for word in line.split()) for line in text.splitlines()]


def namespace_of(pid, name):
    return os.readlink(f"/proc/{pid}/ns/{name}")


def capabilities_of(status):
    return {name: int(value, 16) for name, value in re.findall(r"^Cap(\w+):\t(\w+)$", status, re.M)}


# User namespaces


@pytest.mark.smoke
def test_own_range(inside):
    [(inner, outer, count)] = maps_of(inside(script="cat /proc/self/uid_map"))
    assert inner == 0 and outer >= 0x80000 and outer % 65536 == 0 and count == 65536


@pytest.mark.parametrize("mode", ["host", ""])
def test_host_user_namespace(inside, mode):
    assert maps_of(inside(f"--userns={mode}", script="cat /proc/self/uid_map")) == [(0, 0, 4294967295)]


@pytest.mark.parametrize("mode", ["nomap", "private", "auto"])
def test_modes_that_are_an_own_range(inside, mode):
    assert maps_of(inside(f"--userns={mode}", script="cat /proc/self/uid_map"))[0][2] == 65536


def test_auto_size_and_mappings(inside):
    out = inside("--userns=auto:size=100000,uidmapping=500:7:1,gidmapping=600:8:2", script="cat /proc/self/uid_map; echo; cat /proc/self/gid_map")
    uids, gids = (maps_of(part) for part in out.split("\n\n"))
    base = uids[0][1]
    assert uids == [(0, base, 500), (500, 7, 1), (501, base + 501, 100000 - 501)]
    assert gids == [(0, base, 600), (600, 8, 2), (602, base + 602, 100000 - 602)]


def test_ranges_do_not_overlap(creelctl, image, lender):
    lender("first", "--userns=auto:size=200000")
    lender("second")
    ranges = []
    for name in ("first", "second"):
        mapping = json.loads(creelctl("inspect", name).stdout)
        mapping = mapping[0] if isinstance(mapping, list) else mapping
        _, base, count = (int(word) for word in mapping["HostConfig"]["UidMap"][0].split(":"))
        ranges.append((base, base + count))
    assert ranges[0][1] <= ranges[1][0] or ranges[1][1] <= ranges[0][0]


def test_keep_id_of_root(inside):
    out = inside("--userns=keep-id:uid=1000,gid=1000", script="id -u; id -g; cat /proc/self/uid_map; echo x > /tmp/x; stat -c %u /tmp/x")
    lines = out.splitlines()
    assert lines[:2] == ["1000", "1000"] and lines[-1] == "1000"
    assert (1000, 0, 1) in maps_of("\n".join(lines[2:-1]))


def test_keep_id_leaves_the_user_that_was_asked_for(inside):
    assert inside("--userns=keep-id:uid=1000", "--user=0", script="id -u") == "0\n"


@pytest.fixture
def nobody_may_run():
    """polkit lets the user nobody make containers."""
    rules = Path("/etc/polkit-1/rules.d/10-creel-test.rules")
    rules.write_text(
        'polkit.addRule(function(action, subject) { if (action.id.indexOf("org.creel1.") == 0 && subject.user == "nobody")'
        " return polkit.Result.YES; });\n"
    )
    rules.chmod(0o644)
    subprocess.run(["systemctl", "restart", "polkit.service"], check=True)
    yield ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    rules.unlink()
    subprocess.run(["systemctl", "restart", "polkit.service"], check=True)


def test_keep_id_of_somebody(run, image, nobody_may_run):
    script = "id -u; id -g; cat /proc/self/uid_map"
    out = run(*nobody_may_run, "creelctl", "run", "--rm", "--userns=keep-id", image, "sh", "-c", script).stdout
    assert out.splitlines()[:2] == ["65534", "65534"] and (65534, 65534, 1) in maps_of("\n".join(out.splitlines()[2:]))
    out = run(*nobody_may_run, "creelctl", "run", "--rm", "--userns=keep-id:uid=7,gid=8", image, "sh", "-c", script).stdout
    assert out.splitlines()[:2] == ["7", "8"] and (7, 65534, 1) in maps_of("\n".join(out.splitlines()[2:]))


def test_explicit_maps(inside):
    script = "cat /proc/self/uid_map; echo; cat /proc/self/gid_map; stat -c '%u %g' /home/app /bin/busybox"
    out = inside("--uidmap=0:100000:10", "--uidmap=1000:200000:1", "--gidmap=0:300000:2000", script=script)
    uids, rest = out.split("\n\n")
    assert maps_of(uids) == [(0, 100000, 10), (1000, 200000, 1)]
    assert maps_of(rest.splitlines()[0]) == [(0, 300000, 2000)] and rest.splitlines()[1:] == ["1000 1000", "0 0"]


def test_one_map_serves_groups_too(inside):
    assert inside("--uidmap=0:100000:5000", script="cat /proc/self/gid_map").split() == ["0", "100000", "5000"]


def test_an_id_without_a_mapping_is_nobody(inside, creelctl, image):
    assert inside("--uidmap=0:100000:10", script="stat -c %u /home/app; id -G") == "65534\n0\n"  # root is in wheel, 10
    done = creelctl("run", "--rm", "--uidmap=0:100000:10", "--group-add=10", image, "true", check=False)
    assert done.returncode == 125 and "user namespace" in done.stderr


def test_a_mapping_over_the_own_range(inside):
    maps = maps_of(inside("--uidmap=+1000:0:1", script="cat /proc/self/uid_map"))
    assert (1000, 0, 1) in maps and maps[0][0] == 0 and maps[0][1] >= 0x80000


def test_sub_id_files(inside):
    files = {path: path.read_bytes() for path in (Path("/etc/subuid"), Path("/etc/subgid"))}
    try:
        for path, old in files.items():
            path.write_bytes(old + b"creeltest:3000000:100\ncreeltest:4000000:70000\n")
        assert maps_of(inside("--subuidname=creeltest", script="cat /proc/self/gid_map")) == [(0, 3000000, 100), (100, 4000000, 70000)]
    finally:
        for path, old in files.items():
            path.write_bytes(old)


@pytest.mark.parametrize(
    "options, word",
    [
        (["--uidmap=1:100000:10"], "--uidmap"),
        (["--uidmap=0:100000:10", "--uidmap=5:7:1"], "uidmap"),
        (["--uidmap=0:100000:10", "--uidmap=20:100005:1"], "uidmap"),
        (["--uidmap=0:1:1", "--userns=keep-id"], "--userns=keep-id"),
        (["--uidmap=0:1:1", "--subuidname=root"], "subuidname"),
        (["--subuidname=no-such-name"], "subuidname"),
        (["--userns=container:nobody"], "userns"),
        (["--userns=ns:/no/such/file"], "userns"),
        (["--userns=ns:/etc/passwd"], "user namespace"),
        (["--userns=ns:/proc/self/ns/net"], "user namespace"),
    ],
)
def test_user_namespaces_that_cannot_be(refused, options, word):
    assert word in refused(*options)


def test_cgroup_of_a_borrower(creelctl, run, image, lender):
    """The payload in another's process namespace is found by the right number."""
    lender("lender")
    for number, options in enumerate((["--pid=container:lender"], ["--pid=container:lender", "--userns=host"])):
        name = f"borrower{number}"
        creelctl("run", "-d", "--name", name, *options, image, "sleep", "1000")
        pid = int(creelctl("inspect", "--format", "{{.State.Pid}}", name).stdout)
        assert f"creel-{name}.scope/payload" in Path(f"/proc/{pid}/cgroup").read_text()
        assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "0\n"
        assert "sleep" in Path(f"/proc/{pid}/comm").read_text()


@pytest.mark.smoke
def test_user_namespace_of_a_container(inside, lender):
    pid = lender("lender")
    script = "readlink /proc/self/ns/user; id -u; stat -c %u /bin/busybox; echo x > /x; stat -c %u /x; ls /proc | grep -c '^[0-9]'"
    user, *rest = inside("--userns=container:lender", script=script).split()
    assert user == namespace_of(pid, "user")
    assert rest[:3] == ["0", "0", "0"] and int(rest[3]) < 6


def test_user_namespace_of_a_path(inside, lender):
    pid = lender("lender")
    out = inside(f"--userns=ns:/proc/{pid}/ns/user", script="readlink /proc/self/ns/user; echo x > /x; stat -c %u /x")
    assert out.split() == [namespace_of(pid, "user"), "0"]


# Other namespaces


@pytest.mark.parametrize(
    "option, name", [("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--cgroupns", "cgroup"), ("--network", "net")]
)
@pytest.mark.parametrize("userns", [[], ["--userns=host"]])
def test_namespace_of_the_host(inside, option, name, userns):
    assert inside(f"{option}=host", *userns, script=f"readlink /proc/self/ns/{name}").strip() == namespace_of("self", name)


@pytest.mark.smoke
@pytest.mark.parametrize(
    "option, name", [("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--cgroupns", "cgroup"), ("--network", "net")]
)
def test_namespace_of_a_container(inside, lender, option, name):
    pid = lender("lender")
    out = inside(f"{option}=container:lender", script=f"readlink /proc/self/ns/{name}; readlink /proc/self/ns/user")
    assert out.split() == [namespace_of(pid, name), namespace_of(pid, "user")]


@pytest.mark.parametrize("option, name", [("--ipc", "ipc"), ("--uts", "uts"), ("--network", "net")])
def test_namespace_of_a_path(inside, lender, option, name):
    pid = lender("lender")
    out = inside(f"{option}=ns:/proc/{pid}/ns/{name}", script=f"readlink /proc/self/ns/{name}; readlink /proc/self/ns/user")
    assert out.split()[0] == namespace_of(pid, name) and out.split()[1] != namespace_of(pid, "user")


def test_processes_of_a_path(inside, lender):
    pid = lender("lender")
    options = [f"--pid=ns:/proc/{pid}/ns/pid", f"--userns=ns:/proc/{pid}/ns/user"]
    assert "sleep 1000" in inside(*options, script="tr '\\0' ' ' < /proc/1/cmdline")


def test_processes_of_the_host_are_shown_and_not_more(inside):
    out = inside("--pid=host", script="cat /proc/1/comm; kill -0 1 2>&1; echo x > /proc/sys/kernel/panic 2>&1; cat /proc/self/uid_map")
    assert out.splitlines()[0] == "systemd" and "ermitted" in out


def test_processes_of_a_container(inside, lender):
    lender("lender")
    assert "sleep 1000" in inside("--pid=container:lender", script="tr '\\0' ' ' < /proc/1/cmdline")
    assert "sleep 1000" in inside("--pid=container:lender", "--userns=host", script="tr '\\0' ' ' < /proc/1/cmdline")


def test_shared_memory_of_a_container(creelctl, inside, lender):
    lender("lender")
    inside("--ipc=container:lender", script="echo hello > /dev/shm/x")
    assert creelctl("exec", "lender", "cat", "/dev/shm/x").stdout == "hello\n"


def test_shared_memory_of_the_host(inside):
    path = Path("/dev/shm/creel-test-isolation")
    path.write_text("x")
    try:
        assert "creel-test-isolation" in inside("--ipc=host", script="ls /dev/shm")
    finally:
        path.unlink()


def test_no_shared_memory(inside):
    assert "/dev/shm" not in inside("--ipc=none", script="mount")


@pytest.mark.parametrize("mode", ["private", "none"])
def test_a_private_ipc_namespace_is_not_lent(lender, refused, mode):
    lender("lender", f"--ipc={mode}")
    assert "--ipc=shareable" in refused("--ipc=container:lender")


def test_network_of_a_container_brings_its_names(inside, lender):
    lender("lender", "--hostname=lent")
    out = inside("--network=container:lender", script="hostname; cat /etc/hostname; cat /etc/hosts")
    assert out.splitlines()[:2] == ["lent", "lent"] and "lent" in out.splitlines()[-1]


def test_host_name_of_a_container(inside, lender):
    lender("lender", "--hostname=lent")
    assert inside("--uts=container:lender", script="hostname; echo $HOSTNAME").split() == ["lent", "lent"]


def test_host_name_of_the_host(inside):
    assert inside("--uts=host", script="hostname").strip() == os.uname().nodename


def test_cgroups_of_the_host(inside):
    assert "/machine.slice/creel-" in inside("--cgroupns=host", script="cat /proc/self/cgroup")
    assert "0::/\n" in inside(script="cat /proc/self/cgroup")


@pytest.mark.parametrize(
    "options, word",
    [
        (["--uts=host", "--hostname=x"], "--hostname"),
        (["--pid=host", "--init"], "--init"),
        (["--ipc=host", "--shm-size=1m"], "shm-size"),
        (["--pid=container:lender", "--userns=auto"], "user namespace"),
        (["--cgroupns=container:lender", "--userns=auto"], "user namespace"),
        (["--pid=ns:/proc/1/ns/pid"], "user namespace"),
        (["--network=ns:/etc/passwd"], "network namespace"),
        (["--network=ns:/proc/self/ns/pid"], "network namespace"),
    ],
)
def test_combinations_that_cannot_be(lender, refused, options, word):
    if any("lender" in option for option in options):
        lender("lender")
    assert word in refused(*options)


def test_a_lender_has_to_run(creelctl, image, lender):
    lender("lender")
    creelctl("create", "--name", "borrower", "--pid=container:lender", image, "true")
    creelctl("stop", "-t", "0", "lender")
    done = creelctl("start", "borrower", check=False)
    assert done.returncode != 0 and "lender" in done.stderr and "start it first" in done.stderr
    creelctl("start", "lender")
    creelctl("start", "borrower")


def test_a_renamed_lender_is_still_the_lender(creelctl, image, lender):
    lender("lender")
    creelctl("create", "--name", "borrower", "--pid=container:lender", image, "true")
    creelctl("rename", "lender", "other")
    creelctl("start", "borrower")


# Sysctls


def test_sysctls(inside):
    options = [f"--sysctl={each}" for each in ("kernel.shmmax=123456", "fs.mqueue.msg_max=20", "net.ipv4.ip_forward=1", "kernel.hostname=named", "kernel.domainname=domain")]
    script = "cat /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/domainname; hostname"
    for userns in ([], ["--userns=host"]):
        assert inside(*options, *userns, script=script).split() == ["123456", "20", "1", "domain", "named"]


def test_anybody_may_ping(inside):
    assert inside(script="cat /proc/sys/net/ipv4/ping_group_range").split() == ["0", "0"]
    assert inside("--sysctl=net.ipv4.ping_group_range=0 100", script="cat /proc/sys/net/ipv4/ping_group_range").split() == ["0", "100"]


@pytest.mark.parametrize(
    "options, word",
    [
        (["--network=host", "--sysctl=net.ipv4.ip_forward=1"], "--network=host"),
        (["--ipc=host", "--sysctl=kernel.shmmax=1"], "--ipc=host"),
        (["--uts=host", "--sysctl=kernel.domainname=x"], "--uts=host"),
        (["--sysctl=kernel.panic=1"], "kernel.panic"),
        (["--sysctl=net.no.such.thing=1"], "net.no.such.thing"),
    ],
)
def test_sysctls_that_cannot_be(refused, options, word):
    assert word in refused(*options)


# Devices


def test_device(inside):
    out = inside("--device=/dev/fuse:/dev/inner/fuse:r", script="ls -ln /dev/inner/fuse; : < /dev/inner/fuse && echo open; sh -c ': > /dev/inner/fuse' || echo not")
    assert re.search(r"^c\S+ +\d+ 0 +0 +10, 229 ", out) and out.splitlines()[1:] == ["open", "not"]


def test_device_policy(inside):
    script = "mknod /dev/f c 10 229 && : < /dev/f && echo open"
    options = ["--userns=host", "--cap-add=MKNOD"]
    assert "open" not in inside(*options, script=script, check=False)
    assert "open" in inside(*options, "--device-cgroup-rule=c 10:* rwm", script=script)
    assert "open" in inside(*options, "--device-cgroup-rule=a *:* rwm", script=script)


def test_device_policy_is_the_units(creelctl, run, lender):
    lender("devices", "--device=/dev/fuse", "--device-cgroup-rule=c 10:* r")
    allow = run("systemctl", "show", "-p", "DeviceAllow", "creel-devices.scope").stdout
    assert "/dev/char/10:229 rwm" in allow and "char-10 r" in allow


def test_directory_of_devices(inside):
    assert inside("--device=/dev/net", script="ls /dev/net; : < /dev/net/tun && echo open").split() == ["tun", "open"]


def test_device_elsewhere_is_a_mount(inside):
    assert inside("--userns=host", "--device=/dev/fuse:/opt/f", script=": < /opt/f && echo open") == "open\n"


@pytest.mark.parametrize("device", ["/dev/no-such", "/etc/passwd", "/etc", "/dev/fuse:/dev/x:z", "/dev/fuse:relative", "vendor.com/nothing=here"])
def test_devices_that_cannot_be(refused, device):
    assert "--device" in refused(f"--device={device}")


@pytest.fixture
def cdi():
    """cdi(directory, name, description) writes a file of the Container Device Interface."""
    written = []

    def write(directory, name, kind, devices, **more):
        os.makedirs(directory, exist_ok=True)
        written.append(Path(directory) / name)
        written[-1].write_text(json.dumps({"cdiVersion": "0.6.0", "kind": kind, "devices": devices, **more}))

    yield write
    for path in written:
        path.unlink()


def test_cdi_device(inside, cdi, tmp_path):
    (tmp_path / "x").write_text("mounted")
    tmp_path.chmod(0o755)
    edits = {
        "env": ["ONE=1"],
        "additionalGids": [4242],
        "deviceNodes": [{"path": "/dev/one", "hostPath": "/dev/zero", "permissions": "rw", "gid": 2}],
        "mounts": [{"hostPath": str(tmp_path), "containerPath": "/one", "options": ["ro", "rbind"]}],
    }
    cdi("/etc/cdi", "creel-test.json", "creel.test/thing", [{"name": "one", "containerEdits": edits}], containerEdits={"env": ["ALL=2"]})
    script = "echo $ONE $ALL; id -G; stat -c %g /dev/one; head -c 2 /dev/one | wc -c; cat /one/x; touch /one/y"
    assert inside("--device=creel.test/thing=one", script=script, check=False).split() == ["1", "2", "0", "10", "4242", "2", "2", "mounted"]


def test_cdi_devices_that_share_a_node(inside, cdi):
    """The owner goes to the node it was said of."""
    nodes = {name: {"path": f"/dev/{name}", "hostPath": "/dev/zero", "uid": 7, "gid": 8} for name in ("cdi-a", "cdi-b")}
    devices = [
        {"name": "both", "containerEdits": {"deviceNodes": [nodes["cdi-a"], nodes["cdi-b"]]}},
        {"name": "one", "containerEdits": {"deviceNodes": [nodes["cdi-a"] | {"uid": 9}]}},
    ]
    cdi("/etc/cdi", "creel-test.json", "creel.test/thing", devices)
    script = "stat -c %u:%g /dev/cdi-a /dev/cdi-b"
    options = ["--device", "creel.test/thing=both", "--device", "creel.test/thing=one"]
    assert inside(*options, script=script).split() == ["9:8", "7:8"]


def test_cdi_device_in_yaml(inside):
    path = Path("/run/cdi/creel-test.yaml")
    path.parent.mkdir(exist_ok=True)
    lines = ["cdiVersion: 0.6.0", "kind: creel.test/yaml", "devices:", "- name: one", "  containerEdits:", "    env:", "    - A=yaml"]
    lines += ["    deviceNodes:", "    - path: /dev/one  # a remark", "      hostPath: /dev/zero", "      fileMode: 0640"]
    path.write_text("\n".join(lines))
    try:
        assert inside("--device=creel.test/yaml=one", script="echo $A; stat -c %a /dev/one").split() == ["yaml", "640"]
    finally:
        path.unlink()


def test_cdi_directories(inside, refused, cdi):
    def device(value, **more):
        return [{"name": "one", "containerEdits": {"env": [f"A={value}"], **more}}]

    cdi("/etc/cdi", "creel-test.json", "creel.test/thing", device("etc"))
    cdi("/run/cdi", "creel-test.json", "creel.test/thing", device("run"))
    assert inside("--device=creel.test/thing=one", script="echo $A") == "run\n"
    cdi("/run/cdi", "creel-test-2.json", "creel.test/thing", device("twice"))
    assert "two files" in refused("--device=creel.test/thing=one")
    cdi("/run/cdi", "creel-test-3.json", "creel.test/hooked", device("x", hooks=[{"hookName": "poststop", "path": "/bin/x"}]))
    assert "hooks" in refused("--device=creel.test/hooked=one")


# Capabilities


def test_capabilities_of_root(inside):
    found = capabilities_of(inside(script="cat /proc/self/status"))
    assert found == {"Inh": 0, "Prm": DEFAULT_CAPABILITIES, "Eff": DEFAULT_CAPABILITIES, "Bnd": DEFAULT_CAPABILITIES, "Amb": 0}


@pytest.mark.smoke
def test_capabilities_of_a_user(inside):
    found = capabilities_of(inside("--user=app", script="cat /proc/self/status"))
    assert found == {"Inh": 0, "Prm": 0, "Eff": 0, "Bnd": DEFAULT_CAPABILITIES, "Amb": 0}
    found = capabilities_of(inside("--user=app", "--cap-add=net_raw", script="cat /proc/self/status"))
    assert found == {"Inh": NET_RAW, "Prm": NET_RAW, "Eff": NET_RAW, "Bnd": DEFAULT_CAPABILITIES | NET_RAW, "Amb": NET_RAW}


def test_ambient_capabilities(inside):
    found = capabilities_of(inside("--user=app", "--ambient-capability=KILL", script="cat /proc/self/status"))
    assert found["Amb"] == found["Eff"] == KILL


@pytest.mark.parametrize(
    "options, effective",
    [
        (["--cap-drop=ALL"], 0),
        (["--cap-drop=all", "--cap-add=chown,KILL"], CHOWN | KILL),
        (["--cap-drop=CAP_CHOWN"], DEFAULT_CAPABILITIES & ~CHOWN),
        (["--cap-add=SYS_ADMIN", "--cap-add=sys_admin"], DEFAULT_CAPABILITIES | SYS_ADMIN),
    ],
)
def test_capability_rules(inside, options, effective):
    assert capabilities_of(inside(*options, script="cat /proc/self/status"))["Eff"] == effective


def test_all_but_one_capability(inside):
    found = capabilities_of(inside("--cap-add=ALL", "--cap-drop=SYS_ADMIN", script="cat /proc/self/status"))
    assert found["Eff"] & SYS_ADMIN == 0 and found["Eff"] & NET_RAW


@pytest.mark.parametrize(
    "options, word",
    [
        (["--cap-add=FLY"], "FLY"),
        (["--cap-drop=CAP_FLY"], "CAP_FLY"),
        (["--cap-add=NET_RAW", "--cap-drop=net_raw"], "CAP_NET_RAW"),
        (["--cap-add=ALL", "--cap-drop=ALL"], "ALL"),
        (["--ambient-capability=SYS_ADMIN"], "--cap-add"),
    ],
)
def test_capabilities_that_cannot_be(refused, options, word):
    assert word in refused(*options)


def test_file_capabilities_work(creelctl, pulled):
    layer = Layer().dir("bin").file("bin/busybox-capable", images.busybox_program(), mode=0o755, xattrs={"security.capability": EP_CHOWN})
    reference = pulled(Image([images.busybox_layer(), layer], config={"Env": [images.PATH_ENV]}), "capable:1")
    argv = ["--user=app", reference, "busybox-capable", "grep", "CapEff", "/proc/self/status"]
    assert int(creelctl("run", "--rm", *argv).stdout.split()[1], 16) == CHOWN
    assert int(creelctl("run", "--rm", "--no-new-privileges", *argv).stdout.split()[1], 16) == 0


# struct vfs_cap_data, revision 2, effective, CAP_CHOWN (0)
EP_CHOWN = b"\x01\x00\x00\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"


# --security-opt


@pytest.mark.parametrize("option, bit", [("no-new-privileges", "1"), ("no-new-privileges:true", "1"), ("no-new-privileges=false", "0")])
def test_no_new_privileges(inside, option, bit):
    assert inside(f"--security-opt={option}", script="grep NoNewPrivs /proc/self/status").split()[1] == bit


def test_seccomp_modes(inside):
    assert inside(script="grep Seccomp: /proc/self/status").split()[1] == "2"
    assert inside("--security-opt=seccomp=unconfined", script="grep Seccomp: /proc/self/status").split()[1] == "0"


def profile(**more):
    return {"defaultAction": "SCMP_ACT_ALLOW", **more}


def test_seccomp_profile(inside, tmp_path):
    path = tmp_path / "profile.json"
    rules = [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        {"names": ["chmod", "fchmodat"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "excludes": {"minKernel": "2.6"}},
    ]
    path.write_text(json.dumps(profile(flags=["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"], syscalls=rules)))
    out = inside(f"--security-opt=seccomp={path}", script="mkdir /x 2>&1; touch /y; chmod 600 /y && echo changed")
    assert "Function not" in out and "changed" in out
    out = inside(f"--security-opt=seccomp={path}", "--cap-add=SYS_ADMIN", script="touch /y; chmod 600 /y 2>&1; true")
    assert "not permitted" in out


def test_seccomp_default_errno(inside, tmp_path):
    path = tmp_path / "profile.json"
    default = json.loads(Path("/usr/share/creel/seccomp.json").read_text())
    for rule in default["syscalls"]:
        rule["names"] = [name for name in rule["names"] if name not in ("mkdir", "mkdirat")]
    default["defaultErrnoRet"] = 95
    default.pop("defaultErrno", None)
    default["syscalls"] = [rule for rule in default["syscalls"] if rule["names"]]
    path.write_text(json.dumps(default))
    assert "not supported" in inside(f"--security-opt=seccomp={path}", script="mkdir /x 2>&1; true")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        json.dumps({"defaultAction": "SCMP_ACT_FLY"}),
        json.dumps(profile(syscalls=[{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}])),
        json.dumps(profile(listenerPath="/run/agent")),
        json.dumps(profile(unknown=1)),
        " " * (1024 * 1024 + 1),
    ],
    ids=["empty", "no-json", "list", "action", "notify", "listener", "key", "size"],
)
def test_seccomp_profiles_that_are_none(refused, tmp_path, text):
    path = tmp_path / "profile.json"
    path.write_text(text)
    assert "seccomp" in refused(f"--security-opt=seccomp={path}")


@pytest.mark.parametrize("path", ["/no/such/file", "/etc", "/dev/null"])
def test_seccomp_files_that_are_none(refused, path):
    assert "seccomp" in refused(f"--security-opt=seccomp={path}")


def test_the_bus_reads_no_profile(run, image, tmp_path):
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(profile()))
    call = ["busctl", "call", "org.creel1", "/org/creel1", "org.creel1.Manager", "CreateContainer", "sa{sv}", image]
    done = run(*call, "1", "security-opt", "as", "1", f"seccomp={path}", check=False)
    assert done.returncode != 0 and "seccomp-profile" in done.stderr


def test_masked_paths(inside):
    assert inside("--security-opt=mask=/etc/group:/home", script="cat /etc/group; ls /home") == ""
    masked = inside(script="mount | grep -c ' on /proc/' ; true")
    assert int(masked) > int(inside("--security-opt=unmask=/proc/*", script="mount | grep -c ' on /proc/'; true"))
    assert "/proc/" not in inside("--security-opt=unmask=ALL", script="mount | grep ' on /proc/'; true")
    assert "/proc/" not in inside("--security-opt=systempaths=unconfined", script="mount | grep ' on /proc/'; true")


def test_cgroup_can_be_unmasked(inside):
    script = "mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x && echo made"
    assert inside(script=script + "; true") == ""
    assert inside("--security-opt=unmask=/sys/fs/cgroup", script=script) == "made\n"


def test_proc_options(inside):
    assert "hidepid=invisible" in inside("--security-opt=proc-opts=hidepid=2", script="grep ' /proc proc' /proc/mounts")


@pytest.mark.parametrize("option", ["label=disable", "label=type:container_t", "label=level:s0:c1,c2", "label=nested"])
def test_labels_mean_nothing(inside, option):
    assert inside(f"--security-opt={option}", script="echo fine") == "fine\n"


def test_apparmor_that_is_not_there(inside, refused):
    assert inside("--security-opt=apparmor=unconfined", script="echo fine") == "fine\n"
    if not Path("/sys/kernel/security/apparmor/profiles").exists():
        assert "AppArmor" in refused("--security-opt=apparmor=creel-default")


# --privileged


def test_privileged(inside):
    script = "grep -E '^(CapEff|Seccomp):' /proc/self/status; cat /proc/self/uid_map; grep -E ' /sys(/fs/cgroup)? ' /proc/mounts; ls /dev"
    out = inside("--privileged", script=script)
    assert int(out.split()[1], 16) & SYS_ADMIN and out.split()[3] == "0"
    assert "4294967295" in out and " ro," not in out and "fuse" in out.split()


def test_privileged_in_a_user_namespace(inside):
    out = inside("--privileged", "--userns=auto", script="grep CapEff /proc/self/status; cat /proc/self/uid_map")
    assert int(out.split()[1], 16) & SYS_ADMIN and out.split()[-1] == "65536"


def test_privileged_has_no_device_policy(run, lender):
    lender("privileged", "--privileged")
    assert "DevicePolicy=auto" in run("systemctl", "show", "-p", "DevicePolicy", "creel-privileged.scope").stdout


def test_privileged_can_still_do_without(inside):
    found = capabilities_of(inside("--privileged", "--cap-drop=SYS_ADMIN", script="cat /proc/self/status"))
    assert found["Eff"] & SYS_ADMIN == 0


# What others see of it


def test_inspect_and_bus(creelctl, run, lender):
    lender("shown", "--cap-drop=ALL", "--cap-add=KILL,CHOWN", "--user=app", "--pid=host", "--sysctl=kernel.shmmax=5", "--security-opt=label=disable",
           "--device=/dev/null:/dev/nothing:r")
    [shown] = json.loads(creelctl("inspect", "shown").stdout)
    assert shown["BoundingCaps"] == shown["EffectiveCaps"] == ["CAP_CHOWN", "CAP_KILL"]
    assert shown["HostConfig"]["PidMode"] == "host" and shown["HostConfig"]["Sysctls"] == {"kernel.shmmax": "5"}
    assert shown["HostConfig"]["SecurityOpt"] == ["label=disable"] and shown["HostConfig"]["Privileged"] is False
    device = {"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "r"}
    assert shown["HostConfig"]["Devices"] == [device]
    path = run("busctl", "call", "org.creel1", "/org/creel1", "org.creel1.Manager", "GetContainer", "s", "shown").stdout.split('"')[1]
    value = run("busctl", "get-property", "org.creel1", path, "org.creel1.Container", "UidMap").stdout
    assert value.split()[2].strip('"') == shown["HostConfig"]["UidMap"][0]


def test_exec_is_confined_alike(creelctl, lender):
    lender("confined", "--security-opt=seccomp=unconfined", "--cap-drop=ALL", "--no-new-privileges")
    out = creelctl("exec", "confined", "cat", "/proc/self/status").stdout
    assert capabilities_of(out)["Eff"] == 0 and "Seccomp:\t0" in out and "NoNewPrivs:\t1" in out


def test_exec_in_shared_namespaces(creelctl, lender):
    pid = lender("shared", "--pid=host", "--network=host", "--ipc=host", "--uts=host", "--cgroupns=host")
    for name in ("pid", "net", "ipc", "uts", "cgroup", "user"):
        assert creelctl("exec", "shared", "readlink", f"/proc/self/ns/{name}").stdout.strip() == namespace_of(pid, name)


def test_stop_takes_children_along_in_a_shared_pid_namespace(creelctl, image, lender):
    creelctl("run", "-d", "--name", "host-pids", "--pid=host", image, "sh", "-c", "sleep 98765 & sleep 98765")
    creelctl("rm", "-f", "-t", "0", "host-pids")
    assert subprocess.run(["pgrep", "-f", "sleep 98765"], stdout=subprocess.DEVNULL).returncode == 1
