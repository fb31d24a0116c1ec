/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* The interpreters that live, and what becomes of them when the program's own
 * Python ends first. */

void engine_exit_add (PyInterpreterState *interpreter);
void engine_exit_remove (PyInterpreterState *interpreter);
/* the thread is still ending one, for too long, and after all has */
void engine_exit_pass (unsigned long thread_id);
void engine_exit_end_pass (unsigned long thread_id);
void engine_exit_leave_behind (unsigned long thread_id,
                               gboolean has_own);
void engine_exit_watch_forks (void);

G_END_DECLS
