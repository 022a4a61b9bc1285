/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The journal's MESSAGE_ID of each kind of event, one for each action, fixed for ever (creeld(8),
 * "Journal"). NULL: no such event. */
const char *event_message_id(const char *type, const char *action);
