/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* Threads of this library that come into an interpreter which they did not make: to
 * interrupt its code, or to look at it. */

/* any thread that holds no GIL */
PyThreadState *engine_guest_new (PyInterpreterState *interpreter);
void engine_guest_attach (PyThreadState *thread_state);

/* a guest that is attached */
void engine_guest_detach (void);
void engine_guest_free (PyThreadState *thread_state);

/* where the program's Python ends */
void engine_guest_refuse (void);

G_END_DECLS
