/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

/* The Python of this process and its main interpreter: the program's own, or
 * one that is started here. */

/* One thread at a time creates or ends an interpreter. */
gboolean engine_host_enter_gate (GError **error);
gboolean engine_host_enter_gate_to_end (void);
void engine_host_leave_gate (void);
/* whether nobody may enter it any more: the program's Python ends */
gboolean engine_host_is_shut (void);

/* in the gate */
PyThreadState *engine_host_attach (GError **error);
void engine_host_detach (PyThreadState *main_state);

G_END_DECLS
