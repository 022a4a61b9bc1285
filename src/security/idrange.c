/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "security/idrange.h"

#define FILE_BYTES_MAX (4U * 1024 * 1024)

typedef struct Interval {
        uint64_t start, end; /* the first id, and the first behind the last */
} Interval;

struct IdReserved {
        Interval *intervals;
        size_t n_intervals, allocated;
};

IdReserved *idreserved_free(IdReserved *reserved) {
        if (!reserved)
                return NULL;
        free(reserved->intervals);
        return mfree(reserved);
}

/* Takes @line apart. 1: an interval, 0: none. */
static int line_parse(char *line, Interval *ret) {
        uint32_t start, count;
        char *colon, *second;

        colon = strchr(line, ':');
        second = colon ? strchr(colon + 1, ':') : NULL;
        if (!second)
                return 0;
        *second = 0;
        if (parse_u32(colon + 1, &start) < 0 || parse_u32(second + 1, &count) < 0 || count == 0)
                return 0;
        *ret = (Interval) { .start = start, .end = (uint64_t) start + count };
        return 1;
}

static int file_open(int etc_dirfd, const char *name, char **ret) {
        _cleanup_close_ int fd = -EBADF;

        /* Links are followed: these are files of the administrator. */
        fd = openat(etc_dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return negative_errno();
        return fd_read_file(fd, FILE_BYTES_MAX, ret, NULL);
}

static int file_load(IdReserved *reserved, int etc_dirfd, const char *name) {
        _cleanup_free_ char *text = NULL;
        char *rest, *line;
        int r;

        r = file_open(etc_dirfd, name, &text);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        for (rest = text; (line = strsep(&rest, "\n"));) {
                if (!GREEDY_REALLOC(reserved->intervals, reserved->allocated, reserved->n_intervals + 1))
                        return -ENOMEM;
                reserved->n_intervals +=
                                (size_t) line_parse(line, &reserved->intervals[reserved->n_intervals]);
        }
        return 0;
}

int idreserved_load(int etc_dirfd, IdReserved **ret) {
        _cleanup_(idreserved_freep) IdReserved *reserved = NULL;
        int r;

        reserved = new0(IdReserved, 1);
        if (!reserved)
                return -ENOMEM;
        r = file_load(reserved, etc_dirfd, "subuid");
        if (r >= 0)
                r = file_load(reserved, etc_dirfd, "subgid");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(reserved);
        return 0;
}

int idreserved_map(int etc_dirfd, const char *file, const char *name, IdMap *ret) {
        _cleanup_id_map_ IdMap map = {};
        _cleanup_free_ char *text = NULL;
        uint64_t next = 0;
        char *rest, *line;
        int r;

        r = file_open(etc_dirfd, file, &text);
        if (r < 0)
                return r;
        for (rest = text; (line = strsep(&rest, "\n"));) {
                const char *tail = startswith(line, name);
                Interval i;

                if (!tail || *tail != ':' || line_parse(line, &i) == 0)
                        continue;
                if (next + (i.end - i.start) >= UINT32_MAX)
                        return -ERANGE;
                r = id_map_add(&map, &(IdMapping){ (uint32_t) next, (uint32_t) i.start,
                                                   (uint32_t) (i.end - i.start) });
                if (r < 0)
                        return r;
                next += i.end - i.start;
        }
        if (map.n == 0)
                return -ENOENT;
        *ret = map;
        map = (IdMap){};
        return 0;
}

bool idreserved_collides(const IdReserved *reserved, uint64_t start, uint64_t count) {
        for (size_t i = 0; reserved && i < reserved->n_intervals; i++)
                if (start < reserved->intervals[i].end && reserved->intervals[i].start < start + count)
                        return true;
        return false;
}

bool idrange_is_valid(uint32_t base) {
        return base >= IDRANGE_BASE_MIN && base <= IDRANGE_BASE_MAX && base % IDRANGE_SIZE == 0;
}

/* FNV-1a: stable between runs and machines, and spread well enough over 28664 places. */
static uint64_t name_hash(const char *name) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (const char *p = name; *p; p++)
                hash = (hash ^ (uint8_t) *p) * UINT64_C(0x100000001b3);
        return hash ^ (hash >> 32);
}

int idrange_pick(const char *name, uint32_t count, const IdReserved *reserved, IdRangeTaken taken,
                 void *userdata, uint32_t *ret_base, Failure *f) {
        uint32_t first = (uint32_t) (name_hash(name) % IDRANGE_COUNT);

        for (uint32_t i = 0; i < IDRANGE_COUNT; i++) {
                uint32_t base = IDRANGE_BASE_MIN + (first + i) % IDRANGE_COUNT * IDRANGE_SIZE;

                if (count > IDRANGE_BASE_MAX + IDRANGE_SIZE - base || taken(base, count, userdata) ||
                    idreserved_collides(reserved, base, count))
                        continue;
                *ret_base = base;
                return 0;
        }
        (void) failure_set(f, FAILURE_LIMITS_EXCEEDED,
                           "no range of user ids is left for %s: all %u are held by other containers, or "
                           "given away in "
                           "/etc/subuid and /etc/subgid; remove containers that are not needed",
                           name, IDRANGE_COUNT);
        return -EUSERS;
}
