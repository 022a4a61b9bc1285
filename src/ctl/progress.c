/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/progress.h"

#define BAR_COLUMNS_MAX 40
#define LINE_MAX_COLUMNS 200
#define SAMPLE_USEC (500 * USEC_PER_MSEC)

typedef struct Layer {
        char digest[13], state[16], drawn_state[16];
        uint64_t bytes, total_bytes;
        uint64_t sample_usec, sample_bytes, rate; /* bytes a second */
} Layer;

struct Progress {
        FILE *out;
        unsigned columns, rows;
        char *reference;
        char state[16], drawn_state[16];
        Layer *layers;
        size_t n_layers, n_allocated;
        size_t n_drawn; /* lines on the terminal */
};

int progress_new(FILE *out, const char *reference, unsigned columns, unsigned rows, Progress **ret) {
        _cleanup_(progress_freep) Progress *p = new0(Progress, 1);

        if (!p)
                return -ENOMEM;
        *p = (Progress){ .out = out,
                         .columns = MIN(columns, LINE_MAX_COLUMNS),
                         .rows = rows,
                         .reference = strdup(reference) };
        if (!p->reference)
                return -ENOMEM;
        *ret = TAKE_PTR(p);
        return 0;
}

Progress *progress_free(Progress *p) {
        if (!p)
                return NULL;
        free(p->reference);
        free(p->layers);
        return mfree(p);
}

void progress_set_state(Progress *p, const char *state) {
        (void) snprintf(p->state, sizeof(p->state), "%s", state);
}

static void layer_measure(Layer *l, uint64_t bytes, uint64_t now_usec) {
        uint64_t rate;

        if (l->sample_usec == 0 || bytes < l->sample_bytes) {
                l->sample_usec = now_usec;
                l->sample_bytes = bytes;
        }
        if (now_usec - l->sample_usec < SAMPLE_USEC)
                return;
        rate = (bytes - l->sample_bytes) * USEC_PER_SEC / (now_usec - l->sample_usec);
        l->rate = l->rate > 0 ? (l->rate + rate) / 2 : rate;
        l->sample_usec = now_usec;
        l->sample_bytes = bytes;
}

int progress_set_layer(Progress *p, size_t index, const char *digest, const char *state, uint64_t bytes,
                       uint64_t total_bytes, uint64_t now_usec) {
        Layer *l;

        if (index >= PROGRESS_LAYERS_MAX)
                return -E2BIG;
        if (!GREEDY_REALLOC(p->layers, p->n_allocated, index + 1))
                return -ENOMEM;
        for (; p->n_layers <= index; p->n_layers++)
                p->layers[p->n_layers] = (Layer){};
        l = p->layers + index;
        (void) snprintf(l->digest, sizeof(l->digest), "%.12s", startswith(digest, "sha256:") ?: digest);
        (void) snprintf(l->state, sizeof(l->state), "%s", state);
        layer_measure(l, bytes, now_usec);
        l->bytes = bytes;
        l->total_bytes = total_bytes;
        return 0;
}

static bool layer_is_done(const Layer *l) {
        return streq(l->state, "done") || streq(l->state, "present");
}

/* "[=====>    ]" of @width columns. */
static char *format_bar(char *buf, size_t size, unsigned width, uint64_t bytes, uint64_t total_bytes) {
        unsigned inner = MIN(width - 2, (unsigned) size - 3), n;

        n = total_bytes > 0 ? (unsigned) ((double) MIN(bytes, total_bytes) / (double) total_bytes * inner)
                            : 0;
        buf[0] = '[';
        memset(buf + 1, ' ', inner);
        memset(buf + 1, '=', n);
        if (n > 0 && n < inner)
                buf[n] = '>';
        buf[inner + 1] = ']';
        buf[inner + 2] = 0;
        return buf;
}

static void format_layer(const Progress *p, const Layer *l, char *buf, size_t size) {
        char bytes[16], total[16], rate[20] = "", bar[BAR_COLUMNS_MAX + 3];
        int n;

        n = snprintf(buf, size, "%-12s  %-9s", l->digest, l->state);
        if (l->total_bytes == 0 || streq(l->state, "waiting") || streq(l->state, "present"))
                return;
        format_bytes(bytes, sizeof(bytes), l->bytes);
        format_bytes(total, sizeof(total), l->total_bytes);
        if (l->rate > 0 && streq(l->state, "fetching")) {
                char number[16];

                (void) snprintf(rate, sizeof(rate), "  %s/s", format_bytes(number, sizeof(number), l->rate));
        }
        /* 31 columns are for the numbers; a terminal without room for a bar gets just them. */
        if (p->columns >= (unsigned) n + 31 + 10)
                (void) snprintf(buf + n, size - (size_t) n, "  %s  %s/%s%s",
                                format_bar(bar, sizeof(bar),
                                           MIN(p->columns - (unsigned) n - 31, BAR_COLUMNS_MAX), l->bytes,
                                           l->total_bytes),
                                bytes, total, rate);
        else
                (void) snprintf(buf + n, size - (size_t) n, "  %s/%s", bytes, total);
}

static void draw_line(Progress *p, const char *line) {
        (void) fprintf(p->out, "\r\033[K%.*s\n", (int) p->columns - 1, line);
        p->n_drawn++;
}

static void draw_bars(Progress *p) {
        size_t n_room = p->rows > 3 ? p->rows - 2 : 1, n_layers = p->n_layers, n_left_out = 0;
        char line[2 * LINE_MAX_COLUMNS];
        uint64_t bytes = 0, total = 0;
        bool all = n_layers <= n_room;

        if (p->n_drawn > 0)
                (void) fprintf(p->out, "\033[%zuA", p->n_drawn);
        p->n_drawn = 0;
        for (size_t i = 0; i < n_layers; i++) {
                bytes += layer_is_done(p->layers + i) ? p->layers[i].total_bytes : p->layers[i].bytes;
                total += p->layers[i].total_bytes;
        }
        if (total > 0)
                (void) snprintf(line, sizeof(line), "%s: %s, %d%%", p->reference, p->state,
                                (int) ((double) bytes / (double) total * 100));
        else
                (void) snprintf(line, sizeof(line), "%s: %s", p->reference, p->state);
        draw_line(p, line);
        for (size_t i = 0; i < n_layers; i++) {
                /* Where not all fit, those that are finished go first. */
                if (!all && (layer_is_done(p->layers + i) || p->n_drawn >= n_room)) {
                        n_left_out++;
                        continue;
                }
                format_layer(p, p->layers + i, line, sizeof(line));
                draw_line(p, line);
        }
        if (n_left_out > 0) {
                (void) snprintf(line, sizeof(line), "and %zu more layers", n_left_out);
                draw_line(p, line);
        }
        (void) fprintf(p->out, "\033[J");
}

static void draw_lines(Progress *p) {
        if (!streq(p->state, p->drawn_state)) {
                (void) fprintf(p->out, "%s: %s\n", p->reference, p->state);
                memcpy(p->drawn_state, p->state, sizeof(p->state));
        }
        for (size_t i = 0; i < p->n_layers; i++) {
                Layer *l = p->layers + i;

                if (streq(l->state, l->drawn_state))
                        continue;
                memcpy(l->drawn_state, l->state, sizeof(l->state));
                if (!streq(l->state, "waiting"))
                        (void) fprintf(p->out, "%s: %s\n", l->digest, l->state);
        }
}

void progress_draw(Progress *p) {
        if (p->columns > 0)
                draw_bars(p);
        else
                draw_lines(p);
        (void) fflush(p->out);
}
