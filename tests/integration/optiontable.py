# SPDX-License-Identifier: LGPL-2.1-or-later
"""The options of `creelctl run`, each with values that are good and values that are not, for test_options.py.

"{dir}", "{file}", "{lines}", "{new}" stand for an existing directory, an existing file, a file of NAME=VALUE lines, and a
path of which only the directory exists. A value starts after "--option=".
"""

from dataclasses import dataclass, field


@dataclass
class Row:
    good: list = field(default_factory=list)
    bad: list = field(default_factory=list)
    needs: list = field(default_factory=list)  # words that must stand beside the option
    empty: bool = False  # whether --option= means something
    create: bool = False  # the good values are tried with create, because the lab or --rm does not allow them to run
    twice: bool = True  # whether the option may be given again, and each value is looked at
    says: str = ""  # what the line speaks of instead of the option


FLAG = Row(good=["true", "false"], bad=["maybe", "2", "truefalse"])
NUMBERS = ["lots", "1x", "0x10", "-", "99999999999999999999999", " 5", "5 "]
WHOLE = [*NUMBERS, "1.5"]
SIZES = ["lots", "1x", "-1k", "m", "99999999999999999999999g", "1.2.3m", " 5m"]
TIMES = ["soon", "10", "-1s", "1s1", "s", "99999999999999999999h"]
WORDS = ["", "nonsense", "../../etc"]


def flag(**kw):
    return Row(good=FLAG.good, bad=FLAG.bad, **kw)


def words(*good, bad=(), **kw):
    """A choice among words."""
    return Row(good=list(good), bad=["nonsense", f"{good[0]} ", f"{good[0]},{good[0]}", *bad], **kw)


def number(*good, bad=(), **kw):
    return Row(good=list(good), bad=[*WHOLE, *bad], **kw)


def size(*good, bad=(), **kw):
    return Row(good=list(good), bad=[*SIZES, *bad], **kw)


def duration(*good, bad=(), **kw):
    return Row(good=list(good), bad=["soon", "-1s", "1s1", "s", "99999999999999999999h", *bad], **kw)


OPTIONS = {
    # identity
    "name": Row(good=["good_one.1-x"], bad=["-x", "a/b", "..", "a b", "ż", "a" * 65, "../../etc/x", ".hidden"]),
    "hostname": Row(good=["h", "host.example"], bad=["a b", "-x", "a" * 65, "a..b", "a/b", "ż"]),
    "label": Row(good=["key=value", "key", "key=a=b"], bad=["=value"]),
    "label-file": Row(good=["{lines}"], bad=["/no/such/file", "{dir}"]),
    "annotation": Row(good=["key=value", "key"], bad=["=value"]),
    "cidfile": Row(good=["{new}"], bad=["/no/such/directory/x", "{file}", "{dir}"], twice=False),
    "pidfile": Row(good=["{new}"], bad=["/no/such/directory/x", "{dir}"], twice=False),
    "conmon-pidfile": Row(good=["{new}"], bad=["/no/such/directory/x", "{dir}"], twice=False),
    "replace": flag(needs=["--name=replaced"]),
    "rm": flag(),
    "rmi": flag(create=True),
    "restart": words("no", "on-failure", "on-failure:3", "always", "unless-stopped", bad=["on-failure:x", "on-failure:-1", "always:3", "on-failure:99999999999999999999"], create=True),
    "pull": words("missing", "never", "always", "newer"),
    "platform": Row(good=["linux/amd64"], bad=["linux", "/", "linux/amd64/v1/x", "linux/"]),
    "arch": Row(good=["amd64"], bad=["a/b", "a b"], twice=False),
    "os": Row(good=["linux"], bad=["a/b", "a b"]),
    "variant": Row(good=["v8"], bad=["a/b", "a b"]),
    "detach": flag(create=True),
    "sig-proxy": flag(),
    # process
    "entrypoint": Row(good=["true", '["true"]'], bad=["[1]", '["true", {}]'], empty=True),
    "env": Row(good=["A=b", "A=", "HOME"], bad=["=x"]),
    "env-file": Row(good=["{lines}"], bad=["/no/such/file", "{dir}"]),
    "env-host": flag(),
    "env-merge": Row(good=["PATH=${PATH}:/x"], bad=["=x", "novalue"]),
    "unsetenv": Row(good=["PATH"], bad=["A=b", "="]),
    "unsetenv-all": flag(),
    "workdir": Row(good=["/tmp", "/not/there/yet"], bad=["relative", "./x", "../x"]),
    "user": Row(good=["0", "app", "app:wheel", "1000:1000", "0:0"], bad=[":", "a:b:c", ":5", "app:"]),
    "group-add": Row(good=["wheel", "10"], bad=["4294967295", "99999999999", "-1"], says="group"),
    "tty": flag(),
    "interactive": flag(),
    "init": flag(),
    "init-path": Row(good=[], bad=["relative"]),
    "detach-keys": Row(good=["ctrl-a,b", "a", "ctrl-p,ctrl-q"], bad=["ctrl-", "ctrl-aa", "nonsense-x", "ctrl-a,,b"], empty=True, twice=False),
    "attach": words("stdout", "stderr", "stdin"),
    "preserve-fds": number("0", bad=["-1", "1000000"]),
    "preserve-fd": Row(good=[], bad=["x", "-1", "1,x", "1000000"]),
    "sdnotify": words("container", "conmon", "ignore"),
    "stop-signal": Row(good=["TERM", "SIGRTMIN+3", "9", "sigint"], bad=["SIGNOTHING", "0", "65", "-1", "RTMIN+99"]),
    "stop-timeout": number("0", "10"),
    "timeout": number("0", "30", bad=["-1"]),
    "umask": Row(good=["0022", "077", "0"], bad=["9", "0o22", "1000000", "x", "-1", "0778"]),
    "ulimit": Row(good=["nofile=64:128", "nofile=100", "core=0", "host"], bad=["x", "nofile", "nofile=", "nofile=x", "nofile=5:1", "nothing=1", "nofile=1:2:3", "=5", "nofile=-5"]),
    "rlimit": Row(good=["NOFILE=64:128"], bad=["x", "NOFILE", "NOFILE=x", "NOTHING=1"]),
    "oom-score-adj": number("0", "500", bad=["1001", "-1001"]),
    "tz": Row(good=["UTC", "local"], bad=["No/Where", "../etc/passwd", "/etc/passwd", "UTC/../UTC"], twice=False),
    "timezone": words("off", "copy", create=True),
    "personality": Row(good=["x86-64"], bad=["pdp11"]),
    "cpu-affinity": Row(good=["0"], bad=["x", "1-", "5-1", "99999999", ","]),
    "http-proxy": flag(),
    "hosts-file": Row(good=["none", "image", "{lines}"], bad=["/no/such/file"], twice=False),
    "no-hosts": flag(),
    "no-hostname": flag(),
    "add-host": Row(good=["a:10.0.0.1", "a;b:10.0.0.1", "six:::1"], bad=["a", ":", "a:", "a:nowhere", "a b:10.0.0.1", ":10.0.0.1", "a:1.2.3.4.5"]),
    "dns": Row(good=["10.0.0.1", "::1"], bad=["nowhere", "1.2.3", "10.0.0.1 "]),
    "dns-search": Row(good=["example.org", "."], bad=["a b", "a\tb"]),
    "dns-option": Row(good=["ndots:2"], bad=["a b"]),
    "group-entry": Row(good=["more:x:1234:"], bad=["a\nb"]),
    "passwd-entry": Row(good=["more:x:1234:1234::/:/bin/sh"], bad=["a\nb"]),
    "hostuser": Row(good=["root"], bad=["nobody-of-that-name"]),
    "passwd": flag(),
    # mounts
    "volume": Row(
        good=["{dir}:/mnt", "{dir}:/mnt:ro", "{dir}:/mnt:rw,rslave", "{file}:/mnt/file:ro"],
        bad=[":", "{dir}:", ":/mnt", "{dir}:relative", "{dir}:/mnt:nonsense", "{dir}:/mnt:ro,rw", "{dir}:/a:ro:x", "/no/such/source:/mnt", "{dir}:/", "relative/path:/mnt"], twice=False),
    "mount": Row(
        good=["type=tmpfs,destination=/mnt", "type=bind,src={dir},dst=/mnt,ro", "type=tmpfs,dst=/mnt,tmpfs-size=1m,tmpfs-mode=700", "type=ramfs,dst=/mnt"],
        bad=[
            "nonsense",
            "type=",
            "type=nonsense,dst=/mnt",
            "type=bind,dst=/mnt",
            "type=tmpfs",
            "type=tmpfs,dst=relative",
            "type=bind,src={dir},dst=/mnt,nonsense=1",
            "type=bind,src=/no/such/source,dst=/mnt",
            "type=bind,src={dir},dst=/mnt,ro=perhaps",
            "type=tmpfs,dst=/mnt,tmpfs-size=big",
            "type=tmpfs,dst=/mnt,tmpfs-mode=999",
            "type=bind,src={dir},dst=/",
        ],
        twice=False,
    ),
    "tmpfs": Row(good=["/mnt", "/mnt:size=1m,mode=755", "/mnt:ro,noexec"], bad=["relative", "/mnt:nonsense", "/mnt:size=big", "/mnt:mode=9", "/"], twice=False),
    "read-only": flag(),
    "read-only-tmpfs": flag(),
    "shm-size": size("1m", "65536"),
    "shm-size-systemd": size("1m"),
    "image-volume": words("bind", "tmpfs", "ignore", "anonymous"),
    "volumes-from": Row(good=[], bad=["no-such-container", "no-such-container:ro"], says="no-such-container"),
    "chrootdirs": Row(good=["/tmp"], bad=["relative"]),
    "bind": Row(good=["{dir}:/mnt"], bad=["relative:/mnt", "{dir}:relative", "/no/such/source"], twice=False),
    "bind-ro": Row(good=["{dir}:/mnt"], bad=["relative:/mnt", "{dir}:relative", "/no/such/source"], twice=False),
    "overlay": Row(good=["{dir}::/mnt"], bad=["x"], twice=False),
    "overlay-ro": Row(good=["{dir}:/usr:/mnt"], bad=["x", "{dir}:{dir}:/mnt"], twice=False),
    "inaccessible": Row(good=["/etc/passwd"], bad=["relative"], twice=False),
    # isolation
    "userns": Row(good=["auto", "host", "auto:size=131072", "keep-id", "nomap"], bad=["nonsense", "auto:size=x", "auto:nonsense=1", "container:", "container:no-such-container", "ns:/no/such/path", "ns:", "keep-id:uid=x"], create=True, empty=True),
    "uidmap": Row(good=["0:100000:65536"], bad=["x", "0", "0:", "0:x:1", "0:1:0", "0:4294967295:5", "-1:0:1", "0:1:2:3"], needs=["--gidmap=0:100000:65536"], create=True, twice=False),
    "gidmap": Row(good=["0:100000:65536"], bad=["x", "0", "0:", "0:x:1", "0:1:0", "0:4294967295:5", "-1:0:1", "0:1:2:3"], needs=["--uidmap=0:100000:65536"], create=True, twice=False),
    "subuidname": Row(good=[], bad=["nobody-of-that-name"]),
    "subgidname": Row(good=[], bad=["nobody-of-that-name"]),
    "private-users": Row(good=["pick"], bad=["nonsense"], create=True),
    "pid": Row(good=["private", "host"], bad=["nonsense", "container:", "container:no-such-container", "ns:/no/such/path", "ns:relative"]),
    "ipc": Row(good=["private", "host", "none", "shareable"], bad=["nonsense", "container:", "container:no-such-container", "ns:/no/such/path", "ns:relative"]),
    "uts": Row(good=["private", "host"], bad=["nonsense", "container:", "container:no-such-container", "ns:/no/such/path", "ns:relative"]),
    "cgroupns": Row(good=["private", "host"], bad=["nonsense", "container:", "container:no-such-container", "ns:/no/such/path", "ns:relative"]),
    "cgroups": words("enabled"),
    "network": Row(good=["none", "host"], bad=["nonsense of nowhere", "container:", "container:no-such-container", "ns:/no/such/path", "ns:relative"]),
    "net": Row(good=["none", "host"], bad=["nonsense of nowhere", "container:no-such-container", "ns:/no/such/path"]),
    "sysctl": Row(good=["net.ipv4.ip_forward=1", "kernel.msgmax=65536"], bad=["x", "=1", "net.ipv4.ip_forward", "kernel.panic=1", "vm.swappiness=1", "net/../kernel.panic=1", "../../x=1", "fs.file-max=1"]),
    "device": Row(
        good=["/dev/null:/dev/other", "/dev/zero:/dev/zero2:r", "/dev/full"],
        bad=["relative", "/no/such/device", "/dev/null:relative", "/dev/null:/dev/x:q", "/dev/null:/dev/x:rwmm", "/etc/passwd", "/dev/null:/dev/../etc/x", "vendor.example/no=such", "a:b:c:d"],
    ),
    "device-cgroup-rule": Row(good=["c 1:3 rwm", "a *:* rwm", "b 7:* r"], bad=["x", "c 1:3", "c 1 rwm", "q 1:3 rwm", "c 1:3 q", "c x:3 r", "c 99999999999:3 r"]),
    "gpus": Row(good=[], bad=["a b", ","]),
    "cap-add": Row(good=["NET_ADMIN", "cap_net_raw", "ALL", "CAP_SYS_ADMIN"], bad=["CAP_FLY", "NET_ADMIN,CAP_FLY", "40", "CAP_"]),
    "cap-drop": Row(good=["CHOWN", "cap_chown", "ALL"], bad=["CAP_FLY", "40", "CAP_"]),
    "ambient-capability": Row(good=["NET_BIND_SERVICE"], bad=["CAP_FLY"]),
    "capability": Row(good=["NET_ADMIN"], bad=["CAP_FLY"]),
    "drop-capability": Row(good=["CHOWN"], bad=["a b", "-"]),
    "privileged": flag(),
    "no-new-privileges": flag(),
    "security-opt": Row(
        good=["no-new-privileges", "no-new-privileges=true", "seccomp=unconfined", "label=disable", "mask=/etc/passwd", "unmask=ALL", "apparmor=unconfined"],
        bad=["nonsense", "nonsense=1", "seccomp=/no/such/file", "seccomp={lines}", "seccomp={dir}", "no-new-privileges=perhaps", "mask=relative", "unmask=relative", "=x"],
    ),
    "seccomp-policy": words("default"),
    "system-call-filter": Row(good=["@mount"], bad=["@nonsense"]),
    # resources
    "memory": size("64m", "1g", bad=["1k", "0.5"], create=True),
    "memory-reservation": size("32m", bad=[], create=True),
    "memory-swap": Row(good=["128m", "-1"], bad=["lots", "1x", "-2"], needs=["--memory=64m"], create=True),
    "memory-swappiness": number(bad=["101", "-2"], create=True),
    "memory-high": size("64m", create=True),
    "kernel-memory": size(create=True),
    "cpus": Row(good=["0.5", "1"], bad=["lots", "-1", "0.0001", "99999999", "nan", "inf", "0x1", "1e400"], create=True),
    "cpu-shares": number("512", bad=["-1", "99999999"], create=True),
    "cpu-weight": number("100", bad=["-1", "0", "99999999"], create=True),
    "cpu-period": number("100000", bad=["-1", "1"], create=True),
    "cpu-quota": number("50000", bad=["5"], create=True),
    "cpu-rt-period": number(create=True),
    "cpu-rt-runtime": number(create=True),
    "cpuset-cpus": Row(good=["0", "0-1", "0,1"], bad=["x", "1-", "5-1", ",", "-1", "99999999"], create=True),
    "cpuset-mems": Row(good=["0"], bad=["x", "1-", "5-1", "99999999"], create=True),
    "pids-limit": number("100", "-1", "0", bad=["-2", "99999999999"], create=True),
    "blkio-weight": number("100", bad=["1", "1001", "-1"], create=True),
    "blkio-weight-device": Row(good=[], bad=["x", "/dev/null", "/dev/null:", "/dev/null:x", "/no/such/device:100", "relative:100"], create=True),
    "device-read-bps": Row(good=[], bad=["x", "/dev/null:", "/dev/null:x", "/no/such/device:1m", "relative:1m", "/dev/null:1m"], create=True),
    "device-write-bps": Row(good=[], bad=["x", "/dev/null:", "/dev/null:x", "/no/such/device:1m", "relative:1m", "/dev/null:1m"], create=True),
    "device-read-iops": Row(good=[], bad=["x", "/dev/null:", "/dev/null:x", "/no/such/device:10", "relative:10", "/dev/null:10"], create=True),
    "device-write-iops": Row(good=[], bad=["x", "/dev/null:", "/dev/null:x", "/no/such/device:10", "relative:10", "/dev/null:10"], create=True),
    "hugetlb": Row(good=["2M=4M"], bad=["x", "2M", "3M=4M", "2M=x"], create=True),
    "oom-kill-disable": Row(good=["false"], bad=FLAG.bad, create=True),
    "oom-policy": words("kill", "continue", create=True),
    "cgroup-parent": Row(good=["test-options.slice"], bad=["not-a-slice", "a b.slice", "../x.slice", "a/b.slice", ".slice", "a--b.slice", "-a.slice"]),
    "cgroup-conf": Row(good=["memory.oom.group=1"], bad=["x", "=1", "../x=1", "a/b=1"], create=True),
    "slice": Row(good=["test-options.slice"], bad=["not-a-slice", "a/b.slice"]),
    "property": Row(good=["CPUWeight=50"], bad=["x", "=1", "NoSuch=1"], create=True, twice=False),
    # life
    "health-cmd": Row(good=["true", "none", '["CMD", "true"]'], bad=["[1]", '["CMD"]', "[]"], create=True),
    "health-interval": duration("30s", "disable", create=True, needs=["--health-cmd=true"]),
    "health-timeout": duration("30s", bad=["0s"], create=True, needs=["--health-cmd=true"]),
    "health-retries": number("3", bad=["0", "-1"], create=True, needs=["--health-cmd=true"]),
    "health-start-period": duration("10s", create=True, needs=["--health-cmd=true"]),
    "health-start-interval": duration("5s", bad=["0s"], create=True, needs=["--health-cmd=true"]),
    "health-on-failure": words("none", "kill", "restart", "stop", create=True, needs=["--health-cmd=true"]),
    "health-startup-cmd": Row(good=["true"], bad=["[1]", "[]"], create=True, needs=["--health-cmd=true"]),
    "health-startup-interval": duration("30s", create=True, needs=["--health-cmd=true", "--health-startup-cmd=true"]),
    "health-startup-retries": number("3", bad=["-1"], create=True, needs=["--health-cmd=true", "--health-startup-cmd=true"]),
    "health-startup-success": number("1", bad=["-1"], create=True, needs=["--health-cmd=true", "--health-startup-cmd=true"]),
    "health-startup-timeout": duration("30s", bad=["0s"], create=True, needs=["--health-cmd=true", "--health-startup-cmd=true"]),
    "health-log-destination": Row(good=["local", "events_logger"], bad=["/no/such/directory"], create=True, twice=False),
    "health-max-log-count": number("5", bad=["-1"], create=True),
    "health-max-log-size": number("500", bad=["-1"], create=True),
    "no-healthcheck": flag(),
    "requires": Row(good=[], bad=["no-such-container"], create=True),
    "log-driver": words("journald", "none", "passthrough", create=True),
    "log-opt": Row(good=["tag=x"], bad=["nonsense", "nonsense=1"], create=True, twice=False),
    # whole systems
    "systemd": words("true", "false", "always", create=True),
    "boot": flag(create=True),
    "as-pid2": flag(),
    "notify-ready": flag(create=True, needs=["--systemd=always"]),
    "uuid": Row(good=["0123456789abcdef0123456789abcdef"], bad=["x", "0123"], create=True),
    "machine": Row(good=["good_machine"], bad=["a/b", ".."], create=True),
    "volatile": words("no", "yes", "state", "overlay", create=True),
    "link-journal": words("no", "auto", "try-guest", create=True, needs=["--systemd=always"]),
    "set-credential": Row(good=["id:value"], bad=["x", ":value", "a/b:x", "..:x"], create=True, needs=["--systemd=always"]),
    "load-credential": Row(good=["id:{file}"], bad=["x", ":{file}", "a/b:{file}", "id:/no/such/file", "id:relative"], create=True, needs=["--systemd=always"], says="credential"),
    "resolv-conf": words("off", "copy-host", "auto", create=True),
    "rootfs": Row(bad=["maybe"], create=True),
    "directory": Row(bad=["/no/such/directory"], create=True),
    "template": Row(bad=["/no/such/directory"], create=True, says="as a root"),
    "ephemeral": flag(create=True),
    # registries
    "tls-verify": flag(),
    "ca": Row(good=["{file}"], bad=[]),
    "authfile": Row(good=["{new}"], bad=[]),
    "creds": Row(good=["user:password"], bad=["user", ":password"]),
    "retry": number("0", "2", bad=["-1", "101"]),
    "retry-delay": duration("1s", "500ms", bad=["2h"]),
    "cert-dir": Row(good=["{dir}"], bad=[]),
    "quiet": flag(),
    # of all verbs
    "help": None,
    "version": None,
    "no-pager": flag(),
    "no-legend": flag(),
    "format": None,
}

# What is good alone and not together, with what the line must speak of.
CONFLICTS = [
    (["--rm", "--restart=always"], "restart"),
    (["--memory=64m", "--memory-swap=32m"], "memory-swap"),
    (["--memory-swap=64m"], "memory-swap"),
    (["--memory=64m", "--memory-reservation=128m"], "memory-reservation"),
    (["--cpus=1", "--cpu-quota=50000"], "cpu"),
    (["--cpus=1", "--cpu-period=50000"], "cpu"),
    (["--no-healthcheck", "--health-cmd=true"], "health"),
    (["--health-on-failure=restart"], "health"),
    (["--health-startup-cmd=true"], "health"),
    (["--pid=host", "--init"], "init"),
    (["--network=host", "--sysctl=net.ipv4.ip_forward=1"], "sysctl"),
    (["--ipc=host", "--sysctl=kernel.msgmax=65536"], "sysctl"),
    (["--uts=host", "--hostname=other"], "hostname"),
    (["--userns=host", "--uidmap=0:100000:65536"], "uidmap"),
    (["--replace"], "name"),
    (["--no-hosts", "--add-host=a:10.0.0.1"], "host"),
    (["--volume={dir}:/mnt", "--volume=/usr:/mnt"], "/mnt"),
    (["--volume={dir}:/mnt", "--tmpfs=/mnt"], "/mnt"),
    (["--ipc=host", "--shm-size=1m"], "shm-size"),
    (["--env-host=x"], "env-host"),
    (["--sdnotify=healthy"], "health"),
    (["--privileged", "--device-cgroup-rule=nonsense"], "device-cgroup-rule"),
]
