/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/strv.h"
#include "ctl/each.h"

typedef struct Call {
        const char *name;
        sd_bus_slot *slot;
        sd_bus_message *reply;
        Failure failure;
        bool done;
} Call;

typedef struct Calls {
        Call *calls;
        size_t n, n_sent, n_done, n_printed;
} Calls;

static void calls_done(Calls *calls) {
        for (size_t i = 0; i < calls->n; i++) {
                sd_bus_slot_unref(calls->calls[i].slot);
                sd_bus_message_unref(calls->calls[i].reply);
                failure_done(&calls->calls[i].failure);
        }
        free(calls->calls);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Call *call = userdata;

        call->done = true;
        if (sd_bus_message_is_method_error(m, NULL))
                (void) client_failure(sd_bus_message_get_error(m), -EIO, &call->failure);
        else
                call->reply = sd_bus_message_ref(m);
        return 1;
}

/* Failures land in the call, because they concern it alone. */
static void call_send(Ctl *c, Call *call, const EachMethod *method) {
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_find_container(c, call->name, &path, &call->failure);
        if (r >= 0)
                r = client_new_call(c, path, CREEL_CONTAINER, method->member, &m, &call->failure);
        if (r >= 0 && method->append)
                r = method->append(m);
        if (r >= 0)
                r = sd_bus_call_async(c->bus, &call->slot, m, on_reply, call, UINT64_MAX);
        if (r >= 0)
                return;
        if (!call->failure.text)
                (void) client_failure(NULL, r, &call->failure);
        call->done = true;
}

static void print_done(Calls *calls, const EachMethod *method, int *status) {
        for (; calls->n_printed < calls->n_sent && calls->calls[calls->n_printed].done; calls->n_printed++) {
                Call *call = calls->calls + calls->n_printed;

                if (call->failure.text && call->failure.kind == FAILURE_NO_SUCH_CONTAINER &&
                    method->ignore_missing) {
                        if (method->missing)
                                (void) printf("%s\n", method->missing);
                } else if (call->failure.text)
                        ctl_worsen(status, ctl_report(&call->failure, -EIO));
                else if (method->print)
                        method->print(call->name, call->reply);
                else
                        (void) printf("%s\n", call->name);
        }
        (void) fflush(stdout);
}

int each_container(Ctl *c, char **names, const EachMethod *method, Failure *f) {
        _cleanup_(calls_done)
                        Calls calls = { .calls = new0(Call, strv_length(names)), .n = strv_length(names) };
        int status = 0, r;

        if (!calls.calls) {
                calls.n = 0;
                return -ENOMEM;
        }
        r = client_connect(c, f);
        if (r < 0)
                return r;

        while (calls.n_printed < calls.n) {
                while (calls.n_sent < calls.n && calls.n_sent - calls.n_printed < EACH_CALLS_MAX) {
                        calls.calls[calls.n_sent].name = names[calls.n_sent];
                        call_send(c, calls.calls + calls.n_sent++, method);
                }
                print_done(&calls, method, &status);
                if (calls.n_printed == calls.n_sent)
                        continue;
                r = sd_bus_process(c->bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(c->bus, UINT64_MAX);
                if (r < 0 && r != -EINTR)
                        return client_failure(NULL, r, f);
        }
        return status;
}
