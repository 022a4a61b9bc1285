/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "image/tree.h"
#include "unpack/pipeline.h"

#include "tar-builder.h"
#include "tmpdir.h"

#include <pthread.h>

#include "test.h"

static TarBuilder builder;

typedef struct Feeder {
        int fd;
        size_t n_bytes;
        pthread_t thread;
} Feeder;

static void *feed(void *userdata) {
        Feeder *f = userdata;

        (void) fd_write_all(f->fd, builder.data, f->n_bytes);
        f->fd = fd_close(f->fd);
        return NULL;
}

/* Sends the first @n_bytes of the stream through @spec. */
static int run(PipelineSpec *spec, size_t n_bytes, PipelineResult *ret, Failure *reterr) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int input = -EBADF;
        Feeder f = { .n_bytes = n_bytes };
        int fds[2], r;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        input = fds[0];
        f.fd = fds[1];
        spec->input_fd = input;
        spec->root_fd = d.fd;
        assert_int_equal(pthread_create(&f.thread, NULL, feed, &f), 0);
        r = pipeline_run(spec, ret, reterr);
        input = fd_close(input);
        assert_int_equal(pthread_join(f.thread, NULL), 0);
        return r;
}

static void progress(void *userdata, uint64_t bytes) {
        uint64_t *last = userdata;

        assert_true(bytes > *last);
        *last = bytes;
}

static PipelineSpec spec_new(void) {
        PipelineSpec spec = { .compression = COMPRESSION_NONE,
                              .bytes_max = UINT64_MAX,
                              .entries_max = 1000 };
        static char text[60000];

        (void) umask(0);
        builder = (TarBuilder) {};
        memset(text, 'x', sizeof(text) - 1);
        builder_member(&builder, "d/f", '0', "", text);
        builder_member(&builder, "g", '0', "", text);
        builder_end(&builder);
        spec.bytes = builder.n_bytes;
        digest_compute(builder.data, builder.n_bytes, &spec.digest);
        spec.diff_id = spec.digest;
        return spec;
}

static void test_good(void **state) {
        PipelineSpec spec = spec_new();
        PipelineResult result;
        uint64_t last = 0;

        spec.progress = progress;
        spec.userdata = &last;
        assert_int_equal(run(&spec, builder.n_bytes, &result, NULL), 0);
        assert_int_equal(result.entries, 2);
        assert_int_equal(result.file_bytes, 2 * 59999);
        assert_int_equal(last, builder.n_bytes);
}

static void assert_fails(PipelineSpec *spec, size_t n_bytes, FailureKind kind, const char *text) {
        _cleanup_failure_ Failure failure = {};
        PipelineResult result;

        assert_true(run(spec, n_bytes, &result, &failure) < 0);
        assert_int_equal(failure.kind, kind);
        assert_non_null(strstr(failure.text, text));
        assert_memory_equal(failure.text, "Cannot unpack layer ", 20);
}

static void test_promises_are_kept(void **state) {
        PipelineSpec spec = spec_new(), hurt = spec;

        hurt.digest.string[10] ^= 1;
        assert_fails(&hurt, builder.n_bytes, FAILURE_REGISTRY, "should have the digest");
        hurt = spec;
        hurt.diff_id.string[10] ^= 1;
        assert_fails(&hurt, builder.n_bytes, FAILURE_REGISTRY, "should have the diff ID");
        assert_fails(&spec, builder.n_bytes - 1, FAILURE_REGISTRY, "only ");
        hurt = spec;
        hurt.bytes--;
        assert_fails(&hurt, builder.n_bytes, FAILURE_REGISTRY, "more than its");
        hurt = spec;
        hurt.bytes_max = 1000;
        assert_fails(&hurt, builder.n_bytes, FAILURE_LIMITS_EXCEEDED, "more than 1000 bytes");
        hurt = spec;
        hurt.entries_max = 1;
        assert_fails(&hurt, builder.n_bytes, FAILURE_LIMITS_EXCEEDED, "more than 1 entries");
}

/* The stage that fails ends the others although no more input comes and the pipe stays open. */
static void test_failure_does_not_wait_for_input(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int input = -EBADF, output = -EBADF;
        _cleanup_failure_ Failure failure = {};
        PipelineSpec spec = spec_new();
        PipelineResult result;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        input = fds[0];
        output = fds[1];
        spec.input_fd = input;
        spec.root_fd = d.fd;
        spec.compression = COMPRESSION_GZIP;
        assert_int_equal(fd_write_all(output, "no gzip header", 14), 0);
        assert_true(pipeline_run(&spec, &result, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_REGISTRY);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_promises_are_kept),
                cmocka_unit_test(test_failure_does_not_wait_for_input),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
