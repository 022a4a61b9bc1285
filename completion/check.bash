#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The bash completion, asked as readline asks it:  check.bash COMPLETION CREELCTL
# Verbs and options are those of the program; what creeld would list is made up here.

program=$2
failures=0

creelctl() {
    case "$1 $*" in
    ps\ *--all*) printf '%s\n' web web-old db ;;
    ps\ *) printf '%s\n' web db ;;
    images\ *) printf '%s\n' 'registry.example/app:1' 'registry.example/app:2' 'localhost:5000/tool:latest' '<none>:<none>' ;;
    list-transfers\ *) printf '%s\n' 7 ;;
    volume\ volume\ ls\ *) printf '%s\n' data cache ;;
    help\ *) "$program" "$@" ;;
    esac
}

# shellcheck disable=SC1090
source "$1" || exit 1

# complete LINE: sets COMPREPLY
complete_line() {
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"'"'"'><=;|&(:'
    COMPREPLY=()
    _creelctl creelctl '' ''
}

expect() {
    local line=$1
    shift
    complete_line "$line"
    if [[ "${COMPREPLY[*]}" != "$*" ]]; then
        printf "'%s' completes to '%s', not '%s'\n" "$line" "${COMPREPLY[*]}" "$*"
        failures=$((failures + 1))
    fi
}

expect_has() {
    local line=$1 word
    shift
    complete_line "$line"
    for word; do
        [[ " ${COMPREPLY[*]} " == *" $word "* ]] && continue
        printf "'%s' does not offer '%s': '%s'\n" "$line" "$word" "${COMPREPLY[*]}"
        failures=$((failures + 1))
    done
}

expect 'creelctl cre' create
expect 'creelctl -q inf' info
expect 'creelctl --format json inf' info
expect_has 'creelctl ' run ps rmi help terminate
expect_has 'creelctl run --' --memory= --rm --name= --tls-verify --help
expect 'creelctl run --memory-r' --memory-reservation=
expect 'creelctl --no-l' --no-legend
expect 'creelctl run --network ' none host
expect 'creelctl run --network=h' host
expect 'creelctl run --memory ' ''
expect 'creelctl run --rm -m 1g --name x reg' registry.example/app:1 registry.example/app:2
expect 'creelctl run registry.example/app:' 1 2
expect 'creelctl run localhost:5000/t' 5000/tool:latest
expect 'creelctl run -e ' ''
expect 'creelctl run app reg' ''
expect 'creelctl run app --mem' ''
expect 'creelctl start we' web web-old
expect 'creelctl stop we' web
expect 'creelctl stats we' web web-old
expect 'creelctl top we' web
expect 'creelctl stop -t 5 d' db
expect 'creelctl restart we' web web-old
expect 'creelctl pause we' web
expect 'creelctl unpause d' db
expect 'creelctl rename we' web web-old
expect 'creelctl rename web we' ''
expect 'creelctl volume ' create ls inspect exists rm prune
expect 'creelctl volume rm da' data
expect 'creelctl run --image-volume t' tmpfs
expect 'creelctl run --volumes-from we' web web-old
expect 'creelctl healthcheck ' run
expect 'creelctl healthcheck run d' db
expect 'creelctl run --restart al' always
expect 'creelctl wait --condition=he' healthy
expect 'creelctl rm -f web d' db
expect 'creelctl logs ' web web-old db
expect 'creelctl logs web ' ''
expect 'creelctl logs -n 5 d' db
expect 'creelctl exec -u app d' db
expect 'creelctl exec db --' ''
expect 'creelctl shell we' web
expect 'creelctl kill -s US' USR1 USR2
expect 'creelctl stop -- d' db
expect 'creelctl inspect d' db
expect 'creelctl inspect loc' localhost:5000/tool:latest
expect 'creelctl rmi reg' registry.example/app:1 registry.example/app:2
expect 'creelctl rmi ' registry.example/app:1 registry.example/app:2 localhost:5000/tool:latest
expect 'creelctl cancel-transfer ' 7
expect 'creelctl help ima' images
expect 'creelctl nonsense ' ''

# Names are words, not programs.
images_ran=$(mktemp) && rm -f "$images_ran"
eval "creelctl() { [[ \$1 == ps ]] && printf '%s\n' '\$(touch $images_ran)'; }"
complete_line 'creelctl logs '
if [[ -e $images_ran ]]; then
    printf 'a name was executed\n'
    rm -f "$images_ran"
    failures=$((failures + 1))
fi

((failures == 0)) && printf 'completed as expected\n'
exit $((failures > 0))
