/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>

/* Filters that leave calls to an agent (SECCOMP_RET_USER_NOTIF): whoever loads one gets a descriptor, on
 * which the agent answers. It has to get there although the filter may refuse, or leave to the agent, every
 * call that it would take to send it. */

/* Whether the filter, as filter_read() gave it, is to be loaded with a listener. */
bool filter_listens(const struct sock_fprog *filter);

/* filter_install() for those: another thread, which is not under the filter, sends PACKET_LISTENER with the
 * descriptor through @channel and waits for PACKET_LISTENED; meanwhile this one makes no system call. Does
 * not return when the other side is gone. -EAGAIN: no more threads. */
int listener_install(const struct sock_fprog *filter, int channel);
