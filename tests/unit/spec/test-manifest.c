/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/image-config.h"
#include "spec/manifest.h"

#include "test.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CONFIG                                                                                   \
        "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" A \
        "\",\"size\":2}"
#define LAYER \
        "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"" B "\",\"size\":3}"
#define ENTRY(digest, rest) \
        "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" digest "\",\"size\":4" rest "}"
#define ON(os, architecture) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture "\"}"

static int parse(const char *s, const char *type, Manifest **ret, const char **message) {
        return manifest_parse(s, strlen(s), type, ret, message);
}

static void test_manifest(void **state) {
        _cleanup_(manifest_freep) Manifest *m = NULL, *docker = NULL;

        assert_int_equal(parse("{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER "," LAYER "]}", NULL, &m,
                               NULL),
                         0);
        assert_int_equal(m->kind, MANIFEST_IMAGE);
        assert_string_equal(m->media_type, MEDIA_OCI_MANIFEST);
        assert_string_equal(m->config.digest.string, A);
        assert_int_equal(m->n_items, 2);
        assert_string_equal(m->items[1].digest.string, B);
        assert_int_equal(m->items[1].size_bytes, 3);

        /* The registry's word counts where the document says nothing. */
        assert_int_equal(parse("{\"schemaVersion\":2," CONFIG ",\"layers\":[]}",
                               MEDIA_DOCKER_MANIFEST "; charset=utf-8", &docker, NULL),
                         0);
        assert_string_equal(docker->media_type, MEDIA_DOCKER_MANIFEST);
}

static void test_index(void **state) {
        _cleanup_(manifest_freep) Manifest *m = NULL;
        /* clang-format off */
        const char *text = "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":["
                ENTRY(A, ON("unknown", "unknown")) ","
                ENTRY(A, ON("linux", "amd64")
                         ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}") ","
                ENTRY("sha512:abc", ON("linux", "amd64")) ","
                ENTRY(A, ON("linux", "no such thing")) ","
                ENTRY(A, "") ","
                ENTRY(A, ON("linux", "arm64")) ","
                ENTRY(B, ON("linux", "amd64")) ","
                ENTRY(A, ON("linux", "amd64")) "]}";
        /* clang-format on */
        const Descriptor *d;
        Platform p;

        assert_int_equal(parse(text, NULL, &m, NULL), 0);
        assert_int_equal(m->kind, MANIFEST_INDEX);
        assert_int_equal(m->n_items, 4);
        assert_int_equal(platform_parse("linux/amd64", &p), 0);
        d = manifest_choose(m, &p);
        assert_non_null(d);
        assert_string_equal(d->digest.string, B);
        assert_int_equal(platform_parse("linux/s390x", &p), 0);
        d = manifest_choose(m, &p);
        assert_non_null(d);
        assert_false(d->has_platform);
}

static void test_choice_of_none(void **state) {
        _cleanup_(manifest_freep) Manifest *m = NULL;
        Platform p;

        assert_int_equal(parse("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"text/"
                               "plain\",\"digest\":\"" A
                               "\",\"size\":1}," ENTRY(A, ON("linux", "arm64")) "]}",
                               NULL, &m, NULL),
                         0);
        assert_int_equal(platform_parse("linux/amd64", &p), 0);
        assert_null(manifest_choose(m, &p));
}

static void test_refused(void **state) {
        static const struct {
                const char *text, *type;
                int r;
                const char *part;
        } cases[] = {
                { "", NULL, -EBADMSG, "JSON" },
                { "[]", NULL, -EBADMSG, "JSON" },
                { "{}", NULL, -EBADMSG, "schemaVersion" },
                { "{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, -EPROTONOSUPPORT, "schema 1" },
                { "{\"schemaVersion\":2," CONFIG "}", NULL, -EBADMSG, "no layers" },
                { "{\"schemaVersion\":2,\"layers\":[]}", NULL, -EBADMSG, "no configuration" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}", NULL, -EBADMSG,
                  "at once" },
                { "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}", MEDIA_OCI_MANIFEST,
                  -EBADMSG, "at once" },
                { "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[]}",
                  MEDIA_OCI_MANIFEST, -EBADMSG, "contradicts" },
                { "{\"schemaVersion\":2,\"mediaType\":\"text/plain\",\"manifests\":[]}", NULL,
                  -EPROTONOSUPPORT, "mediaType" },
                { "{\"schemaVersion\":2,\"mediaType\":5,\"manifests\":[]}", NULL, -EBADMSG, "mediaType" },
                { "{\"schemaVersion\":2,\"manifests\":[5]}", NULL, -EBADMSG, "descriptor" },
                { "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"" A
                  "\",\"size\":-1}]}",
                  NULL, -EBADMSG, "descriptor" },
                { "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" A "\",\"size\":1}]}", NULL, -EBADMSG,
                  "descriptor" },
                { "{\"schemaVersion\":2," CONFIG
                  ",\"layers\":[{\"mediaType\":\"x\",\"digest\":\"sha512:abc\",\"size\":1}]}",
                  NULL, -EBADMSG, "sha256" },
                { "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
                  "vnd.cncf.helm.config.v1+json\",\"digest\":\"" A "\",\"size\":2},\"layers\":[]}",
                  NULL, -EPROTONOSUPPORT, "artifact" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *message = NULL;
                Manifest *m = NULL;

                assert_int_equal(parse(cases[i].text, cases[i].type, &m, &message), cases[i].r);
                assert_null(m);
                assert_non_null(message);
                assert_non_null(strstr(message, cases[i].part));
        }
}

/* Appends a literal and leaves the end pointing at its NUL. */
#define APPEND(p, literal) ((char *) mempcpy((p), (literal), sizeof(literal)) - 1)

static void test_limits(void **state) {
        _cleanup_free_ char *text = malloc(MANIFEST_BYTES_MAX + 2);
        const char *message = NULL;
        Manifest *m = NULL;
        char *p;

        assert_non_null(text);
        memset(text, ' ', MANIFEST_BYTES_MAX + 1);
        text[MANIFEST_BYTES_MAX + 1] = 0;
        assert_int_equal(parse(text, NULL, &m, &message), -EFBIG);
        assert_non_null(strstr(message, "4 MiB"));

        p = APPEND(text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER);
        for (unsigned i = 0; i < IMAGE_LAYERS_MAX; i++)
                p = APPEND(p, "," LAYER);
        (void) APPEND(p, "]}");
        assert_int_equal(parse(text, NULL, &m, &message), -EBADMSG);
        assert_non_null(strstr(message, "500"));
}

static void test_layer_types(void **state) {
        assert_string_equal(manifest_layer_compression("application/vnd.oci.image.layer.v1.tar"), "none");
        assert_string_equal(manifest_layer_compression("application/vnd.docker.image.rootfs.diff.tar.gzip"),
                            "gzip");
        assert_string_equal(manifest_layer_compression(
                                            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
                            "gzip");
        assert_string_equal(manifest_layer_compression("application/vnd.oci.image.layer.v1.tar+zstd"),
                            "zstd");
        assert_null(manifest_layer_compression("application/vnd.oci.image.layer.v1.tar+gzip+encrypted"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_manifest),       cmocka_unit_test(test_index),
                cmocka_unit_test(test_choice_of_none), cmocka_unit_test(test_refused),
                cmocka_unit_test(test_limits),         cmocka_unit_test(test_layer_types),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
