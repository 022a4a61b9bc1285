/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/failure.h"
#include "pull/http.h"

/* Answers a registry's challenges: Basic with the given credentials, Bearer with a token from the address
 * that the challenge names (distribution project, "Token Authentication Specification"). Tokens are kept for
 * the one scope that a pull needs and renewed when the registry asks again. */

typedef struct Login Login;

/* @registry and @name (the reference, for messages) are borrowed; @auth (base64 of "user:password") and
 * @user may be NULL. @scope is asked for where the challenge names none. @plain: tokens may be fetched over
 * plain HTTP, because the registry speaks it. */
int login_new(const Http *http, const char *registry, const char *name, const char *auth, const char *user,
              const char *scope, bool plain, Login **ret);
Login *login_free(Login *l);
DEFINE_CLEANUP(Login, login_free)

/* The "Authorization: ..." line, or NULL; *ret_generation grows with each change. Borrowed until then. */
const char *login_header(const Login *l, unsigned *ret_generation);

/* Deals with the 401 that @easy holds, which was asked with @generation. 0: ask again.
 * AuthenticationRequired, Registry, Network. */
int login_answer(Login *l, CURL *easy, unsigned generation, Failure *reterr);

/* The failure for a registry that is not satisfied by what it asked for. */
int login_refused(const Login *l, Failure *reterr);
