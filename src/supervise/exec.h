/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One more process of a container, from MESSAGE_EXEC_START on @socket_fd (taken over) until it has ended and
 * everybody knows. It needs creeld no more than a supervisor does. */
int exec_run(int socket_fd);
