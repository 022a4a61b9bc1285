/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The text of a container's resolv.conf(5). */
typedef struct ResolvConf {
        const char *host;     /* the host's file */
        bool loopback;        /* servers on loopback addresses can be reached from the container */
        char *const *servers; /* where not empty: instead of the host's; so the next two */
        char *const *search;  /* "." alone: none */
        char *const *options;
} ResolvConf;

int resolv_conf_compose(const ResolvConf *c, char **ret);

/* True when @text names servers, and all of them are on loopback addresses. */
bool resolv_conf_is_local(const char *text);
