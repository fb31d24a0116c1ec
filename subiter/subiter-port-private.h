/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-port.h"
#include "subiter-runtime.h"
#include "subiter-wakeup-private.h"

G_BEGIN_DECLS

/* How long a closed worker has to end until it is given up, in ms. */
#define SUBITER_PORT_CLOSE_GRACE_PERIOD 5000

SubiterPort *subiter_port_new (const char *runtime_name);
const char *subiter_port_get_runtime_name (SubiterPort *port);

/* any thread but the worker's */
gboolean subiter_port_send (SubiterPort *port,
                            SubiterRun *run,
                            gboolean *is_behind);
gboolean subiter_port_withdraw (SubiterPort *port,
                                SubiterRun *run);
gboolean subiter_port_close (SubiterPort *port);
gboolean subiter_port_has_exited (SubiterPort *port);
SubiterRun *subiter_port_dup_current (SubiterPort *port);
gint64 subiter_port_get_waited (SubiterPort *port);
gboolean subiter_port_is_abandoned (SubiterPort *port);
GError *subiter_port_dup_abandoned (SubiterPort *port);
char *subiter_port_dup_callable_name (SubiterPort *port);
char *subiter_port_take_farewell (SubiterPort *port);
char *subiter_port_orphan (SubiterPort *port);
void subiter_port_set_close_grace_period (SubiterPort *port,
                                          guint period);
guint subiter_port_get_close_grace_period (SubiterPort *port);
void subiter_port_watch (SubiterPort *port,
                         SubiterWakeup *wakeup);
void subiter_port_unwatch (SubiterPort *port,
                           SubiterWakeup *wakeup);

/* before the worker starts: called on its thread once it first asks for something to do */
void subiter_port_set_ready_func (SubiterPort *port,
                                  void (*func) (SubiterPort *port));

/* the worker */
void subiter_port_run_epilogue (SubiterPort *port);

/* the worker, and the reaper when it gives the worker up */
gboolean subiter_port_was_ready (SubiterPort *port);
void subiter_port_set_runtime (SubiterPort *port,
                               SubiterRuntime *runtime);
SubiterRuntime *subiter_port_dup_runtime (SubiterPort *port);
void subiter_port_exit (SubiterPort *port,
                        const GError *error);
gboolean subiter_port_give_up (SubiterPort *port,
                               SubiterRun *run,
                               gboolean *is_orphan,
                               const GError *error);

G_END_DECLS
