#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A tour of Creel: an image made by other programs, a real registry, a container as a scope of systemd. Runs as root on a
# machine with systemd; `./dev demo` provides one. Each command is printed before it runs, and what it shows is checked, so
# that the tour ends with status 0 only where all of it is true.
set -euo pipefail

bold='' plain=''
if [ -t 1 ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s\n' "$bold# $*$plain"; }
show() {
    printf '%s\n' "$bold\$ $*$plain"
    eval "$@"
}
# expect PATTERN COMMAND: the same, and a line of the output has to match
expect() {
    local status=0
    printf '%s\n' "$bold\$ $2$plain"
    eval "$2" >"$work/output" 2>&1 || status=$?
    cat "$work/output"
    [ $status -eq 0 ] || { echo "demo: that ended with status $status" >&2; exit $status; }
    grep --quiet --extended-regexp -e "$1" "$work/output" || { echo "demo: no line matches '$1'" >&2; exit 1; }
}

work=$(mktemp -d)
cleanup() {
    creelctl rm --force web guest >/dev/null 2>&1 || true
    systemctl stop demo-registry.service >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT
export SYSTEMD_PAGER=cat SYSTEMD_COLORS=0

make_image() {
    local root=$work/root app=$work/app program
    mkdir -p "$root"/{bin,etc,tmp} "$app"
    cp "$(command -v busybox)" "$root/bin/busybox"
    for program in $("$root/bin/busybox" --list); do
        [ "$program" = busybox ] || ln -s busybox "$root/bin/$program"
    done
    printf 'NAME="Creel tour"\nID=tour\nVERSION_ID=1\nPRETTY_NAME="Creel tour 1"\n' >"$root/etc/os-release"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    printf '#!/bin/sh\necho "web is up as $(id -un), PID $$"\ntrap "echo bye; exit 0" TERM\nwhile :; do sleep 1 & wait $!; done\n' >"$app/web"
    chmod 0755 "$app/web"
    umoci init --layout "$work/layout"
    umoci new --image "$work/layout:tour"
    umoci insert --image "$work/layout:tour" "$root" /
    umoci insert --image "$work/layout:tour" "$app" /usr/local/bin
    umoci config --image "$work/layout:tour" --config.cmd /usr/local/bin/web --config.env PATH=/usr/local/bin:/bin
}

say "An image of two layers, made with umoci, and a registry that serves it"
make_image >"$work/umoci.log" 2>&1 || { cat "$work/umoci.log"; exit 1; }
cat >"$work/registry.yml" <<YML
version: 0.1
storage: { filesystem: { rootdirectory: $work/registry } }
http: { addr: "127.0.0.1:5000", secret: tour }
YML
show "systemd-run --quiet --unit=demo-registry docker-registry serve $work/registry.yml"
journalctl --quiet --follow --lines=all --output=cat --unit=demo-registry.service | grep --quiet --max-count=1 'listening on' || true
show "skopeo copy --quiet --dest-tls-verify=false oci:$work/layout:tour docker://127.0.0.1:5000/tour:1"

say "Pull it: every layer is unpacked by a sandboxed process of its own, verified and shared"
show "creelctl pull 127.0.0.1:5000/tour:1"
expect '^127.0.0.1:5000/tour +1 ' "creelctl images"

say "Run a command in it: the exit status, the streams and the signals are the command's own"
expect 'Creel tour 1' "creelctl run --rm 127.0.0.1:5000/tour:1 cat /etc/os-release"
expect '^exit status 3$' "creelctl run --rm 127.0.0.1:5000/tour:1 sh -c 'exit 3' || echo \"exit status \$?\""

say "Run one in the background: a transient scope with its own user namespace"
show "creelctl run --detach --name web --memory 64m 127.0.0.1:5000/tour:1"
expect ' Up ' "creelctl ps"
expect 'Active: active \(running\)' "systemctl --no-pager status creel-web.scope"
expect 'creel-supervise web' "systemd-cgls --no-pager --unit creel-web.scope"
expect '^DevicePolicy=closed' "systemctl show --property=Slice,Delegate,MemoryMax,TasksMax,DevicePolicy creel-web.scope"
expect ' 65536$' "creelctl run --rm 127.0.0.1:5000/tour:1 cat /proc/self/uid_map"

say "Its output is in the journal, with its name"
expect 'web is up as root, PID 1' "journalctl --no-pager --output=short CONTAINER_NAME=web"
expect 'web is up as root, PID 1' "creelctl logs web"

say "Run a command in it: with an exit status, and confined as the container is"
expect 'exit status 3' "creelctl exec web sh -c 'id; exit 3' || echo \"exit status \$?\""
expect '/usr/local/bin/web' "creelctl top web"

say "systemd-machined knows it"
expect '^web +container creel' "machinectl --no-pager list"

say "Everything is an object on the bus"
expect '/org/creel1/container/' "busctl --no-pager tree org.creel1"
expect 'running' "busctl call org.creel1 /org/creel1 org.creel1.Manager ListContainers"

say "Go in, look, and change it while it runs"
expect '^exit status 7$' "creelctl exec web sh -c 'echo in here; exit 7' || echo \"exit status \$?\""
expect 'sleep 1$' "creelctl top web"
expect '^[0-9a-f]{12} +web ' "creelctl stats --no-stream web"
show "creelctl update --memory 128m --restart always web"
expect '^MemoryMax=134217728$' "systemctl show --property=MemoryMax creel-web.scope"
show "creelctl pause web"
expect '\(Paused\)' "creelctl ps"
show "creelctl unpause web"

say "creeld may come and go: the container stays"
show "systemctl kill --signal=KILL creeld.service"
expect ' Up ' "creelctl ps"

say "A whole system, from a plain tree: systemd is PID 1, in a user namespace of its own, and nothing of it stays"
show "creelctl run --detach --rm --name guest --boot --ephemeral --notify-ready --directory /guest"
expect 'running' "creelctl exec guest systemctl is-system-running --wait"
expect '^guest +container creel' "machinectl --no-pager list"
show "creelctl poweroff guest"

say "Stop and remove it"
show "creelctl stop web"
expect '^bye$' "creelctl logs --tail 1 web"
expect 'Exited \(0\)' "creelctl ps --all"
show "creelctl rm web"
expect '^Deleted: sha256:' "creelctl rmi 127.0.0.1:5000/tour:1"
expect 'container died' "creelctl events --stream=false | tail -n 6"
say "That was Creel. The manual: man creelctl, creeld, org.creel1."
