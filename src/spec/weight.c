/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>

#include "basic/macro.h"
#include "spec/weight.h"

#define SHARES_MIN 2
#define SHARES_MAX 262144

uint64_t weight_of_shares(int64_t shares) {
        double l = log2((double) MAX(MIN(shares, SHARES_MAX), SHARES_MIN));

        return (uint64_t) ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));
}

uint64_t weight_of_blkio(uint64_t weight) {
        return 1 + (weight - 10) * 9999 / 990;
}
