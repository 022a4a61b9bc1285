/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/image.h"
#include "engine/mount-plan.h"
#include "spec/digest.h"
#include "spec/mount-format.h"
#include "spec/volumes-from.h"

#define LENDERS_DEEP_MAX 8

void mount_plan_done(MountPlan *p) {
        for (size_t i = 0; i < p->n_requests; i++)
                mount_request_done(p->requests + i);
        p->requests = mfree(p->requests);
        p->n_requests = 0;
}

bool mount_plan_has(const MountPlan *p, const char *destination) {
        for (size_t i = 0; i < p->n_requests; i++)
                if (streq(destination, p->requests[i].destination))
                        return true;
        return false;
}

/* Volumes and what lies in memory are the container's own. */
bool mount_plan_covers(const MountPlan *p, const char *destination) {
        for (size_t i = 0; i < p->n_requests; i++) {
                const MountRequest *m = p->requests + i;
                const char *rest = startswith(destination, m->destination);
                bool foreign = m->kind == MOUNT_KIND_BIND || m->kind == MOUNT_KIND_OVERLAY ||
                               m->kind == MOUNT_KIND_IMAGE;

                if (rest && (*rest == 0 || (*rest == '/' && foreign)))
                        return true;
        }
        return false;
}

bool mount_plan_names_image(const Container *c, const Image *image) {
        STRV_FOREACH(i, c->record->spec->mounts) {
                _cleanup_(mount_request_done) MountRequest m = {};
                _cleanup_failure_ Failure f = {};
                char hint[MOUNT_HINT_MAX];
                Image *found;

                if (mount_request_parse(MOUNT_SYNTAX_MOUNT, *i, &m, hint) >= 0 &&
                    m.kind == MOUNT_KIND_IMAGE && image_find(c->engine, m.source, &found, &f) >= 0 &&
                    found == image)
                        return true;
        }
        return false;
}

void mount_plan_anonymous_name(const char *container_id, const char *destination,
                               char ret[static DIGEST_HEX_LENGTH + 1]) {
        _cleanup_free_ char *text = NULL;
        Digest digest;

        *ret = 0;
        if (string_format(&text, "%s:%s", container_id, destination) < 0)
                return;
        digest_compute(text, strlen(text), &digest);
        (void) snprintf(ret, DIGEST_HEX_LENGTH + 1, "%s", digest_hex(&digest));
}

/* Takes over @m. */
static int plan_add(const ContainerRecord *record, MountPlan *p, MountRequest *m) {
        MountRequest *l;
        int r = 0;

        if (m->kind == MOUNT_KIND_VOLUME && !m->source) {
                char name[DIGEST_HEX_LENGTH + 1];

                mount_plan_anonymous_name(record->id, m->destination, name);
                r = *name ? string_set(&m->source, name) : -ENOMEM;
        }
        l = r < 0 ? NULL : reallocarray(p->requests, p->n_requests + 1, sizeof(MountRequest));
        if (!l) {
                mount_request_done(m);
                return -ENOMEM;
        }
        p->requests = l;
        p->requests[p->n_requests++] = *m;
        *m = (MountRequest){};
        return 0;
}

/* As in podman the same words once more are no mistake, except for --mount and --tmpfs. */
static bool is_repeated(MountSyntax syntax, char *const *texts, char *const *at) {
        if (syntax == MOUNT_SYNTAX_MOUNT || syntax == MOUNT_SYNTAX_TMPFS)
                return false;
        for (; texts < at; texts++)
                if (streq(*texts, *at))
                        return true;
        return false;
}

static int add_asked(const CompileInput *in, const char *key, MountSyntax syntax, char *const *texts,
                     MountPlan *p, Failure *f) {
        STRV_FOREACH(i, texts) {
                _cleanup_(mount_request_done) MountRequest m = {};
                char hint[MOUNT_HINT_MAX];
                int r;

                r = mount_request_parse(syntax, *i, &m, hint);
                if (r == -EINVAL)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '%s' has '%s': %s", key, *i,
                                           hint);
                if (r < 0)
                        return r;
                if (m.kind == MOUNT_KIND_GLOB)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '%s' has '%s': patterns are for creelctl to expand; name "
                                           "the files",
                                           key, *i);
                if (is_repeated(syntax, texts, i))
                        continue;
                if (mount_plan_has(p, m.destination))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "%s: duplicate mount destination; give one mount for it",
                                           m.destination);
                r = plan_add(in->record, p, &m);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_options(const CompileInput *in, MountPlan *p, Failure *f) {
        const ContainerSpec *s = in->record->spec;
        const struct {
                const char *key;
                MountSyntax syntax;
                char *const *texts;
        } options[] = {
                { "volume", MOUNT_SYNTAX_VOLUME, s->volumes },
                { "mount", MOUNT_SYNTAX_MOUNT, s->mounts },
                { "tmpfs", MOUNT_SYNTAX_TMPFS, s->tmpfs },
                { "bind", MOUNT_SYNTAX_BIND, s->binds },
                { "bind-ro", MOUNT_SYNTAX_BIND_RO, s->binds_read_only },
                { "overlay", MOUNT_SYNTAX_OVERLAY, s->overlays },
                { "overlay-ro", MOUNT_SYNTAX_OVERLAY_RO, s->overlays_read_only },
                { "inaccessible", MOUNT_SYNTAX_INACCESSIBLE, s->inaccessible },
        };

        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                int r = add_asked(in, options[i].key, options[i].syntax, options[i].texts, p, f);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int make_plan(const CompileInput *in, unsigned depth, MountPlan *p, Failure *f);

static int set_mode(MountRequest *m, VolumesFromMode mode) {
        size_t n = 0;

        if (mode == VOLUMES_FROM_AS_THERE)
                return 0;
        for (char **i = m->options; i && *i; i++)
                if (streq(*i, "ro") || streq(*i, "rw") || streq(*i, "rro"))
                        free(*i);
                else
                        m->options[n++] = *i;
        if (m->options)
                m->options[n] = NULL;
        m->writable = mode == VOLUMES_FROM_WRITABLE;
        return mode == VOLUMES_FROM_AS_THERE
                               ? 0
                               : strv_extend(&m->options, mode == VOLUMES_FROM_READ_ONLY ? "ro" : "rw");
}

static int borrow(const CompileInput *in, const char *name, VolumesFromMode mode, unsigned depth,
                  MountPlan *p, Failure *f) {
        _cleanup_(mount_plan_done) MountPlan theirs = {};
        CompileInput there = *in;
        const Image *image;
        Container *c;
        int r;

        if (depth >= LENDERS_DEEP_MAX)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED,
                                   "option '--volumes-from' has '%s': more than %u containers lend each "
                                   "other's mounts",
                                   name, LENDERS_DEEP_MAX);
        if (container_find(in->engine, name, &c, NULL) < 0)
                return failure_set(f, FAILURE_NO_SUCH_CONTAINER,
                                   "option '--volumes-from' has '%s': no such container; 'creelctl ps -a' "
                                   "lists them",
                                   name);
        image = hashmap_get(in->engine->images, digest_hex(&c->record->image_id));
        there.record = c->record;
        there.config = image ? image->record->config : NULL;
        r = make_plan(&there, depth + 1, &theirs, f);
        for (size_t i = 0; i < theirs.n_requests && r >= 0; i++) {
                MountRequest *m = theirs.requests + i;

                if ((m->kind != MOUNT_KIND_BIND && m->kind != MOUNT_KIND_VOLUME &&
                     m->kind != MOUNT_KIND_IMAGE) ||
                    mount_plan_has(p, m->destination))
                        continue;
                r = set_mode(m, mode);
                if (r >= 0)
                        r = plan_add(in->record, p, m);
        }
        return r;
}

static int add_borrowed(const CompileInput *in, unsigned depth, MountPlan *p, Failure *f) {
        STRV_FOREACH(i, in->engine ? in->record->spec->volumes_from : NULL) {
                _cleanup_free_ char *name = NULL;
                VolumesFromMode mode;
                int r;

                r = volumes_from_parse(*i, &name, &mode);
                if (r == -EINVAL)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--volumes-from' has '%s': must be CONTAINER[:ro]", *i);
                if (r >= 0)
                        r = borrow(in, name, mode, depth, p, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* An image that says nonsense about its volumes still runs. */
static int add_image_volumes(const CompileInput *in, MountPlan *p) {
        const char *mode = in->record->spec->image_volume ?: "anonymous";
        bool tmpfs = streq(mode, "tmpfs");

        if (streq(mode, "ignore") || !in->config)
                return 0;
        STRV_FOREACH(i, in->config->volumes) {
                _cleanup_(mount_request_done) MountRequest m = {};
                char hint[MOUNT_HINT_MAX];
                int r;

                r = mount_request_parse(tmpfs ? MOUNT_SYNTAX_TMPFS : MOUNT_SYNTAX_VOLUME, *i, &m, hint);
                if (r == -EINVAL || (r >= 0 && mount_plan_has(p, m.destination)))
                        continue;
                if (r >= 0)
                        r = plan_add(in->record, p, &m);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_frozen(ContainerSpec *spec, const MountRequest *m) {
        MountSyntax syntax;
        char *text;
        int r;

        r = mount_request_format(m, &syntax, &text);
        if (r < 0)
                return r;
        container_spec_mark(spec, container_spec_find(syntax == MOUNT_SYNTAX_MOUNT ? "mount" : "volume"));
        return strv_consume(syntax == MOUNT_SYNTAX_MOUNT ? &spec->mounts : &spec->volumes, text);
}

int mount_plan_freeze(Engine *e, ContainerSpec *spec, Failure *f) {
        ContainerRecord record = { .spec = spec };
        const CompileInput in = { .engine = e, .record = &record };
        _cleanup_(mount_plan_done) MountPlan p = {};
        size_t n_own;
        int r;

        if (!spec->volumes_from)
                return 0;
        r = add_options(&in, &p, f);
        n_own = p.n_requests;
        if (r >= 0)
                r = add_borrowed(&in, 0, &p, f);
        for (size_t i = n_own; i < p.n_requests && r >= 0; i++)
                r = add_frozen(spec, p.requests + i);
        if (r < 0)
                return r;
        spec->volumes_from = strv_free(spec->volumes_from);
        container_spec_unmark(spec, container_spec_find("volumes-from"));
        return 0;
}

static int make_plan(const CompileInput *in, unsigned depth, MountPlan *p, Failure *f) {
        int r;

        r = add_options(in, p, f);
        if (r >= 0)
                r = add_borrowed(in, depth, p, f);
        return r < 0 ? r : add_image_volumes(in, p);
}

int mount_plan_make(const CompileInput *in, MountPlan *ret, Failure *f) {
        _cleanup_(mount_plan_done) MountPlan p = {};
        int r;

        r = make_plan(in, 0, &p, f);
        if (r < 0)
                return r;
        *ret = p;
        p = (MountPlan){};
        return 0;
}
