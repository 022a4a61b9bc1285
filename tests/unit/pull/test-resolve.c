/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "pull/resolve.h"

#include "test.h"

#include "canned.h"

#define D "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define CONFIG                                                                                            \
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D \
        "\"]}}"
#define HEAD(length) "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " length "\r\n\r\n"

typedef struct Case {
        Canned server;
        Reference reference;
        Registry *registry;
        Platform platform;
        char staging[32];
        int staging_fd;
        Failure failure;
        Resolution resolution;
} Case;

static void begin(Case *c, const char *const *answers) {
        RegistryParameters p = {
                .name = "the image", .plain_http = true, .ca_fd = -EBADF, .wake_fd = -EBADF
        };
        char text[64];

        *c = (Case) { .staging = "/tmp/test-resolve-XXXXXX" };
        canned_start(&c->server, answers);
        (void) snprintf(text, sizeof(text), "%s/team/app:1", c->server.host);
        assert_int_equal(reference_parse(text, &c->reference, NULL), 0);
        p.reference = &c->reference;
        assert_int_equal(registry_new(&p, &c->registry, NULL), 0);
        assert_int_equal(platform_parse("linux/amd64", &c->platform), 0);
        assert_non_null(mkdtemp(c->staging));
        c->staging_fd = open(c->staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(c->staging_fd >= 0);
}

static int resolve(Case *c, const Digest *known) {
        ResolveParameters p = { .registry = c->registry,
                                .reference = &c->reference,
                                .name = "the image",
                                .platform = &c->platform,
                                .known = known,
                                .staging_fd = c->staging_fd };

        return resolve_image(&p, &c->resolution, &c->failure);
}

static void end(Case *c) {
        resolution_done(&c->resolution);
        (void) registry_free(c->registry);
        reference_done(&c->reference);
        failure_done(&c->failure);
        (void) fd_close(c->staging_fd);
        assert_int_equal(path_remove_tree(AT_FDCWD, c->staging, 100), 0);
        canned_stop(&c->server);
}

static void test_manifest_and_config(void **state) {
        _cleanup_free_ char *manifest = NULL, *first = NULL, *second = NULL, *stored = NULL;
        Digest config, digest;
        char name[80];
        Case c;

        digest_compute(CONFIG, strlen(CONFIG), &config);
        assert_int_equal(string_format(&manifest,
                                       "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
                                       "vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},"
                                       "\"layers\":[{\"mediaType\":\"application/"
                                       "vnd.oci.image.layer.v1.tar\",\"digest\":\"" D "\",\"size\":9}]}",
                                       config.string, strlen(CONFIG)),
                         0);
        digest_compute(manifest, strlen(manifest), &digest);
        assert_int_equal(string_format(&first, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", manifest),
                         0);
        assert_int_equal(string_format(&second, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", CONFIG),
                         0);

        begin(&c, (const char *const[]) { first, second, NULL });
        assert_int_equal(resolve(&c, NULL), 0);
        assert_true(digest_equal(&c.resolution.digest, &digest));
        assert_int_equal(c.resolution.record->n_layers, 1);
        assert_int_equal(c.resolution.record->layers[0].size_bytes, 9);
        assert_int_equal(c.resolution.record->n_blobs, 2);
        assert_false(c.resolution.record->has_index);
        (void) snprintf(name, sizeof(name), "sha256-%s", digest_hex(&config));
        assert_int_equal(file_read(c.staging_fd, name, 4096, &stored, NULL), 0);
        assert_string_equal(stored, CONFIG);
        end(&c);

        /* The same manifest, but a configuration that it does not name: nothing of the record comes out. */
        begin(&c, (const char *const[]) { first, HEAD("2") "{}", NULL });
        assert_true(resolve(&c, NULL) < 0);
        assert_int_equal(c.failure.kind, FAILURE_REGISTRY);
        assert_non_null(strstr(c.failure.text, config.string));
        assert_null(c.resolution.record);
        end(&c);
}

static void test_known(void **state) {
        static const char *const answers[] = {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nDocker-Content-Digest: " D
                "\r\nContent-Length: 5\r\n\r\n",
                NULL
        };
        Digest known;
        Case c;

        assert_int_equal(digest_parse(D, &known), 0);
        begin(&c, answers);
        assert_int_equal(resolve(&c, &known), 0);
        assert_null(c.resolution.record);
        assert_string_equal(c.resolution.digest.string, D);
        assert_non_null(startswith(canned_request(&c.server), "HEAD "));
        end(&c);
}

static void test_nonsense(void **state) {
        static const char *const answers[] = { HEAD("6") "<html>", NULL };
        Case c;

        begin(&c, answers);
        assert_true(resolve(&c, NULL) < 0);
        assert_int_equal(c.failure.kind, FAILURE_REGISTRY);
        end(&c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_manifest_and_config),
                cmocka_unit_test(test_known),
                cmocka_unit_test(test_nonsense),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
