/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where output goes that nobody brought a file for, and what is said about it:
 *
 *     option = "tag=" text | "label=" FIELD "=" text
 *     text of a tag may hold {{.ID}}, {{.FullID}}, {{.Name}}, {{.ImageName}}, {{.ImageID}}, {{.ImageFullID}}
 *     FIELD  = a field of the journal: upper case letters, digits and '_', not at the beginning
 */

typedef enum LogDriver {
        LOG_DRIVER_JOURNALD,
        LOG_DRIVER_NONE,
        LOG_DRIVER_PASSTHROUGH,
        LOG_DRIVER_PASSTHROUGH_TTY,
        _LOG_DRIVER_MAX,
} LogDriver;

const char *log_driver_to_string(LogDriver driver);
int log_driver_from_string(const char *s);

typedef enum LogOption {
        LOG_OPTION_TAG,
        LOG_OPTION_LABEL,
        _LOG_OPTION_MAX,
} LogOption;

/* Returns which one it is, with the text behind the first "=". -EINVAL. */
int log_option_parse(const char *text, const char **ret_value);

/* What the placeholders of a tag stand for. */
typedef struct LogTag {
        const char *id, *name, *image, *image_id;
} LogTag;

/* Fills in the placeholders. -EINVAL: there is an unknown one. With @tag NULL the text is only checked; @ret
 * may then be NULL. */
int log_tag_expand(const char *text, const LogTag *tag, char **ret);
