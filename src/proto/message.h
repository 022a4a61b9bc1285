/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"

/* Typed messages between creeld, its workers, the supervisors and foreground clients. One message is one
 * datagram of a SOCK_SEQPACKET socket:
 *
 *     message = magic:u32le type:u16le n_fields:u16le field*
 *     field   = key:u16le zero:u16le length:u32le bytes
 *
 * The key decides what the bytes are: an unsigned number (u64le), a string (UTF-8 or not, no NUL inside),
 * or, for file descriptors, a u32le index into the SCM_RIGHTS array. Documents larger than a datagram travel
 * as sealed memfds. message_spec in message.c says which fields each type must and may have; anything else
 * is refused with -EBADMSG by both ends, so that a receiver never sees a message that its sender's table
 * does not allow. */

#define MESSAGE_MAGIC UINT32_C(0x314c5243)
#define MESSAGE_BYTES_MAX (64 * 1024)
#define MESSAGE_FIELDS_MAX 512
#define MESSAGE_FDS_MAX 96

typedef enum MessageType {
        /* creeld -> creel-pull, once, first */
        MESSAGE_PULL_START,
        /* creel-pull -> creeld: the manifest is chosen. Manifests, index and config lie in the staging
         * directory by then, named sha256-<hex>. RECORD is the image record (spec/image-record.h) in a
         * sealed memfd. */
        MESSAGE_PULL_RESOLVED,
        /* creel-pull -> creeld, one per layer behind RESOLVED, in order from the base */
        MESSAGE_PULL_LAYER,
        /* creeld -> creel-pull: stream layer INDEX into this pipe */
        MESSAGE_PULL_FETCH,
        /* creel-pull -> creeld: BYTES of layer INDEX have been fetched; at most ten a second and layer */
        MESSAGE_PULL_PROGRESS,
        /* creel-pull -> creeld: the last byte of layer INDEX is in the pipe, which is closed */
        MESSAGE_PULL_FETCHED,
        /* creeld -> creel-pull: call syncfs(2) on the staging directory's file system, answer SYNCED */
        MESSAGE_PULL_SYNC,
        MESSAGE_PULL_SYNCED,

        /* creeld -> creel-unpack, once, first: inflate, verify and untar INPUT into the directory fd
           DIRECTORY */
        MESSAGE_UNPACK_START,
        /* creel-unpack -> creeld: BYTES of the compressed stream are unpacked; at most ten a second */
        MESSAGE_UNPACK_PROGRESS,
        /* creel-unpack -> creeld: everything verified. BYTES: sum of file sizes; ENTRIES: members */
        MESSAGE_UNPACK_DONE,
        /* creeld -> creel-unpack, once, first: remove everything beneath the directory fd DIRECTORY */
        MESSAGE_REMOVE_START,
        MESSAGE_REMOVE_DONE,

        /* creeld -> creel-supervise, once, first */
        MESSAGE_SUPERVISE_START,
        /* creeld -> creel-supervise: the scope exists; CGROUP is its path relative to the cgroup root.
           Launch. */
        MESSAGE_SUPERVISE_GO,
        /* creel-supervise -> creeld: the payload executes. PIDFD refers to it. Also the answer to HELLO */
        MESSAGE_SUPERVISE_STARTED,
        /* creel-supervise -> creeld: the payload is gone and the exit record written */
        MESSAGE_SUPERVISE_EXITED,
        /* creeld -> creel-supervise, over a new connection to its socket, after creeld was restarted */
        MESSAGE_SUPERVISE_HELLO,
        /* creeld -> creel-supervise: SESSION wants to have the terminal or, where there is none, to read
         * along: STDOUT and STDERR are pipes, sockets or files that take copies. INTERACTIVE 1: it wants to
         * write to standard input. Answered by ATTACHED with the same INDEX, which has ERROR and TEXT when
         * it is refused. */
        MESSAGE_SUPERVISE_ATTACH,
        MESSAGE_SUPERVISE_ATTACHED,
        /* creel-supervise -> creeld: what the payload said by sd_notify(3); after HELLO once more what still
         * holds. TEXT has a line for each assignment. */
        MESSAGE_SUPERVISE_NOTIFY,

        /* creeld -> creel-supervise, once, first, instead of SUPERVISE_START: one more process for a
         * container whose first is PIDFD. It answers SUPERVISE_STARTED and SUPERVISE_EXITED. SPEC: a
         * document of which only the process counts. CGROUP: that of the scope. SHELL 1: the user's login
         * shell instead of args. LOGIN 1: a login prompt of the container's own systemd on a new terminal.
         */
        MESSAGE_EXEC_START,

        /* creel-supervise -> foreground client, over the session socket */
        MESSAGE_SESSION_STARTED,
        /* the pty's master side */
        MESSAGE_SESSION_TTY,
        /* OUTPUT is the write side, non-blocking, of the command's standard input */
        MESSAGE_SESSION_STDIN,
        MESSAGE_SESSION_EXITED,
        /* what the payload said by sd_notify(3), where the client asked for it */
        MESSAGE_SESSION_NOTIFY,
        /* foreground client -> creel-supervise */
        MESSAGE_SESSION_SIGNAL,
        /* the client goes, and the command goes on: without this, one of MESSAGE_EXEC_START gets SIGHUP */
        MESSAGE_SESSION_DETACH,
        /* nothing more comes on standard input, from nobody: both ways, so that all clients let go of it */
        MESSAGE_SESSION_EOF,

        /* creeld -> creel-supervise as creel-top, once, first: list the processes of CGROUP's payload, a
         * WORD per column (spec/process-column.h); LEADER's user and PID namespaces have the numbers */
        MESSAGE_TOP_START,
        /* creel-top -> creeld: a process, a WORD per column, in UTF-8 */
        MESSAGE_TOP_ROW,
        MESSAGE_TOP_DONE,

        /* creel-oci -> creel-assist: put PID into the scope NAME, a new one, in SLICE, with every PROPERTY
         * ("Name=value" with the value as spec/variant.h has it) */
        MESSAGE_SCOPE_START,
        /* creel-oci -> creel-assist: change properties of the scope */
        MESSAGE_SCOPE_UPDATE,
        /* creel-oci -> creel-assist: stop the scope, and forget that it failed */
        MESSAGE_SCOPE_STOP,
        MESSAGE_SCOPE_DONE,
        /* creel-oci -> creel-assist seccomp, once: compile SPEC, linux.seccomp of a document, for
         * CAPABILITIES, and keep the filter in DIRECTORY (security/seccomp-cache.h) */
        MESSAGE_SECCOMP_COMPILE,
        MESSAGE_SECCOMP_COMPILED,

        /* any worker or supervisor -> its peer: the work failed; nothing follows */
        MESSAGE_FAILED,

        _MESSAGE_TYPE_MAX,
} MessageType;

typedef enum MessageField {
        /* strings */
        FIELD_REFERENCE,    /* fully qualified, spec/reference.h */
        FIELD_PLATFORM,     /* os/architecture[/variant] */
        FIELD_DIGEST,       /* sha256:<hex> of a blob as transferred */
        FIELD_DIFF_ID,      /* sha256:<hex> of the uncompressed tar stream */
        FIELD_COMPRESSION,  /* none, gzip, zstd */
        FIELD_KNOWN_DIGEST, /* manifest digest we hold for this reference already */
        FIELD_CONTAINER,    /* id of 64 hex digits */
        FIELD_NAME,
        FIELD_IMAGE, /* reference, for log fields */
        FIELD_LAYER, /* repeated, from the base: diff ID hex */
        FIELD_CGROUP,
        FIELD_ERROR,     /* the last part of a D-Bus error name: Registry, Storage, ... */
        FIELD_TEXT,      /* one line for people */
        FIELD_LOG_TAG,   /* CONTAINER_TAG of the journal's entries */
        FIELD_LOG_LABEL, /* repeated: one more field of the journal's entries, FIELD=text */
        FIELD_WORD,      /* repeated */
        FIELD_VOLATILE,  /* yes, overlay (spec/system-mode.h) */
        FIELD_SLICE,
        FIELD_PROPERTY, /* repeated: of a unit */

        /* numbers */
        FIELD_INDEX,
        FIELD_COUNT,
        FIELD_BYTES,
        FIELD_BYTES_MAX, /* refuse more uncompressed bytes than this */
        FIELD_ENTRIES,
        FIELD_ENTRIES_MAX,
        FIELD_PLAIN_HTTP, /* 1: http instead of https */
        FIELD_STATUS,     /* exit status as the shell has it: 128+signal where one killed the payload */
        FIELD_SIGNAL,
        FIELD_OOM, /* 1: the kernel's OOM killer hit the payload's cgroup */
        FIELD_PID,
        FIELD_TTY,      /* 1: give the payload a terminal */
        FIELD_JOURNAL,  /* 1: stdout and stderr go to the journal */
        FIELD_STOP_SIGNAL,
        FIELD_STOP_TIMEOUT_USEC,
        FIELD_TIME_USEC,
        FIELD_RUN_TIMEOUT_USEC, /* kill the payload when it has run this long */
        FIELD_PASSED_AS,        /* repeated, one for each PASSED: its number inside */
        FIELD_LISTEN_FDS,       /* so many of these are for sd_listen_fds(3) */
        FIELD_NOTIFY_FROM, /* make the socket "notify" in RUNTIME; 1: any process of the container may use
                              it; 2: the first alone */
        FIELD_OVERLAY,     /* 1: writes go over TREE */
        FIELD_SYSTEM,      /* 1: the payload is an init system */
        FIELD_INTERACTIVE, /* 1: standard input stays open for those who attach */
        FIELD_SHELL,       /* 1: the user's login shell */
        FIELD_LOGIN,       /* 1: a login prompt */
        FIELD_ASKED,       /* 1: systemd stopped the scope */
        FIELD_CAPABILITIES, /* a set, security/capability.h */

        /* file descriptors */
        FIELD_STAGING,     /* directory */
        FIELD_RECORD,      /* memfd */
        FIELD_CA,          /* PEM bundle to trust besides, or instead of, the system's */
        FIELD_CREDENTIALS, /* memfd: an auth.json document */
        FIELD_INPUT,       /* pipe, read side */
        FIELD_OUTPUT,      /* pipe, write side */
        FIELD_DIRECTORY,
        FIELD_SPEC,    /* memfd: OCI runtime-spec document */
        FIELD_LAYERS,  /* directory that holds the layers */
        FIELD_ROOTFS,  /* directory that holds upper and work */
        FIELD_RUNTIME, /* directory for the exit record and other runtime files */
        FIELD_SECCOMP, /* file with struct sock_filter[] */
        FIELD_LISTEN,  /* listening socket of the supervisor */
        FIELD_SESSION, /* socket shared with the foreground client */
        FIELD_STDIN,
        FIELD_STDOUT,
        FIELD_STDERR,
        FIELD_PIDFD,
        FIELD_MASTER,      /* pty master */
        FIELD_PASSED,      /* repeated: anything, for the payload */
        FIELD_NOTIFY,      /* datagram socket, connected to the NOTIFY_SOCKET of the caller */
        FIELD_TREE,        /* directory: the root, where that is no image */
        FIELD_LOCK,        /* held open while the tree is in use: the lock of its inode */
        FIELD_LOCK_BESIDE, /* the same for the lock file beside the tree */

        _MESSAGE_FIELD_MAX,
} MessageField;

typedef struct Message Message;

int message_new(MessageType type, Message **ret);
Message *message_free(Message *m); /* closes the fds that a received message still holds */
DEFINE_CLEANUP(Message, message_free)

MessageType message_type(const Message *m);
const char *message_type_to_string(MessageType type);

/* Appending. Strings are copied; an fd is borrowed and must stay open until message_send(). A NULL string
 * and a negative fd append nothing, so that optional fields need no branches. -E2BIG: too many fields. */
int message_put_string(Message *m, MessageField field, const char *value);
int message_put_u64(Message *m, MessageField field, uint64_t value);
int message_put_fd(Message *m, MessageField field, int fd);

/* Sends one datagram. -EBADMSG: a field is missing or not allowed for the type. -EAGAIN, -EPIPE, -ECONNRESET
 * as send(2). */
int message_send(int socket_fd, const Message *m);
/* Never waits, whatever the peer has made of the socket: -EAGAIN where there is no room. */
int message_send_now(int socket_fd, const Message *m);

/* Receives one datagram. 0 at the end of the stream (the peer is gone), 1 with *@ret set. -EBADMSG:
 * malformed; the socket should be given up. -EAGAIN where the socket does not block. */
int message_recv(int socket_fd, Message **ret);
/* Never waits: -EAGAIN where there is nothing. */
int message_recv_now(int socket_fd, Message **ret);

/* Parses the bytes of one datagram and takes over the @fds (closed on failure too). message_recv() without
 * the socket. */
int message_decode(const void *data, size_t n_bytes, int *fds, size_t n_fds, Message **ret);
/* The bytes that message_send() would send. -EBADMSG as there. */
int message_encode(const Message *m, void **ret, size_t *ret_size);

/* Reading. Required fields are present in every received message, so a caller may ignore the result for
 * those. -ENODATA: absent. Strings are borrowed from the message. */
int message_get_string(const Message *m, MessageField field, const char **ret);
int message_get_u64(const Message *m, MessageField field, uint64_t *ret);
/* The @index-th occurrence of a repeated one. */
int message_get_nth_u64(const Message *m, MessageField field, size_t index, uint64_t *ret);
int message_get_nth_string(const Message *m, MessageField field, size_t index, const char **ret);
/* Hands over an fd; a second take finds nothing, or the next of a repeated one. */
int message_take_fd(Message *m, MessageField field, int *ret_fd);

/* Sends MESSAGE_FAILED: @error the last part of the D-Bus error name, @text one line. */
int message_send_failure(int socket_fd, const char *error, const char *text, unsigned status);
