/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/macro.h"
#include "runtime/channel.h"
#include "runtime/filter.h"
#include "runtime/listener.h"
#include "security/seccomp-filter.h"

#define STACK_BYTES (64 * 1024)

typedef struct Sender {
        int channel;
        atomic_int listener; /* PENDING, the descriptor, or a negative errno */
        atomic_int sent;     /* PENDING, or 0, or a negative errno */
        atomic_int running;  /* the kernel sets it to 0 when the thread is gone */
} Sender;

#define PENDING INT_MIN

bool filter_listens(const struct sock_fprog *filter) {
        return filter->len > 0 && filter->filter[0].code == SECCOMP_FLAGS_CODE &&
               (filter->filter[0].k & SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static int hand_over(int channel, int listener) {
        Packet packet = { .type = PACKET_LISTENER, .n_fds = 1, .fds = { listener } };
        int r;

        r = channel_send(channel, &packet);
        if (r < 0)
                return r;
        r = channel_recv(channel, &packet);
        if (r <= 0)
                return r < 0 ? r : -EPIPE;
        packet_done(&packet);
        return packet.type == PACKET_LISTENED ? 0 : -EBADMSG;
}

/* Nobody can wake it, for that takes a system call, which the filter may not allow; but it waits for just
 * one call of the other thread. */
static int sender_run(void *userdata) {
        Sender *s = userdata;
        int listener;

        while ((listener = atomic_load(&s->listener)) == PENDING)
                (void) sched_yield();
        if (listener >= 0) {
                atomic_store(&s->sent, hand_over(s->channel, listener));
                (void) fd_close(listener);
        }
        return 0;
}

static int sender_start(Sender *s) {
        int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                    CLONE_CHILD_CLEARTID;
        char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

        if (stack == MAP_FAILED)
                return negative_errno();
        atomic_store(&s->running, 1);
        return clone(sender_run, stack + STACK_BYTES, flags, s, NULL, NULL, &s->running) < 0
                               ? negative_errno()
                               : 0;
}

/* Its stack stays: it goes with the execution, and unmapping may not be allowed. */
static void sender_join(const Sender *s) {
        while (atomic_load(&s->running) != 0)
                atomic_signal_fence(memory_order_seq_cst);
}

int listener_install(const struct sock_fprog *filter, int channel) {
        Sender sender = { .channel = channel, .listener = PENDING, .sent = PENDING };
        int r;

        r = sender_start(&sender);
        if (r < 0)
                return r;
        r = filter_install(filter);
        atomic_store(&sender.listener, r);
        sender_join(&sender);
        if (r < 0)
                return r;
        if (atomic_load(&sender.sent) < 0)
                _exit(125);
        return 0;
}
