# SPDX-License-Identifier: LGPL-2.1-or-later
from fixtures import *  # noqa: F401,F403 - pytest finds fixtures and hooks by their names here
