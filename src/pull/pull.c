/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "proto/message.h"
#include "pull/credentials.h"
#include "pull/error-body.h"
#include "pull/fetch.h"
#include "pull/registry.h"
#include "pull/resolve.h"
#include "security/sandbox.h"
#include "spec/manifest.h"

#define SOCKET_FD 3

typedef struct Pull {
        int socket;
        char *name; /* the reference as given */
        Reference reference;
        Platform platform;
        bool plain_http;
        int staging_fd, ca_fd;
        char *credentials;
        size_t n_credentials;
        bool has_known;
        Digest known;
        Registry *registry;
        Resolution resolution;
        Fetch *fetch;
} Pull;

static void pull_done(Pull *p) {
        (void) fetch_free(p->fetch);
        resolution_done(&p->resolution);
        (void) registry_free(p->registry);
        if (p->credentials)
                explicit_bzero(p->credentials, p->n_credentials);
        free(p->credentials);
        reference_done(&p->reference);
        free(p->name);
        (void) fd_close(p->staging_fd);
        (void) fd_close(p->ca_fd);
}

static int parse_names(Pull *p, const Message *m, Failure *reterr) {
        const char *reference = "", *platform = "", *known = NULL, *complaint = NULL;
        int r;

        (void) message_get_string(m, FIELD_REFERENCE, &reference);
        (void) message_get_string(m, FIELD_PLATFORM, &platform);
        (void) message_get_string(m, FIELD_KNOWN_DIGEST, &known);
        r = string_set(&p->name, reference);
        if (r < 0)
                return r;
        r = reference_parse(reference, &p->reference, &complaint);
        if (r == -EINVAL) {
                _cleanup_free_ char *clean = NULL;

                r = error_text_clean(reference, &clean);
                return r < 0 ? r
                             : failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                           "'%s' is no image reference: %s", clean, strempty(complaint));
        }
        if (r < 0)
                return r;
        if (platform_parse(platform, &p->platform) < 0)
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                   "%s: the platform must be written as linux/amd64 or linux/arm64/v8",
                                   reference);
        if (known && digest_parse(known, &p->known) < 0)
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT, "%s: the known digest is malformed",
                                   reference);
        p->has_known = known;
        return 0;
}

static int pull_parse(Pull *p, Message *m, Failure *reterr) {
        _cleanup_close_ int credentials = -EBADF;
        uint64_t plain = 0;
        int r;

        if (message_type(m) != MESSAGE_PULL_START)
                return failure_set(reterr, FAILURE_SYSTEM, "creel-pull was sent %s instead of %s",
                                   message_type_to_string(message_type(m)),
                                   message_type_to_string(MESSAGE_PULL_START));
        r = parse_names(p, m, reterr);
        if (r < 0)
                return r;
        (void) message_get_u64(m, FIELD_PLAIN_HTTP, &plain);
        p->plain_http = plain > 0;
        (void) message_take_fd(m, FIELD_STAGING, &p->staging_fd);
        (void) message_take_fd(m, FIELD_CA, &p->ca_fd);
        if (message_take_fd(m, FIELD_CREDENTIALS, &credentials) < 0)
                return 0;
        r = fd_read_file(credentials, CREDENTIALS_BYTES_MAX, &p->credentials, &p->n_credentials);
        return r < 0 ? failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                         "%s: the given credentials cannot be read", p->name)
                     : 0;
}

static int send_resolved(Pull *p) {
        const ImageRecord *record = p->resolution.record;
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (record) {
                _cleanup_free_ char *text = NULL;

                r = image_record_format(record, &text);
                if (r >= 0)
                        r = fd_new_sealed("image-record", text, strlen(text), &fd);
                if (r < 0)
                        return r;
        }
        r = message_new(MESSAGE_PULL_RESOLVED, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_DIGEST, p->resolution.digest.string);
        if (r >= 0)
                r = message_put_u64(m, FIELD_COUNT, record ? record->n_layers : 0);
        if (r >= 0)
                r = message_put_fd(m, FIELD_RECORD, fd);
        return r < 0 ? r : message_send(p->socket, m);
}

static int send_layer(Pull *p, size_t i) {
        const ImageLayer *layer = p->resolution.record->layers + i;
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_PULL_LAYER, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_INDEX, i);
        if (r >= 0)
                r = message_put_string(m, FIELD_DIGEST, layer->digest.string);
        if (r >= 0)
                r = message_put_string(m, FIELD_DIFF_ID, layer->diff_id.string);
        if (r >= 0)
                r = message_put_u64(m, FIELD_BYTES, layer->size_bytes);
        if (r >= 0)
                r = message_put_string(m, FIELD_COMPRESSION, manifest_layer_compression(layer->media_type));
        return r < 0 ? r : message_send(p->socket, m);
}

static int pull_resolve(Pull *p, Failure *reterr) {
        RegistryParameters registry = {
                .reference = &p->reference,
                .name = p->name,
                .plain_http = p->plain_http,
                .ca_fd = p->ca_fd,
                .credentials = p->credentials,
                .n_credentials = p->n_credentials,
                .wake_fd = p->socket,
        };
        ResolveParameters resolve = {
                .reference = &p->reference,
                .name = p->name,
                .platform = &p->platform,
                .known = p->has_known ? &p->known : NULL,
                .staging_fd = p->staging_fd,
        };
        int r;

        r = registry_new(&registry, &p->registry, reterr);
        if (r < 0)
                return r;
        resolve.registry = p->registry;
        r = resolve_image(&resolve, &p->resolution, reterr);
        if (r >= 0)
                r = send_resolved(p);
        for (size_t i = 0; r >= 0 && p->resolution.record && i < p->resolution.record->n_layers; i++)
                r = send_layer(p, i);
        return r;
}

static int pull_sync(Pull *p, Failure *reterr) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        if (syncfs(p->staging_fd) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "%s: cannot write the image to the disk", p->name);
        r = message_new(MESSAGE_PULL_SYNCED, &m);
        return r < 0 ? r : message_send(p->socket, m);
}

static int pull_dispatch(Pull *p, Message *m, Failure *reterr) {
        int output = -EBADF, r;
        uint64_t index = 0;

        switch (message_type(m)) {
        case MESSAGE_PULL_FETCH:
                (void) message_get_u64(m, FIELD_INDEX, &index);
                (void) message_take_fd(m, FIELD_OUTPUT, &output);
                r = fetch_add(p->fetch, index, output);
                return r == -EINVAL || r == -EBUSY
                                       ? failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                                           "%s: layer %" PRIu64 " cannot be fetched",
                                                           p->name, index)
                                       : r;
        case MESSAGE_PULL_SYNC:
                return pull_sync(p, reterr);
        default:
                return failure_set(reterr, FAILURE_SYSTEM, "creel-pull was sent %s, which it does not know",
                                   message_type_to_string(message_type(m)));
        }
}

/* Serves creeld until it closes the socket. */
static int pull_serve(Pull *p, Failure *reterr) {
        static const ImageRecord nothing = {};
        int r;

        r = fetch_new(p->registry, p->resolution.record ?: &nothing, p->name, p->socket, &p->fetch);
        while (r >= 0) {
                _cleanup_(message_freep) Message *m = NULL;
                bool ready = false;

                r = fetch_step(p->fetch, reterr);
                if (r >= 0)
                        r = fetch_wait(p->fetch, &ready);
                if (r < 0 || !ready)
                        continue;
                r = message_recv(p->socket, &m);
                if (r == 0)
                        return 0;
                if (r > 0)
                        r = pull_dispatch(p, m, reterr);
        }
        return r;
}

static int pull_run(Pull *p, Failure *reterr) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_recv(p->socket, &m);
        if (r == -ENOTSOCK || r == -EBADF)
                return failure_set(reterr, FAILURE_SYSTEM,
                                   "creel-pull is started by creeld, not by hand; use 'creelctl pull'");
        if (r <= 0)
                return r;
        r = pull_parse(p, m, reterr);
        if (r < 0)
                return r;
        r = sandbox_enter(&SANDBOX_PULL, p->staging_fd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SECURITY, r,
                                         "creel-pull cannot give up its rights");
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;
        r = pull_resolve(p, reterr);
        return r < 0 ? r : pull_serve(p, reterr);
}

int main(int argc, char *argv[]) {
        Pull p = { .socket = SOCKET_FD, .staging_fd = -EBADF, .ca_fd = -EBADF };
        struct sigaction ignore = { .sa_handler = SIG_IGN };
        _cleanup_failure_ Failure failure = {};
        int r;

        log_setup("creel-pull", LOG_INFO);
        (void) sigaction(SIGPIPE, &ignore, NULL);

        r = pull_run(&p, &failure);
        /* A peer that has gone is no failure: that is how a pull is cancelled. */
        if (r == -EPIPE || r == -ECONNRESET || (r < 0 && failure.text && failure.kind == FAILURE_CANCELLED))
                r = 0;
        if (r < 0 && !failure.text)
                (void) failure_set_errno(&failure, FAILURE_SYSTEM, r, "pulling %s failed",
                                         p.name ?: "an image");
        if (r < 0 && message_send_failure(SOCKET_FD, failure_kind_to_string(failure.kind),
                                          strempty(failure.text), 0) < 0)
                log_error("%s", strempty(failure.text));
        pull_done(&p);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
