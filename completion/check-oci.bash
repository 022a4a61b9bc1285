#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The bash completion of creel-oci, asked as readline asks it:  check-oci.bash COMPLETION CREEL-OCI
# Verbs and options are those of the program; the containers are made up here.

program=$2
failures=0

creel-oci() {
    case "$*" in
    *list\ --quiet) printf '%s\n' web web-old db ;;
    *) "$program" "$@" ;;
    esac
}

# shellcheck disable=SC1090
source "$1" || exit 1

complete_line() {
    local line=$1
    read -ra COMP_WORDS <<<"$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _creel_oci
}

expect() {
    local line=$1
    shift
    complete_line "$line"
    [[ "${COMPREPLY[*]}" == "$*" ]] && return
    printf "'%s' completes to '%s', not '%s'\n" "$line" "${COMPREPLY[*]}" "$*"
    failures=$((failures + 1))
}

expect 'creel-oci cre' create
expect 'creel-oci --debug ex' exec
expect 'creel-oci --root /x sta' start state
expect 'creel-oci --log-f' --log-format=
expect 'creel-oci run --bun' --bundle=
expect 'creel-oci exec --proc' --process= --process-label=
expect 'creel-oci exec --tt' --tty
expect 'creel-oci exec -u 5 we' web web-old
expect 'creel-oci exec web --' ''
expect 'creel-oci --root /x kill d' db
expect 'creel-oci run w' ''
expect 'creel-oci spec --root' --rootless --root= --rootless=

((failures == 0)) && printf 'completed as expected\n'
exit $((failures > 0))
