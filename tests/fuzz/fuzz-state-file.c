/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "spec/health-log.h"
#include "store/container.h"
#include "store/image.h"
#include "store/layer.h"
#include "store/volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What parses must survive being written and read again. */
static void container_record(const char *data, size_t size) {
        _cleanup_(container_record_freep) ContainerRecord *record = NULL, *again = NULL;
        _cleanup_free_ char *text = NULL;

        if (container_record_parse(data, size, &record) < 0)
                return;
        if (container_record_format(record, &text) < 0 ||
            container_record_parse(text, strlen(text), &again) < 0)
                abort();
}

static void image_record(const char *data, size_t size) {
        _cleanup_(image_record_freep) ImageRecord *record = NULL, *again = NULL;
        _cleanup_free_ char *text = NULL;

        if (image_record_parse(data, size, &record) < 0)
                return;
        if (image_record_format(record, &text) < 0 || image_record_parse(text, strlen(text), &again) < 0)
                abort();
}

static void ref(const char *data, size_t size) {
        _cleanup_(ref_freep) Ref *r = NULL;

        (void) ref_parse(data, size, &r);
}

static void exit_record(const char *data, size_t size) {
        ExitRecord e;

        if (exit_record_parse(data, size, &e) >= 0 && (e.status < 0 || e.status > 255))
                abort();
}

static void layer_info(const char *data, size_t size) {
        LayerInfo info;

        (void) layer_info_parse(data, size, &info);
}

static void health_log(const char *data, size_t size) {
        _cleanup_(health_log_done) HealthLog log = {};
        _cleanup_(health_log_done) HealthLog again = {};
        _cleanup_free_ char *text = NULL;

        if (health_log_parse(data, size, &log) < 0)
                return;
        if (health_log_format(&log, &text) < 0 || health_log_parse(text, strlen(text), &again) < 0)
                abort();
}

static void volume(const char *data, size_t size) {
        _cleanup_(volume_record_freep) VolumeRecord *record = NULL, *again = NULL;
        _cleanup_free_ char *text = NULL;

        if (volume_record_parse(data, size, &record) < 0)
                return;
        if (volume_record_format(record, &text) < 0 || volume_record_parse(text, strlen(text), &again) < 0)
                abort();
}

/* The first byte chooses the kind of file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static void (*const parsers[])(const char *data, size_t size) = {
                container_record, image_record, ref, exit_record, layer_info, health_log, volume,
        };

        if (size > 0 && data[0] >= '0' && data[0] < '0' + ELEMENTSOF(parsers))
                parsers[data[0] - '0']((const char *) data + 1, size - 1);
        return 0;
}
