/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Weights of cgroup version 2 from those of version 1, which documents and options still speak of. */

/* cpu.weight (1 to 10000) from shares (2 to 262144): the curve on which the default of 1024 shares is the
 * default weight of 100 (crun and runc, since 2025; the straight line they had before made 39 of it). */
uint64_t weight_of_shares(int64_t shares);

/* io.weight (1 to 10000) from blkio.weight (10 to 1000). */
uint64_t weight_of_blkio(uint64_t weight);
