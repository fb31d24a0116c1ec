/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-port-private.h"

G_BEGIN_DECLS

/* The thread behind a port. It lives until the port is closed and its runtime
 * has let go, and belongs to nobody: no one joins it. */
gboolean subiter_worker_start (SubiterPort *port,
                               GError **error);

gboolean subiter_worker_abandon (SubiterPort *port,
                                 SubiterRun *run,
                                 const GError *error);

GPtrArray *subiter_worker_list_ports (void);
gint64 subiter_worker_refuse_new (void);
gboolean subiter_worker_refuses_new (void);
gboolean subiter_worker_wait_for_all (gint64 deadline);
/* whether this is a child that was forked from a process with workers */
gboolean subiter_worker_is_forked (void);

G_END_DECLS
