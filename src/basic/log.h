/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <syslog.h>

#include "basic/macro.h"

/* Executables call this first. @identifier must stay valid. Where stderr is the journal's stream, lines go
 * to the journal as structured entries, else to stderr as text. CREEL_LOG_LEVEL (0 to 7 or a syslog level's
 * name) overrides @max_level. */
void log_setup(const char *identifier, int max_level);

/* Every line that follows carries this container's id (CONTAINER_ID_FULL) until it is set to NULL. Borrowed.
 */
void log_set_container(const char *id);

int log_max_level(void);
const char *log_identifier(void);

/* Where lines go instead of stderr and the journal; NULL: there again. */
typedef void (*log_sink_t)(int level, const char *message);
void log_set_sink(log_sink_t sink);

/* Logs one line; %m is the text of @error. Returns -|error|, so that `return log_error_errno(r, ...)` passes
 * it on. */
int log_internal(int level, int error, const char *file, int line, const char *format, ...) _printf_(5, 6);

#define log_full_errno(level, error, ...)                                                                  \
        ({                                                                                                 \
                int _l_ = (level), _e_ = (error);                                                          \
                _l_ <= log_max_level() ? log_internal(_l_, _e_, __FILE__, __LINE__, __VA_ARGS__)            \
                                       : -(_e_ < 0 ? -_e_ : _e_);                                          \
        })

#define log_debug(...) ((void) log_full_errno(LOG_DEBUG, 0, __VA_ARGS__))
#define log_info(...) ((void) log_full_errno(LOG_INFO, 0, __VA_ARGS__))
#define log_notice(...) ((void) log_full_errno(LOG_NOTICE, 0, __VA_ARGS__))
#define log_warning(...) ((void) log_full_errno(LOG_WARNING, 0, __VA_ARGS__))
#define log_error(...) ((void) log_full_errno(LOG_ERR, 0, __VA_ARGS__))
#define log_debug_errno(e, ...) log_full_errno(LOG_DEBUG, e, __VA_ARGS__)
#define log_warning_errno(e, ...) log_full_errno(LOG_WARNING, e, __VA_ARGS__)
#define log_error_errno(e, ...) log_full_errno(LOG_ERR, e, __VA_ARGS__)
#define log_oom() log_error_errno(ENOMEM, "Out of memory.")
