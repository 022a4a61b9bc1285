/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

/* Waits in the background for a process to end, collects it when it is a child, then calls @callback (may be
 * NULL). Takes over
 * @pidfd. Never blocks; failure to set it up is logged. */
typedef void (*reaper_callback_t)(void *userdata);

void reaper_add(sd_event *event, pid_t pid, int pidfd, reaper_callback_t callback, void *userdata);
