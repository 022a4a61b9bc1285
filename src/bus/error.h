/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "basic/failure.h"

/* Failures on the bus: kind "NoSuchImage" is the error org.creel1.Error.NoSuchImage, and back. */

#define BUS_ERROR_PREFIX "org.creel1.Error."

/* Fills in @error from @f, which keeps its text. Always returns the negative errno of the kind, as a method
 * handler wants it. A @f without text becomes System. */
int bus_error_set_failure(sd_bus_error *error, const Failure *f);

/* Answers @call with @f. */
int bus_reply_failure(sd_bus_message *call, const Failure *f);

/* The kind that goes with an error of creeld, of the bus or of another service; FAILURE_SYSTEM when nothing
 * fits. */
FailureKind bus_error_to_kind(const sd_bus_error *error);

/* Fills in *@ret (kind and text) from an error that came in over the bus. Always returns a negative errno.
 */
int bus_error_to_failure(const sd_bus_error *error, Failure *ret);
