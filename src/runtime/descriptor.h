/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Closes every descriptor from 3 on but for these, which are sorted; negative ones mean nothing. */
int descriptor_close_others(int *keep, size_t n);
