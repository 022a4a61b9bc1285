/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "store-fixture.h"
#include "store/image.h"

#include "test.h"

#define BLOB "the manifest"

static Digest digest_of(const char *text) {
        Digest d;

        digest_compute(text, strlen(text), &d);
        return d;
}

/* A record with one layer and one blob. */
static ImageRecord *record_new(void) {
        _cleanup_free_ char *text = NULL;
        ImageRecord *record = NULL;
        Digest blob = digest_of(BLOB);

        assert_int_equal(string_format(&text,
                                       "{\"version\":1,\"manifestDigest\":\"%s\",\"manifestMediaType\":"
                                       "\"application/vnd.oci.image.manifest.v1+json\","
                                       "\"configDigest\":\"sha256:" HEX_C
                                       "\",\"layers\":[{\"digest\":\"sha256:" HEX_A
                                       "\",\"diffId\":\"sha256:" HEX_B
                                       "\",\"size\":5,\"mediaType\":\"application/"
                                       "vnd.oci.image.layer.v1.tar\"}],\"blobs\":[\"%s\"],"
                                       "\"config\":{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{"
                                       "\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX_B
                                       "\"]},\"config\":{}}}",
                                       blob.string, blob.string),
                         0);
        assert_int_equal(image_record_parse(text, strlen(text), &record), 0);
        return record;
}

static void stage_blob(int fd, const char *content) {
        Digest d = digest_of(BLOB);
        char name[96];

        (void) snprintf(name, sizeof(name), "sha256-%s", digest_hex(&d));
        tmpdir_write(fd, name, content);
}

static void test_commit_and_remove(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_(image_record_freep) ImageRecord *record = record_new(), *loaded = NULL;
        _cleanup_free_ char *name = NULL, *data = NULL;
        _cleanup_close_ int fd = -EBADF;
        Digest blob = digest_of(BLOB);
        size_t size;

        assert_int_equal(store_stage(f.store, &name, &fd), 0);
        stage_blob(fd, BLOB);
        assert_int_equal(image_stage(fd, record), 0);
        assert_int_equal(image_load(f.store, HEX_C ".json", &loaded), -ENOENT);
        assert_int_equal(blob_read(f.store, &blob, &data, &size), -ENOENT);

        assert_int_equal(image_commit(f.store, fd, record), 0);
        assert_int_equal(image_load(f.store, HEX_C ".json", &loaded), 0);
        assert_true(digest_equal(&loaded->config_digest, &record->config_digest));
        assert_int_equal(loaded->n_layers, 1);
        assert_int_equal(loaded->layers[0].size_bytes, 5);
        assert_int_equal(blob_read(f.store, &blob, &data, &size), 0);
        assert_string_equal(data, BLOB);

        assert_int_equal(image_remove(f.store, record), 0);
        assert_int_equal(image_remove(f.store, record), -ENOENT);
        assert_int_equal(blob_remove(f.store, &blob), 0);
        assert_int_equal(blob_remove(f.store, &blob), 0);
        assert_false(tmpdir_exists(f.store->blobs_fd, digest_hex(&blob)));
}

/* The worker's word is not taken for it. */
static void test_wrong_blob_is_not_staged(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_(image_record_freep) ImageRecord *record = record_new();
        _cleanup_free_ char *name = NULL;
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(store_stage(f.store, &name, &fd), 0);
        assert_int_equal(image_stage(fd, record), -ENOENT);
        stage_blob(fd, "something else");
        assert_int_equal(image_stage(fd, record), -EBADMSG);
        assert_false(tmpdir_exists(fd, "record.json"));
}

static void test_blob_that_rotted(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        Digest blob = digest_of(BLOB);
        _cleanup_free_ char *data = NULL;
        size_t size;

        tmpdir_write(f.store->blobs_fd, digest_hex(&blob), "rotten");
        assert_int_equal(blob_read(f.store, &blob, &data, &size), -EBADMSG);
        assert_null(data);
}

static void test_refs(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_(ref_freep) Ref *loaded = NULL;
        _cleanup_free_ char *name = NULL, *file = NULL, *reference = malloc(1001);
        _cleanup_close_ int fd = -EBADF;
        Ref ref = { .reference = reference, .image = digest_of("image"), .digest = digest_of("manifest") };
        Digest hash;

        /* longer than a file name may be */
        (void) memset(reference, 'r', 1000);
        reference[1000] = 0;
        digest_compute(reference, 1000, &hash);
        assert_int_equal(string_format(&file, "%s.json", digest_hex(&hash)), 0);

        assert_int_equal(store_stage(f.store, &name, &fd), 0);
        assert_int_equal(ref_stage(fd, &ref), 0);
        assert_int_equal(ref_load(f.store, file, &loaded), -ENOENT);
        assert_int_equal(ref_commit(f.store, fd), 0);
        assert_int_equal(ref_load(f.store, file, &loaded), 0);
        assert_string_equal(loaded->reference, reference);
        assert_true(digest_equal(&loaded->image, &ref.image) && digest_equal(&loaded->digest, &ref.digest));

        /* a tag moves: the later commit wins */
        ref.image = digest_of("newer");
        assert_int_equal(ref_stage(fd, &ref), 0);
        assert_int_equal(ref_commit(f.store, fd), 0);
        loaded = ref_free(loaded);
        assert_int_equal(ref_load(f.store, file, &loaded), 0);
        assert_true(digest_equal(&loaded->image, &ref.image));

        assert_int_equal(ref_remove(f.store, reference), 0);
        assert_int_equal(ref_remove(f.store, reference), -ENOENT);
}

static void test_damaged_refs(void **state) {
        static const char *const bad[] = {
                "",
                "{}",
                "{\"version\":1,\"image\":\"sha256:" HEX_A "\",\"digest\":\"sha256:" HEX_B "\"}",
                "{\"version\":1,\"reference\":\"\",\"image\":\"sha256:" HEX_A "\",\"digest\":\"sha256:" HEX_B
                "\"}",
                "{\"version\":1,\"reference\":\"x\",\"image\":\"" HEX_A "\",\"digest\":\"sha256:" HEX_B
                "\"}",
                "{\"version\":1,\"reference\":\"x\",\"image\":\"sha256:" HEX_A "\"}",
                "{\"version\":2,\"reference\":\"x\",\"image\":\"sha256:" HEX_A
                "\",\"digest\":\"sha256:" HEX_B "\"}",
                "{\"version\":1,\"reference\":7,\"image\":\"sha256:" HEX_A "\",\"digest\":\"sha256:" HEX_B
                "\"}",
        };
        static const char good[] = "{\"version\":1,\"reference\":\"x\",\"image\":\"sha256:" HEX_A
                                   "\",\"digest\":\"sha256:" HEX_B "\"}";
        _cleanup_(ref_freep) Ref *ref = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(ref_parse(bad[i], strlen(bad[i]), &ref), -EBADMSG);
        assert_null(ref);
        assert_int_equal(ref_parse(good, sizeof(good) - 1, &ref), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_commit_and_remove),
                cmocka_unit_test(test_wrong_blob_is_not_staged),
                cmocka_unit_test(test_blob_that_rotted),
                cmocka_unit_test(test_refs),
                cmocka_unit_test(test_damaged_refs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
