/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The checks of the rows about mounts (SpecField.check). */

const char *field_check_volume(const void *value);
const char *field_check_mount(const void *value);
const char *field_check_tmpfs(const void *value);
const char *field_check_bind(const void *value);
const char *field_check_bind_ro(const void *value);
const char *field_check_inaccessible(const void *value);
const char *field_check_overlay(const void *value);
const char *field_check_overlay_ro(const void *value);
const char *field_check_volumes_from(const void *value);
const char *field_check_image_volume(const void *value);
