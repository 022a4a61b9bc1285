/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Intrusive doubly linked lists: LIST_FIELDS(Type, name) in the element, LIST_HEAD(Type, name) in the owner.
 */

#define LIST_FIELDS(type, name) type *name##_next, *name##_prev
#define LIST_HEAD(type, name) type *name

#define LIST_PREPEND(name, head, item)                         \
        do {                                                   \
                (item)->name##_prev = NULL;                    \
                (item)->name##_next = (head);                  \
                if (head)                                      \
                        (head)->name##_prev = (item);          \
                (head) = (item);                               \
        } while (0)

#define LIST_APPEND(name, head, item)                                           \
        do {                                                                    \
                typeof(item) *_p_ = &(head), _last_ = NULL;                     \
                for (; *_p_; _p_ = &(*_p_)->name##_next)                        \
                        _last_ = *_p_;                                          \
                (item)->name##_prev = _last_;                                   \
                (item)->name##_next = NULL;                                     \
                *_p_ = (item);                                                  \
        } while (0)

#define LIST_REMOVE(name, head, item)                                           \
        do {                                                                    \
                if ((item)->name##_next)                                        \
                        (item)->name##_next->name##_prev = (item)->name##_prev; \
                if ((item)->name##_prev)                                        \
                        (item)->name##_prev->name##_next = (item)->name##_next; \
                else                                                            \
                        (head) = (item)->name##_next;                           \
                (item)->name##_next = (item)->name##_prev = NULL;               \
        } while (0)

#define LIST_FOREACH(name, i, head) \
        for (typeof(head) i = (head), _n_##i; i && (_n_##i = i->name##_next, 1); i = _n_##i)
