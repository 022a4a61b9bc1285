/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* "SIGTERM", "TERM", "15", "SIGRTMIN+3" -> 15; -EINVAL. */
int signal_parse(const char *s);
