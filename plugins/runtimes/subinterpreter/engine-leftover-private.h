/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* Threads that Python code started in an interpreter and left behind. */

gboolean engine_leftover_end (PyThreadState *thread_state);

G_END_DECLS
